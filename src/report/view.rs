//! What every format shows: sections of labelled rows for people, records for spreadsheets, one value for machines.

use serde_json::Value;

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
    /// Rows for spreadsheets, in base units.
    pub records: Records,
    /// Everything, for machines.
    pub json: Value,
}

/// One table.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// What its rows have in common.
    pub heading: String,
    /// The columns' names; the first holds labels, numbers are right-aligned.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// Which columns hold numbers.
    pub numeric: Vec<usize>,
}

/// One list of sentences.
#[derive(Debug, Clone)]
pub struct Notes {
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

impl Section {
    /// An empty table whose columns from the second on hold numbers.
    pub fn new(heading: impl Into<String>, columns: &[&'static str]) -> Self {
        let numeric = (1..columns.len()).collect();
        Self { heading: heading.into(), columns: columns.to_vec(), rows: Vec::new(), numeric }
    }

    /// An empty table of labels, values and remarks.
    pub fn facts(heading: impl Into<String>) -> Self {
        Self { numeric: vec![1], ..Self::new(heading, &["", "", ""]) }
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
    /// Adds a list of sentences, unless it is empty.
    pub fn note(&mut self, heading: &'static str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.notes.push(Notes { heading, lines });
        }
    }
}
