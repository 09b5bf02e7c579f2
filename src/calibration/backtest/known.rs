//! Chips, models and factors by name, each read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::model::ModelProfile;
use crate::catalog::stack::{DEFAULT, DEFAULT_UNFUSED, StackProfile};
use crate::catalog::{Catalog, Kind};
use crate::error::Error;
use crate::model::flops::Kernel;
use crate::rows::runs::RunRow;
use crate::rows::steps::StepRow;
use crate::step::efficiency::Calibration;

/// What a back-test looks up by name.
#[derive(Debug)]
pub struct Known {
    /// Keeps what it has read.
    pub(super) catalog: Catalog,
    chips: BTreeMap<String, KnownChip>,
    stacks: BTreeMap<String, StackProfile>,
    calibrations: Calibrations,
}

/// The factors of every family, by name.
pub type Calibrations = BTreeMap<String, Calibration>;

/// What a row's chip is.
#[derive(Debug, Clone)]
pub(super) struct KnownChip {
    pub(super) profile: Arc<AcceleratorProfile>,
    /// The power that its name in the row says, in watts: `H100-96GB-500W`.
    pub(super) held: Option<f64>,
}

impl Known {
    /// Reads the factors of every family.
    ///
    /// # Errors
    /// A factors profile that is missing or wrong.
    pub fn new(catalog: &Catalog) -> Result<Self, Error> {
        Ok(Self::with(catalog, calibrations(catalog)?))
    }

    /// With these factors in place of the profiles'.
    pub fn with(catalog: &Catalog, calibrations: Calibrations) -> Self {
        let catalog = catalog.clone().remembering();
        Self { catalog, chips: BTreeMap::new(), stacks: BTreeMap::new(), calibrations }
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
        let none = |error: Error| match error.kind() {
            crate::error::Kind::UnknownName => format!("gpu: no accelerator profile is named `{name}`"),
            _ => error.to_string(),
        };
        let (found, held) = self.catalog.chip_of_a_table(name).map_err(none)?;
        let known = KnownChip { profile: Arc::new(found), held };
        self.chips.insert(name.to_owned(), known.clone());
        Ok(known)
    }

    /// The software of a row: the profile that it names, else the one that lists its framework, else the one that its
    /// notes or its source name, else the usual one of its month.
    pub(super) fn stack(&mut self, row: &StepRow) -> Result<StackProfile, String> {
        let unfused = row.attention_kernel == Some(Kernel::Unfused);
        let key = match row.stack.as_str() {
            "" => format!("|{}|{}|{unfused}", row.release, row.texts().join("|")),
            name => name.to_owned(),
        };
        if let Some(known) = self.stacks.get(&key) {
            return Ok(known.clone());
        }
        let catalog = &self.catalog;
        let month = row.month().map(|date| date.to_string());
        let usual = || match &month {
            _ if unfused => catalog.stack(DEFAULT_UNFUSED),
            Some(month) => catalog.usual_stack(month),
            None => catalog.stack(DEFAULT),
        };
        let found = match row.stack.as_str() {
            "" => catalog.stack_in_texts(&row.texts(), month.as_deref()).and_then(|found| found.map_or_else(usual, Ok)),
            name => catalog.stack(name),
        };
        let found = found.map_err(|error| format!("stack: {error}"))?;
        self.stacks.insert(key, found.clone());
        Ok(found)
    }

    /// The software of a run: the profile that it names, else the usual one of its month.
    pub(super) fn run_stack(&self, row: &RunRow) -> Result<String, String> {
        if !row.stack.is_empty() {
            return Ok(row.stack.clone());
        }
        let usual = self.catalog.usual_stack(&row.date).map_err(|error| format!("stack: {error}"))?;
        Ok(usual.id)
    }

    /// A model's profile, if one has its name.
    pub(super) fn model(&self, name: &str) -> Option<ModelProfile> {
        let listed = !crate::catalog::is_path(name) && self.catalog.has(Kind::Models, name);
        listed.then(|| self.catalog.model(name).ok()).flatten()
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
