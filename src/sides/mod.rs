//! Two answers side by side: what each side is, which factor moved what, and the difference in steps that add up to it.

mod difference;
mod side;
mod steps;

pub use difference::{Difference, Factor, TARGETS, Target, difference};
pub use side::{BilledSide, Side, saved};
pub use steps::Step;
