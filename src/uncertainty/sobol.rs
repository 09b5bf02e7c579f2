//! Scrambled Sobol points: uniform numbers that fill the cube more evenly than random ones.
//!
//! Points are 64-bit fractions in Gray-code order. The scramble is a random lower triangular matrix over each
//! dimension's bits (linear matrix scramble) and a digital shift: every point stays uniformly distributed, independent
//! scrambles give independent estimates, and so their spread is a standard error.
//!
//! # Source
//! Direction numbers: S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput.
//! 30 (2008), file `new-joe-kuo-6.21201`, dimensions 1 to 32, under the notice beside the table. Scramble: J. Matousek,
//! "On the L2-discrepancy for anchored boxes", J. Complexity 14 (1998).

mod directions;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use directions::DIRECTIONS;

/// The most dimensions there are direction numbers for.
pub const MAX_DIMENSIONS: usize = DIRECTIONS.len();

const BITS: usize = u64::BITS as usize;

/// One Sobol sequence, scrambled or not.
#[derive(Debug, Clone)]
pub struct Sobol {
    dimensions: Vec<Dimension>,
}

/// Column `k` is what the `k`-th bit of the Gray code adds (exclusive or) to the point.
#[derive(Debug, Clone)]
struct Dimension {
    columns: [u64; BITS],
    shift: u64,
}

impl Sobol {
    /// The plain sequence, whose point 0 is the origin; no more than [`MAX_DIMENSIONS`] are made.
    pub fn unscrambled(dimensions: usize) -> Self {
        Self {
            dimensions: (0..dimensions.min(MAX_DIMENSIONS))
                .map(|d| Dimension { columns: columns(d), shift: 0 })
                .collect(),
        }
    }

    /// The sequence under the scramble of this seed and replicate: the same two numbers always give the same points.
    pub fn scrambled(dimensions: usize, seed: u64, replicate: u64) -> Self {
        let mut sequence = Self::unscrambled(dimensions);
        for (index, dimension) in sequence.dimensions.iter_mut().enumerate() {
            // One stream for each dimension and replicate, so that a further input does not change the others.
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(SCRAMBLES + replicate * MAX_DIMENSIONS as u64 + index as u64);
            dimension.scramble(&mut random);
        }
        sequence
    }

    /// How many dimensions the points have.
    pub fn dimensions(&self) -> usize {
        self.dimensions.len()
    }

    /// One coordinate of one point, as a fraction of 2^64.
    pub fn bits(&self, index: u64, dimension: usize) -> u64 {
        self.dimensions.get(dimension).map_or(0, |dimension| dimension.at(index))
    }

    /// One coordinate of the points from `start` on. Fastest where `start` and the length are the same power of two or multiples of it.
    pub fn fill_bits(&self, dimension: usize, start: u64, out: &mut [u64]) {
        let Some(dimension) = self.dimensions.get(dimension) else {
            return out.fill(0);
        };
        let mut from = start;
        for block in out.chunks_mut(BLOCK) {
            dimension.fill(from, block);
            from += block.len() as u64;
        }
    }
}

/// Points made at once.
const BLOCK: usize = 1024;
/// The streams of the scrambles lie far from those of the random sampler.
const SCRAMBLES: u64 = 1 << 48;

impl Dimension {
    fn at(&self, index: u64) -> u64 {
        let mut gray = index ^ (index >> 1);
        let mut point = self.shift;
        while gray != 0 {
            point ^= self.columns.get(gray.trailing_zeros() as usize).copied().unwrap_or(0);
            gray &= gray - 1;
        }
        point
    }

    /// Doubles what is there: the Gray codes of `2^k + j` and of `j` differ by the same bits for all `j` below `2^k`.
    fn fill(&self, start: u64, out: &mut [u64]) {
        let aligned = start.is_multiple_of(out.len().next_power_of_two() as u64);
        if !aligned {
            for (index, point) in (start..).zip(out) {
                *point = self.at(index);
            }
            return;
        }
        if let Some(first) = out.first_mut() {
            *first = self.at(start);
        }
        let mut done = 1;
        while done < out.len() {
            let step = self.at(done as u64) ^ self.shift;
            let (before, after) = out.split_at_mut(done);
            for (old, new) in before.iter().zip(after) {
                *new = old ^ step;
            }
            done *= 2;
        }
    }

    /// Multiplies the columns by a random lower triangular matrix with a unit diagonal, and draws the shift.
    fn scramble(&mut self, random: &mut ChaCha8Rng) {
        // What a bit becomes: itself, and random lower bits.
        let becomes: [u64; BITS] = std::array::from_fn(|bit| (1 << bit) | (random.next_u64() & ((1 << bit) - 1)));
        for column in &mut self.columns {
            let mut left = std::mem::take(column);
            while left != 0 {
                *column ^= becomes.get(left.trailing_zeros() as usize).copied().unwrap_or(0);
                left &= left - 1;
            }
        }
        self.shift = random.next_u64();
    }
}

/// The direction numbers of one dimension, by the recurrence over its primitive polynomial.
fn columns(dimension: usize) -> [u64; BITS] {
    let (polynomial, starts) = DIRECTIONS.get(dimension).copied().unwrap_or((1, &[]));
    let degree = starts.len();
    let mut columns = [0u64; BITS];
    for k in 0..BITS {
        columns[k] = match starts.get(k) {
            Some(start) => u64::from(*start) << (BITS - 1 - k),
            // The first dimension has no polynomial: the binary digits in reverse.
            None if degree == 0 => 1 << (BITS - 1 - k),
            None => {
                let mut sum = columns[k - degree] ^ (columns[k - degree] >> degree);
                for j in 1..degree {
                    if polynomial >> (degree - j) & 1 == 1 {
                        sum ^= columns[k - j];
                    }
                }
                sum
            }
        };
    }
    columns
}

/// The middle of the interval that the upper 52 bits name: never 0, never 1, and exact.
#[inline]
pub fn unit(bits: u64) -> f64 {
    f64::from_bits(1f64.to_bits() | (bits >> 12)) - (1.0 - f64::EPSILON / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scramble_keeps_the_strata() {
        let sobol = Sobol::scrambled(MAX_DIMENSIONS, 7, 3);
        for dimension in 0..MAX_DIMENSIONS {
            let mut cells = [0; 256];
            for index in 0..256 {
                cells[(sobol.bits(index, dimension) >> 56) as usize] += 1;
            }
            assert!(cells.iter().all(|&count| count == 1), "dimension {dimension}");
        }
    }

    #[test]
    fn filling_is_the_same_as_asking() {
        let sobol = Sobol::scrambled(5, 1, 0);
        for (start, length) in [(0, 1), (0, 4096), (4096, 1024), (3, 10), (1024, 300), (16, 16)] {
            let mut out = vec![0; length];
            sobol.fill_bits(4, start, &mut out);
            assert!(out.iter().zip(start..).all(|(&bits, index)| bits == sobol.bits(index, 4)), "{start} {length}");
        }
    }

    #[test]
    fn unit_is_inside() {
        assert_eq!(unit(0), f64::EPSILON / 2.0);
        assert_eq!(unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
        assert!((unit(1 << 63) - 0.5).abs() < 1e-15);
    }
}
