//! `profiles/assumptions/currencies.toml`: dated exchange rates, the one place that has them.

use super::price::quoted_source;
use super::{Catalog, Found, Kind};
use crate::cost::currency::DatedRate;
use crate::error::Error;
use crate::read::Reader;
use crate::source::Source;
use crate::units::date::Date;

/// What stands for the date of a rate that the user gives.
pub const OWN: &str = "money.rate";

impl Catalog {
    /// The exchange rates: the user's `assumptions/currencies.toml`, or the built-in one.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn rates(&self) -> Result<Vec<DatedRate>, Error> {
        let read = || currencies(&self.find(Kind::Assumptions, "currencies")?);
        let mut rates = self.remembered("currencies", |memo| &memo.rates, read)?;
        rates.retain(|rate| !self.rates.iter().any(|(code, _)| code.as_str() == rate.currency));
        rates.extend(self.rates.iter().map(|(code, usd_per_unit)| DatedRate {
            currency: code.to_string(),
            date: Date::MIN,
            as_of: OWN.into(),
            usd_per_unit: *usd_per_unit,
            source: None,
        }));
        Ok(rates)
    }

    /// The newest date of the facts that prices rest on.
    ///
    /// # Errors
    /// As [`Catalog::rates`].
    pub fn priced_until(&self) -> Result<Option<Date>, Error> {
        Ok(self.rates()?.iter().map(|rate| rate.date).max())
    }
}

/// Reads the rates.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn currencies(found: &Found) -> Result<Vec<DatedRate>, Error> {
    found.document.read(|r| {
        r.texts("aliases");
        r.text("name");
        let sources = r.sources();
        let rates = r.tables("currency", rate);
        r.require_sources(&sources, &["currency"]);
        Some(rates)
    })
}

fn rate(r: &Reader<'_>) -> Option<DatedRate> {
    let currency = r.need("code", r.text("code"));
    let usd_per_unit = r.need("usd_per_unit", r.number("usd_per_unit"));
    let (as_of, date) = (r.need("date", r.date("date")), r.day("date"));
    let (title, url, kind) = (r.text("source"), r.text("url"), quoted_source(r));
    if usd_per_unit.is_some_and(|rate| rate <= 0.0) {
        r.fail("usd_per_unit", Error::bad_input("an exchange rate is above zero"));
        return None;
    }
    let as_of = as_of?;
    let source = title.zip(kind).map(|(title, kind)| Source { title, url, as_of: as_of.clone(), kind, note: None });
    Some(DatedRate { currency: currency?, date: date?, as_of, usd_per_unit: usd_per_unit?, source })
}
