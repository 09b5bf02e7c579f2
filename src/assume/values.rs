//! The values of assumption files one by one, each with its file and line, its source and its flag.

use serde::Serialize;
use toml::de::{DeTable, DeValue};

use super::{ASSUMPTIONS, Assumption, of_path};
use crate::catalog::{Catalog, Kind};
use crate::error::Error;
use crate::input::field::field;
use crate::read::{Document, Sources};

/// One value of an assumption file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AssumptionValue {
    /// The file's name among profiles.
    pub file: String,
    /// Its key.
    pub path: String,
    /// As it is written.
    pub value: String,
    /// In what, where its text does not say.
    pub unit: &'static str,
    /// How well it is known.
    pub kind: Option<String>,
    /// Its file and line.
    pub origin: String,
    /// What its source is called.
    pub source: Option<String>,
    /// The flag that lays another value over it.
    pub flag: Option<String>,
    /// The field of that flag, for `--set` and specs.
    pub field: Option<&'static str>,
}

/// Every value of every file.
///
/// # Errors
/// A file that does not read.
pub fn all(catalog: &Catalog) -> Result<Vec<AssumptionValue>, Error> {
    let files = catalog.ids(Kind::Assumptions).into_iter().map(|id| values(&id, catalog));
    Ok(files.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect())
}

/// Every value of a file, those of a user's before those that ship, each once, in the order of the file that ships.
///
/// # Errors
/// A file that does not read.
pub fn values(id: &str, catalog: &Catalog) -> Result<Vec<AssumptionValue>, Error> {
    let found = catalog.find(Kind::Assumptions, id)?;
    let mut sources = Sources::default();
    let _ = found.document.read(|r| {
        sources = r.sources();
        Some(())
    }); // the other keys are unknown to this reading, which is of no interest
    let layers: Vec<&Document> = found.document.layers().collect();
    let mut all: Vec<(String, String, String)> = Vec::new();
    // From the lowest up: a value takes the place of the one below it, and a list of tables that of the whole list.
    for document in layers.into_iter().rev() {
        let own = leaves(document)?;
        let lists = own.iter().filter_map(|(path, ..)| path.split_once('[')).map(|(list, _)| list);
        let lists: Vec<&str> = lists.collect();
        all.retain(|(path, ..)| !path.split_once('[').is_some_and(|(list, _)| lists.contains(&list)));
        for (path, value, origin) in &own {
            if let Some(known) = all.iter_mut().find(|(known, ..)| known == path) {
                (known.1, known.2) = (value.clone(), origin.clone());
            } else {
                all.push((path.clone(), value.clone(), origin.clone()));
            }
        }
    }
    let row = |(path, value, origin): (String, String, String)| {
        let (plain, assumption) = (without_indices(&path), of_path(&path));
        let source = sources.of(&plain);
        let of = if id == "bill" { assumption.and_then(|one| field(one.field)) } else { None };
        let of = of.or_else(|| (id == "bill").then(|| choice(&path)).flatten());
        let has_unit = value.chars().any(|c| !c.is_ascii_digit() && !matches!(c, '.' | '-' | 'e' | '_'));
        AssumptionValue {
            file: id.to_owned(),
            unit: if has_unit { "" } else { of.map_or("", |field| field.unit) },
            kind: source.map(|source| source.kind.to_string()),
            source: source.map(|source| source.title.clone()),
            flag: of.map(|field| field.typed_flag()),
            field: of.map(|field| field.path),
            path,
            value,
            origin,
        }
    };
    let mut found: Vec<AssumptionValue> = all.into_iter().map(row).collect();
    if id == "bill" {
        let known = |one: &Assumption| {
            found.iter().any(|value| of_path(&value.path).is_some_and(|known| known.path == one.path))
        };
        let unsaid: Vec<AssumptionValue> =
            ASSUMPTIONS.iter().filter(|one| !known(one)).filter_map(|one| unsaid(id, one)).collect();
        found.extend(unsaid);
    }
    Ok(found)
}

/// What no file says: a price list, a place or a sheet does.
fn unsaid(id: &str, one: &Assumption) -> Option<AssumptionValue> {
    let field = field(one.field)?;
    Some(AssumptionValue {
        file: id.to_owned(),
        path: one.path.to_owned(),
        value: String::new(),
        unit: "",
        kind: None,
        origin: "not assumed".into(),
        source: None,
        flag: Some(field.typed_flag()),
        field: Some(field.path),
    })
}

/// The fields of names and of factors that stand for several values.
fn choice(path: &str) -> Option<&'static crate::input::field::Field> {
    let path = match path {
        "border.kind" => "bill.border",
        "hosting.kind" => "bill.hosting",
        "power.basis" => "bill.power",
        "programme.low" | "programme.high" => "bill.programme",
        _ => return None,
    };
    field(path)
}

/// `era[1].detect` as `[sources]` names it: `era.detect`.
fn without_indices(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            letter if !inside => plain.push(letter),
            _ => {}
        }
    }
    plain
}

/// Every value of one document with its line, in the order of the file.
fn leaves(document: &Document) -> Result<Vec<(String, String, String)>, Error> {
    let table = DeTable::parse(&document.text).map_err(|trouble| Error::bad_file(trouble.message().to_owned()))?;
    let mut found = Vec::new();
    for (key, value) in table.get_ref() {
        if !matches!(key.get_ref().as_ref(), "name" | "aliases" | "sources") {
            one(key.get_ref(), value.span().start, value.get_ref(), &mut found);
        }
    }
    found.sort();
    let line = |at: usize| document.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    let place = |at: usize| format!("{}:{}", document.file, line(at));
    Ok(found.into_iter().map(|(at, path, value)| (path, value, place(at))).collect())
}

fn one(path: &str, at: usize, value: &DeValue<'_>, found: &mut Vec<(usize, String, String)>) {
    match value {
        DeValue::Table(table) => {
            for (key, value) in table {
                one(&format!("{path}.{}", key.get_ref()), value.span().start, value.get_ref(), found);
            }
        }
        DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
            for (index, item) in items.iter().enumerate() {
                one(&format!("{path}[{index}]"), item.span().start, item.get_ref(), found);
            }
        }
        other => found.push((at, path.to_owned(), crate::catalog::leaves::text_of(other))),
    }
}
