//! When a stage is fullest: at the loss, or while a layer runs backward; and what PyTorch's FSDP gathers then.

use crate::layout::fit::Parts;
use crate::layout::parallelism::ZeroStage;
use crate::units::Bytes;

/// Bytes of a gathered weight, and of its gradient.
const GATHERED: f64 = 2.0;

/// Bytes of a gradient in the format of its reduction (`reduce_dtype` of FSDP: 32 bits).
const REDUCED: f64 = 4.0;

impl Parts<'_> {
    /// Weights, gradients, activations and logits at the moment at which they are most.
    ///
    /// The loss is over when the first layer is computed again, so that its logits and what that layer needs are never
    /// there together.
    pub(super) fn fullest_moment(&self, stage: u32, has_head: bool, held: [Bytes; 4]) -> [Bytes; 4] {
        let [weights, gradients, activations, logits] = held;
        let at_loss = self.at_loss(stage, [weights, gradients], [activations, logits]);
        let in_layer = self.in_layer(stage, has_head, [weights, gradients], activations + self.layers.working_set);
        let sum = |parts: &[Bytes; 4]| parts.iter().fold(Bytes::ZERO, |sum, &part| sum + part);
        if sum(&at_loss) > sum(&in_layer) { at_loss } else { in_layer }
    }

    /// Whether each replica keeps its part of 32-bit weights, and gathers 16-bit copies (FSDP).
    pub(super) fn splits_wide_weights(&self) -> bool {
        let frozen = self.layers.shape.tuning.is_frozen();
        self.layout.autograd.is_plain() && self.bytes.weights > GATHERED && self.shards[0] > 1.0 && !frozen
    }

    /// The 16-bit copies of weights that stay whole between micro-batches, and the whole gradients: of the layer at work,
    /// and of all layers where micro-batches add up before the reduction.
    pub(super) fn whole_copies(&self, whole: f64) -> [f64; 2] {
        let sums = if self.layout.micro_batches() > 1 { REDUCED * whole } else { 0.0 };
        [GATHERED * whole, (GATHERED + REDUCED) * self.layers.largest + sums]
    }

    /// Whether PyTorch gathers each layer's weights when it comes to them.
    fn gathers(&self) -> bool {
        let frozen = self.layers.shape.tuning.is_frozen();
        self.layout.autograd.is_plain() && self.layout.zero == ZeroStage::Weights && self.shards[0] > 1.0 && !frozen
    }

    /// Weights, gradients, activations and logits while the loss is computed: the last layer is gathered since its
    /// forward pass, and the head, or both ends where they stay.
    fn at_loss(&self, stage: u32, states: [Bytes; 2], kept: [Bytes; 2]) -> [Bytes; 4] {
        let [mut weights, gradients] = states;
        if self.gathers() {
            let ends = if self.layout.ends_stay { self.ends(stage) } else { self.layers.head };
            weights += Bytes::new(GATHERED * (ends + self.layers.largest));
        }
        [weights, gradients, kept[0], kept[1]]
    }

    /// The same while a layer is computed again and run backward: it and the next are gathered, and its gradients are
    /// whole, in 16 bits and in the 32 of their reduction; ends that stay do so with the head's gradient.
    fn in_layer(&self, stage: u32, has_head: bool, states: [Bytes; 2], activations: Bytes) -> [Bytes; 4] {
        let [mut weights, mut gradients] = states;
        if self.gathers() {
            let (largest, stay) = (self.layers.largest, self.layout.ends_stay);
            let ends = if stay { self.ends(stage) } else { 0.0 };
            let head = if stay && has_head { self.layers.head } else { 0.0 };
            weights += Bytes::new(GATHERED * (ends + 2.0 * largest));
            gradients += Bytes::new((GATHERED + REDUCED) * largest + GATHERED * head);
        }
        [weights, gradients, activations, Bytes::ZERO]
    }

    /// Parameters of a stage that belong to no layer, without experts.
    fn ends(&self, stage: u32) -> f64 {
        let [first, last, only] = &self.layers.ends;
        match (stage == 0, stage + 1 == self.layout.pp) {
            (true, true) => only.shared,
            (true, false) => first.shared,
            (false, true) => last.shared,
            (false, false) => 0.0,
        }
    }
}
