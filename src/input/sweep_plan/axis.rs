//! One `--vary`: a field and the values it takes.

use super::decimal::Decimal;
use crate::error::Error;
use crate::units::money::is_currency;
use std::fmt::Write;

/// A field of the spec, and the values it takes one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    key: String,
    parts: Vec<Part>,
    values: u64,
}

/// Some of an axis' values.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// As it was written.
    Text(String),
    /// `(from + i * step) * 10^power` for `i` below `count`.
    Steps { unit: Unit, from: i128, step: i128, power: i32, count: u64 },
    /// `from * factor^i` for `i` below `count`.
    Factors { unit: Unit, from: f64, factor: f64, count: u64 },
}

/// What stands before and after a number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unit {
    before: String,
    after: String,
}

impl Part {
    fn count(&self) -> u64 {
        match self {
            Self::Text(_) => 1,
            Self::Steps { count, .. } | Self::Factors { count, .. } => *count,
        }
    }
}

impl Axis {
    /// Reads `key=a..b:step`, `key=a..b:x2`, `key=v1,v2`, or a list of both.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let Some((key, values)) = text.split_once('=') else {
            return Err(Error::bad_input(format!("`{text}` varies nothing"))
                .with_hint("write key=value,value or key=from..to:step"));
        };
        let key = key.trim();
        if key.is_empty() {
            return Err(
                Error::bad_input(format!("`{text}` names no field")).with_hint("write the field before the `=`")
            );
        }
        let items = split(values)
            .ok_or_else(|| Error::bad_input(format!("`{text}` opens a quote or bracket that does not close")))?;
        if let Some([one, rest, ..]) = items.windows(2).find(|pair| is_one_number(pair)) {
            let error = Error::bad_input(format!("`{one},{rest}`: a comma separates two values of `{key}`"));
            return Err(error.with_hint(format!("put a number with commas in quotes: {key}='\"{one},{rest}\"'")));
        }
        let alone = items.len() == 1;
        let parts = items.into_iter().map(|item| part(key, item, alone)).collect::<Result<Vec<_>, _>>()?;
        let values = parts.iter().try_fold(0u64, |sum, part| sum.checked_add(part.count()));
        match values {
            Some(values) if values > 0 => Ok(Self { key: key.into(), parts, values }),
            _ => Err(Error::bad_input(format!("`{text}` has more values than can be counted"))),
        }
    }

    /// The same values for a field of another name: of the one that a short name means.
    #[must_use]
    pub fn named(self, key: &str) -> Self {
        Self { key: key.into(), ..self }
    }

    /// The field that is varied.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How many values it takes.
    pub fn values(&self) -> u64 {
        self.values
    }

    /// Adds a value to a text, as the user would write it; nothing beyond the last.
    pub fn write(&self, mut value: u64, text: &mut String) {
        for part in &self.parts {
            if value < part.count() {
                return part.write(value, text);
            }
            value -= part.count();
        }
    }

    /// A value as a text of its own.
    pub fn value(&self, value: u64) -> String {
        let mut text = String::new();
        self.write(value, &mut text);
        text
    }
}

impl Part {
    fn write(&self, value: u64, text: &mut String) {
        let (unit, number) = match self {
            Self::Text(written) => return text.push_str(written),
            Self::Steps { unit, from, step, power, .. } => {
                (unit, Some(Decimal { digits: from + step * i128::from(value), power: *power }))
            }
            Self::Factors { unit, from, factor, .. } => (unit, Decimal::of(from * factor.powf(value as f64))),
        };
        text.push_str(&unit.before);
        if let Some(number) = number {
            // Writing to a String does not fail.
            let _ = write!(text, "{number}");
        }
        text.push_str(&unit.after);
    }
}

/// Splits at commas outside of quotes and brackets; quotes around a whole item go. None if one does not close.
fn split(values: &str) -> Option<Vec<&str>> {
    let (mut items, mut start, mut depth, mut quote) = (Vec::new(), 0, 0i32, None);
    for (index, character) in values.char_indices() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                items.push(values.get(start..index)?);
                start = index + 1;
            }
            _ => {}
        }
    }
    items.push(values.get(start..)?);
    (depth == 0 && quote.is_none()).then_some(items)
}

/// Whether two items are more likely one number with commas between its thousands: `1` and `024`, `$1` and `500/h`.
fn is_one_number(pair: &[&str]) -> bool {
    let [one, rest] = pair else { return false };
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let group = digits(rest) == 3 && one.ends_with(|c: char| c.is_ascii_digit());
    let (_, before) = number(one).map_or((None, ""), |(decimal, _)| (Some(decimal), one.trim_start()));
    let sign = before.starts_with(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+'));
    group && (rest.starts_with('0') || sign)
}

/// Reads one item of the list: a range with its step, or a value as it stands.
fn part(key: &str, item: &str, alone: bool) -> Result<Part, Error> {
    let item = item.trim();
    if item.is_empty() {
        return Err(
            Error::bad_input(format!("an empty value for `{key}`")).with_hint("write values between the commas")
        );
    }
    for quote in ['"', '\''] {
        if let Some(inner) = item.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Ok(Part::Text(inner.into()));
        }
    }
    let Some((from, rest)) = item.split_once("..").filter(|(from, _)| number(from).is_some()) else {
        return Ok(Part::Text(item.into()));
    };
    match rest.split_once(':') {
        Some((to, step)) => range(key, from.trim(), to.trim(), step.trim()),
        // In a list, `30%..45%` is an uncertain value like any other.
        None if !alone => Ok(Part::Text(item.into())),
        None => Err(Error::bad_input(format!("`{item}` for `{key}` has no step"))
            .with_hint(format!("write {item}:STEP in the same unit, or {item}:x2 to double"))),
    }
}

/// A number with what stands before and after it.
fn number(text: &str) -> Option<(Decimal, Unit)> {
    let text = text.trim();
    let start = text.find(|c: char| c.is_ascii_digit() || c == '-' || c == '.')?;
    let (before, rest) = text.split_at(start);
    let (decimal, after) = Decimal::read(rest)?;
    // Digits before the number, or a second number after it, make it a name.
    if (before.chars().any(char::is_alphanumeric) && !is_currency(before))
        || after.chars().filter(|c| c.is_ascii_digit()).count() > 1
    {
        return None;
    }
    Some((decimal, Unit { before: before.into(), after: after.into() }))
}

/// Reads `from..to:step` and `from..to:xfactor`.
fn range(key: &str, from: &str, to: &str, step: &str) -> Result<Part, Error> {
    let wrong = |why: &str| Error::bad_input(format!("`{from}..{to}:{step}` for `{key}`: {why}"));
    let read = |text: &str| number(text).ok_or_else(|| wrong(&format!("`{text}` is not a number with a unit")));
    let ((first, unit), (last, last_unit)) = (read(from)?, read(to)?);
    let ends = one_scale([&unit, &last_unit]);
    let (ends_unit, [first_power, last_power]) =
        ends.ok_or_else(|| wrong("the ends have different units").with_hint(same_unit_hint(from, to, &unit)))?;
    let (first, last) = (first.shifted(first_power), last.shifted(last_power));
    if first.value() > last.value() {
        return Err(wrong("it runs backwards").with_hint(format!("write {to}..{from}")));
    }
    if let Some(factor) = step.strip_prefix(['x', 'X', '*']) {
        let (factor, factor_unit) = read(factor)?;
        if !factor_unit.before.is_empty() || !factor_unit.after.is_empty() {
            return Err(wrong("a factor has no unit").with_hint("x2 doubles from one value to the next"));
        }
        return factors(first.value(), last.value(), factor.value(), ends_unit).map_err(wrong);
    }
    let (step, step_unit) = read(step)?;
    let Some((unit, [end_power, step_power])) = one_scale([&ends_unit, &step_unit]) else {
        let hint = format!("write the step like the ends: {}{step}{}", unit.before, unit.after);
        return Err(wrong("the step has another unit than the ends").with_hint(hint));
    };
    let (first, last, step) = (first.shifted(end_power), last.shifted(end_power), step.shifted(step_power));
    let power = first.power.min(last.power).min(step.power);
    let digits = |decimal: Decimal| decimal.at_power(power).ok_or_else(|| wrong("its numbers have too many digits"));
    let (from, to, step) = (digits(first)?, digits(last)?, digits(step)?);
    if step <= 0 {
        return Err(wrong("the step must be above zero").with_hint("it is what is added from one value to the next"));
    }
    let steps = to.checked_sub(from).and_then(|width| u64::try_from(width / step).ok());
    match steps.and_then(|steps| steps.checked_add(1)) {
        Some(count) => Ok(Part::Steps { unit, from, step, power, count }),
        None => Err(wrong("it has more values than can be counted")),
    }
}

fn same_unit_hint(from: &str, to: &str, unit: &Unit) -> String {
    if unit.before.is_empty() && unit.after.is_empty() {
        format!("write the unit of `{to}` behind `{from}` too")
    } else {
        format!("write `{to}` in the unit of `{from}`")
    }
}

/// Counts the values of a range of factors.
fn factors(from: f64, to: f64, factor: f64, unit: Unit) -> Result<Part, &'static str> {
    if factor <= 1.0 {
        return Err("the factor must be above 1");
    }
    if from <= 0.0 {
        return Err("a factor leads nowhere from zero or below");
    }
    // A hair of slack, so that 0.1..0.8:x2 reaches its end.
    let steps = ((to / from).ln() / factor.ln() * (1.0 + 1e-12) + 1e-9).floor();
    Ok(Part::Factors { unit, from, factor, count: steps as u64 + 1 })
}

/// The letters of the short scale, with their powers of ten.
const SHORT_SCALE: [(&str, i32); 4] = [("K", 3), ("M", 6), ("B", 9), ("T", 12)];

/// One unit for two numbers, and the powers of ten that bring each of them there; none if they differ by more than K, M, B, T.
///
/// A bare number beside one with a letter does not count: more likely a letter was forgotten.
fn one_scale(units: [&Unit; 2]) -> Option<(Unit, [i32; 2])> {
    let [first, second] = units;
    if first == second {
        return Some((first.clone(), [0, 0]));
    }
    let power = |unit: &Unit| SHORT_SCALE.iter().find(|(letter, _)| *letter == unit.after).map(|(_, power)| *power);
    let powers = [power(first)?, power(second)?];
    let least = powers[0].min(powers[1]);
    let unit = if powers[0] == least { first } else { second };
    (first.before == second.before).then(|| (unit.clone(), powers.map(|power| power - least)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        let axis = Axis::parse(text).unwrap();
        (0..axis.values()).map(|value| axis.value(value)).collect()
    }

    #[test]
    fn ranges_count_in_the_unit_they_are_written_in() {
        assert_eq!(values("run.tokens=10T..20T:5T"), ["10T", "15T", "20T"]);
        assert_eq!(values("mfu=30%..31%:0.5%"), ["30%", "30.5%", "31%"]);
        assert_eq!(values("mfu=0.1..0.3:0.1"), ["0.1", "0.2", "0.3"]);
        assert_eq!(values("price=$1.80/h..$2.10/h:$0.15/h"), ["$1.8/h", "$1.95/h", "$2.1/h"]);
        assert_eq!(values("price=CNY 10/h..CNY 14/h:CNY 2/h"), ["CNY 10/h", "CNY 12/h", "CNY 14/h"]);
        assert_eq!(values("chips=1024..8192:x2"), ["1024", "2048", "4096", "8192"]);
        assert_eq!(values("share=0.1..0.8:x2"), ["0.1", "0.2", "0.4", "0.8"]);
        assert_eq!(values("tokens=0.8T..1.2T:200B"), ["800B", "1000B", "1200B"]);
        assert_eq!(values("flops=3e24..4e24:5e23"), ["3e24", "35e23", "4e24"]);
        assert_eq!(values("temperature=-5..5:5"), ["-5", "0", "5"]);
        assert_eq!(values("intensity=400 gCO2e/kWh..500 gCO2e/kWh:50 gCO2e/kWh").len(), 3);
        assert_eq!(values("tokens=10T..20T:7T"), ["10T", "17T"]);
        assert_eq!(values("tokens=10T..10T:7T"), ["10T"]);
    }

    #[test]
    fn lists_hold_anything() {
        assert_eq!(values("model=deepseek-v3,llama-3.1-405b"), ["deepseek-v3", "llama-3.1-405b"]);
        assert_eq!(values("mfu=30%..45%, 40%..50%"), ["30%..45%", "40%..50%"]);
        assert_eq!(values("chips=512,1024..2048:1024,\"a, b\""), ["512", "1024", "2048", "a, b"]);
        assert_eq!(values("chips=128,256,512"), ["128", "256", "512"]);
        assert_eq!(values("chips=\"1,024\",2048"), ["1,024", "2048"]);
        assert_eq!(values("spec=../a.toml"), ["../a.toml"]);
        let table = "{ dist = 'pert', low = 1, mode = 2, high = 3 }";
        assert_eq!(values(&format!("mfu={table},40%")), [table, "40%"]);
    }

    #[test]
    fn wrong_ranges_say_what_to_write() {
        for (text, reason, hint) in [
            ("tokens", "varies nothing", "key=value"),
            ("chips=1,024,2,048", "separates two values", "\"1,024\""),
            ("price=$1,500/chip/month,$2/h", "separates two values", "\"$1,500/chip/month\""),
            ("=3", "names no field", "before the `=`"),
            ("a=1,,2", "an empty value", "between the commas"),
            ("a=[1,2", "does not close", ""),
            ("a=10T..20T", "has no step", "10T..20T:x2"),
            ("a=10T..20T:0T", "above zero", "added"),
            ("a=10T..20T:-1T", "above zero", "added"),
            ("a=20T..10T:1T", "runs backwards", "10T..20T"),
            ("a=10T..20T:2", "another unit", "like the ends: 2T"),
            ("a=10..20T:2T", "different units", "behind `10`"),
            ("a=1 TB/s..2 GB/s:1 GB/s", "different units", "in the unit of `1 TB/s`"),
            ("a=1..20:x1", "above 1", ""),
            ("a=0..20:x2", "nowhere from zero", ""),
            ("a=1..20:x2T", "no unit", "doubles"),
            ("a=1..wide:1", "`wide` is not a number", ""),
            ("a=1e50..2e50:1e-50", "too many digits", ""),
            ("a=0..1e30:1", "more values than can be counted", ""),
        ] {
            let error = Axis::parse(text).unwrap_err();
            assert!(error.message().contains(reason), "{text}: {error}");
            assert!(error.hint().unwrap_or("").contains(hint), "{text}: {error}");
        }
    }
}
