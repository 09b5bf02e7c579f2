//! The time of one training step, and where it goes.

pub mod collectives;
pub mod compute;
pub mod efficiency;
pub mod layer;
pub mod machine;
pub mod plan;

use crate::model::architecture::Architecture;
use collectives::Links;
use compute::{Rates, smooth_max};
use efficiency::Factors;
use layer::{Bench, Dims, Layer, Moe, Work};
use machine::Machine;
use plan::{Plan, Schedule, Zero};

/// Seconds of one step by kind, on the slowest stage.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepTime {
    /// All micro-batches on the slowest stage.
    pub work: Work,
    /// Waiting for other stages.
    pub bubble: f64,
    /// Transfers between stages.
    pub p2p: f64,
    /// Gradient and weight traffic over data-parallel ranks.
    pub dp: f64,
    /// Its exposed part.
    pub dp_exposed: f64,
    /// Optimizer.
    pub optimizer: f64,
    /// Slowest chip of many.
    pub jitter: f64,
    /// Everything else.
    pub fixed: f64,
}

impl StepTime {
    /// The step.
    pub fn total(&self) -> f64 {
        self.work.total() + self.bubble + self.p2p + self.dp_exposed + self.optimizer + self.jitter + self.fixed
    }
}

/// Layers of the fullest stage, of the last one, and the remainder rule.
fn stage_layers(layers: f64, pp: f64) -> (f64, f64) {
    let fullest = (layers / pp).ceil();
    let spare = fullest * pp - layers;
    // A practitioner takes the missing layers from the ends, which embed and compute the loss.
    let last = if spare >= 1.0 { fullest - 1.0 } else { fullest };
    (fullest, last)
}

/// Time of one step.
pub fn perform(a: &Architecture, p: &Plan, machine: &Machine, f: &Factors) -> StepTime {
    let d = Dims::new(a);
    let b = Bench { d, p, r: Rates::new(machine, p, f), l: Links::new(machine, f), f, t: p.micro_batch * p.seq / p.cp };
    let micro = (p.global_batch / (p.dp * p.micro_batch)).max(1.0);
    let layers = f64::from(a.layers);
    let dense = b.dense(micro);
    let (mix, mixed_share, moe_params) = match a.experts {
        Some(e) => {
            let moe = Moe {
                count: f64::from(e.count),
                active: f64::from(e.active),
                width: f64::from(e.width),
                shared: f64::from(e.shared_width),
                nodes: if d.latent.is_some() { 4.0 } else { 64.0 },
            };
            let mixed = ((layers - f64::from(e.leading_dense)) / f64::from(e.every.max(1))).max(0.0);
            let params = moe.count * ((d.up + 1.0) * moe.width * d.h) * mixed;
            (b.mixture(&moe, micro), mixed / layers, params)
        }
        None => (Layer::default(), 0.0, 0.0),
    };
    let fwd = dense.fwd.times(1.0 - mixed_share).plus(mix.fwd.times(mixed_share));
    let bwd = dense.bwd.times(1.0 - mixed_share).plus(mix.bwd.times(mixed_share));
    let one = fwd.plus(bwd);
    let head = b.head();
    let mtp = f64::from(a.mtp_modules);
    let ends_last = head.fwd.plus(head.bwd).times(1.0 + mtp).plus(one.times(mtp));
    let embed = b.embedding();
    let ends_first = embed.fwd.plus(embed.bwd);

    let (full, last) = stage_layers(layers, p.pp);
    let (per_micro, sum_all) = if p.pp > 1.0 {
        let middle = one.times(full);
        let tail = one.times(last).plus(ends_last);
        let slowest = if p.pp > 2.0 && middle.total() > tail.total() { middle } else { tail };
        (slowest, one.total() * layers + ends_last.total() + ends_first.total())
    } else {
        let all = one.times(layers).plus(ends_last).plus(ends_first);
        (all, all.total())
    };
    let slow = per_micro.total();
    let mut s = StepTime { work: per_micro.times(micro), ..StepTime::default() };
    // p2p
    if p.pp > 1.0 {
        let split = if p.tp > 1.0 { p.tp } else { 1.0 };
        let bytes = b.t * d.h * 2.0 / split;
        let one = b.l.send(bytes, p.tp * p.cp * p.dp) + if split > 1.0 && !p.sequence_parallel { b.l.gather(bytes * split, p.tp, 1.0) } else { 0.0 };
        let exposed = if p.fused && p.vpp > 1.0 { 0.3 } else { 1.0 };
        s.p2p = 2.0 * one * exposed * (micro * p.vpp + p.pp - 1.0);
    }
    let idle = (sum_all - slow).max(0.0);
    s.bubble = match p.schedule {
        Schedule::OneFOneB => idle / p.vpp,
        Schedule::ZeroBubble => (idle * (1.0 - 2.0 * one.weight_grad / one.total())).max(0.0),
        Schedule::DualPipe => (idle * 0.5 * (1.0 - 2.0 * one.weight_grad / one.total())).max(0.0),
    };
    gradient(&mut s, &b, a, moe_params, slow / p.vpp.max(1.0), bwd.total() * layers / p.pp);
    let chips = p.tp * p.pp * p.cp * p.dp;
    s.fixed = f.fixed * 1e-3;
    s.jitter = (s.work.total() + s.bubble) * f.jitter * (chips / machine.node).max(1.0).log2();
    s
}

/// Gradient traffic, weight gathers, and the optimizer.
fn gradient(s: &mut StepTime, b: &Bench, a: &Architecture, moe_params: f64, _slow: f64, window: f64) {
    let (p, d, f) = (b.p, &b.d, b.f);
    let layers = f64::from(a.layers);
    let mixed = a.experts.map_or(0.0, |e| ((layers - f64::from(e.leading_dense)) / f64::from(e.every.max(1))).max(0.0));
    let shared = a.experts.map_or(0.0, |e| mixed * (d.up + 1.0) * f64::from(e.shared_width) * d.h);
    let trunk = layers * d.attention_params() + (layers - mixed) * (d.up + 1.0) * d.ffn * d.h + shared;
    let ends = d.vocab * d.h;
    let dense = trunk / (p.tp * p.pp) + ends / p.tp;
    let experts = moe_params / (p.ep * p.pp);
    let group = p.dp * p.cp;
    let expert_group = (p.tp * p.cp * p.dp / p.ep).max(1.0);
    if p.zero < Zero::Full {
        let reduce = b.l.gather(dense * p.grad_bytes, group, p.tp) + b.l.gather(experts * p.grad_bytes, expert_group, p.ep);
        let gather = if p.zero == Zero::None {
            reduce
        } else {
            b.l.gather(dense * 2.0, group, p.tp) + b.l.gather(experts * 2.0, expert_group, p.ep)
        };
        s.dp = reduce + gather;
        s.dp_exposed = if p.fused && p.zero != Zero::None {
            let hide = window * f.overlap_dp;
            let (r, g) = (reduce, gather);
            (smooth_max(r, hide) - hide) + (smooth_max(g, 0.5 * hide) - 0.5 * hide)
        } else {
            s.dp
        };
    }
    if !a.tied_embeddings || p.pp <= 1.0 || p.fused {
    } else {
        let tied = b.l.reduce(ends / p.tp * p.grad_bytes, 2.0, p.tp * p.cp * p.dp);
        s.dp += tied;
        s.dp_exposed += tied;
    }
    let owned = match p.zero {
        Zero::None => dense + experts,
        _ => dense / group + experts / expert_group,
    };
    // Master weights and two moments read and written in 32 bits, the gradient read twice (its norm), the weight written.
    s.optimizer = owned * 34.0 * b.r.byte;
}
