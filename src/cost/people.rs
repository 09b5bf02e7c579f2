//! What a published training cost leaves out: people, and how much compute there is in all.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::error::Error;
use crate::units::check::not_negative;
use crate::units::{Seconds, Usd};

use super::shares::Share;
use super::{Charge, Context, CostLine, Scope};

/// The terms of the programme around the final run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Programme {
    /// The stages besides the final run, in the order of [`super::shares::STAGES`].
    pub shares: [Share; 5],
    /// Compute of the whole programme over that of the final run, where that is said: the stages divide it among them.
    pub compute: Option<f64>,
    /// People in research and engineering; `None` where it is not known.
    pub people: Option<f64>,
    /// What one costs a year, salary and equity and overheads.
    pub usd_per_person_year: Usd,
    /// How long they work on it.
    pub duration: Seconds,
}

/// The largest programme over its final run that is accepted.
const MOST_TIMES: f64 = 1000.0;

impl Programme {
    /// Refuses a programme smaller than its final run.
    pub fn check(&self) -> Result<(), Error> {
        not_negative("the number of people", self.people.unwrap_or(0.0))?;
        not_negative("the cost of a person", self.usd_per_person_year)?;
        not_negative("the duration of the programme", self.duration)?;
        self.check_shares()?;
        match self.compute {
            Some(factor) if factor.is_finite() && factor > MOST_TIMES => Err(Error::bad_input(format!(
                "the programme's compute is {factor:e} times the final run; at most {MOST_TIMES} times is accepted"
            ))),
            Some(factor) if !(factor.is_finite() && factor >= 1.0) => Err(Error::bad_input(format!(
                "the programme's compute contains the final run, so it is at least 1 times it, got {factor}"
            ))),
            _ => Ok(()),
        }
    }
}

/// Cost of people.
///
/// # Formula
/// `people * years * cost of a person-year`
/// # Source
/// Definition; Cottier et al. 2024 (arXiv:2405.21015) find 29-49 % of development costs in it.
///
/// ```
/// use flopbill::internals::cost::people::staff;
/// use flopbill::internals::units::{Seconds, Usd};
/// assert_eq!(staff(10.0, Seconds::from_years(0.5), Usd::new(400_000.0)).get(), 2e6); // by hand
/// ```
pub fn staff(people: f64, duration: Seconds, usd_per_person_year: Usd) -> Usd {
    usd_per_person_year * (people * duration.years())
}

/// A lognormal factor known by the interval that holds it nine times out of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogNormalFactor {
    /// Mean of the logarithm.
    pub mu: f64,
    /// Standard deviation of the logarithm.
    pub sigma: f64,
}

/// The factor of programme compute over the final run from its 90 % interval.
///
/// # Formula
/// `mu = (ln low + ln high) / 2`, `sigma = (ln high - ln low) / (2 * 1.6448536)`
/// # Source
/// Quantiles of the lognormal; the interval [1.2, 4] is Epoch AI's (arXiv:2405.21015).
///
/// ```
/// use flopbill::internals::cost::people::experiments;
/// let factor = experiments(1.2, 4.0)?;
/// assert!((factor.median() - 2.19089023).abs() < 1e-8); // by hand: sqrt(1.2 * 4)
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn experiments(low: f64, high: f64) -> Result<LogNormalFactor, Error> {
    if !(low > 0.0 && high >= low && high.is_finite()) {
        return Err(Error::bad_input(format!("an interval of a factor needs 0 < low <= high, got {low} and {high}")));
    }
    let z = Normal::standard().inverse_cdf(0.95);
    Ok(LogNormalFactor { mu: (low.ln() + high.ln()) / 2.0, sigma: (high.ln() - low.ln()) / (2.0 * z) })
}

impl LogNormalFactor {
    /// The value that half of the draws exceed.
    ///
    /// # Formula
    /// `exp(mu)`
    /// # Source
    /// Definition of the lognormal.
    pub fn median(self) -> f64 {
        self.mu.exp()
    }

    /// The mean.
    ///
    /// # Formula
    /// `exp(mu + sigma^2 / 2)`
    /// # Source
    /// First moment of the lognormal.
    pub fn mean(self) -> f64 {
        (self.mu + self.sigma * self.sigma / 2.0).exp()
    }
}

/// Research and engineering staff.
pub(super) fn staff_line(context: &Context) -> Result<CostLine, Error> {
    let terms = &context.terms.programme;
    terms.check()?;
    let price = terms.usd_per_person_year;
    let charge = match terms.people {
        Some(people) => Charge::Priced { price: price.get(), amount: staff(people, terms.duration, price) },
        None => Charge::NotPriced("how many people worked on it is not known"),
    };
    Ok(CostLine {
        label: "Research staff",
        quantity: terms.people.map_or(0.0, |people| people * terms.duration.years()),
        unit: "person-years",
        price_unit: "USD/person-year",
        charge,
        source: "programme.people",
        scope: Scope::Programme,
    })
}
