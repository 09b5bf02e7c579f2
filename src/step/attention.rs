//! Attention of one layer: projections, and the core under each kernel.

use super::layer::{LayerContext, Traffic};
use super::time_by_kind::{ForwardBackward, TimeByKind};
use super::widths::Latent;
use crate::model::flops::Kernel;
use crate::units::Flop;

/// For each score of an unfused attention: scale, mask and softmax in one kernel, dropout with its mask in another.
const SCORES: Traffic = Traffic { fwd: 9.0, bwd: 11.0 };

/// What a plain ring of many chips adds to the attention: smaller blocks, and merges of their parts.
const RING: f64 = 0.4;

/// For each element in and out of the delta rule, which passes over them several times.
const DELTA: Traffic = Traffic { fwd: 6.0, bwd: 12.0 };

impl LayerContext<'_> {
    /// Attention, norms, and what goes with them in every layer; and the core alone, for recompute.
    pub(super) fn attention_block(&self) -> (ForwardBackward, TimeByKind) {
        let mut p = self.core();
        let core = p.fwd;
        self.projections(&mut p);
        self.rest(&mut p);
        (p, core)
    }

    fn projections(&self, p: &mut ForwardBackward) {
        let (w, tp) = (&self.w, self.tp);
        match w.latent {
            None => self.linear(p, (w.heads * w.qk + w.gate + w.kv) / tp, w.hidden),
            Some(Latent { q_rank, kv_rank, rope }) => {
                // Both projections down read the same input, so that they are one product.
                self.linear(p, q_rank + kv_rank + rope, w.hidden);
                self.linear(p, w.heads * w.qk / tp, if q_rank > 0.0 { q_rank } else { w.hidden });
                self.linear(p, w.heads * (w.qk - rope + w.v) / tp, kv_rank);
            }
        }
        self.linear(p, w.hidden, w.heads * w.v / tp);
    }

    /// The attention core, of softmax and linear layers in their shares.
    fn core(&self) -> ForwardBackward {
        let softmax = match self.layout.kernel {
            Kernel::Fused => self.fused_core(),
            Kernel::Unfused => self.unfused_core(),
        };
        let linear = &self.w.linear;
        if linear.share == 0.0 {
            return softmax;
        }
        let mut p = ForwardBackward::default();
        p.add(&softmax, 1.0 - linear.share);
        // The delta rule multiplies small blocks, at half an attention's rate, and moves its inputs several times.
        let flop = linear.share * 2.0 * self.t * linear.core_flop / self.tp;
        let (forward, backward) = self.r.attention(Flop::new(flop));
        p.fwd.attention += forward;
        p.bwd.attention += backward;
        let moved = linear.share * self.t * (linear.projected + 2.0 * linear.values) / self.tp;
        self.stream(&mut p, moved, DELTA);
        p
    }

    /// Tile by tile, below the diagonal only.
    ///
    /// # Formula
    /// `2 t c a (d_qk + d_v) / tp` FLOPs forward for c keys seen and a heads, 2.5 times that backward
    /// # Source
    /// Dao 2023, arXiv:2307.08691, section 3.1.
    fn fused_core(&self) -> ForwardBackward {
        let (w, r) = (&self.w, &self.r);
        let flop = 2.0 * self.t * self.keys * w.heads / self.tp * (w.qk + w.v);
        let ring = if self.stack.plain_ring { 1.0 + RING * (1.0 - 1.0 / self.cp) } else { 1.0 };
        let slower = r.attention_shape(self.seq / self.cp, w.qk) * ring;
        let mut p = ForwardBackward::default();
        (p.fwd.attention, p.bwd.attention) = r.attention(Flop::new(flop * slower));
        p
    }

    /// Scores and probabilities are whole matrices in memory, computed above the diagonal too.
    ///
    /// # Formula
    /// batches of `s x s x d` products, two forward and four backward, and passes over `a s^2` scores
    /// # Source
    /// Korthikanti et al. 2022, arXiv:2205.05198, figure 3.
    fn unfused_core(&self) -> ForwardBackward {
        let (w, r) = (&self.w, &self.r);
        let batch = f64::from(self.layout.micro_batch) * w.heads / self.tp;
        let rows = self.seq / self.cp;
        let products = r.batched(batch, rows, self.seq, w.qk) + r.batched(batch, rows, w.v, self.seq);
        let both = products * r.alignment(w.qk);
        let mut p = ForwardBackward::default();
        p.fwd.attention = both;
        p.bwd.attention = both * 2.0;
        self.stream(&mut p, batch * rows * self.seq, SCORES);
        p
    }
}
