//! The values and sources of one document with their places.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Error;
use crate::read::Document;

/// One value.
pub struct Leaf<'d> {
    /// Its path; items of a list of tables are not told apart: `quote.price`.
    pub path: String,
    /// The value.
    pub value: &'d DeValue<'d>,
    /// Where it stands.
    pub span: Range<usize>,
}

impl<'d> Leaf<'d> {
    /// The value as it would be typed.
    pub fn text(&self) -> Option<&'d str> {
        text(self.value)
    }
}

/// One entry of `[sources]`.
pub struct Entry<'d> {
    /// The path that it speaks of.
    pub path: &'d str,
    /// Where that stands.
    pub span: Range<usize>,
    table: &'d DeTable<'d>,
}

impl<'d> Entry<'d> {
    /// A text of the entry, empty where there is none, and where it stands.
    pub fn get(&self, key: &str) -> (&'d str, Range<usize>) {
        let value = self.table.get(key);
        let shown = value.and_then(|value| value.get_ref().as_str()).unwrap_or_default();
        (shown, value.map_or(self.span.clone(), Spanned::span))
    }

    /// The day that it speaks of, as written.
    pub fn as_of(&self) -> Option<(String, Range<usize>)> {
        let value = self.table.get("as_of")?;
        Some((day(value.get_ref())?, value.span()))
    }
}

/// The values and sources of one document.
pub struct Entries<'d> {
    /// The document.
    pub document: &'d Document,
    /// Its values.
    pub leaves: Vec<Leaf<'d>>,
    /// Its sources.
    pub sources: Vec<Entry<'d>>,
    /// The names that it lists.
    pub aliases: Vec<(&'d str, Range<usize>)>,
    root: &'d DeTable<'d>,
}

impl<'d> Entries<'d> {
    /// Takes a document apart.
    pub fn of(document: &'d Document, root: &'d DeTable<'d>) -> Self {
        let mut leaves = Vec::new();
        for (key, value) in root.iter().filter(|(key, _)| !matches!(key.get_ref().as_ref(), "sources" | "aliases")) {
            walk(key.get_ref().to_string(), value, &mut leaves);
        }
        let below = root.get("sources").and_then(|value| value.get_ref().as_table());
        let sources = below.into_iter().flat_map(DeTable::iter).filter_map(|(key, value)| {
            let table = value.get_ref().as_table()?;
            Some(Entry { path: key.get_ref().as_ref(), span: key.span(), table })
        });
        let list = root.get("aliases").and_then(|value| value.get_ref().as_array());
        let aliases = list.into_iter().flat_map(|list| list.iter());
        let aliases = aliases.filter_map(|alias| Some((alias.get_ref().as_str()?, alias.span()))).collect();
        Self { document, leaves, sources: sources.collect(), aliases, root }
    }

    /// A text above the first table.
    pub fn top(&self, key: &str) -> Option<&'d str> {
        self.root.get(key)?.get_ref().as_str()
    }

    /// Where the profile is named: its first line, if it is not.
    pub fn name_span(&self) -> Range<usize> {
        self.root.get("name").map_or(0..0, Spanned::span)
    }

    /// The error at a place of the document.
    pub fn at(&self, span: &Range<usize>, error: Error) -> Error {
        error.at(&self.document.file, &self.document.text, span.clone())
    }
}

fn walk<'d>(path: String, value: &'d Spanned<DeValue<'d>>, leaves: &mut Vec<Leaf<'d>>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            table.iter().for_each(|(key, inner)| walk(format!("{path}.{}", key.get_ref()), inner, leaves));
        }
        DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
            items.iter().for_each(|item| walk(path.clone(), item, leaves));
        }
        inner => leaves.push(Leaf { path, value: inner, span: value.span() }),
    }
}

/// A text or a number as it would be typed.
fn text<'d>(value: &'d DeValue<'d>) -> Option<&'d str> {
    match value {
        DeValue::String(text) => Some(text),
        DeValue::Integer(number) => Some(number.as_str()),
        DeValue::Float(number) => Some(number.as_str()),
        _ => None,
    }
}

/// A date, written as one or in quotes.
pub fn day(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Datetime(date) => Some(date.to_string()),
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    }
}
