//! What a question says of its model beyond its shape: how its documents are packed, and which weights are trained.

use super::batch::StepBatch;
use super::towers::with_towers;
use crate::catalog::model::ModelProfile;
use crate::error::Error;
use crate::input::file::Spec;
use crate::layout::fixed::Fixed;
use crate::model::flops::Recompute;
use crate::model::tuning::{Trained, Tuning};

/// Sequences of a step of tuning (Dettmers et al. 2023, arXiv:2305.14314, tune with 16 to 64).
const TUNED_BATCH: u32 = 64;

/// Rank of adapters where nobody gives one (Hugging Face PEFT's usual 8 to 64).
const RANK: u32 = 16;

/// The model as a question trains it: on its documents, with the weights frozen that are not trained, and its towers.
///
/// # Errors
/// Fields that contradict each other, or the model.
pub fn as_asked(model: ModelProfile, spec: &Spec, chosen: &mut Vec<String>) -> Result<ModelProfile, Error> {
    let model = as_trained(in_documents(model, spec), spec, chosen)?;
    chosen.extend(of_its_class(&model));
    with_towers(model, spec, chosen)
}

/// The model on documents that do not see each other, where their length is given.
fn in_documents(mut model: ModelProfile, spec: &Spec) -> ModelProfile {
    if let Some(entry) = &spec.document_length {
        model.shape.document = entry.value.get().clamp(1.0, f64::from(u32::MAX)) as u32;
    }
    model
}

/// The model with the weights frozen that are not trained.
fn as_trained(mut model: ModelProfile, spec: &Spec, chosen: &mut Vec<String>) -> Result<ModelProfile, Error> {
    let trained = spec.tuning.as_ref().map_or(Trained::Full, |entry| entry.value);
    let rank = spec.lora_rank.as_ref();
    if trained == Trained::Full {
        let Some(rank) = rank else { return Ok(model) };
        let error = Error::bad_input("run.lora_rank: a rank of adapters, and all weights are trained");
        return Err(rank.origin.locate(error.about("run.lora_rank").with_hint("add --tuning lora, or leave it out")));
    }
    if rank.is_none() {
        chosen.push(format!("adapters of rank {RANK}, assumed"));
    }
    model.shape.tuning = Tuning::of(trained, rank.map_or(RANK, |entry| entry.value));
    let adapters =
        "adapters beside every product but those of routers and routed experts, compared with no measured step";
    chosen.push(format!("{adapters}; frozen weights have no gradients, which 6ND counts all the same"));
    Ok(model)
}

/// The layout with everything computed again where activations wait on the host and nobody says what is: the inputs of
/// layers alone go over the link.
pub(super) fn offloaded(given: Fixed, spec: &Spec, chosen: &mut Vec<String>) -> Fixed {
    let away = spec.offload.as_ref().is_some_and(|entry| entry.value.activations());
    if !away || given.recompute.is_some() {
        return given;
    }
    chosen.push("full recompute: the inputs of layers alone are offloaded, assumed".into());
    Fixed { recompute: Some(Recompute::Full), ..given }
}

/// That the model's file leaves to its class how wide or deep it is, where it does.
fn of_its_class(model: &ModelProfile) -> Option<String> {
    let values = model.assumed.join(", ");
    (!values.is_empty()).then(|| format!("its file does not say, and its class has: {values}"))
}

/// Sequences of a step of tuning with adapters, where nobody gives them: batches of pre-training are far larger.
pub(super) fn tuned_batch(spec: &Spec, chosen: &mut Vec<String>) -> Option<StepBatch> {
    let tuned = spec.tuning.as_ref().is_some_and(|entry| entry.value != Trained::Full);
    tuned.then(|| {
        chosen.push(format!("{TUNED_BATCH} sequences a step of tuning, assumed"));
        StepBatch::Known(TUNED_BATCH)
    })
}
