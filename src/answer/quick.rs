//! The way from given values to an answer, recorded: the solve of all phases without deciding anything.

use super::phases::Shares;
use super::prepared::OUTPUTS;
use crate::solve::replay::{Program, Values};
use crate::solve::{Knowns, Rank, Var, solve};
use crate::units::{ChipSeconds, Quantity as _, Seconds};

/// A recorded solve.
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
    others: f64,
    /// The main phase's hours as its file has them, where they do not follow from its work.
    own: Option<f64>,
}

impl Quick {
    /// Records the solve of these values; `None` where one of them has to give way, which other values may not have to.
    pub(super) fn of(knowns: Knowns, hours: Shares) -> Option<Self> {
        Self::recorded(knowns, hours, Program::of)
    }

    /// The same without the values that give way. It holds where nothing but values from flags changes: a file's value
    /// contradicts one flag as it does another, all but the one that it equals to nine digits.
    pub(super) fn past(knowns: Knowns, hours: Shares) -> Option<Self> {
        Self::recorded(knowns, hours, |given| {
            let mut kept = *given;
            solve(given).ok()?.set_aside().for_each(|var| kept.clear(var));
            Program::of(&kept)
        })
    }

    fn recorded(
        mut knowns: Knowns,
        hours: Shares,
        record: impl Fn(&Knowns) -> Option<(Program, Values)>,
    ) -> Option<Self> {
        let others = hours.others;
        if others == ChipSeconds::ZERO {
            knowns.set(Var::PhaseShare, 1.0, Rank::Default);
            let (alone, given) = record(&knowns)?;
            return Some(Self { alone, given, phases: None });
        }
        knowns.clear(Var::PhaseShare);
        let (alone, given) = record(&knowns)?;
        let mut values = given;
        alone.run(&mut values);
        let from_work = values.get(Var::GpuHours).is_nan() && !values.get(Var::PhaseHours).is_nan();
        let own = hours.main.map(|hours| hours.base());
        let main = if from_work { values.get(Var::PhaseHours) } else { own? };
        knowns.set(Var::PhaseShare, share(main, others.base()), Rank::Default);
        let (together, _) = record(&knowns)?;
        let phases = Phases { together, others: others.base(), own: own.filter(|_| !from_work) };
        Some(Self { alone, given, phases: Some(phases) })
    }

    /// Answers with some variables set, in base units, and the hours of the other phases scaled; `None` where the
    /// recorded way does not hold.
    #[inline]
    pub fn run(&self, settings: impl IntoIterator<Item = (Var, f64)>, scale: f64) -> Option<[f64; OUTPUTS.len()]> {
        self.values(settings, scale).map(|values| outputs(|var| values.get(var)))
    }

    /// The same, with every variable.
    #[inline]
    pub fn values(&self, settings: impl IntoIterator<Item = (Var, f64)>, scale: f64) -> Option<Values> {
        let mut values = self.given;
        for (var, value) in settings {
            values.set(var, value);
        }
        let Some(Phases { together, others, own }) = &self.phases else {
            return self.alone.run(&mut values).then_some(values);
        };
        let mut again = values;
        let main = match own {
            // Even so the first solve may refuse what it is given.
            Some(own) => self.alone.run(&mut values).then_some(*own * scale)?,
            None => self.alone.run(&mut values).then(|| values.get(Var::PhaseHours))?,
        };
        again.set(Var::PhaseShare, share(main, *others * scale));
        together.run(&mut again).then_some(again)
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
