//! The hours of a run on another chip, with reasons: what the step model says of both, and what the run's own
//! software adds, carried over.

use crate::Error;
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::layout::fixed::Fixed;
use crate::predict::Predicted;
use crate::spec::predicted::{Setting, setting};
use crate::spec::resolve::{Answer, Question};
use crate::units::{ChipSeconds, Chips, Price, Seconds, Tokens, Usd};

/// Standard normal quantile of 90 %.
const NINETY: f64 = 1.281_551_565_544_6;

/// Within a generation and a layout most of the model's error is the same on both chips: this part is left. An assumption.
const LEFT_WITHIN: f64 = 0.5;

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
    /// The step on the first chip.
    pub before: Predicted,
    /// The step on the new chip.
    pub after: Predicted,
    /// Hours on the new chip over hours on the first.
    pub ratio: f64,
    /// Geometric spread of that ratio.
    pub spread: f64,
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
    let before = setting(&answer.spec, &from, catalog)?.ok_or_else(|| missing("its model's shape", "--model"))?;
    let mut after = setting(&answer.spec, &to, catalog)?.ok_or_else(|| missing("its model's shape", "--model"))?;
    let mut assumptions = before.chosen.clone();
    adapt(&mut after, &before, &to, &mut assumptions);
    let own = before.on(own_chips)?;
    let residual = residual(answer, &own);
    let target = Target { hours: answer.estimate.total.held, chips: chips.unwrap_or(own_chips), own_chips };
    let same = match after.on(target.chips) {
        Ok(predicted) => Ok(target.moved(&before, &own, &after, predicted, true)),
        Err(error) => Err(error),
    };
    let best = open(&before).on(own_chips).and_then(|own| {
        let predicted = open(&after).on(target.chips)?;
        Ok(target.moved(&before, &own, &after, predicted, false))
    });
    if answer.scenario.phases.len() > 1 {
        assumptions.push("every phase moves as the main one does".into());
    }
    Ok(Conversion { from, to, hours: answer.estimate.total.held, chips: own_chips, residual, same, best, assumptions })
}

/// What the step model says of a published run that a question puts on another chip, in the run's own layout
/// where that is possible; `None` where the run stays on its chip, or cannot be predicted on one of the two.
pub fn aside(question: &Question, asked: &Answer, catalog: &Catalog) -> Option<Moved> {
    asked.moved_from.as_ref()?;
    let to = asked.chip.as_ref()?.chip.id.clone();
    let own = Question { base: question.base.clone(), ..Question::default() };
    let own = crate::spec::resolve::answer(&own, catalog).ok()?;
    let moved = convert(&own, &to, asked.estimate.chips, catalog).ok()?;
    moved.headline(false).ok().copied()
}

/// The same question of the new chip, where it differs.
fn adapt(after: &mut Setting, before: &Setting, to: &AcceleratorProfile, assumptions: &mut Vec<String>) {
    if after.machine.peak(after.precision).get() <= 0.0 {
        let (narrow, wide) = (after.precision, after.precision.wide());
        assumptions.push(format!("{} has no {narrow}: the matrix work is done in {wide} there", to.chip.name));
        after.precision = wide;
    }
    if after.borrowed {
        assumptions.push(format!("nobody published steps on {}: the factors of another family stand in", to.chip.name));
    }
    after.stack = before.stack;
}

struct Target {
    hours: ChipSeconds,
    chips: Chips,
    own_chips: Chips,
}

impl Target {
    fn moved(&self, before: &Setting, own: &Predicted, after: &Setting, predicted: Predicted, same: bool) -> Moved {
        let per_token = |predicted: &Predicted| predicted.computing(Tokens::new(1.0)).get();
        let ratio = per_token(&predicted) / per_token(own);
        let run = after.calibration.run;
        let within = before.machine.generation == after.machine.generation && !after.borrowed;
        let spread = match (within, after.borrowed) {
            (_, true) => run.borrowed_spread,
            (true, _) if same && self.chips == self.own_chips => run.measured_spread * LEFT_WITHIN,
            (true, _) => run.measured_spread,
            (false, _) => run.measured_spread.hypot(before.calibration.run.measured_spread),
        };
        let hours = [-1.0, 0.0, 1.0].map(|side: f64| self.hours * (ratio * (side * NINETY * spread).exp()));
        Moved { before: *own, after: predicted, ratio, spread, hours, chips: self.chips }
    }
}

/// The setting with every degree open.
fn open(setting: &Setting) -> Setting {
    let given = Fixed { schedule: setting.given.schedule, ..Fixed::default() };
    Setting { given, ..setting.clone() }
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
