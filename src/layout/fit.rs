//! Bytes per chip under a layout: what the fullest pipeline stage holds, and whether it fits.

use crate::layout::parallelism::{Layout, Schedule, ZeroStage};
use crate::model::architecture::{Architecture, Mlp};
use crate::model::flops::Recompute;
use crate::model::memory::{self, MicroBatch};
use crate::model::params::{self, LayerParams, ParamCount};
use crate::units::{Bytes, Fraction};

/// Memory that no formula here accounts for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reserve {
    /// Share of the capacity lost to fragmentation.
    pub share: Fraction,
    /// Workspace of the runtime, the matrix and the communication libraries.
    pub workspace: Bytes,
}

/// What one chip of the fullest stage holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Weights, with the layers that ZeRO-3 has gathered.
    pub weights: Bytes,
    /// Gradients.
    pub gradients: Bytes,
    /// Master weights and moments.
    pub optimizer: Bytes,
    /// Activations of all micro-batches in flight.
    pub activations: Bytes,
    /// Logits and their gradient; zero on a stage without the head.
    pub logits: Bytes,
    /// Fragmentation and workspace.
    pub reserve: Bytes,
    /// All of it.
    pub total: Bytes,
    /// What the chip has.
    pub capacity: Bytes,
    /// The stage, from zero.
    pub worst_stage: u32,
}

impl Fit {
    /// Whether the chip has enough.
    ///
    /// # Formula
    /// `total <= capacity`
    /// # Source
    /// By definition.
    #[inline]
    pub fn fits(&self) -> bool {
        self.total <= self.capacity
    }

    /// By how much the chip has too little; zero where it has enough.
    ///
    /// # Formula
    /// `max(total - capacity, 0)`
    /// # Source
    /// By definition.
    #[inline]
    pub fn over(&self) -> Bytes {
        (self.total - self.capacity).max(Bytes::ZERO)
    }
}

/// Looks at every stage that can be the fullest, and returns the one that is.
///
/// The layout must have passed [`Layout::check`] for the shape; nothing is allocated.
///
/// # Formula
/// per stage: weights, gradients and optimizer bytes of its parameters, each split as ZeRO says, activations of a
/// layer times layers times micro-batches in flight, logits on the last, and the reserve
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, section 4; Rajbhandari et al. 2020, arXiv:1910.02054, section 5;
/// DeepSeek-V3, arXiv:2412.19437, table 2 (DualPipe: twice the parameters, `p + 1` micro-batches).
pub fn fit(shape: &Architecture, layout: &Layout, capacity: Bytes, reserve: &Reserve) -> Fit {
    Layers::of(shape, layout).fit(layout, capacity, reserve)
}

/// What layers hold, alike for all layouts that differ in stages, replicas, schedule and ZeRO alone.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    shape: &'a Architecture,
    counted: ParamCount,
    dense: LayerParams,
    moe: LayerParams,
    dense_activations: Bytes,
    moe_activations: Bytes,
    working_set: Bytes,
    logits: Bytes,
}

impl<'a> Layers<'a> {
    /// Of a layout's tp, cp, micro-batch, recompute and formats.
    ///
    /// # Formula
    /// [`params::layer`] and [`memory::layer`] of either kind of layer
    /// # Source
    /// as [`fit()`]
    pub fn of(shape: &'a Architecture, layout: &Layout) -> Self {
        let keeping = layout.keeping();
        let seq_len = f64::from(layout.seq_len);
        let tokens = f64::from(layout.micro_batch) * seq_len / f64::from(layout.cp.max(1));
        let batch = MicroBatch { tokens, seq_len };
        let heaviest = if shape.experts.is_some() { Mlp::Moe } else { Mlp::Dense };
        Self {
            shape,
            counted: params::count(shape),
            dense: params::layer(shape, Mlp::Dense),
            moe: params::layer(shape, Mlp::Moe),
            dense_activations: memory::layer(shape, Mlp::Dense, batch, &keeping),
            moe_activations: memory::layer(shape, Mlp::Moe, batch, &keeping),
            working_set: match layout.recompute {
                Recompute::Full => memory::working_set(shape, heaviest, batch, &keeping),
                Recompute::None | Recompute::Selective => Bytes::ZERO,
            },
            logits: memory::logits(shape, layout.padded_vocab(shape.vocab) as f64, tokens, &keeping),
        }
    }

    /// [`fit()`] of a layout with these layers.
    ///
    /// # Formula
    /// as [`fit()`]
    /// # Source
    /// as [`fit()`]
    pub fn fit(&self, layout: &Layout, capacity: Bytes, reserve: &Reserve) -> Fit {
        let parts = Parts { layers: self, shape: self.shape, layout, micro_batches: layout.micro_batches() as f64 };
        let set_aside = capacity * reserve.share.get() + reserve.workspace;
        let mut worst = parts.stage(0, capacity, set_aside);
        let mut seen = 0;
        for stage in parts.candidates() {
            if stage > seen && stage < layout.pp {
                let other = parts.stage(stage, capacity, set_aside);
                if other.total > worst.total {
                    worst = other;
                }
                seen = stage;
            }
        }
        worst
    }
}

/// The layers of one layout.
struct Parts<'a> {
    layers: &'a Layers<'a>,
    shape: &'a Architecture,
    layout: &'a Layout,
    /// Micro-batches a replica runs in a step.
    micro_batches: f64,
}

/// Parameters on one chip, those of experts apart because fewer chips hold them alike.
#[derive(Debug, Clone, Copy, Default)]
struct OnChip {
    shared: f64,
    experts: f64,
}

impl Parts<'_> {
    /// Stages one of which is the fullest, in rising order: the first with the most layers, the first behind the
    /// dense layers of a mixture, the last with the most layers, the last. Between them nothing grows from one stage
    /// to the next.
    fn candidates(&self) -> [u32; 5] {
        let (layout, layers) = (self.layout, self.shape.layers);
        let last = layout.pp.saturating_sub(1);
        let first_full = u32::from(layout.layers_on(0, layers) < layout.layers_on(1, layers));
        let leading = self.shape.experts.map_or(0, |experts| experts.leading_dense);
        let behind_dense = leading.div_ceil(layout.layers_on(1, layers).max(1));
        let short_last = layout.pp.saturating_mul(layers.div_ceil(layout.pp.max(1))).saturating_sub(layers).div_ceil(2);
        let behind_dense = behind_dense.max(first_full);
        [first_full, behind_dense, behind_dense + 1, last.saturating_sub(short_last), last]
    }

    fn stage(&self, stage: u32, capacity: Bytes, reserve: Bytes) -> Fit {
        let layout = self.layout;
        let dual = layout.schedule == Schedule::DualPipe;
        let opposite = layout.pp.saturating_sub(1).saturating_sub(stage);
        let mut held = self.params_on(stage);
        let mut activations = self.activations_on(stage);
        if dual {
            // A chip holds a stage of each direction, and half the micro-batches in flight are in either.
            let other = self.params_on(opposite);
            held = OnChip { shared: held.shared + other.shared, experts: held.experts + other.experts };
            activations = (activations + self.activations_on(opposite)) * 0.5;
        }
        let has_head = stage + 1 == layout.pp || (dual && stage == 0);
        let logits = if has_head { self.layers.logits } else { Bytes::ZERO };
        let (weights, gradients, optimizer) = self.states(held, if dual { 2.0 } else { 1.0 });
        let activations = activations + self.layers.working_set;
        let total = weights + gradients + optimizer + activations + logits + reserve;
        Fit { weights, gradients, optimizer, activations, logits, reserve, total, capacity, worst_stage: stage }
    }

    /// Parameters on one chip of a stage.
    fn params_on(&self, stage: u32) -> OnChip {
        let layout = self.layout;
        let tp = f64::from(layout.tp.max(1));
        let (dense, moe) = self.layers_on(stage);
        let split = |layer: &LayerParams| (layer.attention + layer.dense_mlp + layer.shared_experts).get() / tp;
        let whole = |layer: &LayerParams| (layer.norms + layer.router).get();
        let mut shared = dense * (split(&self.layers.dense) + whole(&self.layers.dense));
        shared += moe * (split(&self.layers.moe) + whole(&self.layers.moe));
        let expert_ways = f64::from(layout.ep.max(1)) * f64::from(layout.etp.max(1));
        let mut experts = moe * self.layers.moe.routed_experts.get() / expert_ways;
        let table = layout.padded_vocab(self.shape.vocab) as f64 * f64::from(self.shape.hidden) / tp;
        let (first, last) = (stage == 0, stage + 1 == layout.pp);
        if first {
            shared += table + self.layers.counted.positions.get();
        }
        if last {
            // A tied head is a copy of the embedding wherever the first stage is another chip.
            shared += if self.layers.counted.tied && first { 0.0 } else { table };
            let module_experts = self.layers.moe.routed_experts.get() * f64::from(self.shape.mtp_modules);
            shared += (self.layers.counted.mtp.get() - module_experts) / tp;
            experts += module_experts / expert_ways;
        }
        OnChip { shared, experts }
    }

    /// Dense and mixture layers of one stage, over all its virtual stages.
    fn layers_on(&self, stage: u32) -> (f64, f64) {
        let (layout, shape) = (self.layout, self.shape);
        let count = layout.layers_on(stage, shape.layers);
        if shape.experts.is_none() {
            return (f64::from(count), 0.0);
        }
        if layout.vpp > 1 {
            // Virtual stages are spread over the depth, so that every chip has nearly the model's mix.
            let share = f64::from(shape.moe_layers()) / f64::from(shape.layers.max(1));
            return (f64::from(count) * (1.0 - share), f64::from(count) * share);
        }
        let before = layout.layers_before(stage, shape.layers);
        let moe = shape.moe_layers_before(before + count) - shape.moe_layers_before(before);
        (f64::from(count - moe), f64::from(moe))
    }

    /// Activations of one stage for all micro-batches in flight.
    fn activations_on(&self, stage: u32) -> Bytes {
        let (dense, moe) = self.layers_on(stage);
        let mut one = self.layers.dense_activations * dense + self.layers.moe_activations * moe;
        if stage + 1 == self.layout.pp {
            let kind = match self.shape.last_mlp() {
                Mlp::Dense => self.layers.dense_activations,
                Mlp::Moe => self.layers.moe_activations,
            };
            one += kind * f64::from(self.shape.mtp_modules);
        }
        one * in_flight(self.layout, stage, self.micro_batches)
    }

    /// Weights, gradients and optimizer bytes; `copies` of the same stage share the optimizer's states too.
    fn states(&self, held: OnChip, copies: f64) -> (Bytes, Bytes, Bytes) {
        let layout = self.layout;
        let bytes = layout.states.bytes();
        let shards = layout.shards(layout.replicas()) as f64;
        let expert_shards = layout.shards(layout.expert_replicas()) as f64;
        let split = held.shared / shards + held.experts / expert_shards;
        let whole = held.shared + held.experts;
        let at = |from: ZeroStage| if layout.zero >= from { split } else { whole };
        let optimizer = bytes.optimizer * at(ZeroStage::Optimizer);
        let optimizer = if layout.zero == ZeroStage::None { optimizer } else { optimizer / copies };
        let mut weights = bytes.weights * at(ZeroStage::Weights);
        let mut gradients = bytes.gradients * at(ZeroStage::Gradients);
        if layout.zero == ZeroStage::Weights && shards > 1.0 {
            let gathered = self.largest_layer();
            weights += 2.0 * bytes.weights.min(2.0) * gathered; // the layer at work and the next one
            gradients += bytes.gradients * gathered;
        }
        (Bytes::new(weights), Bytes::new(gradients), Bytes::new(optimizer))
    }

    /// Parameters on one chip of the layer with the most.
    fn largest_layer(&self) -> f64 {
        let layout = self.layout;
        let tp = f64::from(layout.tp.max(1));
        let expert_ways = f64::from(layout.ep.max(1)) * f64::from(layout.etp.max(1));
        let moe = self.layers.moe.shared_by_all().get() / tp + self.layers.moe.routed_experts.get() / expert_ways;
        let dense = if self.shape.dense_layers() > 0 { self.layers.dense.total().get() / tp } else { 0.0 };
        if self.shape.experts.is_some() { moe.max(dense) } else { dense }
    }
}

/// Micro-batches whose activations a stage holds at its fullest, in units of all its layers.
///
/// # Formula
/// 1F1B `min(p - i, m)`; interleaved `min(2 (p - i - 1) + (v - 1) g + 1, m v) / v`, micro-batches in even groups of g,
/// at least p; zero-bubble `min(p, m)`;
/// DualPipe `min(p + 1, m)`, for stage i of p, v virtual stages, m micro-batches
/// # Source
/// Narayanan et al. 2021, arXiv:2104.04473, section 2.2; Korthikanti et al. 2022, arXiv:2205.05198, section 4.2.3
/// (`1 + (p - 1) / (p v)` of the first stage); Megatron-Core, `microbatch_group_size_per_vp_stage`; Qi et al. 2023, arXiv:2401.10241, table 1 (ZB-H1); DeepSeek-V3, arXiv:2412.19437, table 2.
/// ```
/// use flopbill::internals::layout::fit::in_flight;
/// use flopbill::internals::layout::parallelism::{Layout, Schedule};
/// let layout = Layout { pp: 8, vpp: 3, schedule: Schedule::Interleaved, ..Layout::single(2048) };
/// // by hand: 8 * (1 + 7 / 24)
/// assert!((in_flight(&layout, 0, 64.0) - 31.0 / 3.0).abs() < 1e-12);
/// ```
pub fn in_flight(layout: &Layout, stage: u32, micro_batches: f64) -> f64 {
    let pp = f64::from(layout.pp.max(1));
    let behind = (pp - f64::from(stage)).max(1.0);
    match layout.schedule {
        Schedule::OneFOneB => behind.min(micro_batches),
        Schedule::Interleaved => {
            let vpp = f64::from(layout.vpp.max(1));
            let group = (micro_batches / (micro_batches / pp).floor().max(1.0)).ceil();
            (2.0 * (behind - 1.0) + (vpp - 1.0) * group + 1.0).min(micro_batches * vpp) / vpp
        }
        Schedule::ZeroBubble => pp.min(micro_batches),
        Schedule::DualPipe => (pp + 1.0).min(micro_batches),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::architecture::{Attention, Experts};

    const NONE: Reserve = Reserve { share: Fraction::ZERO, workspace: Bytes::ZERO };

    fn shape(layers: u32, experts: Option<Experts>) -> Architecture {
        Architecture {
            layers,
            hidden: 4096,
            vocab: 128_000,
            attention: Attention::Grouped { heads: 32, kv_heads: 8, head_dim: 128, window: None },
            output_gate: false,
            linear: None,
            ffn: 14_336,
            gated: true,
            experts,
            tied_embeddings: false,
            learned_positions: 0,
            biases: false,
            mtp_modules: 0,
        }
    }

    fn parts<'a>(layers: &'a Layers<'a>, layout: &'a Layout) -> Parts<'a> {
        Parts { layers, shape: layers.shape, layout, micro_batches: layout.micro_batches() as f64 }
    }

    /// The stages that `fit` looks at hold the fullest of all stages.
    #[test]
    fn no_stage_is_fuller_than_the_one_returned() {
        let moe = |leading_dense, every| {
            Some(Experts { count: 64, active: 6, width: 1408, shared_width: 2816, leading_dense, every })
        };
        for experts in [None, moe(0, 1), moe(1, 1), moe(3, 1), moe(0, 2), moe(9, 1)] {
            for layers in [32, 61, 48, 47] {
                for (pp, schedule) in [
                    (1, Schedule::OneFOneB),
                    (2, Schedule::DualPipe),
                    (8, Schedule::OneFOneB),
                    (16, Schedule::DualPipe),
                    (16, Schedule::ZeroBubble),
                    (16, Schedule::OneFOneB),
                ] {
                    let shape = shape(layers, experts);
                    let layout = Layout { pp, schedule, global_batch: 64, ..Layout::single(4096) };
                    let found = fit(&shape, &layout, Bytes::from_gb(80.0), &NONE).total;
                    let held = Layers::of(&shape, &layout);
                    let parts = parts(&held, &layout);
                    let all = (0..pp).map(|stage| parts.stage(stage, Bytes::ZERO, Bytes::ZERO).total);
                    let fullest = all.fold(Bytes::ZERO, Bytes::max);
                    assert!((found / fullest - 1.0).abs() < 1e-12, "{experts:?} {layers} on {pp} {schedule:?}");
                }
            }
        }
    }

    /// All stages together hold every parameter once.
    #[test]
    fn stages_hold_the_whole_model() {
        for layers in [32, 61] {
            let shape = shape(
                layers,
                Some(Experts { count: 8, active: 2, width: 2048, shared_width: 0, leading_dense: 3, every: 1 }),
            );
            let layout = Layout { pp: 16, global_batch: 16, ..Layout::single(4096) };
            let held = Layers::of(&shape, &layout);
            let parts = parts(&held, &layout);
            let held: f64 = (0..16).map(|stage| parts.params_on(stage)).map(|held| held.shared + held.experts).sum();
            let last_norm = 4096.0;
            assert_eq!(held + last_norm, params::count(&shape).total().get());
        }
    }
}
