//! `profiles/assumptions/memory.toml`: how far predicted memory is from measured.

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::Sources;

/// The spread of predicted memory about the measured.
#[derive(Debug, Clone, PartialEq)]
pub struct MemorySpread {
    /// Standard deviation of the logarithm, of stacks whose memory was measured.
    pub measured: f64,
    /// Of other stacks.
    pub other: f64,
    /// The stacks whose memory was measured.
    pub stacks: Vec<String>,
    /// Where they come from.
    pub sources: Sources,
}

impl MemorySpread {
    /// Of a stack.
    pub fn of(&self, stack: &str) -> f64 {
        if self.stacks.iter().any(|known| known == stack) { self.measured } else { self.other }
    }
}

/// The shipped spread, or a user's.
///
/// # Errors
/// A profile that does not hold what it should.
pub fn memory_spread(catalog: &Catalog) -> Result<MemorySpread, Error> {
    catalog.remembered("memory", |memo| &memo.memory_spreads, || read(&catalog.find(Kind::Assumptions, "memory")?))
}

/// Reads the profile.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn read(found: &Found) -> Result<MemorySpread, Error> {
    found.document.read(|r| {
        let (_, _, sources) = (r.text("name"), r.texts("aliases"), r.sources());
        let spread = |key: &'static str| {
            let value = r.need(key, r.number(key))?;
            let fits = value > 0.0 && value < 1.0;
            if !fits {
                r.fail(key, Error::bad_input(format!("{value} is no spread: it lies between 0 and 1")));
            }
            fits.then_some(value)
        };
        let (measured, other) = (spread("measured"), spread("other"));
        let stacks = r.texts("stacks");
        r.require_sources(&sources, &["stacks"]);
        Some(MemorySpread { measured: measured?, other: other?, stacks, sources })
    })
}
