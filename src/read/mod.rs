//! Reading TOML into checked structs: typed getters over spanned values, every independent error at once.
//!
//! A [`Reader`] stands on one table. Its getters record a located error and return `None` when a value
//! is wrong, so that one pass finds everything that is wrong; keys nobody asked for are errors too,
//! with the nearest key that exists.

mod document;
mod layers;
mod shared;
mod sources;
mod syntax;
mod value;

pub use document::{At, Document};
use shared::Shared;
pub use sources::Sources;
pub use value::Value;

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Error;
use crate::source::{SOURCE_KINDS, Source};
use crate::units::date::Date;
use crate::units::parse::{Grammar, check};

/// Errors shown at most for one file.
const MOST_ERRORS: usize = 20;

/// One table of a document, asked for its values by name.
pub struct Reader<'d> {
    shared: &'d Shared<'d>,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    path: String,
    asked: RefCell<Vec<&'static str>>,
    /// The same table in the documents below, which has what this one leaves out.
    below: Vec<Layer<'d>>,
}

/// A table of one document.
type Layer<'d> = (&'d Shared<'d>, &'d DeTable<'d>);

impl<'d> Reader<'d> {
    fn on(shared: &'d Shared<'d>, table: &'d DeTable<'d>, span: Range<usize>, path: String) -> Self {
        Self { shared, table, span, path, asked: RefCell::default(), below: Vec::new() }
    }

    /// The file that is read.
    pub fn file(&self) -> &str {
        &self.shared.document.file
    }

    /// The keys of this table, in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &'d str> {
        self.table.keys().map(|key| key.get_ref().as_ref())
    }

    /// Records an error at a key's value, or at the table when the key is absent.
    pub fn fail(&self, key: &str, error: Error) {
        let (shared, found) = self.layer_of(key);
        let span = found.map_or(self.span.clone(), Spanned::span);
        shared.errors.borrow_mut().push(error.at(&shared.document.file, &shared.document.text, span));
    }

    /// Where a key's value stands, or the table when the key is absent: for an error that is found later.
    pub fn place(&self, key: &str) -> At {
        let (shared, found) = self.layer_of(key);
        At::of(shared, found.map_or(self.span.clone(), Spanned::span))
    }

    /// Where a key stands itself, or the table when it is absent.
    pub fn key_place(&self, key: &str) -> At {
        At::of(self.shared, self.table.get_key_value(key).map_or(self.span.clone(), |(key, _)| key.span()))
    }

    /// The value of a key, for an asker that takes it apart itself.
    pub fn value(&self, key: &'static str) -> Option<Value<'d>> {
        self.asked.borrow_mut().push(key);
        self.any(key)
    }

    /// The value of a key that need not be known in advance.
    pub fn any(&self, key: &str) -> Option<Value<'d>> {
        let (shared, found) = self.layer_of(key);
        found.map(|inner| Value { shared, inner })
    }

    /// Requires what a getter found: `reader.need("peak", reader.quantity("peak"))`.
    pub fn need<T>(&self, key: &'static str, found: Option<T>) -> Option<T> {
        if found.is_none() && self.any(key).is_none() {
            let place = if self.path.is_empty() { String::new() } else { format!(" in [{}]", self.path) };
            self.fail(key, Error::bad_input(format!("`{key}` is missing{place}")));
        }
        found
    }

    /// A quantity in the grammar of its dimension.
    pub fn quantity<Q: Grammar>(&self, key: &'static str) -> Option<Q> {
        self.value(key)?.quantity()
    }

    /// A string.
    pub fn text(&self, key: &'static str) -> Option<String> {
        self.typed(key, "a text in quotes", DeValue::as_str).map(str::to_owned)
    }

    /// A truth value.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// A whole number from 0 to 4,294,967,295.
    pub fn integer(&self, key: &'static str) -> Option<u32> {
        self.typed(key, "a whole number from 0 to 4294967295", |value| {
            let number = value.as_integer()?;
            u32::from_str_radix(number.as_str(), number.radix()).ok()
        })
    }

    /// A finite number without a unit.
    pub fn number(&self, key: &'static str) -> Option<f64> {
        self.typed(key, "a finite number", |value| {
            let text = match value {
                DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
                DeValue::Float(number) => number.as_str(),
                _ => return None,
            };
            text.parse().ok().filter(|number: &f64| number.is_finite())
        })
    }

    /// A date (`2024-11-01`), or a shorter one in quotes (`"2024-11"`), as text.
    pub fn date(&self, key: &'static str) -> Option<String> {
        self.typed(key, "a date such as 2024-11-01 or \"2024-11\"", |value| match value {
            DeValue::Datetime(date) if date.time.is_none() => Some(date.to_string()),
            DeValue::String(text) if is_date(text) => Some(text.to_string()),
            _ => None,
        })
    }

    /// A date, of which a shorter one is the first day.
    pub fn day(&self, key: &'static str) -> Option<Date> {
        self.date(key)?.parse().map_err(|error| self.fail(key, error)).ok()
    }

    /// One name of a closed list.
    pub fn choice<T: Copy>(&self, key: &'static str, names: &[(&'static str, T)]) -> Option<T> {
        let value = self.value(key)?;
        let Some(name) = value.raw().as_str() else {
            self.fail(key, Error::bad_input(format!("`{key}` takes a name in quotes")));
            return None;
        };
        let found = names.iter().find(|(known, _)| *known == name).map(|(_, item)| *item);
        if found.is_none() {
            let known = names.iter().map(|(known, _)| *known);
            self.fail(key, Error::unknown_of(key, name, known));
        }
        found
    }

    /// A list of strings; empty when the key is absent.
    pub fn texts(&self, key: &'static str) -> Vec<String> {
        let all = self.typed(key, "a list of texts in quotes", |value| {
            value.as_array()?.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
        });
        all.unwrap_or_default()
    }

    /// A list of finite numbers without a unit.
    pub fn numbers(&self, key: &'static str) -> Option<Vec<f64>> {
        self.typed(key, "a list of numbers", |value| {
            let number = |item: &DeValue<'_>| match item {
                DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
                DeValue::Float(number) => number.as_str().parse().ok().filter(|number: &f64| number.is_finite()),
                _ => None,
            };
            value.as_array()?.iter().map(|item| number(item.get_ref())).collect()
        })
    }

    /// Reads a table below this one.
    pub fn table<T>(&self, key: &'static str, build: impl FnOnce(&Reader<'d>) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let Some(mut reader) = value.table(&self.path_of(key)) else {
            self.fail(key, Error::bad_input(format!("`{key}` is a table: [{}]", self.path_of(key))));
            return None;
        };
        reader.below = self.tables_below(key);
        let built = build(&reader);
        reader.finish();
        built
    }

    /// Reads each table of `[[key]]`; empty when there is none.
    pub fn tables<T>(&self, key: &'static str, mut build: impl FnMut(&Reader<'d>) -> Option<T>) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.raw().as_array() else {
            self.fail(key, Error::bad_input(format!("`{key}` is a list of tables: [[{}]]", self.path_of(key))));
            return Vec::new();
        };
        let mut built = Vec::with_capacity(items.len());
        for inner in items.iter() {
            let item = Value { shared: self.shared, inner };
            match item.table(&self.path_of(key)) {
                Some(reader) => {
                    built.extend(build(&reader));
                    reader.finish();
                }
                None => item.fail(Error::bad_input(format!("`{key}` is a list of tables: [[{}]]", self.path_of(key)))),
            }
        }
        built
    }

    /// Reads `[sources]`: dotted path of a value or of a table above it, to where it came from.
    pub fn sources(&self) -> Sources {
        self.asked.borrow_mut().push("sources");
        let own = |(shared, table): Layer<'d>| Reader::on(shared, table, 0..0, String::new()).sources_alone();
        self.laid_sources(self.layers().map(own).collect())
    }

    /// Those of this document.
    fn sources_alone(&self) -> Sources {
        let mut found = Vec::new();
        self.table("sources", |reader| {
            for key in reader.keys() {
                let entry = reader.any(key)?;
                let inner = entry.table(&format!("sources.{key}"));
                if inner.is_none() {
                    entry.fail(Error::bad_input("a source is a table: { title, url, as_of, kind, note }"));
                }
                match inner.as_ref().and_then(Reader::source) {
                    Some(source) => found.push((key.to_owned(), source)),
                    None => self.shared.broken.borrow_mut().push(key.to_owned()),
                }
                inner.iter().for_each(Reader::finish);
            }
            reader.asked.borrow_mut().push("*");
            Some(())
        });
        Sources(found.into())
    }

    /// Reads the keys of one source out of this table.
    pub fn source(&self) -> Option<Source> {
        let title = self.need("title", self.text("title"));
        let as_of = self.need("as_of", self.date("as_of"));
        let kind = self.need("kind", self.choice("kind", &SOURCE_KINDS));
        let (url, note) = (self.text("url"), self.text("note"));
        Some(Source { title: title?, url, as_of: as_of?, kind: kind?, note })
    }

    /// Records an error for each value of the document that no source covers.
    pub fn require_sources(&self, sources: &Sources, exempt: &[&str]) {
        if !self.below.is_empty() {
            return; // a value laid over another is sourced by where it stands
        }
        let broken = self.shared.broken.borrow();
        let covered = |path: &str| sources.of(path).is_some() || broken.iter().any(|key| sources::covers(key, path));
        let unsourced = |path: &str| !covered(path) && !exempt.contains(&path);
        for (key, value) in self.table {
            let key = key.get_ref().as_ref();
            if matches!(key, "name" | "aliases" | "sources" | "disagreements") || exempt.contains(&key) {
                continue;
            }
            self.leaves(key, value, &unsourced);
        }
    }

    fn leaves(&self, path: &str, value: &'d Spanned<DeValue<'d>>, unsourced: &impl Fn(&str) -> bool) {
        if !unsourced(path) {
            return;
        }
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, inner) in table {
                    self.leaves(&format!("{path}.{}", key.get_ref()), inner, unsourced);
                }
            }
            _ => {
                let advice = format!("add to [sources]: \"{path}\" = {{ title, url, as_of, kind }}");
                let error = Error::bad_input(format!("`{path}` has no source")).with_hint(advice);
                Value { shared: self.shared, inner: value }.fail(error);
            }
        }
    }

    fn typed<T>(&self, key: &'static str, expected: &str, get: impl FnOnce(&'d DeValue<'d>) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let got = get(value.raw());
        if got.is_none() {
            self.fail(key, Error::bad_input(format!("`{key}` takes {expected}, not {}", kind_of(value.raw()))));
        }
        got
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }

    /// Records an error for each key that nobody asked for.
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        if asked.contains(&"*") {
            return;
        }
        for (shared, table) in self.layers() {
            let mut unknown: Vec<_> = table.keys().filter(|key| !asked.contains(&key.get_ref().as_ref())).collect();
            unknown.sort_by_key(|key| key.span().start);
            for key in unknown.into_iter().take(MOST_ERRORS) {
                let error = Error::unknown_name("key", key.get_ref(), asked.iter().copied());
                let error = match error.hint() {
                    Some(_) => error,
                    None if asked.is_empty() => error.with_hint("this table takes no keys"),
                    None => error.with_hint(format!("known here: {}", asked.join(", "))),
                };
                let document = shared.document;
                shared.errors.borrow_mut().push(error.at(&document.file, &document.text, key.span()));
            }
        }
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number outside that",
        DeValue::Float(_) => "a number with a fraction or without an end",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let widths = [4, 2, 2];
    (1..=3).contains(&parts.len())
        && parts.iter().zip(widths).all(|(part, width)| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))
        && text.parse::<Date>().is_ok()
}

/// Checks a quantity computed from several values, at the key it belongs to.
pub fn checked<Q: Grammar>(reader: &Reader<'_>, key: &str, quantity: Q) -> Option<Q> {
    check(quantity).map_err(|error| reader.fail(key, error)).ok()
}
