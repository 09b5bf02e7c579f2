//! The relations solved, with the speed as a function of the chips where the chips are what is asked for.

use super::given::{is_flag, knowns};
use super::layouts::diagnosis;
use super::looked_up::LookedUp;
use super::pacing::Pacing;
use super::phases::{Baseline, Shares};
use crate::error::Error;
use crate::input::file::Spec;
use crate::predict::chips::fewest;
use crate::predict::transfer::{Moved, Transfer};
use crate::predict::{Prediction, Setting};
use crate::solve::{Knowns, Rank, Solved, Var, solve};
use crate::units::{ChipSeconds, Chips, Quantity as _, Seconds, Tokens};

/// The step that the hours come from.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a step is copied, and one on the heap would allocate for every draw")]
pub enum Step {
    /// None: the hours were given, or follow from what was.
    Given,
    /// The run's own hours, moved.
    Moved(Moved),
    /// A predicted step.
    Predicted(Prediction),
}

/// Everything that the relations give.
#[derive(Debug, Clone)]
pub struct Settled {
    /// What was put in.
    pub given: Knowns,
    /// What came out.
    pub solved: Solved,
    /// The run's parts, on the chip that is asked about.
    pub baseline: Baseline,
    /// The step behind the hours.
    pub step: Step,
}

impl Settled {
    /// Solves what was asked.
    ///
    /// # Errors
    /// Values that contradict each other, a layout that does not fit, a deadline that no number of chips keeps.
    pub fn of(looked: &LookedUp<'_>, pacing: &Pacing) -> Result<Self, Error> {
        match pacing {
            Pacing::Stated { .. } => stated(looked),
            Pacing::Relaid(transfer) => relaid(looked, transfer),
            Pacing::Predicted(setting) => {
                let given = knowns(&looked.spec, &looked.baseline, looked.peak(), false, false);
                predicted(given, &looked.baseline, setting)
            }
        }
    }

    /// The same with one more value, such as a price; the step is predicted now where that was missing.
    ///
    /// # Errors
    /// As [`Settled::of`].
    pub fn with(self, var: Var, base: f64, pacing: &Pacing) -> Result<Self, Error> {
        let mut given = self.given;
        given.set(var, base, Rank::Default);
        if let (Pacing::Predicted(setting), Step::Given) = (pacing, self.step) {
            return predicted(given, &self.baseline, setting);
        }
        let (given, solved) = solve_phases(given, self.baseline.shares())?;
        Ok(Self { given, solved, ..self })
    }

    /// A value that is known or was solved.
    pub fn get(&self, var: Var) -> Option<f64> {
        self.solved.knowns.get(var)
    }
}

fn stated(looked: &LookedUp<'_>) -> Result<Settled, Error> {
    let mut baseline = looked.baseline.clone();
    let other = looked.from.is_some();
    // The hours are kept as numbers, or the MFU is.
    let held = looked.spec.hold_hours.as_ref().is_some_and(|entry| entry.value);
    if let (Some(from), Some(on)) = (&looked.from, &looked.on) {
        let peaks = from.peak / on.peak;
        let (hours, mfu) = if held { (1.0, peaks) } else { (peaks, 1.0) };
        baseline.moved(hours, mfu * busy(looked), &on.profile.chip.name);
    }
    let given = knowns(&looked.spec, &baseline, looked.peak(), other, other);
    let by_them = other && held && looked.spec.mfu.is_none();
    let given = if by_them { by_hours(given, &baseline, &looked.spec) } else { given };
    let (given, solved) = solve_phases(given, baseline.shares())?;
    Ok(Settled { given, solved, baseline, step: Step::Given })
}

/// The run's hours on the chips that are asked for, or on the fewest that keep the time.
fn relaid(looked: &LookedUp<'_>, transfer: &Transfer) -> Result<Settled, Error> {
    let spec = &looked.spec;
    let limit = spec.wall_clock.as_ref().filter(|entry| is_flag(Some(entry)) && !is_flag(spec.chips.as_ref()));
    let at = |chips: Chips| moved_to(looked, transfer, spec, chips);
    let Some(limit) = limit else {
        let chips = spec.chips.as_ref().map_or(transfer.own_chips, |entry| entry.value);
        return at(chips);
    };
    let free = Spec { wall_clock: None, chips: None, ..spec.clone() };
    let time = |chips: Chips| {
        let settled = moved_to(looked, transfer, &free, chips)?;
        let hours = settled.get(Var::GpuHours).map(ChipSeconds::new);
        hours.map(|hours| hours / chips).ok_or_else(|| Error::no_solution("the GPU-hours are not known"))
    };
    let node = transfer.asked.machine.node;
    let chips = fewest(node, limit.value, time)?;
    let mut settled = moved_to(looked, transfer, &free, chips)?;
    settled.given.set(Var::Chips, chips.base(), Rank::Default);
    let (given, solved) = solve_phases(settled.given, settled.baseline.shares())?;
    Ok(Settled { given, solved, ..settled })
}

/// The moved hours in place of the MFU, which follows from them; other work than the run's takes the MFU.
fn by_hours(mut given: Knowns, baseline: &Baseline, spec: &Spec) -> Knowns {
    let other_work = is_flag(spec.tokens.as_ref()) || is_flag(spec.flop.as_ref());
    if let Some(hours) = baseline.shares().main.filter(|_| !other_work) {
        let var = if baseline.parts.len() == 1 { Var::GpuHours } else { Var::PhaseHours };
        given.clear(Var::Mfu);
        given.set(var, hours.base(), Rank::File);
    }
    given
}

/// Goodput of the run over the one that is asked about. Hours contain their downtime: a goodput says in which share of
/// them the MFU is reached.
fn busy(looked: &LookedUp<'_>) -> f64 {
    let goodput = |spec: &Spec| spec.goodput.as_ref().map_or(1.0, |entry| entry.value.get());
    goodput(&looked.base) / goodput(&looked.spec)
}

fn moved_to(looked: &LookedUp<'_>, transfer: &Transfer, spec: &Spec, chips: Chips) -> Result<Settled, Error> {
    let moved = transfer.at(chips).map_err(|error| diagnosis(&transfer.asked, chips, error))?;
    let hours = moved.ratio * spec.transfer_ratio.as_ref().map_or(1.0, |entry| entry.value);
    let mut baseline = looked.baseline.clone();
    let (from, on) = (looked.from.as_ref().or(looked.on.as_ref()), looked.on.as_ref());
    if let (Some(from), Some(on)) = (from, on) {
        baseline.moved(hours, (from.peak / on.peak) / hours * busy(looked), &on.profile.chip.name);
    }
    let given = by_hours(knowns(spec, &baseline, looked.peak(), looked.from.is_some(), true), &baseline, spec);
    let (given, solved) = solve_phases(given, baseline.shares())?;
    Ok(Settled { given, solved, baseline, step: Step::Moved(moved) })
}

/// Predicts the step where the hours or the tokens are what is missing; settles the chips first where a deadline asks
/// for them.
fn predicted(given: Knowns, baseline: &Baseline, setting: &Setting) -> Result<Settled, Error> {
    let (given, solved) = solve_phases(given, baseline.shares())?;
    let as_given = Settled { given, solved, baseline: baseline.clone(), step: Step::Given };
    let get = |var| solved.knowns.get(var);
    let tokens = get(Var::Tokens).map(Tokens::new);
    if get(Var::Mfu).is_some() || (tokens.is_none() && get(Var::GpuHours).is_none()) {
        return Ok(as_given);
    }
    let goodput = given.get(Var::Goodput).filter(|_| given.rank(Var::Goodput) != Some(Rank::Default));
    let chips = match (get(Var::Chips).map(Chips::new), get(Var::WallClock).map(Seconds::new), tokens) {
        (Some(chips), _, _) => chips,
        (None, Some(limit), Some(tokens)) => {
            let time = |chips: Chips| {
                let prediction = setting.on(chips)?;
                Ok(prediction.computing(tokens) / goodput.unwrap_or(prediction.goodput) / chips)
            };
            fewest(setting.machine.node, limit, time)?
        }
        _ => return Ok(as_given),
    };
    let prediction = setting.on(chips).map_err(|error| diagnosis(setting, chips, error))?;
    let mut given = given;
    given.set(Var::Pace, prediction.pace(), Rank::Default);
    if goodput.is_none() {
        given.set(Var::Goodput, prediction.goodput, Rank::Default);
    }
    if get(Var::Chips).is_none() {
        // The time was a limit: whole nodes finish a little early.
        given.set(Var::Chips, chips.base(), Rank::Default);
        given.clear(Var::WallClock);
    }
    let (given, solved) = solve_phases(given, baseline.shares())?;
    Ok(Settled { given, solved, baseline: baseline.clone(), step: Step::Predicted(prediction) })
}

/// Solves with the phases tied together: where the main phase's hours follow from its work, the others keep
/// theirs; where they follow from chips, time or money, all phases scale alike.
///
/// # Errors
/// Values that contradict each other.
pub fn solve_phases(mut given: Knowns, hours: Shares) -> Result<(Knowns, Solved), Error> {
    if hours.others == ChipSeconds::ZERO {
        given.set(Var::PhaseShare, 1.0, Rank::Default);
        return Ok((given, solve(&given)?));
    }
    given.clear(Var::PhaseShare); // one from an earlier solve would settle the total
    let alone = solve(&given)?;
    let settled = alone.knowns.get(Var::GpuHours).is_some();
    let from_work = alone.knowns.get(Var::PhaseHours).map(ChipSeconds::new).filter(|_| !settled);
    let Some(main) = from_work.or(hours.main) else { return Ok((given, alone)) };
    given.set(Var::PhaseShare, hours.of_main(main).base(), Rank::Default);
    Ok((given, solve(&given)?))
}
