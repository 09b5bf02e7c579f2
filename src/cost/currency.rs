//! Money in other currencies, at the rate of a day.

use crate::error::Error;
use crate::source::Source;
use crate::units::date::Date;

/// What one unit of a currency bought on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct DatedRate {
    /// ISO 4217 code, `CNY`.
    pub currency: String,
    /// The day, or the first day of the month, of the rate.
    pub date: Date,
    /// The date as its source gives it: `2026-09`.
    pub as_of: String,
    /// US dollars per unit.
    pub usd_per_unit: f64,
    /// Where it is from, where that is known.
    pub source: Option<Source>,
}

/// The rate of a currency to the US dollar that holds on a day: the latest not after it, or the earliest of all where none
/// is so early; the latest of all without a day.
///
/// # Formula
/// `usd = amount * usd_per_unit`
/// # Source
/// The table given; nothing is looked up.
///
/// # Errors
/// A currency that the table does not have.
///
/// ```
/// use flopbill::internals::cost::currency::{DatedRate, rate};
/// let of = |date: &str, usd_per_unit| {
///     Ok::<_, flopbill::Error>(DatedRate { currency: "CNY".into(), date: date.parse()?, as_of: date.into(), usd_per_unit, source: None })
/// };
/// let rates = [of("2025-12", 0.14)?, of("2026-09", 0.15)?];
/// let on = |day: &str| rate("cny", Some(day.parse()?), &rates).map(|rate| 1.4e6 * rate.usd_per_unit);
/// assert!((on("2026-01-14")? - 196_000.0).abs() < 1e-6); // by hand
/// assert!((on("2020-01-01")? - 196_000.0).abs() < 1e-6); // none is so early
/// assert!((on("2026-11-01")? - 210_000.0).abs() < 1e-6); // by hand
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn rate<'r>(currency: &str, day: Option<Date>, rates: &'r [DatedRate]) -> Result<&'r DatedRate, Error> {
    let named = || rates.iter().filter(|rate| rate.currency.eq_ignore_ascii_case(currency));
    let known = named().filter(|rate| day.is_none_or(|day| rate.date <= day)).max_by_key(|rate| rate.date);
    known.or_else(|| named().min_by_key(|rate| rate.date)).ok_or_else(|| {
        let known = rates.iter().map(|rate| rate.currency.as_str());
        let error = Error::unknown_name("currency", currency, known);
        if error.hint().is_some() { error } else { error.with_hint("add a dated rate to assumptions/currencies.toml") }
    })
}

/// Relative spread of an exchange rate some time ahead, as the sigma of a lognormal.
///
/// # Formula
/// `sigma = s * sqrt(years)`
/// # Source
/// Random walk in the logarithm; s is data.
///
/// ```
/// use flopbill::internals::cost::currency::spread;
/// use flopbill::internals::units::Seconds;
/// assert!((spread(0.03, Seconds::from_years(4.0)) - 0.06).abs() < 1e-15); // by hand
/// ```
pub fn spread(sigma_per_root_year: f64, ahead: crate::units::Seconds) -> f64 {
    sigma_per_root_year * ahead.years().max(0.0).sqrt()
}
