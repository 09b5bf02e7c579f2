//! What a row has beyond the relations: its bill, its ranges, and the limits it is held against, as `estimate` has them.

use std::ops::Range;

use super::columns::{BESIDE, BILL_RANGED, BILLED, Outputs, PLANNED, RANGED};
use super::{Bound, Sweep};
use crate::answer::Answer;
use crate::answer::ranges::{Asked, spread};
use crate::ask::estimate::bill;
use crate::ask::full::{Bills, Depth, Full, Wanted};
use crate::catalog::Catalog;
use crate::cost::Judged;
use crate::error::Error;
use crate::input::field::Group;
use crate::input::file::Spec;
use crate::input::question::Question;
use crate::planner::reply::Share;
use crate::planner::{gates, is_planned};
use crate::reply::result::block;
use crate::uncertainty::montecarlo::Plan;

/// Values of an axis that are looked at before the rows are.
const LOOKED_AT: u64 = 32;

/// How the rows of a sweep are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Drawn {
    /// How the draws of a row are made, where it needs some.
    pub plan: Plan,
    /// Whether every row has its percentiles: some milliseconds a row.
    pub ranges: bool,
}

/// What is asked of every row beyond the relations.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside {
    /// How rows are drawn.
    pub drawn: Drawn,
    /// Whether some row draws: there is something uncertain.
    pub uncertain: bool,
    /// Whether a bill is asked for.
    pub billed: bool,
    /// Whether there are limits.
    pub judged: bool,
    /// Whether rows are the planner's question: deliveries, a date, money, or how sure.
    pub planned: bool,
    /// Whether there is a date, or money, that they are held against.
    pub limited: bool,
}

/// Fields that make a question the planner's.
const OF_PLANS: [&str; 4] = ["deliveries", "by", "budget", "confidence"];
/// Those that rows are held against.
const LIMITS: [&str; 2] = ["by", "budget"];

impl Beside {
    /// What a spec and the fields that are varied ask for.
    ///
    /// # Errors
    /// A varied part of a bill that nobody asks for.
    pub fn of(spec: Option<&Spec>, axes: &[Bound], drawn: Drawn) -> Result<Self, Error> {
        let varies = |is: fn(&Bound) -> bool| axes.iter().find(|axis| is(axis));
        let billed =
            spec.is_some_and(|spec| spec.bill.is_some()) || varies(|axis| axis.path() == "bill.view").is_some();
        let judged = spec.is_some_and(gates::any) || varies(|axis| axis.field().group == Group::Gates).is_some();
        let limited = spec.is_some_and(|spec| spec.by.is_some() || spec.budget.is_some())
            || varies(|axis| LIMITS.contains(&axis.field().path)).is_some();
        let planned =
            limited || spec.is_some_and(is_planned) || varies(|axis| OF_PLANS.contains(&axis.field().path)).is_some();
        let of_bill = spec.filter(|_| !billed).map(bill::choices).transpose();
        of_bill?;
        // A term alone chooses the price, and what the spot market leaves of the time.
        let on_spot =
            spec.is_some_and(|spec| spec.term.is_some()) || varies(|axis| axis.path() == "bill.term").is_some();
        let heard =
            |path: &str| matches!(path, "bill.view" | "bill.term" | "quote") || (on_spot && path.starts_with("spot."));
        let idle = axes.iter().find(|axis| axis.field().is_of_the_bill() && !heard(axis.path()));
        match idle {
            Some(axis) if !billed => Err(prefixed(&bill::not_asked(axis.path()))),
            _ => Ok(Self { drawn, uncertain: false, billed, judged, planned, limited }),
        }
    }

    /// Whether a row is more than the relations give.
    pub fn asks(&self) -> bool {
        self.billed || self.judged || self.planned || self.drawn.ranges
    }

    /// Whether rows are drawn.
    pub fn draws(&self) -> bool {
        self.judged || self.planned || self.drawn.ranges
    }

    /// The outputs of an answer, with what is asked beside it.
    ///
    /// # Errors
    /// A bill that cannot be made; draws that cannot be.
    pub fn outputs(&self, question: &Question, answer: &Answer, catalog: &Catalog) -> Result<Outputs, Error> {
        if !self.asks() {
            return Ok(Outputs::of(&block(answer, None)));
        }
        let Drawn { plan, ranges } = self.drawn;
        let bills = Bills::of(answer, catalog)?;
        let spread = if ranges { spread(answer, &Asked { plan, ..Asked::default() })? } else { None };
        let judged = bills.held.as_ref().map(|(_, judged)| *judged);
        let wanted = Wanted { spread: spread.as_ref(), draws: plan, ranges, depth: Depth::Figures };
        let full = Full::of(question, answer, bills, wanted, catalog)?;
        let mut outputs = Outputs::of(&full.block);
        let beside = self.beside(&full);
        match judged.filter(|_| full.bill.is_some()) {
            Some(Judged::FinalRun) => outputs.money = beside[BILLED.start],
            Some(Judged::Programme) => outputs.money = beside[BILLED.start + 1],
            None => {}
        }
        outputs.holds = full.joint.as_ref().and_then(|joint| joint.holds);
        outputs.beside = Some(Box::new(beside));
        if self.judged {
            let broken = full.gates.iter().filter(|gate| !gate.kept).map(|gate| gate.name).collect::<Vec<_>>();
            outputs.broken = Some(broken.join(", ").into());
        }
        Ok(outputs)
    }

    /// One for each of [`BESIDE`].
    fn beside(&self, full: &Full) -> [f64; BESIDE.len()] {
        let unknown = f64::NAN;
        let numbers = full.block.numbers();
        let of = |key: &str| numbers.iter().find(|(known, _)| *known == key).and_then(|(_, number)| *number);
        let mut found = [unknown; BESIDE.len()];
        if self.uncertain {
            for (slot, key) in found.iter_mut().zip(BESIDE).take(RANGED.end) {
                *slot = of(key).unwrap_or(unknown);
            }
        }
        let mut put = |group: Range<usize>, values: &[f64]| {
            found.iter_mut().skip(group.start).zip(values).for_each(|(slot, value)| *slot = *value);
        };
        if let Some(whole) = &full.bill {
            let all = whole.total().map(|all| [whole.bill.final_run().get(), all]);
            put(BILLED, &all.unwrap_or([unknown; 2]));
        }
        if let Some(range) = full.bill_range.filter(|_| self.uncertain) {
            let levels = [Judged::FinalRun, Judged::Programme].map(|judged| range.levels(judged));
            // What does not vary has no percentiles.
            let varies = |[low, _, high]: [f64; 3]| low.is_finite() && high > low * (1.0 + 1e-9);
            let shown = levels.map(|levels| if varies(levels) { levels } else { [unknown; 3] });
            put(BILL_RANGED, shown.as_flattened());
        }
        if let Some(joint) = &full.joint {
            let share = |share: Option<Share>| share.map_or(unknown, |share| share.probability);
            put(PLANNED, &[joint.by_date, joint.in_budget, joint.both].map(share));
        }
        found
    }
}

/// An error about a varied field.
fn prefixed(error: &Error) -> Error {
    crate::input::text::prefix("--vary", error)
}

impl Sweep {
    /// Whether rows have percentiles.
    pub fn has_ranges(&self) -> bool {
        self.beside.uncertain
    }

    /// Whether rows have how surely a planner's limits are kept.
    pub fn is_limited(&self) -> bool {
        self.beside.limited
    }

    /// Whether rows are held against limits.
    pub fn is_judged(&self) -> bool {
        self.beside.judged
    }

    /// Whether rows have the totals of a bill.
    pub fn is_billed(&self) -> bool {
        self.beside.billed
    }

    /// Whether a value of some axis makes a row uncertain, the others being at their first.
    pub(super) fn draws_something(&self) -> bool {
        let first = || self.axes.iter().map(|axis| axis.cell(0)).collect::<Vec<_>>();
        let drawn = |axis: usize, place: u64| {
            let mut cells = first();
            if let (Some(cell), Some(bound)) = (cells.get_mut(axis), self.axes.get(axis)) {
                *cell = bound.cell(place);
            }
            self.asked(&cells).is_ok_and(|answer| gates::is_drawn(&answer))
        };
        let places = |axis: &Bound| (0..axis.values().min(LOOKED_AT)).chain([axis.values() - 1]).collect::<Vec<_>>();
        self.axes.iter().enumerate().any(|(at, axis)| places(axis).into_iter().any(|place| drawn(at, place)))
    }

    /// Axes whose first, middle and last values give one answer, in sentences.
    pub(super) fn idle_axes(&self) -> Vec<String> {
        let sizes: Vec<u64> = self.axes.iter().map(Bound::values).collect();
        let answered = |places: &[u64]| {
            let point = places.iter().zip(&sizes).fold(0, |point, (place, size)| point * size + place);
            let mut found = None;
            self.visit(point..point + 1, |row| found = row.answer.as_ref().ok().map(|answer| format!("{answer:?}")));
            found
        };
        let still = |axis: usize, others: &[u64]| {
            let last = sizes.get(axis).map_or(0, |size| size - 1);
            let at = |place: u64| {
                let mut places = others.to_vec();
                places.iter_mut().skip(axis).take(1).for_each(|slot| *slot = place);
                answered(&places)
            };
            let first = at(0);
            last > 0 && first.is_some() && at(last) == first && at(last / 2) == first
        };
        let corners = [vec![0; sizes.len()], sizes.iter().map(|size| size - 1).collect()];
        let idle = self.axes.iter().enumerate().filter(|(at, _)| corners.iter().all(|corner| still(*at, corner)));
        idle.map(|(_, axis)| format!("--vary {} changes no column of the rows looked at", axis.path())).collect()
    }
}
