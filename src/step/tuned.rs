//! What tuning adds to a layer: adapters beside frozen weights, weights of four bits, activations on the host.

use super::layer::{ACTIVATION, LayerContext, Traffic};
use super::time_by_kind::ForwardBackward;
use crate::model::layers::Layer;
use crate::model::memory::{self, MicroBatch};
use crate::units::{Bytes, Seconds};

/// A weight of four bits, read and written in 16 bits, each way.
const WIDENED: Traffic = Traffic { fwd: 2.5, bwd: 2.5 };

impl LayerContext<'_> {
    /// What goes with a product whose weight is frozen: its adapter, both directions, and the widening of four bits.
    ///
    /// # Formula
    /// products of `t x r x k` and `t x n x r`, twice that backward; `n k` weights read in half a byte and written in
    /// two, each way
    /// # Source
    /// Hu et al. 2021, arXiv:2106.09685; Dettmers et al. 2023, arXiv:2305.14314.
    pub(super) fn adapter(&self, p: &mut ForwardBackward, n: f64, k: f64) {
        let (t, r, rank) = (self.t, &self.r, self.tuning.rank());
        if rank > 0.0 {
            let both = r.product(t, rank, k, ACTIVATION) + r.product(t, n, rank, ACTIVATION);
            p.fwd.gemm += both;
            p.bwd.gemm += both * 2.0;
        }
        self.widen(p, n * k);
    }

    /// Frozen weights of four bits are widened to 16 before each product.
    pub(super) fn widen(&self, p: &mut ForwardBackward, weights: f64) {
        if self.tuning.is_widened() {
            self.stream(p, weights, WIDENED);
        }
    }

    /// Activations of so many layers of the mean kind go to the host behind the forward pass of a micro-batch, and come back
    /// behind its backward pass: all of that in a step, and what of it shows.
    ///
    /// # Formula
    /// what a chip keeps of the layers over its link to the host, each way
    /// # Source
    /// Rhu et al. 2016, arXiv:1602.08124 (vDNN); PyTorch, `save_on_cpu`.
    pub(super) fn offloaded(&self, layers: f64, stage: &ForwardBackward) -> [Seconds; 2] {
        if !self.layout.offload.activations() {
            return [Seconds::ZERO; 2];
        }
        let batch = MicroBatch { tokens: self.t, seq_len: self.seq };
        let (keeping, all) = (self.layout.keeping(), f64::from(self.shape.layers.len().max(1)));
        let each = |(layer, count): (&Layer, u32)| {
            memory::layer(self.shape.hidden, layer, batch, &keeping) * (f64::from(count) / all)
        };
        let kept = self.shape.layers.each().map(each).fold(Bytes::ZERO, |sum, one| sum + one) * layers;
        let traffic = kept / self.host;
        let shown = self.behind(traffic, stage.fwd.total()) + self.behind(traffic, stage.bwd.total());
        [traffic * 2.0 * self.micro_batches, shown * self.micro_batches]
    }
}
