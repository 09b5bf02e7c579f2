//! Constructors: each refuses every wrong value with one named reason.

use super::shape::{Shape, Truncated};
use super::{Dist, Tail};
use crate::error::Error;

/// A beta or gamma with a shape beyond this is a normal to all who look at it, and its functions no longer converge.
const LARGEST_SHAPE: f64 = 1e4;
/// Below this nearly all values are zero to the last digit.
const SMALLEST_SHAPE: f64 = 0.01;

pub(super) fn dist(shape: Shape) -> Result<Dist, Error> {
    Ok(Dist { shape })
}

/// Refuses NaN and infinities, by the parameter's name.
fn finite(values: &[(&str, f64)]) -> Result<(), Error> {
    match values.iter().find(|(_, value)| !value.is_finite()) {
        Some((name, value)) => Err(Error::bad_input(format!("{name} is {value}, not a number that can be used"))),
        None => Ok(()),
    }
}

/// Refuses a pair in the wrong order.
fn ordered(low: (&str, f64), high: (&str, f64)) -> Result<(), Error> {
    finite(&[low, high])?;
    if low.1 > high.1 {
        let message = format!("{} ({}) is above {} ({})", low.0, low.1, high.0, high.1);
        return Err(Error::bad_input(message).with_hint("write the smaller value first"));
    }
    Ok(())
}

/// Refuses a shape parameter outside the range in which the distribution can be computed.
fn shape_in_range(name: &str, value: f64) -> Result<(), Error> {
    finite(&[(name, value)])?;
    if (SMALLEST_SHAPE..=LARGEST_SHAPE).contains(&value) {
        return Ok(());
    }
    let message = format!("{name} is {value}, but must lie from {SMALLEST_SHAPE} to {LARGEST_SHAPE}");
    Err(Error::bad_input(message).with_hint("for a very narrow range use `normal` with mean and sd"))
}

/// The distance from the median to each end of a central interval, in standard deviations.
fn half_width(coverage: f64) -> Result<f64, Error> {
    if coverage > 0.0 && coverage < 1.0 {
        return Ok(super::shape::normal_quantile(Tail { distance: (1.0 - coverage) / 2.0, upper: true }));
    }
    Err(Error::bad_input(format!("an interval that holds the share {coverage} of the probability"))
        .with_hint("give a share between 0 and 1, such as 0.9"))
}

/// The range a fall or a rise stays in as a float; wider ones are refused before they overflow.
fn positive(name: &str, value: f64) -> Result<(), Error> {
    finite(&[(name, value)])?;
    if value > 0.0 {
        return Ok(());
    }
    Err(Error::bad_input(format!("{name} is {value}, but a lognormal has only positive values"))
        .with_hint("use `normal`, `triangular` or `uniform` for a range that reaches zero"))
}

impl Dist {
    /// One value.
    pub fn point(value: f64) -> Result<Self, Error> {
        finite(&[("the value", value)])?;
        dist(Shape::Point(value))
    }

    /// The short form `p5..p95`: a 90 % interval, lognormal if both ends are positive, normal otherwise.
    pub fn range90(p5: f64, p95: f64) -> Result<Self, Error> {
        ordered(("p5", p5), ("p95", p95))?;
        if p5 > 0.0 { Self::lognormal_interval(0.9, p5, p95) } else { Self::normal_interval(0.9, p5, p95) }
    }

    /// Every value from `low` to `high` equally likely.
    pub fn uniform(low: f64, high: f64) -> Result<Self, Error> {
        ordered(("low", low), ("high", high))?;
        finite(&[("high minus low", high - low)])?;
        dist(if low == high { Shape::Point(low) } else { Shape::Uniform { low, high } })
    }

    /// A density that rises straight from `low` to `mode` and falls straight to `high`.
    pub fn triangular(low: f64, mode: f64, high: f64) -> Result<Self, Error> {
        ordered(("low", low), ("mode", mode))?;
        ordered(("mode", mode), ("high", high))?;
        finite(&[("high minus low", high - low)])?;
        dist(if low == high { Shape::Point(low) } else { Shape::Triangular { low, mode, high } })
    }

    /// The planners' smooth triangle: a beta whose mean is `(low + 4 mode + high) / 6`.
    pub fn pert(low: f64, mode: f64, high: f64) -> Result<Self, Error> {
        Self::pert_with(low, mode, high, 4.0)
    }

    /// A PERT whose mode weighs `lambda` instead of 4 in the mean: more is narrower.
    pub fn pert_with(low: f64, mode: f64, high: f64, lambda: f64) -> Result<Self, Error> {
        ordered(("low", low), ("mode", mode))?;
        ordered(("mode", mode), ("high", high))?;
        finite(&[("lambda", lambda), ("high minus low", high - low)])?;
        if lambda < 0.0 {
            return Err(Error::bad_input(format!("lambda is {lambda}, but a weight is not negative"))
                .with_hint("the usual PERT has lambda = 4"));
        }
        if low == high {
            return dist(Shape::Point(low));
        }
        let alpha = 1.0 + lambda * (mode - low) / (high - low);
        let beta = 1.0 + lambda * (high - mode) / (high - low);
        shape_in_range("1 + lambda", 1.0 + lambda)?;
        dist(Shape::Beta { alpha, beta, low, high, pert: true })
    }

    /// A normal with this mean and standard deviation.
    pub fn normal(mean: f64, sd: f64) -> Result<Self, Error> {
        finite(&[("mean", mean), ("sd", sd)])?;
        if sd < 0.0 {
            return Err(Error::bad_input(format!("sd is {sd}, but a spread is not negative")));
        }
        dist(if sd == 0.0 { Shape::Point(mean) } else { Shape::Normal { mean, sd } })
    }

    /// The normal whose central interval of this coverage runs from `low` to `high`.
    pub fn normal_interval(coverage: f64, low: f64, high: f64) -> Result<Self, Error> {
        ordered(("the lower end", low), ("the upper end", high))?;
        Self::normal(low + (high - low) / 2.0, (high - low) / (2.0 * half_width(coverage)?))
    }

    /// A lognormal with this median; `sigma` is the standard deviation of the natural logarithm.
    pub fn lognormal(median: f64, sigma: f64) -> Result<Self, Error> {
        positive("median", median)?;
        finite(&[("sigma", sigma)])?;
        if !(0.0..=20.0).contains(&sigma) {
            let message = format!("sigma is {sigma}, but a spread of the logarithm lies from 0 to 20");
            return Err(Error::bad_input(message).with_hint("sigma 0.7 already means a factor of 3 up or down at 90 %"));
        }
        dist(if sigma == 0.0 { Shape::Point(median) } else { Shape::LogNormal { mu: median.ln(), sigma } })
    }

    /// The lognormal whose central interval of this coverage runs from `low` to `high`.
    pub fn lognormal_interval(coverage: f64, low: f64, high: f64) -> Result<Self, Error> {
        ordered(("the lower end", low), ("the upper end", high))?;
        positive("the lower end", low)?;
        let half = half_width(coverage)?;
        if low == high {
            return dist(Shape::Point(low));
        }
        let (mu, sigma) = ((low.ln() + high.ln()) / 2.0, (high.ln() - low.ln()) / (2.0 * half));
        Self::lognormal(1.0, sigma)?;
        dist(Shape::LogNormal { mu, sigma })
    }

    /// The lognormal with this mean and standard deviation of the value itself.
    pub fn lognormal_mean_sd(mean: f64, sd: f64) -> Result<Self, Error> {
        positive("mean", mean)?;
        finite(&[("sd", sd)])?;
        if sd < 0.0 {
            return Err(Error::bad_input(format!("sd is {sd}, but a spread is not negative")));
        }
        let variance = (sd / mean).powi(2).ln_1p();
        Self::lognormal(mean * (-variance / 2.0).exp(), variance.sqrt())
    }

    /// A beta with shapes `alpha` and `beta`, stretched from `low` to `high`.
    pub fn beta(alpha: f64, beta: f64, low: f64, high: f64) -> Result<Self, Error> {
        shape_in_range("alpha", alpha)?;
        shape_in_range("beta", beta)?;
        ordered(("low", low), ("high", high))?;
        finite(&[("high minus low", high - low)])?;
        dist(if low == high { Shape::Point(low) } else { Shape::Beta { alpha, beta, low, high, pert: false } })
    }

    /// A gamma with this shape (a pure number) and scale (in the value's unit); the mean is their product.
    pub fn gamma(shape: f64, scale: f64) -> Result<Self, Error> {
        shape_in_range("shape", shape)?;
        finite(&[("scale", scale)])?;
        if scale <= 0.0 {
            return Err(Error::bad_input(format!("scale is {scale}, but must be positive"))
                .with_hint("scale is the mean divided by the shape"));
        }
        dist(Shape::Gamma { shape, scale })
    }

    /// What is known of a rate after `events` were seen in `exposure`, if a gamma with this shape and scale was known before.
    ///
    /// # Formula
    /// `Gamma(shape + events, 1 / (1 / scale + exposure))`: the conjugate posterior of a Poisson rate
    /// # Source
    /// Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.6.
    pub fn gamma_updated(shape: f64, scale: f64, events: f64, exposure: f64) -> Result<Self, Error> {
        Self::gamma(shape, scale)?;
        finite(&[("events", events), ("exposure", exposure)])?;
        if events < 0.0 || exposure < 0.0 {
            return Err(Error::bad_input("a number of events and the exposure they were seen in are not negative"));
        }
        Self::gamma(shape + events, 1.0 / (1.0 / scale + exposure))
    }

    /// The part of this distribution from `low` to `high`, made whole again; infinities mean no limit.
    pub fn truncated(self, low: f64, high: f64) -> Result<Self, Error> {
        if low.is_nan() || high.is_nan() || low > high {
            return Err(
                Error::bad_input(format!("limits from {low} to {high}")).with_hint("write the smaller limit first")
            );
        }
        if self.never() > 0.0 {
            return Err(Error::bad_input("a distribution with a never cannot be cut to limits")
                .with_hint("cut it first, then add `never`"));
        }
        let (least, greatest) = self.support();
        if low <= least && high >= greatest {
            return Ok(self);
        }
        let ((below, over), (under, above)) = (self.shape.cdf(low), self.shape.cdf(high));
        let kept = if below < 0.5 { under - below } else { over - above };
        if kept < 1e-9 {
            let message = format!("nothing of the {} lies between {low} and {high}", self.name());
            return Err(Error::bad_input(message).with_hint("widen the limits, or move the distribution into them"));
        }
        if self.as_point().is_some() {
            return Ok(self);
        }
        let (low, high) = (low.max(least), high.min(greatest));
        dist(Shape::Truncated(Box::new(Truncated { inner: self, low, high, below, kept, above })))
    }

    /// Values that were seen, each as likely as the next, with straight lines between them.
    pub fn empirical(mut values: Vec<f64>) -> Result<Self, Error> {
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let value = values.get(place).copied().unwrap_or(f64::NAN);
            return Err(Error::bad_input(format!("sample {} is {value}, not a number that can be used", place + 1)));
        }
        values.sort_by(f64::total_cmp);
        match (values.first().copied(), values.last().copied()) {
            (Some(first), Some(last)) if first == last => dist(Shape::Point(first)),
            (Some(_), Some(_)) => dist(Shape::Empirical(values)),
            _ => Err(Error::bad_input("no samples").with_hint("give at least one value, better thirty")),
        }
    }

    /// One of several distributions, each with its share of the probability, or with the rest never: the shares and `never` add up to 1.
    pub fn mixture(parts: Vec<(f64, Dist)>, never: f64) -> Result<Self, Error> {
        let mut sum = share("never", never)?;
        for (weight, _) in &parts {
            sum += share("a weight", *weight)?;
        }
        if (sum - 1.0).abs() > 1e-9 {
            let message = format!("the weights add up to {sum}, not to 1");
            return Err(Error::bad_input(message).with_hint("a share that never comes is `never`"));
        }
        let (parts, never) = flatten(parts, never);
        let (parts, never) =
            (parts.into_iter().map(|(weight, part)| (weight / sum, part)).collect::<Vec<_>>(), never / sum);
        match parts.as_slice() {
            [] => Err(Error::bad_input("a mixture without a part that can come")
                .with_hint("give at least one part a weight above 0")),
            [(_, only)] if never == 0.0 => Ok(only.clone()),
            _ => dist(Shape::Mixture { parts, never }),
        }
    }

    /// This distribution, except that with the probability `never` the value is infinite.
    pub fn with_never(self, never: f64) -> Result<Self, Error> {
        share("never", never)?;
        Self::mixture(vec![(1.0 - never, self)], never)
    }
}

/// A probability, or why it is none.
fn share(name: &str, value: f64) -> Result<f64, Error> {
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(Error::bad_input(format!("{name} is {value}, but a probability lies from 0 to 1")))
}

/// Parts of parts become parts, and parts without weight go.
fn flatten(parts: Vec<(f64, Dist)>, mut never: f64) -> (Vec<(f64, Dist)>, f64) {
    let mut flat = Vec::with_capacity(parts.len());
    for (weight, part) in parts {
        match part.shape {
            _ if weight == 0.0 => {}
            Shape::Mixture { parts: inner, never: inner_never } => {
                never += weight * inner_never;
                flat.extend(inner.into_iter().map(|(share, part)| (weight * share, part)));
            }
            shape => flat.push((weight, Dist { shape })),
        }
    }
    (flat, never)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_width_is_a_point() {
        for dist in [
            Dist::range90(2.0, 2.0),
            Dist::uniform(2.0, 2.0),
            Dist::triangular(2.0, 2.0, 2.0),
            Dist::pert(2.0, 2.0, 2.0),
            Dist::normal(2.0, 0.0),
            Dist::lognormal(2.0, 0.0),
            Dist::beta(2.0, 3.0, 2.0, 2.0),
            Dist::empirical(vec![2.0, 2.0]),
            Dist::mixture(vec![(1.0, Dist::point(2.0).unwrap())], 0.0),
            Dist::point(2.0).unwrap().truncated(0.0, 3.0),
        ] {
            assert_eq!(dist.unwrap().as_point(), Some(2.0));
        }
    }

    #[test]
    fn wrong_values_are_refused_with_their_reason() {
        let point = || Dist::point(1.0).unwrap();
        for (result, reason) in [
            (Dist::point(f64::NAN), "not a number"),
            (Dist::range90(3.2, 1.8), "p5 (3.2) is above p95 (1.8)"),
            (Dist::range90(0.0, f64::INFINITY), "p95 is inf"),
            (Dist::uniform(-f64::MAX, f64::MAX), "high minus low"),
            (Dist::triangular(0.0, 2.0, 1.0), "mode (2) is above high (1)"),
            (Dist::pert_with(0.0, 1.0, 2.0, -1.0), "not negative"),
            (Dist::normal(1.0, -0.1), "not negative"),
            (Dist::lognormal(0.0, 1.0), "only positive"),
            (Dist::lognormal(1.0, -1.0), "sigma is -1"),
            (Dist::lognormal_interval(1.5, 1.0, 2.0), "1.5"),
            (Dist::beta(0.0, 1.0, 0.0, 1.0), "alpha is 0"),
            (Dist::gamma(2.0, 0.0), "scale is 0"),
            (Dist::gamma_updated(2.0, 2.2, -1.0, 1.0), "not negative"),
            (Dist::normal(0.0, 1.0).unwrap().truncated(50.0, 60.0), "nothing of the normal"),
            (point().truncated(2.0, 3.0), "nothing of the point"),
            (Dist::empirical(vec![1.0, f64::NAN]), "sample 2 is NaN"),
            (Dist::empirical(vec![]), "no samples"),
            (Dist::mixture(vec![(0.5, point())], 0.2), "add up to 0.7"),
            (Dist::mixture(vec![(1.5, point())], -0.5), "never is -0.5"),
            (point().with_never(1.0), "without a part"),
        ] {
            let error = result.unwrap_err();
            assert!(error.message().contains(reason), "{error} should say {reason}");
        }
    }
}
