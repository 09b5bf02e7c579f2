//! The same deliveries with more or fewer chips in each.

use super::{Deliveries, Delivery, count};
use crate::error::Error;
use crate::units::parse::parse;
use crate::units::{Chips, show};

impl Deliveries {
    /// The same days and probabilities with a factor of the chips in each delivery, rounded up to whole nodes. Counts never
    /// fall while the factor grows.
    ///
    /// # Errors
    /// More chips than can be delivered.
    ///
    /// ```
    /// use flopbill::internals::input::deliveries::{Deliveries, Delivery, When};
    /// use flopbill::internals::units::Seconds;
    /// let two = [2048.0, 1000.0].map(|chips| Delivery::new(chips, When::After(Seconds::ZERO)));
    /// let two = Deliveries::of(two.into_iter().collect::<Result<_, _>>()?)?;
    /// // By hand: half of 2,048 is 128 nodes of 8, half of 1,000 is 62.5 and so 63 of them.
    /// assert_eq!(two.scaled(0.5, 8.0)?.to_string(), "1024@start; 504@start");
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    pub fn scaled(&self, factor: f64, node: f64) -> Result<Self, Error> {
        Self::of(self.each.iter().map(|one| one.scaled(factor, node)).collect::<Result<_, _>>()?)
    }
}

impl Delivery {
    fn scaled(&self, factor: f64, node: f64) -> Result<Self, Error> {
        let nodes = |chips: f64| ((factor * chips / node - 1e-9).ceil().max(1.0)) * node;
        let one = |text: &str| {
            let chips: Chips = parse(text.trim())?;
            Ok::<_, Error>(show::exact(Chips::new(nodes(chips.get()))))
        };
        let text = match self.chips_text.split_once("..") {
            None => one(&self.chips_text)?,
            // Both ends may fall on one node: then so many come for certain.
            Some((low, high)) => match (one(low)?, one(high)?) {
                (low, high) if low == high => low,
                (low, high) => format!("{low}..{high}"),
            },
        };
        Ok(Self { chips: count(&text)?, chips_text: text, ..self.clone() })
    }
}
