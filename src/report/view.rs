//! What every format shows: sections of labelled rows for people, records for spreadsheets, one value for machines.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::json;
use crate::ask::reply::ReplyHead;
use crate::units::money::shown_in;

/// An answer, ready to be written in any format.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// One line: what this is.
    pub title: String,
    /// One sentence with the answer, above everything else.
    pub summary: String,
    /// Tables for people.
    pub sections: Vec<Section>,
    /// Lists below the tables: assumptions, sources.
    pub notes: Vec<Notes>,
    /// The last line: what else there is, and how to see it.
    pub more: String,
    /// Rows for spreadsheets, in base units.
    pub records: Records,
    /// Everything, for machines.
    pub json: Value,
}

/// When people see a table or a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shown {
    /// It is of the answer: shown as far as it fits one screen.
    #[default]
    Answer,
    /// It was asked for by a flag of its own: always, and whole.
    Asked,
    /// Where all is not shown: what stands in for longer tables.
    Brief,
    /// Where its topic is asked for.
    Topic(&'static str),
}

/// One table.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// When it is shown.
    pub shown: Shown,
    /// What its rows have in common.
    pub heading: String,
    /// The columns' names; the first holds labels, numbers are right-aligned.
    pub columns: Vec<Cow<'static, str>>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// Which columns hold numbers.
    pub numeric: Vec<usize>,
}

/// One list of sentences.
#[derive(Debug, Clone)]
pub struct Notes {
    /// When it is shown.
    pub shown: Shown,
    /// Assumptions, Sources.
    pub heading: &'static str,
    /// The sentences.
    pub lines: Vec<String>,
}

/// Rows with named columns, values unrounded.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// The columns' names, with their units.
    pub columns: Vec<String>,
    /// The rows; what is not known is empty.
    pub rows: Vec<Vec<String>>,
}

impl Records {
    /// The rows of a reply's main table, each a struct of its own: a column for every key, in the order of the
    /// fields, `key.inner` for those further in. A list of texts or numbers is one cell.
    pub fn of<T: Serialize>(rows: &[T]) -> Self {
        let rows: Vec<Value> = rows.iter().map(json::reply).collect();
        Self::flat(rows.iter())
    }

    /// The rows of lists that stand in a machine's reply, one list below the other.
    pub fn at(json: &Value, pointers: &[&str]) -> Self {
        let lists = pointers.iter().filter_map(|pointer| json.pointer(pointer).and_then(Value::as_array));
        Self::flat(lists.flatten())
    }

    fn flat<'a>(rows: impl Iterator<Item = &'a Value>) -> Self {
        let mut records = Self::default();
        for row in rows {
            let mut cells = vec![String::new(); records.columns.len()];
            json::leaves("", row, &mut |path, value| {
                let known = records.columns.iter().position(|column| column == path);
                let index = known.unwrap_or_else(|| {
                    records.columns.push(path.to_owned());
                    cells.push(String::new());
                    cells.len() - 1
                });
                if let Some(cell) = cells.get_mut(index) {
                    *cell = if value.is_f64() { json::cell(value.as_f64()) } else { json::text_of(value) };
                }
            });
            records.rows.push(cells);
        }
        let width = records.columns.len();
        records.rows.iter_mut().for_each(|row| row.resize(width, String::new()));
        records
    }
}

impl Section {
    /// An empty table whose columns from the second on hold numbers.
    pub fn new(heading: impl Into<String>, columns: &[&'static str]) -> Self {
        let numeric = (1..columns.len()).collect();
        Self {
            shown: Shown::Answer,
            heading: heading.into(),
            columns: columns.iter().copied().map(Cow::Borrowed).collect(),
            rows: Vec::new(),
            numeric,
        }
    }

    /// An empty table of labels, values and remarks.
    pub fn facts(heading: impl Into<String>) -> Self {
        Self { numeric: vec![1], ..Self::new(heading, &["", "", ""]) }
    }

    /// The same, shown where its topic is asked for.
    #[must_use]
    pub fn on(self, topic: &'static str) -> Self {
        self.shown(Shown::Topic(topic))
    }

    /// The same, shown then.
    #[must_use]
    pub fn shown(self, shown: Shown) -> Self {
        Self { shown, ..self }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// Adds a label, a value and a remark.
    pub fn fact(&mut self, label: &str, value: impl Into<String>, remark: impl Into<String>) {
        self.rows.push(vec![label.into(), value.into(), remark.into()]);
    }
}

impl View {
    /// A view of a reply: everything for machines, `result` for spreadsheets, and nothing for people yet.
    pub fn with_reply<T: Serialize>(reply: &T) -> Self {
        let json = json::reply(reply);
        let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let records = Records::flat(json.get("result").into_iter());
        Self { title: text("name"), records, json, ..Self::default() }
    }

    /// A view whose money is in the currency that the head of the reply names: said in its summary, and beside its records, whose
    /// own money stays in dollars.
    pub fn in_currency(head: &ReplyHead, make: impl FnOnce() -> Self) -> Self {
        let Some(currency) = &head.currency else { return make() };
        let mut view = shown_in(currency.rate.shown(), make);
        let apart = if view.summary.is_empty() { "" } else { " " };
        view.summary += &format!("{apart}Money is in {}, {}.", currency.code, currency.rate.words());
        let beside = [
            ("currency", currency.code.clone()),
            ("usd_per_unit", json::cell(Some(currency.usd_per_unit))),
            ("rate_date", currency.date.clone().unwrap_or_default()),
        ];
        for (column, value) in beside {
            if view.records.columns.iter().all(|known| known != column) {
                view.records.columns.push(column.to_owned());
                view.records.rows.iter_mut().for_each(|row| row.push(value.clone()));
            }
        }
        view
    }

    /// Adds what the head of a reply says to people: what was assumed, and the sources.
    pub fn head_notes(&mut self, head: &ReplyHead) {
        self.note_on("assumptions", "Assumptions", head.assumptions.clone());
        self.note_on("sources", "Sources", head.sources.iter().map(ToString::to_string).collect());
    }

    /// Adds a list of sentences, unless it is empty.
    pub fn note(&mut self, heading: &'static str, lines: Vec<String>) {
        self.note_on("notes", heading, lines);
    }

    /// The same on a topic of its own.
    pub fn note_on(&mut self, topic: &'static str, heading: &'static str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.notes.push(Notes { shown: Shown::Topic(topic), heading, lines });
        }
    }

    /// The same, always shown: the answer cannot be read without it.
    pub fn say(&mut self, heading: &'static str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.notes.push(Notes { shown: Shown::Answer, heading, lines });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        cost_usd: Option<f64>,
        days: Vec<f64>,
    }

    #[test]
    fn rows_become_columns_with_dotted_names_and_equal_lengths() {
        let rows = [
            Row { name: "a", cost_usd: None, days: vec![] },
            Row { name: "b", cost_usd: Some(2.5), days: vec![1.0, f64::NAN] },
        ];
        let records = Records::of(&rows);
        assert_eq!(records.columns, ["name", "cost_usd", "days"]);
        assert_eq!(records.rows, [["a", "", ""], ["b", "2.5", "1; "]]);
    }
}
