//! The values of a profile one by one, as they are shown.

use toml::de::{DeTable, DeValue};

use crate::error::Error;
use crate::read::{Document, Sources};

/// A value's path and its text.
pub type Leaf = (String, String);

/// Every value of a document but its sources, in the order of the file.
///
/// # Errors
/// Text that is not TOML.
pub fn leaves(document: &Document) -> Result<(Vec<Leaf>, Sources), Error> {
    let mut sources = Sources::default();
    let _ = document.read(|r| {
        sources = r.sources();
        Some(())
    }); // the other keys are unknown to this reading, which is of no interest
    let table = DeTable::parse(&document.text).map_err(|trouble| Error::bad_file(trouble.message().to_owned()))?;
    let mut found = Vec::new();
    walk("", table.get_ref(), &mut found);
    found.retain(|(_, path, _)| !path.starts_with("sources."));
    found.sort();
    Ok((found.into_iter().map(|(_, path, value)| (path, value)).collect(), sources))
}

/// Collects leaves with their position, so that they can be put in the order of the file.
fn walk(above: &str, table: &DeTable<'_>, found: &mut Vec<(usize, String, String)>) {
    for (key, value) in table {
        let path = if above.is_empty() { key.get_ref().to_string() } else { format!("{above}.{}", key.get_ref()) };
        one(&path, value.span().start, value.get_ref(), found);
    }
}

fn one(path: &str, at: usize, value: &DeValue<'_>, found: &mut Vec<(usize, String, String)>) {
    match value {
        DeValue::Table(table) => walk(path, table, found),
        DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
            for (index, item) in items.iter().enumerate() {
                one(&format!("{path}[{index}]"), item.span().start, item.get_ref(), found);
            }
        }
        other => found.push((at, path.to_owned(), text_of(other))),
    }
}

/// A value as it is shown; a list by its items.
pub fn text_of(value: &DeValue<'_>) -> String {
    let DeValue::Array(items) = value else { return scalar(value) };
    let texts: Vec<String> = items.iter().map(|item| scalar(item.get_ref())).collect();
    let between = if texts.iter().any(|text| text.contains(", ")) { "; " } else { ", " };
    texts.join(between)
}

fn scalar(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => String::new(),
    }
}
