//! Chips, models and factors by name, each read once.

use std::collections::BTreeMap;

use crate::Error;
use crate::catalog::{Catalog, Kind};
use crate::model::architecture::Architecture;
use crate::step::efficiency::Calibration;
use crate::step::machine::Machine;
use crate::units::Watts;

/// What a back-test looks up by name.
#[derive(Debug)]
pub struct Known<'a> {
    catalog: &'a Catalog,
    chips: BTreeMap<String, KnownChip>,
    shapes: BTreeMap<String, Option<Architecture>>,
    calibrations: Calibrations,
}

/// The factors of every family, by name.
pub type Calibrations = BTreeMap<String, Calibration>;

/// What a row's chip is.
#[derive(Debug, Clone)]
pub(super) struct KnownChip {
    pub(super) machine: Machine,
    /// The family whose factors time it.
    pub(super) family: String,
    /// The power of its sheet.
    pub(super) power: Option<Watts>,
}

impl<'a> Known<'a> {
    /// Reads the factors of every family.
    ///
    /// # Errors
    /// A factors profile that is missing or wrong.
    pub fn new(catalog: &'a Catalog) -> Result<Self, Error> {
        Ok(Self::with(catalog, calibrations(catalog)?))
    }

    /// With these factors in place of the profiles'.
    pub fn with(catalog: &'a Catalog, calibrations: Calibrations) -> Self {
        Self { catalog, chips: BTreeMap::new(), shapes: BTreeMap::new(), calibrations }
    }

    /// The factors of a family.
    ///
    /// # Errors
    /// No profile has its name.
    pub fn calibration(&self, family: &str) -> Result<&Calibration, String> {
        self.calibrations.get(family).ok_or_else(|| format!("no factors are known of `{family}`"))
    }

    /// A chip by its name: `H100-80GB-SXM` is looked up whole, then without its last part, and so on.
    pub(super) fn chip(&mut self, name: &str) -> Result<KnownChip, String> {
        if let Some(known) = self.chips.get(name) {
            return Ok(known.clone());
        }
        let mut short = name.to_lowercase().replace([' ', '_'], "-");
        let found = loop {
            match self.catalog.accelerator(&short) {
                Ok(profile) => break profile,
                Err(error) if error.kind() != crate::error::Kind::UnknownName => return Err(error.to_string()),
                Err(_) => match short.rfind('-') {
                    Some(at) => short.truncate(at),
                    None => return Err(format!("gpu: no accelerator profile is named `{name}`")),
                },
            }
        };
        let (machine, power) = (Machine::of(&found.chip), found.chip.power.tdp);
        let known = KnownChip { machine, family: found.chip.factors, power };
        self.chips.insert(name.to_owned(), known.clone());
        Ok(known)
    }

    /// The shape of a model, if a profile has its name.
    pub(super) fn shape(&mut self, name: &str) -> Option<Architecture> {
        let catalog = self.catalog;
        *self.shapes.entry(name.to_owned()).or_insert_with(|| {
            let plain = !crate::catalog::is_path(name);
            plain.then(|| catalog.model(name).ok().map(|profile| profile.shape)).flatten()
        })
    }
}

/// The factors of every family.
///
/// # Errors
/// A factors profile that is missing or wrong.
pub fn calibrations(catalog: &Catalog) -> Result<Calibrations, Error> {
    let one = |id: String| catalog.factors(&id).map(|profile| (id, profile.calibration));
    catalog.ids(Kind::Factors).into_iter().map(one).collect()
}
