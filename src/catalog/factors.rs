//! `profiles/factors/`: TOML to [`Calibration`].

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::{Reader, Sources};
use crate::step::efficiency::{COUNT, Calibration, Factors, NAMES, Prior};

/// The factors of one chip generation, with their sources.
#[derive(Debug, Clone)]
pub struct FactorProfile {
    /// The profile's id: `hopper`.
    pub id: String,
    /// Values and priors.
    pub calibration: Calibration,
    /// Where they come from.
    pub sources: Sources,
}

impl Catalog {
    /// The factors of this generation.
    ///
    /// # Errors
    /// An unknown name, or a profile that lacks a factor or holds one out of its bounds.
    pub fn factors(&self, name: &str) -> Result<FactorProfile, Error> {
        self.remembered(name, |memo| &memo.factors, || factors(&self.find(Kind::Factors, name)?))
    }

    /// The same without where they come from.
    ///
    /// # Errors
    /// As [`Catalog::factors`].
    pub fn calibration(&self, name: &str) -> Result<Calibration, Error> {
        let read = || factors(&self.find(Kind::Factors, name)?);
        self.remembered_part(name, |memo| &memo.factors, read, |profile| profile.calibration)
    }
}

/// Reads one generation's factors.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn factors(found: &Found) -> Result<FactorProfile, Error> {
    found.document.read(|r| {
        let (_, _, sources) = (r.text("name"), r.texts("aliases"), r.sources());
        let fitted = r.need("factors", r.table("factors", calibration));
        r.require_sources(&sources, &[]);
        let (factors, priors) = fitted?;
        Some(FactorProfile { id: found.id.clone(), calibration: Calibration { factors, priors }, sources })
    })
}

fn calibration(r: &Reader<'_>) -> Option<(Factors, [Prior; COUNT])> {
    let mut values = [0.0; COUNT];
    let mut priors = [Prior { low: 0.0, high: 0.0, value: 0.0, spread: 0.0 }; COUNT];
    let mut complete = true;
    for ((name, value), prior) in NAMES.into_iter().zip(&mut values).zip(&mut priors) {
        match r.need(name, r.table(name, |factor| one(factor, name))) {
            Some(read) => (*value, *prior) = read,
            None => complete = false,
        }
    }
    complete.then(|| (Factors::from_values(&values), priors))
}

fn one(r: &Reader<'_>, name: &str) -> Option<(f64, Prior)> {
    let number = |key: &'static str| r.need(key, r.number(key));
    let (value, low, high) = (number("value"), number("low"), number("high"));
    let (prior, spread) = (number("prior"), number("spread"));
    let (value, low, high, prior, spread) = (value?, low?, high?, prior?, spread?);
    if !(low > 0.0 && low <= value && value <= high && low <= prior && prior <= high && spread >= 0.0) {
        r.fail("value", Error::bad_input(format!("`{name}`: 0 < low <= value, prior <= high must hold")));
        return None;
    }
    Some((value, Prior { low, high, value: prior, spread }))
}
