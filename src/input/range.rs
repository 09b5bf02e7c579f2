//! Fields whose value is a range: `"30%..45%"`, or `{ dist = "pert", low = "25%", mode = "38%", high = "52%" }`.

use crate::error::Error;
use crate::input::field::{FIELDS, Field};
use crate::input::file::{Origin, Spec};
use crate::input::inline;
use crate::input::typed::AsTyped;
use crate::read::{Reader, Value};
use crate::uncertainty::dist::{Dist, Role, role_of};
use crate::units::Quantity as _;
use crate::units::money::Written;
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
        let example = match field.unit {
            _ if field.is_of_two_units() => "2Mtok..4Mtok",
            "USD" => "$5M..$6M",
            "USD per GPU-hour" => "$1.80/h..$2.40/h",
            _ => "30%..45%",
        };
        let hint = || format!("write a range like `{example}`: its 5th and 95th percentile");
        let Some((low, high)) = text.split_once("..") else { return Err(Error::bad_input("not a range")) };
        let mut ends = Ends::of(field);
        let mut end = |text: &str| ends.number(text).map_err(|error| error.with_hint(hint()));
        let dist = Dist::range90(end(low)?, end(high)?).map_err(|error| error.with_hint(hint()))?;
        let dist = ends.within(dist)?;
        ends.lend_unit(self);
        let typed = ends.typed(text, dist.median());
        self.set_range(Range { path: field.path, dist, text: text.to_owned(), origin }, field);
        self.wait(field, typed);
        Ok(())
    }

    /// Leaves no number in a field whose amount is not in dollars yet.
    fn wait(&mut self, field: &'static Field, typed: Option<AsTyped>) {
        let Some((typed, origin)) = typed.zip((field.origin)(self).cloned()) else { return };
        if let Some(put) = field.put {
            put(self, f64::NAN, origin);
        }
        (field.keep)(self, typed);
    }

    /// Whether the value of a field is a range.
    pub fn is_ranged(&self, path: &str) -> bool {
        self.ranges.iter().any(|range| range.path == path)
    }

    /// Sets a field to its median and keeps its range.
    pub fn set_range(&mut self, range: Range, field: &'static Field) {
        if let Some(put) = field.put {
            let median = range.dist.median();
            put(self, if field.whole { median.round() } else { median }, range.origin.clone());
        }
        self.ranges.retain(|other| other.path != range.path);
        if range.dist.as_point().is_none() {
            self.ranges.push(range);
            // Drawn in the table's order, whichever door each came through.
            self.ranges.sort_by_key(|range| FIELDS.iter().position(|field| field.path == range.path));
        }
    }

    /// Reads `{ dist = "...", ... }` typed for a flag, with a caret under what is wrong.
    pub(super) fn set_typed_table(&mut self, field: &'static Field, text: &str, origin: Origin) -> Result<(), Error> {
        let flag = origin.to_string();
        inline::read(&flag, text, |value| {
            let inner = value.table(field.path)?;
            self.read_range(field, (value, &inner), text, origin);
            Some(())
        })
    }

    /// Reads `{ dist = "...", ... }`, each parameter in the field's own unit.
    pub(super) fn read_range(
        &mut self,
        field: &'static Field,
        (value, r): (&Value<'_>, &Reader<'_>),
        text: &str,
        origin: Origin,
    ) {
        if field.put.is_none() {
            let error = Error::bad_input(format!("`{}` is {} and takes no distribution", field.path, field.dimension));
            return value.fail(error.with_hint(format!("write it like `{}`", field.example)));
        }
        let mut ends = Ends::of(field);
        let Some(dist) = read_dist(&mut ends, value, r) else { return };
        match ends.within(dist) {
            Ok(dist) => {
                ends.lend_unit(self);
                let name = format!("{} of {}", dist.name(), field.path);
                let text = if text.is_empty() { name } else { text.to_owned() };
                let typed = ends.typed(&text, dist.median());
                self.set_range(Range { path: field.path, dist, text, origin }, field);
                self.wait(field, typed);
            }
            Err(error) => value.fail(error),
        }
    }
}

/// Reads the numbers of one range, all in one unit.
struct Ends {
    field: &'static Field,
    last: Spec,
    written: Option<Written>,
}

impl Ends {
    fn of(field: &'static Field) -> Self {
        Self { field, last: Spec::default(), written: None }
    }

    /// A text as a number in the field's unit, by the field's own grammar.
    fn number(&mut self, text: &str) -> Result<f64, Error> {
        let field = self.field;
        let unit = self.last.global_batch.as_ref().map(|entry| entry.value.unit());
        (field.set)(&mut self.last, text.trim(), Origin::Assumed(String::new()))?;
        if unit.is_some_and(|unit| unit != field.unit_in(&self.last)) {
            let error = Error::bad_input("one range is either in sequences or in tokens");
            return Err(error.with_hint("write `512seq..1024seq` or `2Mtok..4Mtok`"));
        }
        if let Some(amount) = self.amount()? {
            return Ok(amount);
        }
        let none = || Error::bad_input(format!("`{}` takes no number", field.path));
        let number = (field.number)(&self.last).ok_or_else(none)?;
        field.check(number).map(|()| number)
    }

    /// The amount of the last number, where it is not in dollars for one chip.
    fn amount(&mut self) -> Result<Option<f64>, Error> {
        let typed = (self.field.typed)(&self.last);
        let written = typed.map_or(Written::PLAIN, |typed| typed.written);
        let first = *self.written.get_or_insert(written);
        let (own, first) = ((written.code, written.per.server), (first.code, first.per.server));
        if own != first {
            let error = Error::bad_input("one range is in one currency, of chips or of servers");
            return Err(error.with_hint("write `¥12/h..¥16/h` or `$1.80/h..$2.40/h`"));
        }
        Ok(typed.filter(|typed| typed.waits()).map(|typed| typed.amount))
    }

    /// The distribution within the limits of the field; of amounts in other money that comes when they are in dollars.
    fn within(&self, dist: Dist) -> Result<Dist, Error> {
        if self.written.is_some_and(|written| written.waits()) { Ok(dist) } else { within(self.field, dist) }
    }

    /// The range as it was typed, where it is not in dollars for one chip.
    fn typed(&self, text: &str, median: f64) -> Option<AsTyped> {
        let written = self.written.filter(Written::waits)?;
        Some(AsTyped { text: text.to_owned(), written, amount: median, exchanged: None })
    }

    /// Leaves the unit that was written in the spec, for the number that is then put there.
    fn lend_unit(&mut self, spec: &mut Spec) {
        if self.field.is_of_two_units() {
            spec.global_batch = self.last.global_batch.take();
        }
    }
}

/// A distribution; what is wrong with it is recorded.
fn read_dist(ends: &mut Ends, value: &Value<'_>, r: &Reader<'_>) -> Option<Dist> {
    let name = r.need("dist", r.text("dist"))?;
    if name == "mixture" {
        return mixture(ends, r).map_err(|error| value.fail(error)).ok();
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
            _ => ends.number(text),
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
fn mixture(ends: &mut Ends, r: &Reader<'_>) -> Result<Dist, Error> {
    let hint = "write it like `parts = [{ weight = 0.6, dist = \"point\", value = \"40%\" }]`";
    let parts = r.value("parts").map(|parts| parts.items()).unwrap_or_default();
    let mut read = Vec::with_capacity(parts.len());
    for part in &parts {
        let inner = part.table("parts").ok_or_else(|| Error::bad_input("a part is a table").with_hint(hint))?;
        let weight = inner.need("weight", inner.number("weight"));
        let Some((weight, dist)) = weight.zip(read_dist(ends, part, &inner)) else {
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

/// Less of a distribution than this is not drawn.
const NOTHING: f64 = 1e-9;

/// A share stays a share, and a whole number one that there can be: the tails outside are cut off.
pub(super) fn within(field: &'static Field, dist: Dist) -> Result<Dist, Error> {
    let (least, most) = dist.support();
    let (low, high) = field.limits();
    let below = least < low && dist.cdf(low) > NOTHING;
    let above = most > high && 1.0 - dist.never() - dist.cdf(high) > NOTHING;
    if below || above { dist.truncated(low, high) } else { Ok(dist) }
}
