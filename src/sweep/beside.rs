//! What a row has beyond the relations: its bill, its ranges, and the limits it is held against, as `estimate` has them.

use super::columns::{Outputs, RANGED};
use super::{Bound, Sweep};
use crate::answer::Answer;
use crate::answer::ranges::{Asked, spread};
use crate::ask::estimate::bill;
use crate::catalog::Catalog;
use crate::cost::Judged;
use crate::error::Error;
use crate::input::field::Group;
use crate::input::file::Spec;
use crate::planner::{gates, judged};
use crate::reply::Figure;
use crate::reply::result::block;
use crate::uncertainty::montecarlo::Plan;

/// Values of an axis that are looked at before the rows are.
const LOOKED_AT: u64 = 32;

/// What is asked of every row beyond the relations.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside {
    /// How the draws of a row are made, where its ranges are asked for.
    pub draws: Option<Plan>,
    /// Whether some row draws: there is something uncertain.
    pub uncertain: bool,
    /// Whether a bill is asked for.
    pub billed: bool,
    /// Whether there are limits.
    pub judged: bool,
}

impl Beside {
    /// What a spec and the fields that are varied ask for.
    ///
    /// # Errors
    /// A varied part of a bill that nobody asks for.
    pub fn of(spec: Option<&Spec>, axes: &[Bound], draws: Option<Plan>) -> Result<Self, Error> {
        let varies = |is: fn(&Bound) -> bool| axes.iter().find(|axis| is(axis));
        let billed =
            spec.is_some_and(|spec| spec.bill.is_some()) || varies(|axis| axis.path() == "bill.view").is_some();
        let judged = spec.is_some_and(gates::any) || varies(|axis| axis.field().group == Group::Gates).is_some();
        // A term alone chooses the price, and what the spot market leaves of the time.
        let on_spot =
            spec.is_some_and(|spec| spec.term.is_some()) || varies(|axis| axis.path() == "bill.term").is_some();
        let heard =
            |path: &str| matches!(path, "bill.view" | "bill.term" | "quote") || (on_spot && path.starts_with("spot."));
        let idle = axes.iter().find(|axis| axis.field().is_of_the_bill() && !heard(axis.path()));
        match idle {
            Some(axis) if !billed => Err(prefixed(&bill::not_asked(axis.path()))),
            _ => Ok(Self { draws, uncertain: false, billed, judged }),
        }
    }

    /// Whether a row is more than the relations give.
    pub fn asks(&self) -> bool {
        self.billed || self.judged || self.draws.is_some()
    }

    /// The outputs of an answer, with what is asked beside it.
    ///
    /// # Errors
    /// A bill that cannot be made; draws that cannot be.
    pub fn outputs(&self, answer: &Answer, catalog: &Catalog) -> Result<Outputs, Error> {
        if !self.asks() {
            return Ok(Outputs::of(&block(answer, None)));
        }
        let whole = bill::whole(answer, catalog)?;
        let plan = self.draws.unwrap_or_default();
        let spread = if self.draws.is_some() { spread(answer, &Asked { plan, ..Asked::default() })? } else { None };
        let mut block = block(answer, spread.as_ref());
        if let Some(whole) = &whole {
            let total = Figure::from(whole.total());
            let drawn = self.draws.is_some() && gates::is_drawn(answer);
            let of = (whole, Judged::Programme);
            let levels = if drawn { gates::levels_of_bill(answer, of, &plan, catalog)? } else { None };
            let levels = levels.filter(|[low, _, high]| low.is_finite() && *high > low * (1.0 + 1e-9));
            block = block.cost_usd(levels.map_or(total, |[low, middle, high]| total.between(low, middle, high)));
        }
        let mut outputs = Outputs::of(&block);
        if self.uncertain {
            let numbers = block.numbers();
            let of = |key: &str| numbers.iter().find(|(known, _)| *known == key).and_then(|(_, number)| *number);
            outputs.ranges = Some(Box::new(RANGED.map(|key| of(key).unwrap_or(f64::NAN))));
        }
        if self.judged {
            let held = judged(answer, whole.as_ref(), catalog)?;
            let gates = gates::judge(answer, held.as_ref(), None, &plan, catalog)?;
            let broken = gates.iter().filter(|gate| !gate.kept).map(|gate| gate.name).collect::<Vec<_>>();
            outputs.broken = Some(broken.join(", ").into());
        }
        Ok(outputs)
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

    /// Whether rows are held against limits.
    pub fn is_judged(&self) -> bool {
        self.beside.judged
    }

    /// Whether the cost of a row is that of its whole bill.
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
