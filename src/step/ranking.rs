//! The fastest layouts of a model on a machine.

use super::efficiency::Factors;
use super::machine::Machine;
use super::perform;
use super::stack::Stack;
use crate::error::Error;
use crate::hardware::precision::Precision;
use crate::layout::fixed::Fixed;
use crate::layout::parallelism::{Layout, Schedule};
use crate::layout::search::{Found, Space, search_within};
use crate::model::architecture::Architecture;
use crate::model::flops::{Causality, Recompute, forward};
use crate::units::Seconds;

/// A time that no layout of a model beats: its matrix products at the rate large ones reach, and the pipeline's fill.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// Chip-seconds of one sequence's products, forward.
    forward: f64,
}

impl Floor {
    /// Prepares the bound.
    ///
    /// # Formula
    /// `F s / (peak e)`: F forward FLOPs of a token outside attention cores, s tokens, e the share large products reach
    /// # Source
    /// A lower bound by construction: the step model divides by this rate, then adds.
    pub fn of(shape: &Architecture, seq_len: u32, precision: Precision, machine: &Machine, f: &Factors) -> Self {
        let counted = forward(shape, seq_len, Causality::Causal);
        let flop = counted.layer_matrices().get() * f64::from(seq_len);
        let wide = machine.peak_16.get() * f.gemm;
        let narrow = machine.narrow_peak(precision).get() * f.gemm_fp8;
        Self { forward: flop / wide.max(narrow) }
    }

    /// The bound of one layout.
    ///
    /// # Formula
    /// `(3 + [full recompute]) F b / chips * (1 + (p - 1) / (v m))`, without the bubble where the schedule fills it
    /// # Source
    /// Narayanan et al. 2021, arXiv:2104.04473, section 2.2 (bubble).
    #[inline]
    pub fn time(&self, layout: &Layout) -> Seconds {
        let passes = if layout.recompute == Recompute::Full { 4.0 } else { 3.0 };
        let chips = f64::from(layout.tp) * f64::from(layout.pp) * f64::from(layout.cp) * f64::from(layout.dp);
        let slots = f64::from(layout.vpp) * f64::from(layout.global_batch / (layout.dp * layout.micro_batch).max(1));
        let bubble = match layout.schedule {
            Schedule::OneFOneB | Schedule::Interleaved => f64::from(layout.pp - 1) / slots.max(1.0),
            // What these schedules leave of the bubble can be nothing.
            Schedule::ZeroBubble | Schedule::DualPipe => 0.0,
        };
        Seconds::new(self.forward * passes * f64::from(layout.global_batch) / chips * (1.0 + bubble))
    }
}

/// The fastest layouts that fit.
///
/// # Formula
/// [`search_within`] with [`perform`] as the time and [`Floor`] as the bound
/// # Source
/// as [`search_within`]
///
/// # Errors
/// No legal layout, or none that fits.
pub fn rank(
    space: &Space<'_>,
    machine: &Machine,
    stack: &Stack,
    factors: &Factors,
    keep: usize,
) -> Result<Found, Error> {
    rank_within(space, &Fixed::default(), machine, stack, factors, keep)
}

/// [`rank`] among the layouts that have the settled degrees and choices.
///
/// # Formula
/// as [`rank`]
/// # Source
/// as [`rank`]
///
/// # Errors
/// As [`rank`].
pub fn rank_within(
    space: &Space<'_>,
    fixed: &Fixed,
    machine: &Machine,
    stack: &Stack,
    factors: &Factors,
    keep: usize,
) -> Result<Found, Error> {
    let floor = Floor::of(space.shape, space.seq_len, space.precision, machine, factors);
    let time = |layout: &Layout| perform(space.shape, layout, machine, stack, factors).total();
    search_within(space, fixed, keep, |layout| floor.time(layout), time)
}
