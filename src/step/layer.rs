//! Time of one layer for one micro-batch on one chip: every kernel and every collective inside it.

use super::collectives::Links;
use super::compute::{Rates, smooth_max};
use super::efficiency::Factors;
use super::kind::Kind;
use super::machine::Machine;
use super::stack::{Again, Stack, TensorOverlap};
use super::time_by_kind::ForwardBackward;
use super::workload::Workload;
use crate::hardware::precision::Precision;
use crate::layout::parallelism::{Layout, ZeroStage};
use crate::model::architecture::Architecture;
use crate::model::flops::{Kernel, Recompute};
use crate::model::tuning::Tuning;
use crate::units::{Bytes, BytesPerSecond, Seconds};

/// Bytes of an activation's element.
pub(super) const ACTIVATION: f64 = 2.0;

/// Bytes of a weight gradient's element as it is accumulated: read and written in 32 bits.
pub(super) const ACCUMULATED: f64 = 8.0;

/// The same by a kernel of its own, which also reads the 16-bit gradient.
const ACCUMULATED_APART: f64 = 10.0;

/// Element-wise bytes for each token and unit of a width, forward and backward; counted, two bytes an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traffic {
    pub(super) fwd: f64,
    pub(super) bwd: f64,
}

/// Norms and residuals around two blocks: ten passes forward, thirteen backward.
const RESIDUAL: Traffic = Traffic { fwd: 20.0, bwd: 26.0 };

/// The same with dropout and its mask.
const RESIDUAL_DROPOUT: Traffic = Traffic { fwd: 22.0, bwd: 34.0 };

/// Rotary embedding and the layout of heads: one pass either way.
const HEADS: Traffic = Traffic { fwd: 4.0, bwd: 4.0 };

/// A copy of a collective's tensor: one pass forward; backward as many, and the input gathered again.
const COPY: Traffic = Traffic { fwd: 4.0, bwd: 6.0 };

/// Kernels of a dense layer, forward: with fused attention, and without.
const KERNELS: f64 = 20.0;
const KERNELS_UNFUSED: f64 = 45.0;

/// Casts of a narrow recipe for a dense layer, forward.
pub(super) const CASTS: f64 = 8.0;

/// Kernels backward over those forward.
const BACKWARD_KERNELS: f64 = 2.0;

/// What of a layer a recompute may do or leave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cheap {
    /// Bytes of element-wise work that a selective recompute of today does again beside a fused core, which recomputes
    /// itself.
    pub(super) bytes: f64,
    /// The last product of the forward pass, whose result no backward product needs.
    pub(super) last: Seconds,
}

/// Everything a layer's time depends on but its kind, prepared once a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct LayerContext<'a> {
    /// The model.
    pub(super) model: &'a Workload,
    /// Its shape.
    pub(super) shape: &'a Architecture,
    /// Which of its weights are trained.
    pub(super) tuning: Tuning,
    /// Width of its residual stream.
    pub(super) hidden: f64,
    /// The layout.
    pub(super) layout: &'a Layout,
    /// The software.
    pub(super) stack: &'a Stack,
    /// The factors.
    pub(super) f: &'a Factors,
    /// Rates of the chip.
    pub(super) r: Rates,
    /// Its links.
    pub(super) links: Links,
    /// Link to the host, one way.
    pub(super) host: BytesPerSecond,
    /// Tokens of a micro-batch on one chip.
    pub(super) t: f64,
    /// Tensor-parallel degree.
    pub(super) tp: f64,
    /// Context-parallel degree.
    pub(super) cp: f64,
    /// Sequence length.
    pub(super) seq: f64,
    /// Micro-batches of a step.
    pub(super) micro_batches: f64,
}

impl<'a> LayerContext<'a> {
    /// Prepares a step.
    pub(super) fn new(
        model: &'a Workload,
        layout: &'a Layout,
        machine: &Machine,
        stack: &'a Stack,
        f: &'a Factors,
    ) -> Self {
        debug_assert_eq!(layout.seq_len, model.seq_len, "a model is prepared for sequences of one length");
        let shape = &model.shape;
        let (tp, cp, seq) = (f64::from(layout.tp), f64::from(layout.cp), f64::from(layout.seq_len));
        Self {
            model,
            shape,
            tuning: shape.tuning,
            hidden: f64::from(shape.hidden),
            layout,
            stack,
            f,
            r: Rates::new(machine, layout.precision, stack.attention, f),
            links: Links::new(machine, f),
            host: machine.host,
            t: f64::from(layout.micro_batch) * seq / cp,
            tp,
            cp,
            seq,
            micro_batches: (layout.micro_batches() as f64).max(1.0),
        }
    }

    /// One layer of a kind.
    pub(super) fn layer(&self, kind: &Kind) -> ForwardBackward {
        match &kind.moe {
            None => self.dense(kind),
            Some(moe) => self.moe(kind, moe),
        }
    }

    /// One layer with a dense MLP, or without any.
    ///
    /// # Formula
    /// attention block, two products of the MLP, its activation, traffic of the split blocks, launches, recompute
    /// # Source
    /// Korthikanti et al. 2022, arXiv:2205.05198, figures 4 and 5: what a layer computes and moves.
    fn dense(&self, kind: &Kind) -> ForwardBackward {
        let (hidden, tp) = (self.hidden, self.tp);
        let mut p = ForwardBackward::default();
        self.attention_block(&mut p, kind);
        if kind.ffn > 0.0 {
            self.linear(&mut p, kind.up * kind.ffn / tp, hidden);
            self.linear(&mut p, hidden, kind.ffn / tp);
            self.activation(&mut p, kind.up, self.t * kind.ffn / tp);
        }
        self.tensor_traffic(&mut p, kind.blocks);
        self.context_traffic(&mut p, kind);
        let params = kind.split / tp;
        self.accumulate(&mut p, params);
        let kernels = match self.layout.kernel {
            Kernel::Fused => KERNELS,
            Kernel::Unfused => KERNELS_UNFUSED,
        };
        self.launches(&mut p, kernels * kind.blocks / 2.0 + self.casts());
        let last =
            if kind.ffn > 0.0 { self.r.product(self.t, hidden, kind.ffn / tp, ACTIVATION) } else { Seconds::ZERO };
        self.recompute(&mut p, kind, Cheap { bytes: 0.0, last });
        self.shard_traffic(&mut p, params);
        p
    }

    /// Adds bytes of element-wise traffic, `each` for every one of `elements`.
    #[inline]
    pub(super) fn stream(&self, p: &mut ForwardBackward, elements: f64, each: Traffic) {
        p.fwd.elementwise += self.r.moved(Bytes::new(elements * each.fwd));
        p.bwd.elementwise += self.r.moved(Bytes::new(elements * each.bwd));
    }

    /// A product with a weight of `n x k` on this chip, both directions, and the casts of a narrow recipe.
    ///
    /// # Formula
    /// forward `t x n x k`; backward `t x k x n` for the input and `k x n x t` for the weight
    /// # Source
    /// Narayanan et al. 2021, arXiv:2104.04473, appendix: each product has two of its size backward.
    pub(super) fn linear(&self, p: &mut ForwardBackward, n: f64, k: f64) {
        let (t, r) = (self.t, &self.r);
        p.fwd.gemm += r.product(t, n, k, ACTIVATION);
        p.bwd.gemm += r.product(t, k, n, ACTIVATION);
        if self.tuning.is_frozen() {
            self.adapter(p, n, k);
        } else {
            let gradient = r.product(k, n, t, ACCUMULATED);
            p.bwd.gemm += gradient;
            p.bwd.weight_gradient += gradient;
        }
        self.cast(p, t * k, t * n);
    }

    /// Casts of an 8-bit recipe: inputs forward, gradients backward, each in both orientations.
    pub(super) fn cast(&self, p: &mut ForwardBackward, inputs: f64, gradients: f64) {
        if !self.r.narrow {
            return;
        }
        // Read in two bytes, written twice in one; block scales are computed and written besides.
        let each = if self.layout.precision == Precision::Fp8 { 4.0 } else { 5.0 };
        self.stream(p, inputs, Traffic { fwd: each, bwd: 0.0 });
        self.stream(p, gradients, Traffic { fwd: 0.0, bwd: each });
    }

    /// Passes of an element-wise operation, relative to fused ones.
    fn passes(&self) -> f64 {
        if self.stack.eager { self.f.eager } else { 1.0 }
    }

    /// Norms, residuals and dropout, whole on each chip unless split along the sequence; rotary and head layout.
    pub(super) fn rest(&self, p: &mut ForwardBackward, kind: &Kind) {
        let split = if self.layout.sequence_parallel { self.tp } else { 1.0 };
        let each = match self.layout.kernel {
            Kernel::Fused => RESIDUAL,
            Kernel::Unfused => RESIDUAL_DROPOUT,
        };
        let share = kind.blocks / 2.0;
        self.stream(p, self.t * self.hidden / split * self.passes() * share, each);
        self.stream(p, self.t * (kind.work.queries + kind.work.key_values) / self.tp * self.passes(), HEADS);
    }

    /// The activation function over `elements` of the MLP's inner width: its inputs read, its output written, and
    /// backward also the gradient read and those of the inputs written.
    pub(super) fn activation(&self, p: &mut ForwardBackward, up: f64, elements: f64) {
        let each = Traffic { fwd: ACTIVATION * (up + 1.0), bwd: ACTIVATION * (2.0 * up + 1.0) };
        self.stream(p, elements * self.passes(), each);
    }

    /// A gather and a reduction (or an all-reduce) of the activations around each of `blocks` split blocks.
    ///
    /// # Formula
    /// forward and backward two collectives a block; shown is what the stack does not hide: all of it, or nothing but
    /// contention where weight gradients run behind it, less the overlapped share where products are cut in pieces
    /// # Source
    /// Shoeybi et al. 2019, arXiv:1909.08053; Korthikanti et al. 2022, arXiv:2205.05198, section 4.2.2; Megatron-Core,
    /// `tp_comm_overlap`.
    pub(super) fn tensor_traffic(&self, p: &mut ForwardBackward, blocks: f64) {
        if self.tp <= 1.0 {
            return;
        }
        let one = self.links.gather(Bytes::new(self.t * self.hidden * ACTIVATION), self.tp, 1.0);
        let traffic = one * (2.0 * blocks);
        // Split along the sequence, half of the backward traffic gathers what the very next product needs, and the
        // input is gathered again for its weight gradient, behind other work.
        let split = self.layout.sequence_parallel;
        let needed = if split { 0.5 } else { 0.0 };
        let behind = needed + (1.0 - needed) * self.f.contention;
        let (fwd, bwd) = match self.stack.tensor_overlap {
            TensorOverlap::Nothing => (1.0, 1.0),
            TensorOverlap::WeightGradients => (1.0, behind),
            TensorOverlap::Products => (1.0 - self.f.overlap_tp, (1.0 - self.f.overlap_tp) * behind),
        };
        if self.stack.tensor_copies {
            // Each collective along the sequence is copied into place once: read and written.
            self.stream(p, 2.0 * blocks * self.t * self.hidden, COPY);
        }
        p.fwd.tp += traffic;
        p.fwd.tp_exposed += traffic * fwd;
        p.bwd.tp += if split { traffic + one * blocks } else { traffic };
        p.bwd.tp_exposed += traffic * bwd;
    }

    /// Keys and values go around the ring while the blocks that are here are computed.
    ///
    /// # Formula
    /// `cp - 1` sends of the keys and values of a chip's tokens forward, twice that backward, behind the attention
    /// # Source
    /// Liu et al. 2023, arXiv:2310.01889 (ring attention).
    pub(super) fn context_traffic(&self, p: &mut ForwardBackward, kind: &Kind) {
        if self.cp <= 1.0 || !kind.softmax {
            return;
        }
        let block = Bytes::new(self.t * kind.work.key_values / self.tp * ACTIVATION);
        let round = self.links.send(block, self.tp * self.cp) * (self.cp - 1.0);
        p.fwd.cp += round;
        p.fwd.cp_exposed += self.behind(round, p.fwd.attention);
        p.bwd.cp += round * 2.0;
        p.bwd.cp_exposed += self.behind(round * 2.0, p.bwd.attention);
    }

    /// Host time that the kernels do not hide, and the gaps between them; `kernels` are those of the forward pass.
    ///
    /// # Formula
    /// `max(busy, kernels launch) - busy + kernels gap`, or all launches where the host waits for each
    /// # Source
    /// Kernels are launched while others run: the chip waits only where they are shorter than a launch.
    pub(super) fn launches(&self, p: &mut ForwardBackward, kernels: f64) {
        for (work, kernels) in [(&mut p.fwd, kernels), (&mut p.bwd, BACKWARD_KERNELS * kernels)] {
            let (busy, host) = (work.total(), Seconds::new(kernels * self.f.launch));
            let exposed = if self.stack.blocking_launches { host } else { smooth_max(busy, host) - busy };
            work.launch += exposed + Seconds::new(kernels * self.f.gap);
        }
    }

    /// Launches that nothing hides: the host had to wait before it.
    pub(super) fn waits(&self, p: &mut ForwardBackward, kernels: f64) {
        let all = Seconds::new(kernels * (self.f.launch + self.f.gap));
        p.fwd.launch += all;
        p.bwd.launch += all * BACKWARD_KERNELS;
    }

    /// Kernels of a narrow recipe beyond those of a 16-bit one.
    pub(super) fn casts(&self) -> f64 {
        if self.r.narrow { CASTS } else { 0.0 }
    }

    /// Gathers and reductions of a layer whose weights ZeRO-3 splits, behind its computation.
    ///
    /// # Formula
    /// a gather forward, a gather and a reduction of the gradients backward, for every micro-batch
    /// # Source
    /// Zhao et al. 2023, arXiv:2304.11277 (PyTorch FSDP), sections 3 and 4.
    pub(super) fn shard_traffic(&self, p: &mut ForwardBackward, params: f64) {
        if self.layout.zero < ZeroStage::Weights {
            return;
        }
        let group = self.layout.shards(self.layout.replicas()) as f64;
        let narrow = self.r.narrow && self.stack.narrow_gathers;
        let tuning = self.tuning;
        let each = if tuning.is_frozen() {
            tuning.frozen_bytes()
        } else if narrow {
            1.0
        } else {
            ACTIVATION
        };
        let gather = self.links.gather(Bytes::new(params * each), group, self.tp);
        // Gradients of adapters alone are not worth a line here.
        let gradients = if tuning.is_frozen() { 0.0 } else { self.layout.states.sent() };
        let reduce = self.links.gather(Bytes::new(params * gradients), group, self.tp);
        p.fwd.shard += gather;
        p.fwd.shard_exposed += self.behind(gather, p.fwd.total());
        p.bwd.shard += gather + reduce;
        p.bwd.shard_exposed += self.behind(gather + reduce, p.bwd.total());
    }

    /// What shows of traffic that runs behind work of this length.
    ///
    /// # Formula
    /// `max(traffic, work) - work + c min(traffic, work)`: c what sharing units and memory costs
    /// # Source
    /// DeepSeek-V3, arXiv:2412.19437, section 3.2.2: 20 of 132 multiprocessors move data instead of computing.
    #[inline]
    pub(super) fn behind(&self, traffic: Seconds, work: Seconds) -> Seconds {
        smooth_max(traffic, work) - work + traffic.min(work) * self.f.contention
    }

    /// Accumulating gradients by a kernel of their own.
    pub(super) fn accumulate(&self, p: &mut ForwardBackward, params: f64) {
        if self.micro_batches > 1.0 && !self.stack.fused_accumulation && !self.tuning.is_frozen() {
            self.stream(p, params, Traffic { fwd: 0.0, bwd: ACCUMULATED_APART });
        }
    }

    /// What the backward pass computes again.
    ///
    /// # Formula
    /// nothing; the core, or cheap passes, or half of the products with all passes; the whole forward pass with its
    /// traffic, or all of it but the last product and the collective behind it
    /// # Source
    /// Korthikanti et al. 2022, arXiv:2205.05198, section 5; PyTorch, `torch.utils.checkpoint` (early stop);
    /// torchtitan, selective activation checkpointing by operation (every second product is kept).
    pub(super) fn recompute(&self, p: &mut ForwardBackward, kind: &Kind, cheap: Cheap) {
        match (self.layout.recompute, self.layout.kernel, self.stack.again) {
            (Recompute::None, ..) => {}
            (Recompute::Selective, Kernel::Unfused, _) => {
                let mut core = ForwardBackward::default();
                self.core(&mut core, kind);
                p.bwd.add(&core.fwd, 1.0);
            }
            (Recompute::Selective, Kernel::Fused, Again::Half) => {
                p.bwd.gemm += p.fwd.gemm * 0.5;
                p.bwd.experts += p.fwd.experts * 0.5;
                p.bwd.elementwise += p.fwd.elementwise;
                p.bwd.tp += p.fwd.tp * 0.5;
                p.bwd.tp_exposed += p.fwd.tp_exposed * 0.5;
            }
            (Recompute::Selective, Kernel::Fused, _) => p.bwd.elementwise += self.r.moved(Bytes::new(cheap.bytes)),
            (Recompute::Full, _, again) => {
                let mut again_fwd = p.fwd;
                if again != Again::Megatron {
                    again_fwd.gemm = (again_fwd.gemm - cheap.last).max(Seconds::ZERO);
                    again_fwd.tp = again_fwd.tp * 0.75;
                    again_fwd.tp_exposed = again_fwd.tp_exposed * 0.75;
                }
                p.bwd.add(&again_fwd, 1.0);
            }
        }
    }

    /// Adds routed rows' bytes of element-wise traffic, the same both ways.
    pub(super) fn move_rows(&self, p: &mut ForwardBackward, elements: f64, bytes: f64) {
        self.stream(p, elements, Traffic { fwd: bytes, bwd: bytes });
    }
}
