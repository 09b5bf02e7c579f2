//! What stands beside the best model: other sizes for the same work, and other amounts of work.

use serde::Serialize;

use crate::error::Error;
use crate::planner::neighbours::{Neighbour, PARTS};
use crate::scaling::further::pretraining;
use crate::scaling::{Affordable, Law};
use crate::units::{Flop, Fraction, Params, Tokens};

/// Sizes over that of the best model.
const SIZES: [f64; 5] = [0.5, 0.7, 1.0, 1.4, 2.0];

/// Other sizes and other amounts of work.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Others {
    /// Other sizes for the same work.
    pub size: Vec<OtherSize>,
    /// Other amounts of work, each with its best model.
    pub work: Vec<OtherWork>,
}

/// Another size for the same work.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct OtherSize {
    /// Parameters.
    pub params: f64,
    /// Training tokens.
    pub tokens: f64,
    /// By the law.
    pub loss: f64,
    /// Whether it is the best model.
    pub is_plan: bool,
}

/// Another amount of work.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct OtherWork {
    /// Training work.
    pub flop: f64,
    /// Parameters of its best model.
    pub params: f64,
    /// Its training tokens.
    pub tokens: f64,
    /// By the law.
    pub loss: f64,
    /// Days at p50.
    pub days_p50: Option<f64>,
    /// Cost at p50.
    pub cost_usd_p50: Option<f64>,
    /// Whether all that is asked holds.
    pub holds: bool,
    /// How often date and money are kept; null where nothing is drawn.
    pub probability: Option<f64>,
    /// Whether it is the plan.
    pub is_plan: bool,
}

impl Others {
    /// Around the least loss of what is bought; `more` is the planner's question with other amounts of work, where that was asked.
    ///
    /// # Errors
    /// An invalid law.
    pub(super) fn of(law: &Law, bought: &Affordable, rl: Fraction, more: Vec<Neighbour>) -> Result<Self, Error> {
        let best = law.optimum(bought.work)?;
        let size = |part: f64| {
            let params = Params::new(best.params.get() * part);
            let tokens = bought.work.get() / (6.0 * params.get());
            let loss = law.loss(params, Tokens::new(tokens));
            OtherSize { params: params.get(), tokens, loss, is_plan: part == 1.0 }
        };
        let near = |part: f64| Neighbour {
            value: bought.work.get() * part / (1.0 - rl.get()),
            is_plan: part == 1.0,
            holds: part <= 1.0,
            probability: None,
            days_p50: Some(bought.wall.days() * part),
            cost_usd_p50: Some(bought.spent.get() * part),
        };
        let more = if more.is_empty() { PARTS.map(near).to_vec() } else { more };
        let work = more.into_iter().map(|near| {
            let flop = pretraining(Flop::new(near.value), rl)?;
            let model = law.optimum(flop)?;
            Ok(OtherWork {
                flop: flop.get(),
                params: model.params.get(),
                tokens: model.tokens.get(),
                loss: model.loss,
                days_p50: near.days_p50,
                cost_usd_p50: near.cost_usd_p50,
                holds: near.holds,
                probability: near.probability,
                is_plan: near.is_plan,
            })
        });
        Ok(Self { size: SIZES.map(size).to_vec(), work: work.collect::<Result<_, Error>>()? })
    }
}
