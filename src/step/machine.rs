//! What the step model needs to know of a chip and the cluster around it.

use crate::error::Error;
use crate::hardware::accelerator::Accelerator;
use crate::hardware::precision::Precision;
use crate::units::{Bytes, BytesPerSecond, FlopPerSecond};

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
    /// Axes of the torus that the scale-up links make; one where they meet in a switch.
    pub axes: u32,
    /// Network, one way.
    pub nic: BytesPerSecond,
    /// Link to the host's memory, one way.
    pub host: BytesPerSecond,
    /// Chips in one server.
    pub node: u32,
    /// Nobody published steps of this family: the factors are another's, which is an assumption.
    pub borrowed: bool,
}

/// Network of a chip whose sheet names none: 100 Gb/s.
pub const USUAL_NIC: BytesPerSecond = BytesPerSecond::new(12.5e9);

/// Link to the host of a chip whose sheet names none: PCIe 4.0 with 16 lanes.
const USUAL_HOST: BytesPerSecond = BytesPerSecond::new(32e9);

impl Machine {
    /// A chip in its usual server.
    ///
    /// # Formula
    /// the sheet's values; where it has no bf16 rate, the fp16 one; 100 Gb/s where it names no network
    /// # Source
    /// `profiles/accelerators/`
    /// # Errors
    /// Every value that a step needs and is not known, by its path.
    pub fn of(chip: &Accelerator) -> Result<Self, Error> {
        let peak = |format: Precision| chip.peak.of(format).unwrap_or(FlopPerSecond::ZERO);
        let (wide, links) = (chip.peak.bf16.or(chip.peak.fp16), &chip.scale_up);
        let (memory, bandwidth) = (chip.memory.capacity, chip.memory.bandwidth);
        let (Some(peak_16), Some(memory), Some(memory_bandwidth), Some(scale_up), Some(domain)) =
            (wide, memory, bandwidth, links.per_chip_one_way, links.domain)
        else {
            let known = [
                ("peak.dense.bf16", wide.is_some()),
                ("memory.capacity", memory.is_some()),
                ("memory.bandwidth", bandwidth.is_some()),
                ("link.scale_up.per_chip_one_way", links.per_chip_one_way.is_some()),
                ("link.scale_up.domain", links.domain.is_some()),
            ];
            let lacking: Vec<&str> = known.iter().filter(|(_, known)| !known).map(|(path, _)| *path).collect();
            let error = chip.unknown(&lacking, "the time of a step");
            let hint = error.hint().unwrap_or_default();
            let hint =
                if wide.is_some() { format!("an estimate with --mfu does without; or {hint}") } else { hint.into() };
            return Err(error.with_hint(hint));
        };
        Ok(Self {
            peak_16,
            peak_8: peak(Precision::Fp8),
            peak_4: peak(Precision::Fp4),
            memory_bandwidth,
            memory,
            scale_up,
            domain: domain.max(1),
            axes: links.axes.max(1),
            nic: chip.nic_one_way.unwrap_or(USUAL_NIC),
            host: chip.pcie_both_ways.map_or(USUAL_HOST, |both| both / 2.0),
            node: chip.node_chips.max(1),
            borrowed: chip.borrowed,
        })
    }

    /// The rate of a recipe's matrix products where they are narrower than 16 bits; zero where they are not, or where
    /// the chip has no such unit.
    ///
    /// # Formula
    /// the 8-bit peak for 8-bit recipes, the 4-bit peak (else the 8-bit one) for 4-bit ones
    /// # Source
    /// By definition.
    #[inline]
    pub fn narrow_peak(&self, precision: Precision) -> FlopPerSecond {
        match precision {
            Precision::Fp8 | Precision::Mxfp8 | Precision::Int8 => self.peak_8,
            Precision::Fp4 => self.peak_4.max(self.peak_8),
            Precision::Fp32 | Precision::Tf32 | Precision::Fp16 | Precision::Bf16 => FlopPerSecond::ZERO,
        }
    }

    /// Refuses a machine on which a step has no finite time, or that lacks the recipe's format.
    ///
    /// # Errors
    /// Every rate that is missing, by name.
    pub fn check(&self, precision: Precision) -> Result<(), Error> {
        let rates = [
            ("peak.dense.bf16", self.peak_16.get()),
            ("memory.bandwidth", self.memory_bandwidth.get()),
            ("memory.capacity", self.memory.get()),
            ("link.scale_up.per_chip_one_way", self.scale_up.get()),
            ("link.nic.per_chip_one_way", self.nic.get()),
        ];
        let bad = |(_, value): &&(&str, f64)| !(value.is_finite() && *value > 0.0);
        let mut errors: Vec<Error> = rates
            .iter()
            .filter(bad)
            .map(|(name, value)| Error::bad_input(format!("{name}: {value} is no rate a step can run at")))
            .collect();
        let needs_narrow = precision.operand_bytes() < 2.0;
        if needs_narrow && self.narrow_peak(precision) <= FlopPerSecond::ZERO {
            errors.push(
                Error::bad_input(format!("layout.precision: the chip has no {precision} peak"))
                    .with_hint("train in bf16, or give the peak"),
            );
        }
        Error::all(errors).map_or(Ok(()), Err)
    }
}

impl Machine {
    /// Dense peak of a format; zero where the chip has none.
    pub fn peak(&self, precision: Precision) -> FlopPerSecond {
        match precision {
            Precision::Fp8 | Precision::Mxfp8 | Precision::Int8 => self.peak_8,
            Precision::Fp4 => self.peak_4,
            Precision::Fp32 | Precision::Tf32 | Precision::Fp16 | Precision::Bf16 => self.peak_16,
        }
    }
}
