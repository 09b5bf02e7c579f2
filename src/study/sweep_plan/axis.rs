//! One `--vary`: a field and the values it takes.

use super::decimal::Decimal;
use crate::Error;
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
            return Err(Error::bad_input(format!("`{text}` varies nothing")).with_hint("write key=value,value or key=from..to:step"));
        };
        let key = key.trim();
        if key.is_empty() {
            return Err(Error::bad_input(format!("`{text}` names no field")).with_hint("write the field before the `=`"));
        }
        let items = split(values).ok_or_else(|| {
            Error::bad_input(format!("`{text}` opens a quote or bracket that does not close"))
        })?;
        let alone = items.len() == 1;
        let parts = items.into_iter().map(|item| part(key, item, alone)).collect::<Result<Vec<_>, _>>()?;
        let values = parts.iter().try_fold(0u64, |sum, part| sum.checked_add(part.count()));
        match values {
            Some(values) if values > 0 => Ok(Self { key: key.into(), parts, values }),
            _ => Err(Error::bad_input(format!("`{text}` has more values than can be counted"))),
        }
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

/// Reads one item of the list: a range with its step, or a value as it stands.
fn part(key: &str, item: &str, alone: bool) -> Result<Part, Error> {
    let item = item.trim();
    if item.is_empty() {
        return Err(Error::bad_input(format!("an empty value for `{key}`")).with_hint("write values between the commas"));
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
    if before.chars().any(char::is_alphanumeric) || after.chars().filter(|c| c.is_ascii_digit()).count() > 1 {
        return None;
    }
    Some((decimal, Unit { before: before.into(), after: after.into() }))
}

/// Reads `from..to:step` and `from..to:xfactor`.
fn range(key: &str, from: &str, to: &str, step: &str) -> Result<Part, Error> {
    let wrong = |why: String| Error::bad_input(format!("`{from}..{to}:{step}` for `{key}`: {why}"));
    let end = |text: &str| number(text).ok_or_else(|| wrong(format!("`{text}` is not a number with a unit")));
    let (first, unit) = end(from)?;
    let (last, last_unit) = end(to)?;
    let factor = step.strip_prefix(['x', 'X', '*']);
    let (step, step_unit) = end(factor.unwrap_or(step))?;
    let same = |other: &Unit, shift: Option<i32>| shift.is_some() || *other == unit;
    let (first, last, step, unit) = match (factor, same_scale(&unit, &last_unit, &step_unit)) {
        (None, Some((shared, powers))) => (shifted(first, powers[0]), shifted(last, powers[1]), shifted(step, powers[2]), shared),
        (Some(_), _) => match same_scale(&unit, &last_unit, &last_unit) {
            Some((shared, powers)) => (shifted(first, powers[0]), shifted(last, powers[1]), step, shared),
            None => return Err(wrong("the ends have different units".into()).with_hint(same_unit_hint(from, to, &unit))),
        },
        _ if !same(&last_unit, None) => {
            return Err(wrong("the ends have different units".into()).with_hint(same_unit_hint(from, to, &unit)));
        }
        _ => {
            let hint = format!("write the step like the ends: {}{step}{}", unit.before, unit.after);
            return Err(wrong("the step has another unit than the ends".into()).with_hint(hint));
        }
    };
    let power = first.power.min(last.power).min(step.power);
    let digits = |decimal: Decimal| decimal.at_power(power).ok_or_else(|| wrong("its numbers have too many digits".into()));
    let (low, high) = (digits(first)?, digits(last)?);
    if low > high {
        return Err(wrong("it runs backwards".into()).with_hint(format!("write {to}..{from}")));
    }
    if factor.is_some() {
        return factors(key, first.value(), last.value(), step.value(), unit).map_err(wrong);
    }
    let step = digits(step)?;
    if step <= 0 {
        return Err(wrong("the step must be above zero".into()).with_hint("it is what is added from one value to the next"));
    }
    let count = (high.checked_sub(low)).and_then(|width| u64::try_from(width / step).ok()).and_then(|steps| steps.checked_add(1));
    let count = count.ok_or_else(|| wrong("it has more values than can be counted".into()))?;
    Ok(Part::Steps { unit, from: low, step, power, count })
}

fn same_unit_hint(from: &str, to: &str, unit: &Unit) -> String {
    if unit.before.is_empty() && unit.after.is_empty() {
        format!("write the unit of `{to}` behind `{from}` too")
    } else {
        format!("write `{to}` in the unit of `{from}`")
    }
}

/// Counts the values of a range of factors.
fn factors(_key: &str, from: f64, to: f64, factor: f64, unit: Unit) -> Result<Part, String> {
    if factor <= 1.0 {
        return Err("the factor must be above 1".into());
    }
    if from <= 0.0 {
        return Err("a factor leads nowhere from zero or below".into());
    }
    // A hair of slack, so that 0.1..0.8:x2 reaches its end.
    let steps = ((to / from).ln() / factor.ln() * (1.0 + 1e-12) + 1e-9).floor();
    Ok(Part::Factors { unit, from, factor, count: steps as u64 + 1 })
}

/// The letters of the short scale, with their powers of ten.
const SHORT_SCALE: [(&str, i32); 5] = [("", 0), ("K", 3), ("M", 6), ("B", 9), ("T", 12)];

/// One unit for three numbers, and the powers of ten that bring each of them there; none if they differ by more than K, M, B, T.
fn same_scale(first: &Unit, last: &Unit, step: &Unit) -> Option<(Unit, [i32; 3])> {
    if first == last && last == step {
        return Some((first.clone(), [0; 3]));
    }
    if first.before != last.before || last.before != step.before {
        return None;
    }
    let power = |unit: &Unit| SHORT_SCALE.iter().find(|(letter, _)| *letter == unit.after).map(|(_, power)| *power);
    let powers = [power(first)?, power(last)?, power(step)?];
    // A bare number beside one with a letter is more likely a letter forgotten.
    let least = powers.into_iter().min().filter(|least| *least > 0)?;
    let letter = SHORT_SCALE.iter().find(|(_, power)| *power == least)?.0;
    Some((Unit { before: first.before.clone(), after: letter.into() }, powers.map(|power| power - least)))
}

fn shifted(decimal: Decimal, power: i32) -> Decimal {
    Decimal { power: decimal.power + power, ..decimal }
}
