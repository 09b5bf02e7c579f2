//! The way from given values to an answer, recorded: the solve of all phases without deciding anything.

use super::phases::Shares;
use super::prepared::OUTPUTS;
use crate::solve::replay::{Program, Values};
use crate::solve::{Knowns, Rank, Var, solve};
use crate::units::{ChipSeconds, Quantity as _, Seconds};

/// A recorded solve: the steps that what is open changes, and the values of all others.
#[derive(Debug, Clone)]
pub struct Quick {
    alone: Program,
    given: Values,
    phases: Option<Phases>,
}

/// The second solve of a run with phases, once the hours of the main one are known.
#[derive(Debug, Clone)]
struct Phases {
    together: Program,
    given: Values,
    others: f64,
    /// The main phase's hours as its file has them, where they do not follow from its work.
    own: Option<f64>,
}

/// What changes from one answer to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open<'a> {
    /// The variables that are set anew.
    pub vars: &'a [Var],
    /// Whether the hours of the phases are scaled.
    pub scaled: bool,
}

impl Quick {
    /// Records the solve of these values; `None` where one of them has to give way, which other values may not have to.
    pub(super) fn of(knowns: Knowns, hours: Shares, open: Open<'_>) -> Option<Self> {
        Self::recorded(knowns, hours, open, Program::of)
    }

    /// The same without the values that give way. It holds where nothing but values from flags changes: a file's value
    /// contradicts one flag as it does another, all but the one that it equals to nine digits.
    pub(super) fn past(knowns: Knowns, hours: Shares, open: Open<'_>) -> Option<Self> {
        Self::recorded(knowns, hours, open, |given| {
            let mut kept = *given;
            solve(given).ok()?.set_aside().for_each(|var| kept.clear(var));
            Program::of(&kept)
        })
    }

    fn recorded(
        mut knowns: Knowns,
        hours: Shares,
        open: Open<'_>,
        record: impl Fn(&Knowns) -> Option<(Program, Values)>,
    ) -> Option<Self> {
        let others = hours.others;
        let alone = |knowns: &Knowns| {
            let (program, mut given) = record(knowns)?;
            let program = program.folded(&mut given, |var| open.vars.contains(&var))?;
            Some((program, given))
        };
        if others == ChipSeconds::ZERO {
            knowns.set(Var::PhaseShare, 1.0, Rank::Default);
            let (alone, given) = alone(&knowns)?;
            return Some(Self { alone, given, phases: None });
        }
        knowns.clear(Var::PhaseShare);
        let (alone, given) = alone(&knowns)?;
        let mut values = given;
        alone.run(&mut values);
        let from_work = values.get(Var::GpuHours).is_nan() && !values.get(Var::PhaseHours).is_nan();
        let own = hours.main.map(|hours| hours.base());
        let main = if from_work { values.get(Var::PhaseHours) } else { own? };
        knowns.set(Var::PhaseShare, share(main, others.base()), Rank::Default);
        let (together, mut together_given) = record(&knowns)?;
        let own_hours = from_work && (open.vars.contains(&Var::PhaseHours) || !alone.is_empty());
        let fixed = !open.scaled && !own_hours;
        let opens = |var| open.vars.contains(&var) || (var == Var::PhaseShare && !fixed);
        let together = together.folded(&mut together_given, opens)?;
        let own = own.filter(|_| !from_work);
        Some(Self {
            alone,
            given,
            phases: Some(Phases { together, given: together_given, others: others.base(), own }),
        })
    }

    /// Answers with the open variables set, in base units, and the hours of the phases scaled; `None` where the recorded
    /// way does not hold.
    #[inline]
    pub(super) fn run(
        &self,
        settings: impl Iterator<Item = (Var, f64)> + Clone,
        scale: f64,
    ) -> Option<[f64; OUTPUTS.len()]> {
        self.scaled(settings, scale, |values| outputs(|var| values.get(var)))
    }

    /// Every variable, with the open ones set.
    #[inline]
    pub fn values(&self, settings: impl Iterator<Item = (Var, f64)> + Clone) -> Option<Values> {
        self.scaled(settings, 1.0, |values| *values)
    }

    /// Hands the values over in place: a copy of them would wait for each that was just written.
    #[inline]
    fn scaled<T>(
        &self,
        settings: impl Iterator<Item = (Var, f64)> + Clone,
        scale: f64,
        found: impl Fn(&Values) -> T,
    ) -> Option<T> {
        let mut values = self.given;
        settings.clone().for_each(|(var, value)| values.set(var, value));
        // The first solve may refuse what it is given, also where its hours are not asked for.
        if !self.alone.run(&mut values) {
            return None;
        }
        let Some(Phases { together, given, others, own }) = &self.phases else { return Some(found(&values)) };
        let main = own.map_or_else(|| values.get(Var::PhaseHours), |own| own * scale);
        let mut again = *given;
        settings.for_each(|(var, value)| again.set(var, value));
        again.set(Var::PhaseShare, share(main, *others * scale));
        together.run(&mut again).then(|| found(&again))
    }
}

/// The main phase's share of all hours, by the operations of [`Shares::of_main`].
fn share(main: f64, others: f64) -> f64 {
    main / (main + others)
}

/// What is answered, from the variables in base units.
#[inline]
pub(super) fn outputs(get: impl Fn(Var) -> f64) -> [f64; OUTPUTS.len()] {
    [
        ChipSeconds::new(get(Var::GpuHours)).gpu_hours(),
        Seconds::new(get(Var::WallClock)).days(),
        get(Var::Cost),
        get(Var::Chips),
        get(Var::Mfu),
        get(Var::Flop),
    ]
}
