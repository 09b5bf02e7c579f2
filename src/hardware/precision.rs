//! Number formats of the matrix units, and how a training recipe stores what it keeps.

use std::fmt;

use super::optimizer::{Offload, Optimizer};

/// The format in which matrices are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// 32-bit floating point on the vector units.
    Fp32,
    /// 32-bit floating point rounded to 19 bits on the matrix units.
    Tf32,
    /// 16-bit floating point, five bits of exponent.
    Fp16,
    /// 16-bit floating point, eight bits of exponent.
    Bf16,
    /// 8-bit floating point for the linear layers; attention and norms stay in bf16.
    Fp8,
    /// 8-bit floating point with one scale for each 32 values.
    Mxfp8,
    /// 4-bit floating point with block scales for the linear layers.
    Fp4,
    /// 8-bit integers.
    Int8,
}

/// The precisions and how a user writes them.
pub const PRECISIONS: [(&str, Precision); 8] = [
    ("fp32", Precision::Fp32),
    ("tf32", Precision::Tf32),
    ("fp16", Precision::Fp16),
    ("bf16", Precision::Bf16),
    ("fp8", Precision::Fp8),
    ("mxfp8", Precision::Mxfp8),
    ("fp4", Precision::Fp4),
    ("int8", Precision::Int8),
];

impl Precision {
    /// The name of the precision as a user writes it.
    pub fn name(self) -> &'static str {
        name_in(&PRECISIONS, self)
    }

    /// Bytes of one value as a linear layer's input.
    #[inline]
    pub const fn operand_bytes(self) -> f64 {
        match self {
            Self::Fp32 | Self::Tf32 => 4.0,
            Self::Fp16 | Self::Bf16 => 2.0,
            Self::Fp8 | Self::Mxfp8 | Self::Int8 => 1.0,
            Self::Fp4 => 0.5,
        }
    }

    /// Bytes of one value of the residual stream and of attention, which narrow recipes keep in 16 bits.
    #[inline]
    pub const fn activation_bytes(self) -> f64 {
        match self {
            Self::Fp32 | Self::Tf32 => 4.0,
            _ => 2.0,
        }
    }

    /// The precision of attention and of the other work that a narrow recipe leaves in 16 bits.
    #[inline]
    pub const fn wide(self) -> Self {
        match self {
            Self::Fp8 | Self::Mxfp8 | Self::Fp4 | Self::Int8 => Self::Bf16,
            other => other,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a recipe keeps for each parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum States {
    /// Everything in 32 bits: weights 4, gradients 4, Adam's moments 8 bytes.
    Fp32,
    /// 16-bit weights, 32-bit gradients, 32-bit master weights and moments: 2 + 4 + 4 + 8 bytes.
    Mixed,
    /// 16-bit weights and gradients, 32-bit master weights and moments: 2 + 2 + 4 + 8 bytes.
    MixedGradients16,
    /// 8-bit weights and their transposed copy, the rest as [`States::Mixed`]: 2 + 4 + 4 + 8 bytes.
    Fp8,
    /// 8-bit weights, 32-bit gradients and master weights, 16-bit moments: 1 + 4 + 4 + 4 bytes.
    Fp8Moments16,
    /// 16-bit weights and gradients, 32-bit master weights, 16-bit moments: 2 + 2 + 4 + 4 bytes.
    Moments16,
    /// Everything in 16 bits, without master weights: 2 + 2 + 4 bytes.
    Pure16,
    /// 16-bit weights alone on the chip: 16-bit moments wait in the host's memory, gradients are used up layer by layer.
    Weights16,
}

/// The state recipes and how a user writes them.
pub const STATES: [(&str, States); 8] = [
    ("fp32", States::Fp32),
    ("mixed", States::Mixed),
    ("mixed-16bit-gradients", States::MixedGradients16),
    ("fp8", States::Fp8),
    ("fp8-16bit-moments", States::Fp8Moments16),
    ("mixed-16bit-moments", States::Moments16),
    ("pure-16bit", States::Pure16),
    ("weights-16bit", States::Weights16),
];

/// Bytes kept for one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateBytes {
    /// The weights that the matrix units read.
    pub weights: f64,
    /// The accumulated gradients.
    pub gradients: f64,
    /// Master weights and Adam's two moments.
    pub optimizer: f64,
}

impl States {
    /// The name of the recipe as a user writes it.
    pub fn name(self) -> &'static str {
        name_in(&STATES, self)
    }

    /// Bytes kept for one parameter under Adam.
    #[inline]
    pub const fn bytes(self) -> StateBytes {
        let (weights, gradients, optimizer) = match self {
            Self::Fp32 => (4.0, 4.0, 8.0),
            Self::Mixed | Self::Fp8 => (2.0, 4.0, 12.0),
            Self::MixedGradients16 => (2.0, 2.0, 12.0),
            Self::Fp8Moments16 => (1.0, 4.0, 8.0),
            Self::Moments16 => (2.0, 2.0, 8.0),
            Self::Pure16 => (2.0, 2.0, 4.0),
            Self::Weights16 => (2.0, 0.0, 4.0),
        };
        StateBytes { weights, gradients, optimizer }
    }

    /// Bytes of one gradient on its way to where it is summed: those kept of it, or 16 bits where none is kept.
    #[inline]
    pub const fn sent(self) -> f64 {
        let kept = self.bytes().gradients;
        if kept > 0.0 { kept } else { 2.0 }
    }

    /// Bytes of Adam's two moments among those of the optimizer; the rest are master weights.
    #[inline]
    pub const fn moments(self) -> f64 {
        match self {
            Self::Fp32 | Self::Mixed | Self::MixedGradients16 | Self::Fp8 => 8.0,
            Self::Fp8Moments16 | Self::Moments16 | Self::Pure16 | Self::Weights16 => 4.0,
        }
    }

    /// Bytes kept for one parameter under an optimizer, on the chip and on the host.
    ///
    /// # Formula
    /// master weights as they are, moments as the optimizer has them; what is offloaded or paged is on the host
    /// # Source
    /// Rajbhandari et al. 2020, arXiv:1910.02054, section 3; Ren et al. 2021, arXiv:2101.06840 (offload).
    /// ```
    /// use flopbill::internals::hardware::optimizer::{Offload, Optimizer};
    /// use flopbill::internals::hardware::precision::States;
    /// // by hand: master weights of 4 bytes, and one moment of 4
    /// assert_eq!(States::Mixed.kept(Optimizer::Muon, Offload::None).0.optimizer, 8.0);
    /// assert_eq!(States::Mixed.kept(Optimizer::Adam, Offload::Optimizer).1, 12.0);
    /// ```
    pub const fn kept(self, optimizer: Optimizer, offload: Offload) -> (StateBytes, f64) {
        let bytes = self.bytes();
        let moments = optimizer.moments(self.moments());
        let master = bytes.optimizer - self.moments();
        let (chip, host) = if offload.optimizer() {
            (0.0, master + moments)
        } else if optimizer.is_paged() || matches!(self, Self::Weights16) {
            (master, moments)
        } else {
            (master + moments, 0.0)
        };
        (StateBytes { optimizer: chip, ..bytes }, host)
    }
}

impl fmt::Display for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn name_in<T: Copy + PartialEq>(names: &[(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, other)| *other == value).map_or("", |(name, _)| name)
}
