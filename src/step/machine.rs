//! What the step model needs to know of a chip and the cluster around it.

use crate::hardware::accelerator::Accelerator;
use crate::hardware::precision::Precision;
use crate::units::{Bytes, BytesPerSecond, FlopPerSecond};

/// Chip family whose fitted factors apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Generation {
    /// A100, A800 and what borrows their factors.
    Ampere,
    /// H100, H800, H200, H20 and what borrows their factors.
    Hopper,
    /// B200, GB200, B300, GB300 and what borrows their factors.
    Blackwell,
}

/// The generations, their profile in `profiles/factors/`.
pub const GENERATIONS: [(&str, Generation); 3] =
    [("ampere", Generation::Ampere), ("hopper", Generation::Hopper), ("blackwell", Generation::Blackwell)];

/// One chip and its links, per chip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Machine {
    /// Dense 16-bit matrix rate.
    pub peak_16: FlopPerSecond,
    /// Dense 8-bit matrix rate; zero without one.
    pub peak_8: FlopPerSecond,
    /// Dense 4-bit matrix rate; zero without one.
    pub peak_4: FlopPerSecond,
    /// Memory bandwidth.
    pub memory_bandwidth: BytesPerSecond,
    /// Memory capacity.
    pub memory: Bytes,
    /// Scale-up link, one way.
    pub scale_up: BytesPerSecond,
    /// Chips that a scale-up link reaches.
    pub domain: u32,
    /// Network, one way.
    pub nic: BytesPerSecond,
    /// Chips in one server.
    pub node: u32,
    /// Whose factors apply.
    pub generation: Generation,
}

/// Chip families that nobody published steps of, and whose factors they borrow.
const BORROWED: [(&str, Generation); 12] = [
    ("ampere", Generation::Ampere),
    ("volta", Generation::Ampere),
    ("ada", Generation::Ampere),
    ("hopper", Generation::Hopper),
    ("blackwell", Generation::Blackwell),
    ("cdna2", Generation::Ampere),
    ("cdna3", Generation::Hopper),
    ("cdna4", Generation::Blackwell),
    ("gaudi", Generation::Hopper),
    ("tpu", Generation::Hopper),
    ("ascend", Generation::Hopper),
    ("rubin", Generation::Blackwell),
];

impl Machine {
    /// A chip in its usual server; a link nobody publishes is PCIe's, or 100 Gb/s of network.
    pub fn of(chip: &Accelerator) -> Self {
        let peak = |format: Precision| chip.peak.of(format).unwrap_or(FlopPerSecond::ZERO);
        let wide = chip.peak.bf16.or(chip.peak.fp16).or(chip.peak.tf32).or(chip.peak.fp32);
        Self {
            peak_16: wide.unwrap_or(FlopPerSecond::ZERO),
            peak_8: peak(Precision::Fp8),
            peak_4: peak(Precision::Fp4),
            memory_bandwidth: chip.memory.bandwidth,
            memory: chip.memory.capacity,
            scale_up: chip.scale_up.per_chip_one_way,
            domain: chip.scale_up.domain.max(1),
            nic: chip.nic_one_way.unwrap_or(BytesPerSecond::from_gb_per_s(12.5)),
            node: chip.node_chips.max(1),
            generation: generation(&chip.architecture),
        }
    }
}

/// The generation whose factors a chip family uses.
fn generation(architecture: &str) -> Generation {
    BORROWED.iter().find(|(name, _)| *name == architecture).map_or(Generation::Hopper, |(_, generation)| *generation)
}
