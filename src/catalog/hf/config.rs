//! Reading a JSON object of numbers and flags, remembering everything that is wrong with it.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::Error;

/// One object of a `config.json`, asked by the names its value may have.
pub(super) struct Config<'a> {
    file: &'a str,
    text: &'a Arc<str>,
    object: &'a Map<String, Value>,
    errors: &'a RefCell<Vec<Error>>,
}

impl<'a> Config<'a> {
    pub(super) fn new(
        file: &'a str,
        text: &'a Arc<str>,
        object: &'a Map<String, Value>,
        errors: &'a RefCell<Vec<Error>>,
    ) -> Self {
        Self { file, text, object, errors }
    }

    /// The object under this key; an empty one where there is none.
    pub(super) fn inner(&self, key: &str) -> Option<Config<'a>> {
        let object = self.object.get(key)?.as_object()?;
        Some(Config { object, ..*self })
    }

    /// Records what is wrong, at the key.
    pub(super) fn fail(&self, key: &str, error: Error) {
        let quoted = format!("\"{key}\"");
        let start = self.text.find(&quoted).unwrap_or(0);
        let end = (start + quoted.len()).min(self.text.len());
        self.errors.borrow_mut().push(error.at(self.file, self.text, start..end));
    }

    /// The first of these names that has a value which is not null.
    fn first(&self, names: &[&'static str]) -> Option<(&'static str, &'a Value)> {
        names.iter().find_map(|&name| Some((name, self.object.get(name).filter(|value| !value.is_null())?)))
    }

    /// A whole number under the first of these names that is there.
    pub(super) fn integer(&self, names: &[&'static str]) -> Option<u32> {
        let (name, value) = self.first(names)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            let shown = shorten(&value.to_string());
            let error = Error::bad_input(format!("{name}: {shown} is not a whole number from 0 to {}", u32::MAX));
            self.fail(name, error);
        }
        number
    }

    /// The same, an error where it is missing.
    pub(super) fn need(&self, names: &[&'static str]) -> Option<u32> {
        if self.first(names).is_none() {
            let name = names.first().copied().unwrap_or_default();
            let hint = "is this the config.json of a language model's weights?";
            let error = Error::bad_input(format!("{name}: missing, and this model cannot be counted without it"));
            self.fail(name, error.with_hint(hint));
        }
        self.integer(names)
    }

    /// A truth value.
    pub(super) fn flag(&self, name: &'static str) -> Option<bool> {
        let (_, value) = self.first(&[name])?;
        let flag = value.as_bool();
        if flag.is_none() {
            let shown = shorten(&value.to_string());
            self.fail(name, Error::bad_input(format!("{name}: {shown} is not true or false")));
        }
        flag
    }

    /// A text.
    pub(super) fn text(&self, name: &'static str) -> Option<&'a str> {
        self.object.get(name)?.as_str()
    }

    /// Share of a list's entries that are one of these texts; `None` without such a list.
    pub(super) fn share_of(&self, name: &'static str, wanted: &[&str]) -> Option<f64> {
        let list = self.object.get(name)?.as_array().filter(|list| !list.is_empty())?;
        let hits = list.iter().filter(|entry| entry.as_str().is_some_and(|entry| wanted.contains(&entry))).count();
        Some(hits as f64 / list.len() as f64)
    }

    /// Whether the key is there at all.
    pub(super) fn has(&self, name: &'static str) -> bool {
        self.first(&[name]).is_some()
    }
}

/// At most forty characters of a value, as an error shows it.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.into(),
    }
}
