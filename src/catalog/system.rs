//! `profiles/systems/`: nodes, racks and pods.

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::hardware::system::{SYSTEM_KINDS, System};
use crate::read::{Reader, Sources};

/// A system with the sources of its values.
#[derive(Debug, Clone)]
pub struct SystemProfile {
    /// The system.
    pub system: System,
    /// Where each value came from.
    pub sources: Sources,
}

impl Catalog {
    /// The system of this name.
    ///
    /// # Errors
    /// An unknown name, or a profile that does not hold what it should.
    pub fn system(&self, name: &str) -> Result<SystemProfile, Error> {
        system(&self.find(Kind::Systems, name)?)
    }
}

/// Reads one system.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn system(found: &Found) -> Result<SystemProfile, Error> {
    found.document.read(|r| {
        r.texts("aliases");
        let sources = r.sources();
        let system = body(r);
        r.require_sources(&sources, &["accelerator", "kind"]);
        Some(SystemProfile { system: system?, sources })
    })
}

fn body(r: &Reader<'_>) -> Option<System> {
    let name = r.need("name", r.text("name"));
    let accelerator = r.need("accelerator", r.text("accelerator"));
    let chips = r.need("chips", r.integer("chips"));
    let kind = r.need("kind", r.choice("kind", &SYSTEM_KINDS));
    let power_max = r.quantity("power_max");
    let (price_low, price_high) = (r.quantity("price_low"), r.quantity("price_high"));
    Some(System {
        name: name?,
        accelerator: accelerator?,
        chips: chips?.max(1),
        kind: kind?,
        power_max,
        price_low,
        price_high,
    })
}
