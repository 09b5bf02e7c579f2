//! Time of one layer for one micro-batch on one chip: every kernel and every collective inside it.

use super::collectives::Links;
use super::compute::{Rates, smooth_max};
use super::efficiency::Factors;
use super::machine::Machine;
use super::stack::{Stack, TensorOverlap};
use super::widths::{Latent, Widths};
use super::work::{Passes, Work};
use crate::hardware::precision::Precision;
use crate::layout::parallelism::{Layout, ZeroStage};
use crate::model::architecture::Architecture;
use crate::model::flops::{Causality, Kernel, Recompute, mean_keys};

/// Everything a layer's time depends on, prepared once a step.
#[derive(Debug, Clone, Copy)]
pub struct Bench<'a> {
    /// Widths of the model.
    pub w: Widths,
    /// The layout.
    pub layout: &'a Layout,
    /// The software.
    pub stack: &'a Stack,
    /// The factors.
    pub f: &'a Factors,
    /// Rates of the chip.
    pub r: Rates,
    /// Its links.
    pub links: Links,
    /// Tokens of a micro-batch on one chip.
    pub t: f64,
    /// Tensor-parallel degree.
    pub tp: f64,
    /// Context-parallel degree.
    pub cp: f64,
    /// Mean number of keys a query sees.
    pub keys: f64,
    /// Sequence length.
    pub seq: f64,
    /// Micro-batches of a step.
    pub micro_batches: f64,
}

impl<'a> Bench<'a> {
    /// Prepares a step.
    pub fn new(shape: &Architecture, layout: &'a Layout, machine: &Machine, stack: &'a Stack, f: &'a Factors) -> Self {
        let (tp, cp, seq) = (f64::from(layout.tp), f64::from(layout.cp), f64::from(layout.seq_len));
        Self {
            w: Widths::of(shape),
            layout,
            stack,
            f,
            r: Rates::new(machine, layout.precision, stack.native_attention, f),
            links: Links::new(machine, f),
            t: f64::from(layout.micro_batch) * seq / cp,
            tp,
            cp,
            keys: mean_keys(layout.seq_len, shape.attention.window(), Causality::Causal),
            seq,
            micro_batches: (layout.micro_batches() as f64).max(1.0),
        }
    }

    /// Adds bytes of element-wise traffic.
    #[inline]
    pub(super) fn stream(&self, work: &mut Work, bytes: f64) {
        work.elementwise += bytes * self.r.byte;
    }

    /// A product with a weight of `n x k` on this chip, both directions.
    pub(super) fn linear(&self, p: &mut Passes, n: f64, k: f64) {
        let (t, r) = (self.t, &self.r);
        p.fwd.gemm += r.product(t, n, k, 2.0);
        // The weight gradient is read and written in 32 bits as it is accumulated.
        let gradient = r.product(k, n, t, 8.0);
        p.bwd.gemm += r.product(t, k, n, 2.0) + gradient;
        p.bwd.weight_gradient += gradient;
        if r.narrow {
            let each = self.cast_bytes();
            self.stream(&mut p.fwd, t * k * each);
            self.stream(&mut p.bwd, t * n * each);
        }
    }

    /// Bytes moved to cast one element to the recipe's format in both orientations.
    pub(super) fn cast_bytes(&self) -> f64 {
        if self.layout.precision == Precision::Fp8 { 4.0 } else { 5.0 }
    }

    fn projections(&self, p: &mut Passes) {
        let (w, tp) = (&self.w, self.tp);
        match w.latent {
            None => self.linear(p, (w.heads * w.qk + w.gate + w.kv) / tp, w.hidden),
            Some(Latent { q_rank, kv_rank, rope }) => {
                if q_rank > 0.0 {
                    self.linear(p, q_rank, w.hidden);
                    self.linear(p, w.heads * w.qk / tp, q_rank);
                } else {
                    self.linear(p, w.heads * w.qk / tp, w.hidden);
                }
                self.linear(p, kv_rank + rope, w.hidden);
                self.linear(p, w.heads * (w.qk - rope + w.v) / tp, kv_rank);
            }
        }
        self.linear(p, w.hidden, w.heads * w.v / tp);
    }

    /// The attention core.
    fn core(&self) -> Passes {
        let softmax = match self.layout.kernel {
            Kernel::Fused => self.fused_core(),
            Kernel::Unfused => self.unfused_core(),
        };
        let (share, width, values, flop) = self.w.linear;
        if share == 0.0 {
            return softmax;
        }
        let mut p = Passes::default();
        p.add(&softmax, 1.0 - share);
        // The delta rule multiplies small blocks and moves its inputs several times.
        p.fwd.attention += share * 2.0 * self.t * flop / self.tp * self.r.attention_forward;
        p.bwd.attention += share * 5.0 * self.t * flop / self.tp * self.r.attention_backward;
        let bytes = share * self.t * (width + 2.0 * values) / self.tp * 2.0;
        self.stream(&mut p.fwd, 3.0 * bytes);
        self.stream(&mut p.bwd, 6.0 * bytes);
        p
    }

    fn fused_core(&self) -> Passes {
        let (w, r) = (&self.w, &self.r);
        let flop = 2.0 * self.t * self.keys * w.heads / self.tp * (w.qk + w.v);
        let ramp = r.attention_shape(self.seq / self.cp, w.qk);
        let mut p = Passes::default();
        p.fwd.attention = flop * r.attention_forward * ramp;
        p.bwd.attention = 2.5 * flop * r.attention_backward * ramp;
        p
    }

    /// Scores and probabilities are whole matrices in memory, computed above the diagonal too.
    fn unfused_core(&self) -> Passes {
        let (w, r) = (&self.w, &self.r);
        let batch = f64::from(self.layout.micro_batch) * w.heads / self.tp;
        let rows = self.seq / self.cp;
        let area = batch * rows * self.seq;
        let aligned = r.alignment(w.qk);
        let both = (r.batched16(batch, rows, self.seq, w.qk) + r.batched16(batch, rows, w.v, self.seq)) * aligned;
        let mut p = Passes::default();
        p.fwd.attention = both;
        p.bwd.attention = 2.0 * both;
        // Scale, mask and softmax in one kernel; dropout with its mask in another.
        self.stream(&mut p.fwd, area * 9.0);
        self.stream(&mut p.bwd, area * 11.0);
        p
    }

    /// Norms, residuals and dropout, whole on each chip unless split along the sequence; rotary and head layout.
    pub(super) fn rest(&self, p: &mut Passes) {
        let w = &self.w;
        let split = if self.layout.sequence_parallel { self.tp } else { 1.0 };
        let (fwd, bwd) = match self.layout.kernel {
            Kernel::Fused => (20.0, 26.0),
            Kernel::Unfused => (22.0, 34.0),
        };
        let passes = if self.stack.eager { self.f.eager } else { 1.0 };
        let stream = self.t * w.hidden / split * passes;
        self.stream(&mut p.fwd, stream * fwd);
        self.stream(&mut p.bwd, stream * bwd);
        let heads = self.t * (w.heads * w.qk + w.kv) / self.tp * passes;
        self.stream(&mut p.fwd, heads * 4.0);
        self.stream(&mut p.bwd, heads * 4.0);
    }

    /// The activation function over `elements` of the MLP's inner width.
    pub(super) fn activation(&self, p: &mut Passes, elements: f64) {
        let up = self.w.up;
        let elements = if self.stack.eager { elements * self.f.eager } else { elements };
        self.stream(&mut p.fwd, elements * 2.0 * (up + 1.0));
        self.stream(&mut p.bwd, elements * 2.0 * (2.0 * up + 1.0));
    }

    /// A gather and a reduction (or an all-reduce) of the activations around each of `blocks` split blocks.
    pub(super) fn tensor_traffic(&self, p: &mut Passes, blocks: f64) {
        if self.tp <= 1.0 {
            return;
        }
        let one = self.links.gather(self.t * self.w.hidden * 2.0, self.tp, 1.0);
        let traffic = 2.0 * blocks * one;
        let (fwd, bwd) = self.shown();
        p.fwd.tp += traffic;
        p.fwd.tp_exposed += traffic * fwd;
        // With sequence parallelism the input is gathered again for its weight gradient, behind other work.
        p.bwd.tp += traffic + if self.layout.sequence_parallel { blocks * one } else { 0.0 };
        p.bwd.tp_exposed += traffic * bwd;
    }

    /// Shares of the tensor-parallel traffic of either direction that show.
    fn shown(&self) -> (f64, f64) {
        // Split along the sequence, half of the backward traffic gathers what the very next product needs.
        let free = if self.layout.sequence_parallel { 0.5 } else { 0.0 };
        let behind = free + (1.0 - free) * self.f.contention;
        match self.stack.tensor_overlap {
            TensorOverlap::Nothing => (1.0, 1.0),
            TensorOverlap::WeightGradients => (1.0, behind),
            TensorOverlap::Products => (1.0 - self.f.overlap_tp, (1.0 - self.f.overlap_tp) * behind),
        }
    }

    /// Keys and values go around the ring while the blocks that are here are computed.
    pub(super) fn context_traffic(&self, p: &mut Passes) {
        if self.cp <= 1.0 {
            return;
        }
        let block = self.t * self.w.kv / self.tp * 2.0;
        let round = self.links.send(block, self.tp * self.cp) * (self.cp - 1.0);
        p.fwd.cp += round;
        p.fwd.cp_exposed += self.behind(round, p.fwd.attention);
        p.bwd.cp += 2.0 * round;
        p.bwd.cp_exposed += self.behind(2.0 * round, p.bwd.attention);
    }

    /// Host time that the kernels do not hide, and the gaps between them.
    pub(super) fn launches(&self, work: &mut Work, kernels: f64) {
        let busy = work.total();
        let host = kernels * self.f.launch * 1e-6;
        let exposed = if self.stack.blocking_launches { host } else { smooth_max(busy, host) - busy };
        work.launch += exposed + kernels * self.f.gap * 1e-6;
    }

    /// Gathers and reductions of a layer whose weights ZeRO-3 splits.
    pub(super) fn shard_traffic(&self, p: &mut Passes, params: f64) {
        if self.layout.zero < ZeroStage::Weights {
            return;
        }
        let group = self.layout.shards(self.layout.replicas()) as f64;
        let gather = self.links.gather(params * 2.0, group, self.tp);
        let reduce = self.links.gather(params * self.layout.states.bytes().gradients, group, self.tp);
        p.fwd.shard += gather;
        p.fwd.shard_exposed += self.behind(gather, p.fwd.total());
        p.bwd.shard += gather + reduce;
        p.bwd.shard_exposed += self.behind(gather + reduce, p.bwd.total());
    }

    /// What shows of traffic that runs behind work of this length.
    #[inline]
    pub(super) fn behind(&self, traffic: f64, work: f64) -> f64 {
        smooth_max(traffic, work) - work + self.f.contention * traffic.min(work)
    }

    /// Accumulating gradients by a kernel of their own.
    pub(super) fn accumulate(&self, p: &mut Passes, params: f64) {
        if self.micro_batches > 1.0 && !self.stack.fused_accumulation {
            self.stream(&mut p.bwd, params * 10.0);
        }
    }

    /// What the backward pass computes again; `cheap` is the element-wise work of a selective recompute.
    pub(super) fn recompute(&self, p: &mut Passes, core: &Work, cheap: f64) {
        match (self.layout.recompute, self.layout.kernel) {
            (Recompute::None, _) => {}
            (Recompute::Selective, Kernel::Unfused) => p.bwd.add(core, 1.0),
            (Recompute::Selective, Kernel::Fused) => self.stream(&mut p.bwd, cheap),
            (Recompute::Full, _) => {
                let again = p.fwd;
                p.bwd.add(&again, 1.0);
            }
        }
    }

    /// Kernels of a narrow recipe beyond those of a 16-bit one.
    pub(super) fn casts(&self, kernels: f64) -> f64 {
        if self.r.narrow { kernels } else { 0.0 }
    }

    /// Attention, norms, and what goes with them in every layer.
    pub(super) fn attention_block(&self) -> (Passes, Work) {
        let mut p = self.core();
        let core = p.fwd;
        self.projections(&mut p);
        self.rest(&mut p);
        (p, core)
    }

    /// One layer with a dense MLP.
    pub fn dense(&self) -> Passes {
        let (w, tp) = (&self.w, self.tp);
        let (mut p, core) = self.attention_block();
        self.linear(&mut p, w.up * w.ffn / tp, w.hidden);
        self.linear(&mut p, w.hidden, w.ffn / tp);
        self.activation(&mut p, self.t * w.ffn / tp);
        self.tensor_traffic(&mut p, 2.0);
        self.context_traffic(&mut p);
        let params = (w.attention_params() + (w.up + 1.0) * w.ffn * w.hidden) / tp;
        self.accumulate(&mut p, params);
        let kernels = match self.layout.kernel {
            Kernel::Fused => 20.0,
            Kernel::Unfused => 45.0,
        };
        let kernels = kernels + self.casts(8.0);
        self.launches(&mut p.fwd, kernels);
        self.launches(&mut p.bwd, 2.0 * kernels);
        self.recompute(&mut p, &core, 0.0);
        self.shard_traffic(&mut p, params);
        p
    }

    /// The embedding of a micro-batch.
    pub fn embedding(&self) -> Passes {
        let bytes = self.t * self.w.hidden * 6.0;
        let mut p = Passes::default();
        self.stream(&mut p.fwd, bytes);
        self.stream(&mut p.bwd, bytes);
        p
    }

    /// The output head and the loss of a micro-batch.
    pub fn head(&self) -> Passes {
        let (w, r, t) = (&self.w, &self.r, self.t);
        let n = self.layout.padded_vocab(w.vocab as u32) as f64 / self.tp;
        let mut p = Passes::default();
        p.fwd.gemm = r.product16(t, n, w.hidden, 2.0);
        p.bwd.gemm = r.product16(t, w.hidden, n, 2.0) + r.product16(w.hidden, n, t, 8.0);
        let (fwd, bwd) = match self.layout.kernel {
            Kernel::Fused => (10.0, 6.0),
            Kernel::Unfused => (18.0, 10.0),
        };
        self.stream(&mut p.fwd, t * n * fwd);
        self.stream(&mut p.bwd, t * n * bwd);
        if self.tp > 1.0 {
            let one = self.links.gather(t * w.hidden * 2.0, self.tp, 1.0);
            p.fwd.tp = one;
            p.fwd.tp_exposed = one;
            p.bwd.tp = one;
            p.bwd.tp_exposed = one;
        }
        p
    }
}
