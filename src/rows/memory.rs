//! Measured memory: rows of a CSV file, each a peak on one chip, or a layout that ran or ran out of memory.

use serde::{Deserialize, Deserializer};

use super::steps::StepRow;
use super::table::{Named, Row, choice, shipped as all};
use crate::error::Error;
use crate::hardware::precision::{Precision, States};
use crate::layout::parallelism::{Schedule, ZeroStage};
use crate::model::flops::Recompute;

/// One measurement. A blank cell is `None`: what is missing is chosen as for any question.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct MemoryRow {
    /// Identifier, unique in its file.
    pub id: String,
    /// The row of measured steps that it belongs to.
    pub step_row: String,
    /// Publication.
    pub source: String,
    /// Model name.
    pub model: String,
    /// Layers, where the model is cut to fewer than its own.
    pub layers: Option<u32>,
    /// Chip name.
    pub gpu: String,
    /// Chips.
    pub num_gpus: Option<u32>,
    /// Tensor-parallel degree.
    pub tp: Option<u32>,
    /// Pipeline-parallel degree.
    pub pp: Option<u32>,
    /// Virtual stages a chip.
    pub vpp: Option<u32>,
    /// Context-parallel degree.
    pub cp: Option<u32>,
    /// Expert-parallel degree.
    pub ep: Option<u32>,
    /// Data-parallel degree, context excluded.
    pub dp: Option<u32>,
    /// Sequences a micro-batch.
    pub micro_batch: Option<u32>,
    /// Sequences a step.
    pub global_batch_seqs: Option<u32>,
    /// Tokens a sequence.
    pub seq_len: Option<u32>,
    /// Format of the matrix products.
    #[serde(deserialize_with = "choice")]
    pub precision: Option<Precision>,
    /// What the backward pass computes again.
    #[serde(deserialize_with = "choice")]
    pub recompute: Option<Recompute>,
    /// Software, if stated.
    pub framework: String,
    /// The profile of its software; without it the one that lists the framework.
    pub stack: String,
    /// What replicas share, where it is not what the stack does.
    #[serde(deserialize_with = "choice")]
    pub zero: Option<ZeroStage>,
    /// The same by name, such as `ZeRO-1 (distributed optimizer)`; what FSDP keeps gathered, its stack says.
    #[serde(deserialize_with = "sharding")]
    pub sharding: Option<ZeroStage>,
    /// The order of forward and backward passes, where it is not the stack's.
    #[serde(deserialize_with = "choice")]
    pub schedule: Option<Schedule>,
    /// What is kept for a parameter.
    #[serde(deserialize_with = "choice")]
    pub states: Option<States>,
    /// What the peak counts; what the allocator holds where it does not say.
    #[serde(deserialize_with = "choice")]
    pub basis: Option<Basis>,
    /// The measured peak of the fullest chip, in GiB.
    pub peak_gib: Option<f64>,
    /// Memory of a chip that software can have, in GiB.
    pub of_gib: Option<f64>,
    /// Whether it ran; it ran out of memory otherwise.
    pub fits: Option<bool>,
    /// Free text, for people.
    pub notes: String,
}

impl Row for MemoryRow {
    const NEEDED: &'static [&'static str] = &["id", "model", "gpu", "num_gpus"];
    const UNUSED: &'static [&'static str] = &["note"];
    fn id(&mut self) -> &mut String {
        &mut self.id
    }
}

/// The stages of ZeRO by the names that tables give them; another name says nothing.
fn sharding<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ZeroStage>, D::Error> {
    Ok(match String::deserialize(from)?.to_lowercase().as_str() {
        "zero-1" | "zero-1 (distributed optimizer)" => Some(ZeroStage::Optimizer),
        "zero-2" => Some(ZeroStage::Gradients),
        "zero-3" => Some(ZeroStage::Weights),
        _ => None,
    })
}

/// What a measured peak counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// What tensors hold at the fullest moment (`max_memory_allocated`).
    Allocated,
    /// What the allocator has from the device, with the gaps between tensors (`max_memory_reserved`).
    Reserved,
    /// What the device has given out, with the workspace of the runtime and the libraries.
    Device,
}

impl Named for Basis {
    const NAMES: &'static [(&'static str, Self)] =
        &[("allocated", Self::Allocated), ("reserved", Self::Reserved), ("device", Self::Device)];
}

impl MemoryRow {
    /// The same as a row of measured steps, whose path to a prediction it shares.
    ///
    /// A model that is called `llama3-70b-l12` is `llama3-70b` with 12 layers, where no profile has the whole name.
    pub fn as_step(&self) -> StepRow {
        StepRow {
            id: self.id.clone(),
            source: self.source.clone(),
            model: self.model.clone(),
            gpu: self.gpu.clone(),
            num_gpus: self.num_gpus,
            tp: self.tp,
            pp: self.pp,
            vpp: self.vpp,
            cp: self.cp,
            ep: self.ep,
            dp: self.dp,
            micro_batch: self.micro_batch,
            global_batch_seqs: self.global_batch_seqs,
            seq_len: self.seq_len,
            precision: self.precision,
            recompute: self.recompute,
            framework: self.framework.clone(),
            stack: self.stack.clone(),
            zero: self.zero.or(self.sharding),
            schedule: self.schedule,
            states: self.states,
            ..StepRow::default()
        }
    }

    /// The model and the layers that it is cut to, from a name such as `llama3-70b-l12`.
    pub fn cut(&self) -> (&str, Option<u32>) {
        let named = self.model.rsplit_once("-l").and_then(|(model, layers)| Some((model, layers.parse().ok()?)));
        match (self.layers, named) {
            (None, Some((model, layers))) => (model, Some(layers)),
            (layers, _) => (&self.model, layers),
        }
    }
}

/// The rows that come with flopbill.
///
/// # Errors
/// None in a build whose tests pass.
pub fn shipped() -> Result<Vec<MemoryRow>, Error> {
    let mut rows = Vec::new();
    for (name, text) in super::shipped_files().filter(|(name, _)| *name == "memory") {
        rows.extend(all::<MemoryRow>(name, text)?);
    }
    Ok(rows)
}
