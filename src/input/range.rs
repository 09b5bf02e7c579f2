//! Fields whose value is a range: `"30%..45%"`, or `{ dist = "pert", low = "25%", mode = "38%", high = "52%" }`.

use crate::Error;
use crate::catalog::read::{Reader, Value};
use crate::input::field::Field;
use crate::input::file::{Origin, Spec};
use crate::uncertainty::dist::{Dist, Role, role_of};
use crate::units::Quantity as _;
use crate::units::{Fraction, parse::parse};

/// One uncertain field.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// The field's path.
    pub path: &'static str,
    /// Its distribution, in the field's unit.
    pub dist: Dist,
    /// What the user wrote.
    pub text: String,
    /// Where.
    pub origin: Origin,
}

impl Spec {
    /// Sets a field to `a..b`: from its 5th to its 95th percentile, lognormal when both are positive.
    pub(super) fn set_short_range(&mut self, field: &'static Field, text: &str, origin: Origin) -> Result<(), Error> {
        let hint = || "write a range like `30%..45%`: its 5th and 95th percentile".to_owned();
        if field.put.is_none() {
            return Err(Error::bad_input(format!("`{}` takes no range", field.path)));
        }
        let Some((low, high)) = text.split_once("..") else { return Err(Error::bad_input("not a range")) };
        let end = |text: &str| in_unit(field, text).map_err(|error| error.with_hint(hint()));
        let dist = Dist::range90(end(low)?, end(high)?).map_err(|error| error.with_hint(hint()))?;
        let dist = within_the_whole(field, dist)?;
        self.set_range(Range { path: field.path, dist, text: text.to_owned(), origin }, field);
        Ok(())
    }

    /// Sets a field to its median and keeps its range.
    pub fn set_range(&mut self, range: Range, field: &'static Field) {
        if let Some(put) = field.put {
            put(self, range.dist.median(), range.origin.clone());
        }
        self.ranges.retain(|other| other.path != range.path);
        if range.dist.as_point().is_none() {
            self.ranges.push(range);
        }
    }

    /// Reads `{ dist = "...", ... }`, each parameter in the field's own unit.
    pub(super) fn read_range(&mut self, field: &'static Field, value: &Value<'_>, r: &Reader<'_>) {
        let Some(dist) = read_dist(field, value, r) else { return };
        match within_the_whole(field, dist) {
            Ok(dist) => {
                let text = format!("{} of {}", dist.name(), field.path);
                let origin = Origin::File(value.at());
                self.set_range(Range { path: field.path, dist, text, origin }, field);
            }
            Err(error) => value.fail(error),
        }
    }
}

/// A distribution; what is wrong with it is recorded.
fn read_dist(field: &'static Field, value: &Value<'_>, r: &Reader<'_>) -> Option<Dist> {
    let name = r.need("dist", r.text("dist"))?;
    if name == "mixture" {
        return mixture(field, r).map_err(|error| value.fail(error)).ok();
    }
    let mut parameters = Vec::new();
    for key in r.keys().filter(|key| !matches!(*key, "dist" | "samples" | "weight")) {
        let parameter = r.any(key)?;
        let Some(text) = parameter.as_text() else {
            parameter.fail(Error::bad_input(format!("`{key}` takes a number or a text")));
            return None;
        };
        let read = match role_of(key) {
            Some(Role::Number) => parse::<Fraction>(text).map(|share| share.base()),
            _ => in_unit(field, text),
        };
        match read {
            Ok(number) => parameters.push((key, number)),
            Err(error) => {
                parameter.fail(error);
                return None;
            }
        }
    }
    from_parameters(&name, &parameters, r).map_err(|error| value.fail(error)).ok()
}

/// `{ dist = "mixture", never = 0.2, parts = [{ weight = 0.5, dist = ... }, ...] }`.
fn mixture(field: &'static Field, r: &Reader<'_>) -> Result<Dist, Error> {
    let hint = "write it like `parts = [{ weight = 0.6, dist = \"point\", value = \"40%\" }]`";
    let parts = r.value("parts").map(|parts| parts.items()).unwrap_or_default();
    let mut read = Vec::with_capacity(parts.len());
    for part in &parts {
        let inner = part.table("parts").ok_or_else(|| Error::bad_input("a part is a table").with_hint(hint))?;
        let weight = inner.need("weight", inner.number("weight"));
        let Some((weight, dist)) = weight.zip(read_dist(field, part, &inner)) else {
            return Err(Error::bad_input("a part of the mixture cannot be read").with_hint(hint));
        };
        read.push((weight, dist));
    }
    if read.is_empty() {
        return Err(Error::bad_input("a mixture needs `parts`").with_hint(hint));
    }
    Dist::mixture(read, r.number("never").unwrap_or(0.0))
}

/// A distribution of single numbers, or an empirical one of a list of samples.
fn from_parameters(name: &str, parameters: &[(&str, f64)], r: &Reader<'_>) -> Result<Dist, Error> {
    let Some(samples) = r.numbers("samples") else { return Dist::from_named(name, parameters) };
    match name {
        "empirical" => Dist::empirical(samples),
        _ => Err(Error::bad_input(format!("`{name}` takes no samples")).with_hint("`dist = \"empirical\"` does")),
    }
}

/// A share stays a share: the tail of its distribution above the whole is cut off.
fn within_the_whole(field: &'static Field, dist: Dist) -> Result<Dist, Error> {
    let (_, most) = dist.support();
    if field.unit == "share" && most > 1.0 { dist.truncated(0.0, 1.0) } else { Ok(dist) }
}

/// A text as a number in the field's unit, by the field's own grammar.
fn in_unit(field: &'static Field, text: &str) -> Result<f64, Error> {
    let mut scratch = Spec::default();
    (field.set)(&mut scratch, text.trim(), Origin::Assumed(String::new()))?;
    (field.number)(&scratch).ok_or_else(|| Error::bad_input(format!("`{}` takes no number", field.path)))
}
