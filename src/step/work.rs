//! Seconds by kind: of one direction of one layer, of a stage, or of a step.

/// Seconds by kind. Traffic has a total and the part that nothing hides; only the latter takes time of the step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Work {
    /// Matrix products outside the experts.
    pub gemm: f64,
    /// Attention cores.
    pub attention: f64,
    /// Matrix products of routed experts.
    pub experts: f64,
    /// Element-wise kernels: norms, residuals, activations, casts, routing, loss.
    pub elementwise: f64,
    /// Gaps between kernels, and host time that no kernel hides.
    pub launch: f64,
    /// Tensor-parallel traffic.
    pub tp: f64,
    /// Its exposed part.
    pub tp_exposed: f64,
    /// Expert traffic.
    pub ep: f64,
    /// Its exposed part.
    pub ep_exposed: f64,
    /// Context-parallel traffic.
    pub cp: f64,
    /// Its exposed part.
    pub cp_exposed: f64,
    /// Gathers and reductions of sharded weights.
    pub shard: f64,
    /// Their exposed part.
    pub shard_exposed: f64,
    /// Of the matrix products, those of weight gradients, which some schedules move into the bubble.
    pub weight_gradient: f64,
}

impl Work {
    /// Seconds of kernels.
    ///
    /// # Formula
    /// `gemm + attention + experts + elementwise`
    /// # Source
    /// By definition.
    #[inline]
    pub fn busy(&self) -> f64 {
        self.gemm + self.attention + self.experts + self.elementwise
    }

    /// Seconds of the step's own timeline.
    ///
    /// # Formula
    /// kernels, launches, and the exposed part of each kind of traffic
    /// # Source
    /// By definition.
    #[inline]
    pub fn total(&self) -> f64 {
        self.busy() + self.launch + self.tp_exposed + self.ep_exposed + self.cp_exposed + self.shard_exposed
    }

    /// Adds `n` times another.
    ///
    /// # Formula
    /// `self + n other`, field by field
    /// # Source
    /// By definition.
    #[inline]
    pub fn add(&mut self, other: &Self, n: f64) {
        self.gemm += n * other.gemm;
        self.attention += n * other.attention;
        self.experts += n * other.experts;
        self.elementwise += n * other.elementwise;
        self.launch += n * other.launch;
        self.tp += n * other.tp;
        self.tp_exposed += n * other.tp_exposed;
        self.ep += n * other.ep;
        self.ep_exposed += n * other.ep_exposed;
        self.cp += n * other.cp;
        self.cp_exposed += n * other.cp_exposed;
        self.shard += n * other.shard;
        self.shard_exposed += n * other.shard_exposed;
        self.weight_gradient += n * other.weight_gradient;
    }

    /// `n` times as much.
    ///
    /// # Formula
    /// `n self`
    /// # Source
    /// By definition.
    #[inline]
    pub fn times(&self, n: f64) -> Self {
        let mut sum = Self::default();
        sum.add(self, n);
        sum
    }

    /// Both together.
    ///
    /// # Formula
    /// `self + other`
    /// # Source
    /// By definition.
    #[inline]
    pub fn plus(mut self, other: &Self) -> Self {
        self.add(other, 1.0);
        self
    }
}

/// The two directions of a layer for one micro-batch; what is recomputed is in the backward one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Passes {
    /// Forward.
    pub fwd: Work,
    /// Backward.
    pub bwd: Work,
}

impl Passes {
    /// Adds `n` times another.
    ///
    /// # Formula
    /// `self + n other`, field by field
    /// # Source
    /// By definition.
    #[inline]
    pub fn add(&mut self, other: &Self, n: f64) {
        self.fwd.add(&other.fwd, n);
        self.bwd.add(&other.bwd, n);
    }

    /// Both directions together.
    ///
    /// # Formula
    /// `fwd + bwd`
    /// # Source
    /// By definition.
    #[inline]
    pub fn both(&self) -> Work {
        self.fwd.plus(&self.bwd)
    }
}
