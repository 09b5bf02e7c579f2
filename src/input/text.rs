//! Reading the text of one value.

use std::str::FromStr as _;

use crate::catalog::normal;
use crate::cost::shares::MOST_SHARE;
use crate::error::Error;
use crate::units::date::Date;
use crate::units::money::Code;
use crate::units::parse::{Grammar, parse, ungrouped};
use crate::units::{FlopPerSecond, Fraction, Quantity as _, Seconds, Tokens, Usd, Watts};

/// Whether a chip is written with a number of it: `2048xH800`.
pub fn is_fleet(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['x', 'X', '×'])
}

/// A name that only the catalog can judge.
pub(super) fn name(text: &str) -> Result<String, Error> {
    match text.trim() {
        "" => Err(Error::bad_input("a name is missing")),
        name => Ok(name.to_owned()),
    }
}

/// One name of a closed list.
pub(super) fn choice<T: Copy>(what: &str, text: &str, known: &[(&'static str, T)]) -> Result<(&'static str, T), Error> {
    let wanted = normal(text);
    known.iter().find(|(name, _)| normal(name) == wanted).copied().ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        Error::unknown_of(&what.replace('_', " "), text.trim(), names)
    })
}

/// What a rent can contain beside the chips.
pub const INCLUDED: [&str; 3] = ["storage", "egress", "support"];

/// Some of what a rent can contain, each once.
pub(super) fn included(text: &str) -> Result<String, Error> {
    let names = INCLUDED.map(|name| (name, name));
    let mut found: Vec<&str> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, _) = choice("what a rent contains", part, &names)?;
        if found.contains(&name) {
            return Err(Error::bad_input(format!("`{name}` stands twice in what the rent contains")));
        }
        found.push(name);
    }
    if found.is_empty() {
        return Err(
            Error::bad_input("nothing is named that the rent contains").with_hint("write it like `storage, egress`")
        );
    }
    Ok(found.join(", "))
}

/// Yes or no.
pub(super) fn switch(text: &str) -> Result<bool, Error> {
    match normal(text).as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(Error::bad_input(format!("`{text}` is neither true nor false")).with_hint("write `true` or `false`")),
    }
}

/// A day.
pub(super) fn date(text: &str) -> Result<Date, Error> {
    Date::from_str(text.trim())
}

/// A whole number.
pub(super) fn whole(text: &str) -> Result<u32, Error> {
    let number = ungrouped(text)?;
    number.parse::<u32>().map_err(|_| {
        Error::bad_input(format!("`{text}` is not a whole number above zero")).with_hint("write it like `8`")
    })
}

/// A number without a unit.
pub(super) fn number(text: &str) -> Result<f64, Error> {
    let number = ungrouped(text)?.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| {
        Error::bad_input(format!("`{text}` is not a number, zero or above")).with_hint("write it like `1.5`")
    })
}

/// Time, a bare number in days.
///
/// # Errors
/// As [`parse`].
pub fn days(text: &str) -> Result<Seconds, Error> {
    match ungrouped(text)?.parse::<f64>() {
        Ok(number) if number.is_finite() => parse(&format!("{}d", text.trim())),
        _ => parse(text),
    }
}

/// Time that may be none, a bare number in days: `0`, `0d`, `14d`.
pub(super) fn wait(text: &str) -> Result<Seconds, Error> {
    let number = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    if !number.is_empty() && number.parse::<f64>() == Ok(0.0) { Ok(Seconds::ZERO) } else { days(text) }
}

/// Time, a bare number in seconds.
///
/// # Errors
/// As [`parse`].
pub(super) fn seconds(text: &str) -> Result<Seconds, Error> {
    match ungrouped(text)?.parse::<f64>() {
        Ok(number) if number.is_finite() => parse(&format!("{}s", text.trim())),
        _ => parse(text),
    }
}

/// A power, a bare number in megawatts.
///
/// # Errors
/// As [`parse`].
pub(super) fn megawatts(text: &str) -> Result<Watts, Error> {
    let read = match ungrouped(text)?.parse::<f64>() {
        Ok(number) if number.is_finite() => parse(&format!("{} MW", text.trim())),
        _ => parse::<Watts>(text),
    };
    read.map_err(|error| error.with_hint("write it like `10MW`; a bare number is in MW"))
}

/// A number a second, as `1.2M` or `1.2M tok/s`.
pub(super) fn rate(text: &str) -> Result<f64, Error> {
    let lower = text.trim().to_lowercase();
    let endings = ["tokens/s", "token/s", "tok/s", "/s"];
    let cut = endings.iter().find(|ending| lower.ends_with(*ending)).map_or(0, |ending| ending.len());
    let number = text.trim().get(..text.trim().len().saturating_sub(cut)).unwrap_or_default();
    let read = parse::<Tokens>(number).map(|tokens| tokens.get());
    read.map_err(|error| {
        error.with_message(error.message().replace("a number of tokens", "a rate")).with_hint("write it like `1.2M`")
    })
}

/// A share above zero and up to one.
pub(super) fn share(text: &str) -> Result<Fraction, Error> {
    let share = parse::<Fraction>(text)?;
    if share.base() > 1.0 {
        let meant = if text.contains('%') { "34.6" } else { text.trim() };
        let hint = format!("write a share like `{meant}%` or `0.346`");
        return Err(Error::bad_input(format!("`{text}` is more than 100 %")).with_hint(hint));
    }
    if share.base() == 0.0 {
        return Err(Error::bad_input("a share cannot be zero").with_hint("write it like `34.6%`"));
    }
    Ok(share)
}

/// A rate of work of one chip, a bare number in TFLOP/s.
pub(super) fn tflops(text: &str) -> Result<FlopPerSecond, Error> {
    match ungrouped(text)?.parse::<f64>() {
        Ok(number) if number.is_finite() => parse(&format!("{}TFLOP/s", text.trim())),
        _ => parse(text),
    }
}

/// A share from zero up to one.
pub(super) fn portion(text: &str) -> Result<Fraction, Error> {
    match parse::<Fraction>(text)? {
        Fraction::ZERO => Ok(Fraction::ZERO),
        _ => share(text),
    }
}

/// A share that may be more than one, up to [`MOST_SHARE`].
pub(super) fn times(text: &str) -> Result<Fraction, Error> {
    let share = parse::<Fraction>(text)?;
    if share.get() > MOST_SHARE {
        let error = Error::bad_input(format!("`{text}` is more than {} %", MOST_SHARE * 100.0));
        return Err(error.with_hint("write a share like `55%` or `0.55`"));
    }
    Ok(share)
}

/// Time, a bare number in years.
pub(super) fn years(text: &str) -> Result<Seconds, Error> {
    match ungrouped(text)?.parse::<f64>() {
        Ok(number) if number.is_finite() => parse(&format!("{}y", text.trim())),
        _ => parse(text),
    }
}

/// The code of a currency, or its usual sign.
pub(super) fn currency(text: &str) -> Result<Code, Error> {
    let hint = "write its ISO 4217 code, like `EUR`, or its usual sign";
    Code::named(text).ok_or_else(|| Error::bad_input(format!("`{}` is no currency", text.trim())).with_hint(hint))
}

/// Money, of which there may be none: `$0`.
pub(super) fn money(text: &str) -> Result<Usd, Error> {
    let bare = text.trim().trim_start_matches('$').trim_end_matches("USD").trim();
    if bare.parse() == Ok(0.0) { Ok(Usd::ZERO) } else { parse(text) }
}

/// Dollars for a unit of something, in one of its forms: `$0.023/GB/month`; a bare amount is for that unit too.
pub(super) fn dollars_per(text: &str, forms: &[&str]) -> Result<f64, Error> {
    let text = text.trim();
    let like = || format!("write it like `{}`", shown_per(0.5, forms));
    let ends = |form: &&&str| text.to_lowercase().ends_with(&form.to_lowercase());
    let cut = forms.iter().find(ends).map_or(0, |form| form.len());
    let amount = text.get(..text.len().saturating_sub(cut)).unwrap_or_default();
    money(amount).map(Usd::get).map_err(|error| error.with_hint(like()))
}

/// The same, as a user would write it.
pub(super) fn shown_per(value: f64, forms: &[&str]) -> String {
    format!("${value}{}", forms.first().copied().unwrap_or_default())
}

/// Reads a quantity for a flag that is no field, naming the flag in the error.
///
/// # Errors
/// As [`parse`].
pub fn flag_value<Q: Grammar>(flag: &str, text: &str) -> Result<Q, Error> {
    parse(text).map_err(|error| prefix(flag, &error))
}

/// The same error with the flag or key in front.
pub fn prefix(flag: &str, error: &Error) -> Error {
    error.with_message(format!("{flag}: {}", error.message()))
}
