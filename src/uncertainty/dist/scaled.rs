//! The same distribution in another unit.

use super::shape::{Shape, Truncated};
use super::{Dist, build::dist};
use crate::error::Error;

impl Dist {
    /// The distribution of the value times a factor above zero: dollars of yuan.
    ///
    /// # Errors
    /// A factor that leaves no finite parameters.
    ///
    /// ```
    /// use flopbill::internals::uncertainty::dist::Dist;
    /// let yuan = Dist::range90(12.0, 16.0)?.truncated(0.0, 20.0)?;
    /// let dollars = yuan.scaled(0.15)?;
    /// assert!((dollars.quantile(0.3) - 0.15 * yuan.quantile(0.3)).abs() < 1e-12);
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    pub fn scaled(&self, by: f64) -> Result<Self, Error> {
        if !(by.is_finite() && by > 0.0) {
            return Err(Error::bad_input(format!("a factor of {by} makes no other unit")));
        }
        dist(match &self.shape {
            Shape::Point(value) => Shape::Point(value * by),
            Shape::Uniform { low, high } => Shape::Uniform { low: low * by, high: high * by },
            Shape::Triangular { low, mode, high } => {
                Shape::Triangular { low: low * by, mode: mode * by, high: high * by }
            }
            Shape::Beta { alpha, beta, low, high, pert } => {
                Shape::Beta { alpha: *alpha, beta: *beta, low: low * by, high: high * by, pert: *pert }
            }
            Shape::Normal { mean, sd } => Shape::Normal { mean: mean * by, sd: sd * by },
            Shape::LogNormal { mu, sigma } => Shape::LogNormal { mu: mu + by.ln(), sigma: *sigma },
            Shape::Gamma { shape, scale } => Shape::Gamma { shape: *shape, scale: scale * by },
            Shape::Truncated(cut) => Shape::Truncated(Box::new(Truncated {
                inner: cut.inner.scaled(by)?,
                low: cut.low * by,
                high: cut.high * by,
                ..(**cut).clone()
            })),
            Shape::Empirical(values) => Shape::Empirical(values.iter().map(|value| value * by).collect()),
            Shape::Mixture { parts, never } => {
                let scaled = |(weight, part): &(f64, Self)| Ok::<_, Error>((*weight, part.scaled(by)?));
                Shape::Mixture { parts: parts.iter().map(scaled).collect::<Result<_, _>>()?, never: *never }
            }
        })
    }
}
