//! What the layers and the ends of a model hold on one chip, whatever the stages and the replicas.

use crate::layout::parallelism::Layout;
use crate::model::architecture::{Architecture, Mlp};
use crate::model::flops::Recompute;
use crate::model::memory::{self, MicroBatch};
use crate::model::params::{self, LayerParams};
use crate::units::Bytes;

/// What layers hold, alike for all layouts that differ in stages, replicas, schedule and ZeRO alone.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    pub(super) shape: &'a Architecture,
    /// Parameters on one chip of a layer with a dense MLP.
    pub(super) dense: OnChip,
    /// Of one with experts.
    pub(super) moe: OnChip,
    /// Beyond its layers of the first stage, of the last, and of the only one.
    pub(super) ends: [OnChip; 3],
    /// Of the layer with the most, with its experts.
    pub(super) largest: f64,
    /// Of the head.
    pub(super) head: f64,
    /// Mixtures among the layers.
    pub(super) mixed: f64,
    pub(super) dense_activations: Bytes,
    pub(super) moe_activations: Bytes,
    /// Of multi-token prediction, on the last stage.
    pub(super) last_activations: Bytes,
    pub(super) working_set: Bytes,
    pub(super) logits: Bytes,
    /// Blocks that the allocator keeps unused at the loss.
    pub(super) unused: Bytes,
}

/// Parameters on one chip, those of experts apart because fewer chips hold them alike.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OnChip {
    pub(super) shared: f64,
    pub(super) experts: f64,
}

impl OnChip {
    pub(super) fn plus(self, n: f64, other: &Self) -> Self {
        Self { shared: self.shared + n * other.shared, experts: self.experts + n * other.experts }
    }
}

impl<'a> Layers<'a> {
    /// Of a layout's tp, cp, ep, micro-batch, recompute and formats.
    ///
    /// # Formula
    /// [`params::layer`] and [`memory::layer`] of either kind of layer
    /// # Source
    /// as [`super::fit::fit()`]
    pub fn of(shape: &'a Architecture, layout: &Layout) -> Self {
        let keeping = layout.keeping();
        let seq_len = f64::from(layout.seq_len);
        let tokens = f64::from(layout.micro_batch) * seq_len / f64::from(layout.cp.max(1));
        let batch = MicroBatch { tokens, seq_len };
        let (dense, moe) = (params::layer(shape, Mlp::Dense), params::layer(shape, Mlp::Moe));
        let dense_activations = memory::layer(shape, Mlp::Dense, batch, &keeping);
        let moe_activations = memory::layer(shape, Mlp::Moe, batch, &keeping);
        let vocab = layout.padded_vocab(shape.vocab) as f64;
        let (heaviest, last) = match shape.last_mlp() {
            Mlp::Dense => (Mlp::Dense, dense_activations),
            Mlp::Moe => (Mlp::Moe, moe_activations),
        };
        Self {
            shape,
            dense: layer(&dense, layout),
            moe: layer(&moe, layout),
            ends: ends(shape, &moe, layout),
            largest: largest(shape, [&dense, &moe], layout),
            head: table(shape, layout),
            mixed: f64::from(shape.moe_layers()) / f64::from(shape.layers.max(1)),
            dense_activations,
            moe_activations,
            last_activations: last * f64::from(shape.mtp_modules),
            working_set: match layout.recompute {
                // Without what is kept of the layer anyway.
                _ if layout.autograd.is_plain() => memory::working_set(shape, heaviest, batch, &keeping) - last,
                Recompute::Full => memory::working_set(shape, heaviest, batch, &keeping),
                Recompute::None | Recompute::Selective => Bytes::ZERO,
            },
            logits: memory::logits(shape, vocab, tokens, &keeping),
            unused: memory::unused_blocks(vocab, tokens, &keeping),
        }
    }
}

/// Parameters on one chip of one layer.
fn layer(layer: &LayerParams, layout: &Layout) -> OnChip {
    let split = (layer.attention + layer.dense_mlp + layer.shared_experts).get() / f64::from(layout.tp.max(1));
    let whole = (layer.norms + layer.router).get();
    OnChip { shared: split + whole, experts: layer.routed_experts.get() / expert_ways(layout) }
}

/// Chips that share a layer's experts.
fn expert_ways(layout: &Layout) -> f64 {
    f64::from(layout.ep.max(1)) * f64::from(layout.etp.max(1))
}

/// Parameters on one chip beyond its layers: of the first stage, of the last, and of the only one.
fn ends(shape: &Architecture, moe: &LayerParams, layout: &Layout) -> [OnChip; 3] {
    let counted = params::count(shape);
    let tp = f64::from(layout.tp.max(1));
    let table = table(shape, layout);
    let module_experts = moe.routed_experts.get() * f64::from(shape.mtp_modules);
    let modules =
        OnChip { shared: (counted.mtp.get() - module_experts) / tp, experts: module_experts / expert_ways(layout) };
    let first = OnChip { shared: table + counted.positions.get(), experts: 0.0 };
    // A tied head is a copy of the embedding wherever the first stage is another chip.
    let last = modules.plus(1.0, &OnChip { shared: table, experts: 0.0 });
    let only = first.plus(1.0, if counted.tied { &modules } else { &last });
    [first, last, only]
}

/// Parameters on one chip of the embedding, or of the head.
fn table(shape: &Architecture, layout: &Layout) -> f64 {
    layout.padded_vocab(shape.vocab) as f64 * f64::from(shape.hidden) / f64::from(layout.tp.max(1))
}

/// Parameters on one chip of the layer with the most.
fn largest(shape: &Architecture, [dense, moe]: [&LayerParams; 2], layout: &Layout) -> f64 {
    let tp = f64::from(layout.tp.max(1));
    let moe = moe.shared_by_all().get() / tp + moe.routed_experts.get() / expert_ways(layout);
    let dense = if shape.dense_layers() > 0 { dense.total().get() / tp } else { 0.0 };
    if shape.experts.is_some() { moe.max(dense) } else { dense }
}
