//! The published laws: `profiles/assumptions/scaling.toml`.

use super::moe::Leverage;
use super::{Law, PowerLaw};
use crate::Error;
use crate::catalog::read::{Reader, Sources};
use crate::catalog::{Catalog, Found, Kind};
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

/// The scaling laws: the user's `assumptions/scaling.toml`, or the built-in one.
///
/// # Errors
/// A profile that does not hold what it should.
pub fn laws(catalog: &Catalog) -> Result<ScalingProfile, Error> {
    scaling(&catalog.find(Kind::Assumptions, "scaling")?)
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
        if !laws.iter().any(|(id, _, _)| *id == default) {
            r.fail("default", Error::unknown_name("scaling law", &default, laws.iter().map(|(id, _, _)| id.as_str())));
        }
        Some(ScalingProfile { laws, power_laws, default, leverage: leverage?, bytes_per_param, memory_share, sources })
    })
}

fn law(r: &Reader<'_>) -> Option<(String, String, Law)> {
    let names = (r.need("id", r.text("id")), r.need("title", r.text("title")));
    let [log_a, log_b, log_e, alpha, beta] =
        ["log_a", "log_b", "log_e", "alpha", "beta"].map(|key| r.need(key, r.number(key)));
    let law = Law { a: log_a?.exp(), b: log_b?.exp(), e: log_e?.exp(), alpha: alpha?, beta: beta? };
    law.check().map_err(|error| r.fail("alpha", error)).ok()?;
    Some((names.0?, names.1?, law))
}

fn power_law(r: &Reader<'_>) -> Option<(String, PowerLaw)> {
    let id = r.need("id", r.text("id"));
    let work: Option<Flop> = r.need("work", r.quantity("work"));
    let [value, exponent] = ["value", "exponent"].map(|key| r.need(key, r.number(key)));
    Some((id?, PowerLaw { work: work?, value: value?, exponent: exponent? }))
}

fn leverage(r: &Reader<'_>) -> Option<Leverage> {
    let [a, d, gamma, beta, start] = ["a", "d", "gamma", "beta", "start"].map(|key| r.need(key, r.number(key)));
    Some(Leverage { a: a?, d: d?, gamma: gamma?, beta: beta?, start: start? })
}

fn memory(r: &Reader<'_>) -> Option<(f64, Fraction)> {
    let found = (r.need("bytes_per_param", r.number("bytes_per_param")), r.need("share", r.quantity("share")));
    Some((found.0?, found.1?))
}
