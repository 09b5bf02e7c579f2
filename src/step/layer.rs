//! Time of one layer for one micro-batch on one chip: every kernel and every collective inside it.

use super::collectives::Links;
use super::compute::{Rates, smooth_max};
use super::efficiency::Factors;
use super::plan::{Plan, Precision, Recompute, Zero};
use crate::model::architecture::{Architecture, Attention};

/// Seconds by kind, of one direction of one layer (or of a sum of them).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Work {
    /// Matrix products with weights of the dense part.
    pub gemm: f64,
    /// Core attention.
    pub attention: f64,
    /// Matrix products of experts.
    pub experts: f64,
    /// Element-wise kernels.
    pub elementwise: f64,
    /// Kernel gaps and host launches not hidden.
    pub launch: f64,
    /// Tensor-parallel traffic.
    pub tp: f64,
    /// Its exposed part.
    pub tp_exposed: f64,
    /// Expert traffic.
    pub ep: f64,
    /// Its exposed part.
    pub ep_exposed: f64,
    /// Context-parallel traffic.
    pub cp: f64,
    /// Its exposed part.
    pub cp_exposed: f64,
    /// Gathers and reductions of sharded weights.
    pub shard: f64,
    /// Their exposed part.
    pub shard_exposed: f64,
    /// Weight-gradient products, part of the above that a schedule can move.
    pub weight_grad: f64,
}

impl Work {
    /// Seconds on the chip's own timeline.
    pub fn total(&self) -> f64 {
        self.busy() + self.launch + self.tp_exposed + self.ep_exposed + self.cp_exposed + self.shard_exposed
    }
    /// Seconds of kernels.
    pub fn busy(&self) -> f64 {
        self.gemm + self.attention + self.experts + self.elementwise
    }
    /// Scaled.
    pub fn times(mut self, n: f64) -> Self {
        for v in self.fields() {
            *v *= n;
        }
        self
    }
    /// Sum.
    pub fn plus(mut self, mut other: Self) -> Self {
        for (a, b) in self.fields().into_iter().zip(other.fields()) {
            *a += *b;
        }
        self
    }
    fn fields(&mut self) -> [&mut f64; 14] {
        [
            &mut self.gemm,
            &mut self.attention,
            &mut self.experts,
            &mut self.elementwise,
            &mut self.launch,
            &mut self.tp,
            &mut self.tp_exposed,
            &mut self.ep,
            &mut self.ep_exposed,
            &mut self.cp,
            &mut self.cp_exposed,
            &mut self.shard,
            &mut self.shard_exposed,
            &mut self.weight_grad,
        ]
    }
}

/// Widths of a model, as floats.
#[derive(Debug, Clone, Copy)]
pub struct Dims {
    /// Residual width.
    pub h: f64,
    /// Query heads.
    pub heads: f64,
    /// Query width and key width of one head.
    pub qk: f64,
    /// Value width of one head.
    pub v: f64,
    /// Key plus value width stored and exchanged for one token.
    pub kv: f64,
    /// Latent ranks: query (zero if direct), key-value, rope; zero without.
    pub latent: Option<(f64, f64, f64)>,
    /// Dense MLP width.
    pub ffn: f64,
    /// Matrices into the MLP: 2 gated, else 1.
    pub up: f64,
    /// Share of layers with a window, and its tokens.
    pub window: (f64, f64),
    /// Vocabulary.
    pub vocab: f64,
}

impl Dims {
    /// From an architecture.
    pub fn new(a: &Architecture) -> Self {
        let h = f64::from(a.hidden);
        let (heads, qk, v, kv, latent, window) = match a.attention {
            Attention::Grouped { heads, kv_heads, head_dim, window } => {
                let d = f64::from(head_dim);
                let w = window.map_or((0.0, 0.0), |w| (w.share, f64::from(w.tokens)));
                (f64::from(heads), d, d, 2.0 * f64::from(kv_heads) * d, None, w)
            }
            Attention::Latent { heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim } => {
                let qk = f64::from(qk_nope) + f64::from(qk_rope);
                let v = f64::from(v_dim);
                let heads = f64::from(heads);
                let latent = (q_rank.map_or(0.0, f64::from), f64::from(kv_rank), f64::from(qk_rope));
                (heads, qk, v, heads * (qk + v), Some(latent), (0.0, 0.0))
            }
        };
        Self {
            h,
            heads,
            qk,
            v,
            kv,
            latent,
            ffn: f64::from(a.ffn),
            up: if a.gated { 2.0 } else { 1.0 },
            window,
            vocab: f64::from(a.vocab),
        }
    }

    /// Parameters of the attention of one layer.
    pub fn attention_params(&self) -> f64 {
        let out = self.heads * self.v * self.h;
        match self.latent {
            None => self.h * (self.heads * self.qk + self.kv) + out,
            Some((q, c, rope)) => {
                let query = if q > 0.0 { self.h * q + q * self.heads * self.qk } else { self.h * self.heads * self.qk };
                query + self.h * (c + rope) + c * self.heads * (self.qk - rope + self.v) + out
            }
        }
    }
}

/// Everything a layer's time depends on.
#[derive(Debug, Clone, Copy)]
pub struct Bench<'a> {
    /// Widths.
    pub d: Dims,
    /// Layout.
    pub p: &'a Plan,
    /// Rates.
    pub r: Rates,
    /// Links.
    pub l: Links,
    /// Factors.
    pub f: &'a Factors,
    /// Tokens of a micro-batch on one chip.
    pub t: f64,
}

/// The two directions of one layer; recompute is inside `bwd`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layer {
    /// Forward.
    pub fwd: Work,
    /// Backward, with what it recomputes.
    pub bwd: Work,
}

/// Shape of the experts of a layer.
#[derive(Debug, Clone, Copy)]
pub struct Moe {
    /// Routed experts.
    pub count: f64,
    /// At work for a token.
    pub active: f64,
    /// Width.
    pub width: f64,
    /// Width of shared experts.
    pub shared: f64,
    /// Nodes a token may visit.
    pub nodes: f64,
}

impl Bench<'_> {
    /// Forward and backward of a product with a weight of `n x k`, split over `tp` already.
    fn linear(&self, fwd: &mut Work, bwd: &mut Work, n: f64, k: f64) {
        let (t, r) = (self.t, &self.r);
        fwd.gemm += r.product(t, n, k, 2.0);
        let grad = r.product(k, n, t, 8.0);
        bwd.gemm += r.product(t, k, n, 2.0) + grad;
        bwd.weight_grad += grad;
        self.cast(fwd, bwd, n, k);
    }

    /// Casts of an 8-bit recipe: the input and the gradient, in both orientations.
    fn cast(&self, fwd: &mut Work, bwd: &mut Work, n: f64, k: f64) {
        let each = match self.p.precision {
            Precision::Half => return,
            Precision::Fp8 => 4.0,
            Precision::MxFp8 | Precision::BlockFp8 => 5.0,
        };
        fwd.elementwise += self.t * k * each * self.r.byte;
        bwd.elementwise += self.t * n * each * self.r.byte;
    }

    fn projections(&self, fwd: &mut Work, bwd: &mut Work) {
        let (d, tp) = (&self.d, self.p.tp);
        match d.latent {
            None => self.linear(fwd, bwd, (d.heads * d.qk + d.kv) / tp, d.h),
            Some((q, c, rope)) => {
                if q > 0.0 {
                    self.linear(fwd, bwd, q, d.h);
                    self.linear(fwd, bwd, d.heads * d.qk / tp, q);
                } else {
                    self.linear(fwd, bwd, d.heads * d.qk / tp, d.h);
                }
                self.linear(fwd, bwd, c + rope, d.h);
                self.linear(fwd, bwd, d.heads * (d.qk - rope + d.v) / tp, c);
            }
        }
        self.linear(fwd, bwd, d.h, d.heads * d.v / tp);
    }

    /// Core attention: forward and backward seconds.
    fn core(&self) -> (Work, Work) {
        let (d, p, r) = (&self.d, self.p, &self.r);
        let heads = d.heads / p.tp;
        let (mut fwd, mut bwd) = (Work::default(), Work::default());
        if p.fused {
            let (share, window) = d.window;
            let seen_window = if window > 0.0 && window < p.seq { window * (1.0 - window / (2.0 * p.seq)) } else { p.seq / 2.0 };
            let seen = share * seen_window + (1.0 - share) * p.seq / 2.0;
            let flop = 2.0 * self.t * seen * heads * (d.qk + d.v);
            let local = p.seq / p.cp;
            let ramp = (1.0 + r.attn_ramp / local) * (1.0 + 40.0 / d.qk) / (1.0 + 40.0 / 128.0);
            fwd.attention = flop * r.attn_fwd * ramp;
            bwd.attention = 2.5 * flop * r.attn_bwd * ramp;
        } else {
            let batch = p.micro_batch * heads;
            let rows = p.seq / p.cp;
            let area = batch * rows * p.seq;
            let slow = if d.qk % 8.0 == 0.0 { 1.0 } else { 4.0 };
            let qk = r.batched16(batch, rows, p.seq, d.qk) * slow;
            let pv = r.batched16(batch, rows, d.v, p.seq) * slow;
            fwd.attention = qk + pv;
            bwd.attention = 2.0 * (qk + pv);
            // Scale, mask and softmax in one kernel, then dropout with its mask.
            fwd.elementwise = area * (4.0 + 5.0) * r.byte;
            bwd.elementwise = area * (6.0 + 5.0) * r.byte;
        }
        (fwd, bwd)
    }

    /// Norms, residuals, dropout (every chip of a tensor group unless split) and what heads do.
    fn rest(&self, fwd: &mut Work, bwd: &mut Work) {
        let (d, p) = (&self.d, self.p);
        let split = if p.sequence_parallel { p.tp } else { 1.0 };
        let (f_h, b_h) = if p.fused { (20.0, 26.0) } else { (22.0, 34.0) };
        fwd.elementwise += self.t * d.h / split * f_h * self.r.byte;
        bwd.elementwise += self.t * d.h / split * b_h * self.r.byte;
        let q = (d.heads * d.qk + d.kv) / p.tp;
        fwd.elementwise += self.t * q * 4.0 * self.r.byte;
        bwd.elementwise += self.t * q * 4.0 * self.r.byte;
    }

    fn activation(&self, fwd: &mut Work, bwd: &mut Work, width: f64) {
        let up = self.d.up;
        fwd.elementwise += self.t * width * 2.0 * (up + 1.0) * self.r.byte;
        bwd.elementwise += self.t * width * 2.0 * (2.0 * up + 1.0) * self.r.byte;
    }

    /// Two collectives a direction, each the whole activation.
    fn tensor_traffic(&self, fwd: &mut Work, bwd: &mut Work, blocks: f64) {
        let p = self.p;
        if p.tp <= 1.0 {
            return;
        }
        let bytes = self.t * self.d.h * 2.0;
        let one = self.l.gather(bytes, p.tp, 1.0);
        let forward = 2.0 * blocks * one;
        let hidden = if p.fused { self.f.overlap_tp } else { 0.0 };
        fwd.tp += forward;
        fwd.tp_exposed += forward * (1.0 - hidden);
        // With sequence parallelism the input is gathered again for its weight gradient, behind other work.
        bwd.tp += forward + if p.sequence_parallel { blocks * one } else { 0.0 };
        bwd.tp_exposed += forward * (1.0 - hidden);
    }

    fn context_traffic(&self, fwd: &mut Work, bwd: &mut Work) {
        let p = self.p;
        if p.cp <= 1.0 {
            return;
        }
        let kv = if self.d.latent.is_some() { self.d.kv } else { self.d.kv } / p.tp;
        let one = self.l.send(self.t * kv * 2.0, p.tp * p.cp) * (p.cp - 1.0);
        fwd.cp = one;
        fwd.cp_exposed = smooth_max(one, fwd.attention) - fwd.attention;
        bwd.cp = 2.0 * one;
        bwd.cp_exposed = smooth_max(2.0 * one, bwd.attention) - bwd.attention;
    }

    fn launches(&self, work: &mut Work, kernels: f64) {
        let busy = work.total();
        let host = kernels * self.f.launch * 1e-6;
        let exposed = if self.p.blocking { host } else { smooth_max(busy, host) - busy };
        work.launch += exposed + kernels * self.f.gap * 1e-6;
    }

    /// Gathers and reductions of a layer whose weights are sharded over data-parallel ranks.
    fn shard_traffic(&self, layer: &mut Layer, params: f64) {
        let p = self.p;
        if p.zero < Zero::Full {
            return;
        }
        let group = p.dp * p.cp;
        let gather = self.l.gather(params * 2.0, group, p.tp);
        let reduce = self.l.gather(params * p.grad_bytes, group, p.tp);
        let (f, b) = (layer.fwd.total(), layer.bwd.total());
        layer.fwd.shard = gather;
        layer.fwd.shard_exposed = smooth_max(f, gather) - f;
        layer.bwd.shard = gather + reduce;
        layer.bwd.shard_exposed = smooth_max(b, gather + reduce) - b;
    }

    /// Accumulation of weight gradients in 32 bits, when a step has several micro-batches.
    fn accumulate(&self, bwd: &mut Work, params: f64, micro_batches: f64) {
        if micro_batches > 1.0 && self.p.separate_accumulation {
            bwd.elementwise += params * 10.0 * self.r.byte;
        }
    }

    fn recompute(&self, layer: &mut Layer, core: &Work, cheap: f64) {
        match self.p.recompute {
            Recompute::None => {}
            Recompute::Selective => {
                let extra = if self.p.fused { Work { elementwise: cheap, ..Work::default() } } else { *core };
                layer.bwd = layer.bwd.plus(extra);
            }
            Recompute::Full => {
                let mut again = layer.fwd;
                again.shard = 0.0;
                again.shard_exposed = 0.0;
                layer.bwd = layer.bwd.plus(again);
            }
        }
    }

    /// One layer with a dense MLP.
    pub fn dense(&self, micro_batches: f64) -> Layer {
        let (d, p) = (&self.d, self.p);
        let mut layer = Layer::default();
        let (core_f, core_b) = self.core();
        layer.fwd = core_f;
        layer.bwd = core_b;
        let (mut fwd, mut bwd) = (layer.fwd, layer.bwd);
        self.projections(&mut fwd, &mut bwd);
        self.linear(&mut fwd, &mut bwd, d.up * d.ffn / p.tp, d.h);
        self.linear(&mut fwd, &mut bwd, d.h, d.ffn / p.tp);
        self.rest(&mut fwd, &mut bwd);
        self.activation(&mut fwd, &mut bwd, d.ffn / p.tp);
        self.tensor_traffic(&mut fwd, &mut bwd, 2.0);
        self.context_traffic(&mut fwd, &mut bwd);
        let params = (d.attention_params() + (d.up + 1.0) * d.ffn * d.h) / p.tp;
        self.accumulate(&mut bwd, params, micro_batches);
        let kernels = if p.fused { 20.0 } else { 45.0 } + if p.precision == Precision::Half { 0.0 } else { 8.0 };
        self.launches(&mut fwd, kernels);
        self.launches(&mut bwd, 2.0 * kernels);
        layer.fwd = fwd;
        layer.bwd = bwd;
        self.recompute(&mut layer, &core_f, 0.0);
        self.shard_traffic(&mut layer, params);
        layer
    }

    /// One layer with experts.
    pub fn mixture(&self, moe: &Moe, micro_batches: f64) -> Layer {
        let (d, p, r) = (&self.d, self.p, &self.r);
        let mut layer = Layer::default();
        let (core_f, core_b) = self.core();
        let (mut fwd, mut bwd) = (core_f, core_b);
        self.projections(&mut fwd, &mut bwd);
        if moe.shared > 0.0 {
            self.linear(&mut fwd, &mut bwd, d.up * moe.shared / p.tp, d.h);
            self.linear(&mut fwd, &mut bwd, d.h, moe.shared / p.tp);
            self.activation(&mut fwd, &mut bwd, moe.shared / p.tp);
        }
        self.rest(&mut fwd, &mut bwd);
        // With expert parallelism over tensor ranks too, each chip routes its share of the tokens.
        let tokens = self.t / p.tp;
        fwd.gemm += r.product16(tokens, moe.count, d.h, 4.0);
        bwd.gemm += 2.0 * r.product16(tokens, moe.count, d.h, 4.0);
        let rows = tokens * moe.active;
        let local = (moe.count / p.ep).max(1.0);
        let per_expert = rows / local;
        let scale = 1.0 / self.f.expert;
        let (n1, n2) = (d.up * moe.width, moe.width);
        fwd.experts += scale * (r.grouped(local, per_expert, n1, d.h, 2.0) + r.grouped(local, per_expert, d.h, n2, 2.0));
        let grad = scale * (r.grouped(local, n1, d.h, per_expert, 4.0) + r.grouped(local, d.h, n2, per_expert, 4.0));
        bwd.experts += grad + scale * (r.grouped(local, per_expert, d.h, n1, 2.0) + r.grouped(local, per_expert, n2, d.h, 2.0));
        bwd.weight_grad += grad;
        self.permute(&mut fwd, &mut bwd, rows, moe);
        self.expert_traffic(&mut fwd, &mut bwd, tokens, moe);
        self.tensor_traffic(&mut fwd, &mut bwd, if moe.shared > 0.0 { 2.0 } else { 1.0 });
        self.context_traffic(&mut fwd, &mut bwd);
        let experts = local * (d.up + 1.0) * moe.width * d.h;
        let rest = (d.attention_params() + (d.up + 1.0) * moe.shared * d.h) / p.tp + moe.count * d.h;
        self.accumulate(&mut bwd, rest + experts, micro_batches);
        let kernels = 36.0 + if p.precision == Precision::Half { 0.0 } else { 12.0 };
        self.launches(&mut fwd, kernels);
        self.launches(&mut bwd, 2.0 * kernels);
        layer.fwd = fwd;
        layer.bwd = bwd;
        self.recompute(&mut layer, &core_f, rows * moe.width * 6.0 * r.byte);
        self.shard_traffic(&mut layer, rest + experts / 1.0);
        layer
    }

    fn permute(&self, fwd: &mut Work, bwd: &mut Work, rows: f64, moe: &Moe) {
        let d = &self.d;
        // Permute before and un-permute after the experts: read and write each row, both ways.
        let bytes = rows * d.h * 2.0 * 4.0 * self.f.permute;
        fwd.elementwise += bytes * self.r.byte;
        bwd.elementwise += bytes * self.r.byte;
        let act = rows * moe.width * 2.0;
        fwd.elementwise += act * (d.up + 1.0) * self.r.byte;
        bwd.elementwise += act * (2.0 * d.up + 1.0) * self.r.byte;
        if self.p.precision != Precision::Half {
            fwd.elementwise += rows * (d.h + moe.width) * 4.0 * self.r.byte;
            bwd.elementwise += rows * (d.h + d.up * moe.width) * 4.0 * self.r.byte;
        }
    }

    fn expert_traffic(&self, fwd: &mut Work, bwd: &mut Work, tokens: f64, moe: &Moe) {
        let p = self.p;
        let dispatch_bytes = self.d.h * if p.precision == Precision::BlockFp8 { 1.0 } else { 2.0 };
        let dispatch = self.l.exchange(tokens, dispatch_bytes, p.ep, moe.active, moe.nodes);
        let combine = self.l.exchange(tokens, self.d.h * 2.0, p.ep, moe.active, moe.nodes);
        let hidden = self.f.overlap_ep;
        fwd.ep += dispatch + combine;
        fwd.ep_exposed += (dispatch + combine) * (1.0 - hidden);
        bwd.ep += dispatch + combine;
        bwd.ep_exposed += (dispatch + combine) * (1.0 - hidden);
    }

    /// The embedding of a micro-batch: forward and backward seconds.
    pub fn embedding(&self) -> Layer {
        let bytes = self.t * self.d.h * 2.0;
        let mut layer = Layer::default();
        layer.fwd.elementwise = bytes * 3.0 * self.r.byte;
        layer.bwd.elementwise = bytes * 3.0 * self.r.byte;
        layer
    }

    /// The output head and the loss of a micro-batch.
    pub fn head(&self) -> Layer {
        let (d, tp, t) = (&self.d, self.p.tp, self.t);
        let mut layer = Layer::default();
        let n = d.vocab / tp;
        layer.fwd.gemm = self.r.product16(t, n, d.h, 2.0);
        layer.bwd.gemm = self.r.product16(t, d.h, n, 2.0) + self.r.product16(d.h, n, t, 4.0);
        layer.fwd.elementwise = t * n * if self.p.fused { 10.0 } else { 18.0 } * self.r.byte;
        layer.bwd.elementwise = t * n * if self.p.fused { 6.0 } else { 10.0 } * self.r.byte;
        if tp > 1.0 {
            let one = self.l.gather(t * d.h * 2.0, tp, 1.0);
            layer.fwd.tp = one;
            layer.fwd.tp_exposed = one;
            layer.bwd.tp = one;
            layer.bwd.tp_exposed = one;
        }
        layer
    }
}
