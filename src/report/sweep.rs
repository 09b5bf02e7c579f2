//! Rows of a sweep: streamed to files of any length, or a table of the first few.

use serde_json::{Map, Value, json};

use super::digits;
use super::json::{head, number};
use super::ranges::SHOWN;
use super::view::{Records, Section, View};
use crate::answer::prepared::OUTPUTS;
use crate::answer::ranges::{COST, DAYS};
use crate::ask::pareto::Front;
use crate::ask::sweep::{Bound, Row, Sweep};

/// A format whose rows are written one by one, however many there are.
pub struct Stream {
    /// The name of the format.
    pub name: &'static str,
    head: fn(&[String]) -> String,
    row: fn(&Writer<'_>, &Row<'_>, &mut Last, &mut Vec<u8>),
}

/// The formats that stream.
pub static STREAMS: [Stream; 2] = [
    Stream { name: "csv", head: csv_head, row: csv_row },
    Stream { name: "jsonl", head: |_| String::new(), row: jsonl_row },
];

/// What is done with points that others beat in both cost and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dominated {
    /// They are told apart in a column `pareto`.
    Marked,
    /// They are left out.
    Dropped,
}

/// The numbers of the row before with their digits: in a product most of them stay from row to row.
#[derive(Debug, Default)]
pub struct Last(Vec<(u64, Vec<u8>)>);

impl Last {
    /// Adds the number of a column to a text.
    #[inline]
    fn push(&mut self, column: usize, value: f64, text: &mut Vec<u8>) {
        while self.0.len() <= column {
            self.0.push((f64::NAN.to_bits(), Vec::new()));
        }
        let Some((bits, digits)) = self.0.get_mut(column) else { return };
        if *bits != value.to_bits() {
            *bits = value.to_bits();
            digits.clear();
            digits::push(digits, value);
        }
        text.extend_from_slice(digits);
    }
}

/// Writes rows in one format.
pub struct Writer<'a> {
    pub(super) sweep: &'a Sweep,
    stream: &'static Stream,
    pub(super) front: Option<(Front<()>, Dominated)>,
    /// The keys of a JSON object, each with what stands before it.
    keys: Vec<String>,
}

impl<'a> Writer<'a> {
    /// A writer; with a front, points are marked or dropped by it.
    pub fn new(sweep: &'a Sweep, stream: &'static Stream, front: Option<(Front<()>, Dominated)>) -> Self {
        let keys = columns(sweep.axes(), front.as_ref().map(|(_, dominated)| *dominated));
        let keys = keys.iter().map(|key| format!("{}:", Value::from(key.as_str()))).collect();
        Self { sweep, stream, front, keys }
    }

    /// The format's name.
    pub fn format(&self) -> &'static str {
        self.stream.name
    }

    /// What stands above the rows.
    pub fn head(&self) -> String {
        (self.stream.head)(&self.columns())
    }

    /// The names of the columns.
    pub(super) fn columns(&self) -> Vec<String> {
        columns(self.sweep.axes(), self.front.as_ref().map(|(_, dominated)| *dominated))
    }

    /// Adds a point's row to a text, unless it is dropped. `last` is what this text's rows have in common: a new one
    /// for every text.
    pub fn row(&self, row: &Row<'_>, last: &mut Last, text: &mut Vec<u8>) {
        if !self.drops(row) {
            (self.stream.row)(self, row, last, text);
        }
    }

    /// Whether a point's row is left out.
    pub(super) fn drops(&self, row: &Row<'_>) -> bool {
        matches!(self.front, Some((_, Dominated::Dropped))) && self.on_front(row) != Some(true)
    }

    fn on_front(&self, row: &Row<'_>) -> Option<bool> {
        self.front.as_ref().map(|(front, _)| on_front(front, row))
    }

    /// Whether a point is on the front, where points are marked.
    pub(super) fn marked(&self, row: &Row<'_>) -> Option<bool> {
        self.on_front(row).filter(|_| matches!(self.front, Some((_, Dominated::Marked))))
    }
}

fn on_front(front: &Front<()>, row: &Row<'_>) -> bool {
    let Ok(answer) = &row.answer else { return false };
    let (cost, days) = (answer[COST], answer[DAYS]);
    cost.is_finite() && days.is_finite() && !front.dominates(cost, days)
}

/// The names of the columns: the varied fields with their units, the outputs, the mark, the reason.
fn columns(axes: &[Bound], dominated: Option<Dominated>) -> Vec<String> {
    let mut columns: Vec<String> = axes.iter().map(column).collect();
    columns.extend(OUTPUTS.map(str::to_owned));
    columns.extend((dominated == Some(Dominated::Marked)).then(|| "pareto".to_owned()));
    columns.push("reason".into());
    columns
}

/// A field's path with its unit, where there is more than one that it could be in.
fn column(axis: &Bound) -> String {
    let unit = match axis.field().unit {
        "days" => "_days",
        "USD" => "_usd",
        "USD per GPU-hour" => "_usd_per_gpu_hour",
        _ => "",
    };
    format!("{}{unit}", axis.path())
}

fn csv_head(columns: &[String]) -> String {
    columns.join(",") + "\n"
}

fn csv_row(writer: &Writer<'_>, row: &Row<'_>, last: &mut Last, text: &mut Vec<u8>) {
    for (column, cell) in row.cells.iter().enumerate() {
        match cell.number.is_nan() {
            true => push_quoted(text, &cell.text),
            false => last.push(column, cell.number, text),
        }
        text.push(b',');
    }
    match &row.answer {
        Ok(answer) => answer.iter().enumerate().for_each(|(output, value)| {
            last.push(row.cells.len() + output, *value, text);
            text.push(b',');
        }),
        Err(_) => text.extend_from_slice(&[b','; OUTPUTS.len()]),
    }
    if let Some(mark) = writer.marked(row) {
        text.extend_from_slice(if mark { b"true," } else { b"false," });
    }
    if let Err(error) = &row.answer {
        push_quoted(text, error.message());
    }
    text.push(b'\n');
}

/// A CSV cell, in quotes where it needs them.
fn push_quoted(text: &mut Vec<u8>, cell: &str) {
    if !cell.contains([',', '"', '\n', '\r']) {
        return text.extend_from_slice(cell.as_bytes());
    }
    text.push(b'"');
    text.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
    text.push(b'"');
}

fn jsonl_row(writer: &Writer<'_>, row: &Row<'_>, last: &mut Last, text: &mut Vec<u8>) {
    let mut keys = writer.keys.iter();
    let mut key = |text: &mut Vec<u8>, first: bool| {
        text.push(if first { b'{' } else { b',' });
        text.extend_from_slice(keys.next().map(String::as_bytes).unwrap_or_default());
    };
    for (index, cell) in row.cells.iter().enumerate() {
        key(text, index == 0);
        match cell.number.is_nan() {
            true => text.extend_from_slice(Value::from(cell.text.as_str()).to_string().as_bytes()),
            false => push_number(last, index, cell.number, text),
        }
    }
    for output in 0..OUTPUTS.len() {
        key(text, row.cells.is_empty() && output == 0);
        let value = row.answer.as_ref().ok().and_then(|answer| answer.get(output)).copied().unwrap_or(f64::NAN);
        push_number(last, row.cells.len() + output, value, text);
    }
    if let Some(mark) = writer.marked(row) {
        key(text, false);
        text.extend_from_slice(if mark { b"true" } else { b"false" });
    }
    key(text, false);
    match &row.answer {
        Ok(_) => text.extend_from_slice(b"null"),
        Err(error) => text.extend_from_slice(Value::from(error.message()).to_string().as_bytes()),
    }
    text.extend_from_slice(b"}\n");
}

fn push_number(last: &mut Last, column: usize, value: f64, text: &mut Vec<u8>) {
    if value.is_finite() { last.push(column, value, text) } else { text.extend_from_slice(b"null") }
}

/// A table of the first points, and of how many there are.
pub fn view(sweep: &Sweep, front: Option<&(Front<()>, Dominated)>, most: usize) -> View {
    let dominated = front.map(|(_, dominated)| *dominated);
    let shown = OUTPUTS.len() - 1; // the FLOPs stay in the machine formats
    let mut heads: Vec<&'static str> =
        sweep.axes().iter().map(|axis| axis.path().rsplit('.').next().unwrap_or(axis.path())).collect();
    heads.extend(SHOWN.iter().take(shown).map(|(name, _)| *name));
    heads.extend((dominated == Some(Dominated::Marked)).then_some("front"));
    let mut section = Section { heading: "Points".into(), columns: heads, ..Section::default() };
    section.numeric = (0..sweep.axes().len() + shown).collect();
    let (mut rows, mut reasons, mut records) = (Vec::new(), Vec::new(), Vec::new());
    // Only a front has to be looked for to the end.
    let end = if dominated == Some(Dominated::Dropped) { sweep.points() } else { sweep.points().min(most as u64) };
    let (mut left_out, mut unanswered) = (sweep.points() - end, 0u64);
    sweep.visit(0..end, |row| {
        let on = front.map(|(front, _)| on_front(front, row));
        unanswered += u64::from(row.answer.is_err());
        if dominated == Some(Dominated::Dropped) && on != Some(true) {
            return;
        }
        if section.rows.len() >= most {
            left_out += 1;
            return;
        }
        section.rows.push(table_row(row, shown, on.filter(|_| dominated == Some(Dominated::Marked))));
        if let Err(error) = &row.answer {
            let line = error.message().to_owned();
            if !reasons.contains(&line) && reasons.len() < 5 {
                reasons.push(line);
            }
        }
        rows.push(machine(sweep, row, on));
        records.push(record(row, on.filter(|_| dominated == Some(Dominated::Marked))));
    });
    let points = crate::units::show::grouped(&sweep.points().to_string());
    let mut view = View { title: format!("A sweep of {points} points"), ..View::default() };
    if unanswered > 0 {
        view.summary = format!("{unanswered} of those shown have no answer.");
    }
    if left_out > 0 {
        view.note(
            "Not shown",
            vec![format!("{left_out} more points: `-o FILE.csv` or `-o FILE.jsonl` writes them all")],
        );
    }
    view.sections.push(section);
    view.note("Without an answer", reasons);
    view.records = Records { columns: columns(sweep.axes(), dominated), rows: records };
    view.json = head("sweep");
    if let Some(json) = view.json.as_object_mut() {
        json.insert("points".into(), sweep.points().into());
        json.insert("shown_without_answer".into(), unanswered.into());
        json.insert("not_shown".into(), left_out.into());
        json.insert("result".into(), json!({ "rows": rows }));
    }
    view
}

fn table_row(row: &Row<'_>, shown: usize, mark: Option<bool>) -> Vec<String> {
    let mut cells: Vec<String> = row.cells.iter().map(|cell| cell.text.clone()).collect();
    let outputs = row.answer.as_ref().map(|answer| &answer[..]).unwrap_or_default();
    cells.extend(SHOWN.iter().take(shown).enumerate().map(|(index, (_, show))| {
        let value = outputs.get(index).copied().filter(|value| value.is_finite());
        value.map_or_else(|| "-".into(), |value| show(value, 4))
    }));
    cells.extend(mark.map(|mark| if mark { "*".into() } else { String::new() }));
    cells
}

fn record(row: &Row<'_>, mark: Option<bool>) -> Vec<String> {
    let cell = |value: f64| super::json::cell(Some(value));
    let mut cells: Vec<String> = row
        .cells
        .iter()
        .map(|value| if value.number.is_nan() { value.text.clone() } else { cell(value.number) })
        .collect();
    let outputs = row.answer.as_ref().map(|answer| &answer[..]).unwrap_or_default();
    cells.extend((0..OUTPUTS.len()).map(|output| cell(outputs.get(output).copied().unwrap_or(f64::NAN))));
    cells.extend(mark.map(|mark| mark.to_string()));
    cells.push(row.answer.as_ref().err().map(|error| error.message().to_owned()).unwrap_or_default());
    cells
}

fn machine(sweep: &Sweep, row: &Row<'_>, on: Option<bool>) -> Value {
    let mut json = Map::new();
    for (axis, cell) in sweep.axes().iter().zip(row.cells) {
        let value = if cell.number.is_nan() { Value::from(cell.text.as_str()) } else { number(cell.number) };
        json.insert(column(axis), value);
    }
    for (index, output) in OUTPUTS.iter().enumerate() {
        let value = row.answer.as_ref().ok().and_then(|answer| answer.get(index)).copied().unwrap_or(f64::NAN);
        json.insert((*output).to_owned(), number(value));
    }
    if let Some(on) = on {
        json.insert("pareto".into(), on.into());
    }
    json.insert("reason".into(), row.answer.as_ref().err().map(|error| error.message()).into());
    json.into()
}
