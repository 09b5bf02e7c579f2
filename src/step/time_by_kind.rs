//! Seconds by kind: of one direction of one layer, of a stage, or of a step.

use crate::units::Seconds;

/// Seconds by kind. Traffic has a total and the part that nothing hides; only the latter takes time of the step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TimeByKind {
    /// Matrix products outside the experts.
    pub gemm: Seconds,
    /// Attention cores.
    pub attention: Seconds,
    /// Matrix products of routed experts.
    pub experts: Seconds,
    /// Element-wise kernels: norms, residuals, activations, casts, routing, loss.
    pub elementwise: Seconds,
    /// Gaps between kernels, and host time that no kernel hides.
    pub launch: Seconds,
    /// Tensor-parallel traffic.
    pub tp: Seconds,
    /// Its exposed part.
    pub tp_exposed: Seconds,
    /// Expert traffic.
    pub ep: Seconds,
    /// Its exposed part.
    pub ep_exposed: Seconds,
    /// Context-parallel traffic.
    pub cp: Seconds,
    /// Its exposed part.
    pub cp_exposed: Seconds,
    /// Gathers and reductions of sharded weights.
    pub shard: Seconds,
    /// Their exposed part.
    pub shard_exposed: Seconds,
    /// Of the matrix products, those of weight gradients, which some schedules move into the bubble.
    pub weight_gradient: Seconds,
}

impl TimeByKind {
    /// Seconds of kernels.
    ///
    /// # Formula
    /// `gemm + attention + experts + elementwise`
    /// # Source
    /// By definition.
    #[inline]
    pub fn busy(&self) -> Seconds {
        self.gemm + self.attention + self.experts + self.elementwise
    }

    /// Seconds of the step's own timeline.
    ///
    /// # Formula
    /// kernels, launches, and the exposed part of each kind of traffic
    /// # Source
    /// By definition.
    #[inline]
    pub fn total(&self) -> Seconds {
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
        self.gemm += other.gemm * n;
        self.attention += other.attention * n;
        self.experts += other.experts * n;
        self.elementwise += other.elementwise * n;
        self.launch += other.launch * n;
        self.tp += other.tp * n;
        self.tp_exposed += other.tp_exposed * n;
        self.ep += other.ep * n;
        self.ep_exposed += other.ep_exposed * n;
        self.cp += other.cp * n;
        self.cp_exposed += other.cp_exposed * n;
        self.shard += other.shard * n;
        self.shard_exposed += other.shard_exposed * n;
        self.weight_gradient += other.weight_gradient * n;
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
pub struct ForwardBackward {
    /// Forward.
    pub fwd: TimeByKind,
    /// Backward.
    pub bwd: TimeByKind,
}

impl ForwardBackward {
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
    pub fn both(&self) -> TimeByKind {
        self.fwd.plus(&self.bwd)
    }
}
