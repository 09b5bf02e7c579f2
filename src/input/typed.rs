//! What was typed for a value, where that says more than the value: money in another currency, the price of a server.

use crate::error::Error;
use crate::input::file::{Entry, Origin, Spec};
use crate::input::range::Range;
use crate::source::Source;
use crate::units::money::{Code, Written};
use crate::units::parse::{Grammar, ungrouped};
use crate::units::show::{exact, number};
use crate::units::{Quantity as _, Seconds};

/// A value as it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct AsTyped {
    /// The text.
    pub text: String,
    /// What money was written in.
    pub written: Written,
    /// The amount in that, in the time of the field's unit; the value itself is no number until it is exchanged.
    pub amount: f64,
    /// What made dollars for one chip of it.
    pub exchanged: Option<Exchanged>,
}

/// What made dollars for one chip of an amount.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchanged {
    /// The rate, where it was in another currency.
    pub rate: Option<Rate>,
    /// Chips of the server, where it was for one.
    pub chips: Option<u32>,
}

impl Exchanged {
    /// Dollars for one chip over the amount.
    pub fn factor(&self) -> f64 {
        self.rate.as_ref().map_or(1.0, |rate| rate.usd_per_unit) / self.chips.map_or(1.0, f64::from)
    }
}

/// What one unit of a currency is in US dollars.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// The currency.
    pub code: Code,
    /// US dollars per unit.
    pub usd_per_unit: f64,
    /// The day, or the month, of it; none of one that was given.
    pub as_of: Option<String>,
    /// Where it is from: a flag, a line of a file, or the profile of the rates.
    pub from: String,
    /// Its source, where it is of the profile.
    pub source: Option<Source>,
}

impl Rate {
    /// `at $0.14943 per CNY of 2026-09`.
    pub fn words(&self) -> String {
        let each = format!("at ${} per {}", number(self.usd_per_unit, 5), self.code);
        match &self.as_of {
            Some(as_of) => format!("{each} of {as_of}"),
            None => format!("{each} ({})", self.from),
        }
    }
}

impl AsTyped {
    /// Whether it is not in dollars yet.
    pub fn waits(&self) -> bool {
        self.written.waits() && self.exchanged.is_none()
    }

    /// What was made of it, in words: none of what was in dollars for one chip.
    pub fn words(&self) -> Option<String> {
        let exchanged = self.exchanged.as_ref()?;
        let rate = exchanged.rate.as_ref().map(Rate::words);
        let chips = exchanged.chips.map(|chips| format!("{chips} chips a server"));
        Some(rate.into_iter().chain(chips).collect::<Vec<_>>().join(", "))
    }
}

/// Reads a value of a field; what is typed is kept where it says more.
pub(super) fn entry<Q: Grammar>(
    text: &str,
    origin: Origin,
    parse: fn(&str) -> Result<Q, Error>,
    number: fn(Q) -> f64,
) -> Result<Entry<Q>, Error> {
    if !Q::MONEY {
        let value = parse(text)?;
        let typed = in_months(text, number(value)).filter(|_| Q::DIMENSION == Seconds::DIMENSION);
        return Ok(Entry { typed, ..Entry::new(value, origin) });
    }
    // None is none in any currency, where a field takes it.
    if let Ok(none) = parse(text)
        && number(none) == 0.0
    {
        return Ok(Entry::new(none, origin));
    }
    let (value, written) = crate::units::parse::parse_money::<Q>(text)?;
    let amount = number(value);
    if !written.waits() {
        let says_more = exact(value) != text.trim();
        let typed = says_more.then(|| Box::new(AsTyped { written, ..AsTyped::plain(text, amount) }));
        return Ok(Entry { typed, ..Entry::new(value, origin) });
    }
    let typed = AsTyped { written, ..AsTyped::plain(text, amount) };
    Ok(Entry { typed: Some(Box::new(typed)), ..Entry::new(Q::from_base(f64::NAN), origin) })
}

/// A time as it was typed, where that is in months; `number` is its value in the field's unit.
pub(super) fn in_months(text: &str, number: f64) -> Option<Box<AsTyped>> {
    is_in_months(text).then(|| Box::new(AsTyped::plain(text, number)))
}

impl AsTyped {
    fn plain(text: &str, amount: f64) -> Self {
        Self { text: text.trim().to_owned(), written: Written::PLAIN, amount, exchanged: None }
    }

    /// What a month or a year was taken for.
    pub fn said_of_time(&self) -> Option<&'static str> {
        let in_months = || is_in_months(&self.text).then_some("a month is the mean one, 30.44 d");
        self.written.per.said.or_else(in_months)
    }
}

/// Whether a time is written in months.
fn is_in_months(text: &str) -> bool {
    let text = text.trim_end();
    let unit = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    matches!(text.get(unit.len()..), Some("mo" | "month" | "months"))
}

/// Rates that were given: `EUR=1.10, CNY=0.14`, US dollars per unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rates(pub Vec<(Code, f64)>);

/// What an own rate may be: the dearest and the cheapest currencies are far inside.
const RATES: std::ops::RangeInclusive<f64> = 1e-7..=1e5;

impl Rates {
    /// Reads a list.
    ///
    /// # Errors
    /// A part that is no `CODE=NUMBER`, a rate that no currency has, two of one currency.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut rates: Vec<(Code, f64)> = Vec::new();
        for part in text.split([',', ';']).map(str::trim) {
            let wrong = |why: &str| Error::bad_input(format!("`{part}` {why}")).with_hint("write it like `EUR=1.10`");
            let (code, rate) = part.split_once('=').ok_or_else(|| wrong("is no rate"))?;
            let code = Code::named(code).ok_or_else(|| wrong("names no currency"))?;
            let rate = ungrouped(rate.trim().trim_start_matches('$'))?;
            let rate = rate.parse::<f64>().map_err(|_| wrong("is no rate: US dollars per unit"))?;
            if !RATES.contains(&rate) {
                return Err(wrong("is not what a unit of a currency can be in US dollars"));
            }
            if code == Code::USD {
                return Err(wrong("says what a dollar is in dollars"));
            }
            if rates.iter().any(|(known, _)| *known == code) {
                return Err(wrong("is the second rate of its currency"));
            }
            rates.push((code, rate));
        }
        Ok(Self(rates))
    }

    /// As a user would write it.
    pub(super) fn shown(&self) -> String {
        self.0.iter().map(|(code, rate)| format!("{code}={rate}")).collect::<Vec<_>>().join(", ")
    }
}

impl Spec {
    /// Rates of currencies that were given.
    pub fn own_rates(&self) -> &[(Code, f64)] {
        self.rate.as_ref().map_or(&[], |rates| rates.value.0.as_slice())
    }

    /// The range of a field, where it has one.
    pub fn range(&self, path: &str) -> Option<&Range> {
        self.ranges.iter().find(|range| range.path == path)
    }
}
