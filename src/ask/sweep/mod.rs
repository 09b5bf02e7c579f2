//! A question asked again and again with other values in some of its fields: thousands or billions of scenarios.
//!
//! Axes of numbers that only the relations use are left open in a question that was looked up once, so that a point
//! costs less than a microsecond; axes that need a look at profiles or layouts (a chip, a model, a degree, the chips
//! of a predicted run) are answered whole, once for each of their combinations while those are few. Nothing is kept
//! of the points, so that memory does not grow with them, and any point can be answered alone.
//!
//! ```
//! use flopbill::internals::ask::sweep::Sweep;
//! use flopbill::{Catalog, Question};
//!
//! let catalog = Catalog::built_in();
//! let question = Question::about("deepseek-v3", &catalog)?;
//! let sweep = Sweep::new(question, &["chips=1024,2048", "price=$2/h,$3/h"], catalog)?;
//! let mut costs = Vec::new();
//! sweep.visit(0..sweep.points(), |row| costs.push(row.answer.as_ref().map_or(f64::NAN, |answer| answer[2].round())));
//! assert_eq!(costs, [5_576_000.0, 8_364_000.0, 5_576_000.0, 8_364_000.0]); // by hand: 2.788 M hours at $2 and $3
//! # Ok::<(), flopbill::Error>(())
//! ```

mod axis;
mod blocks;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::OnceLock;

pub use axis::{Bound, Cell};

use crate::Error;
use crate::answer::prepared::{OUTPUTS, Prepared, Quick};
use crate::answer::ranges::{COST, DAYS};
use crate::answer::resolve::{Override, Question, answer};
use crate::ask::pareto::Front;
use crate::ask::sweep_plan::{Axis, Plan};
use crate::catalog::{Catalog, Kind};
use crate::solve::Var;

/// Combinations of looked-up values that are kept.
const MOST_KEPT: u64 = 4096;

/// What a point answers: see [`OUTPUTS`].
pub type Outputs = [f64; OUTPUTS.len()];

/// A question and the values that some of its fields take.
#[derive(Debug)]
pub struct Sweep {
    question: Question,
    catalog: Catalog,
    plan: Plan,
    axes: Vec<Bound>,
    /// How often the combination of looked-up values changes with one step of each axis; 0 for open axes.
    strides: Vec<u64>,
    kept: Vec<OnceLock<Template>>,
}

/// A question with its looked-up values in place.
#[derive(Debug)]
enum Template {
    /// Nothing is left open.
    Settled(Result<Outputs, Error>),
    /// The open axes are variables of the relations.
    Open(Box<Prepared>, Option<Box<Quick>>),
    /// The open axes change what has to be looked up: every point is a question of its own.
    Whole,
}

/// One point with its answer.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its number, from zero.
    pub point: u64,
    /// The value of each axis.
    pub cells: &'a [Cow<'a, Cell>],
    /// Its outputs, or why there are none.
    pub answer: Result<Outputs, Error>,
}

impl Sweep {
    /// Lays axes such as `run.tokens=10T..20T:5T` or `gpu=h800,h200` over a question.
    ///
    /// # Errors
    /// Axes that do not read, fields that do not exist or are set already, values that a field does not take, more
    /// points than anybody wants.
    pub fn new<S: AsRef<str>>(question: Question, vary: &[S], catalog: Catalog) -> Result<Self, Error> {
        let parsed = vary.iter().map(|text| Axis::parse(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let fields = parsed.iter().map(|axis| axis::field_of(axis.key())).collect::<Result<Vec<_>, _>>()?;
        let named = parsed.into_iter().zip(&fields).map(|(axis, field)| axis.named(field.path)).collect();
        let plan = Plan::new(named)?;
        let catalog = catalog.remembering();
        let axes = plan.axes().iter().zip(&fields).map(|(axis, field)| Bound::new(axis, field));
        let mut axes = axes.collect::<Result<Vec<_>, _>>()?;
        axis::tell_apart(&mut axes);
        for axis in &axes {
            unset(&question, axis.path())?;
            known(axis, &catalog)?;
        }
        let (mut strides, mut combinations) = (vec![0; axes.len()], 1u64);
        for (stride, axis) in strides.iter_mut().zip(&axes).rev().filter(|(_, axis)| axis.var.is_none()) {
            *stride = combinations;
            combinations = combinations.saturating_mul(axis.values());
        }
        let kept = if combinations <= MOST_KEPT { combinations } else { 0 };
        let kept = (0..kept).map(|_| OnceLock::new()).collect();
        question.spec()?; // a flag that does not read is an error, not a column of reasons
        Ok(Self { question, catalog, plan, axes, strides, kept })
    }

    /// How many points there are.
    pub fn points(&self) -> u64 {
        self.plan.points()
    }

    /// The axes, in the order they were given.
    pub fn axes(&self) -> &[Bound] {
        &self.axes
    }

    /// A number that another question, another plan, or profiles with other values have another one of.
    pub fn fingerprint(&self) -> u64 {
        let mut text = format!("{:?} {:?}", self.plan, self.question.base);
        let _ = write!(text, " {:?} {:?}", self.question.overrides, self.question.assignments);
        for point in [0, self.points().saturating_sub(1)] {
            self.visit(point..point + 1, |row| {
                let _ = write!(text, " {:?}", row.answer);
            });
        }
        crate::catalog::read::Document::new("", text).hash()
    }

    /// Answers some points, in order.
    pub fn visit(&self, points: Range<u64>, mut row: impl FnMut(&Row<'_>)) {
        let mut places = vec![0; self.axes.len()];
        if self.plan.place(points.start, &mut places).is_none() {
            return;
        }
        let cell = |axis: usize, places: &[u64]| match (self.axes.get(axis), places.get(axis)) {
            (Some(axis), Some(place)) => axis.cell(*place),
            _ => Cow::Owned(Cell::default()),
        };
        let mut cells: Vec<Cow<'_, Cell>> = (0..self.axes.len()).map(|axis| cell(axis, &places)).collect();
        let mut own = None;
        for point in points.start..points.end.min(self.points()) {
            let combination = places.iter().zip(&self.strides).map(|(place, stride)| place * stride).sum();
            let answer = self.answer(combination, &cells, &mut own);
            row(&Row { point, cells: &cells, answer });
            let Some(changed) = self.plan.advance(&mut places) else { return };
            for axis in changed..cells.len() {
                if let Some(slot) = cells.get_mut(axis) {
                    *slot = cell(axis, &places);
                }
            }
        }
    }

    /// The points that no other beats in both cost and time.
    ///
    /// # Errors
    /// What `watch`, which hears of every block that is done, stops with.
    pub fn front<E>(&self, mut watch: impl FnMut(u64) -> Result<(), E>) -> Result<Front<()>, E> {
        let mut front = Front::new();
        let offer = |points: Range<u64>| {
            let mut own = Front::new();
            self.visit(points, |row| {
                if let Ok(answer) = &row.answer {
                    own.offer(answer[COST], answer[DAYS], ());
                }
            });
            own
        };
        self.blocks(0, offer, |done, block: Front<()>| {
            block.points().for_each(|point| _ = front.offer(point.first, point.second, ()));
            watch(done)
        })?;
        Ok(front)
    }

    /// `own` holds the last template made where they are too many to keep.
    fn answer(
        &self,
        combination: u64,
        cells: &[Cow<'_, Cell>],
        own: &mut Option<(u64, Template)>,
    ) -> Result<Outputs, Error> {
        let kept = usize::try_from(combination).ok().and_then(|index| self.kept.get(index));
        let template = match kept {
            Some(kept) => kept.get_or_init(|| self.template(cells)),
            None => {
                if own.as_ref().is_none_or(|(known, _)| *known != combination) {
                    *own = Some((combination, self.template(cells)));
                }
                match own {
                    Some((_, template)) => template,
                    None => return self.whole(cells),
                }
            }
        };
        match template {
            Template::Settled(answer) => answer.clone(),
            Template::Whole => self.whole(cells),
            Template::Open(prepared, quick) => {
                let open = self.axes.iter().zip(cells).filter_map(|(axis, cell)| Some((axis.var?, cell.number)));
                let ran = quick.as_ref().and_then(|quick| quick.run(open.clone()));
                ran.map_or_else(|| prepared.evaluate_at(open), Ok)
            }
        }
    }

    /// Looks up what the combination needs, with the open axes at the values of its first point.
    fn template(&self, cells: &[Cow<'_, Cell>]) -> Template {
        let is_open = self.axes.iter().any(|axis| axis.var.is_some());
        if !is_open {
            return Template::Settled(self.whole(cells));
        }
        // Values that contradict each other give no template: the ends of the axes are tried in turn.
        let first: Vec<_> = self.with_open(cells, |_| 0);
        let last: Vec<_> = self.with_open(cells, |axis| axis.values() - 1);
        for cells in [first, last] {
            let Ok(found) = answer(&self.question_at(&cells), &self.catalog) else { continue };
            let settable = |var: Var, number: f64| {
                let stepped = found.outcome.is_some() || found.moved.is_some();
                let follows = match (stepped, var) {
                    (false, _) | (_, Var::Price) => true,
                    // Where the chips are given, neither the work nor the downtime changes the step.
                    (true, Var::Tokens | Var::Goodput) => found.prepared.knows(Var::Chips),
                    _ => false,
                };
                follows && found.prepared.was_given(var, number)
            };
            let open = || self.axes.iter().zip(&cells).filter_map(|(axis, cell)| Some((axis.var?, cell.number)));
            if open().all(|(var, number)| settable(var, number)) {
                let quick = found.prepared.quick(open()).map(Box::new);
                return Template::Open(Box::new(found.prepared), quick);
            }
            return Template::Whole;
        }
        Template::Whole
    }

    fn with_open<'a>(&'a self, cells: &[Cow<'a, Cell>], place: impl Fn(&Bound) -> u64) -> Vec<Cow<'a, Cell>> {
        let moved = |(axis, cell): (&'a Bound, &Cow<'a, Cell>)| match axis.var {
            Some(_) => axis.cell(place(axis)),
            None => cell.clone(),
        };
        self.axes.iter().zip(cells).map(moved).collect()
    }

    /// The answer to one point, looked up and solved from the start.
    fn whole(&self, cells: &[Cow<'_, Cell>]) -> Result<Outputs, Error> {
        answer(&self.question_at(cells), &self.catalog)?.prepared.evaluate_at([])
    }

    /// The question of one point, as it would be asked alone.
    fn question_at(&self, cells: &[Cow<'_, Cell>]) -> Question {
        let mut question = self.question.clone();
        question.overrides.extend(self.axes.iter().zip(cells).map(|(axis, cell)| Override {
            path: axis.path(),
            text: cell.text.clone(),
            flag: "--vary".into(),
        }));
        question
    }
}

/// A field that is varied must not be set as well: one of the two would be lost.
fn unset(question: &Question, path: &str) -> Result<(), Error> {
    let flag = question.overrides.iter().find(|over| over.path == path).map(|over| over.flag.clone());
    let assigned = question.assignments.iter().find(|text| text.split('=').next().map(str::trim) == Some(path));
    match flag.or(assigned.map(|text| format!("--set {text}"))) {
        None => Ok(()),
        Some(flag) => {
            let error = Error::bad_input(format!("`{path}` is varied, and {flag} sets it"));
            Err(error.with_hint("leave one of them out"))
        }
    }
}

/// A name that no profile has is a mistake, not a point without an answer.
fn known(axis: &Bound, catalog: &Catalog) -> Result<(), Error> {
    let kind = match axis.path() {
        "run.gpu" => Kind::Accelerators,
        "model" => Kind::Models,
        _ => return Ok(()),
    };
    for place in 0..axis.values() {
        let name = &axis.cell(place).text;
        match kind {
            Kind::Models => catalog.model(name).map(drop)?,
            _ => catalog.accelerator(name).map(drop)?,
        }
    }
    Ok(())
}
