//! Reading quantities: one grammar for files, flags and sweeps.
//!
//! A quantity is a number (`2.788`, `2,788,000`, `1_000`, `3.3e24`), then a short-scale suffix for counts and money
//! (`K`, `M`, `B`, `T`) or a prefixed unit (`TB/s`, `TFLOP/s`, `kW`). Money opens or closes with its currency. The field knows
//! its dimension: another one is an error that shows the right form. Powers of ten are applied to the
//! text before it becomes a float, so `989.5 TFLOP/s` is the float nearest to 9.895e14.

use std::borrow::Cow;

use super::money::{Code, Per, Written};
use super::*;
use crate::error::Error;

/// One unit a quantity may be written in.
#[derive(Debug, Clone, Copy)]
pub struct Unit {
    /// How it is written; empty for a bare number.
    pub symbol: &'static str,
    /// The power of ten in it.
    pub ten: i32,
    /// What is left of its size: 3600 for an hour.
    pub factor: f64,
    /// Takes the prefixes k, M, G, T, P, E, Z, Y.
    pub prefixed: bool,
}

/// How a quantity is written and which values of it are sensible.
pub trait Grammar: Quantity {
    /// The units it may be written in; the first is the one it is shown in.
    const UNITS: &'static [Unit];
    /// Takes K, M, B, T for thousand to trillion.
    const SHORT_SCALE: bool;
    /// Is written with a currency.
    const MONEY: bool;
    /// Is a price of a chip or a server for some time.
    const PER_CHIP: bool = false;
    /// The largest value accepted, in base units.
    const MAX: f64;
    /// Whether zero is accepted.
    const ZERO_ALLOWED: bool = false;
}

/// Reads a quantity.
///
/// # Errors
/// Says what was expected and how it is written: not a number, not finite, negative, zero where that means
/// nothing, too large, an unknown suffix, or another dimension.
///
/// ```
/// use flopbill::internals::units::{parse::parse, Seconds, Tokens};
/// assert_eq!(parse::<Tokens>("14.8T").unwrap().get(), 14.8e12);
/// assert_eq!(parse::<Seconds>("1.5h").unwrap().get(), 5400.0);
/// assert!(parse::<Seconds>("3.35 TB/s").unwrap_err().message().contains("is a bandwidth"));
/// ```
pub fn parse<Q: Grammar>(text: &str) -> Result<Q, Error> {
    let (value, written) = parse_money::<Q>(text)?;
    if !written.waits() {
        return Ok(value);
    }
    let what = if written.per.server { "is the price of a server".into() } else { format!("is in {}", written.code) };
    let error = Error::bad_input(format!("`{}` {what}, and no rate is looked up here", text.trim()));
    Err(error.with_hint(format!("write it in US dollars for one chip, like `{}`", Q::EXAMPLE)))
}

/// Reads a quantity that may be money: in its own currency, for one server where it is the price of one.
///
/// # Errors
/// As [`parse()`].
///
/// ```
/// use flopbill::internals::units::{Price, money::Code, parse::parse_money};
/// let (price, written) = parse_money::<Price>("¥14/h")?;
/// assert_eq!((price.usd_per_hour(), written.code), (14.0, Code::CNY));
/// let (price, written) = parse_money::<Price>("$8,766/server/year")?;
/// assert!((price.usd_per_hour() - 1.0).abs() < 1e-12 && written.per.server); // by hand: 8,766 h are 365.25 d
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn parse_money<Q: Grammar>(text: &str) -> Result<(Q, Written), Error> {
    let (value, written) = read::<Q>(text).map_err(|trouble| explain::<Q>(text.trim(), trouble))?;
    // What is large in another currency, or for a server, is judged when it is in dollars.
    match value.base() {
        base if written.waits() && base.is_finite() && base > Q::MAX => Ok((value, written)),
        _ => check(value).map(|value| (value, written)).map_err(|error| error.with_hint(form::<Q>())),
    }
}

/// Checks the value of a quantity that did not come from text.
///
/// # Errors
/// As [`parse()`]: not finite, negative, zero where that means nothing, absurdly large.
pub fn check<Q: Grammar>(quantity: Q) -> Result<Q, Error> {
    let value = quantity.base();
    let what = Q::DIMENSION;
    if !value.is_finite() {
        Err(Error::bad_input(format!("{what} must be a finite number")))
    } else if value < 0.0 {
        Err(Error::bad_input(format!("{what} cannot be negative")))
    } else if value == 0.0 && !Q::ZERO_ALLOWED {
        Err(Error::bad_input(format!("{what} cannot be zero")))
    } else if value > Q::MAX {
        let most = show::exact(Q::from_base(Q::MAX));
        Err(Error::bad_input(format!("that is more than {what} can be (at most {most})")))
    } else {
        Ok(quantity)
    }
}

/// Reads `2048xH800`: a number of chips and a name.
///
/// # Errors
/// When there is no `x` between a number of chips and a name.
pub fn parse_fleet(text: &str) -> Result<(Chips, &str), Error> {
    let split = text.trim().split_once(['x', 'X', '×']);
    let Some((count, name)) = split.filter(|(_, name)| !name.trim().is_empty()) else {
        return Err(Error::bad_input(format!("`{text}` is not a fleet")).with_hint("write it like `2048xH800`"));
    };
    Ok((parse(count)?, name.trim()))
}

/// Why a text is not a quantity.
enum Trouble {
    Empty,
    NotANumber,
    NotFinite,
    NoUnit,
    UnknownUnit(String),
    NeedsDollar,
    TwoCurrencies,
    Grouping,
}

fn read<Q: Grammar>(text: &str) -> Result<(Q, Written), Trouble> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(Trouble::Empty);
    }
    let mut negative = rest.starts_with('-');
    rest = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let before = money::leading(rest);
    if let Some((_, _, behind)) = before {
        let behind = behind.trim_start();
        negative |= behind.starts_with('-');
        rest = behind.strip_prefix(['-', '+']).unwrap_or(behind);
    }
    let (number, unit_text) = split_number(rest)?;
    let unit_text = match unit_text.split_once("per ").filter(|_| Q::MONEY) {
        Some((paid, per)) => Cow::Owned(format!("{}/{per}", paid.trim_end())),
        None => Cow::Borrowed(unit_text),
    };
    let (after, unit_text) = split_currency::<Q>(unit_text.trim());
    let (code, ambiguous) = match (before, after) {
        (Some((one, ..)), Some((other, _))) if one != other => return Err(Trouble::TwoCurrencies),
        (Some((code, ambiguous, _)), other) => (Some(code), ambiguous && other.is_none_or(|(_, ambiguous)| ambiguous)),
        (None, Some((code, ambiguous))) => (Some(code), ambiguous),
        (None, None) => (None, false),
    };
    if Q::MONEY && code.is_none() {
        return Err(Trouble::NeedsDollar);
    }
    if let Some(code) = code.filter(|_| !Q::MONEY) {
        return Err(Trouble::UnknownUnit(code.sign().map_or_else(|| code.to_string(), str::to_owned)));
    }
    let mut written = Written { code: code.unwrap_or(Code::USD), ambiguous, ..Written::PLAIN };
    let (ten, factor) = match scale::<Q>(unit_text.as_ref()) {
        Err(_) if Q::PER_CHIP && Per::read(&unit_text).is_some() => {
            let (per, seconds) = Per::read(&unit_text).unwrap_or((Per::CHIP_HOUR, HOUR));
            written.per = per;
            (0, 1.0 / seconds)
        }
        found => found?,
    };
    let value = decimal(number, ten).ok_or(Trouble::NotANumber)? * factor;
    Ok((Q::from_base(if negative { -value } else { value }), written))
}

/// The currency of what stands behind a number, and the rest: `M EUR`, `CNY/h`, `€/GPU-hour`, `/h USD`.
fn split_currency<Q: Grammar>(text: &str) -> (Option<(Code, bool)>, Cow<'_, str>) {
    if !Q::MONEY && !text.contains(|c: char| matches!(c, '$' | '€' | '£' | '¥') || !c.is_ascii()) {
        return (None, Cow::Borrowed(text));
    }
    let (head, tail) = text.find('/').map_or((text, ""), |at| text.split_at(at));
    if let Some((code, ambiguous, rest)) = money::trailing(head) {
        return (Some((code, ambiguous)), Cow::Owned(format!("{}{tail}", rest.trim_end())));
    }
    match money::trailing(tail).filter(|(.., rest)| rest.ends_with(char::is_whitespace)) {
        Some((code, ambiguous, rest)) => (Some((code, ambiguous)), Cow::Owned(format!("{head}{}", rest.trim_end()))),
        None => (None, Cow::Borrowed(text)),
    }
}

/// Splits `3.3e24 FLOP` behind the number.
fn split_number(text: &str) -> Result<(&str, &str), Trouble> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("inf") || lower.starts_with("nan") {
        return Err(Trouble::NotFinite);
    }
    let bytes = text.as_bytes();
    let mut end = bytes.iter().take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_' | b',')).count();
    if !is_grouped(text.get(..end).unwrap_or("")) {
        return Err(Trouble::Grouping);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        let digits = bytes.iter().skip(end + 1 + sign).take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            end += 1 + sign + digits;
        }
    }
    if !bytes.iter().take(end).any(u8::is_ascii_digit) {
        return Err(Trouble::NotANumber);
    }
    Ok(text.split_at(end))
}

/// Whether commas stand between thousands and nowhere else: `2,788,000`, not `5,34`.
fn is_grouped(number: &str) -> bool {
    let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
    let mut groups = whole.split(',');
    let first = groups.next().is_none_or(|first| (1..=3).contains(&first.len()));
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    !number.contains(',')
        || (first
            && !number.ends_with(',')
            && digits(&whole.replace(',', ""))
            && groups.all(|group| group.len() == 3)
            && !number.split_once('.').is_some_and(|(_, part)| part.contains(',')))
}

/// A number without its grouping.
///
/// # Errors
/// Commas that do not stand between thousands.
pub fn ungrouped(text: &str) -> Result<String, Error> {
    let number = text.trim();
    let plain =
        number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_' | b',' | b'-' | b'+' | b'e' | b'E'));
    if plain && !is_grouped(number.trim_start_matches(['-', '+'])) {
        return Err(wrong_grouping(number));
    }
    Ok(if plain { number.replace([',', '_'], "") } else { number.replace('_', "") })
}

fn wrong_grouping(text: &str) -> Error {
    Error::bad_input(format!("`{text}` has a comma that does not stand between thousands"))
        .with_hint("write thousands as `534,700`, and a decimal point as `5.34`")
}

/// The float nearest to `number` times a power of ten.
fn decimal(number: &str, ten: i32) -> Option<f64> {
    let number = number.replace(['_', ','], "");
    if ten == 0 {
        return number.parse().ok();
    }
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((&number, "0"));
    let exponent = exponent.parse::<i32>().ok()?.checked_add(ten)?;
    format!("{mantissa}e{exponent}").parse().ok()
}

/// The power of ten and the factor of a unit, with its prefix or suffix.
fn scale<Q: Grammar>(text: &str) -> Result<(i32, f64), Trouble> {
    let exact = |symbol: &str| Q::UNITS.iter().find(|unit| unit.symbol == symbol);
    if let Some(unit) = exact(text) {
        return Ok((unit.ten, unit.factor));
    }
    let mut letters = text.chars();
    let first = letters.next();
    let rest = letters.as_str();
    if Q::SHORT_SCALE
        && let Some(ten) = first.and_then(short_scale)
        && let Some(unit) = exact(rest.trim_start())
    {
        return Ok((ten + unit.ten, unit.factor));
    }
    if let Some(ten) = first.and_then(prefix)
        && let Some(unit) = exact(rest).filter(|unit| unit.prefixed)
    {
        return Ok((ten + unit.ten, unit.factor));
    }
    Err(if text.is_empty() { Trouble::NoUnit } else { Trouble::UnknownUnit(text.into()) })
}

fn short_scale(letter: char) -> Option<i32> {
    match letter {
        'K' | 'k' => Some(3),
        'M' | 'm' => Some(6),
        'B' | 'b' => Some(9),
        'T' | 't' => Some(12),
        _ => None,
    }
}

fn prefix(letter: char) -> Option<i32> {
    match letter {
        'k' | 'K' => Some(3),
        'M' => Some(6),
        'G' => Some(9),
        'T' => Some(12),
        'P' => Some(15),
        'E' => Some(18),
        'Z' => Some(21),
        'Y' => Some(24),
        _ => None,
    }
}

fn form<Q: Grammar>() -> String {
    let scale = if Q::SHORT_SCALE { " (K, M, B, T: thousand to trillion)" } else { "" };
    format!("write it like `{}`{scale}", Q::EXAMPLE)
}

fn explain<Q: Grammar>(text: &str, trouble: Trouble) -> Error {
    let what = Q::DIMENSION;
    let message = match trouble {
        Trouble::Empty => format!("{what} is missing"),
        Trouble::NotFinite => format!("`{text}` is not a finite number"),
        Trouble::NotANumber => format!("`{text}` is not {what}"),
        Trouble::Grouping => return wrong_grouping(text),
        Trouble::TwoCurrencies => format!("`{text}` names two currencies"),
        Trouble::NeedsDollar | Trouble::NoUnit if text.parse::<f64>().is_ok() => {
            format!("`{text}` has no unit, and {what} needs one")
        }
        Trouble::NeedsDollar | Trouble::NoUnit | Trouble::UnknownUnit(_) => match dimension_of(text) {
            Some(other) if other != what => format!("`{text}` is {other}, but {what} is expected"),
            _ => match trouble {
                Trouble::UnknownUnit(unit) => format!("`{text}` is not {what}: unknown suffix `{unit}`"),
                _ => format!("`{text}` is not {what}"),
            },
        },
    };
    Error::bad_input(message).with_hint(form::<Q>())
}

/// Which dimension a text has, for the error message.
fn dimension_of(text: &str) -> Option<&'static str> {
    fn try_one<Q: Grammar>(text: &str) -> Option<&'static str> {
        read::<Q>(text).is_ok().then_some(Q::DIMENSION)
    }
    let readers: [fn(&str) -> Option<&'static str>; 14] = [
        try_one::<Seconds>,
        try_one::<BytesPerSecond>,
        try_one::<FlopPerSecond>,
        try_one::<Price>,
        try_one::<Usd>,
        try_one::<EnergyPrice>,
        try_one::<Bytes>,
        try_one::<Watts>,
        try_one::<Joules>,
        try_one::<CarbonIntensity>,
        try_one::<SquareMm>,
        try_one::<Fraction>,
        try_one::<KgCo2e>,
        try_one::<Tokens>,
    ];
    readers.iter().find_map(|reader| reader(text))
}
