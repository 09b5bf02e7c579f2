//! Blocks of points, worked on by all threads and handed over in order.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::Sweep;

#[cfg(feature = "parallel")]
use rayon::prelude::*;

/// Blocks that are worked on at a time, for each thread.
const PER_THREAD: usize = 4;
/// The most points of a block.
const LARGEST: u64 = 8192;
/// The time between two looks at what is done: blocks grow while a round takes less and shrink when it takes more.
const ROUND: Duration = Duration::from_millis(100);

impl Sweep {
    /// Calls `make` on every block of points from `from` on, on all threads, and hands the results over in order, with the
    /// number of points that are done then. What is made must not depend on where the blocks end.
    ///
    /// # Errors
    /// The first of `take`; nothing is handed over after it.
    pub fn blocks<T: Send, E>(
        &self,
        from: u64,
        make: impl Fn(Range<u64>) -> T + Sync,
        mut take: impl FnMut(u64, T) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut next, mut size) = (from, 16);
        while next < self.points() {
            let start = Instant::now();
            let blocks: Vec<Range<u64>> = (0..threads() * PER_THREAD)
                .map(|index| next.saturating_add(index as u64 * size))
                .take_while(|start| *start < self.points())
                .map(|start| start..start.saturating_add(size).min(self.points()))
                .collect();
            #[cfg(feature = "parallel")]
            let made: Vec<T> = blocks.par_iter().map(|block| make(block.clone())).collect();
            #[cfg(not(feature = "parallel"))]
            let made: Vec<T> = blocks.iter().map(|block| make(block.clone())).collect();
            for (block, made) in blocks.iter().zip(made) {
                next = block.end;
                take(next, made)?;
            }
            let took = start.elapsed();
            size = match took {
                short if short < ROUND / 4 => (size * 2).min(LARGEST),
                long if long > ROUND * 2 => (size / 2).max(1),
                _ => size,
            };
        }
        Ok(())
    }
}

fn threads() -> usize {
    #[cfg(feature = "parallel")]
    return rayon::current_num_threads().max(1);
    #[cfg(not(feature = "parallel"))]
    return 1;
}
