//! A factors profile as text, with new values in it.

use super::factors::factors;
use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::Document;
use crate::step::efficiency::{Factors, NAMES};

/// Digits of a value in a profile.
const DIGITS: usize = 5;

impl Catalog {
    /// The text of a generation's profile with these values for the named factors, all else as it was; `source` is
    /// put down as where they come from.
    ///
    /// # Errors
    /// An unknown name, or a profile that writes a factor over several lines.
    pub fn factors_with(
        &self,
        name: &str,
        values: &Factors,
        named: &[&str],
        source: Option<&str>,
    ) -> Result<String, Error> {
        let found = self.find(Kind::Factors, name)?;
        let before = factors(&found)?.calibration.factors.values();
        let mut text: Vec<String> = found.document.text.lines().map(str::to_owned).collect();
        for ((factor, value), old) in NAMES.into_iter().zip(values.values()).zip(before) {
            if named.contains(&factor) && rounded(value) != rounded(old) {
                put(&mut text, factor, &rounded(value));
            }
        }
        if let Some(source) = source {
            add_sources(&mut text, named, source);
        }
        let text = text.join("\n") + "\n";
        self.checked(&found, &text, values, named)?;
        Ok(text)
    }

    /// Reads the text back, so that no file is written whose values are not those that were meant.
    fn checked(&self, found: &Found, text: &str, values: &Factors, named: &[&str]) -> Result<(), Error> {
        let document = Document::new(found.document.file.clone(), text);
        let read = factors(&Found { document, ..found.clone() })?.calibration.factors.values();
        for ((factor, value), read) in NAMES.into_iter().zip(values.values()).zip(read) {
            if named.contains(&factor) && (read / value - 1.0).abs() > 1e-3 {
                return Err(Error::bad_file(format!("{}: `{factor}` cannot be replaced", found.document.file))
                    .with_hint(format!("write it on one line: {factor} = {{ value = ..., low = ..., high = ... }}")));
            }
        }
        Ok(())
    }
}

/// A value as profiles write it.
fn rounded(value: f64) -> String {
    let digits = format!("{:.*e}", DIGITS - 1, value);
    let number: f64 = digits.parse().unwrap_or(value);
    if (1e-3..1e5).contains(&number) { format!("{number}") } else { format!("{number:e}") }
}

/// Replaces `factor = { value = OLD,`.
fn put(text: &mut [String], factor: &str, value: &str) {
    for line in text {
        let Some(rest) = line.strip_prefix(factor).map(str::trim_start).and_then(|rest| rest.strip_prefix('=')) else {
            continue;
        };
        let Some((_, after)) = rest.split_once("value").and_then(|(_, rest)| rest.split_once(',')) else { continue };
        *line = format!("{factor} = {{ value = {value},{after}");
    }
}

/// Says of each named factor where its value is from.
fn add_sources(text: &mut Vec<String>, named: &[&str], source: &str) {
    let key = |factor: &str| format!("\"factors.{factor}\" = ");
    text.retain(|line| !named.iter().any(|factor| line.starts_with(&key(factor))));
    let place = text.iter().position(|line| line.trim() == "[sources]").map_or(text.len(), |place| place + 1);
    let lines = named.iter().map(|factor| format!("{}{source}", key(factor)));
    text.splice(place..place, lines);
}
