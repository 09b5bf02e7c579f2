//! The columns of a sweep: one list, which every format writes.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::{Bound, Cell, Sweep};
use crate::error::Error;
use crate::reply::ResultBlock;

/// The numbers of a point: keys of the block `result`, with their meaning there.
pub const FIGURES: [&str; 9] = [
    "gpu_hours",
    "chips",
    "chips_used",
    "wall_clock_days",
    "cost_usd",
    "step_seconds",
    "tokens_per_second",
    "mfu",
    "mfu_causal",
];

/// Where the chips that the layout uses stand in [`FIGURES`], after the chips.
pub const CHIPS_USED: usize = 2;
/// Where the time stands in [`FIGURES`].
pub const DAYS: usize = 3;
/// Where the cost stands in [`FIGURES`].
pub const COST: usize = 4;

/// What a row has beyond the relations where it is asked for, by the keys of `estimate`: percentiles, totals of the bill and
/// theirs, and how surely a planner's limits are kept.
pub const BESIDE: [&str; 20] = [
    "gpu_hours_p10",
    "gpu_hours_p50",
    "gpu_hours_p90",
    "wall_clock_days_p10",
    "wall_clock_days_p50",
    "wall_clock_days_p90",
    "cost_usd_p10",
    "cost_usd_p50",
    "cost_usd_p90",
    "final_run_usd",
    "programme_usd",
    "final_run_usd_p10",
    "final_run_usd_p50",
    "final_run_usd_p90",
    "programme_usd_p10",
    "programme_usd_p50",
    "programme_usd_p90",
    "by_date_probability",
    "in_budget_probability",
    "both_probability",
];

/// Where the percentiles of the block `result` stand in [`BESIDE`].
pub const RANGED: Range<usize> = 0..9;
/// Where the totals of a bill stand.
pub const BILLED: Range<usize> = 9..11;
/// Where their percentiles stand.
pub const BILL_RANGED: Range<usize> = 11..17;
/// Where the probabilities of the planner's limits stand.
pub const PLANNED: Range<usize> = 17..20;

/// What a point answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outputs {
    /// One for each of [`FIGURES`]; NaN where it is not known.
    pub figures: [f64; FIGURES.len()],
    /// How the model is split over the chips, where that is decided.
    pub layout: Option<Arc<str>>,
    /// What a front compares with the time: the cost, or the bill that money is held against; NaN where it is not known.
    pub money: f64,
    /// One for each of [`BESIDE`], where some are asked for; NaN where it is not known.
    pub beside: Option<Box<[f64; BESIDE.len()]>>,
    /// Whether the planner's limits are kept as surely as is asked.
    pub holds: Option<bool>,
    /// The limits that are broken, where there are limits; empty where all are kept.
    pub broken: Option<Arc<str>>,
}

impl Outputs {
    /// The numbers of a reply.
    pub fn of(block: &ResultBlock) -> Self {
        let figures = [
            block.gpu_hours,
            block.chips,
            block.chips_used,
            block.wall_clock_days,
            block.cost_usd,
            block.step_seconds,
            block.tokens_per_second,
            block.mfu,
            block.mfu_causal,
        ];
        Self {
            figures: figures.map(|figure| figure.unwrap_or(f64::NAN)),
            money: block.cost_usd.unwrap_or(f64::NAN),
            layout: block.layout.as_deref().map(Arc::from),
            ..Self::default()
        }
    }

    /// A number by its key; NaN where it is not known.
    pub fn get(&self, key: &str) -> f64 {
        let of = |keys: &[&str]| keys.iter().position(|known| *known == key);
        let figure = of(&FIGURES).and_then(|at| self.figures.get(at));
        let beside = || of(&BESIDE).and_then(|at| self.beside.as_ref()?.get(at));
        figure.or_else(beside).copied().unwrap_or(f64::NAN)
    }
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

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// An axis, and whether all its values are numbers.
    Axis(usize, bool),
    /// One of [`FIGURES`].
    Figure(usize),
    /// One of [`BESIDE`].
    Beside(usize),
    /// The layout.
    Layout,
    /// Whether the planner's limits are kept as surely as is asked; a point without an answer keeps none.
    Holds,
    /// Whether all limits are kept; a point without an answer keeps none.
    Kept,
    /// The limits that are broken.
    Broken,
    /// Whether nothing beats the point in cost and time.
    Pareto,
    /// Why there is no answer.
    Error,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name, with its unit.
    pub name: String,
    /// What it shows.
    pub shows: Shows,
}

/// What stands in a row of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Entry<'a> {
    /// A finite number.
    Number(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A mark.
    Mark(bool),
    /// Nothing is known.
    Unknown,
}

impl Entry<'_> {
    /// The same, to be kept.
    pub fn kept(self) -> Entry<'static> {
        match self {
            Self::Number(number) => Entry::Number(number),
            Self::Text(text) => Entry::Text(text.into_owned().into()),
            Self::Mark(mark) => Entry::Mark(mark),
            Self::Unknown => Entry::Unknown,
        }
    }
}

/// The columns: the varied fields with their units, the numbers, what stands beside them, the layout, the limits, the mark,
/// the error.
pub fn columns(sweep: &Sweep, marked: bool) -> Vec<Column> {
    let column = |name: &str, shows| Column { name: name.to_owned(), shows };
    let axis = |(index, axis): (usize, &Bound)| column(&axis_name(axis), Shows::Axis(index, axis.is_numeric()));
    let mut columns: Vec<Column> = sweep.axes().iter().enumerate().map(axis).collect();
    columns.extend(FIGURES.iter().enumerate().map(|(index, figure)| column(figure, Shows::Figure(index))));
    let groups = [
        (RANGED, sweep.has_ranges()),
        (BILLED, sweep.is_billed()),
        (BILL_RANGED, sweep.is_billed() && sweep.has_ranges()),
        (PLANNED, sweep.is_limited()),
    ];
    let beside = groups.into_iter().filter(|(_, shown)| *shown).flat_map(|(group, _)| group);
    columns.extend(beside.filter_map(|at| Some(column(BESIDE.get(at)?, Shows::Beside(at)))));
    columns.extend(sweep.is_limited().then(|| column("holds", Shows::Holds)));
    columns.push(column("layout", Shows::Layout));
    if sweep.is_judged() {
        columns.extend([column("kept", Shows::Kept), column("broken", Shows::Broken)]);
    }
    columns.extend(marked.then(|| column("pareto", Shows::Pareto)));
    columns.push(column("error", Shows::Error));
    columns
}

/// A number that is known.
fn known(number: Option<&f64>) -> Entry<'static> {
    number.filter(|number| number.is_finite()).map_or(Entry::Unknown, |number| Entry::Number(*number))
}

/// A field's path with its unit, where there is more than one that it could be in.
fn axis_name(axis: &Bound) -> String {
    let unit = match axis.unit() {
        "days" => "_days",
        "USD" => "_usd",
        "USD per GPU-hour" => "_usd_per_gpu_hour",
        _ => "",
    };
    format!("{}{unit}", axis.path())
}

impl Column {
    /// What stands in a row; `on_front` says whether nothing beats its point.
    #[inline]
    pub fn entry<'a>(&self, row: &'a Row<'_>, on_front: bool) -> Entry<'a> {
        let text = |text: Option<&'a str>| text.map_or(Entry::Unknown, |text| Entry::Text(text.into()));
        match (self.shows, &row.answer) {
            (Shows::Axis(index, _), _) => match row.cells.get(index) {
                Some(cell) if cell.number.is_nan() => Entry::Text(cell.text.as_str().into()),
                Some(cell) => Entry::Number(cell.number),
                None => Entry::Unknown,
            },
            (Shows::Figure(index), Ok(found)) => known(found.figures.get(index)),
            (Shows::Beside(index), Ok(found)) => known(found.beside.as_ref().and_then(|beside| beside.get(index))),
            (Shows::Holds, Ok(found)) => Entry::Mark(found.holds == Some(true)),
            (Shows::Layout, Ok(found)) => text(found.layout.as_deref()),
            (Shows::Kept, Ok(found)) => Entry::Mark(found.broken.as_deref().is_some_and(str::is_empty)),
            (Shows::Kept | Shows::Holds, Err(_)) => Entry::Mark(false),
            (Shows::Broken, Ok(found)) => text(found.broken.as_deref().filter(|broken| !broken.is_empty())),
            (Shows::Pareto, _) => Entry::Mark(on_front),
            (Shows::Error, Err(error)) => text(Some(error.message())),
            (Shows::Figure(_) | Shows::Beside(_) | Shows::Layout | Shows::Broken, Err(_)) | (Shows::Error, Ok(_)) => {
                Entry::Unknown
            }
        }
    }
}
