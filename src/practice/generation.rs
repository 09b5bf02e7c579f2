//! How long a generation of chips is: the time between the first chips of one design and those of the next.

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Kind};
use crate::error::Error;
use crate::units::date::Date;
use crate::units::{Seconds, show};

/// Chips that reach each other at full rate in a training machine: smaller domains are of cards for other work.
const DOMAIN: u32 = 8;

/// Designs from which a vendor's time between generations is taken; one with fewer borrows another's. An assumption.
const ENOUGH: usize = 3;

/// The vendor whose generations stand in.
const USUAL: &str = "NVIDIA";

/// No two generations are closer: a shorter run needs no look at the dates.
const LEAST: Seconds = Seconds::from_days(300.0);

/// The time between a vendor's generations.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// Whose they are.
    pub vendor: String,
    /// The designs with the day of their first chip, the earliest first.
    pub designs: Vec<(String, Date)>,
    /// The mean time from one to the next.
    pub between: Seconds,
}

/// The generations of a vendor by the release dates in the profiles of its chips for training; another vendor's where
/// fewer than three designs are known.
///
/// # Errors
/// A profile that does not read.
pub fn generations(vendor: &str, catalog: &Catalog) -> Result<Option<Generation>, Error> {
    let mut first: BTreeMap<(String, String), Date> = BTreeMap::new();
    for id in catalog.ids(Kind::Accelerators) {
        let chip = catalog.accelerator(&id)?.chip;
        let Some(Ok(released)) = chip.release.as_deref().map(str::parse::<Date>) else { continue };
        if chip.scale_up.domain.is_some_and(|domain| domain >= DOMAIN) {
            let known = first.entry((chip.vendor, chip.architecture)).or_insert(released);
            *known = released.min(*known);
        }
    }
    let of = |vendor: &str| {
        let own = first.iter().filter(|((of, _), _)| of == vendor);
        let mut designs: Vec<(String, Date)> = own.map(|((_, design), date)| (design.clone(), *date)).collect();
        designs.sort_by_key(|(_, date)| *date);
        let (oldest, newest) = (designs.first()?.1, designs.last()?.1);
        let steps = designs.len().checked_sub(1).filter(|_| designs.len() >= ENOUGH)?;
        let between = oldest.until(newest) * (1.0 / steps as f64);
        Some(Generation { vendor: vendor.to_owned(), designs, between })
    };
    Ok(of(vendor).or_else(|| of(USUAL)))
}

/// That a run takes longer than a generation of chips, with the dates that say so.
///
/// # Errors
/// As [`generations`].
pub fn outlasts(wall: Seconds, vendor: &str, catalog: &Catalog) -> Result<Option<String>, Error> {
    if wall < LEAST {
        return Ok(None);
    }
    let Some(found) = generations(vendor, catalog)?.filter(|found| wall > found.between) else { return Ok(None) };
    let month = |date: &Date| date.to_string().get(..7).map(str::to_owned).unwrap_or_default();
    let dated: Vec<String> = found.designs.iter().map(|(name, date)| format!("{name} {}", month(date))).collect();
    let other = if found.vendor == vendor {
        String::new()
    } else {
        format!("; assumed for {vendor}, of which too few designs are known")
    };
    Ok(Some(format!(
        "the run takes {} years, longer than a generation of chips: {} years between {}'s on average, by the release \
         dates in the profiles ({}){other}: chips bought in steps may finish sooner",
        show::number(wall.years(), 2),
        show::number(found.between.years(), 2),
        found.vendor,
        dated.join(", ")
    )))
}
