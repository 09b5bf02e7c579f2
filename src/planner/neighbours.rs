//! What stands beside a plan: the same question with a little less and a little more, so that one sees the slope.

use serde::Serialize;

use super::Prepared;
use super::joint::{Limits, Short, known};
use super::trial::{Trial, Verdict};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::Question;
use crate::uncertainty::montecarlo::Plan;
use crate::units::Seconds;

/// Parts of the plan that stand beside it.
pub const PARTS: [f64; 5] = [0.8, 0.9, 1.0, 1.1, 1.25];

/// The same question with another value of what is planned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Neighbour {
    /// Chips, tokens or days.
    pub value: f64,
    /// Whether it is the plan.
    pub is_plan: bool,
    /// Whether all that is asked holds.
    pub holds: bool,
    /// How often date and money are kept; null without either.
    pub probability: Option<f64>,
    /// Days at p50.
    pub days_p50: Option<f64>,
    /// Cost at p50.
    pub cost_usd_p50: Option<f64>,
}

/// Other values around a plan, each tried as a question of its own; `laid` puts one in the question.
pub fn around(
    plan: f64,
    near: impl IntoIterator<Item = f64>,
    laid: impl Fn(f64) -> Result<Question, Error>,
    draws: &Plan,
    catalog: &Catalog,
) -> Vec<Neighbour> {
    let mut values: Vec<f64> = near.into_iter().collect();
    values.dedup();
    let one = |value: f64| {
        let is_plan = value == plan;
        match laid(value).and_then(|question| Trial::of(&question, draws, catalog)) {
            Ok(trial) => Neighbour::of(value, is_plan, &trial.verdict),
            // So many it does not fit on, or does not follow from.
            Err(_) => Neighbour { value, is_plan, holds: false, probability: None, days_p50: None, cost_usd_p50: None },
        }
    };
    values.into_iter().map(one).collect()
}

/// The parts of a plan that stand beside it, in whole numbers of `step`.
pub fn parts(plan: f64, step: f64) -> impl Iterator<Item = f64> {
    PARTS.into_iter().map(move |part| if part == 1.0 { plan } else { (plan * part / step).round().max(1.0) * step })
}

/// Other days around the day of a plan, on the draws of one question.
///
/// # Errors
/// As [`Prepared::joint`].
pub fn of_days(asked: &Prepared, plan: f64, draws: &Plan) -> Result<Vec<Neighbour>, Error> {
    let (joint, sure) = (asked.joint()?, asked.confidence.get());
    let mut days: Vec<f64> = PARTS.iter().map(|part| (plan * part).round()).collect();
    days.dedup();
    let one = |days: f64| {
        let limits = Limits { due: Some(Seconds::from_days(days)), ..asked.limits };
        let short = Short::of(&joint.draw(&limits, draws));
        let (probability, days_p50, cost_usd_p50) = (Some(short.kept.value), known(short.days), known(short.cost));
        let holds = short.kept.value >= sure;
        Neighbour { value: days, is_plan: days == plan, holds, probability, days_p50, cost_usd_p50 }
    };
    Ok(days.into_iter().map(one).collect())
}

impl Neighbour {
    fn of(value: f64, is_plan: bool, verdict: &Verdict) -> Self {
        let probability = verdict.is_limited().then(|| known(verdict.kept.all.value)).flatten();
        let (days_p50, cost_usd_p50) = (verdict.days.p50, verdict.cost.p50);
        Self { value, is_plan, holds: verdict.holds(), probability, days_p50, cost_usd_p50 }
    }
}
