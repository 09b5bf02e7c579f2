//! States of frozen weights, and of the adapters that are trained beside them.

use crate::layout::fit::Parts;
use crate::layout::layers::OnChip;
use crate::layout::parallelism::ZeroStage;
use crate::units::Bytes;

/// Bytes of a frozen weight of the embedding or the head, and of a gathered one.
const FROZEN_END: f64 = 2.0;

impl Parts<'_> {
    /// The same of frozen weights and the adapters beside them.
    ///
    /// # Formula
    /// layers `w_frozen`, ends 2 bytes a weight; gradients and optimizer of the adapters alone; ZeRO-3 splits all
    /// # Source
    /// Hu et al. 2021, arXiv:2106.09685; Dettmers et al. 2023, arXiv:2305.14314.
    pub(super) fn frozen(&self, held: OnChip, copies: f64) -> (Bytes, Bytes, Bytes) {
        let (layout, bytes) = (self.layout, &self.bytes);
        let [shards, expert_shards] = self.shards;
        let each = self.layers.shape.tuning.frozen_bytes();
        let split_from = |stage: ZeroStage, ways: f64| if layout.zero >= stage { ways } else { 1.0 };
        let weights = |ways: f64, expert_ways: f64| {
            let ends = FROZEN_END * held.ends / ways;
            ends + each * ((held.shared - held.ends) / ways + held.experts / expert_ways)
        };
        let of_base = weights(split_from(ZeroStage::Weights, shards), split_from(ZeroStage::Weights, expert_shards));
        let gathered = if layout.zero == ZeroStage::Weights && shards > 1.0 { self.layers.largest } else { 0.0 };
        let adapters = |stage: ZeroStage, bytes: f64| bytes * held.adapters / split_from(stage, shards);
        (
            Bytes::new(of_base + 2.0 * FROZEN_END * gathered + adapters(ZeroStage::Weights, bytes.weights)),
            Bytes::new(adapters(ZeroStage::Gradients, bytes.gradients)),
            Bytes::new(adapters(ZeroStage::Optimizer, bytes.optimizer) / copies),
        )
    }
}
