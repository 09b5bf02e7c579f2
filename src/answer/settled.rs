//! The relations solved, with the speed as a function of the chips where the chips are what is asked for.

use std::sync::Arc;

use super::failures::spot::{OnSpot, Spot, unknown};
use super::given::{is_flag, knowns};
use super::layouts::diagnosis;
use super::looked_up::LookedUp;
use super::pacing::Pacing;
use super::phases::{Baseline, Shares};
use crate::error::Error;
use crate::input::file::{Entry, Origin, Spec};
use crate::predict::chips::fewest;
use crate::predict::transfer::{Moved, Transfer};
use crate::predict::{Prediction, Setting};
use crate::solve::{Knowns, Rank, Solved, Var, solve};
use crate::units::{ChipSeconds, Chips, Quantity as _, Seconds, Tokens};

/// What a market leaves is settled where it moves by less.
const STILL: f64 = 1e-14;

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
    /// The same, as it is on chips that nobody takes away.
    stays: Knowns,
    /// What came out.
    pub solved: Solved,
    /// The run's parts, on the chip that is asked about.
    pub baseline: Baseline,
    /// The step behind the hours.
    pub step: Step,
    /// The run's parts on chips that nobody takes away.
    parts: Baseline,
    /// The market that takes them away, if one does.
    spot: Option<Arc<Spot>>,
    /// What it leaves.
    pub on_spot: Option<OnSpot>,
}

impl Settled {
    /// Solves what was asked.
    ///
    /// # Errors
    /// Values that contradict each other, a layout that does not fit, a deadline that no number of chips keeps.
    pub fn of(looked: &LookedUp<'_>, pacing: &Pacing, spot: Option<Spot>) -> Result<Self, Error> {
        let spot = spot.map(Arc::new);
        match pacing {
            Pacing::Stated { .. } => stated(looked, spot),
            Pacing::Relaid(transfer) => relaid(looked, transfer, spot),
            Pacing::Predicted(setting) => {
                let given = knowns(&looked.spec, &looked.baseline, looked.peak(), false, false);
                predicted(given, &looked.baseline, setting, spot)
            }
        }
    }

    /// Solves, and solves again with what a market leaves on the chips that follow, until both agree.
    fn solved(
        stays: Knowns,
        parts: &Baseline,
        step: Step,
        spot: Option<Arc<Spot>>,
        on: Option<Chips>,
    ) -> Result<Self, Error> {
        let whole = |given: Knowns, baseline: Baseline, on_spot| {
            let (given, solved) = solve_phases(given, baseline.shares())?;
            Ok(Self { given, stays, solved, baseline, step, parts: parts.clone(), spot: spot.clone(), on_spot })
        };
        let Some(market) = &spot else { return whole(stays, parts.clone(), None) };
        let mut chips = stays.get(Var::Chips).map(Chips::new).or(on);
        if chips.is_none() {
            let first: Self = whole(stays, parts.clone(), None)?;
            chips = first.get(Var::Chips).map(Chips::new);
            match (chips, first.get(Var::GpuHours)) {
                (None, None) => return Ok(first), // too little is known for an answer
                (None, Some(_)) => return Err(unknown()),
                _ => {}
            }
        }
        let mut left = 0.0;
        loop {
            let on_spot = market.on(chips.unwrap_or(Chips::new(1.0)))?;
            let share = on_spot.left.share.get();
            let found: Self = whole(taken(stays, share), parts.clone().longer(1.0 / share), Some(on_spot))?;
            chips = found.get(Var::Chips).map(Chips::new).or(chips);
            if (share / left - 1.0).abs() < STILL {
                return Ok(found);
            }
            left = share;
        }
    }

    /// The same with one more value, such as a price; the step is predicted now where that was missing.
    ///
    /// # Errors
    /// As [`Settled::of`].
    pub fn with(self, var: Var, base: f64, pacing: &Pacing) -> Result<Self, Error> {
        let mut given = self.stays;
        given.set(var, base, Rank::Default);
        if let (Pacing::Predicted(setting), Step::Given) = (pacing, self.step) {
            return predicted(given, &self.parts, setting, self.spot);
        }
        let on = self.get(Var::Chips).map(Chips::new);
        Self::solved(given, &self.parts, self.step, self.spot, on)
    }

    /// The same without a value that was given.
    pub(super) fn forget(&mut self, var: Var) {
        self.given.clear(var);
        self.stays.clear(var);
    }

    /// A value that is known or was solved.
    pub fn get(&self, var: Var) -> Option<f64> {
        self.solved.knowns.get(var)
    }
}

fn stated(looked: &LookedUp<'_>, spot: Option<Arc<Spot>>) -> Result<Settled, Error> {
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
    Settled::solved(given, &baseline, Step::Given, spot, None)
}

/// What is given, where a market leaves this share of the time: hours and days that a run took take longer. A time that is
/// asked for is the time that there is.
fn taken(mut given: Knowns, share: f64) -> Knowns {
    given.set(Var::Left, share, Rank::Default);
    for var in [Var::GpuHours, Var::PhaseHours, Var::WallClock] {
        let asked = |rank: &Rank| var != Var::WallClock || *rank < Rank::Flag;
        if let Some((rank, value)) = given.rank(var).filter(asked).zip(given.get(var)) {
            given.set(var, value / share, rank);
        }
    }
    given
}

/// The run's hours on the chips that are asked for, or on the fewest that keep the time.
fn relaid(looked: &LookedUp<'_>, transfer: &Transfer, spot: Option<Arc<Spot>>) -> Result<Settled, Error> {
    let spec = &looked.spec;
    let limit = spec.wall_clock.as_ref().filter(|entry| is_flag(Some(entry)) && !is_flag(spec.chips.as_ref()));
    let at = |chips: Chips| moved_to(looked, transfer, spec, chips, &spot);
    let Some(limit) = limit else {
        let chips = spec.chips.as_ref().map_or(transfer.own_chips, |entry| entry.value);
        return at(chips);
    };
    let free = Spec { wall_clock: None, chips: None, ..spec.clone() };
    let time = |chips: Chips| {
        let settled = moved_to(looked, transfer, &free, chips, &spot)?;
        let hours = settled.get(Var::GpuHours).map(ChipSeconds::new);
        hours.map(|hours| hours / chips).ok_or_else(|| Error::no_solution("the GPU-hours are not known"))
    };
    let node = transfer.asked.machine.node;
    let chips = fewest(node, limit.value, time)?;
    let fewest = Entry::new(chips, Origin::Assumed("the fewest that keep the time".into()));
    moved_to(looked, transfer, &Spec { chips: Some(fewest), ..free }, chips, &spot)
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

/// The run on these chips, whether or not it is they that are asked about.
fn moved_to(
    looked: &LookedUp<'_>,
    transfer: &Transfer,
    spec: &Spec,
    chips: Chips,
    spot: &Option<Arc<Spot>>,
) -> Result<Settled, Error> {
    let moved = transfer.at(chips).map_err(|error| diagnosis(&transfer.asked, chips, error))?;
    let hours = moved.ratio * spec.transfer_ratio.as_ref().map_or(1.0, |entry| entry.value);
    let mut baseline = looked.baseline.clone();
    let (from, on) = (looked.from.as_ref().or(looked.on.as_ref()), looked.on.as_ref());
    if let (Some(from), Some(on)) = (from, on) {
        baseline.moved(hours, (from.peak / on.peak) / hours * busy(looked), &on.profile.chip.name);
    }
    let given = by_hours(knowns(spec, &baseline, looked.peak(), looked.from.is_some(), true), &baseline, spec);
    Settled::solved(given, &baseline, Step::Moved(moved), spot.clone(), Some(chips))
}

/// Predicts the step where the hours or the tokens are what is missing; settles the chips first where a deadline asks
/// for them.
fn predicted(given: Knowns, baseline: &Baseline, setting: &Setting, spot: Option<Arc<Spot>>) -> Result<Settled, Error> {
    let as_given = Settled::solved(given, baseline, Step::Given, spot.clone(), None)?;
    let given = as_given.stays;
    let solved = as_given.solved;
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
                let left = spot.as_ref().map_or(Ok(1.0), |spot| Ok(spot.on(chips)?.left.share.get()))?;
                Ok(prediction.computing(tokens) / goodput.unwrap_or(prediction.goodput) / left / chips)
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
    Settled::solved(given, baseline, Step::Predicted(prediction), spot, Some(chips))
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
