//! The columns of measured steps under every name that people give them, and what stands in them.

use crate::error::{Error, nearest};
use crate::input::batch::Batch;
use crate::input::text::{rate, share};
use crate::rows::steps::{FlopCounting, Metric, StepRow};
use crate::rows::table::{columns, of_cells};
use crate::units::parse::parse;
use crate::units::{FlopPerSecond, Quantity as _, Seconds};

/// What one column holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Column {
    /// How fast the step was.
    Value(Metric, Scale),
    /// What the value is, by name.
    Metric,
    /// The value that goes with it.
    Number,
    /// Sequences or tokens of a step.
    Batch,
    /// A column of the table of steps.
    Of(&'static str),
    /// The number of the step, where another column is its time.
    Index,
    /// Nothing that a prediction uses.
    Unused,
}

/// What a bare number is in, or what it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    One,
    Thousandth,
    Counted(FlopCounting),
}

/// What says how fast a step was.
const VALUES: [(&str, Metric, Scale); 42] = [
    ("step", Metric::Seconds, Scale::One),
    ("step_s", Metric::Seconds, Scale::One),
    ("step_time", Metric::Seconds, Scale::One),
    ("step_time_s", Metric::Seconds, Scale::One),
    ("step_seconds", Metric::Seconds, Scale::One),
    ("iter_time", Metric::Seconds, Scale::One),
    ("iter_time_s", Metric::Seconds, Scale::One),
    ("iteration_time", Metric::Seconds, Scale::One),
    ("iteration_time_s", Metric::Seconds, Scale::One),
    ("seconds", Metric::Seconds, Scale::One),
    ("time", Metric::Seconds, Scale::One),
    ("time_s", Metric::Seconds, Scale::One),
    ("step_ms", Metric::Seconds, Scale::Thousandth),
    ("step_time_ms", Metric::Seconds, Scale::Thousandth),
    ("iter_time_ms", Metric::Seconds, Scale::Thousandth),
    ("iteration_time_ms", Metric::Seconds, Scale::Thousandth),
    ("time_ms", Metric::Seconds, Scale::Thousandth),
    ("elapsed_time_per_iteration", Metric::Seconds, Scale::One),
    ("elapsed_time_per_iteration_s", Metric::Seconds, Scale::One),
    ("elapsed_time_per_iteration_ms", Metric::Seconds, Scale::Thousandth),
    ("tokens_per_second", Metric::TokensOfAll, Scale::One),
    ("tokens_per_s", Metric::TokensOfAll, Scale::One),
    ("tokens_s", Metric::TokensOfAll, Scale::One),
    ("tokens_sec", Metric::TokensOfAll, Scale::One),
    ("tokens_per_sec", Metric::TokensOfAll, Scale::One),
    ("throughput", Metric::TokensOfAll, Scale::One),
    ("tokens_per_s_per_gpu", Metric::Tokens, Scale::One),
    ("tokens_per_second_per_gpu", Metric::Tokens, Scale::One),
    ("tokens_per_s_per_chip", Metric::Tokens, Scale::One),
    ("tokens_per_second_per_chip", Metric::Tokens, Scale::One),
    ("tokens_s_gpu", Metric::Tokens, Scale::One),
    ("tokens_sec_gpu", Metric::Tokens, Scale::One),
    ("tokens_s_chip", Metric::Tokens, Scale::One),
    ("tgs", Metric::Tokens, Scale::One),
    ("tflops_per_gpu", Metric::Tflops, Scale::One),
    ("tflops_per_chip", Metric::Tflops, Scale::One),
    ("tflops", Metric::Tflops, Scale::One),
    ("mfu", Metric::Mfu, Scale::One),
    ("mfu_causal", Metric::Mfu, Scale::Counted(FlopCounting::Causal)),
    ("mfu_full", Metric::Mfu, Scale::Counted(FlopCounting::Full)),
    ("mfu_6nd", Metric::Mfu, Scale::Counted(FlopCounting::SixNd)),
    ("hfu", Metric::Mfu, Scale::Counted(FlopCounting::Hardware)),
];

/// Other names of the columns of the table of steps.
const ALSO: [(&str, &str); 18] = [
    ("chip", "gpu"),
    ("accelerator", "gpu"),
    ("chips", "num_gpus"),
    ("gpus", "num_gpus"),
    ("n_gpus", "num_gpus"),
    ("sequence_length", "seq_len"),
    ("sequence", "seq_len"),
    ("context", "seq_len"),
    ("sequences", "global_batch_seqs"),
    ("mbs", "micro_batch"),
    ("micro_batch_size", "micro_batch"),
    ("sequence_parallel", "seq_parallel"),
    ("software", "stack"),
    ("counting", "flop_counting"),
    ("tensor_parallel", "tp"),
    ("pipeline_parallel", "pp"),
    ("expert_parallel", "ep"),
    ("context_parallel", "cp"),
];

/// Columns that logs and public tables have and no prediction uses.
const UNUSED: [&str; 22] = [
    "source_detail",
    "active_params_b",
    "nic_basis",
    "iteration",
    "iter",
    "step_number",
    "global_step",
    "epoch",
    "loss",
    "lm_loss",
    "train_loss",
    "lr",
    "learning_rate",
    "grad_norm",
    "loss_scale",
    "consumed_samples",
    "consumed_tokens",
    "tokens_seen",
    "date",
    "timestamp",
    "memory",
    "memory_gb",
];

/// The columns of a table, each with what it holds.
#[derive(Debug, Clone)]
pub(super) struct Columns(Vec<Column>);

/// The name as the lists have it: `step time (ms)` is `step_time_ms`.
fn plain(name: &str) -> String {
    let words = name.to_lowercase().replace([' ', '-', '/', '(', ')', '[', ']'], "_");
    words.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

impl Columns {
    /// Knows each column.
    ///
    /// # Errors
    /// A column that nobody knows, with its place and the nearest; none that says how fast a step was, or two.
    pub fn of<'n>(names: impl Iterator<Item = &'n str>) -> Result<Self, (Option<usize>, Error)> {
        let names: Vec<String> = names.map(plain).collect();
        let mut found = Vec::with_capacity(names.len());
        for (place, name) in names.iter().enumerate() {
            let column = known(name).ok_or_else(|| (Some(place), unknown(name)))?;
            if let Some(error) = twice(&names, &found, name, column) {
                return Err((Some(place), error));
            }
            found.push(column);
        }
        let says = |column: &Column| matches!(column, Column::Value(..) | Column::Number);
        // Where another column is the time, `step` numbers the steps.
        if found.iter().filter(|column| says(column)).count() > 1 {
            for (column, name) in found.iter_mut().zip(&names) {
                *column = if name == "step" { Column::Index } else { *column };
            }
        }
        let mut fast = found.iter().enumerate().filter(|(_, column)| says(column)).map(|(place, _)| place);
        match (fast.next(), fast.next()) {
            (None, _) => Err((None, nothing_said(&names))),
            (Some(first), Some(second)) => {
                let both = [first, second].map(|place| names.get(place).map_or("", String::as_str));
                let message = format!("`{}` and `{}` both say how fast the step was", both[0], both[1]);
                Err((Some(second), Error::bad_input(message).with_hint("leave one of them out")))
            }
            (Some(place), None) => {
                let pair = [Column::Metric, Column::Number].map(|one| found.contains(&one));
                if pair[0] != pair[1] {
                    let error = Error::bad_input("`metric` and `value` go together");
                    return Err((Some(place), error.with_hint("write both, or `step` with a time")));
                }
                Ok(Self(found))
            }
        }
    }

    /// Reads one row, with its batch where that is not in sequences; a record that is too short has blanks at its end.
    ///
    /// # Errors
    /// The place of the cell that does not read, and why.
    pub fn row<'t>(&self, cells: impl Iterator<Item = &'t str>) -> Result<(StepRow, Option<Batch>), (usize, Error)> {
        let texts: Vec<&str> = cells.map(str::trim).collect();
        let text = |place: usize| texts.get(place).copied().unwrap_or_default();
        let (mut of_table, mut places) = (Vec::new(), Vec::new());
        for (place, column) in self.0.iter().enumerate() {
            match column {
                Column::Of(name) if COUNTS.contains(name) && text(place).parse::<f64>() == Ok(0.0) => {
                    let error = Error::bad_input(format!("`{}` is not a whole number from 1 on", text(place)));
                    return Err((place, error.with_hint("leave it blank where it is as the question has it")));
                }
                Column::Of(name) => {
                    of_table.push((*name, text(place)));
                    places.push(place);
                }
                Column::Metric if !text(place).is_empty() => {
                    named_metric(text(place)).map_err(|error| (place, error))?;
                }
                _ => {}
            }
        }
        let wrong = |(at, why): (usize, String)| {
            let error = Error::bad_input(why).with_hint("leave it blank where it is as the question has it");
            (places.get(at).copied().unwrap_or(0), error)
        };
        let mut row: StepRow = of_cells(&of_table).map_err(wrong)?;
        let mut batch = row.global_batch_seqs.map(|sequences| Batch::Sequences(f64::from(sequences)));
        for (place, column) in self.0.iter().enumerate().filter(|(place, _)| !text(*place).is_empty()) {
            let at = |error: Error| (place, error);
            match column {
                Column::Value(metric, scale) => put(&mut row, *metric, *scale, text(place)).map_err(at)?,
                Column::Number => {
                    let metric = self.0.iter().position(|column| *column == Column::Metric).map(text);
                    let (metric, scale) = named_metric(metric.unwrap_or_default()).map_err(at)?;
                    put(&mut row, metric, scale, text(place)).map_err(at)?;
                }
                Column::Batch => batch = Some(batch_of(text(place)).map_err(at)?),
                Column::Index if text(place).parse::<u64>().is_err() => {
                    let error =
                        Error::bad_input("`step` numbers the steps where another column says how fast they were");
                    return Err(at(error.with_hint("leave one of the two out")));
                }
                Column::Metric | Column::Of(_) | Column::Index | Column::Unused => {}
            }
        }
        Ok((row, batch))
    }
}

fn known(name: &str) -> Option<Column> {
    if let Some((_, metric, scale)) = VALUES.iter().find(|(known, ..)| *known == name) {
        return Some(Column::Value(*metric, *scale));
    }
    match name {
        "metric" => return Some(Column::Metric),
        "value" => return Some(Column::Number),
        "global_batch" | "batch" => return Some(Column::Batch),
        "" => return Some(Column::Unused),
        _ => {}
    }
    if UNUSED.contains(&name) {
        return Some(Column::Unused);
    }
    let own = ALSO.iter().find(|(also, _)| *also == name).map_or(name, |(_, own)| own);
    columns::<StepRow>().iter().find(|column| **column == own).map(|column| Column::Of(column))
}

/// That a column is there before, by this name or by another.
fn twice(names: &[String], before: &[Column], name: &str, column: Column) -> Option<Error> {
    let of_table = matches!(column, Column::Of(_) | Column::Batch);
    let mut named = names.iter().zip(before).filter(|_| column != Column::Unused);
    let (other, _) = named.find(|(other, known)| *other == name || of_table && **known == column)?;
    let message = match other == name {
        true => format!("the column `{name}` is given twice"),
        false => format!("`{other}` and `{name}` are one column, given twice"),
    };
    Some(Error::bad_input(message).with_hint("leave one of them out"))
}

/// Columns in which a zero is a mistake, not a blank.
const COUNTS: [&str; 3] = ["num_gpus", "seq_len", "micro_batch"];

fn names() -> impl Iterator<Item = &'static str> {
    let values = VALUES.iter().map(|(name, ..)| *name);
    values.chain(ALSO.iter().map(|(also, _)| *also)).chain(columns::<StepRow>().iter().copied()).chain(["global_batch"])
}

fn unknown(name: &str) -> Error {
    let error = Error::bad_input(format!("unknown column `{name}`"));
    match nearest(name, names()) {
        Some(near) => error.with_hint(format!("the nearest is `{near}`: rename it if it is meant")),
        None => error.with_hint(
            "the columns are, in any order: one of step, tokens_per_second, tflops_per_gpu, mfu; and where they are not \
             the question's: chips, gpu, model, seq_len, global_batch, tp, pp, vpp, cp, ep, dp, micro_batch, zero, \
             recompute, precision, stack",
        ),
    }
}

fn nothing_said(names: &[String]) -> Error {
    let among = VALUES.iter().map(|(name, ..)| *name);
    let near = names.iter().find_map(|name| nearest(name, among.clone()).filter(|_| !name.is_empty()));
    let error = Error::bad_input("no column says how fast the step was");
    match near {
        Some(near) => error.with_hint(format!("the nearest is `{near}`: rename it if it is meant")),
        None => error.with_hint("name one `step` (a time), `tokens_per_second`, `tflops_per_gpu` or `mfu`"),
    }
}

/// A metric by its name.
fn named_metric(name: &str) -> Result<(Metric, Scale), Error> {
    let wanted = plain(name);
    let found = VALUES.iter().find(|(known, ..)| *known == wanted).map(|(_, metric, scale)| (*metric, *scale));
    found.ok_or_else(|| Error::unknown_of("metric", name, VALUES.iter().map(|(known, ..)| *known)))
}

fn batch_of(text: &str) -> Result<Batch, Error> {
    match text.parse::<f64>() {
        Ok(sequences) if sequences >= 1.0 => Ok(Batch::Sequences(sequences)),
        _ => Batch::parse(text),
    }
}

/// Puts in how fast the step was.
fn put(row: &mut StepRow, metric: Metric, scale: Scale, text: &str) -> Result<(), Error> {
    let value = value_of(metric, scale, text)?;
    if let Scale::Counted(counting) = scale {
        row.flop_counting = row.flop_counting.or(Some(counting));
    }
    if matches!(metric, Metric::Mfu | Metric::Tflops) {
        // As the answers count theirs, so that an answer's MFU can be given back.
        row.flop_counting = row.flop_counting.or(Some(FlopCounting::SixNd));
    }
    (row.metric, row.value) = (Some(metric), Some(value));
    Ok(())
}

/// A number in the unit of its metric, within what can be meant.
fn value_of(metric: Metric, scale: Scale, text: &str) -> Result<f64, Error> {
    let bare = text.replace('_', "").parse::<f64>().ok();
    let (value, low, high, like) = match metric {
        Metric::Seconds => {
            let unit = if scale == Scale::Thousandth { 1e-3 } else { 1.0 };
            let time = || parse::<Seconds>(text).map(|time| time.get());
            (bare.map_or_else(time, |number| Ok(number * unit)), 1e-4, 1e5, "2.9 s")
        }
        Metric::Tokens => (rate(text), 1e-2, 1e8, "3450"),
        Metric::TokensOfAll => (rate(text), 1e-1, 1e13, "1.2M"),
        Metric::Tflops => {
            let speed = || parse::<FlopPerSecond>(text).map(|speed| speed.base() / 1e12);
            (bare.map_or_else(speed, Ok), 1e-2, 1e5, "412")
        }
        Metric::Mfu => (bare.map_or_else(|| share(text).map(|share| share.get()), Ok), 1e-4, 1.0, "38%"),
    };
    let hint = |error: Error| error.with_hint(format!("write it like `{like}`"));
    let value = value.map_err(hint)?;
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    let why = match value {
        value if !value.is_finite() => "is not a finite number",
        value if value < 0.0 => "is below zero",
        0.0 => "is no measurement",
        value if value < low => "is too small to be meant",
        _ if metric == Metric::Mfu => "is more than 100 %",
        _ => "is too large to be meant",
    };
    Err(hint(Error::bad_input(format!("`{text}` {why}"))))
}
