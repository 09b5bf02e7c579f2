//! The fewest chips that do something in time.

use super::prediction::MOST_CHIPS;
use crate::error::Error;
use crate::units::{Chips, Seconds};

/// A time this much over its limit is within it: the last bits of a float.
const NOISE: f64 = 1e-9;

/// The fewest whole nodes whose time is within a limit, where the time never rises with the nodes.
///
/// # Formula
/// between nodes that take longer and nodes that do not: those that would take the limit if the time were as the
/// inverse of the nodes, and half of the rest where that was no help
/// # Source
/// By construction; a safeguarded secant (Brent 1973, chapter 4).
///
/// # Errors
/// As [`fewest_where`].
pub fn fewest(node: u32, limit: Seconds, time: impl Fn(Chips) -> Result<Seconds, Error>) -> Result<Chips, Error> {
    narrow(node, |chips| Ok(Some(time(chips)? / (limit * (1.0 + NOISE)))))
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
    narrow(node, |chips| Ok(if will_do(chips)? { Some(0.0) } else { None }))
}

/// The fewest whole nodes whose measure is at most one; without a measure they do not do.
fn narrow(node: u32, measure: impl Fn(Chips) -> Result<Option<f64>, Error>) -> Result<Chips, Error> {
    let node = node.max(1);
    let most = MOST_CHIPS / node;
    let chips = |nodes: u32| Chips::new(f64::from(nodes) * f64::from(node));
    // `low` will not do, `high` will, where one is known that does.
    let (mut low, mut high, mut nodes) = (0, None, 1);
    let mut was = u32::MAX;
    loop {
        let (measured, error) = measure(chips(nodes)).map_or_else(|error| (None, Some(error)), |found| (found, None));
        if measured.is_some_and(|measured| measured <= 1.0) {
            high = Some(nodes);
        } else if nodes >= most {
            let hint = "give more time, less work, or faster chips";
            let none = || Error::no_solution("no number of chips finishes in that time").with_hint(hint);
            return Err(error.unwrap_or_else(none));
        } else {
            low = nodes;
        }
        let end = high.unwrap_or(most.saturating_add(1));
        if end - low <= 1 {
            return Ok(chips(end));
        }
        let width = end - low;
        let guess = measured.filter(|measured| *measured > 0.0).map(|measured| aimed(nodes, measured));
        nodes = match (high, guess) {
            (Some(_), Some(guess)) if width <= was / 2 => guess.clamp(low + 1, end - 1),
            (Some(_), _) => low + width / 2,
            (None, guess) => guess.unwrap_or(0).max(low.saturating_mul(2)).min(most),
        };
        was = width;
    }
}

/// The nodes that would take the limit if the time were as the inverse of the nodes, a little to the side from which
/// nothing is known yet.
fn aimed(nodes: u32, measured: f64) -> u32 {
    let proportional = f64::from(nodes) * measured;
    let beyond = 0.25 * (proportional - f64::from(nodes));
    (proportional + beyond).clamp(0.0, f64::from(MOST_CHIPS)) as u32
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_will_do_is_found_wherever_it_is() {
        for first in [1u32, 2, 3, 7, 64, 65, 1000, 4097, 99_991] {
            for starts in [0, 1, 5, 600] {
                for power in [0.0, 0.3, 0.9, 1.0, 1.3] {
                    let first = first.max(starts);
                    let limit = Seconds::new(10.0);
                    let time = |chips: Chips| {
                        let nodes = chips.get() / 8.0;
                        let measured = (f64::from(first) / nodes).powf(power);
                        let measured = if nodes < f64::from(first) { measured.max(1.001) } else { measured };
                        let none = || Error::no_solution("too few");
                        (nodes >= f64::from(starts)).then_some(limit * measured).ok_or_else(none)
                    };
                    let found = fewest(8, limit, time).unwrap();
                    assert_eq!(found, Chips::new(8.0 * f64::from(first)), "{starts} {power}");
                    let also = fewest_where(8, |chips| Ok(time(chips)? <= limit)).unwrap();
                    assert_eq!(found, also);
                }
            }
        }
    }
}
