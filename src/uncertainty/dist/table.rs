//! A quantile function as a table of cubic pieces: a few nanoseconds a draw instead of a microsecond.

use super::shape::{Shape, normal_cdf, normal_pdf};
use super::{Dist, Tail, invert};

/// The table ends where this much probability is left on a side; a draw beyond gets the value there.
const LOWEST: f64 = 1.0 / (1u64 << 40) as f64;
/// The two tails are this wide.
const TAIL: f64 = 1.0 / (1u64 << TAIL_BITS) as f64;
const TAIL_BITS: u32 = 5;
/// The largest error a table may have, at the middle of the pieces that are checked.
const TOLERANCE: f64 = 2e-7;
/// Bits of the mantissa of an f64.
const MANTISSA: u32 = 52;

/// Cubic Hermite pieces of one quantile function.
///
/// Every value is within 2e-7 of the exact one, relative, or (where the quantile passes zero) within the change that
/// 2e-7 of its tail probability makes. Probabilities nearer than 2^-40 to an end give the value at 2^-40.
///
/// Pieces are laid out as floats are: the upper bits of a number are the index of its piece. Over `1 + u` that makes pieces of one
/// width, for the middle; over the distance to an end it makes as many pieces for each power of two, which follow
/// a power-like tail as well as the middle.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantileTable {
    middle: Strip,
    /// Over the distance from 0, and from 1.
    tails: [Strip; 2],
}

/// Pieces over an interval of floats.
#[derive(Debug, Clone, PartialEq)]
struct Strip {
    /// How many low bits of a number lie inside one piece.
    shift: u32,
    /// The bits that are not.
    start: u64,
    /// The upper bits of the lowest number, the index of the first piece.
    first: u64,
    pieces: Vec<[f64; 4]>,
}

impl Strip {
    /// The value at `x`, if there is a piece for it.
    #[inline]
    fn at(&self, x: f64) -> Option<f64> {
        let bits = x.to_bits();
        let index = (bits >> self.shift).wrapping_sub(self.first) as usize;
        let [c0, c1, c2, c3] = *self.pieces.get(index)?;
        let t = x - f64::from_bits(bits & self.start);
        // In pairs, which a processor does at once.
        let square = t * t;
        Some((c0 + square * c2) + t * (c1 + square * c3))
    }

    /// Pieces from one number to another and one more, with `2^bits` pieces for each power of two; `node` gives value and slope.
    fn new(bits: u32, from: f64, to: f64, mut node: impl FnMut(f64, Option<f64>) -> (f64, f64)) -> Self {
        let shift = MANTISSA - bits;
        let (first, last) = (from.to_bits() >> shift, to.to_bits() >> shift);
        let mut pieces = Vec::with_capacity((last - first) as usize + 1);
        let mut left = (from, node(from, None));
        for index in first + 1..=last + 1 {
            let x = f64::from_bits(index << shift);
            let width = x - left.0;
            let right = (x, node(x, Some(left.1.0 + width * left.1.1)));
            pieces.push(piece(left.1, right.1, width));
            left = right;
        }
        Self { shift, start: u64::MAX << shift, first, pieces }
    }

    /// The middle of every `stride`-th piece.
    fn middles(&self, stride: usize) -> impl Iterator<Item = f64> {
        let middle =
            |piece: usize| f64::from_bits(((self.first + piece as u64) << self.shift) + (1 << (self.shift - 1)));
        (stride / 2..self.pieces.len() - 1).step_by(stride).map(middle)
    }
}

impl QuantileTable {
    /// The table of a distribution with a smooth density; none for the others, which are fast or rough.
    pub fn new(dist: &Dist) -> Option<Self> {
        dist.shape.pdf(dist.median())?;
        (3..=7).map(|bits| Self::with_bits(&dist.shape, bits)).find(|table| table.fits(&dist.shape))
    }

    /// As many pieces for each power of two of the tails, and pieces in the middle that are as narrow as those next to them.
    fn with_bits(shape: &Shape, bits: u32) -> Self {
        let tail = |upper| Strip::new(bits, LOWEST, TAIL, |distance, near| node(shape, Tail { distance, upper }, near));
        let narrow = bits + TAIL_BITS;
        let middle = Strip::new(narrow, 1.0 + TAIL, 2.0 - TAIL, |raised, near| {
            let (value, slope) = node(shape, Tail::of(raised - 1.0), near);
            (value, slope.abs())
        });
        Self { middle, tails: [tail(false), tail(true)] }
    }

    /// Whether the middles of a part of the pieces are within the tolerance; of a mixture, which may have gaps and kinks anywhere,
    /// the middles of all.
    fn fits(&self, shape: &Shape) -> bool {
        let stride = if matches!(shape, Shape::Mixture { .. }) { 1 } else { 16 };
        let near = |u: f64, tail: Tail| {
            let exact = shape.quantile(tail);
            let error = (self.at(u) - exact).abs();
            // Written so that NaN does not fit.
            error <= TOLERANCE * exact.abs()
                || error * shape.pdf(exact).unwrap_or(f64::NAN) <= TOLERANCE * tail.distance
        };
        let [lower, upper] = &self.tails;
        self.middle.middles(stride).all(|raised| near(raised - 1.0, Tail::of(raised - 1.0)))
            && lower.middles(stride).all(|distance| near(distance, Tail { distance, upper: false }))
            && upper.middles(stride).all(|distance| near(1.0 - distance, Tail { distance, upper: true }))
    }

    /// The quantile at `u`; held inside the table, so that it never panics.
    #[inline]
    pub fn at(&self, u: f64) -> f64 {
        match self.middle.at(1.0 + u) {
            Some(value) => value,
            None => self.tail(u),
        }
    }

    #[inline(never)]
    fn tail(&self, u: f64) -> f64 {
        let [lower, upper] = &self.tails;
        let (strip, distance) = if u > 0.5 { (upper, 1.0 - u) } else { (lower, u) };
        // `max` turns NaN into a number.
        strip.at(distance.max(LOWEST)).unwrap_or(0.0)
    }
}

/// The standard normal distribution function as a table, within 1e-7 of the exact one, relative.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NormalCdf {
    /// The tail over `16 + |z|`.
    tail: Strip,
}

impl NormalCdf {
    /// Beyond this the tail is below the smallest distance between numbers next to 1.
    const END: f64 = 8.5;

    pub(crate) fn new() -> Self {
        let node = |raised: f64, _| {
            let z = raised - 16.0;
            (normal_cdf(-z), -normal_pdf(z))
        };
        Self { tail: Strip::new(11, 16.0, 16.0 + Self::END, node) }
    }

    #[inline]
    pub(crate) fn at(&self, z: f64) -> f64 {
        let tail = self.tail.at(16.0 + z.abs()).unwrap_or(0.0);
        if z < 0.0 { tail } else { 1.0 - tail }
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

/// The cubic through two nodes with their slopes, in the distance from the first; slopes are held where the piece stays monotone.
fn piece(before: (f64, f64), after: (f64, f64), width: f64) -> [f64; 4] {
    let rise = after.0 - before.0;
    let limit = 3.0 * rise;
    let slope = |node: (f64, f64)| {
        let scaled = node.1 * width;
        if scaled.is_finite() { scaled.clamp(limit.min(0.0), limit.max(0.0)) } else { rise }
    };
    let (m0, m1) = (slope(before), slope(after));
    let (square, cube) = (3.0 * rise - 2.0 * m0 - m1, m0 + m1 - 2.0 * rise);
    [before.0, m0 / width, square / (width * width), cube / (width * width * width)]
}
