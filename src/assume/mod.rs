//! The assumptions of a bill as one table: which field lays a value over which of them, and where a value stands.
//!
//! A value counts by where it is from: a flag before a spec, a spec before a user's `assumptions/bill.toml`, that before a
//! place, and a place before what ships. Files are laid over one another where they are read; here the values of a
//! question are laid over what the files say.

mod agreed;
mod idle;
mod table;
mod values;

pub use agreed::Agreed;
pub use idle::{Against, idle};
pub use table::ASSUMPTIONS;
pub use values::{AssumptionValue, all, values};

use crate::cost::defaults::Defaults;
use crate::error::Error;
use crate::input::field::field;
use crate::input::file::Origin;
use crate::input::table::Spec;
use crate::read::At;
use crate::source::{Source, SourceKind};
use crate::units::show;

/// One scalar that a bill rests on.
pub struct Assumption {
    /// Its key in `profiles/assumptions/bill.toml`.
    pub path: &'static str,
    /// The path of the field that lays a value over it.
    pub field: &'static str,
    /// Its value in the field's unit; `None` where a price list, a place or a sheet says it.
    pub get: fn(&Defaults) -> Option<f64>,
    /// Takes a value in the field's unit.
    pub put: fn(&mut Defaults, f64),
}

impl std::fmt::Debug for Assumption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.path)
    }
}

/// A value of a question, in the unit of its field, to be laid over an assumption.
#[derive(Debug, Clone, PartialEq)]
pub struct Laid {
    /// The field.
    pub field: &'static str,
    /// The value.
    pub value: f64,
    /// As a user would write it.
    pub text: String,
    /// Who says it.
    pub origin: Origin,
}

impl Laid {
    /// The assumption that it is laid over; `None` where the field is not one.
    pub fn assumption(&self) -> Option<&'static Assumption> {
        of_field(self.field)
    }

    /// Where it is from, as a source.
    pub fn source(&self) -> Source {
        told(self.origin.to_string())
    }
}

/// A value that is sourced by who says it.
pub fn told(title: String) -> Source {
    Source { title, url: None, as_of: String::new(), kind: SourceKind::Assumption, note: None }
}

/// The assumption of a field.
pub fn of_field(path: &str) -> Option<&'static Assumption> {
    ASSUMPTIONS.iter().find(|one| one.field == path)
}

/// The assumption of a key of the profile; that of a range is its likeliest value.
pub fn of_path(path: &str) -> Option<&'static Assumption> {
    let path = path.strip_suffix(".mode").unwrap_or(path);
    ASSUMPTIONS.iter().find(|one| one.path == path)
}

/// The values of a spec that are laid over assumptions, a range by its median.
pub fn of(spec: &Spec) -> Vec<Laid> {
    let one = |one: &Assumption| {
        let field = field(one.field)?;
        let ((text, origin), value) = (field.get)(spec).zip((field.number)(spec))?;
        Some(Laid { field: field.path, value, text, origin: origin.clone() })
    };
    ASSUMPTIONS.iter().filter_map(one).collect()
}

/// Lays values over defaults.
pub fn lay(defaults: &mut Defaults, laid: &[Laid]) {
    for one in laid {
        if let Some(assumption) = one.assumption() {
            (assumption.put)(defaults, one.value);
        }
    }
}

/// Refuses a value of a user's file that its field would not take.
///
/// # Errors
/// Every such value, where it stands.
pub fn check(defaults: &Defaults, laid: &[(String, At)]) -> Result<(), Error> {
    let wrong = |(path, at): &(String, At)| {
        let one = of_path(path)?;
        let (field, value) = field(one.field).zip((one.get)(defaults))?;
        let (low, high) = field.limits();
        let error = || {
            let [low, high] = [low, high].map(|end| show::number(end, 6));
            let unit = if field.unit.is_empty() { String::new() } else { format!(" {}", field.unit) };
            Error::bad_input(format!("`{path}` is from {low} to {high}{unit}"))
        };
        (!(low..=high).contains(&value)).then(|| at.locate(error()))
    };
    Error::all(laid.iter().filter_map(wrong).collect()).map_or(Ok(()), Err)
}
