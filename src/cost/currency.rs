//! Money in other currencies, at the rate of a day.

use crate::error::Error;
use crate::units::Usd;
use crate::units::check::positive;
use crate::units::date::Date;

/// What one unit of a currency bought on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct DatedRate {
    /// ISO 4217 code, `CNY`.
    pub currency: String,
    /// The day of the rate.
    pub date: Date,
    /// US dollars per unit.
    pub usd_per_unit: f64,
}

/// An amount in dollars, and the day whose rate made it so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Converted {
    /// The amount.
    pub usd: Usd,
    /// The day of the rate that was used.
    pub rate_date: Date,
}

/// An amount of a currency in US dollars, at the last rate known on a day.
///
/// # Formula
/// `amount * usd_per_unit`, of the latest rate not after the day
/// # Source
/// The table given; nothing is looked up.
///
/// ```
/// use flopbill::internals::cost::currency::{DatedRate, to_usd};
/// let rates = [DatedRate { currency: "CNY".into(), date: "2025-12".parse()?, usd_per_unit: 0.14 }];
/// let module = to_usd(1.4e6, "cny", "2026-01-14".parse()?, &rates)?;
/// assert!((module.usd.get() - 196_000.0).abs() < 1e-6); // by hand
/// assert!(to_usd(1.0, "CNY", "2020-01-01".parse()?, &rates).is_err()); // no rate that old
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn to_usd(amount: f64, currency: &str, date: Date, rates: &[DatedRate]) -> Result<Converted, Error> {
    if currency.eq_ignore_ascii_case("USD") {
        return Ok(Converted { usd: Usd::new(amount), rate_date: date });
    }
    let named = |rate: &&DatedRate| rate.currency.eq_ignore_ascii_case(currency);
    if !rates.iter().any(|rate| named(&rate)) {
        return Err(Error::unknown_name("currency", currency, rates.iter().map(|rate| rate.currency.as_str())));
    }
    let known = rates.iter().filter(named).filter(|rate| rate.date <= date).max_by_key(|rate| rate.date);
    let Some(rate) = known else {
        return Err(Error::bad_input(format!("no rate of {currency} is known on {date}"))
            .with_hint("give a later date, or add a dated rate"));
    };
    positive("the exchange rate", rate.usd_per_unit)?;
    Ok(Converted { usd: Usd::new(amount * rate.usd_per_unit), rate_date: rate.date })
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
