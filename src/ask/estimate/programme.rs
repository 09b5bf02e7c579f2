//! The programme around a final run, stage by stage, so that the run is never taken for it.

use serde::Serialize;

use crate::answer::bill_ranges::BillSpread;
use crate::answer::whole_bill::WholeBill;
use crate::cost::people::experiments;
use crate::cost::shares::STAGES;
use crate::units::{Fraction, Usd};

/// The programme around a final run.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ProgrammeReply {
    /// All compute over the final run.
    pub times_final_run: f64,
    /// What is published of that: p5, median and p95.
    pub published_times: [f64; 3],
    /// The final run; null where the chips have no price.
    pub final_run_usd: Option<f64>,
    /// With the stages, without people.
    pub all_compute_usd: Option<f64>,
    /// The stages.
    pub stages: Vec<StageRow>,
}

/// A stage of the programme.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct StageRow {
    /// Its name, as fields have it.
    pub stage: &'static str,
    /// Its line in the bill.
    pub label: &'static str,
    /// What is charged beside the final run, over the final run.
    pub share: f64,
    /// What the final run's own phases hold of it, over the final run; null where they say nothing of it.
    pub held_share: Option<f64>,
    /// The least share that is published.
    pub published_low: f64,
    /// The largest.
    pub published_high: f64,
    /// How well the share is known.
    pub kind: Option<String>,
    /// Where it is from.
    pub source: Option<String>,
    /// Share times the final run.
    pub amount_usd: Option<f64>,
    /// One time in ten it costs less, where something of the bill is a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_usd_p10: Option<f64>,
    /// Half of the time it costs less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_usd_p50: Option<f64>,
    /// One time in ten it costs more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_usd_p90: Option<f64>,
}

impl ProgrammeReply {
    /// Of a bill, with what it varies by.
    pub fn of(whole: &WholeBill, spread: Option<&BillSpread>) -> Self {
        let (terms, published) = (&whole.terms.programme, &whole.recipe.defaults.programme);
        let final_run = whole.total().map(|_| whole.bill.final_run());
        let charged = terms.charged();
        let ranges = published.stages();
        let lines = || whole.bill.lines.iter();
        let row = |at: usize, name: &'static str, label: &'static str, field: &'static str| {
            let line = lines().find(|line| line.source == field);
            let source = line.and_then(|line| whole.source(line));
            let drawn = spread.and_then(|spread| spread.stages.get(at));
            let level = |level: f64| drawn.map(|summary| summary.quantile(level).value);
            let range = ranges.get(at);
            StageRow {
                stage: name,
                label,
                share: charged.get(at).copied().unwrap_or_default(),
                held_share: terms.shares.get(at).and_then(|share| share.known.held).map(Fraction::get),
                published_low: range.map_or(0.0, |range| range.low.get()),
                published_high: range.map_or(0.0, |range| range.high.get()),
                kind: source.map(|source| source.kind.to_string()),
                source: source.map(|source| source.title.clone()),
                amount_usd: line.and_then(|line| line.charge.amount()).map(Usd::get),
                amount_usd_p10: level(0.1),
                amount_usd_p50: level(0.5),
                amount_usd_p90: level(0.9),
            }
        };
        let stages = STAGES.iter().enumerate();
        let stages: Vec<_> = stages.map(|(at, (name, stage))| row(at, name, stage.label(), stage.field())).collect();
        Self {
            times_final_run: terms.times(),
            published_times: [
                published.low,
                experiments(published.low, published.high).map_or(f64::NAN, |factor| factor.median()),
                published.high,
            ],
            final_run_usd: final_run.map(Usd::get),
            all_compute_usd: final_run.map(|_| whole.bill.compute().get()),
            stages,
        }
    }
}
