//! Measured steps and published runs in a user's own CSV file: what can be read, and why the rest cannot.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::run_rows::{self, RunRow};
use super::steps::{self, StepRow};
use crate::Error;
use crate::error::nearest;

/// Largest table that is read, which is some hundred thousand rows.
const MOST_BYTES: u64 = 64 << 20;

/// Columns without which no step can be predicted.
const STEPS_NEED: [&str; 5] = ["id", "gpu", "seq_len", "metric", "value"];

/// Columns without which no run can be predicted.
const RUNS_NEED: [&str; 4] = ["id", "gpu", "tokens_b", "gpu_hours"];

/// Columns that hold counts.
const COUNTS: [&str; 21] = [
    "layers",
    "hidden",
    "ffn_hidden",
    "heads",
    "kv_heads",
    "head_dim",
    "vocab",
    "seq_len",
    "experts",
    "experts_active",
    "expert_ffn",
    "num_gpus",
    "tp",
    "pp",
    "vpp",
    "cp",
    "ep",
    "dp",
    "micro_batch",
    "global_batch_seqs",
    "gpus_per_node",
];

/// Columns that hold other numbers.
const NUMBERS: [&str; 7] =
    ["params_b", "active_params_b", "tokens_b", "global_batch_tokens", "gpu_hours", "value", "nic_gb_s_per_gpu"];

/// What stands in a cell that is left blank.
const BLANKS: [&str; 8] = ["", "-", "n/a", "na", "nan", "none", "null", "unknown"];

/// Rows of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows<R> {
    /// Those whose cells could be read, in the order of the file.
    pub read: Vec<R>,
    /// The identifiers of the others, each with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// The steps of a file with the columns of [`StepRow`], in any order.
///
/// # Errors
/// A file that cannot be read, is no table, has no rows, or lacks a column.
pub fn steps(path: &Path) -> Result<Rows<StepRow>, Error> {
    let shown = path.display().to_string();
    let text = text(path)?;
    let wrong = check(&text, &shown, &STEPS_NEED)?;
    let rows = steps::read(&text).map_err(|error| bad_table(&shown, error.message()))?;
    Ok(sorted(rows, wrong, |row| &mut row.id))
}

/// The runs of a file with the columns of [`RunRow`], in any order.
///
/// # Errors
/// As [`steps()`].
pub fn runs(path: &Path) -> Result<Rows<RunRow>, Error> {
    let shown = path.display().to_string();
    let text = text(path)?;
    let wrong = check(&text, &shown, &RUNS_NEED)?;
    let rows = run_rows::read(&text).map_err(|error| bad_table(&shown, error.message()))?;
    Ok(sorted(rows, wrong, |row| &mut row.id))
}

fn bad_table(shown: &str, why: &str) -> Error {
    Error::bad_file(format!("{shown}: {why}"))
}

/// The text of a file, without the mark that some spreadsheets put before it.
fn text(path: &Path) -> Result<String, Error> {
    let shown = path.display();
    let cannot = |why: String| Error::bad_file(format!("cannot read {shown}: {why}"));
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|trouble| cannot(trouble.to_string()).with_hint("check the path"))?;
    let read = file.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|trouble| cannot(trouble.to_string()).with_hint("name a CSV file"))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(cannot("it is larger than 64 MiB".into()).with_hint("split the table"));
    }
    let text = String::from_utf8(bytes).map_err(|trouble| {
        let valid = trouble.utf8_error().valid_up_to();
        let line = trouble.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
        cannot(format!("line {line} is not UTF-8 text")).with_hint("save the table as CSV in UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

/// For each row, why its cells cannot be read, if they cannot.
fn check(text: &str, shown: &str, needed: &[&str]) -> Result<Vec<Option<String>>, Error> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let broken = |error: csv::Error| bad_table(shown, &format!("not a readable CSV table: {error}"));
    let columns: Vec<String> = reader.headers().map_err(broken)?.iter().map(|name| name.trim().to_owned()).collect();
    if columns.iter().all(String::is_empty) {
        return Err(bad_table(shown, "the file is empty").with_hint("its first line names the columns"));
    }
    let missing = needed.iter().filter(|name| !columns.iter().any(|column| column == *name));
    if let Some(error) = Error::all(missing.map(|name| no_column(shown, name, &columns)).collect()) {
        return Err(error);
    }
    let records = reader.records().map(|record| Ok(junk(&columns, &record.map_err(broken)?)));
    let wrong: Vec<Option<String>> = records.collect::<Result<_, Error>>()?;
    if wrong.is_empty() {
        return Err(bad_table(shown, "there are no rows below the names of the columns"));
    }
    Ok(wrong)
}

fn no_column(shown: &str, name: &str, columns: &[String]) -> Error {
    let error = bad_table(shown, &format!("the table has no column `{name}`"));
    match nearest(name, columns.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("the nearest is `{near}`: rename it if it is meant")),
        None => error.with_hint("the columns are those of profiles/measurements/steps.csv and runs.csv, in any order"),
    }
}

/// The first cell of a row that is neither blank nor what its column holds.
fn junk(columns: &[String], record: &csv::StringRecord) -> Option<String> {
    columns.iter().zip(record).find_map(|(column, cell)| {
        let cell = cell.trim();
        let (count, number) = (COUNTS.contains(&column.as_str()), NUMBERS.contains(&column.as_str()));
        if BLANKS.contains(&cell.to_lowercase().as_str()) || !(count || number) {
            return None;
        }
        let readable = match cell.parse::<f64>() {
            Ok(value) if count => value == 0.0 || (value.fract() == 0.0 && (1.0..=1e9).contains(&value)),
            Ok(value) => value.is_finite() && value >= 0.0,
            Err(_) => false,
        };
        let kind = if count { "a whole number from 0 to 1e9" } else { "a number from 0 on" };
        (!readable).then(|| format!("{column}: `{}` is not {kind}", cell.chars().take(40).collect::<String>()))
    })
}

/// Parts the readable rows from the others, and gives those without an identifier their number.
fn sorted<R>(rows: Vec<R>, wrong: Vec<Option<String>>, id: impl Fn(&mut R) -> &mut String) -> Rows<R> {
    let mut all = Rows { read: Vec::new(), unreadable: Vec::new() };
    for (index, (mut row, wrong)) in rows.into_iter().zip(wrong).enumerate() {
        let name = id(&mut row);
        if name.is_empty() {
            *name = format!("row {}", index + 1);
        }
        match wrong {
            Some(reason) => all.unreadable.push((std::mem::take(name), reason)),
            None => all.read.push(row),
        }
    }
    all
}
