//! What a question says of its model beyond its shape: how its documents are packed, and which weights are trained.

use crate::catalog::model::ModelProfile;
use crate::error::Error;
use crate::input::file::Spec;
use crate::model::tuning::{Trained, Tuning};

/// Rank of adapters where nobody gives one (Hugging Face PEFT's usual 8 to 64).
const RANK: u32 = 16;

/// The model on documents that do not see each other, where their length is given.
pub fn in_documents(mut model: ModelProfile, spec: &Spec) -> ModelProfile {
    if let Some(entry) = &spec.document_length {
        model.shape.document = entry.value.get().clamp(1.0, f64::from(u32::MAX)) as u32;
    }
    model
}

/// The model with the weights frozen that are not trained.
pub(super) fn as_trained(
    mut model: ModelProfile,
    spec: &Spec,
    chosen: &mut Vec<String>,
) -> Result<ModelProfile, Error> {
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
    let adapters = "adapters beside every product but those of routers and routed experts";
    chosen.push(format!("{adapters}; frozen weights have no gradients, which 6ND counts all the same"));
    Ok(model)
}
