//! Quantiles that have no closed form, by Newton steps inside a bracket.
//!
//! Newton runs on the logarithm of the probability against the logarithm of the value. Towards an end of the support both
//! the beta and the gamma distribution are powers, so there the curve is a straight line and one or two steps suffice, however far
//! out; the general-purpose inverses lose their digits or panic there.

use statrs::function::beta::ln_beta;
use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur, ln_gamma};

use super::Tail;
use super::shape::{beta_reg, normal_quantile};

/// The value of a beta(alpha, beta) on [0, 1] with the probability `u` below it; best for `u <= 0.5`.
pub(super) fn beta(alpha: f64, beta: f64, u: f64) -> f64 {
    beta_from(alpha, beta, u, None)
}

/// The same, started from a value nearby.
pub(super) fn beta_from(alpha: f64, beta: f64, u: f64, near: Option<f64>) -> f64 {
    let norm = ln_beta(alpha, beta);
    let start = match near {
        Some(x) if x > 0.0 => x.ln(),
        // Exact towards zero, where F(x) = x^alpha / (alpha B(alpha, beta)).
        _ => ((u.ln() + alpha.ln() + norm) / alpha).min((alpha / (alpha + beta)).ln()),
    };
    let solved = newton(start, 0.0, |y| {
        let x = y.exp();
        let below = beta_reg(alpha, beta, x);
        let slope = (alpha * y + (beta - 1.0) * (-x).ln_1p() - norm).exp() / below;
        (below.ln() - u.ln(), slope)
    });
    solved.exp()
}

/// The value of a gamma with this shape and scale 1 at this probability.
pub(super) fn gamma(shape: f64, tail: Tail) -> f64 {
    gamma_from(shape, tail, None)
}

/// The same, started from a value nearby.
pub(super) fn gamma_from(shape: f64, tail: Tail, near: Option<f64>) -> f64 {
    let norm = ln_gamma(shape);
    let start = match near {
        Some(x) if x > 0.0 => x.ln(),
        _ if tail.upper => gamma_guess(shape, tail).ln(),
        _ => ((tail.distance.ln() + shape.ln() + norm) / shape).min(shape.ln()),
    };
    let wanted = tail.distance.ln();
    let solved = newton(start, f64::INFINITY, |y| {
        let x = y.exp();
        let density = (shape * y - x - norm).exp();
        if tail.upper {
            let above = checked_gamma_ur(shape, x).unwrap_or(0.0);
            (wanted - above.ln(), density / above)
        } else {
            let below = checked_gamma_lr(shape, x).unwrap_or(0.0);
            (below.ln() - wanted, density / below)
        }
    });
    solved.exp()
}

/// Wilson and Hilferty's cube-root normal approximation, held above zero.
fn gamma_guess(shape: f64, tail: Tail) -> f64 {
    let ninth = 1.0 / (9.0 * shape);
    let root = (1.0 - ninth + normal_quantile(tail) * ninth.sqrt()).max(0.1);
    shape * root * root * root
}

/// The root of an increasing function given with its slope, at or below `high`.
fn newton(start: f64, mut high: f64, function: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut y, mut low) = (start.min(high), f64::NEG_INFINITY);
    for _ in 0..200 {
        let (value, slope) = function(y);
        if value > 0.0 {
            high = y
        } else {
            low = y
        }
        let step = value / slope;
        let next = y - step;
        let inside = next > low && next < high;
        if step.abs() <= 1e-9 && step.is_finite() {
            // Steps shrink quadratically: the next one would be below the last digit.
            return if inside { next } else { y };
        }
        y = if inside { next } else { between(low, high, y) };
        if high - low <= 1e-15 * y.abs() {
            break;
        }
    }
    y
}

/// A point inside a bracket that may be open on one side.
fn between(low: f64, high: f64, y: f64) -> f64 {
    match (low.is_finite(), high.is_finite()) {
        (true, true) => low + (high - low) / 2.0,
        (true, false) => y + 1.0 + y.abs(),
        _ => y - 1.0 - y.abs(),
    }
}

/// The least `x` from `low` to `high`, to 14 digits, at which a rising function given with its slope is not negative.
///
/// Newton steps where they at least halve the step before; halving of the bracket where the function jumps or lies flat.
pub(super) fn between_ends(mut low: f64, mut high: f64, function: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut x = low + (high - low) / 2.0;
    let mut before = high - low;
    for _ in 0..400 {
        if x <= low || x >= high || high - low <= 1e-14 * high.abs() {
            break;
        }
        let (value, slope) = function(x);
        if value >= 0.0 {
            high = x
        } else {
            low = x
        }
        let step = value / slope;
        let next = x - step;
        // Written so that a step of NaN is refused.
        if next > low && next < high && step.abs() <= 0.5 * before {
            if step.abs() <= 1e-9 * x.abs() {
                return next;
            }
            (x, before) = (next, step.abs());
        } else {
            before = (high - low) / 2.0;
            x = low + before;
        }
    }
    high
}

/// Nodes and weights of the 5-point Gauss-Legendre rule on [-1, 1], the positive half and the centre.
const GAUSS: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.906_179_845_938_664, 0.236_926_885_056_189_1),
];

/// The mean as the integral of the quantile over the probability, cut into octaves towards both ends.
pub(super) fn mean_of(quantile: impl Fn(Tail) -> f64) -> f64 {
    let mut sum = 0.0;
    let mut width = 0.25;
    for _ in 0..50 {
        for (node, weight) in GAUSS {
            let distance = width * (1.5 + 0.5 * node);
            for upper in [false, true] {
                sum += 0.5 * width * weight * quantile(Tail { distance, upper });
            }
        }
        width /= 2.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_tails_keep_their_digits() {
        // By hand: beta(2, 1) has F(x) = x^2, gamma(1) has F(x) = 1 - e^-x.
        for u in [1e-300, 1e-30, 1e-12, 0.01, 0.5] {
            assert!((beta(2.0, 1.0, u) / f64::sqrt(u) - 1.0).abs() < 1e-12, "beta at {u}");
            let lower = gamma(1.0, Tail { distance: u, upper: false });
            let upper = gamma(1.0, Tail { distance: u, upper: true });
            assert!((lower / -f64::ln_1p(-u) - 1.0).abs() < 1e-12, "gamma at {u}: {lower}");
            assert!((upper / -f64::ln(u) - 1.0).abs() < 1e-12, "gamma above at {u}: {upper}");
        }
    }

    #[test]
    fn mean_by_integration() {
        assert!((mean_of(|tail| -tail.sides().0.ln()) - 1.0).abs() < 1e-7); // by hand: the mean of -ln u
    }
}
