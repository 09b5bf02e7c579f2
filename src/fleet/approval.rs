//! Decisions of others: granted, granted with conditions, or never.

use statrs::distribution::{ContinuousCDF, Normal};

pub use crate::catalog::fleet::{Approval, STATES, State};

use crate::error::Error;
use crate::units::check::{not_negative, positive, share};
use crate::units::{Fraction, Seconds};

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

    /// Probability that it is granted by a time.
    ///
    /// # Formula
    /// `p * Phi((ln t - ln m) / s)`: p granted in any form, m the median, s the spread
    /// # Source
    /// A lognormal with an atom at never.
    pub fn granted_by(&self, time: Seconds) -> Fraction {
        let granted = 1.0 - self.never().get();
        let early = match (self.spread > 0.0, time.get() > 0.0) {
            (true, true) => Normal::standard().cdf((time / self.median).ln() / self.spread),
            (true, false) => 0.0,
            (false, _) => f64::from(u8::from(time >= self.median)),
        };
        Fraction::new(granted * early)
    }

    /// The time by which it is granted with this probability; `None` if it never is that likely.
    ///
    /// # Formula
    /// `m * e^(s * Phi^-1(q / p))` for `q < p`
    /// # Source
    /// Inverse of [`Approval::granted_by`].
    pub fn quantile(&self, probability: Fraction) -> Result<Option<Seconds>, Error> {
        positive("the probability", share("the probability", probability)?)?;
        let granted = 1.0 - self.never().get();
        if probability.get() >= granted {
            return Ok(None);
        }
        let z = Normal::standard().inverse_cdf(probability.get() / granted);
        Ok(Some(self.median * (self.spread * z).exp()))
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
