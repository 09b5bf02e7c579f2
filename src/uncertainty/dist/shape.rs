//! The closed list of distributions and their functions.

use statrs::function::beta::{checked_beta_reg, ln_beta};
use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur, ln_gamma};

use super::{Dist, Tail, invert};
use std::f64::consts::{PI, SQRT_2};

/// Checked parameters; `super::build` is the only place that makes one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Point(f64),
    Uniform {
        low: f64,
        high: f64,
    },
    Triangular {
        low: f64,
        mode: f64,
        high: f64,
    },
    /// A beta between two ends; a PERT is one, with its own name.
    Beta {
        alpha: f64,
        beta: f64,
        low: f64,
        high: f64,
        pert: bool,
    },
    Normal {
        mean: f64,
        sd: f64,
    },
    /// `mu` and `sigma` of the natural logarithm.
    LogNormal {
        mu: f64,
        sigma: f64,
    },
    /// The mean is shape times scale.
    Gamma {
        shape: f64,
        scale: f64,
    },
    Truncated(Box<Truncated>),
    /// Sorted values, two or more of them different.
    Empirical(Vec<f64>),
    /// Shares of the whole, and the share that never comes; they add up to 1.
    Mixture {
        parts: Vec<(f64, Dist)>,
        never: f64,
    },
}

/// A distribution of which only the part between two ends is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Truncated {
    pub inner: Dist,
    pub low: f64,
    pub high: f64,
    /// The inner probability below `low`, between the ends, and above `high`.
    pub below: f64,
    pub kept: f64,
    pub above: f64,
}

/// The standard normal quantile.
pub(super) fn normal_quantile(tail: Tail) -> f64 {
    let z = SQRT_2 * erfc_inv(2.0 * tail.distance);
    if tail.upper { z } else { -z }
}

/// The standard normal distribution function.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z / SQRT_2)
}

/// The standard normal density.
pub(crate) fn normal_pdf(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

impl Shape {
    pub(super) fn quantile(&self, tail: Tail) -> f64 {
        let (v, upper) = (tail.distance, tail.upper);
        match self {
            Self::Point(value) => *value,
            Self::Uniform { low, high } if upper => high - v * (high - low),
            Self::Uniform { low, high } => low + v * (high - low),
            Self::Triangular { low, mode, high } => triangular_quantile(*low, *mode, *high, tail),
            Self::Beta { alpha, beta, low, high, .. } if upper => high - (high - low) * invert::beta(*beta, *alpha, v),
            Self::Beta { alpha, beta, low, high, .. } => low + (high - low) * invert::beta(*alpha, *beta, v),
            Self::Normal { mean, sd } => mean + sd * normal_quantile(tail),
            Self::LogNormal { mu, sigma } => (mu + sigma * normal_quantile(tail)).exp(),
            Self::Gamma { shape, scale } => scale * invert::gamma(*shape, tail),
            Self::Truncated(cut) => cut.quantile(tail),
            Self::Empirical(values) => empirical_quantile(values, tail.sides().0),
            Self::Mixture { parts, never } => mixture_quantile(parts, *never, tail),
        }
    }

    /// The probability at or below `x`, and above it: two numbers, so that neither tail loses its digits.
    pub(super) fn cdf(&self, x: f64) -> (f64, f64) {
        let (low, high) = self.support();
        if x >= high {
            return (1.0 - self.never(), self.never());
        }
        if x < low {
            return (0.0, 1.0);
        }
        match self {
            Self::Point(value) => whole(f64::from(x >= *value)),
            Self::Uniform { low, high } => ((x - low) / (high - low), (high - x) / (high - low)),
            Self::Triangular { low, mode, high } => triangular_cdf(*low, *mode, *high, x),
            Self::Beta { alpha, beta, low, high, .. } => {
                let width = high - low;
                (beta_reg(*alpha, *beta, (x - low) / width), beta_reg(*beta, *alpha, (high - x) / width))
            }
            Self::Normal { mean, sd } => both_sides((x - mean) / sd),
            Self::LogNormal { mu, sigma } => both_sides((x.ln() - mu) / sigma),
            Self::Gamma { shape, scale } => {
                (checked_gamma_lr(*shape, x / scale).unwrap_or(0.0), checked_gamma_ur(*shape, x / scale).unwrap_or(1.0))
            }
            Self::Truncated(cut) => cut.cdf(x),
            Self::Empirical(values) => whole(empirical_cdf(values, x)),
            Self::Mixture { parts, never } => parts.iter().fold((0.0, *never), |(below, above), (weight, part)| {
                let (part_below, part_above) = part.shape.cdf(x);
                (below + weight * part_below, above + weight * part_above)
            }),
        }
    }

    /// The density at `x`, for the shapes that a table can follow; none for the others.
    pub(super) fn pdf(&self, x: f64) -> Option<f64> {
        match self {
            Self::Beta { alpha, beta, low, high, .. } => {
                let (t, rest, width) = ((x - low) / (high - low), (high - x) / (high - low), high - low);
                Some(((alpha - 1.0) * t.ln() + (beta - 1.0) * rest.ln() - ln_beta(*alpha, *beta)).exp() / width)
            }
            Self::Normal { mean, sd } => Some(normal_pdf((x - mean) / sd) / sd),
            Self::LogNormal { mu, sigma } => Some(normal_pdf((x.ln() - mu) / sigma) / (sigma * x)),
            Self::Gamma { shape, scale } => {
                let t = x / scale;
                Some(((shape - 1.0) * t.ln() - t - ln_gamma(*shape)).exp() / scale)
            }
            Self::Truncated(cut) => cut.inner.shape.pdf(x).map(|density| density / cut.kept),
            Self::Mixture { parts, .. } => {
                parts.iter().map(|(weight, part)| part.shape.pdf(x).map(|density| weight * density)).sum()
            }
            Self::Point(_) | Self::Uniform { .. } | Self::Triangular { .. } | Self::Empirical(_) => None,
        }
    }

    pub(super) fn mean(&self) -> f64 {
        match self {
            Self::Point(value) => *value,
            Self::Uniform { low, high } => low + (high - low) / 2.0,
            Self::Triangular { low, mode, high } => low + ((mode - low) + (high - low)) / 3.0,
            Self::Beta { alpha, beta, low, high, .. } => low + (high - low) * alpha / (alpha + beta),
            Self::Normal { mean, .. } => *mean,
            Self::LogNormal { mu, sigma } => (mu + sigma * sigma / 2.0).exp(),
            Self::Gamma { shape, scale } => shape * scale,
            Self::Truncated(_) => invert::mean_of(|tail| self.quantile(tail)),
            Self::Empirical(values) => values.iter().sum::<f64>() / values.len() as f64,
            Self::Mixture { never, .. } if *never > 0.0 => f64::INFINITY,
            Self::Mixture { parts, .. } => parts.iter().map(|(weight, part)| weight * part.mean()).sum(),
        }
    }

    pub(super) fn support(&self) -> (f64, f64) {
        match self {
            Self::Point(value) => (*value, *value),
            Self::Uniform { low, high } | Self::Triangular { low, high, .. } | Self::Beta { low, high, .. } => {
                (*low, *high)
            }
            Self::Normal { .. } => (f64::NEG_INFINITY, f64::INFINITY),
            Self::LogNormal { .. } | Self::Gamma { .. } => (0.0, f64::INFINITY),
            Self::Truncated(cut) => (cut.low, cut.high),
            Self::Empirical(values) => (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0)),
            Self::Mixture { parts, .. } => parts
                .iter()
                .map(|(_, part)| part.support())
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (l, h)| (low.min(l), high.max(h))),
        }
    }

    pub(super) fn never(&self) -> f64 {
        match self {
            Self::Mixture { never, .. } => *never,
            _ => 0.0,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Point(_) => "point",
            Self::Uniform { .. } => "uniform",
            Self::Triangular { .. } => "triangular",
            Self::Beta { pert: true, .. } => "pert",
            Self::Beta { .. } => "beta",
            Self::Normal { .. } => "normal",
            Self::LogNormal { .. } => "lognormal",
            Self::Gamma { .. } => "gamma",
            Self::Truncated(cut) => cut.inner.name(),
            Self::Empirical(_) => "empirical",
            Self::Mixture { .. } => "mixture",
        }
    }
}

impl Truncated {
    /// `F^-1(F(low) + u (F(high) - F(low)))`, from whichever end keeps more digits.
    fn quantile(&self, tail: Tail) -> f64 {
        let (u, rest) = tail.sides();
        let inner = Tail::split(self.below + u * self.kept, self.above + rest * self.kept);
        self.inner.shape.quantile(inner).clamp(self.low, self.high)
    }

    fn cdf(&self, x: f64) -> (f64, f64) {
        let (below, above) = self.inner.shape.cdf(x);
        (((below - self.below) / self.kept).clamp(0.0, 1.0), ((above - self.above) / self.kept).clamp(0.0, 1.0))
    }
}

fn whole(below: f64) -> (f64, f64) {
    (below, 1.0 - below)
}

fn both_sides(z: f64) -> (f64, f64) {
    (normal_cdf(z), normal_cdf(-z))
}

/// The regularized incomplete beta function, without a panic at the ends.
pub(super) fn beta_reg(alpha: f64, beta: f64, x: f64) -> f64 {
    checked_beta_reg(alpha, beta, x.clamp(0.0, 1.0)).unwrap_or(0.0)
}

fn triangular_quantile(low: f64, mode: f64, high: f64, tail: Tail) -> f64 {
    let width = high - low;
    let (below, above) = tail.sides();
    let (rise, fall) = ((mode - low) / width, (high - mode) / width);
    if below < rise { low + width * (below * rise).sqrt() } else { high - width * (above * fall).sqrt() }
}

fn triangular_cdf(low: f64, mode: f64, high: f64, x: f64) -> (f64, f64) {
    let width = high - low;
    if x < mode {
        whole((x - low) / width * ((x - low) / (mode - low)))
    } else {
        let above = (high - x) / width * ((high - x) / (high - mode));
        (1.0 - above, above)
    }
}

/// Linear between the sorted values, the first at 0 and the last at 1 (Hyndman and Fan's type 7).
pub(super) fn empirical_quantile(values: &[f64], u: f64) -> f64 {
    let position = u * values.len().saturating_sub(1) as f64;
    let first = values.get(position as usize).copied().unwrap_or(0.0);
    let second = values.get(position as usize + 1).copied().unwrap_or(first);
    first + (second - first) * position.fract()
}

fn empirical_cdf(values: &[f64], x: f64) -> f64 {
    let count = values.partition_point(|&value| value <= x);
    let last = values.len().saturating_sub(1).max(1) as f64;
    let (Some(before), Some(after)) = (count.checked_sub(1).and_then(|i| values.get(i)), values.get(count)) else {
        return f64::from(count > 0);
    };
    ((count - 1) as f64 + (x - before) / (after - before)) / last
}

/// The least of some points that has this probability at or below it, or the greatest.
fn point_at(parts: &[(f64, Dist)], below: f64) -> f64 {
    let values = || parts.iter().map(|(_, part)| part.shape.support().0);
    let reached = |x: f64| {
        let at_or_below = parts.iter().filter(|(_, part)| part.shape.support().0 <= x);
        at_or_below.map(|(weight, _)| weight).sum::<f64>() >= below
    };
    let least = values().filter(|x| reached(*x)).fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { values().fold(f64::NEG_INFINITY, f64::max) }
}

/// The least `x` at which the shares of the parts add up to the probability asked for.
fn mixture_quantile(parts: &[(f64, Dist)], never: f64, tail: Tail) -> f64 {
    let (below, above) = tail.sides();
    if above < never {
        return f64::INFINITY;
    }
    if let [(weight, only)] = parts {
        return only.shape.quantile(Tail::split((below / weight).min(1.0), (above - never) / weight));
    }
    if parts.iter().all(|(_, part)| matches!(part.shape, Shape::Point(_))) {
        return point_at(parts, below);
    }
    // The mixture's value lies between the least and the greatest of its parts' own at this probability.
    let finite = 1.0 - never;
    let at = Tail::split(below / finite, (above - never) / finite);
    let ends = parts.iter().map(|(_, part)| part.shape.quantile(at));
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), q| (low.min(q), high.max(q)));
    invert::between_ends(low, high, |x| {
        let (mut value, mut density) = (if tail.upper { above - never } else { -below }, 0.0);
        for (weight, part) in parts {
            let (part_below, part_above) = part.shape.cdf(x);
            value += weight * if tail.upper { -part_above } else { part_below };
            density += weight * part.shape.pdf(x).unwrap_or(0.0);
        }
        (value, density)
    })
}
