//! Showing quantities: exactly, so that [`parse`](super::parse::parse) reads the same float back, or for people.

use super::money::shown;
use super::parse::{Grammar, Unit, parse};
use super::*;

const PREFIXES: [(&str, i32); 9] =
    [("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18), ("Z", 21), ("Y", 24)];
const SHORT_SCALE: [(&str, i32); 5] = [("", 0), ("K", 3), ("M", 6), ("B", 9), ("T", 12)];

/// The shortest text this module knows that parses back to exactly the same quantity.
///
/// ```
/// use flopbill::internals::units::{show::exact, BytesPerSecond, Price, Seconds};
/// assert_eq!(exact(BytesPerSecond::new(3.35e12)), "3.35 TB/s");
/// assert_eq!(exact(Seconds::from_days(60.0)), "60 d");
/// assert_eq!(exact(Price::from_usd_per_hour(2.0)), "$2/h");
/// ```
pub fn exact<Q: Grammar>(quantity: Q) -> String {
    let mut texts: Vec<String> = Q::UNITS.iter().flat_map(|unit| written::<Q>(quantity.base(), unit)).collect();
    texts.sort_by_key(String::len);
    let same = |text: &&String| parse::<Q>(text).is_ok_and(|back| back == quantity);
    texts.iter().find(same).or(texts.first()).cloned().unwrap_or_default()
}

/// A value in one unit, without a prefix and with the one that fits, the power of ten moved into it.
fn written<Q: Grammar>(base: f64, unit: &Unit) -> [String; 2] {
    let scaled = format!("{:e}", base / unit.factor);
    let (mantissa, exponent) = scaled.split_once('e').unwrap_or((&scaled, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or(0) - unit.ten;
    let steps: &[(&str, i32)] = match (unit.prefixed, Q::SHORT_SCALE) {
        (true, _) => &PREFIXES,
        (false, true) => &SHORT_SCALE,
        (false, false) => &PREFIXES[..1],
    };
    let fitting = steps.iter().rev().find(|(_, ten)| *ten <= exponent).unwrap_or(&steps[0]);
    [*fitting, steps[0]].map(|(step, ten)| {
        let number = shifted(mantissa, exponent - ten);
        let dollar = if Q::MONEY { "$" } else { "" };
        let apart = if unit.symbol.is_empty() || Q::MONEY || unit.symbol == "%" { "" } else { " " };
        match Q::SHORT_SCALE {
            true => format!("{dollar}{number}{step}{apart}{}", unit.symbol),
            false => format!("{dollar}{number}{apart}{step}{}", unit.symbol),
        }
    })
}

/// A decimal mantissa such as `9.895` with its point moved: by text, so that no bit is lost.
fn shifted(mantissa: &str, exponent: i32) -> String {
    if !(-4..=17).contains(&exponent) {
        return format!("{mantissa}e{exponent}");
    }
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |digits| ("-", digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{part}");
    let point = whole.len() as i32 + exponent;
    if point <= 0 {
        return format!("{sign}0.{}{all}", "0".repeat(point.unsigned_abs() as usize));
    }
    let point = point as usize;
    if point >= all.len() {
        return format!("{sign}{all}{}", "0".repeat(point - all.len()));
    }
    let (whole, part) = all.split_at(point);
    format!("{sign}{whole}.{part}")
}

/// A number with `digits` significant digits and grouped thousands: `2,788,000`, `56.72`, `3.29e24`.
///
/// ```
/// use flopbill::internals::units::show::number;
/// assert_eq!(number(2_788_000.0, 4), "2,788,000");
/// assert_eq!(number(56.7220, 4), "56.72");
/// assert_eq!(number(3.2856e24, 3), "3.29e24");
/// assert_eq!(number(0.03456, 2), "0.035");
/// assert_eq!(number(f64::INFINITY, 4), "-"); // what does not exist has no number
/// ```
pub fn number(value: f64, digits: usize) -> String {
    let digits = digits.clamp(1, 17);
    if !value.is_finite() {
        return "-".into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let rounded = format!("{:.*e}", digits - 1, value);
    let Some((mantissa, exponent)) = rounded.split_once('e') else { return rounded };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..=14).contains(&exponent) {
        let mantissa =
            if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
        return format!("{mantissa}e{exponent}");
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    // Whole numbers keep all their digits: 2,788,000 and not 2,790,000.
    let plain = if decimals == 0 { format!("{value:.0}") } else { format!("{value:.decimals$}") };
    let plain = if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.') } else { &plain };
    grouped(plain)
}

/// A text that a terminal shows as it stands: control characters, and those that turn the direction of writing
/// around, are replaced.
///
/// ```
/// use flopbill::internals::units::show::printable;
/// assert_eq!(printable("a\u{1b}[31mb\nc"), "a\u{fffd}[31mb\nc");
/// ```
pub fn printable(text: &str) -> std::borrow::Cow<'_, str> {
    let odd = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(odd) { text.replace(odd, "\u{fffd}").into() } else { text.into() }
}

/// Puts commas between the thousands of a plain decimal number.
pub fn grouped(plain: &str) -> String {
    let (sign, rest) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (whole, part) = rest.split_once('.').map_or((rest, None), |(whole, part)| (whole, Some(part)));
    let mut text = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(part) = part {
        text.push('.');
        text.push_str(part);
    }
    text
}

/// A count on the short scale for people: `2.788M`, `14.8T`, `2,048`.
///
/// ```
/// use flopbill::internals::units::show::count;
/// assert_eq!(count(14.8e12, 3), "14.8T");
/// assert_eq!(count(2048.0, 4), "2,048");
/// ```
pub fn count(value: f64, digits: usize) -> String {
    let size = value.abs();
    let (suffix, ten) = match size {
        s if s >= 1e15 => return number(value, digits),
        s if s >= 1e12 => ("T", 1e12),
        s if s >= 1e9 => ("B", 1e9),
        s if s >= 1e6 => ("M", 1e6),
        _ => ("", 1.0),
    };
    format!("{}{suffix}", number(value / ten, digits))
}

/// A number of chips for people: every digit of a whole number, one decimal of another.
///
/// ```
/// use flopbill::internals::units::{Chips, show::chips};
/// assert_eq!(chips(Chips::new(16_384.0)), "16,384");
/// assert_eq!(chips(Chips::new(16_384.46)), "16,384.5");
/// ```
pub fn chips(value: Chips) -> String {
    let tenths = (value.get() * 10.0).round() / 10.0;
    if tenths < 10.0 { number(value.get(), 3) } else { number(tenths, 12) }
}

/// A number with what it counts, of which one has no `s`: `1 chip`, `2,048 chips`.
///
/// ```
/// use flopbill::internals::units::show::counted;
/// assert_eq!([counted("1", "chip"), counted("2,048", "chip")], ["1 chip", "2,048 chips"]);
/// ```
pub fn counted(number: impl std::fmt::Display, noun: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// A whole number for people, every digit of it: `16,384`.
pub fn whole(value: f64) -> String {
    chips(Chips::new(value))
}

/// Money for people, in the currency that is [shown](super::money::shown_in): `$5,576,000`, `$1.42`.
pub fn usd(value: Usd) -> String {
    let amount = |size: f64| if size >= 100.0 { grouped(&format!("{size:.0}")) } else { format!("{size:.2}") };
    if value.get().is_finite() { shown().amount(value.get(), amount) } else { "-".into() }
}

/// Money on the short scale for people: `$5.576M`.
///
/// ```
/// use flopbill::internals::units::{Usd, show::money};
/// assert_eq!(money(Usd::new(5.576e6), 3), "$5.58M");
/// assert_eq!(money(Usd::new(f64::NAN), 3), "-");
/// ```
pub fn money(value: Usd, digits: usize) -> String {
    if value.get().is_finite() { shown().amount(value.get(), |size| count(size, digits)) } else { "-".into() }
}

/// A price for people: `$2.00/h`.
pub fn price(value: Price) -> String {
    let hour = value.usd_per_hour();
    if hour.is_finite() { shown().amount(hour, |size| format!("{size:.2}")) + "/h" } else { "-".into() }
}

/// A small amount of money with so many digits: `$0.043`.
pub fn cents(value: f64, digits: usize) -> String {
    if value.is_finite() { shown().amount(value, |size| number(size, digits)) } else { "-".into() }
}

/// A share for people: `34.6 %`.
pub fn percent(value: f64) -> String {
    percent_to(value, 3)
}

/// A share with so many digits, and with as many more as tell it from 100 %.
///
/// ```
/// use flopbill::internals::units::show::{percent, percent_to};
/// assert_eq!(percent_to(0.34626, 4), "34.63 %");
/// assert_eq!(percent(0.9997), "99.97 %");
/// assert_eq!(percent(1.00004), "100.004 %");
/// assert_eq!(percent(1.0 - 1e-15), "100 %"); // rounding of the machine
/// assert_eq!(percent(f64::NAN), "-");
/// ```
pub fn percent_to(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "-".into();
    }
    let whole = (value - 1.0).abs() < 1e-9;
    let text = |digits| number(value * 100.0, digits);
    let told = (digits..12).map(text).find(|text| whole || text != "100");
    format!("{} %", told.unwrap_or_else(|| text(digits)))
}

/// A duration for people: days above one day, else hours, minutes, seconds, milliseconds.
pub fn duration(value: Seconds) -> String {
    let s = value.get();
    match s.abs() {
        size if size >= DAY => format!("{} d", number(value.days(), 4)),
        size if size >= HOUR => format!("{} h", number(value.hours(), 4)),
        size if size >= 1.0 || size == 0.0 => format!("{} s", number(s, 4)),
        size if size >= 1e-3 => format!("{} ms", number(s * 1e3, 4)),
        _ => format!("{} us", number(s * 1e6, 4)),
    }
}

/// A value with an SI prefix for people: `80 GB`, `989.5 TFLOP/s`.
pub fn prefixed(value: f64, unit: &str, digits: usize) -> String {
    let step = PREFIXES.iter().rev().find(|(_, ten)| 10f64.powi(*ten) <= value.abs());
    let (prefix, ten) = step.unwrap_or(&PREFIXES[0]);
    format!("{} {prefix}{unit}", number(value / 10f64.powi(*ten), digits))
}
