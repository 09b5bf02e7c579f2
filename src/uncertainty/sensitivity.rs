//! Which input the answer hangs on.
//!
//! - [`tornado`]: each input alone from its p5 to its p95, the others at their medians. Cheap, and holds for correlated inputs.
//! - [`ranks`]: Spearman's rank correlation of each input with the answer, from draws that were made anyway.
//! - [`first_and_total`]: the share of the answer's variance that an input explains alone (first order), and the share that would
//!   go if it were known (total, with its part in interactions). For independent inputs only.
//! - [`halved`]: how much narrower the answer gets when one input's spread is halved, which is what a planner can buy.

mod indices;
mod rank;

pub use indices::{Index, Indices, first_and_total};
pub use rank::{ranks, spearman};

use crate::uncertainty::montecarlo::{Block, Draws, Estimate, Inputs, Plan, Sampler};

/// What one input does to the answer when it alone moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Swing {
    /// The place of the input.
    pub input: usize,
    /// The answer with the input at its p5, in the answer's unit.
    pub at_p5: f64,
    /// The answer with the input at its p95; infinite where that never comes.
    pub at_p95: f64,
}

impl Swing {
    /// The distance between the two answers.
    pub fn width(&self) -> f64 {
        (self.at_p95 - self.at_p5).abs()
    }
}

/// The swing of every input, the widest first, and the answer with all inputs at their medians.
pub fn tornado(inputs: &Inputs, answer: impl Fn(&[f64]) -> f64) -> (f64, Vec<Swing>) {
    let mut values = inputs.medians();
    let centre = answer(&values);
    let mut swings = Vec::with_capacity(inputs.len());
    for (input, dist) in inputs.dists().iter().enumerate() {
        let (p5, p95) = dist.interval(0.9);
        let mut at = |value: f64| {
            let before = values.get_mut(input).map(|place| std::mem::replace(place, value));
            let result = answer(&values);
            if let (Some(place), Some(before)) = (values.get_mut(input), before) {
                *place = before;
            }
            result
        };
        swings.push(Swing { input, at_p5: at(p5), at_p95: at(p95) });
    }
    // Widths without a number go last; equal ones keep the order of the inputs.
    swings.sort_by(|a, b| b.width().partial_cmp(&a.width()).unwrap_or(a.width().is_nan().cmp(&b.width().is_nan())));
    (centre, swings)
}

/// How much narrower the answer's p10 to p90 gets when one input's spread is halved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Narrowing {
    /// The place of the input.
    pub input: usize,
    /// The distance from p10 to p90 of the answer as it is.
    pub width: Estimate,
    /// The same with the input's spread halved.
    pub halved: Estimate,
}

impl Narrowing {
    /// The share of the width that goes: 0.2 is "a fifth narrower". Negative where the answer gets wider.
    pub fn share(&self) -> f64 {
        1.0 - self.halved.value / self.width.value
    }
}

/// What halving the spread of each input would do to the width of one of the answers.
///
/// Halved means that every draw of the input moves half the way to its median, in ratio if all its values are positive and in
/// difference otherwise; the draws are the same, so that the difference is not noise.
pub fn halved<const K: usize>(
    inputs: &Inputs,
    plan: &Plan,
    answer: usize,
    estimate: impl Fn(&[f64]) -> [f64; K] + Sync,
) -> Vec<Narrowing> {
    let width = |draws: Draws<K>| match *draws.quantiles(answer, &[0.1, 0.9]).as_slice() {
        [p10, p90] => Estimate { value: p90.value - p10.value, se: p10.se.hypot(p90.se) },
        _ => Estimate { value: f64::NAN, se: f64::INFINITY },
    };
    let whole = width(crate::uncertainty::montecarlo::run(inputs, plan, &estimate));
    let of = |input: usize, median: f64, ratio: bool| {
        let moved = |x: f64| if ratio { (x * median).sqrt() } else { median + (x - median) / 2.0 };
        let draws = crate::uncertainty::montecarlo::run_with(
            inputs,
            plan,
            &Default::default(),
            || vec![0.0; inputs.len()],
            |values: &mut Vec<f64>, drawn| {
                values.copy_from_slice(drawn);
                if let Some(value) = values.get_mut(input).filter(|value| value.is_finite()) {
                    *value = moved(*value);
                }
                estimate(values)
            },
        );
        Narrowing { input, width: whole, halved: width(draws) }
    };
    let dists = inputs.dists().iter().enumerate();
    dists.map(|(input, dist)| of(input, dist.median(), dist.support().0 > 0.0 || dist.name() == "lognormal")).collect()
}
