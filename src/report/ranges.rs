//! Ranges beside an estimate.

use super::view::Section;
use crate::answer::Answer;
use crate::answer::prepared::OUTPUTS;
use crate::answer::ranges::{CHIPS, Spread};
use crate::estimate::whole_nodes;
use crate::reply::result::varies;
use crate::uncertainty::montecarlo::{Estimate, Method, Summary};
use crate::units::{Chips, Usd, show};

/// Shows a value with so many digits.
type Shown = fn(f64, usize) -> String;

/// What each output is called in a table, and how it is shown; in the order of [`OUTPUTS`].
pub(super) const SHOWN: [(&str, Shown); OUTPUTS.len()] = [
    ("GPU-hours", |value, digits| show::count(value, digits)),
    ("days", |value, digits| show::number(value, digits)),
    ("cost", |value, digits| show::money(Usd::new(value), digits)),
    ("chips", |value, _| show::chips(Chips::new(value))),
    ("MFU", show::percent_to),
    ("FLOP", |value, digits| show::number(value, digits)),
];

/// The middle of an output that varies, with its unit and its range: `62.3 d (37.18 to 104.6)`.
pub fn middle(spread: Option<&Spread>, output: usize, unit: &str) -> Option<String> {
    let summary = spread?.summaries.get(output).filter(|summary| varies(summary))?;
    let (_, shown) = SHOWN.get(output)?;
    let [low, middle, high] = levels(summary, *shown)?;
    Some(format!("{middle}{unit} ({low} to {high})"))
}

/// The range of every output.
pub fn section(spread: &Spread, answer: &Answer) -> Section {
    let mut section = Section::new("Range", &["", "p10", "p50", "p90"]);
    for ((label, shown), summary) in SHOWN.iter().zip(&spread.summaries).filter(|(_, summary)| varies(summary)) {
        if let Some([low, middle, high]) = levels(summary, *shown) {
            section.row([(*label).to_owned(), low, middle, high]);
        }
    }
    if let Some(summary) = chips(spread) {
        let node = answer.scenario.node_chips;
        let whole = |level: f64| match summary.quantile(level).value {
            chips if chips.is_finite() => show::chips(whole_nodes(Chips::new(chips), node)),
            _ => "never".into(),
        };
        section.row([format!("in nodes of {node}"), whole(0.1), whole(0.5), whole(0.9)]);
    }
    section
}

/// Half of the last of four digits, at the least: a range that is narrower differs by rounding alone.
const ROUNDING: f64 = 5e-5;

/// Its 10th, 50th and 90th percentile as they are shown; `None` where the digits do not tell them apart.
fn levels(summary: &Summary, shown: Shown) -> Option<[String; 3]> {
    if summary.quantile(0.9).value < summary.quantile(0.1).value * (1.0 + ROUNDING) {
        return None;
    }
    let levels = [0.1, 0.5, 0.9].map(|level| {
        let quantile = summary.quantile(level);
        if quantile.value == f64::INFINITY { "never".into() } else { shown(quantile.value, digits(quantile)) }
    });
    (levels[0] != levels[2]).then_some(levels)
}

/// The chips, where they vary.
fn chips(spread: &Spread) -> Option<&Summary> {
    spread.summaries.get(CHIPS).filter(|summary| varies(summary))
}

/// What the range is of.
pub fn notes(spread: &Spread, answer: &Answer) -> Vec<String> {
    let mut said: Vec<String> = chips(spread)
        .iter()
        .map(|_| "draws of chips are not whole nodes; hours and cost are of the chips as drawn".into())
        .collect();
    said.extend(limits(spread));
    said.push(format!("uncertain: {}", uncertain(answer).join("; ")));
    said.push("p50 is the middle of the answers, not the answer where each of these is at its own median".into());
    said.push(format!("{} {} draws, seed {}", spread.plan.draws(), method(spread), spread.plan.seed()));
    said
}

/// How surely limits are kept, and how often there is no solution.
pub fn limits(spread: &Spread) -> Vec<String> {
    let mut said = Vec::new();
    if let Some((time, share)) = &spread.by {
        said.push(format!("finished within {} with probability {}", show::duration(*time), probability(share)));
    }
    if let Some((budget, share)) = &spread.budget {
        let (of, money) = (budget.of, show::usd(budget.money));
        said.push(match share.value.is_nan() {
            true => format!("whether {of} is at most {money} is not known, as no price is"),
            false => format!("{of} is at most {money} with probability {}", probability(share)),
        });
    }
    if let Some(never) = spread.summaries.first().map(|summary| summary.never).filter(|never| never.value > 0.0) {
        let share = probability(&never);
        said.push(format!(
            "without a solution with probability {share}: above every other draw in hours, days and cost, left out of the MFU"
        ));
    }
    said
}

/// What is uncertain, each with its range.
pub fn uncertain(answer: &Answer) -> Vec<String> {
    answer.prepared.ranges().map(|range| format!("{} {}", range.path, range.text)).collect()
}

/// As many digits as the standard error supports, from two to four.
fn digits(quantile: Estimate) -> usize {
    let supported = (quantile.value.abs() / quantile.se).log10().floor();
    if supported.is_nan() { 2 } else { (supported + 1.0).clamp(2.0, 4.0) as usize }
}

fn probability(share: &Estimate) -> String {
    let error = if share.se.is_finite() { format!(" ± {}", show::percent(share.se)) } else { String::new() };
    format!("{}{error}", show::percent(share.value))
}

fn method(spread: &Spread) -> &'static str {
    match spread.plan.method() {
        Method::Sobol => "scrambled Sobol",
        Method::Random => "random",
    }
}
