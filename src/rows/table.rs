//! CSV tables of measured steps and published runs: one struct a table, whose fields are its columns.

use std::cell::Cell;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use serde::de::value::{Error as Wrong, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};

use crate::error::{Error, nearest};
use crate::hardware::precision::{PRECISIONS, Precision, STATES, States};
use crate::layout::parallelism::{SCHEDULES, Schedule, ZERO_STAGES, ZeroStage};
use crate::model::flops::{KERNELS, Kernel, RECOMPUTES, Recompute};

/// Largest table that is read, which is some hundred thousand rows.
const MOST_BYTES: u64 = 64 << 20;

/// What stands in a cell that is left blank.
const BLANKS: [&str; 8] = ["", "-", "n/a", "na", "nan", "none", "null", "unknown"];

/// One row of a table.
pub trait Row: DeserializeOwned {
    /// Columns without which no row can be predicted.
    const NEEDED: &'static [&'static str];
    /// Columns of the public table that no prediction uses.
    const UNUSED: &'static [&'static str];
    /// Its identifier.
    fn id(&mut self) -> &mut String;
}

/// Rows of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows<R> {
    /// Those whose cells could be read, in the order of the table.
    pub read: Vec<R>,
    /// The identifiers of the others, each with the line, the column and the reason.
    pub unreadable: Vec<(String, String)>,
}

/// The rows of a user's file, with its columns in any order.
///
/// # Errors
/// A file that cannot be read, is no table, has no rows, lacks a column, or has one that nobody knows.
pub fn file<R: Row>(path: &Path) -> Result<Rows<R>, Error> {
    rows(&path.display().to_string(), &text(path)?)
}

/// The rows of a CSV text, which errors call `shown`.
///
/// # Errors
/// As [`file`], but for the file itself.
pub fn rows<R: Row>(shown: &str, text: &str) -> Result<Rows<R>, Error> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let broken = |error: csv::Error| bad_table(shown, &format!("not a readable CSV table: {error}"));
    let columns = reader.headers().map_err(broken)?.clone();
    check::<R>(shown, &columns)?;
    let mut all = Rows { read: Vec::new(), unreadable: Vec::new() };
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(broken)?;
        let number = || format!("row {}", index + 1);
        match one::<R>(&columns, &record) {
            Ok(mut row) => {
                if row.id().is_empty() {
                    *row.id() = number();
                }
                all.read.push(row);
            }
            Err(reason) => {
                let id = columns.iter().position(|column| column == "id").and_then(|place| record.get(place));
                let id = id.filter(|id| !id.is_empty()).map_or_else(number, str::to_owned);
                let line = record.position().map_or(0, csv::Position::line);
                all.unreadable.push((id, format!("line {line}, {reason}")));
            }
        }
    }
    if all.read.is_empty() && all.unreadable.is_empty() {
        return Err(bad_table(shown, "there are no rows below the names of the columns"));
    }
    Ok(all)
}

/// One row of cells that were read elsewhere, each under its column's name.
///
/// # Errors
/// The place of the cell that cannot be read, and why.
pub fn of_cells<R: Row>(cells: &[(&str, &str)]) -> Result<R, (usize, String)> {
    let at = Cell::new(0);
    let cells = cells.iter().enumerate().map(|(place, (column, text))| {
        at.set(place);
        (*column, CellText(text))
    });
    R::deserialize(MapDeserializer::new(cells)).map_err(|wrong: Wrong| (at.get(), wrong.to_string()))
}

/// The names of a table's columns.
pub fn columns<R: Row>() -> &'static [&'static str] {
    fields::<R>()
}

/// The rows of a table that comes with flopbill, all of which read.
pub(crate) fn shipped<R: Row>(name: &str, text: &str) -> Result<Vec<R>, Error> {
    let all = rows(name, text)?;
    match all.unreadable.first() {
        Some((id, reason)) => Err(bad_table(name, &format!("{id}: {reason}"))),
        None => Ok(all.read),
    }
}

/// One row; a record that is too short has blanks at its end.
fn one<R: Row>(columns: &csv::StringRecord, record: &csv::StringRecord) -> Result<R, String> {
    let at = Cell::new("");
    let cells = columns.iter().enumerate().filter(|(_, column)| !column.is_empty()).map(|(place, column)| {
        at.set(column);
        (column, CellText(record.get(place).unwrap_or_default()))
    });
    R::deserialize(MapDeserializer::new(cells)).map_err(|wrong: Wrong| format!("{}: {wrong}", at.get()))
}

fn bad_table(shown: &str, why: &str) -> Error {
    Error::bad_file(format!("{shown}: {why}"))
}

/// Refuses a table that lacks a column, or has one that nobody knows.
fn check<R: Row>(shown: &str, columns: &csv::StringRecord) -> Result<(), Error> {
    if columns.iter().all(str::is_empty) {
        return Err(bad_table(shown, "the file is empty").with_hint("its first line names the columns"));
    }
    let known = fields::<R>();
    let hint = |error: Error, name: &str, among: &[&str]| match nearest(name, among.iter().copied()) {
        Some(near) => error.with_hint(format!("the nearest is `{near}`: rename it if it is meant")),
        None => error.with_hint(format!("the columns are, in any order: {}", known.join(", "))),
    };
    let there: Vec<&str> = columns.iter().collect();
    let missing = R::NEEDED
        .iter()
        .filter(|name| !there.contains(name))
        .map(|name| hint(bad_table(shown, &format!("the table has no column `{name}`")), name, &there));
    if let Some(error) = Error::all(missing.collect()) {
        return Err(error);
    }
    let named = there.iter().filter(|name| !name.is_empty());
    let unknown = named
        .filter(|name| !known.contains(name) && !R::UNUSED.contains(name))
        .map(|name| hint(bad_table(shown, &format!("unknown column `{name}`")), name, known));
    Error::all(unknown.collect()).map_or(Ok(()), Err)
}

/// The text of a file, without the mark that some spreadsheets put before it.
///
/// # Errors
/// A file that cannot be read, is larger than 64 MiB, or is not UTF-8.
pub fn text(path: &Path) -> Result<String, Error> {
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

/// The names of a struct's fields, as its derived reader asks for them.
fn fields<R: Row>() -> &'static [&'static str] {
    struct Asked<'a>(&'a mut &'static [&'static str]);
    impl<'de> Deserializer<'de> for Asked<'_> {
        type Error = Wrong;
        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wrong> {
            Err(Wrong::custom("only the names are asked for"))
        }
        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Wrong> {
            *self.0 = fields;
            self.deserialize_any(visitor)
        }
        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let mut found: &'static [&'static str] = &[];
    let _ = R::deserialize(Asked(&mut found)); // an error by design
    found
}

/// A cell, read as its column's type asks; a zero is blank, as is a word for nothing.
struct CellText<'a>(&'a str);

impl CellText<'_> {
    fn number(&self, what: &str, takes: impl Fn(&f64) -> bool) -> Result<f64, Wrong> {
        self.0.parse().ok().filter(takes).ok_or_else(|| none_of(self.0, what))
    }
}

impl<'de> Deserializer<'de> for CellText<'_> {
    type Error = Wrong;
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_str(self.0)
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let blank = BLANKS.contains(&self.0.to_lowercase().as_str()) || self.0.parse() == Ok(0.0);
        if blank { visitor.visit_none() } else { visitor.visit_some(self) }
    }
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let whole = |number: &f64| number.fract() == 0.0 && (0.0..=1e9).contains(number);
        visitor.visit_u32(self.number("a whole number from 0 to 1e9", whole)? as u32)
    }
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_f64(self.number("a number from 0 on", |number| number.is_finite() && *number >= 0.0)?)
    }
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0.to_lowercase().as_str() {
            "true" | "yes" => visitor.visit_bool(true),
            "false" | "no" => visitor.visit_bool(false),
            _ => Err(none_of(self.0, "true or false")),
        }
    }
    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u64 f32 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl<'a> IntoDeserializer<'_, Wrong> for CellText<'a> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// The refusal of a cell, which is cut where it is long.
fn none_of<E: serde::de::Error>(text: &str, what: &str) -> E {
    E::custom(format!("`{}` is not {what}", text.chars().take(40).collect::<String>()))
}

/// A whole number of which zero is one, not a blank.
pub(super) fn zero_counts<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let text = String::deserialize(from)?;
    if text == "0" { Ok(Some(0)) } else { Option::deserialize(CellText(&text)).map_err(D::Error::custom) }
}

/// What a column takes by name.
pub(crate) trait Named: Copy + 'static {
    /// The names.
    const NAMES: &'static [(&'static str, Self)];
    /// Names that mean one of those.
    const OTHERS: &'static [(&'static str, Self)] = &[];
}

impl Named for Recompute {
    const NAMES: &'static [(&'static str, Self)] = &RECOMPUTES;
    /// A few layers of many are nearer to none.
    const OTHERS: &'static [(&'static str, Self)] = &[("few-layers", Self::None)];
}

impl Named for Precision {
    const NAMES: &'static [(&'static str, Self)] = &PRECISIONS;
    const OTHERS: &'static [(&'static str, Self)] = &[("nvfp4", Self::Fp4), ("mxfp4", Self::Fp4)];
}

impl Named for Kernel {
    const NAMES: &'static [(&'static str, Self)] = &KERNELS;
}

impl Named for States {
    const NAMES: &'static [(&'static str, Self)] = &STATES;
}

impl Named for Schedule {
    const NAMES: &'static [(&'static str, Self)] = &SCHEDULES;
}

impl Named for ZeroStage {
    const NAMES: &'static [(&'static str, Self)] = &ZERO_STAGES;
}

/// One of a few names; a blank may stand for none of them.
pub(crate) fn choice<'de, T: Named, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    let wanted = text.to_lowercase();
    match T::NAMES.iter().chain(T::OTHERS).find(|(name, _)| *name == wanted) {
        Some((_, found)) => Ok(Some(*found)),
        None if BLANKS.contains(&wanted.as_str()) => Ok(None),
        None => {
            let names: Vec<&str> = T::NAMES.iter().map(|(name, _)| *name).collect();
            Err(none_of(&text, &format!("one of {}", names.join(", "))))
        }
    }
}
