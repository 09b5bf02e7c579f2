//! Where the uniform numbers come from: scrambled Sobol points or random streams, by place and not by time.

use super::{CHUNK, Method, Plan};
use crate::uncertainty::sobol::{MAX_DIMENSIONS, Sobol, unit};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// Uniform numbers for a plan: what stands at one place never depends on what was asked before.
#[derive(Debug, Clone)]
pub struct Uniforms {
    /// One scramble for each replicate; none for random draws.
    sequences: Vec<Sobol>,
    per_replicate: usize,
    chunk: usize,
    /// The generator's key, spread out from the plan's seed.
    key: [u8; 32],
}

impl Uniforms {
    /// The numbers of this plan in this many dimensions.
    pub fn new(plan: &Plan, dimensions: usize) -> Self {
        let scrambles = match plan.method() {
            Method::Sobol => plan.replicates() as u64,
            Method::Random => 0,
        };
        Self {
            sequences: (0..scrambles).map(|replicate| Sobol::scrambled(dimensions, plan.seed(), replicate)).collect(),
            per_replicate: plan.per_replicate(),
            chunk: plan.chunk(),
            key: ChaCha8Rng::seed_from_u64(plan.seed()).get_seed(),
        }
    }

    /// Fills `out` with one dimension of a chunk of draws. Dimensions beyond those of the direction numbers are random.
    pub fn fill(&self, dimension: usize, chunk: usize, out: &mut [f64]) {
        let mut bits = [0u64; CHUNK];
        let len = out.len().min(CHUNK);
        let Some(bits) = bits.get_mut(..len) else { return };
        let start = chunk * self.chunk;
        match self.sequences.get(start / self.per_replicate.max(1)) {
            Some(sobol) if dimension < MAX_DIMENSIONS => {
                sobol.fill_bits(dimension, (start % self.per_replicate) as u64, bits);
            }
            _ => self.random(dimension, chunk, bits),
        }
        for (value, bits) in out.iter_mut().zip(bits) {
            *value = unit(*bits);
        }
    }

    /// A stream of its own for every chunk of every dimension.
    fn random(&self, dimension: usize, chunk: usize, bits: &mut [u64]) {
        let mut random = ChaCha8Rng::from_seed(self.key);
        random.set_stream(((dimension as u64) << 32) | chunk as u64);
        for value in bits {
            *value = random.next_u64();
        }
    }
}
