//! Values of a question that has no spec: money, and what it is exchanged by.

use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::exchange::{Exchange, Said};
use crate::input::field::find;
use crate::input::file::{Origin, Spec};
use crate::input::text::prefix;
use crate::units::date::Date;

/// Values of fields, each one number or name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loose {
    /// The values.
    pub spec: Spec,
}

impl Loose {
    /// Sets a field, as its flag does.
    ///
    /// # Errors
    /// A text that does not read, or that is a range, with the field's flag.
    pub fn set(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let flag = find(path)?.typed_flag();
        let named = |error: Error| if error.place().is_some() { error } else { prefix(&flag, &error) };
        self.spec.set(path, text, Origin::Flag(flag.clone())).map_err(named)?;
        match self.spec.is_ranged(path) {
            true => Err(Error::bad_input(format!("{flag}: `{text}` is a range, and one number is asked for"))),
            false => Ok(()),
        }
    }

    /// The same with its money in dollars, and what was taken for that.
    ///
    /// # Errors
    /// As [`Exchange::settle`].
    pub fn in_dollars(&self, today: Option<Date>, catalog: &Catalog) -> Result<(Spec, Said), Error> {
        let mut spec = self.spec.clone();
        let said = Exchange::of(&spec, today, catalog).settle(&mut spec)?;
        Ok((spec, said))
    }
}

impl Spec {
    /// The catalog of the day and the own rates that are given.
    pub fn catalog(&self, catalog: &Catalog) -> Catalog {
        let day = self.as_of.as_ref().map(|day| day.value);
        catalog.as_of(day).by_rates(self.own_rates()).into_owned()
    }
}
