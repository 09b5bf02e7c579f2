//! One accelerator chip.

use super::precision::Precision;
use crate::error::Error;
use crate::units::{Bytes, BytesPerSecond, FlopPerSecond, SquareMm, Watts};

/// What is published about one chip. A value nobody publishes is `None`, never zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Accelerator {
    /// The profile's id: `h800-sxm`.
    pub id: String,
    /// The full name: `NVIDIA H800 SXM5 80GB`.
    pub name: String,
    /// Who makes it.
    pub vendor: String,
    /// How it is mounted: SXM5, PCIe, OAM.
    pub form: String,
    /// The design: `hopper`, `cdna3`.
    pub architecture: String,
    /// The family whose fitted factors time its steps, by the name of its profile: `hopper`.
    pub factors: String,
    /// Nobody published steps of its own family: the factors are another's, which is an assumption.
    pub borrowed: bool,
    /// The day it was released, `2023-03-21`.
    pub release: Option<String>,
    /// Dense peak rates.
    pub peak: Peaks,
    /// Memory.
    pub memory: Memory,
    /// The link to the chips of its scale-up domain.
    pub scale_up: ScaleUp,
    /// PCIe bandwidth, both ways together.
    pub pcie_both_ways: Option<BytesPerSecond>,
    /// Its share of the node's NICs, one way.
    pub nic_one_way: Option<BytesPerSecond>,
    /// The network ports are on the chip itself, so that they count in its aggregate I/O.
    pub nic_on_chip: bool,
    /// Its three powers.
    pub power: Power,
    /// Area of the logic dies.
    pub die_area: Option<SquareMm>,
    /// Chips in the usual node.
    pub node_chips: u32,
}

/// Dense peak rates by number format; integer formats in OP/s.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Peaks {
    /// 64-bit floating point on the vector units.
    pub fp64: Option<FlopPerSecond>,
    /// 64-bit floating point on the matrix units.
    pub fp64_tensor: Option<FlopPerSecond>,
    /// 32-bit floating point on the vector units.
    pub fp32: Option<FlopPerSecond>,
    /// TF32 on the matrix units.
    pub tf32: Option<FlopPerSecond>,
    /// 16-bit brain floating point.
    pub bf16: Option<FlopPerSecond>,
    /// 16-bit floating point.
    pub fp16: Option<FlopPerSecond>,
    /// 8-bit floating point.
    pub fp8: Option<FlopPerSecond>,
    /// 8-bit integers.
    pub int8: Option<FlopPerSecond>,
    /// 4-bit floating point.
    pub fp4: Option<FlopPerSecond>,
}

impl Peaks {
    /// The dense peak of a number format, if the chip has it.
    pub fn of(&self, precision: Precision) -> Option<FlopPerSecond> {
        match precision {
            Precision::Fp32 => self.fp32,
            Precision::Tf32 => self.tf32,
            Precision::Bf16 => self.bf16,
            Precision::Fp16 => self.fp16,
            Precision::Fp8 | Precision::Mxfp8 => self.fp8,
            Precision::Int8 => self.int8,
            Precision::Fp4 => self.fp4,
        }
    }
}

/// Memory of one chip.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// HBM3, HBM3e, GDDR6.
    pub kind: String,
    /// Capacity in decimal bytes.
    pub capacity: Option<Bytes>,
    /// Peak bandwidth.
    pub bandwidth: Option<BytesPerSecond>,
}

/// The link between chips of one node or rack.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaleUp {
    /// NVLink4, Infinity Fabric, PCIe.
    pub kind: String,
    /// All links of one chip together, one way.
    pub per_chip_one_way: Option<BytesPerSecond>,
    /// Between one pair of chips, one way, where it is published: less than the whole on a mesh.
    pub pair_one_way: Option<BytesPerSecond>,
    /// Chips that reach each other at this rate.
    pub domain: Option<u32>,
    /// Axes of the torus that the links make; one where they meet in a switch.
    pub axes: u32,
}

/// The three powers of a chip, which differ by what they count in.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Power {
    /// The chip alone.
    pub tdp: Option<Watts>,
    /// The node's maximum, divided by its chips.
    pub node_share: Option<Watts>,
    /// At the utility meter: cooling, network and storage counted in.
    pub all_in: Option<Watts>,
}

impl Accelerator {
    /// The dense peak of a number format.
    ///
    /// # Errors
    /// When the chip does not have the format; the hint names those it has.
    pub fn peak_of(&self, precision: Precision) -> Result<FlopPerSecond, Error> {
        self.peak.of(precision).ok_or_else(|| {
            let has = super::precision::PRECISIONS.iter().filter(|(_, p)| self.peak.of(*p).is_some());
            let names: Vec<_> = has.map(|(name, _)| *name).collect();
            let has = if names.is_empty() { "none in any format".into() } else { names.join(", ") };
            if self.has_16_bit() {
                let error = Error::bad_input(format!("{} has no published {} peak", self.name, precision));
                return error.with_hint(format!("it has: {has}"));
            }
            let error = Error::bad_input(format!("{} has no known bf16 or fp16 peak", self.name));
            error.with_hint(format!("it has: {has}; {}", self.own_copy("peak.dense.bf16")))
        })
    }

    /// Whether a 16-bit peak is known, on which runs are quoted and timed.
    pub fn has_16_bit(&self) -> bool {
        self.peak.bf16.or(self.peak.fp16).is_some()
    }

    /// The refusal of what needs values that are not known, each by its path.
    pub fn unknown(&self, paths: &[&str], what: &str) -> Error {
        let named = paths.join(", ");
        let [are, them] = if paths.len() == 1 { ["is", "it"] } else { ["are", "them"] };
        let error = Error::bad_input(format!("{}: {named} {are} not known, and {what} needs {them}", self.name));
        error.with_hint(self.own_copy(&named))
    }

    fn own_copy(&self, paths: &str) -> String {
        let shown = format!("what `profiles show {}` has", self.id);
        format!("put {paths} in a file of your own beside {shown}, and name that file: --gpu FILE")
    }

    /// Aggregate I/O both ways, as export rules count it: all links of the chip but its memory. Unknown where its main
    /// link is.
    pub fn io_both_ways(&self) -> Option<BytesPerSecond> {
        // Without a link of its own the scale-up bandwidth is the PCIe one, counted once.
        let alone = self.scale_up.domain == Some(1);
        let scale_up = if alone { BytesPerSecond::ZERO } else { self.scale_up.per_chip_one_way? * 2.0 };
        let pcie = if alone { self.pcie_both_ways? } else { self.pcie_both_ways.unwrap_or_default() };
        let nic = self.nic_one_way.filter(|_| self.nic_on_chip).unwrap_or_default() * 2.0;
        Some(scale_up + pcie + nic)
    }

    /// The widest format a training run of today uses on it: bf16, or fp16 before Ampere.
    pub fn training_precision(&self) -> Precision {
        if self.peak.bf16.is_some() { Precision::Bf16 } else { Precision::Fp16 }
    }
}
