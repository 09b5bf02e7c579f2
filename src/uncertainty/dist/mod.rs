//! A value, or a range of values: what a user who is not sure writes instead of a number.
//!
//! Every distribution is used through its quantile function alone: a draw is `quantile(u)` of a uniform `u`,
//! so that one generator, one correlation and one sensitivity method serve them all. Values are in the base unit of the field
//! they belong to; this module knows no units.
//!
//! - The short form `a..b` is a 90 % interval: 5 % of the probability lies below `a`, 5 % above `b`. It is lognormal if both
//!   ends are positive, and normal otherwise.
//! - A distribution may hold a *never*: a probability that the value is infinite (an approval that is not given). Its quantile is
//!   infinite there; results give the probability of never and quantiles of the rest.
//! - A range of no width is a point.
//!
//! ```
//! use flopbill::internals::uncertainty::dist::Dist;
//! let price = Dist::range90(1.8, 3.2)?; // $/h
//! assert!((price.quantile(0.5) - 2.4).abs() < 1e-12); // by hand: sqrt(1.8 * 3.2)
//! assert!((price.quantile(0.95) - 3.2).abs() < 1e-12);
//! # Ok::<(), flopbill::Error>(())
//! ```

mod build;
mod invert;
mod named;
mod prepared;
mod scaled;
mod shape;
mod table;

pub use named::{FORMS, Form, Role, role_of};
pub use prepared::Prepared;
pub(crate) use shape::{normal_cdf, normal_pdf};
pub(crate) use table::NormalCdf;
pub use table::QuantileTable;

use shape::Shape;

/// A point or a probability distribution over one field, in the field's base unit.
///
/// Only the checked constructors make one, so every `Dist` has finite parameters in the right order.
#[derive(Debug, Clone, PartialEq)]
pub struct Dist {
    shape: Shape,
}

/// A probability with its distance to the nearer end, which keeps the digits of an upper tail.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tail {
    /// Distance of the probability from 0 (lower) or from 1 (upper); from 0 to 0.5 where it came from one number.
    distance: f64,
    /// Whether `distance` counts from 1.
    upper: bool,
}

/// No probability asked for is nearer to 0 or 1 than this: a uniform draw with 53 bits never is.
const NEAREST: f64 = f64::EPSILON / 2.0;

impl Tail {
    fn of(probability: f64) -> Self {
        let upper = probability > 0.5;
        let distance = if upper { 1.0 - probability } else { probability };
        // `max` also turns NaN into a number: a quantile function must not panic or spread NaN.
        Self { distance: distance.max(NEAREST), upper }
    }

    /// The tail that has `below` under it and `above` over it, `below + above = 1`.
    fn split(below: f64, above: f64) -> Self {
        if below <= above {
            Self { distance: below.max(NEAREST), upper: false }
        } else {
            Self { distance: above.max(NEAREST), upper: true }
        }
    }

    /// The probability below, and above.
    fn sides(self) -> (f64, f64) {
        let rest = 1.0 - self.distance;
        if self.upper { (rest, self.distance) } else { (self.distance, rest) }
    }
}

impl Dist {
    /// The value below which the share `u` of the probability lies; `u` is held inside (0, 1), so that it never panics.
    ///
    /// Infinite only where the distribution holds a never.
    pub fn quantile(&self, u: f64) -> f64 {
        self.shape.quantile(Tail::of(u))
    }

    /// One draw, from a uniform `u` between 0 and 1: the quantile, and nothing else.
    pub fn draw(&self, u: f64) -> f64 {
        self.quantile(u)
    }

    /// The probability of a value of at most `x`.
    pub fn cdf(&self, x: f64) -> f64 {
        if x.is_nan() { 0.0 } else { self.shape.cdf(x).0 }
    }

    /// The mean; infinite if the distribution holds a never.
    pub fn mean(&self) -> f64 {
        self.shape.mean()
    }

    /// The value with as much probability below as above it.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The central interval that holds this share of the probability: 0.9 gives p5 and p95.
    pub fn interval(&self, coverage: f64) -> (f64, f64) {
        let outside = (1.0 - coverage) / 2.0;
        (self.quantile(outside), self.shape.quantile(Tail { distance: outside.max(NEAREST), upper: true }))
    }

    /// The lowest and the highest value that can occur; infinite where there is no limit.
    pub fn support(&self) -> (f64, f64) {
        self.shape.support()
    }

    /// The probability that the value never comes (is infinite).
    pub fn never(&self) -> f64 {
        self.shape.never()
    }

    /// The value, if only one is possible.
    pub fn as_point(&self) -> Option<f64> {
        match self.shape {
            Shape::Point(value) => Some(value),
            _ => None,
        }
    }

    /// The name of the distribution, as a spec writes it.
    pub fn name(&self) -> &'static str {
        self.shape.name()
    }

    /// The same distribution, ready for many draws.
    pub fn prepare(&self) -> Prepared {
        Prepared::new(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_probabilities_give_a_number() {
        let price = Dist::range90(1.8, 3.2).unwrap();
        for u in [f64::NAN, -1.0, 0.0, 1.0, 2.0, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(price.quantile(u).is_finite(), "{u}");
        }
        assert_eq!(price.cdf(f64::NAN), 0.0);
        assert_eq!(price.cdf(-1.0), 0.0);
        assert_eq!(price.cdf(f64::INFINITY), 1.0);
    }

    #[test]
    fn an_interval_keeps_the_digits_of_its_upper_end() {
        let (low, high) = Dist::normal(0.0, 1.0).unwrap().interval(1.0 - 2e-12);
        assert!((low + high).abs() < 1e-12 && (high - 7.034).abs() < 1e-3, "{low} {high}");
    }
}
