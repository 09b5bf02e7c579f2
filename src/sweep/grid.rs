//! Two axes of a sweep as a grid: one output at every pair of their values.

use serde::Serialize;

use super::columns::{Column, Entry, Shows};
use super::{Bound, SweepAnswer};
use crate::error::Error;
use crate::input::deliveries::Part;
use crate::input::field::find;
use crate::reply::ReplyHead;

/// Most values of the axis that runs across.
const WIDEST: u64 = 100;
/// Most cells.
const MOST: u64 = 100_000;

/// What is shown where nobody says, the first that is known.
const USUAL: [&str; 5] = ["both_probability", "programme_usd", "cost_usd", "wall_clock_days", "gpu_hours"];

/// Which axes a grid has, and what it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GridRequest {
    /// The two axes, as they are typed: `region,gpu`.
    pub axes: String,
    /// The output, by the name of its column; the cost where it is known without one.
    pub show: Option<String>,
}

/// A grid, for machines.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct GridReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// The grid.
    pub result: Grid,
}

/// A grid.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Grid {
    /// The field that runs down.
    pub x: String,
    /// The field that runs across.
    pub y: String,
    /// The column that is shown.
    pub show: String,
    /// The values across, as they were typed.
    pub across: Vec<String>,
    /// One row for each value down.
    pub rows: Vec<GridRow>,
    /// Points without an answer.
    pub without_answer: u64,
}

/// A row of a grid.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct GridRow {
    /// The value of the field that runs down, as it was typed.
    pub value: String,
    /// What is shown at each value across; null where it is not known.
    pub cells: Vec<Entry<'static>>,
    /// Whether each keeps all limits, where there are limits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<bool>,
}

/// What a point shows, and whether it keeps its limits.
type Point = (Vec<Entry<'static>>, Option<bool>);

impl SweepAnswer {
    /// The sweep as a grid.
    ///
    /// # Errors
    /// A name that is no axis; one axis twice, or not two; a third with several values; an output that there is not; more
    /// values than a grid holds; no point with an answer.
    pub fn grid(&self, request: &GridRequest) -> Result<Grid, Error> {
        let [x, y] = self.two(&request.axes)?;
        let axes = self.sweep.axes();
        let size = |at: usize| axes.get(at).map_or(1, Bound::values);
        if size(y) > WIDEST || self.sweep.points() > MOST {
            let error = Error::bad_input(format!("a grid of {} x {} does not fit", size(x), size(y)));
            return Err(error.with_hint(format!(
                "at most {WIDEST} values run across, the second name, and {MOST} are shown; -o FILE.csv without --grid has rows"
            )));
        }
        let columns = self.columns();
        let outputs: Vec<&Column> = columns.iter().filter(|column| is_output(column)).collect();
        let wanted = |name: &str| outputs.iter().position(|column| column.name == name);
        let named =
            match &request.show {
                Some(name) => Some(wanted(name).ok_or_else(|| {
                    Error::unknown_of("output", name, outputs.iter().map(|column| column.name.as_str()))
                })?),
                None => None,
            };
        let kept = columns.iter().find(|column| column.shows == Shows::Kept);
        let mut points = vec![Vec::new(); size(x) as usize];
        let (mut unanswered, mut reason) = (0, None);
        self.sweep.visit(0..self.sweep.points(), |row| {
            unanswered += u64::from(row.answer.is_err());
            reason = reason.take().or(row.answer.as_ref().err().cloned());
            // The axes beside the two have one value each: the one that stands first runs slower.
            let down = if x < y { row.point / size(y) } else { row.point % size(x) };
            let entries = outputs.iter().map(|column| column.entry(row, false).kept()).collect::<Vec<_>>();
            let kept = kept.map(|column| column.entry(row, false) == Entry::Mark(true));
            if let Some(cells) = points.get_mut(down as usize) {
                cells.push((entries, kept));
            }
        });
        if let Some(reason) = reason.filter(|_| unanswered == self.sweep.points()) {
            return Err(reason);
        }
        let known = |name: &&&str| {
            let at = wanted(name);
            at.is_some_and(|at| points.iter().flatten().any(|(entries, _)| entries.get(at) != Some(&Entry::Unknown)))
        };
        let usual = || USUAL.iter().find(known).and_then(|name| wanted(name));
        let show = named.or_else(usual).unwrap_or_default();
        let typed = |at: usize, place: u64| axes.get(at).map(|axis| axis.cell(place).text.clone()).unwrap_or_default();
        let row = |(place, cells): (usize, &Vec<Point>)| GridRow {
            value: typed(x, place as u64),
            cells: cells.iter().map(|(entries, _)| entries.get(show).cloned().unwrap_or(Entry::Unknown)).collect(),
            kept: cells.iter().filter_map(|(_, kept)| *kept).collect(),
        };
        let path = |at: usize| axes.get(at).map_or("", Bound::path).to_owned();
        Ok(Grid {
            x: path(x),
            y: path(y),
            show: outputs.get(show).map(|column| column.name.clone()).unwrap_or_default(),
            across: (0..size(y)).map(|place| typed(y, place)).collect(),
            rows: points.iter().enumerate().map(row).collect(),
            without_answer: unanswered,
        })
    }

    /// Where the two axes of a grid stand.
    fn two(&self, names: &str) -> Result<[usize; 2], Error> {
        let axes = self.sweep.axes();
        let all = || axes.iter().map(Bound::path).collect::<Vec<_>>().join(", ");
        let place = |name: &str| {
            let names = || axes.iter().map(Bound::path);
            let part = Part::of(name).and_then(Result::ok).map(|part| part.path());
            let field = || find(name.trim()).map_err(|_| Error::unknown_of("axis of --grid", name.trim(), names()));
            let path = part.map_or_else(|| field().map(|field| field.path.to_owned()), Ok)?;
            axes.iter().position(|axis| axis.path() == path).ok_or_else(|| {
                let error = Error::bad_input(format!("--grid: `{path}` is no axis: nothing varies it"));
                error.with_hint(format!("--vary it, or name two of: {}", all()))
            })
        };
        let places = names.split(',').map(place).collect::<Result<Vec<_>, Error>>()?;
        let [x, y] = places[..] else {
            let error = Error::bad_input(format!("--grid {names} names {} axes, and a grid has two", places.len()));
            return Err(error.with_hint(format!("the first runs down, the second across; the axes are: {}", all())));
        };
        if x == y {
            let error = Error::bad_input(format!("--grid {names} names one axis twice"));
            return Err(error.with_hint(format!("name two of: {}", all())));
        }
        let third = axes.iter().enumerate().find(|(at, axis)| ![x, y].contains(at) && axis.values() > 1);
        match third {
            None => Ok([x, y]),
            Some((_, axis)) => {
                let error = Error::bad_input(format!(
                    "a grid has two axes, and `{}` has {} values beside them",
                    axis.path(),
                    axis.values()
                ));
                Err(error.with_hint("give it one value, or name it in --grid in the place of another"))
            }
        }
    }

    /// A grid, for machines.
    ///
    /// # Errors
    /// As [`SweepAnswer::grid`].
    pub fn grid_reply(&self, request: &GridRequest) -> Result<GridReply, Error> {
        Ok(GridReply { result: self.grid(request)?, head: self.head() })
    }
}

/// Whether a grid can show a column.
fn is_output(column: &Column) -> bool {
    matches!(column.shows, Shows::Figure(_) | Shows::Beside(_))
}
