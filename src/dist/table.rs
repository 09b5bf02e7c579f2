//! A quantile function as a table of cubic pieces: a few nanoseconds a draw instead of a microsecond.
//!
//! The pieces are laid out as the floats themselves are: a fixed number for each power of two of the distance to the nearer end,
//! so that the upper bits of that distance are the index, and a power-like tail is followed as well as the middle.

use super::shape::Shape;
use super::{Dist, Tail, invert};

/// The table ends where this much probability is left on a side; a draw beyond gets the value there.
const LOWEST: f64 = 1.0 / (1u64 << 40) as f64;
/// Powers of two from `LOWEST` to a half.
const OCTAVES: usize = 39;
/// The largest error a table may have, at the middle of the pieces that are checked.
const TOLERANCE: f64 = 2e-8;
/// Bits of the mantissa of an f64.
const MANTISSA: u32 = 52;

/// Cubic Hermite pieces of one quantile function.
///
/// Every value is within 2e-8 of the exact one, relative, or (where the quantile passes zero) within the change that
/// 2e-8 of its tail probability makes. Probabilities nearer than 2^-40 to an end give the value at 2^-40.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantileTable {
    /// How many low bits of the distance lie inside one piece.
    shift: u32,
    /// The upper bits of the lowest distance, the index of the first piece.
    first: u64,
    /// Pieces on the lower side; the upper side has as many.
    side: usize,
    pieces: Vec<[f64; 4]>,
}

impl QuantileTable {
    /// The table of a distribution with a smooth density; none for the others, which are fast or rough.
    pub fn new(dist: &Dist) -> Option<Self> {
        dist.shape.pdf(dist.median())?;
        (4..=7).map(|bits| Self::with_bits(&dist.shape, bits)).find(|table| table.fits(&dist.shape))
    }

    fn with_bits(shape: &Shape, bits: u32) -> Self {
        let shift = MANTISSA - bits;
        let mut table =
            Self { shift, first: LOWEST.to_bits() >> shift, side: (OCTAVES << bits) + 1, pieces: Vec::new() };
        table.pieces.reserve_exact(2 * table.side);
        for upper in [false, true] {
            let mut before = node(shape, Tail { distance: LOWEST, upper }, None);
            let mut left = LOWEST;
            for index in 1..table.side {
                let right = f64::from_bits((table.first + index as u64) << shift);
                let after = node(shape, Tail { distance: right, upper }, Some(before.0));
                table.pieces.push(piece(before, after, right - left));
                (before, left) = (after, right);
            }
            table.pieces.push([before.0, 0.0, 0.0, 0.0]);
        }
        table
    }

    /// Whether the middles of pieces, one an octave on each side, are within the tolerance.
    fn fits(&self, shape: &Shape) -> bool {
        let mut distance = LOWEST * 1.48;
        while distance < 0.5 {
            for upper in [false, true] {
                let exact = shape.quantile(Tail { distance, upper });
                let error = (self.at_distance(distance, upper) - exact).abs();
                let shifted = error * shape.pdf(exact).unwrap_or(f64::INFINITY);
                if error > TOLERANCE * exact.abs() && !(shifted <= TOLERANCE * distance) {
                    return false;
                }
            }
            distance *= 2.0;
        }
        true
    }

    /// The quantile at `u`; held inside the table, so that it never panics.
    #[inline]
    pub fn at(&self, u: f64) -> f64 {
        let upper = u > 0.5;
        self.at_distance(if upper { 1.0 - u } else { u }, upper)
    }

    #[inline]
    fn at_distance(&self, distance: f64, upper: bool) -> f64 {
        let bits = distance.max(LOWEST).to_bits();
        let index = ((bits >> self.shift) - self.first) as usize + if upper { self.side } else { 0 };
        let inside = (bits << (MANTISSA - self.shift)) & (u64::MAX >> (u64::BITS - MANTISSA));
        let t = f64::from_bits(1f64.to_bits() | inside) - 1.0;
        let [c0, c1, c2, c3] = self.pieces.get(index).copied().unwrap_or([0.0; 4]);
        c0 + t * (c1 + t * (c2 + t * c3))
    }
}

/// The quantile at a distance, and its slope there.
fn node(shape: &Shape, tail: Tail, near: Option<f64>) -> (f64, f64) {
    let value = match shape {
        Shape::Beta { alpha, beta, low, high, .. } => {
            let width = high - low;
            if tail.upper {
                high - width * invert::beta_from(*beta, *alpha, tail.distance, near.map(|x| (high - x) / width))
            } else {
                low + width * invert::beta_from(*alpha, *beta, tail.distance, near.map(|x| (x - low) / width))
            }
        }
        Shape::Gamma { shape, scale } => scale * invert::gamma_from(*shape, tail, near.map(|x| x / scale)),
        other => other.quantile(tail),
    };
    let slope = 1.0 / shape.pdf(value).unwrap_or(0.0);
    (value, if tail.upper { -slope } else { slope })
}

/// The cubic through two nodes with their slopes, in `t` from 0 to 1; slopes are held where the piece stays monotone.
fn piece(before: (f64, f64), after: (f64, f64), width: f64) -> [f64; 4] {
    let rise = after.0 - before.0;
    let limit = 3.0 * rise;
    let slope = |node: (f64, f64)| {
        let scaled = node.1 * width;
        if scaled.is_finite() { scaled.clamp(limit.min(0.0), limit.max(0.0)) } else { rise }
    };
    let (m0, m1) = (slope(before), slope(after));
    [before.0, m0, 3.0 * rise - 2.0 * m0 - m1, m0 + m1 - 2.0 * rise]
}
