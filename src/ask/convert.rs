//! The hours of a run on another chip, with reasons: what the step model says of both, and what the run's own
//! software adds, carried over.

use crate::Error;
use crate::answer::moved::{Move, Pair};
use crate::answer::resolve::Answer;
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::predict::Predicted;
use crate::units::{ChipSeconds, Chips, Price, Seconds, Tokens, Usd};

/// Standard normal quantile of 90 %.
const NINETY: f64 = 1.281_551_565_544_6;

/// A run moved to another chip.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The chip it ran on.
    pub from: AcceleratorProfile,
    /// The chip it is moved to.
    pub to: AcceleratorProfile,
    /// Hours on the first chip.
    pub hours: ChipSeconds,
    /// Chips of the first run.
    pub chips: Chips,
    /// Published hours of the main phase over the model's, in its own layout: software, downtime, everything the
    /// model does not know. Carried over.
    pub residual: f64,
    /// In the run's own layout; `None` where it is not legal or does not fit on the new chip, with the reason.
    pub same: Result<Moved, Error>,
    /// In the best layout of each chip.
    pub best: Result<Moved, Error>,
    /// What was chosen or guessed, in sentences.
    pub assumptions: Vec<String>,
}

/// The run on the new chip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// The step on both chips.
    pub step: Move,
    /// Hours: one in ten below, half below, nine in ten below.
    pub hours: [ChipSeconds; 3],
    /// Chips of the new run.
    pub chips: Chips,
}

impl Moved {
    /// Wall-clock time for each of the hours.
    pub fn wall_clock(&self) -> [Seconds; 3] {
        self.hours.map(|hours| hours / self.chips)
    }

    /// Cost for each of the hours.
    pub fn cost(&self, price: Price) -> [Usd; 3] {
        self.hours.map(|hours| hours * price)
    }
}

impl Conversion {
    /// The answer: the run's own layout where it can be kept, else the best.
    ///
    /// # Errors
    /// Neither layout fits: the reason for the best.
    pub fn headline(&self, prefer_best: bool) -> Result<&Moved, &Error> {
        match (&self.same, &self.best) {
            (Ok(same), _) if !prefer_best => Ok(same),
            (_, Ok(best)) => Ok(best),
            (Ok(same), _) => Ok(same),
            (_, Err(error)) => Err(error),
        }
    }
}

/// Moves an answered run to another chip.
///
/// # Errors
/// A run without a model, chip or number of chips; a chip nobody knows; a layout that is impossible on the first chip.
pub fn convert(answer: &Answer, to: &str, chips: Option<Chips>, catalog: &Catalog) -> Result<Conversion, Error> {
    let from = answer.chip.clone().ok_or_else(|| missing("its chip", "--gpu"))?;
    let own_chips = answer.estimate.chips.ok_or_else(|| missing("its number of chips", "--chips"))?;
    let to = catalog.accelerator(to)?;
    let chips = chips.unwrap_or(own_chips);
    let pair = Pair::of(&answer.spec, &from, &to, (own_chips, chips), catalog)?;
    let pair = pair.ok_or_else(|| missing("its model's shape", "--model"))?;
    let residual = residual(answer, &pair.own()?);
    let hours = answer.estimate.total.held;
    let moved = |step: Move| Moved { step, hours: spread(hours, &step), chips };
    let mut assumptions = pair.assumptions.clone();
    if answer.scenario.phases.len() > 1 {
        assumptions.push("every phase moves as the main one does".into());
    }
    let (same, best) = (pair.same_layout().map(moved), pair.best_layouts().map(moved));
    Ok(Conversion { from, to, hours, chips: own_chips, residual, same, best, assumptions })
}

/// Hours on the new chip: one in ten below, half below, nine in ten below.
fn spread(hours: ChipSeconds, step: &Move) -> [ChipSeconds; 3] {
    [-1.0, 0.0, 1.0].map(|side: f64| hours * (step.ratio * (side * NINETY * step.spread).exp()))
}

/// Published hours of the main phase over those of its steps alone.
fn residual(answer: &Answer, own: &Predicted) -> f64 {
    use crate::solve::Var;
    let get = |var| answer.solved.knowns.get(var);
    match (get(Var::PhaseHours), get(Var::Tokens)) {
        (Some(hours), Some(tokens)) => ChipSeconds::new(hours) / own.computing(Tokens::new(tokens)),
        _ => f64::NAN,
    }
}

fn missing(what: &str, flag: &str) -> Error {
    Error::no_solution(format!("the hours of a run cannot be moved without {what}")).with_hint(format!("give {flag}"))
}
