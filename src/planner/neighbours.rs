//! What stands beside a plan: the same question with a little less and a little more, so that one sees the slope.

use serde::Serialize;

use super::Prepared;
use super::joint::{Limits, Short, known};
use crate::answer::Answer;
use crate::answer::answer;
use crate::answer::ranges::{Asked, Budget, COST, DAYS, edge, spread};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::Question;
use crate::uncertainty::montecarlo::Plan;
use crate::units::{Seconds, Usd};

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
    /// How often it holds.
    pub probability: Option<f64>,
    /// Days at p50.
    pub days_p50: Option<f64>,
    /// Cost at p50.
    pub cost_usd_p50: Option<f64>,
}

/// The limit that a plan has to keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A time.
    By(Seconds),
    /// Money for the rent.
    Budget(Usd),
}

/// Other values of a field around a plan, each asked as a question of its own; `step` is what they are whole numbers of.
///
/// # Errors
/// As [`spread`].
pub fn of_field(
    (path, plan, step): (&'static str, f64, f64),
    question: &Question,
    limit: Limit,
    draws: &Plan,
    catalog: &Catalog,
) -> Result<Vec<Neighbour>, Error> {
    let whole = |part: f64| if part == 1.0 { plan } else { (plan * part / step).round().max(1.0) * step };
    let mut values: Vec<f64> = PARTS.iter().map(|part| whole(*part)).collect();
    values.dedup();
    let one = |value: f64| {
        let bare = Neighbour { value, is_plan: value == plan, probability: None, days_p50: None, cost_usd_p50: None };
        match answer(&question.clone().with(path, value), catalog) {
            Ok(found) => bare.of(&found, limit, draws),
            Err(_) => Ok(bare), // so many it does not fit on, or does not follow from
        }
    };
    values.into_iter().map(one).collect()
}

/// Other days around the day of a plan, on the draws of one question.
///
/// # Errors
/// As [`Prepared::joint`].
pub fn of_days(asked: &Prepared, plan: f64, draws: &Plan) -> Result<Vec<Neighbour>, Error> {
    let joint = asked.joint()?;
    let mut days: Vec<f64> = PARTS.iter().map(|part| (plan * part).round()).collect();
    days.dedup();
    let one = |days: f64| {
        let limits = Limits { due: Some(Seconds::from_days(days)), ..asked.limits };
        let short = Short::of(&joint.draw(&limits, draws));
        let (probability, days_p50, cost_usd_p50) = (Some(short.kept.value), known(short.days), known(short.cost));
        Neighbour { value: days, is_plan: days == plan, probability, days_p50, cost_usd_p50 }
    };
    Ok(days.into_iter().map(one).collect())
}

impl Neighbour {
    fn of(self, found: &Answer, limit: Limit, draws: &Plan) -> Result<Self, Error> {
        let asked = match limit {
            Limit::By(by) => Asked { plan: *draws, by: Some(by), budget: None },
            Limit::Budget(money) => Asked { plan: *draws, by: None, budget: Some(Budget::of_rent(money)) },
        };
        let Some(drawn) = spread(found, &asked)? else {
            let point = found.prepared.evaluate(&[]);
            let kept = match limit {
                Limit::By(by) => point[DAYS] <= edge(by.days()),
                Limit::Budget(money) => point[COST] <= edge(money.get()),
            };
            let probability = Some(f64::from(u8::from(kept)));
            return Ok(Self { probability, days_p50: known(point[DAYS]), cost_usd_p50: known(point[COST]), ..self });
        };
        let at = |output: usize| drawn.summaries.get(output).and_then(|summary| known(summary.quantile(0.5).value));
        let by = drawn.by.map(|(_, kept)| kept.value);
        let probability = by.or(drawn.budget.map(|(_, kept)| kept.value)).and_then(known);
        Ok(Self { probability, days_p50: at(DAYS), cost_usd_p50: at(COST), ..self })
    }
}
