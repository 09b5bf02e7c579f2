//! Rows of a sweep: streamed to files of any length, or a table of the first few.

use serde_json::Value;

use super::digits;
use super::view::{Records, Section, View};
use crate::scaling::pareto::Front;
use crate::sweep::columns::{BESIDE, BILL_RANGED, CHIPS_USED, Column, Entry, FIGURES, PLANNED, RANGED, Shows, columns};
use crate::sweep::{Dominated, Row, Shown, Sweep, SweepAnswer, SweepReply, marks, on_front};
use crate::units::{Chips, Seconds, Usd, show};

/// A format whose rows are written one by one, however many there are.
pub struct Stream {
    /// The name of the format.
    pub name: &'static str,
    head: fn(&[Column]) -> String,
    row: fn(&Writer, &Row<'_>, &mut Last, &mut Vec<u8>),
}

/// The formats that stream.
pub static STREAMS: [Stream; 2] = [
    Stream { name: "csv", head: csv_head, row: csv_row },
    Stream { name: "jsonl", head: |_| String::new(), row: jsonl_row },
];

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
pub struct Writer {
    stream: &'static Stream,
    front: Option<(Front<()>, Dominated)>,
    pub(super) columns: Vec<Column>,
    /// The keys of a JSON object, each with what stands before it.
    keys: Vec<String>,
}

impl Writer {
    /// A writer; with a front, points are marked or dropped by it.
    pub fn new(sweep: &Sweep, stream: &'static Stream, front: Option<(Front<()>, Dominated)>) -> Self {
        let columns = columns(sweep, marks(front.as_ref()));
        let keys = columns.iter().map(|column| format!("{}:", Value::from(column.name.as_str()))).collect();
        Self { stream, front, columns, keys }
    }

    /// The format's name.
    pub fn format(&self) -> &'static str {
        self.stream.name
    }

    /// What stands above the rows.
    pub fn head(&self) -> String {
        (self.stream.head)(&self.columns)
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
        matches!(self.front, Some((_, Dominated::Dropped))) && !self.is_on_front(row)
    }

    /// Whether no other point beats this one, where that was asked.
    pub(super) fn is_on_front(&self, row: &Row<'_>) -> bool {
        self.front.as_ref().is_some_and(|(front, _)| on_front(front, row))
    }
}

fn csv_head(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.join(",") + "\n"
}

fn csv_row(writer: &Writer, row: &Row<'_>, last: &mut Last, text: &mut Vec<u8>) {
    let on = writer.is_on_front(row);
    for (index, column) in writer.columns.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        match column.entry(row, on) {
            Entry::Number(number) => last.push(index, number, text),
            Entry::Text(cell) => push_quoted(text, &cell),
            Entry::Mark(mark) => text.extend_from_slice(if mark { b"true" } else { b"false" }),
            Entry::Unknown => {}
        }
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

fn jsonl_row(writer: &Writer, row: &Row<'_>, last: &mut Last, text: &mut Vec<u8>) {
    let on = writer.is_on_front(row);
    for (index, (column, key)) in writer.columns.iter().zip(&writer.keys).enumerate() {
        text.push(if index == 0 { b'{' } else { b',' });
        text.extend_from_slice(key.as_bytes());
        match column.entry(row, on) {
            Entry::Number(number) => last.push(index, number, text),
            Entry::Text(cell) => text.extend_from_slice(Value::from(&*cell).to_string().as_bytes()),
            Entry::Mark(mark) => text.extend_from_slice(if mark { b"true" } else { b"false" }),
            Entry::Unknown => text.extend_from_slice(b"null"),
        }
    }
    text.extend_from_slice(b"}\n");
}

/// A table of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Points,
    Limits,
    Steps,
}

impl Table {
    /// Where a column stands.
    fn of(column: &Column) -> Self {
        match column.shows {
            Shows::Holds | Shows::Kept | Shows::Broken => Self::Limits,
            Shows::Beside(at) if PLANNED.contains(&at) => Self::Limits,
            _ if STEP.contains(&column.name.as_str()) => Self::Steps,
            _ => Self::Points,
        }
    }
}

/// What is said of a step.
const STEP: [&str; 4] = ["step_seconds", "tokens_per_second", "mfu_causal", "layout"];

/// Shows a number.
type Number = fn(f64) -> String;

/// What the figures are called in a table, and how they are shown; in the order of
/// [`FIGURES`](crate::sweep::columns::FIGURES).
const HEADS: [(&str, Number); 9] = [
    ("GPU-hours", |hours| show::count(hours, 4)),
    ("chips", |chips| show::chips(Chips::new(chips))),
    ("used", |chips| show::chips(Chips::new(chips))),
    ("days", |days| show::number(days, 4)),
    ("cost", |cost| show::money(Usd::new(cost), 4)),
    ("step", |seconds| show::duration(Seconds::new(seconds))),
    ("tokens/s", |rate| show::count(rate, 4)),
    ("MFU", |mfu| show::percent_to(mfu, 4)),
    ("causal MFU", |mfu| show::percent_to(mfu, 4)),
];

/// Tables of the first points, and of how many there are.
pub fn view(found: &SweepAnswer, most: usize) -> View {
    let shown = found.shown(most);
    let reply = found.reply(&shown);
    View::in_currency(&reply.head, || view_of(found, &shown, &reply))
}

fn view_of(found: &SweepAnswer, shown: &Shown, reply: &SweepReply) -> View {
    let mut view = View::with_reply(reply);
    if shown.unanswered > 0 {
        view.summary = format!("{} of those shown have no answer.", shown.unanswered);
    }
    view.sections.push(section(found, shown, "Points", Table::Points));
    let limits = section(found, shown, "Limits", Table::Limits);
    view.sections.extend((limits.columns.len() > found.sweep.axes().len()).then_some(limits));
    let mut of_steps = section(found, shown, "Steps, each at the first point that has it", Table::Steps);
    // Money does not change a step.
    let (axes, mut seen) = (found.sweep.axes().len(), Vec::new());
    of_steps.rows.retain(|row| {
        let step = row.get(axes..).unwrap_or_default().to_vec();
        let new = !seen.contains(&step) && step.iter().any(|cell| cell != "-");
        seen.extend(new.then_some(step));
        new
    });
    view.sections.extend((!of_steps.rows.is_empty()).then_some(of_steps));
    view.sections.extend(of_ranges(found, shown));
    if shown.not_shown > 0 {
        let more =
            format!("{}: `-o FILE.csv` or `-o FILE.jsonl` writes all", show::counted(shown.not_shown, "more point"));
        view.say("Not shown", vec![more]);
    }
    let mut errors: Vec<String> = Vec::new();
    for entry in shown.rows.iter().filter_map(|(_, entries)| entries.last()) {
        match entry {
            Entry::Text(error) if errors.len() < 5 && !errors.iter().any(|known| known == error) => {
                errors.push(error.to_string());
            }
            _ => {}
        }
    }
    view.say("Without an answer", errors);
    view.note_on("assumptions", "Assumptions", reply.head.assumptions.clone());
    view.records = Records::at(&view.json, &["/result/rows"]);
    view
}

/// The first and the last of the percentiles of each number that has some, in one table.
fn of_ranges(found: &SweepAnswer, shown: &Shown) -> Option<Section> {
    let all = found.columns();
    let places = |of: fn(Shows) -> bool| {
        let chosen = all.iter().enumerate().filter(move |(_, column)| of(column.shows));
        chosen.map(|(at, _)| at).collect::<Vec<usize>>()
    };
    let entry = |row: &'_ (Vec<String>, Vec<Entry<'static>>), at: usize| row.1.get(at).cloned();
    let known = |at: usize| shown.rows.iter().any(|row| !matches!(entry(row, at), None | Some(Entry::Unknown)));
    let ranged =
        places(|shows| matches!(shows, Shows::Beside(at) if RANGED.contains(&at) || BILL_RANGED.contains(&at)));
    let ends = |levels: &[usize]| Some([*levels.first()?, *levels.last()?]).filter(|[first, _]| known(*first));
    let ends: Vec<[usize; 2]> = ranged.chunks(LEVELS).filter_map(ends).collect();
    if ends.is_empty() {
        return None;
    }
    let name = |at: usize| all.get(at).map_or("", |column| column.name.trim_end_matches("_p10"));
    let head = |at: usize| match OF_RANGES.iter().find(|(key, _)| *key == name(at)) {
        Some((_, head)) => *head,
        None => "",
    };
    let axes = found.sweep.axes();
    let columns = axes.iter().map(|axis| axis_head(axis.path()).to_owned());
    let columns: Vec<_> = columns.chain(ends.iter().map(|[first, _]| head(*first).to_owned())).collect();
    let cell = |row: &(Vec<String>, Vec<Entry<'static>>), ends: &[usize; 2]| {
        let [low, high] = ends.map(|at| match entry(row, at) {
            Some(Entry::Number(number)) => Some(figure(name(ends[0]), number)),
            _ => None,
        });
        low.zip(high).map_or_else(|| "-".to_owned(), |(low, high)| format!("{low} to {high}"))
    };
    let row = |row: &(Vec<String>, Vec<Entry<'static>>)| {
        let typed = row.0.iter().cloned();
        typed.chain(ends.iter().map(|ends| cell(row, ends))).collect::<Vec<String>>()
    };
    let numeric = (0..columns.len()).collect();
    let columns = columns.into_iter().map(Into::into).collect();
    let rows = shown.rows.iter().map(row).filter(|row| row.iter().skip(axes.len()).any(|cell| cell != "-")).collect();
    Some(Section { heading: "Ranges, p10 to p90".into(), numeric, columns, rows, ..Section::default() })
}

/// What the table of ranges calls a number.
const OF_RANGES: [(&str, &str); 5] = [
    ("gpu_hours", "GPU-hours"),
    ("wall_clock_days", "days"),
    ("cost_usd", "cost"),
    ("final_run_usd", "bill, run"),
    ("programme_usd", "bill"),
];

/// Percentiles of a number.
const LEVELS: usize = 3;

/// What stands beside the figures in the table of points, with its heading.
const OF_ROWS: [(&str, &str); 4] = [
    ("programme_usd", "bill"),
    ("by_date_probability", "P(date)"),
    ("in_budget_probability", "P(money)"),
    ("both_probability", "P(both)"),
];

/// A number as its column shows it, or as that of the figure that it is a percentile of.
pub(super) fn figure(name: &str, number: f64) -> String {
    match BESIDE.iter().position(|key| *key == name) {
        Some(at) if PLANNED.contains(&at) => return show::percent_to(number, 4),
        Some(at) if !RANGED.contains(&at) => return show::money(Usd::new(number), 4),
        _ => {}
    }
    let of = |figure: &&str| name == *figure || name.strip_prefix(*figure).is_some_and(|rest| rest.starts_with("_p"));
    let at = FIGURES.iter().position(of);
    at.and_then(|at| HEADS.get(at)).map_or_else(|| show::number(number, 4), |(_, show)| show(number))
}

/// The axes and some columns as a table. Columns that are empty, or say what one before them does, are left out.
fn section(found: &SweepAnswer, shown: &Shown, heading: &str, table: Table) -> Section {
    let axes = found.sweep.axes();
    let mut section = Section { heading: heading.into(), ..Section::default() };
    section.rows = vec![Vec::new(); shown.rows.len()];
    let all = found.columns();
    let chosen = all
        .iter()
        .enumerate()
        .filter(|(_, column)| matches!(column.shows, Shows::Axis(..)) || Table::of(column) == table);
    for (at, column) in chosen {
        let entries = |at: usize| shown.rows.iter().filter_map(move |(_, entries)| entries.get(at));
        let is_axis = |name: &str| axes.iter().any(|axis| axis.path().strip_prefix("run.") == Some(name));
        let head: String = match column.shows {
            Shows::Axis(index, _) => axes.get(index).map(|axis| axis_head(axis.path()).to_owned()).unwrap_or_default(),
            Shows::Figure(_) if is_axis(&column.name) => continue,
            Shows::Figure(CHIPS_USED) if entries(at).eq(entries(at - 1)) => continue,
            Shows::Figure(_) | Shows::Layout if entries(at).all(|entry| *entry == Entry::Unknown) => continue,
            Shows::Figure(index) => HEADS.get(index).map_or("", |(head, _)| head).into(),
            Shows::Layout => "layout".into(),
            Shows::Kept => "kept".into(),
            Shows::Broken if entries(at).all(|entry| *entry == Entry::Unknown) => continue,
            Shows::Broken => "broken".into(),
            Shows::Pareto => "front".into(),
            Shows::Beside(index) => match BESIDE.get(index) {
                Some(_) if entries(at).all(|entry| *entry == Entry::Unknown) => continue,
                Some(&key) => match OF_ROWS.iter().find(|(known, _)| *known == key) {
                    Some((_, head)) => (*head).into(),
                    None => continue,
                },
                None => continue,
            },
            Shows::Holds => "holds".into(),
            Shows::Error => continue,
        };
        if !matches!(column.shows, Shows::Layout | Shows::Kept | Shows::Holds | Shows::Broken | Shows::Pareto) {
            section.numeric.push(section.columns.len());
        }
        section.columns.push(head.into());
        for (cells, (typed, entries)) in section.rows.iter_mut().zip(&shown.rows) {
            cells.push(entries.get(at).map_or_else(String::new, |entry| cell(column.shows, entry, typed)));
        }
    }
    section
}

/// The last word of an axis's path; of one delivery with its number.
fn axis_head(path: &str) -> &str {
    path.strip_prefix("deliveries.").unwrap_or_else(|| path.rsplit('.').next().unwrap_or(path))
}

/// A cell of the table.
fn cell(shows: Shows, entry: &Entry<'_>, typed: &[String]) -> String {
    match (shows, entry) {
        (Shows::Axis(index, _), _) => typed.get(index).cloned().unwrap_or_default(),
        (Shows::Figure(index), Entry::Number(number)) => {
            HEADS.get(index).map_or_else(String::new, |(_, show)| show(*number))
        }
        (Shows::Beside(index), Entry::Number(number)) => figure(BESIDE.get(index).copied().unwrap_or(""), *number),
        (Shows::Kept | Shows::Holds, Entry::Mark(mark)) => if *mark { "yes" } else { "no" }.into(),
        (_, Entry::Text(text)) => text.to_string(),
        (_, Entry::Mark(mark)) => if *mark { "*" } else { "" }.into(),
        _ => "-".into(),
    }
}
