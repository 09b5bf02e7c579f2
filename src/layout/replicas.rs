//! How many replicas of a shape are worth trying: for each number of micro-batches, the fewest that manage with it.

use std::ops::RangeInclusive;

use crate::layout::parallelism::Layout;
use crate::model::architecture::gcd;

/// The counts of replicas of one shape, from the most down: each range runs the same number of micro-batches, and begins
/// with the fewest replicas that do. What a range begins with does not depend on the chips there are.
#[derive(Debug, Clone, Copy)]
pub struct Replicas {
    /// Micro-batches of a step, of all replicas.
    micro_batches: u64,
    /// The fewest micro-batches a replica runs.
    fewest: u64,
    /// Replicas come in multiples of this.
    unit: u64,
    /// The most there can still be.
    most: u64,
}

impl Replicas {
    /// Those of a shape on at most so many chips, whatever the layout's own dp.
    ///
    /// # Formula
    /// `dp = u ceil(ceil(B / b) / (u m))` for `m = 1, 2, ...`, as long as `dp tp pp cp <= chips` and `dp b <= B`: u the
    /// [`unit`](Self::unit), B the global batch, b the micro-batch
    /// # Source
    /// By construction: more replicas with as many micro-batches only split the states further.
    pub fn of(shape: &Layout, chips: u32) -> Self {
        let one = Layout { dp: 1, ..*shape }.chips();
        let [batch, micro_batch] = [shape.global_batch, shape.micro_batch.max(1)].map(u64::from);
        let unit = Self::unit(shape);
        let most = (u64::from(chips) / one.max(1)).min(batch / micro_batch);
        Self {
            micro_batches: batch.div_ceil(micro_batch),
            fewest: shape.fewest_micro_batches(),
            unit,
            most: most - most % unit,
        }
    }

    /// The same, each replica with at least so many micro-batches.
    ///
    /// # Formula
    /// as [`Replicas::of`] with no fewer than these
    /// # Source
    /// By construction.
    pub fn with(self, fewest: u64) -> Self {
        Self { fewest, ..self }
    }

    /// The most replicas.
    ///
    /// # Formula
    /// `u floor(min(chips / (tp pp cp), B / b) / u)`
    /// # Source
    /// By construction.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// The replicas that experts spread over: dp is a multiple of it.
    ///
    /// # Formula
    /// `ep etp / gcd(ep etp, cp tp)`
    /// # Source
    /// Liu et al. 2025, arXiv:2504.14960: `ep etp` divides `dp cp tp`.
    pub fn unit(shape: &Layout) -> u64 {
        let experts = u64::from(shape.ep) * u64::from(shape.etp);
        experts / gcd(experts, u64::from(shape.cp) * u64::from(shape.tp)).max(1)
    }

    /// Micro-batches of each of so many replicas.
    fn rounds(&self, dp: u64) -> u64 {
        self.micro_batches.div_ceil(dp).max(self.fewest)
    }
}

impl Iterator for Replicas {
    type Item = RangeInclusive<u32>;

    fn next(&mut self) -> Option<Self::Item> {
        let most = self.most;
        if most == 0 {
            return None;
        }
        let fewest = self.micro_batches.div_ceil(self.rounds(most)).next_multiple_of(self.unit);
        self.most = fewest - self.unit;
        Some(fewest as u32..=most as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(shape: &Layout, chips: u32) -> Vec<u32> {
        Replicas::of(shape, chips).map(|range| *range.start()).collect()
    }

    #[test]
    fn the_fewest_replicas_for_each_number_of_micro_batches() {
        let shape = Layout { global_batch: 16, ..Layout::single(4096) };
        // by hand: 1, 2, 3, 4, 6, 8, 16 micro-batches
        assert_eq!(counts(&shape, 20), [16, 8, 6, 4, 3, 2, 1]);
        assert_eq!(counts(&shape, 7), [6, 4, 3, 2, 1]);
        assert_eq!(counts(&Layout { ep: 4, ..shape }, 20), [16, 8, 4]);
        assert_eq!(counts(&Layout { ep: 4, cp: 2, ..shape }, 20), [8, 6, 4, 2]);
        // 8 micro-batches of two sequences, at least four to a replica
        let interleaved = Layout { pp: 4, vpp: 2, micro_batch: 2, ..shape };
        assert_eq!(counts(&interleaved, 100), [2, 1]);
        assert!(counts(&interleaved, 3).is_empty());
    }
}
