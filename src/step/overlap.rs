//! Gradient traffic, and what of it the backward pass hides.

use super::compute::smooth_max;
use super::layer::Bench;
use crate::layout::parallelism::ZeroStage;
use crate::model::architecture::Architecture;

/// Parameters on one chip of the average stage, with the ends.
#[derive(Debug, Clone, Copy)]
pub struct OnChip {
    /// Outside the experts.
    pub dense: f64,
    /// Of routed experts.
    pub experts: f64,
    /// Of one end of the network.
    pub end: f64,
}

/// Counts the parameters of one chip.
pub fn on_chip(b: &Bench<'_>) -> OnChip {
    let w = &b.w;
    let (pp, tp) = (f64::from(b.layout.pp), b.tp);
    let mlp = (w.up + 1.0) * w.hidden;
    let trunk = w.layers * w.attention_params()
        + (w.layers - w.mixtures) * mlp * w.ffn
        + w.mixtures * (mlp * w.moe.shared + w.moe.count * w.hidden);
    let end = w.vocab * w.hidden / tp;
    let experts = w.mixtures * w.moe.count * mlp * w.moe.width;
    let ways = f64::from(b.layout.ep) * f64::from(b.layout.etp);
    OnChip { dense: trunk / (tp * pp) + end, experts: experts / (ways * pp), end }
}

/// Total and exposed seconds of gradient reductions and weight gathers of one step.
pub fn gradients(b: &Bench<'_>, shape: &Architecture, p: &OnChip, backward: f64) -> (f64, f64) {
    let layout = b.layout;
    let stride = b.tp * b.cp * f64::from(layout.dp);
    let bytes = layout.states.bytes().gradients;
    // A tied table lives on both end stages, which add their gradients.
    let tied = if shape.tied_embeddings && layout.pp > 1 { b.links.reduce(p.end * bytes, 2.0, stride) } else { 0.0 };
    if layout.zero == ZeroStage::Weights {
        return (tied, tied);
    }
    let (group, experts) = (layout.replicas() as f64, layout.expert_replicas() as f64);
    let apart = f64::from(layout.ep) * f64::from(layout.etp);
    let move_all =
        |bytes: f64| b.links.gather(p.dense * bytes, group, b.tp) + b.links.gather(p.experts * bytes, experts, apart);
    let reduce = move_all(bytes);
    let gather = if layout.zero == ZeroStage::None { reduce } else { move_all(2.0) };
    if !b.stack.overlap {
        return (reduce + gather + tied, reduce + gather + tied);
    }
    // Interleaved, a chip's virtual stages finish one after the other, `pp` micro-batches apart.
    let (pp, vpp) = (f64::from(layout.pp), f64::from(layout.vpp.max(1)));
    let rounds = (1.0 + pp * (vpp - 1.0) / vpp).min(b.micro_batches);
    let hide = backward * rounds * b.f.overlap_dp;
    let shown = |traffic: f64, hide: f64| smooth_max(traffic, hide) - hide + b.f.contention * traffic.min(hide);
    let exposed = if layout.zero == ZeroStage::None {
        shown(reduce + gather, hide)
    } else {
        shown(reduce, hide) + shown(gather, 0.5 * hide)
    };
    (reduce + gather + tied, exposed + tied)
}

/// Seconds of the optimizer's pass over what one chip owns.
pub fn optimizer(b: &Bench<'_>, p: &OnChip) -> f64 {
    let layout = b.layout;
    let shards = layout.shards(layout.replicas()) as f64;
    let expert_shards = layout.shards(layout.expert_replicas()) as f64;
    let owned = p.dense / shards + p.experts / expert_shards;
    let bytes = layout.states.bytes();
    // States are read and written, gradients read for their norm and again, weights written.
    owned * (2.0 * bytes.optimizer + 2.0 * bytes.gradients + bytes.weights) * b.r.byte
}
