//! What people lose beyond the step of the fastest layout: by the layouts they run, and by goodput.

use std::collections::BTreeMap;

use super::backtest::{Case, RunResult};
use crate::catalog::software::GoodputPrior;
use crate::predict::Setting;
use crate::rows::steps::Fit;
use crate::step::perform;
use crate::units::Chips;

/// What is believed of the goodput on one node and of each doubling of the nodes, and how loosely, in logarithm.
const ONE_NODE: [f64; 2] = [0.96, 0.02];
const PER_DOUBLING: [f64; 2] = [0.03, 0.02];

/// Doublings of the nodes after which no more is lost.
const DOUBLINGS: f64 = 6.0;

/// What whole runs differ by, in logarithm; errors beyond it count ever less.
const RUNS: f64 = 0.3;

/// The least that the goodput of runs differs by.
const LEAST: f64 = 0.05;

/// Rounds of reweighting, after which the weights stand still.
const ROUNDS: usize = 30;

/// The median and the spread of what the layouts that people measured take over the fastest one, in logarithm.
///
/// # Formula
/// the least `ln(t used / t fastest)` of each source, model, chip and number of chips, both of the step model; the
/// median over the sources of their medians, and 1.48 times the median distance from it
/// # Source
/// `profiles/measurements/steps.csv`, rows whose layout is whole
pub fn layout_gap(cases: &[(Case, Fit)]) -> Option<[f64; 2]> {
    let mut least = BTreeMap::<(&str, &str, u64), f64>::new();
    for (case, fit) in cases {
        if *fit != Fit::Yes || case.single_node {
            continue;
        }
        let Some(lost) = lost(case) else { continue };
        let known = least.entry((&case.source, &case.group, case.layout.chips())).or_insert(lost);
        *known = known.min(lost);
    }
    let mut sources = BTreeMap::<&str, Vec<f64>>::new();
    for ((source, ..), lost) in least {
        sources.entry(source).or_default().push(lost);
    }
    let middles: Vec<f64> = sources.into_values().map(middle).collect();
    let apart = |middle: f64| middles.iter().map(|lost| (lost - middle).abs()).collect();
    let all = middle(middles.clone());
    (middles.len() > 2).then(|| [all, 1.4826 * middle(apart(all))])
}

/// The median.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = |i: usize| values.get(i).copied().unwrap_or(0.0);
    (at(values.len().saturating_sub(1) / 2) + at(values.len() / 2)) / 2.0
}

/// What the layout of a row takes over the fastest one on the same chips with the same batch.
fn lost(case: &Case) -> Option<f64> {
    let Setting { machine, stack, calibration, .. } = &case.setting;
    let open = crate::layout::fixed::Fixed { zero: stack.zero, schedule: stack.schedule, ..Default::default() };
    let best = case.setting.clone().with_degrees(open);
    let best = best.on_with(Chips::new(case.layout.chips() as f64), case.layout.global_batch).ok()?;
    let used = perform(&case.model, &case.layout, machine, &stack.stack, &calibration.factors).total();
    Some((used / best.step.total()).ln().max(0.0))
}

/// The goodput of runs whose software nobody names: what is left of their hours beyond the steps predicted for them.
///
/// # Formula
/// `ln g = a - b min(log2 nodes, D)`, least squares with Cauchy's weights and priors for a and b; its spread is what
/// the software's leaves of the errors
/// # Source
/// `profiles/measurements/runs.csv`, tiers A and B
pub fn unnamed_goodput(runs: &[RunResult]) -> Option<GoodputPrior> {
    let weight = |run: &&RunResult| match run.tier.as_str() {
        "A" => 1.0,
        "B" | "A/B" => 0.5,
        _ => 0.0,
    };
    let used: Vec<(&RunResult, f64)> = runs
        .iter()
        .filter(|run| !run.named)
        .map(|run| (run, weight(&run)))
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    let at = |run: &RunResult| (run.nodes.max(1.0).log2().min(DOUBLINGS), run.ratio.ln() + run.goodput.ln());
    let (mut a, mut b) = (ONE_NODE[0].ln(), PER_DOUBLING[0]);
    for _ in 0..ROUNDS {
        let (mut aa, mut ab, mut bb) = (ONE_NODE[1].powi(-2), 0.0, PER_DOUBLING[1].powi(-2));
        let (mut ya, mut yb) = (ONE_NODE[0].ln() * aa, PER_DOUBLING[0] * bb);
        for (run, weight) in &used {
            let (d, y) = at(run);
            let error = (y - a + b * d) / RUNS;
            let w = weight / RUNS.powi(2) / (1.0 + error.powi(2));
            (aa, ab, bb) = (aa + w, ab - w * d, bb + w * d * d);
            (ya, yb) = (ya + w * y, yb - w * d * y);
        }
        let det = aa * bb - ab * ab;
        (a, b) = ((ya * bb - yb * ab) / det, ((yb * aa - ya * ab) / det).max(0.0));
    }
    let error = |(run, weight): &(&RunResult, f64)| {
        let (d, y) = at(run);
        ((y - a + b * d).abs(), *weight)
    };
    let mut errors: Vec<(f64, f64)> = used.iter().map(error).collect();
    errors.sort_by(|one, other| one.0.total_cmp(&other.0));
    let most: f64 = errors.iter().map(|(_, weight)| weight).sum::<f64>() * 0.8;
    let mut passed = 0.0;
    let eight_in_ten = errors.iter().find(|(_, weight)| {
        passed += weight;
        passed >= most
    });
    // Eight in ten lie within 1.28 standard deviations.
    let all = eight_in_ten?.0 / 1.281_551_6;
    let software = used.iter().map(|(run, _)| run.software_spread).sum::<f64>() / used.len() as f64;
    let spread = (all.powi(2) - software.powi(2)).max(LEAST.powi(2)).sqrt();
    Some(GoodputPrior { one_node: a.exp().min(0.99), per_doubling: b, doublings: DOUBLINGS, spread })
}
