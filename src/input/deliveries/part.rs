//! One value of one delivery, by the path `deliveries.2.on`.

use super::{DELIVERIES, Deliveries, Delivery, KEYS, When};
use crate::error::Error;
use crate::input::file::{Entry, Origin, Spec};
use crate::units::Price;

/// A value of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which delivery, from 1.
    number: usize,
    key: &'static str,
}

impl Part {
    /// What a path names; `None` for one that is of no single delivery.
    ///
    /// # Errors
    /// A delivery that is no number from 1, an unknown key.
    pub fn of(path: &str) -> Option<Result<Self, Error>> {
        let (number, key) = path.trim().strip_prefix(DELIVERIES)?.strip_prefix('.')?.split_once('.')?;
        let known = KEYS.iter().find(|known| **known == key);
        Some(match (number.parse::<usize>(), known) {
            (Ok(number), Some(key)) if number > 0 => Ok(Self { number, key }),
            (Ok(number), None) if number > 0 => Err(Error::unknown_name("key of a delivery", key, KEYS)),
            _ => {
                let error = Error::bad_input(format!("`{number}` is the number of no delivery"));
                Err(error.with_hint("they count from 1: `deliveries.2.on`"))
            }
        })
    }

    /// Its path.
    pub fn path(&self) -> String {
        format!("{DELIVERIES}.{}.{}", self.number, self.key)
    }

    /// The unit of its number.
    pub fn unit(&self) -> &'static str {
        match self.key {
            "on" | "burn_in" => "days",
            "price" => "USD per GPU-hour",
            _ => "",
        }
    }

    /// The number that a text says in that unit; not a number for a name, a date, a range, or money that is not in dollars.
    ///
    /// # Errors
    /// A text that does not read.
    pub fn number(&self, text: &str) -> Result<f64, Error> {
        let mut one = Delivery::of_chips("1")?;
        one.set(self.key, text)?;
        Ok(match self.key {
            _ if text.contains("..") => f64::NAN,
            "chips" if one.gpu.is_none() => one.chips.median(),
            "on" => match one.on[0] {
                When::After(time) => time.days(),
                When::On(_) => f64::NAN,
            },
            "probability" => one.probability.get(),
            "price" => one.price.map_or(f64::NAN, Price::usd_per_hour),
            "burn_in" => one.burn_in.map_or(f64::NAN, |time| time.days()),
            _ => f64::NAN,
        })
    }

    /// The deliveries with another value here.
    ///
    /// # Errors
    /// No such delivery, a text that does not read.
    fn lay(&self, all: &Deliveries, text: &str) -> Result<Deliveries, Error> {
        let mut each = all.each.to_vec();
        let last = each.len();
        let Some(one) = self.number.checked_sub(1).and_then(|at| each.get_mut(at)) else {
            let error = Error::bad_input(format!("there is no delivery {}", self.number));
            return Err(error.with_hint(format!("they count from 1 to {last}")));
        };
        one.set(self.key, text)?;
        Deliveries::of(each)
    }
}

impl Spec {
    /// Lays a value over one delivery.
    ///
    /// # Errors
    /// No deliveries; as [`Part::lay`].
    pub(in crate::input) fn set_part(&mut self, part: &Part, text: &str, origin: Origin) -> Result<(), Error> {
        let Some(own) = &self.deliveries else {
            let error = Error::bad_input(format!("`{}` is of deliveries, and there are none", part.path()));
            return Err(error.with_hint("give them first: --deliver '2048@start' --deliver '2048@20d'"));
        };
        self.deliveries = Some(Entry::new(part.lay(&own.value, text)?, origin));
        Ok(())
    }
}
