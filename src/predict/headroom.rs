//! How sure it is that a layout fits: what is left of the memory, and the chance that it is enough.

use super::prediction::RESERVE;
use crate::layout::fit::Fit;
use crate::uncertainty::dist::normal_cdf;
use crate::units::{Bytes, Quantity as _};

/// Part of the gaps between tensors that remains where memory runs short and the allocator gives back what it can.
const GAPS_WHEN_SHORT: f64 = 0.5;

/// What a layout leaves of a chip's memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headroom {
    /// What is left beside what it holds and what is set aside; negative where that is too much.
    pub margin: Bytes,
    /// The chance that the layout runs.
    pub probability: f64,
}

impl Headroom {
    /// Of a fit whose prediction is off by this standard deviation of the logarithm.
    ///
    /// # Formula
    /// `Phi(ln((capacity - workspace) / (held (1 + share / 2))) / spread)`: an allocator that runs short gives unused
    /// blocks back, and of the gaps between tensors half, an assumption
    /// # Source
    /// A lognormal error about the median; `profiles/assumptions/memory.toml`.
    pub fn of(fit: &Fit, spread: f64) -> Self {
        let there = fit.capacity - RESERVE.workspace;
        let ratio = (there / with_gaps(held(fit), GAPS_WHEN_SHORT)).max(f64::MIN_POSITIVE);
        Self { margin: fit.capacity - fit.total, probability: normal_cdf(ratio.ln() / spread) }
    }
}

/// What tensors hold at the fullest moment.
///
/// # Formula
/// all of it but what is set aside
/// # Source
/// Definition; `max_memory_allocated` of PyTorch.
pub fn held(fit: &Fit) -> Bytes {
    (fit.total - fit.reserve).max(Bytes::from_base(1.0))
}

/// What a caching allocator has from the device: tensors, the gaps between them and blocks that it keeps unused.
///
/// # Formula
/// `(held + unused blocks) (1 + share)`
/// # Source
/// `max_memory_reserved` of PyTorch; the share is that of the reserve, of what is held instead of the capacity.
pub fn reserved(fit: &Fit) -> Bytes {
    with_gaps(held(fit) + fit.unused, 1.0)
}

fn with_gaps(held: Bytes, part: f64) -> Bytes {
    held * (1.0 + part * RESERVE.share.get())
}

/// What the device has given out.
///
/// # Formula
/// what the allocator has, and the workspace
/// # Source
/// Definition; `nvidia-smi`, `rocm-smi`.
pub fn on_device(fit: &Fit) -> Bytes {
    reserved(fit) + RESERVE.workspace
}
