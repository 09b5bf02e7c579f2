//! Time of what stands before the layers and after them: the embedding, the output head and the loss.

use super::layer::{ACCUMULATED, ACTIVATION, LayerContext, Traffic};
use super::time_by_kind::ForwardBackward;
use crate::model::flops::Kernel;
use crate::units::{Bytes, Seconds};

/// For each logit: cross-entropy fused into few passes, which reads the logits and writes their gradient over them.
const LOSS: Traffic = Traffic { fwd: 4.0, bwd: 4.0 };

/// The same one kernel after the other.
const LOSS_EAGER: Traffic = Traffic { fwd: 10.0, bwd: 6.0 };

/// The same in 32 bits, unfused.
const LOSS_UNFUSED: Traffic = Traffic { fwd: 18.0, bwd: 10.0 };

/// Lookup of the embedding, and its gradient.
const LOOKUP: Traffic = Traffic { fwd: 6.0, bwd: 6.0 };

impl LayerContext<'_> {
    /// The embedding of a micro-batch, and the towers whose outputs join it.
    pub(super) fn embedding(&self) -> ForwardBackward {
        let mut p = self.towers();
        self.stream(&mut p, self.t * self.hidden, LOOKUP);
        p
    }

    /// The output head and the loss of a micro-batch, in 16 bits under every recipe.
    ///
    /// # Formula
    /// products of `t x v/tp x h`, passes over the logits, a collective of the activations each way
    /// # Source
    /// Shoeybi et al. 2019, arXiv:1909.08053, section 3 (a vocabulary split over the group).
    pub(super) fn head(&self) -> ForwardBackward {
        let (hidden, r, t) = (self.hidden, &self.r, self.t);
        let n = self.layout.padded_vocab(self.shape.vocab) as f64 / self.tp;
        let mut p = ForwardBackward::default();
        p.fwd.gemm = r.wide_product(t, n, hidden, ACTIVATION);
        let gradient = r.wide_product(hidden, n, t, ACCUMULATED);
        let gradient = if self.tuning.is_frozen() { Seconds::ZERO } else { gradient };
        p.bwd.gemm = r.wide_product(t, hidden, n, ACTIVATION) + gradient;
        let each = match (self.layout.kernel, self.stack.eager) {
            (Kernel::Fused, false) => LOSS,
            (Kernel::Fused, true) => LOSS_EAGER,
            (Kernel::Unfused, _) => LOSS_UNFUSED,
        };
        self.stream(&mut p, t * n, each);
        let one = self.links.gather(Bytes::new(t * hidden * ACTIVATION), self.tp, 1.0);
        for work in [&mut p.fwd, &mut p.bwd] {
            work.tp = one;
            work.tp_exposed = one;
        }
        p
    }
}
