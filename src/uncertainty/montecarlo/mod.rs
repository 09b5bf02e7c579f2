//! Many draws of the uncertain inputs, one estimate for each, and what the answers have in common.
//!
//! - The same seed gives the same bits on any number of threads: draws belong to chunks of a fixed size, chunks
//!   to fixed places, and sums run in that order.
//! - The order in which inputs are written changes nothing: they are told apart by name.
//! - Every result has a standard error: from 16 independent scrambles of the Sobol points, or from the order statistics of
//!   random draws. A result without one would invite digits that mean nothing.
//! - An answer that is infinite never comes: its probability is reported, it is above all others in the quantiles, and the
//!   mean is of the answers that do come.
//!
//! ```
//! use flopbill::internals::uncertainty::dist::Dist;
//! use flopbill::internals::uncertainty::montecarlo::{Inputs, Plan, run};
//! let inputs = Inputs::new(vec![
//!     ("price".into(), Dist::range90(1.8, 3.2)?), // $/h
//!     ("mfu".into(), Dist::range90(0.3, 0.48)?),
//! ])?;
//! let draws = run(&inputs, &Plan::default(), |x| [1e6 * x[0] / x[1]]);
//! let cost = draws.summary(0);
//! // By hand: the median of a product of lognormals is the product of the medians.
//! let exact = 1e6 * 2.4 / (0.3f64 * 0.48).sqrt();
//! assert!((cost.quantile(0.5).value / exact - 1.0).abs() < 0.005);
//! assert!((cost.quantile(0.5).value - exact).abs() < 5.0 * cost.quantile(0.5).se);
//! # Ok::<(), flopbill::Error>(())
//! ```

mod draws;
mod inputs;
mod select;
mod uniforms;

pub use draws::{Draws, Estimate, LEVELS, Summary};
pub use inputs::Inputs;
pub(in crate::uncertainty) use inputs::{Block, Sampler};
pub use uniforms::Uniforms;

use crate::error::Error;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(feature = "parallel")]
use rayon::prelude::*;

/// Draws that one thread makes at a time.
const CHUNK: usize = 1024;
/// Independent scrambles, whose spread is the standard error.
const REPLICATES: usize = 16;

/// How the uniform numbers are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Scrambled Sobol points: the usual choice, some ten times more exact for as many draws.
    Sobol,
    /// Independent random draws (ChaCha8).
    Random,
}

/// How many draws, by which method, from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    draws: usize,
    seed: u64,
    method: Method,
}

impl Default for Plan {
    /// 16384 Sobol draws from seed 1: the median of an answer that is uncertain by a factor of 4 is good to 0.5 %.
    fn default() -> Self {
        Self { draws: 1 << 14, seed: 1, method: Method::Sobol }
    }
}

impl Plan {
    /// The most draws: their answers must fit into memory.
    pub const MAX_DRAWS: usize = 1 << 27;

    /// A plan of at least this many draws. Sobol draws are rounded up to 16 times a power of two.
    pub fn new(draws: usize, seed: u64, method: Method) -> Result<Self, Error> {
        if draws == 0 {
            return Err(Error::bad_input("no draws").with_hint("16384 is the usual number"));
        }
        if draws > Self::MAX_DRAWS {
            let message = format!("{draws} draws, but at most {} fit", Self::MAX_DRAWS);
            return Err(Error::bad_input(message).with_hint("a million draws already give p50 to four digits"));
        }
        let draws = match method {
            Method::Sobol => draws.next_power_of_two().max(REPLICATES * 16),
            Method::Random => draws,
        };
        Ok(Self { draws, seed, method })
    }

    /// The number of draws that will be made.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// The same with no more draws than usual, to find where to look with all of them.
    #[must_use]
    pub fn usual(self) -> Self {
        Self { draws: self.draws.min(Self::default().draws), ..self }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// How many parts of the draws are independent of each other as wholes.
    pub fn replicates(&self) -> usize {
        match self.method {
            Method::Sobol => REPLICATES,
            Method::Random => 1,
        }
    }

    fn per_replicate(&self) -> usize {
        self.draws / self.replicates()
    }

    /// A chunk never reaches over two replicates.
    pub(in crate::uncertainty) fn chunk(&self) -> usize {
        match self.method {
            Method::Sobol => self.per_replicate().min(CHUNK),
            Method::Random => CHUNK,
        }
    }
}

/// A long run seen and stopped from outside: from a progress bar, or a handler of Ctrl-C.
#[derive(Debug, Default)]
pub struct Watch {
    /// Draws done so far.
    pub done: AtomicUsize,
    /// Set it to stop: draws not yet made answer NaN.
    pub stop: AtomicBool,
}

/// Estimates every draw of the plan: `estimate` gets one value for each input, in order, and gives `K` answers.
pub fn run<'a, const K: usize>(
    inputs: &'a Inputs,
    plan: &Plan,
    estimate: impl Fn(&[f64]) -> [f64; K] + Sync,
) -> Draws<'a, K> {
    run_with(inputs, plan, &Watch::default(), || (), |(), values| estimate(values))
}

/// The same, where `estimate` may change a state that each thread makes once: a scenario whose fields are set draw by draw.
///
/// An answer must depend on the values alone, not on what the state went through before.
pub fn run_with<'a, S, const K: usize>(
    inputs: &'a Inputs,
    plan: &Plan,
    watch: &Watch,
    state: impl Fn() -> S + Sync,
    estimate: impl Fn(&mut S, &[f64]) -> [f64; K] + Sync,
) -> Draws<'a, K> {
    let sampler = Sampler::new(inputs, plan);
    let mut answers = vec![0.0; plan.draws() * K];
    let start = || (Block::new(inputs.len()), state());
    let work = |(block, state): &mut (Block, S), (chunk, out): (usize, &mut [f64])| {
        if watch.stop.load(Ordering::Relaxed) {
            return out.fill(f64::NAN);
        }
        let len = out.len() / K.max(1);
        sampler.fill(chunk, len, block);
        for (draw, values) in block.rows(len).enumerate() {
            for (column, answer) in estimate(state, values).into_iter().enumerate() {
                if let Some(place) = out.get_mut(column * len + draw) {
                    *place = answer;
                }
            }
        }
        watch.done.fetch_add(len, Ordering::Relaxed);
    };
    let size = plan.chunk() * K.max(1);
    #[cfg(feature = "parallel")]
    answers.par_chunks_mut(size).enumerate().for_each_init(start, work);
    #[cfg(not(feature = "parallel"))]
    {
        let mut own = start();
        answers.chunks_mut(size).enumerate().for_each(|item| work(&mut own, item));
    }
    Draws::new(sampler, *plan, answers)
}
