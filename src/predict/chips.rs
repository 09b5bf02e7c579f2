//! The fewest chips that do something in time.

use super::prediction::MOST_CHIPS;
use crate::error::Error;
use crate::units::{Chips, Seconds};

/// A time this much over its limit is within it: the last bits of a float.
const NOISE: f64 = 1e-9;

/// The fewest whole nodes whose time is within a limit, where the time never rises with the nodes.
///
/// # Formula
/// as [`fewest_where`]
/// # Source
/// By construction.
///
/// # Errors
/// As [`fewest_where`].
pub fn fewest(node: u32, limit: Seconds, time: impl Fn(Chips) -> Result<Seconds, Error>) -> Result<Chips, Error> {
    fewest_where(node, |chips| Ok(time(chips)? <= limit * (1.0 + NOISE)))
}

/// The fewest whole nodes that will do, where more never do worse; what has no answer does not do.
///
/// # Formula
/// doubling until the nodes will do, then bisection between the last two
/// # Source
/// By construction.
///
/// # Errors
/// No number of nodes does: why the most do not.
pub fn fewest_where(node: u32, will_do: impl Fn(Chips) -> Result<bool, Error>) -> Result<Chips, Error> {
    let node = node.max(1);
    let most = MOST_CHIPS / node;
    let chips = |nodes: u32| Chips::new(f64::from(nodes) * f64::from(node));
    let mut last = None;
    let mut within = |nodes: u32| match will_do(chips(nodes)) {
        Ok(within) => {
            last = None;
            within
        }
        Err(error) => {
            last = Some(error);
            false
        }
    };
    let (mut low, mut high) = (0, 1);
    while !within(high) {
        if high >= most {
            let hint = "give more time, less work, or faster chips";
            let none = || Error::no_solution("no number of chips finishes in that time").with_hint(hint);
            return Err(last.unwrap_or_else(none));
        }
        (low, high) = (high, high.saturating_mul(2).min(most));
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if within(middle) { high = middle } else { low = middle }
    }
    Ok(chips(high))
}
