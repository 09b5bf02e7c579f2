//! Time of one operation on one chip.

use super::efficiency::Factors;
use super::machine::Machine;
use crate::hardware::precision::Precision;

/// A maximum without a corner: `(a^4 + b^4)^(1/4)`.
#[inline]
pub fn smooth_max(a: f64, b: f64) -> f64 {
    let (a2, b2) = (a * a, b * b);
    (a2 * a2 + b2 * b2).sqrt().sqrt()
}

/// Rates of one chip under one set of factors, prepared once a step.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Seconds a FLOP of the recipe's matrix products.
    pub gemm: f64,
    /// Depth overhead in elements for the recipe.
    pub depth: f64,
    /// Wave loss in output elements.
    pub wave: f64,
    /// Seconds a FLOP of 16-bit products.
    pub gemm16: f64,
    /// Depth overhead of those.
    pub depth16: f64,
    /// Bytes an operand element of the recipe.
    pub operand: f64,
    /// The recipe's products are narrower than 16 bits.
    pub narrow: bool,
    /// Seconds a byte of element-wise traffic.
    pub byte: f64,
    /// Seconds a byte streamed by a matrix product.
    pub stream: f64,
    /// Seconds a FLOP of fused attention, forward.
    pub attention_forward: f64,
    /// Backward.
    pub attention_backward: f64,
    /// Slowdown of unaligned products.
    pub unaligned: f64,
    /// Ramp tokens.
    pub attention_ramp: f64,
}

impl Rates {
    /// The rates of a chip.
    pub fn new(machine: &Machine, precision: Precision, native_attention: bool, f: &Factors) -> Self {
        let peak = machine.peak_16.get();
        let bandwidth = machine.memory_bandwidth.get();
        let gemm16 = 1.0 / (peak * f.gemm);
        let narrow = match precision {
            Precision::Fp8 | Precision::Mxfp8 | Precision::Int8 => machine.peak_8.get(),
            Precision::Fp4 => machine.peak_4.get().max(machine.peak_8.get()),
            _ => 0.0,
        };
        let gemm = if narrow > 0.0 { 1.0 / (narrow * f.gemm_fp8) } else { gemm16 };
        let carried = if native_attention { 1.0 } else { f.attention_carried };
        Self {
            gemm,
            depth: f.gemm_depth * gemm16 / gemm,
            wave: f.gemm_wave * 1e6,
            gemm16,
            depth16: f.gemm_depth,
            operand: if narrow > 0.0 { 1.0 } else { 2.0 },
            narrow: narrow > 0.0,
            byte: 1.0 / (bandwidth * f.memory),
            stream: 1.0 / (bandwidth * 0.9),
            attention_forward: 1.0 / (peak * f.attention_forward * carried),
            attention_backward: 1.0 / (peak * f.attention_backward * carried),
            unaligned: f.unaligned,
            attention_ramp: f.attention_ramp,
        }
    }

    /// Seconds of one product in the recipe's precision; `out` bytes an output element.
    #[inline]
    pub fn product(&self, m: f64, n: f64, k: f64, out: f64) -> f64 {
        let work = 2.0 * m * n * (k + self.depth) * (1.0 + self.wave / (m * n)) * self.gemm;
        let bytes = (self.operand * (m * k + k * n) + out * m * n) * self.stream;
        smooth_max(work, bytes)
    }

    /// The same in 16 bits.
    #[inline]
    pub fn product16(&self, m: f64, n: f64, k: f64, out: f64) -> f64 {
        let work = 2.0 * m * n * (k + self.depth16) * (1.0 + self.wave / (m * n)) * self.gemm16;
        let bytes = (2.0 * (m * k + k * n) + out * m * n) * self.stream;
        smooth_max(work, bytes)
    }

    /// How much slower a fused attention is than on long sequences of heads 128 wide.
    #[inline]
    pub fn attention_shape(&self, rows: f64, head: f64) -> f64 {
        // Exponentials and bookkeeping cost as much whatever the head's width.
        (1.0 + self.attention_ramp / rows) * (1.0 + 40.0 / head) / (1.0 + 40.0 / 128.0)
    }

    /// How much slower a product is whose rows are not aligned to 16 bytes.
    #[inline]
    pub fn alignment(&self, elements: f64) -> f64 {
        if elements % 8.0 == 0.0 { 1.0 } else { self.unaligned }
    }

    /// A batch of equal 16-bit products (unfused attention, grouped experts).
    #[inline]
    pub fn batched16(&self, batch: f64, m: f64, n: f64, k: f64) -> f64 {
        let work = 2.0 * batch * m * n * (k + self.depth16) * (1.0 + self.wave / (batch * m * n)) * self.gemm16;
        let bytes = 2.0 * batch * (m * k + k * n + m * n) * self.stream;
        smooth_max(work, bytes)
    }

    /// A batch of equal products in the recipe's precision, tiles of 128 rows.
    #[inline]
    pub fn grouped(&self, batch: f64, m: f64, n: f64, k: f64, out: f64) -> f64 {
        let work = 2.0 * batch * (m + 64.0) * n * (k + self.depth) * (1.0 + self.wave / (batch * m * n)) * self.gemm;
        let bytes = batch * (self.operand * (m * k + k * n) + out * m * n) * self.stream;
        smooth_max(work, bytes)
    }
}
