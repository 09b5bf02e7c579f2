//! Approvals: granted, granted with conditions, or never.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::Error;
use crate::units::check::{not_negative, share};
use crate::units::{Fraction, Seconds};

/// How a decision can fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Granted.
    Approved,
    /// Granted, with a quota of domestic chips and a limit on use.
    Conditional,
    /// Not granted.
    Never,
}

/// The states and how a fleet file writes them.
pub const STATES: [(&str, State); 3] =
    [("approved", State::Approved), ("conditional", State::Conditional), ("never", State::Never)];

/// An approval that tranches wait for; the probability that is left over is that of never.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// Its name.
    pub name: String,
    /// Probability that it is granted.
    pub approved: Fraction,
    /// Probability that it is granted with conditions.
    pub conditional: Fraction,
    /// Median time to a decision that grants it.
    pub median: Seconds,
    /// Spread of that time: the sigma of a lognormal; zero for a day that is known.
    pub spread: f64,
    /// Under conditions: the least share of domestic chips among those at work.
    pub domestic_share: Fraction,
    /// Under conditions: the part of the time in which the imported chips may train.
    pub usage: Fraction,
}

impl Approval {
    /// Refuses probabilities that overlap, and negative times.
    pub fn check(&self) -> Result<(), Error> {
        let of = |what: &str| format!("{what} of approval `{}`", self.name);
        share(&of("the probability"), self.approved)?;
        share(&of("the conditional probability"), self.conditional)?;
        not_negative(&of("the median time"), self.median)?;
        not_negative(&of("the spread"), self.spread)?;
        share(&of("the domestic share"), self.domestic_share)?;
        share(&of("the usage limit"), self.usage)?;
        let sum = self.approved.get() + self.conditional.get();
        if sum <= 1.0 + 1e-12 {
            return Ok(());
        }
        Err(Error::bad_input(format!(
            "the probabilities of approval `{}` overlap: approved and conditional sum to {sum}",
            self.name
        ))
        .with_hint("what they leave of 100% is the probability of never"))
    }

    /// Probability that it is never granted.
    pub fn never(&self) -> Fraction {
        Fraction::new((1.0 - self.approved.get() - self.conditional.get()).max(0.0))
    }

    /// Delays that stand for equal parts of the probability, from early to late.
    pub(crate) fn delays(&self, parts: u32) -> Vec<Seconds> {
        if self.spread <= 0.0 || parts <= 1 {
            return vec![self.median];
        }
        let middle = |part: u32| (f64::from(part) + 0.5) / f64::from(parts);
        let normal = Normal::standard();
        (0..parts).map(|part| self.median * (self.spread * normal.inverse_cdf(middle(part))).exp()).collect()
    }
}
