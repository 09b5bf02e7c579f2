//! The fastest layouts of a model on a machine.

use super::bound::LowerBound;
use super::efficiency::Factors;
use super::machine::Machine;
use super::stack::Stack;
use super::workload::Workload;
use crate::error::Error;
use crate::layout::fixed::Fixed;
use crate::layout::search::{Found, Space, search};

/// The fastest layouts that fit and have the settled degrees and choices.
///
/// # Formula
/// [`search`] with [`super::perform`] as the time
/// # Source
/// as [`search`]
///
/// # Errors
/// No legal layout, or none that fits.
pub fn rank_within(
    space: &Space<'_>,
    fixed: &Fixed,
    machine: &Machine,
    stack: &Stack,
    factors: &Factors,
    keep: usize,
) -> Result<Found, Error> {
    let model = Workload::of(space.shape, space.seq_len);
    search(space, fixed, keep, LowerBound::new(&model, machine, stack, factors))
}
