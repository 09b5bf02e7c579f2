//! A question with the names in it looked up: the chip, the precision its MFU is quoted on, the run as its file has it.

use super::phases::Baseline;
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::error::Error;
use crate::hardware::precision::Precision;
use crate::input::file::{Entry, Origin, Spec};
use crate::input::question::Question;
use crate::model::params::{Embeddings, count};
use crate::predict::setting::model_of;
use crate::units::FlopPerSecond;

/// A chip, and the peak that the MFU is a share of.
#[derive(Debug, Clone)]
pub struct OnChip {
    /// The chip.
    pub profile: AcceleratorProfile,
    /// The format whose dense peak is meant.
    pub basis: Precision,
    /// That peak.
    pub peak: FlopPerSecond,
}

/// What was asked, with everything found that it names.
#[derive(Debug, Clone)]
pub struct LookedUp {
    /// What was asked, flags laid over the file, parameters counted from the model's shape where none are given.
    pub spec: Spec,
    /// What the file alone says.
    pub base: Spec,
    /// The chip that is asked about, if one was named.
    pub on: Option<OnChip>,
    /// The chip of the file, where that is another one.
    pub from: Option<OnChip>,
    /// The run as its file has it, on its own chip.
    pub baseline: Baseline,
}

impl LookedUp {
    /// Looks everything up.
    ///
    /// # Errors
    /// Values that do not read, unknown names, a peak that nobody published.
    pub fn of(question: &Question, catalog: &Catalog) -> Result<Self, Error> {
        let spec = completed(question.spec()?, catalog)?;
        let base = question.base.clone();
        let on = spec.gpu.as_ref().map(|gpu| OnChip::of(chip_of(gpu, catalog)?, &spec)).transpose()?;
        let own = match (&base.gpu, &on) {
            (Some(own), Some(on)) if spec.gpu.as_ref().is_some_and(|gpu| gpu.value != own.value) => {
                let profile = chip_of(own, catalog)?;
                (profile.chip.id != on.profile.chip.id).then(|| OnChip::of(profile, &spec)).transpose()?
            }
            _ => None,
        };
        let baseline = Baseline::of(&base, own.as_ref().or(on.as_ref()).map(|own| own.peak))?;
        Ok(Self { spec, base, on, from: own, baseline })
    }

    /// The peak that the MFU is a share of.
    pub fn peak(&self) -> Option<FlopPerSecond> {
        self.on.as_ref().map(|on| on.peak)
    }
}

impl OnChip {
    fn of(profile: AcceleratorProfile, spec: &Spec) -> Result<Self, Error> {
        let basis = basis(spec, &profile);
        let peak = peak_of(&profile, basis)?;
        Ok(Self { profile, basis, peak })
    }
}

/// Parameters from the model's shape, where the spec gives none.
fn completed(mut spec: Spec, catalog: &Catalog) -> Result<Spec, Error> {
    if spec.params.is_some() || spec.active_params.is_some() || spec.model.is_none() {
        return Ok(spec);
    }
    let Some(model) = model_of(&spec, catalog)? else { return Ok(spec) };
    let counted = count(&model.shape);
    let from = || Origin::Profile(format!("{}, counted from its shape", model.file));
    spec.params = Some(Entry::new(counted.total(), from()));
    if model.shape.experts.is_some() {
        spec.active_params = Some(Entry::new(counted.active(Embeddings::Counted), from()));
    }
    Ok(spec)
}

/// The chip of an entry.
///
/// # Errors
/// An unknown chip, located where it was named; a profile that is wrong.
pub fn chip_of(gpu: &Entry<String>, catalog: &Catalog) -> Result<AcceleratorProfile, Error> {
    catalog.accelerator(&gpu.value).map_err(|error| gpu.origin.locate(error))
}

/// The precision whose peak the MFU is quoted on: as given, else the 16-bit one, which the field uses for
/// narrower arithmetic too.
fn basis(spec: &Spec, chip: &AcceleratorProfile) -> Precision {
    let given = spec.mfu_basis.as_ref().or(spec.precision.as_ref()).map(|entry| entry.value);
    match given {
        Some(precision) if spec.mfu_basis.is_some() => precision,
        Some(precision) if chip.chip.peak.of(precision.wide()).is_some() => precision.wide(),
        _ => chip.chip.training_precision(),
    }
}

/// The peak that the MFU is a share of.
fn peak_of(chip: &AcceleratorProfile, basis: Precision) -> Result<FlopPerSecond, Error> {
    chip.chip.peak_of(basis).map_err(|error| {
        let (usual, has) = (chip.chip.training_precision(), error.hint().unwrap_or_default().to_owned());
        error.with_hint(format!("{has}; quote the MFU on one of these, as in --mfu-basis {usual}"))
    })
}
