//! Measured steps as they are written: a CSV file, or rows in a spec. Few columns are needed; what a row leaves out is
//! the question's.

mod beside;
mod cells;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::input::batch::Batch;
use crate::input::file::{Origin, Spec};
use crate::input::inline;
use crate::input::question::Typed;
use crate::read::{At, Value};
use crate::rows::steps::StepRow;
use crate::rows::table;
pub use beside::Beside;
use cells::Columns;

/// The field's path.
pub const MEASURED: &str = "measured";

/// The field of the rate of one measured step.
pub const RATE: &str = "run.tokens_per_second";

/// The field of the time of one measured step.
pub const STEP_TIME: &str = "run.step_time";

/// Measured steps, in the order they were written.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The path of the file, or the rows as they would be typed.
    text: String,
    /// The steps, at least one.
    pub steps: Arc<[MeasuredStep]>,
}

/// One measured step.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredStep {
    /// What it states; its metric and its value are both there, or both missing.
    pub row: StepRow,
    /// Its batch.
    pub batch: Option<Batch>,
    /// What people find it by: its id, or its line.
    pub name: String,
    place: Option<At>,
}

impl MeasuredStep {
    /// A step that is not a row of its own, such as a rate beside the question.
    pub fn named(name: &str, row: StepRow) -> Self {
        Self { row, batch: None, name: name.to_owned(), place: None }
    }

    /// The error, pointing at the row.
    pub fn locate(&self, error: Error) -> Error {
        match &self.place {
            Some(at) if error.place().is_none() => at.locate(error),
            _ => error,
        }
    }
}

impl Measured {
    /// Reads what was written for the field: the path of a CSV file, from the folder of a spec that names it, or rows
    /// such as `[{ step = "2.9 s", chips = 2048 }]`.
    ///
    /// # Errors
    /// A file that cannot be read, columns that nobody knows, cells that do not read, each with its place.
    pub fn parse(text: &str, origin: &Origin) -> Result<Self, Error> {
        let text = text.trim();
        if text.starts_with(['[', '{']) {
            return typed(text, &origin.to_string());
        }
        let path = match origin {
            Origin::File(at) => Path::new(&at.file).parent().map_or_else(PathBuf::new, Path::to_path_buf).join(text),
            _ => PathBuf::from(text),
        };
        if text.is_empty() {
            return Err(Error::bad_input("the name of a file is missing").with_hint("write it like `steps.csv`"));
        }
        let shown = path.display().to_string();
        csv(&shown, table::text(&path)?.into())
    }

    /// Reads the text of a CSV file, which errors call `shown`.
    ///
    /// # Errors
    /// As [`Measured::parse`], but for the file itself.
    pub fn of_csv(shown: &str, text: &str) -> Result<Self, Error> {
        csv(shown, text.into())
    }

    /// Reads the rows that stand in a spec.
    ///
    /// # Errors
    /// Everything that is wrong with them, each with its place.
    pub fn of_value(value: &Value<'_>) -> Result<Self, Error> {
        rows(value)
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Steps written out, for a setter of the library.
///
/// ```
/// use flopbill::internals::input::measured::Steps;
/// use flopbill::internals::input::question::{Input, Typed};
///
/// let steps = Steps::new().seconds(2.9).with("chips", 2048);
/// assert_eq!(Typed::from(steps.clone()).0, r#"[{ step = "2.9", chips = "2048" }]"#);
/// let input = Input::new().model("llama-3-70b").measured(steps);
/// assert_eq!(input.overrides[1].path, "measured");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Steps(Vec<String>);

impl Steps {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more step, which took so many seconds.
    #[must_use]
    pub fn seconds(self, seconds: f64) -> Self {
        self.step("step", seconds)
    }

    /// One more step, by one of the columns that say how fast it was: `mfu`, `tokens_per_second`.
    #[must_use]
    pub fn step(mut self, column: &str, value: impl Into<Typed>) -> Self {
        self.0.push(pair(column, &value.into().0));
        self
    }

    /// What the last step states besides.
    #[must_use]
    pub fn with(mut self, column: &str, value: impl Into<Typed>) -> Self {
        let said = pair(column, &value.into().0);
        if let Some(last) = self.0.last_mut() {
            *last += &format!(", {said}");
        }
        self
    }
}

impl From<Steps> for Typed {
    fn from(steps: Steps) -> Self {
        Self(listed(&steps.0))
    }
}

fn pair(column: &str, value: &str) -> String {
    format!("{column} = \"{}\"", value.replace(['"', '\\'], ""))
}

fn listed(rows: &[String]) -> String {
    format!("[{}]", rows.iter().map(|row| format!("{{ {row} }}")).collect::<Vec<_>>().join(", "))
}

impl Spec {
    /// Whether steps were measured.
    pub fn is_measured(&self) -> bool {
        self.measured.is_some() || self.tokens_per_second.is_some() || self.step_time.is_some()
    }

    /// Where the measured steps of a file were measured, which values laid over the file do not move: what the file says of
    /// a step, and of the rest what was asked.
    pub(super) fn measured_in(&self, file: &Spec) -> Option<Arc<Spec>> {
        fn or<T: Clone>(own: &Option<T>, asked: &Option<T>) -> Option<T> {
            own.clone().or_else(|| asked.clone())
        }
        let entry = self.measured.as_ref().map(|entry| &entry.origin);
        let entry = entry.or(self.tokens_per_second.as_ref().map(|entry| &entry.origin));
        let origin = entry.or(self.step_time.as_ref().map(|entry| &entry.origin))?;
        matches!(origin, Origin::File(_)).then(|| {
            Arc::new(Spec {
                measured: None,
                tokens_per_second: None,
                step_time: None,
                home: None,
                model: or(&file.model, &self.model),
                stack: or(&file.stack, &self.stack),
                gpu: or(&file.gpu, &self.gpu),
                chips: or(&file.chips, &self.chips),
                precision: or(&file.precision, &self.precision),
                states: or(&file.states, &self.states),
                sequence_length: or(&file.sequence_length, &self.sequence_length),
                document_length: or(&file.document_length, &self.document_length),
                global_batch: or(&file.global_batch, &self.global_batch),
                tp: or(&file.tp, &self.tp),
                pp: or(&file.pp, &self.pp),
                vpp: or(&file.vpp, &self.vpp),
                dp: or(&file.dp, &self.dp),
                cp: or(&file.cp, &self.cp),
                ep: or(&file.ep, &self.ep),
                micro_batch: or(&file.micro_batch, &self.micro_batch),
                zero: or(&file.zero, &self.zero),
                recompute: or(&file.recompute, &self.recompute),
                schedule: or(&file.schedule, &self.schedule),
                ..self.clone()
            })
        })
    }
}

/// Rows typed for a flag.
fn typed(text: &str, flag: &str) -> Result<Measured, Error> {
    let found = inline::read(flag, text, |value| {
        rows(value).map_err(|error| error.each().for_each(|one| value.record(one.clone()))).ok()
    })?;
    let steps = found.steps.iter().map(|step| MeasuredStep { place: None, ..step.clone() }).collect();
    Ok(Measured { steps, ..found })
}

/// Rows of a spec.
fn rows(value: &Value<'_>) -> Result<Measured, Error> {
    let wrong = || {
        Error::bad_input("`measured` takes a CSV file, or rows")
            .with_hint("write it like `measured = [{ step = \"2.9 s\", chips = 2048 }]`")
    };
    let items = if value.raw().is_table() { vec![*value] } else { value.items() };
    let (mut steps, mut texts, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        let Some(inner) = item.table(MEASURED) else {
            errors.push(item.at().locate(wrong()));
            continue;
        };
        let mut cells = Vec::new();
        for key in inner.keys() {
            let Some(cell) = inner.any(key) else { continue };
            match super::file::text_of(&cell) {
                Some(text) => cells.push(Cell { key, text, places: [inner.key_place(key), cell.at()] }),
                None => errors.push(cell.at().locate(Error::bad_input(format!("`{key}` takes a number or a text")))),
            }
        }
        match row(&cells, &item.at()) {
            Ok((row, batch)) => {
                let name = if row.id.is_empty() { format!("step {}", index + 1) } else { row.id.clone() };
                steps.push(MeasuredStep { row, batch, name, place: Some(item.at()) });
            }
            Err(error) => errors.push(error),
        }
        texts.push(cells.iter().map(|cell| pair(cell.key, &cell.text)).collect::<Vec<_>>().join(", "));
    }
    if let Some(error) = Error::all(errors) {
        return Err(error);
    }
    if steps.is_empty() {
        return Err(wrong());
    }
    Ok(Measured { text: listed(&texts), steps: steps.into() })
}

/// A key with its value, and where the two stand.
struct Cell<'t> {
    key: &'t str,
    text: Cow<'t, str>,
    places: [At; 2],
}

/// One row of named cells, which stands somewhere; an error points at the key or at the value.
fn row(cells: &[Cell<'_>], whole: &At) -> Result<(StepRow, Option<Batch>), Error> {
    let at =
        |place: Option<usize>, of: usize| place.and_then(|place| cells.get(place)?.places.get(of)).unwrap_or(whole);
    let columns = Columns::of(cells.iter().map(|cell| cell.key));
    let columns = columns.map_err(|(place, error)| at(place, 0).locate(error))?;
    columns.row(cells.iter().map(|cell| &*cell.text)).map_err(|(place, error)| at(Some(place), 1).locate(error))
}

/// Rows of a CSV text.
fn csv(shown: &str, text: Arc<str>) -> Result<Measured, Error> {
    let delimiter = delimiter(&text);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .comment(Some(b'#'))
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let (mut columns, mut steps, mut errors) = (None::<Columns>, Vec::new(), Vec::new());
    let mut counted = (0, 1);
    for record in reader.records() {
        let record = record.map_err(|error| Error::bad_file(format!("{shown}: not a readable CSV table: {error}")))?;
        let whole = line_at(&text, record.position().map_or(0, |place| place.byte() as usize));
        let line = counted.1 + newlines(&text, counted.0..whole.start);
        counted = (whole.start, line);
        let at = |span: Range<usize>| At::on_line(shown, &text, line, span);
        let Some(columns) = &columns else {
            let found = Columns::of(record.iter());
            let span = |place: Option<usize>| place.map(|place| field(&text, &whole, place, delimiter));
            columns = Some(found.map_err(|(place, error)| at(span(place).unwrap_or(whole.clone())).locate(error))?);
            continue;
        };
        match columns.row(record.iter()) {
            Ok((row, batch)) => {
                let name = if row.id.is_empty() { format!("{shown}:{line}") } else { row.id.clone() };
                steps.push(MeasuredStep { row, batch, name, place: Some(at(whole)) });
            }
            Err((place, error)) => errors.push(at(field(&text, &whole, place, delimiter)).locate(error)),
        }
    }
    errors.truncate(MOST_ERRORS);
    if let Some(error) = Error::all(errors) {
        return Err(error);
    }
    if steps.is_empty() {
        let why =
            if columns.is_none() { "the file is empty" } else { "there are no rows below the names of the columns" };
        return Err(
            Error::bad_file(format!("{shown}: {why}")).with_hint("its first line names the columns: `step,chips`")
        );
    }
    Ok(Measured { text: shown.to_owned(), steps: steps.into() })
}

/// Errors shown at most for one file.
const MOST_ERRORS: usize = 20;

/// What stands between the cells: a comma, unless the first line has none.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    match (head.contains(','), head.contains('\t'), head.contains(';')) {
        (false, true, _) => b'\t',
        (false, false, true) => b';',
        _ => b',',
    }
}

/// The line that begins at a byte, or after the blanks that follow it.
fn line_at(text: &str, start: usize) -> Range<usize> {
    let start = text.floor_char_boundary(start.min(text.len()));
    let rest = text.get(start..).unwrap_or_default();
    let start = start + (rest.len() - rest.trim_start().len());
    let length = text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
    start..start + length
}

/// Lines that end within a range.
fn newlines(text: &str, range: Range<usize>) -> usize {
    text.get(range).map_or(0, |between| between.matches('\n').count())
}

/// A cell of a line; the whole line where one is in quotes.
fn field(text: &str, line: &Range<usize>, place: usize, delimiter: u8) -> Range<usize> {
    let words = text.get(line.clone()).unwrap_or_default();
    let mut start = line.start;
    for (index, part) in words.split(char::from(delimiter)).enumerate() {
        if index == place && !words.contains('"') {
            let (before, inner) = (part.len() - part.trim_start().len(), part.trim().len());
            return start + before..start + before + inner;
        }
        start += part.len() + 1;
    }
    line.clone()
}
