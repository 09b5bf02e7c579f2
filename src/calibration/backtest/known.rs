//! Chips, models and factors by name, each read once.

use std::collections::BTreeMap;

use crate::Error;
use crate::catalog::Catalog;
use crate::model::architecture::Architecture;
use crate::step::efficiency::Calibration;
use crate::step::machine::{GENERATIONS, Generation, Machine};
use crate::units::Watts;

/// What a back-test looks up by name.
#[derive(Debug)]
pub struct Known<'a> {
    catalog: &'a Catalog,
    machines: BTreeMap<String, (Machine, Option<Watts>)>,
    shapes: BTreeMap<String, Option<Architecture>>,
    calibrations: [Calibration; GENERATIONS.len()],
}

impl<'a> Known<'a> {
    /// Reads the factors of every generation.
    ///
    /// # Errors
    /// A factors profile that is missing or wrong.
    pub fn new(catalog: &'a Catalog) -> Result<Self, Error> {
        Ok(Self::with(catalog, calibrations(catalog)?))
    }

    /// With these factors in place of the profiles'.
    pub fn with(catalog: &'a Catalog, calibrations: [Calibration; GENERATIONS.len()]) -> Self {
        Self { catalog, machines: BTreeMap::new(), shapes: BTreeMap::new(), calibrations }
    }

    /// The factors of a generation.
    pub fn calibration(&self, generation: Generation) -> &Calibration {
        let [ampere, hopper, blackwell] = &self.calibrations;
        match generation {
            Generation::Ampere => ampere,
            Generation::Hopper => hopper,
            Generation::Blackwell => blackwell,
        }
    }

    /// The machine of a chip and its power: `H100-80GB-SXM` is looked up whole, then without its last part, and so on.
    pub(super) fn machine(&mut self, name: &str) -> Result<(Machine, Option<Watts>), String> {
        if let Some(known) = self.machines.get(name) {
            return Ok(*known);
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
        let known = (Machine::of(&found.chip), found.chip.power.tdp);
        self.machines.insert(name.to_owned(), known);
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

/// The factors of every generation.
///
/// # Errors
/// A factors profile that is missing or wrong.
pub fn calibrations(catalog: &Catalog) -> Result<[Calibration; GENERATIONS.len()], Error> {
    let [(ampere, _), (hopper, _), (blackwell, _)] = GENERATIONS;
    Ok([
        catalog.factors(ampere)?.calibration,
        catalog.factors(hopper)?.calibration,
        catalog.factors(blackwell)?.calibration,
    ])
}
