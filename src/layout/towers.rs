//! Memory of towers beside the language model, on the first stage.

use crate::layout::fit::Parts;
use crate::layout::layers::OnChip;
use crate::layout::parallelism::{Layout, Schedule, ZeroStage};
use crate::model::architecture::Architecture;
use crate::model::flops::{Kernel, Recompute};
use crate::model::memory::{self, Keeping, MicroBatch};
use crate::model::tower::TowerWork;
use crate::units::Bytes;

/// Bytes of a frozen weight.
const FROZEN: f64 = 2.0;

/// Bytes that one chip keeps of trained towers for the patches that go with so many tokens.
///
/// # Formula
/// as a layer of the language model, for each layer of a trained tower; of a frozen one, and of what stands around the
/// layers, nothing
/// # Source
/// as [`memory::layer()`]
pub(super) fn kept(shape: &Architecture, tokens: f64, keeping: &Keeping) -> Bytes {
    let keeping = &Keeping { kernel: Kernel::Fused, ..*keeping };
    let of = |part: &TowerWork| {
        part.tower.blocks.map_or(Bytes::ZERO, |blocks| {
            let batch = MicroBatch { tokens: part.patches(tokens), seq_len: f64::from(blocks.picture) };
            memory::layer(blocks.width, &blocks.layer, batch, keeping) * f64::from(blocks.count)
        })
    };
    shape.towers.each().filter(|part| part.trained).map(of).fold(Bytes::ZERO, |sum, one| sum + one)
}

/// Bytes that one chip needs while it computes a layer of a trained tower again and runs it backward, beyond what it keeps.
///
/// # Formula
/// as a layer of the language model
/// # Source
/// as [`memory::working_set`]
pub(super) fn working_set(shape: &Architecture, tokens: f64, layout: &Layout) -> Bytes {
    let keeping = &Keeping { kernel: Kernel::Fused, ..layout.keeping() };
    let of = |part: &TowerWork| {
        part.tower.blocks.map_or(Bytes::ZERO, |blocks| {
            let batch = MicroBatch { tokens: part.patches(tokens), seq_len: f64::from(blocks.picture) };
            let whole = memory::working_set(blocks.width, &blocks.layer, batch, keeping);
            match layout.recompute {
                _ if layout.autograd.is_plain() => whole - memory::layer(blocks.width, &blocks.layer, batch, keeping),
                Recompute::Full => whole,
                Recompute::None | Recompute::Selective => Bytes::ZERO,
            }
        })
    };
    shape.towers.each().filter(|part| part.trained).map(of).fold(Bytes::ZERO, Bytes::max)
}

impl Parts<'_> {
    /// What of the towers' activations stays on the chip where those of the language model's layers wait on the host.
    pub(super) fn towers_stay(&self, stage: u32) -> Bytes {
        let dual = self.layout.schedule == Schedule::DualPipe && stage + 1 == self.layout.pp;
        if stage == 0 || dual { self.layers.first_activations * self.in_flight.on(0) } else { Bytes::ZERO }
    }

    /// Weights, gradients and optimizer bytes with those of towers.
    ///
    /// # Formula
    /// trained ones as every weight, frozen ones 2 bytes a parameter; ZeRO splits both
    /// # Source
    /// Rajbhandari et al. 2020, arXiv:1910.02054, section 5.
    pub(super) fn with_towers(&self, held: &OnChip, copies: f64, own: (Bytes, Bytes, Bytes)) -> (Bytes, Bytes, Bytes) {
        let ([trained, frozen], [shards, _]) = (held.towers, self.shards);
        if trained + frozen == 0.0 {
            return own;
        }
        let (zero, bytes) = (self.layout.zero, &self.bytes);
        let ways = |from: ZeroStage| if zero >= from { shards } else { 1.0 };
        let copies = if zero == ZeroStage::None { 1.0 } else { copies };
        let weights = (bytes.weights * trained + FROZEN * frozen) / ways(ZeroStage::Weights);
        let gradients = bytes.gradients * trained / ways(ZeroStage::Gradients);
        let optimizer = bytes.optimizer * trained / ways(ZeroStage::Optimizer) / copies;
        (own.0 + Bytes::new(weights), own.1 + Bytes::new(gradients), own.2 + Bytes::new(optimizer))
    }
}
