//! A question asked again and again with other values in some of its fields: thousands or billions of scenarios.
//!
//! Axes of numbers that only the relations use are left open in a question that was looked up once, so that a point
//! costs less than a microsecond; axes that need a look at profiles or layouts (a chip, a model, a degree, the chips
//! of a predicted run) are answered whole, once for each of their combinations while those are few. Nothing is kept
//! of the points, so that memory does not grow with them, and any point can be answered alone. A row is what
//! `estimate` answers to its values, in whatever order the axes are.
//!
//! ```
//! use flopbill::internals::sweep::Sweep;
//! use flopbill::{Catalog, Question};
//!
//! let catalog = Catalog::built_in();
//! let question = Question::about("deepseek-v3", &catalog)?;
//! let sweep = Sweep::new(question, &["chips=2048", "price=$2/h,$3/h"], catalog)?;
//! let mut costs = Vec::new();
//! sweep.visit(0..sweep.points(), |row| costs.push(row.answer.as_ref().map_or(f64::NAN, |found| found.get("cost_usd"))));
//! assert!((costs[0] - 5_576_000.0).abs() < 1.0 && (costs[1] - 8_364_000.0).abs() < 1.0); // by hand: 2.788 M hours at $2 and $3
//! # Ok::<(), flopbill::Error>(())
//! ```

mod axis;
mod beside;
mod blocks;
pub mod columns;
mod grid;
mod open;
mod request;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::OnceLock;

pub use axis::{Bound, Cell};
pub use columns::{Outputs, Row};
pub use grid::{Grid, GridReply, GridRequest, GridRow};
pub use request::{Dominated, Shown, SweepAnswer, SweepReply, SweepRequest};
pub(crate) use request::{marks, on_front};

use crate::answer::narrowed::Narrowed;
use crate::answer::{Answer, answer};
use crate::catalog::{Catalog, Kind};
use crate::error::Error;
use crate::input::deliveries::Part;
use crate::input::exchange::{EXCHANGES, Exchange, Said};
use crate::input::field::{Field, find};
use crate::input::question::{Override, Question};
use crate::reply::result::{inputs, sources, unheard};
use crate::reply::{Input, Ordered, SourceLine};
use crate::scaling::pareto::Front;

use crate::input::sweep_plan::{Axis, Plan};
use crate::solve::Var;
use beside::Beside;
pub use beside::Drawn;
use columns::DAYS;
use open::{Open, opens};

/// Combinations of looked-up values that are kept.
const MOST_KEPT: u64 = 4096;

/// A question and the values that some of its fields take.
#[derive(Debug)]
pub struct Sweep {
    question: Question,
    catalog: Catalog,
    plan: Plan,
    axes: Vec<Bound>,
    /// How often the combination of looked-up values changes with one step of each axis; 0 for open axes.
    strides: Vec<u64>,
    beside: Beside,
    kept: Vec<OnceLock<Template>>,
}

/// A question with its looked-up values in place.
#[derive(Debug)]
enum Template {
    /// Nothing is left open.
    Settled(Result<Outputs, Error>),
    /// The open axes are variables of the relations.
    Open(Box<Open>),
    /// The open axes change what has to be looked up: every point is answered alone.
    Whole,
}

impl Sweep {
    /// Lays axes such as `run.tokens=10T..20T:5T` or `gpu=h800,h200` over a question.
    ///
    /// # Errors
    /// Axes that do not read, fields that do not exist or are set already, values that a field does not take, more
    /// points than [`MOST_POINTS`](crate::input::sweep_plan::MOST_POINTS); parts of a bill that nobody asks for.
    pub fn new<S: AsRef<str>>(question: Question, vary: &[S], catalog: Catalog) -> Result<Self, Error> {
        Self::with_draws(question, vary, catalog, Drawn::default())
    }

    /// The same with its rows drawn like this.
    ///
    /// # Errors
    /// As [`Sweep::new`].
    pub fn with_draws<S: AsRef<str>>(
        question: Question,
        vary: &[S],
        catalog: Catalog,
        drawn: Drawn,
    ) -> Result<Self, Error> {
        let parsed = vary.iter().map(|text| Axis::parse(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let fields = parsed.iter().map(|axis| axis::field_of(axis.key())).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<String> = parsed.iter().map(|axis| axis.key().to_owned()).collect();
        let path = |(axis, field): (Axis, &&'static Field)| {
            let part = Part::of(axis.key()).and_then(Result::ok);
            axis.named(&part.map_or_else(|| field.path.to_owned(), |part| part.path()))
        };
        let plan = Plan::new(parsed.into_iter().zip(&fields).map(path).collect())?;
        let catalog = catalog.remembering();
        // Money is exchanged once for all points, unless what it is exchanged by is varied too.
        let spec = question.spec().ok();
        let asked = spec.as_ref().map(|spec| Exchange::of(spec, question.today, &catalog));
        let exchange = asked.filter(|_| !fields.iter().any(|field| EXCHANGES.contains(&field.path)));
        let bound = |((axis, name), field): ((&Axis, &String), &&'static Field)| {
            Bound::new(axis, name, field, exchange.as_ref())
        };
        let axes = plan.axes().iter().zip(&names).zip(&fields).map(bound);
        let mut axes = axes.collect::<Result<Vec<_>, _>>()?;
        axis::tell_apart(&mut axes);
        for axis in &axes {
            unset(&question, axis.path())?;
            known(axis, &catalog)?;
            axis.reaches(spec.as_ref())?;
        }
        if let Some(spec) = spec.as_ref().filter(|_| axes.iter().all(|axis| axis.path() != "region")) {
            spec.one_place().map_err(|error| error.with_hint("vary it: --vary region=china,us"))?;
        }
        let beside = Beside::of(spec.as_ref(), &axes, drawn)?;
        let question = question.at_home(&[])?;
        question.settled(&catalog)?; // a flag that does not read is an error, not a column of reasons
        let strides = vec![0; axes.len()];
        let mut sweep = Self { question, catalog, plan, axes, strides, beside, kept: Vec::new() }.looking_up();
        sweep.beside.uncertain = drawn.ranges && sweep.draws_something();
        Ok(sweep)
    }

    /// Decides which axes are looked up: those that change a step are, as far as one answer tells; each combination
    /// finds out for itself whether the others stay open.
    fn looking_up(mut self) -> Self {
        let at = |place: fn(&Bound) -> u64| self.axes.iter().map(|axis| axis.cell(place(axis))).collect::<Vec<_>>();
        let found = [at(|_| 0), at(|axis| axis.values() - 1)].iter().find_map(|cells| self.asked(cells).ok());
        let mut combinations = 1u64;
        for (stride, axis) in self.strides.iter_mut().zip(&mut self.axes).rev() {
            axis.var =
                axis.var.filter(|var| !self.beside.asks() && found.as_ref().is_none_or(|found| opens(found, *var)));
            if axis.var.is_none() {
                *stride = combinations;
                combinations = combinations.saturating_mul(axis.values());
            }
        }
        let kept = if combinations <= MOST_KEPT { combinations } else { 0 };
        self.kept = (0..kept).map(|_| OnceLock::new()).collect();
        self
    }

    /// How many points there are.
    pub fn points(&self) -> u64 {
        self.plan.points()
    }

    /// The axes, in the order they were given.
    pub fn axes(&self) -> &[Bound] {
        &self.axes
    }

    /// What the question gives that is asked again and again, and where it is from: what every point has that does not
    /// vary it.
    pub fn base(&self) -> (Ordered<Input>, Vec<SourceLine>) {
        let given = self.question.settled(&self.catalog).map(|spec| inputs(&spec)).unwrap_or_default();
        let found = answer(&self.question, &self.catalog).or_else(|_| self.first());
        (given, found.map(|found| sources(&found)).unwrap_or_default())
    }

    /// The first point.
    fn first(&self) -> Result<Answer, Error> {
        self.asked(&self.axes.iter().map(|axis| axis.cell(0)).collect::<Vec<_>>())
    }

    /// What is taken for money that is not in dollars, at the first point.
    pub fn money(&self) -> Said {
        let cells: Vec<_> = self.axes.iter().map(|axis| axis.cell(0)).collect();
        self.question_at(&cells).in_dollars(&self.catalog).map(|found| found.said).unwrap_or_default()
    }

    /// What measured steps change at the first point, where there are any.
    pub fn narrowed(&self) -> Option<Narrowed> {
        if !self.question.base.is_measured() {
            return None;
        }
        self.first().ok().and_then(|found| Narrowed::of(&found).ok()?).map(Narrowed::without_hours)
    }

    /// Fields of its question that a sweep does not look at, and measured steps that tell nothing.
    pub fn warnings(&self, narrowed: Option<&Narrowed>) -> Vec<String> {
        let first: Vec<_> = self.axes.iter().map(|axis| axis.cell(0)).collect();
        let spec = self.question_at(&first).spec().ok();
        let paced = || self.first().is_ok_and(|found| found.spec.is_paced());
        let idle = self.question.base.is_measured() && narrowed.is_none() && !paced();
        let idle = idle.then(|| "the measured steps change nothing at the first point".to_owned());
        let left_out = narrowed.map(Narrowed::left_out).unwrap_or_default();
        let unheard = spec.map(|spec| unheard("sweep", &spec)).unwrap_or_default().into_iter();
        let certain = self.beside.drawn.ranges && !self.beside.uncertain;
        let certain = certain.then(|| "no value is a range: --ranges adds no column".to_owned());
        let undrawn = self.beside.drawn.plan != Drawn::default().plan && !self.beside.draws();
        let undrawn = undrawn.then(|| "--draws, --seed and --sampler change nothing: no row is drawn".to_owned());
        unheard
            .chain(self.idle_axes())
            .chain(certain)
            .chain(undrawn)
            .chain(idle)
            .chain(left_out)
            .chain(self.money().warnings)
            .collect()
    }

    /// A number that another question, another plan, or profiles with other values have another one of.
    pub fn fingerprint(&self) -> u64 {
        let mut text = format!("{:?} {:?} {:?}", self.plan, self.question.base, self.beside);
        let _ = write!(text, " {:?}", self.question.overrides);
        for point in [0, self.points().saturating_sub(1)] {
            self.visit(point..point + 1, |row| {
                let _ = write!(text, " {:?}", row.answer);
            });
        }
        crate::read::Document::new("", text).hash()
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
                    own.offer(answer.money, answer.figures[DAYS], ());
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
            Template::Open(open) => open.answer(self.open_at(cells)),
        }
    }

    /// The open variables of a point.
    fn open_at<'a>(&'a self, cells: &'a [Cow<'_, Cell>]) -> impl Iterator<Item = (Var, f64)> + Clone + 'a {
        self.axes.iter().zip(cells).filter_map(|(axis, cell)| Some((axis.var?, cell.number)))
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
            let Ok(found) = self.asked(&cells) else { continue };
            let at: Vec<(Var, f64)> = self.open_at(&cells).collect();
            return Open::of(found, &at).map_or(Template::Whole, |open| Template::Open(Box::new(open)));
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
        let question = self.question_at(cells);
        let answer = answer(&question, &self.catalog)?;
        self.beside.outputs(&question, &answer, &self.catalog)
    }

    fn asked(&self, cells: &[Cow<'_, Cell>]) -> Result<Answer, Error> {
        answer(&self.question_at(cells), &self.catalog)
    }

    /// The question of one point, as it would be asked alone.
    fn question_at(&self, cells: &[Cow<'_, Cell>]) -> Question {
        let mut question = self.question.clone();
        let laid = self.axes.iter().zip(cells);
        question
            .overrides
            .extend(laid.map(|(axis, cell)| Override::new(axis.path().to_owned(), cell.text.as_str(), "--vary")));
        question
    }
}

/// A field that is varied must not be set as well: one of the two would be lost.
fn unset(question: &Question, path: &str) -> Result<(), Error> {
    let sets = |over: &&Override| find(&over.path).is_ok_and(|field| field.path == path);
    match question.overrides.iter().find(sets).map(|over| &over.flag) {
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
        "region" => Kind::Regions,
        "stack" => Kind::Stacks,
        _ => return Ok(()),
    };
    for place in 0..axis.values() {
        let name = &axis.cell(place).text;
        match kind {
            Kind::Models => catalog.model(name).map(drop)?,
            Kind::Regions => catalog.region(name).map(drop)?,
            Kind::Stacks => catalog.stack(name).map(drop)?,
            _ => catalog.accelerator(name).map(drop)?,
        }
    }
    Ok(())
}
