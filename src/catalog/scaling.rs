//! `profiles/assumptions/scaling.toml`: the published scaling laws.

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::{Reader, Sources};
use crate::units::check::positive;
use crate::units::{Flop, Fraction};

/// The laws, with the source of each value.
#[derive(Debug, Clone)]
pub struct ScalingProfile {
    /// The laws by id, with their titles.
    pub laws: Vec<(String, String, Law)>,
    /// Other labs' power laws by id.
    pub power_laws: Vec<(String, PowerLaw)>,
    /// The id of the law that is used when none is named.
    pub default: String,
    /// The leverage of mixtures of experts.
    pub leverage: Leverage,
    /// Bytes of a parameter in training.
    pub bytes_per_param: f64,
    /// Part of the memory that may hold them.
    pub memory_share: Fraction,
    /// Where each value came from.
    pub sources: Sources,
}

impl ScalingProfile {
    /// The power law of an id.
    ///
    /// # Errors
    /// An unknown id, with the nearest.
    pub fn power_law(&self, id: &str) -> Result<&PowerLaw, Error> {
        let found = self.power_laws.iter().find(|(known, _)| known == id).map(|(_, law)| law);
        found.ok_or_else(|| {
            Error::unknown_name("power law", id, self.power_laws.iter().map(|(known, _)| known.as_str()))
        })
    }

    /// The law of an id.
    ///
    /// # Errors
    /// An unknown id, with the nearest.
    pub fn law(&self, id: &str) -> Result<&Law, Error> {
        let found = self.laws.iter().find(|(known, _, _)| known == id).map(|(_, _, law)| law);
        found
            .ok_or_else(|| Error::unknown_name("scaling law", id, self.laws.iter().map(|(known, _, _)| known.as_str())))
    }
}

/// A law `L = E + A / N^alpha + B / D^beta`, fitted to published runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    /// Numerator of the parameter term.
    pub a: f64,
    /// Numerator of the data term.
    pub b: f64,
    /// Loss that remains.
    pub e: f64,
    /// Exponent of the parameters.
    pub alpha: f64,
    /// Exponent of the tokens.
    pub beta: f64,
}

/// A quantity as a power of the training work, through a point that its authors printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerLaw {
    /// Work of the printed point.
    pub work: Flop,
    /// Value at that work.
    pub value: f64,
    /// Exponent.
    pub exponent: f64,
}

/// Fitted factors of the efficiency leverage of an MoE.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leverage {
    /// Exponent at no compute, granularity one.
    pub a: f64,
    /// Change of the exponent with the decimal logarithm of the work.
    pub d: f64,
    /// Change with the square of the binary logarithm of the granularity.
    pub gamma: f64,
    /// Change with the binary logarithm of the granularity.
    pub beta: f64,
    /// What is added to the activation ratio, so that it is never zero.
    pub start: f64,
}

impl Catalog {
    /// The scaling laws: the user's `assumptions/scaling.toml`, or the built-in one.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn scaling(&self) -> Result<ScalingProfile, Error> {
        scaling(&self.find(Kind::Assumptions, "scaling")?)
    }
}

/// Reads the laws.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn scaling(found: &Found) -> Result<ScalingProfile, Error> {
    found.document.read(|r| {
        r.texts("aliases");
        r.text("name");
        let sources = r.sources();
        let laws = r.tables("law", law);
        let power_laws = r.tables("power_law", power_law);
        let default = r.need("default", r.text("default"));
        let leverage = r.need("mixture", r.table("mixture", leverage));
        let memory = r.need("memory", r.table("memory", memory));
        r.require_sources(&sources, &[]);
        let (bytes_per_param, memory_share) = memory?;
        let default = default?;
        let known = || laws.iter().map(|(id, _, _)| id.as_str());
        if !known().any(|id| id == default) {
            r.fail("default", Error::unknown_name("scaling law", &default, known()));
        }
        Some(ScalingProfile { laws, power_laws, default, leverage: leverage?, bytes_per_param, memory_share, sources })
    })
}

fn numbers<const N: usize>(r: &Reader<'_>, keys: [&'static str; N]) -> Option<[f64; N]> {
    let found = keys.map(|key| r.need(key, r.number(key)));
    found.iter().all(Option::is_some).then(|| found.map(Option::unwrap_or_default))
}

fn law(r: &Reader<'_>) -> Option<(String, String, Law)> {
    let (id, title) = (r.need("id", r.text("id")), r.need("title", r.text("title")));
    let [log_a, log_b, log_e, alpha, beta] = numbers(r, ["log_a", "log_b", "log_e", "alpha", "beta"])?;
    let law = Law { a: log_a.exp(), b: log_b.exp(), e: log_e.exp(), alpha, beta };
    for (key, value) in [("log_a", law.a), ("log_b", law.b), ("log_e", law.e), ("alpha", alpha), ("beta", beta)] {
        positive(key, value).map_err(|error| r.fail(key, error)).ok()?;
    }
    Some((id?, title?, law))
}

fn power_law(r: &Reader<'_>) -> Option<(String, PowerLaw)> {
    let id = r.need("id", r.text("id"));
    let work = r.need("work", r.quantity("work"));
    let [value, exponent] = numbers(r, ["value", "exponent"])?;
    Some((id?, PowerLaw { work: work?, value, exponent }))
}

fn leverage(r: &Reader<'_>) -> Option<Leverage> {
    let [a, d, gamma, beta, start] = numbers(r, ["a", "d", "gamma", "beta", "start"])?;
    Some(Leverage { a, d, gamma, beta, start })
}

fn memory(r: &Reader<'_>) -> Option<(f64, Fraction)> {
    let found = (r.need("bytes_per_param", r.number("bytes_per_param")), r.need("share", r.quantity("share")));
    Some((found.0?, found.1?))
}
