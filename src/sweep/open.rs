//! Points that differ in nothing but numbers that the relations use: the question is looked up once.

use std::sync::Arc;

use super::columns::{CHIPS_USED, Outputs};
use crate::answer::Answer;
use crate::answer::prepared::{Prepared, Quick, base};
use crate::error::Error;
use crate::reply::result::block;
use crate::solve::Var;
use crate::units::{ChipSeconds, Seconds};

/// A question that was looked up, with some variables open.
#[derive(Debug)]
pub(super) struct Open {
    prepared: Prepared,
    quick: Option<Quick>,
    /// Tokens of a step; NaN where they are not known.
    step_tokens: f64,
    /// Chips that the layout uses; NaN where there is none.
    used: f64,
    /// MFU with causal attention over that by 6ND.
    causal: f64,
    layout: Option<Arc<str>>,
}

/// Whether another value of a variable changes neither the step nor whether the answer is refused.
pub(super) fn opens(found: &Answer, var: Var) -> bool {
    let knows = |var| found.prepared.knows(var);
    match var {
        _ if found.confirmation.is_some() => false, // each point is confirmed or refused
        // What a market leaves depends on the chips.
        _ if found.on_spot.is_some() && !(of_money_or_work(var) && knows(Var::Chips)) => false,
        // The rate is of all chips together: other chips have another pace.
        Var::Chips if found.spec.is_paced() => false,
        _ if !found.pacing.depends_on_chips() => true,
        // Money may decide the chips, and with them the layout.
        Var::Price => knows(Var::Chips) || !knows(Var::Cost),
        // Where the chips are given, neither the work nor the downtime changes the step; a time may confirm both.
        Var::Tokens | Var::Goodput => knows(Var::Chips) && !knows(Var::WallClock),
        _ => false,
    }
}

/// Whether a variable changes no number of chips that is given.
fn of_money_or_work(var: Var) -> bool {
    matches!(var, Var::Price | Var::Goodput | Var::Tokens)
}

impl Open {
    /// Leaves the variables of an answer open; `None` where one of them changes more than the relations.
    pub(super) fn of(found: Answer, at: &[(Var, f64)]) -> Option<Self> {
        if !at.iter().all(|(var, number)| opens(&found, *var) && found.prepared.was_given(*var, *number)) {
            return None;
        }
        let shown = block(&found, None);
        let known = |number: Option<f64>| number.unwrap_or(f64::NAN);
        Some(Self {
            quick: found.prepared.quick(at.iter().copied()),
            step_tokens: known(shown.step_seconds) * known(shown.tokens_per_second),
            used: known(found.prediction().and(shown.chips_used)),
            causal: known(shown.mfu_causal) / known(shown.mfu),
            layout: shown.layout.as_deref().map(Arc::from),
            prepared: found.prepared,
        })
    }

    /// Answers one point.
    #[inline]
    pub(super) fn answer(&self, at: impl Iterator<Item = (Var, f64)> + Clone) -> Result<Outputs, Error> {
        let based = at.clone().map(|(var, number)| (var, base(var, number)));
        if let Some(values) = self.quick.as_ref().and_then(|quick| quick.values(based)) {
            return Ok(self.outputs(|var| values.get(var)));
        }
        let knowns = self.prepared.solve_at(at)?;
        Ok(self.outputs(|var| knowns.get(var).unwrap_or(f64::NAN)))
    }

    #[inline]
    fn outputs(&self, get: impl Fn(Var) -> f64) -> Outputs {
        let gpu_hours = ChipSeconds::new(get(Var::GpuHours)).gpu_hours();
        let days = Seconds::new(get(Var::WallClock)).days();
        let (cost, chips, mfu) = (get(Var::Cost), get(Var::Chips), get(Var::Mfu));
        let pace = match get(Var::Pace) {
            pace if pace.is_nan() => get(Var::PhaseHours) * get(Var::Goodput) * get(Var::Left) / get(Var::Tokens),
            pace => pace,
        };
        let rate = chips / pace;
        let figures = [gpu_hours, chips, self.used, days, cost, self.step_tokens / rate, rate, mfu, mfu * self.causal];
        let mut outputs = Outputs { figures, layout: self.layout.clone(), money: cost, ..Outputs::default() };
        if self.used.is_nan() {
            outputs.figures[CHIPS_USED] = chips;
        }
        outputs
    }
}
