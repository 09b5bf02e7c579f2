//! What a planner should hear of an answer beside what has been published.

use super::Answer;
use super::looked_up::LookedUp;
use super::pacing::Pacing;
use super::settled::{Settled, Step};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::estimate::Estimate;
use crate::practice::{generation, records, scale, tokens};
use crate::solve::Var;
use crate::units::{Params, Tokens};

/// That the MFU passes every published one.
pub(super) fn rate(
    looked: &LookedUp<'_>,
    pacing: &Pacing,
    settled: &Settled,
    estimate: &Estimate,
) -> Result<Option<String>, Error> {
    let setting = pacing.setting();
    // Of frozen weights 6ND counts gradients that nobody computes.
    let frozen = setting.is_some_and(|setting| setting.model.shape.tuning.is_frozen());
    let (Some(mfu), Some(on)) = (estimate.mfu.filter(|_| !frozen), &looked.on) else { return Ok(None) };
    let spec = &looked.spec;
    let given = spec.precision.as_ref().map(|entry| entry.value);
    let fewer = |all: Params| spec.active_params.as_ref().is_some_and(|active| active.value < all);
    let all = spec.params.as_ref().map(|entry| entry.value);
    records::passed(&records::Rate {
        chip: &on.profile.chip,
        precision: given.or(setting.map(|setting| setting.precision)).unwrap_or(on.basis),
        mixture: setting.map_or_else(|| all.is_some_and(fewer), |setting| setting.model.shape.is_moe()),
        mfu,
        peak: on.peak,
        basis: on.basis,
        predicted: settled.step != Step::Given,
    })
}

/// That the run outlasts a generation of chips, or sees far more or fewer tokens than models of its size.
///
/// # Errors
/// A profile that does not read.
pub fn plans(answer: &Answer, catalog: &Catalog) -> Result<Vec<String>, Error> {
    let mut say = Vec::new();
    if let (Some(wall), Some(chip)) = (answer.estimate.total.wall_clock, &answer.chip) {
        say.extend(generation::outlasts(wall, &chip.chip.vendor, catalog)?);
    }
    if let Some(chips) = answer.estimate.chips.filter(|_| answer.prediction().is_some()) {
        say.extend(scale::beyond(chips)?);
    }
    let get = |var| answer.solved.knowns.get(var);
    // A model that is tuned has seen its tokens before.
    if let (Some(params), Some(seen), None) = (get(Var::Params), get(Var::Tokens), &answer.spec.tuning) {
        say.extend(tokens::far(Params::new(params), Tokens::new(seen))?);
    }
    Ok(say)
}
