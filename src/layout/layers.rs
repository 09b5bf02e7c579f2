//! What the layers and the ends of a model hold on one chip, whatever the stages and the replicas.

use crate::layout::parallelism::Layout;
use crate::layout::stages::Stages;
use crate::layout::towers;
use crate::model::architecture::Architecture;
use crate::model::flops::Recompute;
use crate::model::layers::{Layer, MOST_KINDS};
use crate::model::memory::{self, MicroBatch};
use crate::model::params::{self, LayerParams};
use crate::units::Bytes;

/// What layers hold, alike for all layouts that differ in stages, replicas, schedule and ZeRO alone.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    pub(super) shape: &'a Architecture,
    /// Of a layer of each kind, in the order of the shape's.
    kinds: [Held; MOST_KINDS],
    /// Beyond its layers of the first stage, of the last, and of the only one.
    pub(super) ends: [OnChip; 3],
    /// Of the layer with the most, with its experts.
    pub(super) largest: f64,
    /// Of the head.
    pub(super) head: f64,
    /// Of trained towers, on the first stage.
    pub(super) first_activations: Bytes,
    /// Of multi-token prediction, on the last stage.
    pub(super) last_activations: Bytes,
    pub(super) working_set: Bytes,
    pub(super) logits: Bytes,
    /// Blocks that the allocator keeps unused at the loss.
    pub(super) unused: Bytes,
}

/// What a layer of one kind holds on one chip.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    pub(super) params: OnChip,
    /// For one micro-batch.
    pub(super) activations: Bytes,
}

/// Parameters on one chip, those of experts apart because fewer chips hold them alike.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OnChip {
    pub(super) shared: f64,
    pub(super) experts: f64,
    /// Of `shared`, those of the ends of the network.
    pub(super) ends: f64,
    /// Adapters beside frozen weights.
    pub(super) adapters: f64,
    /// Beside all these, of trained towers and of frozen ones.
    pub(super) towers: [f64; 2],
}

impl OnChip {
    pub(super) fn plus(self, n: f64, other: &Self) -> Self {
        Self {
            shared: self.shared + n * other.shared,
            experts: self.experts + n * other.experts,
            ends: self.ends + n * other.ends,
            adapters: self.adapters + n * other.adapters,
            towers: [0, 1].map(|part| self.towers[part] + n * other.towers[part]),
        }
    }
}

impl<'a> Layers<'a> {
    /// Of a layout's tp, cp, ep, micro-batch, recompute and formats.
    ///
    /// # Formula
    /// [`params::layer`] and [`memory::layer()`] of each kind of layer
    /// # Source
    /// as [`super::fit::fit()`]
    pub fn of(shape: &'a Architecture, layout: &Layout) -> Self {
        let keeping = layout.keeping();
        let seq_len = f64::from(layout.seq_len);
        let tokens = f64::from(layout.micro_batch) * seq_len / f64::from(layout.cp.max(1));
        let batch = MicroBatch { tokens, seq_len };
        let vocab = layout.padded_vocab(shape.vocab) as f64;
        let mut kinds = [Held::default(); MOST_KINDS];
        let mut largest: f64 = 0.0;
        let mut working_set = Bytes::ZERO;
        let moe = shape.is_moe();
        for (held, kind) in kinds.iter_mut().zip(shape.layers.kinds()) {
            let counted = params::layer(shape.hidden, kind);
            let activations = memory::layer(shape.hidden, kind, batch, &keeping);
            let adapters = shape.tuning.adapters(shape.hidden, kind) / f64::from(layout.tp.max(1));
            *held = Held { params: OnChip { adapters, ..layer(&counted, layout) }, activations };
            largest = largest.max(on_largest(&counted, layout));
            // The heaviest at work is one with experts where there are any.
            if !moe || kind.mlp.experts().is_some() {
                let whole = || memory::working_set(shape.hidden, kind, batch, &keeping);
                working_set = working_set.max(match layout.recompute {
                    // Without what is kept of the layer anyway.
                    _ if layout.autograd.is_plain() => whole() - activations,
                    Recompute::Full => whole(),
                    Recompute::None | Recompute::Selective => Bytes::ZERO,
                });
            }
        }
        let modules = f64::from(shape.mtp_modules);
        let module = shape.module().filter(|_| shape.mtp_modules > 0);
        let last = module.map_or(Bytes::ZERO, |kind| memory::layer(shape.hidden, kind, batch, &keeping));
        Self {
            shape,
            kinds,
            ends: ends(shape, module, layout),
            largest,
            head: table(shape, layout),
            first_activations: towers::kept(shape, tokens, &keeping),
            last_activations: last * modules,
            working_set: working_set.max(towers::working_set(shape, tokens, layout)),
            logits: memory::logits(shape, vocab, tokens, &keeping),
            unused: memory::unused_blocks(vocab, tokens, &keeping),
        }
    }
}

impl Layers<'_> {
    /// They on the stages of a layout.
    pub(super) fn stages(&self, layout: &Layout) -> Stages {
        Stages::of(layout, self.shape.layers.len())
    }

    /// What a layer of each kind holds, in the order of the shape's kinds.
    pub(super) fn kinds(&self) -> &[Held] {
        self.kinds.get(..self.shape.layers.kinds().len()).unwrap_or(&self.kinds)
    }
}

/// Parameters on one chip of one layer.
fn layer(layer: &LayerParams, layout: &Layout) -> OnChip {
    let split = layer.split().get() / f64::from(layout.tp.max(1));
    let whole = (layer.norms + layer.router).get();
    let experts = layer.routed_experts.get() / expert_ways(layout);
    OnChip { shared: split + whole, experts, ..OnChip::default() }
}

/// Chips that share a layer's experts.
fn expert_ways(layout: &Layout) -> f64 {
    f64::from(layout.ep.max(1)) * f64::from(layout.etp.max(1))
}

/// Parameters on one chip beyond its layers: of the first stage, of the last, and of the only one.
fn ends(shape: &Architecture, module: Option<&Layer>, layout: &Layout) -> [OnChip; 3] {
    let tp = f64::from(layout.tp.max(1));
    let table = table(shape, layout);
    let modules = f64::from(shape.mtp_modules);
    let module_experts = module.map_or(0.0, |kind| params::layer(shape.hidden, kind).routed_experts.get()) * modules;
    let counted = params::count(shape);
    let module_shared = (counted.mtp.get() - module_experts) / tp;
    let modules = OnChip { shared: module_shared, experts: module_experts / expert_ways(layout), ..OnChip::default() };
    let looked_up = counted.positions.get() + shape.ends.tables as f64 / tp;
    let end = |params: f64| OnChip { shared: params, ends: params, ..OnChip::default() };
    let towers = [true, false].map(|trained| shape.towers.params(trained) / tp);
    let first = OnChip { towers, ..end(table + looked_up) };
    // A tied head is a copy of the embedding wherever the first stage is another chip.
    let modules = modules.plus(1.0, &end(shape.ends.matrices as f64 / tp));
    let last = modules.plus(1.0, &end(table));
    let only = first.plus(1.0, if counted.tied { &modules } else { &last });
    [first, last, only]
}

/// Parameters on one chip of the embedding, or of the head.
fn table(shape: &Architecture, layout: &Layout) -> f64 {
    layout.padded_vocab(shape.vocab) as f64 * f64::from(shape.table_width()) / f64::from(layout.tp.max(1))
}

/// Parameters on one chip of a layer as ZeRO-3 gathers it.
fn on_largest(layer: &LayerParams, layout: &Layout) -> f64 {
    layer.shared_by_all().get() / f64::from(layout.tp.max(1)) + layer.routed_experts.get() / expert_ways(layout)
}
