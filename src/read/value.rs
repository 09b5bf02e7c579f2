//! One value with its place.

use toml::Spanned;
use toml::de::DeValue;

use super::{At, Reader, Shared, kind_of};
use crate::error::Error;
use crate::units::parse::{Grammar, parse};

/// One value that its asker takes apart itself.
#[derive(Clone, Copy)]
pub struct Value<'d> {
    pub(super) shared: &'d Shared<'d>,
    pub(super) inner: &'d Spanned<DeValue<'d>>,
}

impl<'d> Value<'d> {
    /// The raw TOML value.
    pub fn raw(&self) -> &'d DeValue<'d> {
        self.inner.get_ref()
    }

    /// Where the value stands.
    pub fn at(&self) -> At {
        At::of(self.shared, self.inner.span())
    }

    /// The value as the text a user would have typed for a flag, if it is a string or a number.
    pub fn as_text(&self) -> Option<&'d str> {
        match self.raw() {
            DeValue::String(text) => Some(text),
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str()),
            DeValue::Float(number) => Some(number.as_str()),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> Vec<Value<'d>> {
        let items = self.inner.get_ref().as_array().map(|items| items.iter()).into_iter().flatten();
        items.map(|inner| Value { shared: self.shared, inner }).collect()
    }

    /// Records an error at this value.
    pub fn fail(&self, error: Error) {
        let document = self.shared.document;
        self.shared.errors.borrow_mut().push(error.at(&document.file, &document.text, self.inner.span()));
    }

    /// Records an error that has its place already.
    pub fn record(&self, error: Error) {
        self.shared.errors.borrow_mut().push(error);
    }

    /// The value as a quantity; a located error if it is none.
    pub fn quantity<Q: Grammar>(&self) -> Option<Q> {
        let read = match self.as_text() {
            Some(text) => parse::<Q>(text),
            None => Err(Error::bad_input(format!("{} is expected, not {}", Q::DIMENSION, kind_of(self.raw())))
                .with_hint(format!("write it like \"{}\"", Q::EXAMPLE))),
        };
        read.map_err(|error| self.fail(error)).ok()
    }

    /// A reader over the value, if it is a table.
    pub fn table(&self, path: &str) -> Option<Reader<'d>> {
        let table = self.inner.get_ref().as_table()?;
        Some(Reader::on(self.shared, table, self.inner.span(), path.into()))
    }
}
