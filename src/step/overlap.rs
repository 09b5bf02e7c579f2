//! Gradient traffic, what of it the backward pass hides, and the optimizer's pass.

use super::layer::LayerContext;
use super::workload::Workload;
use crate::hardware::optimizer::Optimizer;
use crate::layout::parallelism::ZeroStage;
use crate::units::{Bytes, BytesPerSecond, Seconds};

/// Memory of a host that serves one chip: of two sockets with eight channels of DDR5 each, eight ways; an assumption.
const HOST_MEMORY: BytesPerSecond = BytesPerSecond::new(60e9);

/// FLOPs of five Newton-Schulz steps for each weight and unit of the stream's width.
const NEWTON_SCHULZ: f64 = 30.0;

/// Share of the forward pass beside the backward pass that can hide the gathers of weights.
const FORWARD_SHARE: f64 = 0.5;

/// Parameters on one chip of the average stage.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnChip {
    /// Outside the experts, with one end of the network.
    dense: f64,
    /// Of routed experts.
    experts: f64,
    /// Of one end of the network.
    end: f64,
}

/// Counts the parameters of one chip.
///
/// # Formula
/// `layers (attention + MLP + shared experts + router + norms) / (tp pp) + v h / tp`, and `E experts / (ep etp pp)`; of frozen
/// weights, the adapters alone; trained towers whole on the first stage
/// # Source
/// Narayanan et al. 2021, arXiv:2104.04473, section 2; Liu et al. 2025, arXiv:2504.14960 (experts).
pub(super) fn on_chip(b: &LayerContext<'_>) -> OnChip {
    let (shape, hidden) = (b.shape, b.hidden);
    let (pp, tp) = (f64::from(b.layout.pp), b.tp);
    let Workload { trunk, experts, adapters, trained_towers, .. } = *b.model;
    let beside = trained_towers / tp;
    if shape.tuning.is_frozen() {
        return OnChip { dense: adapters / (tp * pp) + beside, experts: 0.0, end: 0.0 };
    }
    let end = f64::from(shape.vocab) * hidden / tp;
    let ways = f64::from(b.layout.ep) * f64::from(b.layout.etp);
    OnChip { dense: trunk / (tp * pp) + end + beside, experts: experts / (ways * pp), end }
}

/// Total and exposed time of gradient reductions and weight gathers of one step.
///
/// # Formula
/// reduce and gather of a chip's parameters over its replicas, those of experts over theirs; exposed is what exceeds
/// the share of the backward pass (of `1 + p (v - 1) / v` micro-batches when interleaved: virtual stages finish one
/// after the other) that can hide it, and the contention of what it hides; everything where the stack does not
/// overlap; a tied table's gradients are summed over the two end stages
/// # Source
/// Rajbhandari et al. 2020, arXiv:1910.02054, section 7; Megatron-Core, `overlap_grad_reduce`, `overlap_param_gather`.
pub(super) fn gradients(b: &LayerContext<'_>, tied: bool, p: &OnChip, backward: Seconds) -> (Seconds, Seconds) {
    let layout = b.layout;
    let stride = b.tp * b.cp * f64::from(layout.dp);
    let bytes = layout.states.sent();
    let tied =
        if tied && layout.pp > 1 { b.links.reduce(Bytes::new(p.end * bytes), 2.0, stride) } else { Seconds::ZERO };
    if layout.zero == ZeroStage::Weights {
        return (tied, tied);
    }
    let (group, experts) = (layout.replicas() as f64, layout.expert_replicas() as f64);
    let apart = f64::from(layout.ep) * f64::from(layout.etp);
    let rings = [b.links.ring(group, b.tp), b.links.ring(experts, apart)];
    let over_replicas = |bytes: f64| {
        let (dense, routed) = (Bytes::new(p.dense * bytes), Bytes::new(p.experts * bytes));
        rings[0].gather(dense) + rings[1].gather(routed)
    };
    let reduce = over_replicas(bytes);
    let gather = if layout.zero == ZeroStage::None { reduce } else { over_replicas(2.0) };
    let total = reduce + gather + tied;
    if !b.stack.overlap {
        return (total, total);
    }
    let (pp, vpp) = (f64::from(layout.pp), f64::from(layout.vpp.max(1)));
    let rounds = (1.0 + pp * (vpp - 1.0) / vpp).min(b.micro_batches);
    let hide = backward * (rounds * b.f.overlap_dp);
    let exposed = match layout.zero {
        ZeroStage::None => b.behind(reduce + gather, hide),
        _ => b.behind(reduce, hide) + b.behind(gather, hide * FORWARD_SHARE),
    };
    (total, exposed + tied)
}

/// Time of the optimizer's pass over what one chip owns.
///
/// # Formula
/// `owned (2 s + 2 g + w) / (B e)`: states s read and written, gradients g read for their norm and again, weights w
/// written; what is on the host goes over its link, `(g + w)` and the update in its memory, or `2 s` where pages come
/// and go; and [`orthogonalised`] for Muon
/// # Source
/// Kingma and Ba 2014, arXiv:1412.6980 (Adam); Ren et al. 2021, arXiv:2101.06840 (offload); bytes of Rajbhandari et al. 2020, arXiv:1910.02054, section 3.
pub(super) fn optimizer(b: &LayerContext<'_>, p: &OnChip) -> Seconds {
    let layout = b.layout;
    let shards = layout.shards(layout.replicas()) as f64;
    let expert_shards = layout.shards(layout.expert_replicas()) as f64;
    let owned = p.dense / shards + p.experts / expert_shards;
    let (bytes, host) = layout.kept();
    let here = b.r.moved(Bytes::new(owned * (2.0 * bytes.optimizer + 2.0 * bytes.gradients + bytes.weights)));
    let elsewhere = if layout.offload.optimizer() {
        // Gradients go to the host, which updates its states, and the new weights come back.
        let gradients = layout.states.sent();
        let traffic = Bytes::new(owned * (gradients + bytes.weights)) / b.host;
        traffic + Bytes::new(owned * (2.0 * host + gradients)) / HOST_MEMORY
    } else {
        Bytes::new(owned * 2.0 * host) / b.host // pages come and go
    };
    here + elsewhere + orthogonalised(b, owned)
}

/// Time in which Muon makes a moment's matrix orthogonal; each chip takes its share of the matrices.
///
/// # Formula
/// `5 (4 n + 2 n^2 / m)` FLOPs for each weight of an `n x m` matrix, taken as `30 n` with n the width of the stream
/// # Source
/// Jordan et al. 2024, Muon (five Newton-Schulz steps); Liu et al. 2025, arXiv:2502.16982, section 2.3 (distributed).
fn orthogonalised(b: &LayerContext<'_>, owned: f64) -> Seconds {
    if b.layout.optimizer != Optimizer::Muon {
        return Seconds::ZERO;
    }
    let n = b.hidden;
    b.r.wide_product(n, n, n, 2.0) * (NEWTON_SCHULZ * n * owned / (2.0 * n * n * n))
}
