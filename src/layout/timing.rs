//! What a search over layouts asks of the step model.

use crate::layout::parallelism::Layout;
use crate::units::{ChipSeconds, Seconds};

/// How long layouts take, and what none can beat.
pub trait Timing {
    /// Chip-time of a step that no layout with this one's tp, cp, ep and micro-batch beats, whatever the rest.
    fn least(&mut self, family: &Layout) -> ChipSeconds;

    /// A time that neither the layout beats, nor one that differs from it in having fewer replicas or recomputing more.
    fn bound(&mut self, layout: &Layout) -> Seconds;

    /// One step.
    fn time(&mut self, layout: &Layout) -> Seconds;

    /// What stands before the first layer and behind the last, in layers that take as long.
    fn ends(&mut self, _layout: &Layout) -> [f64; 2] {
        [0.0, 0.0]
    }

    /// The factor on the time that so many chips take, by what they lose beyond the step; it grows less than they do.
    fn loss(&self, _chips: f64) -> f64 {
        1.0
    }
}
