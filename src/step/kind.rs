//! One kind of layer as the step model multiplies it.

use crate::model::flops::Causality;
use crate::model::layers::Layer;
use crate::model::mixer::{Mixer, Work};
use crate::model::mlp::{Experts, Mlp, matrices};
use crate::model::params;
use crate::model::tower::Blocks;

/// What a layer does, and its widths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// What its mixer does for one token.
    pub(super) work: Work,
    /// Parameters that tensor parallelism splits.
    pub(super) split: f64,
    /// There is a mixer.
    pub(super) mixes: bool,
    /// Tokens see each other by softmax attention.
    pub(super) softmax: bool,
    /// The model routes a token to the experts of few servers alone, as those with latent attention do.
    pub(super) limited: bool,
    /// Residual blocks.
    pub(super) blocks: f64,
    /// Parameters of matrices of no kind.
    pub(super) beside: f64,
    /// Inner width of a dense MLP; zero without one.
    pub(super) ffn: f64,
    /// Matrices into the MLP: 2 with a gate, else 1; zero without one.
    pub(super) up: f64,
    /// The experts, if there are any.
    pub(super) moe: Option<Moe>,
}

/// Routed experts of one layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moe {
    /// Routed experts.
    pub(super) count: f64,
    /// Outputs of the router.
    pub(super) routed: f64,
    /// At work for a token.
    pub(super) active: f64,
    /// Width of one.
    pub(super) width: f64,
    /// Width of what it works on.
    pub(super) stream: f64,
    /// The same where it is not the residual stream; zero where it is.
    pub(super) latent: f64,
    /// Width of the shared ones together.
    pub(super) shared: f64,
}

impl Kind {
    /// Of a layer in a stream of this width, in a sequence of so many tokens that see each other.
    pub(super) fn of(layer: &Layer, hidden: u32, seen: u32) -> Self {
        Self::at_work(layer, hidden, layer.mixer.work(hidden, seen, Causality::Causal))
    }

    /// Of a layer of a tower, whose patches all see each other.
    pub(super) fn seeing(blocks: &Blocks) -> Self {
        Self::at_work(&blocks.layer, blocks.width, blocks.work())
    }

    fn at_work(layer: &Layer, hidden: u32, work: Work) -> Self {
        let (ffn, up, moe) = match &layer.mlp {
            Mlp::None => (0.0, 0.0, None),
            Mlp::Dense(dense) => (f64::from(dense.width), matrices(dense.gated) - 1.0, None),
            Mlp::Moe(experts) => (0.0, experts.matrices() - 1.0, Some(Moe::of(experts, f64::from(hidden)))),
        };
        Self {
            work,
            split: params::weights(hidden, layer).split().get(),
            mixes: layer.mixer.is_some(),
            softmax: layer.mixer.is_softmax(),
            limited: matches!(layer.mixer, Mixer::Latent(_) | Mixer::Compressed(_)),
            blocks: layer.blocks(),
            beside: layer.beside as f64,
            ffn,
            up,
            moe,
        }
    }
}

impl Moe {
    fn of(experts: &Experts, hidden: f64) -> Self {
        let [count, active, width, shared, zero, latent] =
            [experts.count, experts.active, experts.width, experts.shared_width, experts.zero, experts.latent]
                .map(f64::from);
        Self { count, routed: count + zero, active, width, stream: experts.stream(hidden), latent, shared }
    }
}
