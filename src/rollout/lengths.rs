//! How long responses are: lognormal, cut at the longest that is allowed.

use crate::uncertainty::dist::normal_cdf;
use crate::units::Tokens;

/// The least spread: responses that are all alike end over a short stretch.
const LEAST: f64 = 0.01;

/// Halvings in the search for the median.
const HALVINGS: u32 = 60;

/// Lengths of responses, in tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lengths {
    /// The logarithm of the median, before the cut.
    log_median: f64,
    /// The standard deviation of the logarithm, before the cut.
    spread: f64,
    /// The longest: what is longer is cut there.
    most: f64,
    /// The mean, after the cut.
    mean: f64,
}

impl Lengths {
    /// With this mean after the cut; `None` where the mean is not below the longest.
    ///
    /// # Formula
    /// the median whose [`Lengths::moment`] is the mean, by bisection
    /// # Source
    /// By construction.
    pub fn of_mean(mean: Tokens, spread: f64, most: Tokens) -> Option<Self> {
        let (mean, most) = (mean.get(), most.get());
        let usable = mean >= 1.0 && mean < most && most.is_finite() && spread.is_finite();
        if !usable {
            return None;
        }
        let spread = spread.max(LEAST);
        let at = |log_median: f64| Self { log_median, spread, most, mean };
        let (mut low, mut high) = (mean.ln() - spread * spread, most.ln() + 40.0 * spread);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if at(middle).moment(1.0) < mean { low = middle } else { high = middle }
        }
        Some(at(0.5 * (low + high)))
    }

    /// The mean of a power of the length, after the cut.
    ///
    /// # Formula
    /// `E[min(x, m)^k] = e^(k mu + k^2 s^2 / 2) Phi((ln m - mu) / s - k s) + m^k Phi((mu - ln m) / s)`
    /// # Source
    /// Moments of the lognormal distribution; by integration.
    ///
    /// ```
    /// use flopbill::internals::rollout::lengths::Lengths;
    /// use flopbill::internals::units::Tokens;
    ///
    /// let lengths = Lengths::of_mean(Tokens::new(1000.0), 0.8, Tokens::new(1e9)).unwrap();
    /// // by hand: hardly any is cut, and E[x^2] is e^(0.64) times the mean's square
    /// assert!((lengths.moment(1.0) - 1000.0).abs() < 1e-6);
    /// assert!((lengths.moment(2.0) / (1e6 * 0.64f64.exp()) - 1.0).abs() < 1e-9);
    /// assert!(Lengths::of_mean(Tokens::new(1000.0), 0.8, Tokens::new(1000.0)).is_none());
    /// ```
    pub fn moment(&self, power: f64) -> f64 {
        let Self { log_median, spread, most, .. } = *self;
        let at = (most.ln() - log_median) / spread;
        let below = (power * log_median + 0.5 * (power * spread).powi(2)).exp() * normal_cdf(at - power * spread);
        below + most.powf(power) * normal_cdf(-at)
    }

    /// The share of responses that are longer than this.
    ///
    /// # Formula
    /// `Phi((mu - ln l) / s)`, none at the longest
    /// # Source
    /// The lognormal distribution.
    pub fn longer_than(&self, tokens: f64) -> f64 {
        if tokens >= self.most {
            return 0.0;
        }
        normal_cdf((self.log_median - tokens.max(1e-9).ln()) / self.spread)
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The longest.
    pub fn most(&self) -> f64 {
        self.most
    }

    /// The mean length that a token finds its response to have in the end.
    ///
    /// # Formula
    /// `E[x^2] / E[x]`
    /// # Source
    /// The size-biased mean, by definition.
    pub fn of_a_token(&self) -> f64 {
        self.moment(2.0) / self.mean
    }
}
