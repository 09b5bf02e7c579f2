//! A sweep as a question, and its first rows as a reply.

use serde::Serialize;

use super::columns::{Column, DAYS, Entry, Row, columns};
use super::{Drawn, Sweep};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::Question;
use crate::reply::{CurrencyReply, Ordered, ReplyHead};
use crate::scaling::pareto::Front;
use crate::uncertainty::montecarlo::Plan;
use crate::units::show::{counted, grouped};

/// What is done with points that others beat in both cost and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dominated {
    /// A column `pareto` marks the others.
    Marked,
    /// They are left out.
    Dropped,
}

/// A question asked with other values in some of its fields.
///
/// ```
/// use flopbill::{Catalog, Question, SweepRequest};
///
/// let catalog = Catalog::built_in();
/// let request = SweepRequest::new(Question::about("deepseek-v3", &catalog)?).vary("gpu=h800,h200");
/// let found = request.ask(&catalog)?;
/// assert_eq!(found.sweep.points(), 2);
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SweepRequest {
    /// The question.
    pub question: Question,
    /// The axes: `run.tokens=10T..20T:5T`, `gpu=h800,h200`.
    pub vary: Vec<String>,
    /// Whether points that others beat are marked or dropped.
    pub pareto: Option<Dominated>,
    /// How rows are drawn, and whether each has its percentiles.
    pub drawn: Drawn,
}

impl SweepRequest {
    /// A sweep over a question.
    pub fn new(question: Question) -> Self {
        Self { question, ..Self::default() }
    }

    /// Adds an axis.
    #[must_use]
    pub fn vary(mut self, axis: impl Into<String>) -> Self {
        self.vary.push(axis.into());
        self
    }

    /// Looks for the points that no other beats in cost and time.
    #[must_use]
    pub fn pareto(mut self, dominated: Dominated) -> Self {
        self.pareto = Some(dominated);
        self
    }

    /// Asks for the percentiles of every row that has something uncertain: some milliseconds a row.
    #[must_use]
    pub fn ranges(mut self, draws: Plan) -> Self {
        self.drawn = Drawn { plan: draws, ranges: true };
        self
    }

    /// How the draws of a planner's rows are made.
    #[must_use]
    pub fn draws(mut self, draws: Plan) -> Self {
        self.drawn.plan = draws;
        self
    }
}

/// What is compared where a bill is asked for.
const BILLED: &str = "cost_usd is rent of the chips alone; final_run_usd and programme_usd are of the bill";

/// A sweep, whose points are answered as they are visited.
#[derive(Debug)]
pub struct SweepAnswer {
    /// The points.
    pub sweep: Sweep,
    /// Those that no other beats, and what is done with the others.
    pub front: Option<(Front<()>, Dominated)>,
}

impl SweepRequest {
    /// Lays a sweep out.
    ///
    /// # Errors
    /// As [`Sweep::new`].
    pub fn ask(&self, catalog: &Catalog) -> Result<SweepAnswer, Error> {
        SweepAnswer::of(self, catalog, |_, _| Ok(()))
    }
}

/// The first rows of a sweep.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The rows: each axis as it was typed, and what stands in each column.
    pub rows: Vec<(Vec<String>, Vec<Entry<'static>>)>,
    /// Rows that are not among them.
    pub not_shown: u64,
    /// Points looked at that have no answer.
    pub unanswered: u64,
}

/// The first rows of a sweep, for machines.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SweepReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// How many points there are.
    pub points: u64,
    /// Points looked at that have no answer.
    pub shown_without_answer: u64,
    /// Rows that are not among those shown.
    pub not_shown: u64,
    /// The rows.
    pub result: SweepRows,
}

/// Rows, each by the names of its columns.
#[derive(Debug, Clone, Serialize)]
pub struct SweepRows {
    /// The rows.
    pub rows: Vec<Ordered<Entry<'static>>>,
}

impl SweepAnswer {
    /// Lays a sweep out; `watch` hears how many points were looked at for the front, and of how many.
    ///
    /// # Errors
    /// As [`Sweep::new`]; what `watch` stops with.
    pub fn of<E: From<Error>>(
        request: &SweepRequest,
        catalog: &Catalog,
        mut watch: impl FnMut(u64, u64) -> Result<(), E>,
    ) -> Result<Self, E> {
        let sweep = Sweep::with_draws(request.question.clone(), &request.vary, catalog.clone(), request.drawn)?;
        let points = sweep.points();
        let front = |dominated| Ok::<_, E>((sweep.front(|done| watch(done, points))?, dominated));
        let front = request.pareto.map(front).transpose()?;
        Ok(Self { sweep, front })
    }

    /// The columns of every format.
    pub fn columns(&self) -> Vec<Column> {
        columns(&self.sweep, marks(self.front.as_ref()))
    }

    /// The first rows; only a front has to be looked for to the end.
    pub fn shown(&self, most: usize) -> Shown {
        let (points, columns) = (self.sweep.points(), self.columns());
        let dropped = self.front.as_ref().is_some_and(|(_, dominated)| *dominated == Dominated::Dropped);
        let end = if dropped { points } else { points.min(most as u64) };
        let mut shown = Shown { not_shown: points - end, ..Shown::default() };
        self.sweep.visit(0..end, |row| {
            let on = self.front.as_ref().is_some_and(|(front, _)| on_front(front, row));
            shown.unanswered += u64::from(row.answer.is_err());
            if dropped && !on {
                return;
            }
            if shown.rows.len() >= most {
                shown.not_shown += 1;
                return;
            }
            let typed = row.cells.iter().map(|cell| cell.text.clone()).collect();
            shown.rows.push((typed, columns.iter().map(|column| column.entry(row, on).kept()).collect()));
        });
        shown
    }

    /// What the sweep says beside its rows.
    pub(super) fn head(&self) -> ReplyHead {
        let points = counted(grouped(&self.sweep.points().to_string()), "point");
        let mut head = ReplyHead::new("sweep", format!("A sweep of {points}"));
        (head.inputs, head.sources) = self.sweep.base();
        let money = self.sweep.money();
        head.currency = money.shown.as_ref().map(CurrencyReply::of);
        head.assumptions = money.assumptions;
        head.assumptions.extend(self.sweep.is_billed().then(|| BILLED.to_owned()));
        let narrowed = self.sweep.narrowed();
        narrowed.iter().for_each(|narrowed| head.tell(narrowed));
        head.warnings = self.sweep.warnings(narrowed.as_ref());
        head
    }

    /// Those rows, for machines.
    pub fn reply(&self, shown: &Shown) -> SweepReply {
        let (points, columns) = (self.sweep.points(), self.columns());
        let named = |(_, entries): &(Vec<String>, Vec<Entry<'static>>)| {
            columns.iter().map(|column| column.name.clone()).zip(entries.iter().cloned()).collect()
        };
        SweepReply {
            head: self.head(),
            points,
            shown_without_answer: shown.unanswered,
            not_shown: shown.not_shown,
            result: SweepRows { rows: shown.rows.iter().map(named).collect() },
        }
    }
}

/// Whether there is a column of marks.
pub(crate) fn marks(front: Option<&(Front<()>, Dominated)>) -> bool {
    front.is_some_and(|(_, dominated)| *dominated == Dominated::Marked)
}

/// Whether no point of a front beats this one.
pub(crate) fn on_front(front: &Front<()>, row: &Row<'_>) -> bool {
    let Ok(found) = &row.answer else { return false };
    let (cost, days) = (found.money, found.figures[DAYS]);
    cost.is_finite() && days.is_finite() && !front.dominates(cost, days)
}
