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
    Ok(chips(least(low, high, within)))
}

/// The same, looked for around a number of chips that is nearly enough or a little too many.
///
/// # Formula
/// as [`fewest_where`], doubling the distance from where it starts
/// # Source
/// By construction.
///
/// # Errors
/// As [`fewest_where`].
pub fn fewest_near(node: u32, near: Chips, will_do: impl Fn(Chips) -> Result<bool, Error>) -> Result<Chips, Error> {
    let node = node.max(1);
    let chips = |nodes: u32| Chips::new(f64::from(nodes) * f64::from(node));
    let within = |nodes: u32| nodes > 0 && will_do(chips(nodes)).unwrap_or(false);
    let start = ((near.get() / f64::from(node)).round() as u32).max(1);
    let (mut low, mut high, mut step) = (start, start, 1);
    if within(start) {
        low = start - 1;
        while within(low) {
            high = low;
            step *= 2;
            low = low.saturating_sub(step);
        }
    } else {
        loop {
            high = low.saturating_add(step);
            if high >= MOST_CHIPS / node {
                return fewest_where(node, will_do);
            }
            if within(high) {
                break;
            }
            low = high;
            step *= 2;
        }
    }
    Ok(chips(least(low, high, within)))
}

/// The least number that will do, between one that does not and one that does.
fn least(mut low: u32, mut high: u32, mut within: impl FnMut(u32) -> bool) -> u32 {
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if within(middle) { high = middle } else { low = middle }
    }
    high
}
