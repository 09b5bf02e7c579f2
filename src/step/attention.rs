//! Attention of one layer: projections, and the core under each kernel.

use super::kind::Kind;
use super::layer::{LayerContext, Traffic};
use super::time_by_kind::ForwardBackward;
use crate::model::flops::Kernel;
use crate::model::mixer::Split;
use crate::units::Flop;

/// For each score of an unfused attention: scale, mask and softmax in one kernel, dropout with its mask in another.
const SCORES: Traffic = Traffic { fwd: 9.0, bwd: 11.0 };

/// What a plain ring of many chips adds to the attention: smaller blocks, and merges of their parts.
const RING: f64 = 0.4;

/// For each element in and out of a state's chunks, which pass over them several times.
const SCAN: Traffic = Traffic { fwd: 6.0, bwd: 12.0 };

/// How often a state's small blocks take as long as an attention's: they multiply at half its rate.
const SMALL_BLOCKS: f64 = 2.0;

impl LayerContext<'_> {
    /// Attention, norms, and what goes with them in every layer.
    pub(super) fn attention_block(&self, p: &mut ForwardBackward, kind: &Kind) {
        self.core(p, kind);
        self.projections(p, kind);
        self.rest(p, kind);
    }

    fn projections(&self, p: &mut ForwardBackward, kind: &Kind) {
        for product in kind.work.products() {
            let (outputs, inputs) = (product.outputs, product.inputs);
            match product.split {
                Split::Whole => self.linear(p, outputs, inputs),
                Split::Columns => self.linear(p, outputs / self.tp, inputs),
                Split::Rows => self.linear(p, outputs, inputs / self.tp),
            }
        }
        if kind.beside > 0.0 {
            self.linear(p, kind.beside / self.hidden / self.tp, self.hidden);
        }
    }

    /// What mixes the tokens: an attention core, or a state that passes over them.
    pub(super) fn core(&self, p: &mut ForwardBackward, kind: &Kind) {
        if kind.softmax {
            return match self.layout.kernel {
                Kernel::Fused => self.fused_core(p, kind),
                Kernel::Unfused => self.unfused_core(p, kind),
            };
        }
        let scan = &kind.work.scan;
        if scan.moved > 0.0 {
            let products = SMALL_BLOCKS * (scan.flop - scan.elementwise_flop).max(0.0);
            let (forward, backward) = self.r.attention(Flop::new(self.t * products / self.tp));
            p.fwd.attention += forward;
            p.bwd.attention += backward;
            self.stream(p, self.t * scan.moved / self.tp, SCAN);
        }
    }

    /// Tile by tile, below the diagonal only.
    ///
    /// # Formula
    /// `2 t c a (d_qk + d_v) / tp` FLOPs forward for c keys seen and a heads, 2.5 times that backward
    /// # Source
    /// Dao 2023, arXiv:2307.08691, section 3.1.
    fn fused_core(&self, p: &mut ForwardBackward, kind: &Kind) {
        let (r, [core, indexer]) = (&self.r, &kind.work.scores);
        let flop = 2.0 * self.t * core.keys * core.heads / self.tp * (core.qk + core.v);
        let ring = if self.stack.plain_ring { 1.0 + RING * (1.0 - 1.0 / self.cp) } else { 1.0 };
        let slower = r.attention_shape(self.seq / self.cp, core.qk) * ring;
        // Every chip of a group scores all heads of an indexer.
        let scored = self.t * indexer.flop();
        let (forward, backward) = r.attention(Flop::new(flop * slower + scored));
        p.fwd.attention += forward;
        p.bwd.attention += backward;
    }

    /// Scores and probabilities are whole matrices in memory, computed above the diagonal too.
    ///
    /// # Formula
    /// batches of `s x s x d` products, two forward and four backward, and passes over `a s^2` scores
    /// # Source
    /// Korthikanti et al. 2022, arXiv:2205.05198, figure 3.
    fn unfused_core(&self, p: &mut ForwardBackward, kind: &Kind) {
        let (r, core) = (&self.r, &kind.work.scores[0]);
        let batch = f64::from(self.layout.micro_batch) * core.heads / self.tp;
        let rows = self.seq / self.cp;
        let products = r.batched(batch, rows, self.seq, core.qk) + r.batched(batch, rows, core.v, self.seq);
        let both = products * r.alignment(core.qk);
        p.fwd.attention += both;
        p.bwd.attention += both * 2.0;
        self.stream(p, batch * rows * self.seq, SCORES);
    }
}
