//! What is uncertain, and what the draws make of it.

use serde::Serialize;

use crate::answer::Answer;
use crate::answer::prepared::OUTPUTS;
use crate::answer::ranges::{Budget, Spread};
pub use crate::planner::reply::Share;
use crate::reply::Ordered;
use crate::uncertainty::montecarlo::{self, Method, Summary};

/// The spread of an answer.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Ranges {
    /// Number of draws.
    pub draws: usize,
    /// Their seed.
    pub seed: u64,
    /// How they were drawn: `sobol` or `random`.
    pub sampler: &'static str,
    /// What is uncertain.
    pub inputs: Vec<Uncertain>,
    /// Every output that is known.
    pub outputs: Ordered<Levels>,
    /// The time to finish within.
    pub by: Option<By>,
    /// The money to stay within.
    pub budget: Option<Within>,
    /// How many draws have no answer.
    pub no_solution: Option<Share>,
    /// What had to be changed about the correlations.
    pub repair: Option<String>,
}

/// An uncertain input.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Uncertain {
    /// Its field.
    pub path: &'static str,
    /// As it was written.
    pub text: String,
    /// The kind of distribution.
    pub dist: String,
    /// Where it is from.
    pub origin: String,
}

/// What an output is over the draws.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)] // percentiles
pub struct Levels {
    pub p5: f64,
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p50_standard_error: f64,
    pub p90_standard_error: f64,
    pub mean: f64,
}

/// How often a time is kept.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct By {
    /// The time.
    pub days: f64,
    /// How often it is kept.
    pub finished: Share,
}

/// How often a budget is kept.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct Within {
    /// The money.
    pub usd: f64,
    /// What it has to pay for: the rent of the chips, or the whole bill.
    pub of: &'static str,
    /// How often it is kept.
    pub within: Share,
}

impl Within {
    fn of((budget, share): &(Budget, montecarlo::Estimate)) -> Self {
        Self { usd: budget.money.get(), of: budget.of, within: share.into() }
    }
}

impl Ranges {
    /// Of an answer and its spread.
    pub fn of(answer: &Answer, spread: &Spread) -> Self {
        let known = |summary: &&Summary| summary.quantile(0.5).value.is_finite();
        let outputs = OUTPUTS.iter().zip(&spread.summaries).filter(|(_, summary)| known(summary));
        let inputs = answer.prepared.ranges().map(|range| Uncertain {
            path: range.path,
            text: range.text.clone(),
            dist: range.dist.name().to_owned(),
            origin: range.origin.to_string(),
        });
        Self {
            draws: spread.plan.draws(),
            seed: spread.plan.seed(),
            sampler: if spread.plan.method() == Method::Sobol { "sobol" } else { "random" },
            inputs: inputs.collect(),
            outputs: outputs.map(|(name, summary)| ((*name).to_owned(), Levels::of(summary))).collect(),
            by: spread.by.as_ref().map(|(time, share)| By { days: time.days(), finished: share.into() }),
            budget: spread.budget.as_ref().map(Within::of),
            no_solution: spread.summaries.first().map(|summary| (&summary.never).into()),
            repair: spread.repair.clone(),
        }
    }
}

impl Levels {
    fn of(summary: &Summary) -> Self {
        let [p5, p10, p50, p90, p95] = [0.05, 0.1, 0.5, 0.9, 0.95].map(|level| summary.quantile(level));
        Self {
            p5: p5.value,
            p10: p10.value,
            p50: p50.value,
            p90: p90.value,
            p95: p95.value,
            p50_standard_error: p50.se,
            p90_standard_error: p90.se,
            mean: summary.mean.value,
        }
    }
}
