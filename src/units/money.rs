//! Money as people write it: a currency by its code or its usual sign, and what one price is for.
//!
//! Nothing here knows a rate: an amount is read in its own currency, with what it takes to make dollars of it.

use std::cell::Cell;
use std::fmt;

use super::{DAY, HOUR, JULIAN_YEAR, MEAN_MONTH};

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code([u8; 3]);

impl Code {
    /// The US dollar, in which everything is counted.
    pub const USD: Self = Self(*b"USD");
    /// The yuan.
    pub const CNY: Self = Self(*b"CNY");

    /// Three letters, in capitals or not; whether there is such a currency the rates tell.
    ///
    /// ```
    /// use flopbill::internals::units::money::Code;
    /// assert_eq!(Code::new("cny"), Some(Code::CNY));
    /// assert_eq!(Code::new("yuan"), None);
    /// ```
    pub fn new(text: &str) -> Option<Self> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_alphabetic).then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// A currency by its code, or by its usual sign: `EUR`, `€`, `RMB`.
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        let sign = SIGNS.iter().find(|(sign, _)| sign.eq_ignore_ascii_case(text));
        sign.map_or_else(|| Self::new(text), |(_, code)| Self::new(code))
    }

    /// The code: `CNY`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// The sign that it is shown with, and read back from; none where its code is.
    pub fn sign(self) -> Option<&'static str> {
        SIGNS.iter().find(|(_, code)| *code == self.as_str()).map(|(sign, _)| *sign)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The signs and short names of currencies; the first of a currency is the one that it is shown with.
const SIGNS: [(&str, &str); 38] = [
    ("$", "USD"),
    ("US$", "USD"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "CNY"),
    ("￥", "CNY"),
    ("CN¥", "CNY"),
    ("元", "CNY"),
    ("RMB", "CNY"),
    ("yuan", "CNY"),
    ("JP¥", "JPY"),
    ("円", "JPY"),
    ("₹", "INR"),
    ("₩", "KRW"),
    ("A$", "AUD"),
    ("AU$", "AUD"),
    ("C$", "CAD"),
    ("CA$", "CAD"),
    ("HK$", "HKD"),
    ("S$", "SGD"),
    ("SG$", "SGD"),
    ("NT$", "TWD"),
    ("NZ$", "NZD"),
    ("R$", "BRL"),
    ("MX$", "MXN"),
    ("₪", "ILS"),
    ("₺", "TRY"),
    ("₫", "VND"),
    ("฿", "THB"),
    ("₱", "PHP"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("euros", "EUR"),
    ("euro", "EUR"),
    ("dollars", "USD"),
    ("dollar", "USD"),
    ("won", "KRW"),
    ("yen", "JPY"),
];

/// Signs that more than one currency has.
const AMBIGUOUS: [&str; 2] = ["¥", "￥"];

/// What money was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The currency.
    pub code: Code,
    /// Its sign is that of the yuan and of the yen.
    pub ambiguous: bool,
    /// What a price is for.
    pub per: Per,
}

impl Written {
    /// Dollars, by the chip and hour.
    pub const PLAIN: Self = Self { code: Code::USD, ambiguous: false, per: Per::CHIP_HOUR };

    /// Whether a rate or a number of chips has to be known before it is dollars for one chip.
    pub fn waits(&self) -> bool {
        self.code != Code::USD || self.per.server
    }
}

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Per {
    /// A whole server with its chips.
    pub server: bool,
    /// What a month or a year was taken for, in words.
    pub said: Option<&'static str>,
}

impl Per {
    /// A chip and an hour.
    pub const CHIP_HOUR: Self = Self { server: false, said: None };

    /// Reads `/h`, `/GPU-hour`, `/chip/month`, `/server/month`; the size of the time is in seconds.
    pub(super) fn read(text: &str) -> Option<(Self, f64)> {
        let lower = text.strip_prefix('/')?.trim().to_ascii_lowercase();
        let lower =
            if let Some(holder) = lower.strip_suffix('h').filter(|holder| HOLDERS.iter().any(|h| h.0 == *holder)) {
                format!("{holder}/h") // GPUh
            } else {
                lower
            };
        let mut parts = lower.split(['/', '-', ' ']).filter(|part| !part.is_empty());
        let (first, second) = (parts.next()?, parts.next());
        if parts.next().is_some() {
            return None;
        }
        let holder = |text: &str| HOLDERS.iter().find(|(name, _)| *name == text).map(|(_, server)| *server);
        let period = |text: &str| PERIODS.iter().find(|(name, _)| *name == text).map(|(_, seconds)| *seconds);
        let (server, seconds) = match second {
            None => (false, period(first)?),
            Some(second) => match (holder(first), period(second)) {
                (Some(server), Some(seconds)) => (server, seconds),
                _ => (holder(second)?, period(first)?),
            },
        };
        let said = match seconds {
            MEAN_MONTH => Some("a month is the mean one, 730.5 h"),
            JULIAN_YEAR => Some("a year is the mean one, 8,766 h"),
            _ => None,
        };
        Some((Self { server, said }, seconds))
    }
}

/// Who is paid for, and whether that is a server.
const HOLDERS: [(&str, bool); 10] = [
    ("gpu", false),
    ("chip", false),
    ("tpu", false),
    ("npu", false),
    ("card", false),
    ("accelerator", false),
    ("device", false),
    ("server", true),
    ("node", true),
    ("host", true),
];

/// For how long.
const PERIODS: [(&str, f64); 19] = [
    ("h", HOUR),
    ("hr", HOUR),
    ("hour", HOUR),
    ("hours", HOUR),
    ("s", 1.0),
    ("sec", 1.0),
    ("second", 1.0),
    ("min", 60.0),
    ("minute", 60.0),
    ("d", DAY),
    ("day", DAY),
    ("w", 7.0 * DAY),
    ("week", 7.0 * DAY),
    ("mo", MEAN_MONTH),
    ("mth", MEAN_MONTH),
    ("month", MEAN_MONTH),
    ("y", JULIAN_YEAR),
    ("yr", JULIAN_YEAR),
    ("year", JULIAN_YEAR),
];

/// A currency at the start of a text, with what is behind it.
pub(super) fn leading(text: &str) -> Option<(Code, bool, &str)> {
    let signs = SIGNS.iter().filter(|(sign, _)| starts_with(text, sign));
    if let Some((sign, code)) = signs.max_by_key(|(sign, _)| sign.len()) {
        let rest = text.get(sign.len()..)?;
        return Some((Code::new(code)?, AMBIGUOUS.contains(sign), rest));
    }
    let (code, rest) = text.split_at_checked(3)?;
    let number = rest.trim_start().starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | ','));
    number.then_some((
        Code::new(code).filter(|_| !NOT_CODES.contains(&code.to_ascii_lowercase().as_str()))?,
        false,
        rest,
    ))
}

/// What stands in front of a number and is no currency.
const NOT_CODES: [&str; 2] = ["inf", "nan"];

/// A currency at the end of a text, with what is before it.
pub(super) fn trailing(text: &str) -> Option<(Code, bool, &str)> {
    let text = text.trim_end();
    let signs = SIGNS.iter().filter(|(sign, _)| ends_with(text, sign));
    if let Some((sign, code)) = signs.max_by_key(|(sign, _)| sign.len()) {
        let rest = text.get(..text.len() - sign.len())?;
        return Some((Code::new(code)?, AMBIGUOUS.contains(sign), rest));
    }
    let (rest, code) = text.split_at_checked(text.len().checked_sub(3)?)?;
    Some((Code::new(code)?, false, rest))
        .filter(|_| !rest.ends_with(|c: char| c.is_ascii_alphabetic() && !"KkMmBbTt".contains(c)))
}

fn starts_with(text: &str, sign: &str) -> bool {
    text.get(..sign.len()).is_some_and(|start| start.eq_ignore_ascii_case(sign))
}

fn ends_with(text: &str, sign: &str) -> bool {
    let from = text.len().checked_sub(sign.len());
    from.and_then(|from| text.get(from..)).is_some_and(|end| end.eq_ignore_ascii_case(sign))
}

/// Whether what stands before a number is a currency and nothing else.
pub fn is_currency(text: &str) -> bool {
    Code::named(text).is_some()
}

/// Money as it is shown: in which currency, and what one unit of that is in dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// The currency.
    pub code: Code,
    /// US dollars per unit.
    pub usd_per_unit: f64,
}

impl Shown {
    /// In dollars.
    pub const DOLLARS: Self = Self { code: Code::USD, usd_per_unit: 1.0 };

    /// An amount in dollars as it is shown, its number written by `number`: `€5,000`, `CHF 5,000`, `-$3`.
    pub fn amount(self, dollars: f64, number: impl FnOnce(f64) -> String) -> String {
        let value = if self.code == Code::USD { dollars } else { dollars / self.usd_per_unit };
        let minus = if value < 0.0 { "-" } else { "" };
        let number = number(value.abs());
        match self.code.sign() {
            Some(sign) => format!("{minus}{sign}{number}"),
            None => format!("{minus}{} {number}", self.code),
        }
    }
}

thread_local! {
    static SHOWN: Cell<Shown> = const { Cell::new(Shown::DOLLARS) };
}

/// The currency in which money is shown.
pub(super) fn shown() -> Shown {
    SHOWN.get()
}

/// Does something whose money is shown in a currency: every amount and price that [`show`](super::show) writes meanwhile on this
/// thread. What numbers are is not touched by it.
///
/// ```
/// use flopbill::internals::units::money::{Code, Shown, shown_in};
/// use flopbill::internals::units::{Usd, show::usd};
/// let yuan = Shown { code: Code::CNY, usd_per_unit: 0.15 };
/// assert_eq!(shown_in(yuan, || usd(Usd::new(30.0))), "¥200"); // by hand
/// assert_eq!(usd(Usd::new(30.0)), "$30.00");
/// ```
pub fn shown_in<T>(currency: Shown, make: impl FnOnce() -> T) -> T {
    /// Sets the former one back, whatever happens.
    struct Back(Shown);
    impl Drop for Back {
        fn drop(&mut self) {
            SHOWN.set(self.0);
        }
    }
    let _back = Back(SHOWN.replace(currency));
    make()
}
