//! What a search over layouts does not vary.

use crate::layout::parallelism::{Schedule, ZeroStage};
use crate::layout::stages::CutBy;
use crate::model::architecture::Architecture;
use crate::model::flops::Recompute;

/// Degrees and choices that are settled; what is absent is searched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fixed {
    /// Tensor parallelism.
    pub tp: Option<u32>,
    /// Pipeline parallelism.
    pub pp: Option<u32>,
    /// Virtual stages a chip.
    pub vpp: Option<u32>,
    /// Data parallelism.
    pub dp: Option<u32>,
    /// Context parallelism.
    pub cp: Option<u32>,
    /// Expert parallelism.
    pub ep: Option<u32>,
    /// Sequences of a micro-batch.
    pub micro_batch: Option<u32>,
    /// What the replicas split.
    pub zero: Option<ZeroStage>,
    /// How the layers are cut into stages.
    pub cut: Option<CutBy>,
    /// The order of passes.
    pub schedule: Option<Schedule>,
    /// What is computed again.
    pub recompute: Option<Recompute>,
    /// Whether activations are split along the sequence; where tensor parallelism splits the rest, without it.
    pub sequence_parallel: Option<bool>,
    /// Chips among which a ZeRO stage splits; all replicas without it.
    pub shard_group: Option<u32>,
}

impl Fixed {
    /// Whether nothing is settled.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether no degree of parallelism is settled.
    pub fn is_open(&self) -> bool {
        [self.tp, self.pp, self.dp, self.cp, self.ep].iter().all(Option::is_none)
    }

    /// Whether all degrees of such a model are settled, and what is computed again.
    pub fn is_whole(&self, shape: &Architecture) -> bool {
        let needed = [self.tp, self.pp, self.dp, self.cp, self.micro_batch];
        let virtual_stages = self.pp == Some(1) || self.vpp.is_some();
        let experts = !shape.is_moe() || self.ep.is_some();
        needed.iter().all(Option::is_some) && virtual_stages && experts && self.recompute.is_some()
    }

    /// Whether a value is the settled one, or none is.
    pub(super) fn admits<T: PartialEq>(settled: Option<T>, value: T) -> bool {
        settled.is_none_or(|settled| settled == value)
    }
}

/// The settled degree alone, or all of them; a degree of zero is none.
pub(super) fn either(settled: Option<u32>, all: impl Iterator<Item = u32>) -> impl Iterator<Item = u32> {
    let searched = all.take_while(move |_| settled.is_none());
    settled.into_iter().chain(searched).filter(|degree| *degree > 0)
}

/// The divisors of a number up to a limit, ascending.
pub(super) fn divisors(of: u32, most: u32) -> impl Iterator<Item = u32> {
    (1..=most.min(of)).filter(move |d| of.is_multiple_of(*d))
}

/// The powers of two up to a limit.
pub(super) fn powers(most: u32) -> impl Iterator<Item = u32> {
    (0..32).map(|k| 1u32 << k).take_while(move |power| *power <= most)
}
