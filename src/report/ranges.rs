//! Ranges beside an estimate.

use serde_json::{Map, Value, json};

use super::json::number;
use super::view::{Section, View};
use crate::answer::prepared::OUTPUTS;
use crate::answer::ranges::{CHIPS, Spread};
use crate::answer::resolve::Answer;
use crate::estimate::whole_nodes;
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

/// Adds the ranges to the view of an estimate.
pub fn add(view: &mut View, spread: &Spread, answer: &Answer) {
    let mut section = Section::new("Range", &["", "p10", "p50", "p90"]);
    for ((label, shown), summary) in SHOWN.iter().zip(&spread.summaries).filter(|(_, summary)| varies(summary)) {
        let cell = |level: f64| {
            let quantile = summary.quantile(level);
            shown(quantile.value, digits(quantile))
        };
        section.row([(*label).to_owned(), cell(0.1), cell(0.5), cell(0.9)]);
    }
    let chips = spread.summaries.get(CHIPS).filter(|summary| varies(summary));
    if let Some(summary) = chips {
        let node = answer.scenario.node_chips;
        let whole = |level: f64| show::chips(whole_nodes(Chips::new(summary.quantile(level).value), node));
        section.row([format!("in nodes of {node}"), whole(0.1), whole(0.5), whole(0.9)]);
    }
    let mut said = Vec::new();
    if let Some((time, share)) = &spread.by {
        said.push(format!("finished within {} with probability {}", show::duration(*time), probability(share)));
    }
    if let Some((money, share)) = &spread.budget {
        said.push(format!("costs at most {} with probability {}", show::usd(*money), probability(share)));
    }
    if let Some(never) = spread.summaries.first().map(|summary| summary.never).filter(|never| never.value > 0.0) {
        let share = probability(&never);
        said.push(format!("without a solution with probability {share}; the range is of the others"));
    }
    let uncertain: Vec<String> =
        answer.prepared.ranges().map(|range| format!("{} {}", range.path, range.text)).collect();
    said.push(format!("uncertain: {}", uncertain.join("; ")));
    said.push(format!("{} {} draws, seed {}", spread.plan.draws(), method(spread), spread.plan.seed()));
    view.sections.insert(0, section);
    view.notes.insert(0, super::view::Notes { heading: "The range", lines: said });
    view.summary = format!("At the medians of what is uncertain: {}", view.summary);
    if let Some(json) = view.json.as_object_mut() {
        json.insert("ranges".into(), machine(spread, answer));
    }
}

/// Whether an output is known and spreads at all.
fn varies(summary: &Summary) -> bool {
    let (low, high) = (summary.quantile(0.1).value, summary.quantile(0.9).value);
    low.is_finite() && high.is_finite() && high > low * (1.0 + 1e-9)
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

fn machine(spread: &Spread, answer: &Answer) -> Value {
    let mut outputs = Map::new();
    for (name, summary) in OUTPUTS.iter().zip(&spread.summaries) {
        if !summary.quantile(0.5).value.is_finite() {
            continue;
        }
        let at = |level: f64| number(summary.quantile(level).value);
        outputs.insert(
            (*name).to_owned(),
            json!({
                "p5": at(0.05), "p10": at(0.1), "p50": at(0.5), "p90": at(0.9), "p95": at(0.95),
                "p50_standard_error": number(summary.quantile(0.5).se),
                "p90_standard_error": number(summary.quantile(0.9).se),
                "mean": number(summary.mean.value),
            }),
        );
    }
    let inputs: Vec<Value> = answer
        .prepared
        .ranges()
        .map(|range| json!({ "path": range.path, "text": range.text, "dist": range.dist.name(), "origin": range.origin.to_string() }))
        .collect();
    let share = |share: &Estimate| json!({ "probability": number(share.value), "standard_error": number(share.se) });
    json!({
        "draws": spread.plan.draws(),
        "seed": spread.plan.seed(),
        "sampler": if spread.plan.method() == Method::Sobol { "sobol" } else { "random" },
        "inputs": inputs,
        "outputs": outputs,
        "by": spread.by.as_ref().map(|(time, p)| json!({ "days": number(time.days()), "finished": share(p) })),
        "budget": spread.budget.as_ref().map(|(money, p)| json!({ "usd": number(money.get()), "within": share(p) })),
        "no_solution": spread.summaries.first().map(|summary| share(&summary.never)),
        "repair": spread.repair,
    })
}
