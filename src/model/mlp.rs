//! What each token of a layer passes through on its own: one MLP, or a choice of experts.

use super::mixer::{Check, MOST_HEADS, WIDEST};

/// The MLP of one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mlp {
    /// None: the layer is a mixer alone.
    None,
    /// One for all tokens.
    Dense(Dense),
    /// Routed experts, and the shared ones if there are any.
    Moe(Experts),
}

/// An MLP that every token passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dense {
    /// Inner width.
    pub width: u32,
    /// Three matrices with a gate (SwiGLU, GeGLU) rather than two.
    pub gated: bool,
}

/// A mixture of experts in place of the MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Experts {
    /// Routed experts in a layer.
    pub count: u32,
    /// Routed experts at work for one token; zero where the source does not say.
    pub active: u32,
    /// Width of one routed expert.
    pub width: u32,
    /// Three matrices with a gate rather than two, in routed and shared experts.
    pub gated: bool,
    /// Total width of the experts every token passes through, zero without any; a dense branch beside the mixture
    /// (Arctic, Gemma 4) is the same thing.
    pub shared_width: u32,
    /// Outputs of the router that are no experts: a token may choose to pass none.
    pub zero: u32,
    /// Width that tokens are projected to before the routed experts, and back from; zero where they work on the stream.
    pub latent: u32,
    /// Biases of one routed expert.
    pub biases: u32,
}

impl Experts {
    /// Experts with gates, and nothing beside them.
    pub const fn routed(count: u32, active: u32, width: u32) -> Self {
        Self { count, active, width, gated: true, shared_width: 0, zero: 0, latent: 0, biases: 0 }
    }

    /// Matrices of one expert.
    ///
    /// # Formula
    /// `3` gated, else `2`
    /// # Source
    /// Shazeer 2020, arXiv:2002.05202.
    #[inline]
    pub fn matrices(&self) -> f64 {
        matrices(self.gated)
    }

    /// Width of what a routed expert works on, in a stream of this width.
    ///
    /// # Formula
    /// `latent`, or the stream's
    /// # Source
    /// Nemotron 3 (LatentMoE).
    #[inline]
    pub fn stream(&self, hidden: f64) -> f64 {
        if self.latent > 0 { f64::from(self.latent) } else { hidden }
    }

    /// Parameters of one routed expert.
    ///
    /// # Formula
    /// `k w d` and its biases
    /// # Source
    /// By definition.
    #[inline]
    pub fn one(&self, hidden: f64) -> f64 {
        self.matrices() * f64::from(self.width) * self.stream(hidden) + f64::from(self.biases)
    }

    /// Parameters of the projections to the experts' own width and back.
    ///
    /// # Formula
    /// `2 h d`, zero without such a width
    /// # Source
    /// By definition.
    #[inline]
    pub fn projections(&self, hidden: f64) -> f64 {
        2.0 * hidden * f64::from(self.latent)
    }

    /// Parameters of the router.
    ///
    /// # Formula
    /// `h (E + zero)`
    /// # Source
    /// By definition.
    #[inline]
    pub fn router(&self, hidden: f64) -> f64 {
        hidden * (f64::from(self.count) + f64::from(self.zero))
    }

    /// Parameters of the shared experts.
    ///
    /// # Formula
    /// `k s h`
    /// # Source
    /// By definition.
    #[inline]
    pub fn shared(&self, hidden: f64) -> f64 {
        self.matrices() * f64::from(self.shared_width) * hidden
    }
}

/// Matrices of an MLP.
///
/// # Formula
/// `3` gated, else `2`
/// # Source
/// Shazeer 2020, arXiv:2002.05202.
#[inline]
pub fn matrices(gated: bool) -> f64 {
    if gated { 3.0 } else { 2.0 }
}

impl Mlp {
    /// Whether there is any.
    #[inline]
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// The experts, if it is a mixture.
    #[inline]
    pub fn experts(&self) -> Option<&Experts> {
        match self {
            Self::Moe(experts) => Some(experts),
            Self::None | Self::Dense(_) => None,
        }
    }

    /// What the kind is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Dense(_) => "dense MLP",
            Self::Moe(_) => "experts",
        }
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        match *self {
            Self::None => {}
            Self::Dense(dense) => check.width("ffn", dense.width),
            Self::Moe(experts) => {
                let Experts { count, active, .. } = experts;
                check.range("experts.count", count, 1, 10 * MOST_HEADS);
                check.range("experts.active", active, 0, 10 * MOST_HEADS);
                check.width("experts.width", experts.width);
                check.range("experts.shared_width", experts.shared_width, 0, WIDEST);
                check.range("experts.zero", experts.zero, 0, 10 * MOST_HEADS);
                check.range("experts.latent", experts.latent, 0, WIDEST);
                check.holds("experts.active", active <= count, || {
                    format!("{active} experts at work, but a layer has only {count}")
                });
            }
        }
    }
}
