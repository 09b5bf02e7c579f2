//! Time of one operation on one chip.

use super::efficiency::Factors;
use super::machine::Machine;
use super::stack::AttentionKernels;
use crate::hardware::precision::Precision;
use crate::units::{Bytes, Flop, Seconds};

/// Rows of one tile of a matrix product: an expert with fewer still takes a whole one, on average half of it idle.
const TILE_ROWS: f64 = 128.0;

/// Products of a fused attention backward over those forward.
const BACKWARD: f64 = 2.5;

/// Share of the memory bandwidth at which a matrix product streams its operands.
const STREAMING: f64 = 0.9;

/// Head width whose exponentials and bookkeeping take as long as its products.
const HEAD_OVERHEAD: f64 = 40.0;

/// Head width at which the attention factors are stated.
const HEAD_USUAL: f64 = 128.0;

/// Share of the products that a 4-bit recipe keeps in 16 bits (NVIDIA 2025, arXiv:2509.25149: about an eighth).
const KEPT_WIDE: f64 = 0.125;

/// Elements of two bytes in the 16 bytes that matrix units load at once.
const ALIGNED: f64 = 8.0;

/// A maximum without a corner, so that no sweep shows a cliff where the limit changes.
///
/// # Formula
/// `(a^4 + b^4)^(1/4)`
/// # Source
/// The 4-norm: within 19 % of the maximum where both are equal, within 1 % where they differ twofold.
#[inline]
pub(super) fn smooth_max(a: Seconds, b: Seconds) -> Seconds {
    let (a2, b2) = (a.get() * a.get(), b.get() * b.get());
    Seconds::new((a2 * a2 + b2 * b2).sqrt().sqrt())
}

/// Rates of one chip under one set of factors, prepared once a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    /// Products in the recipe's format.
    recipe: Products,
    /// Products in 16 bits.
    wide: Products,
    /// Share of the products that the recipe keeps in 16 bits.
    kept: f64,
    /// The recipe's products are narrower than 16 bits.
    pub(super) narrow: bool,
    /// Seconds a byte of element-wise traffic.
    byte: f64,
    /// Seconds a FLOP of fused attention, forward.
    attention_forward: f64,
    /// Seconds a FLOP of fused attention, backward.
    attention_backward: f64,
    attention_ramp: f64,
    unaligned: f64,
}

/// Matrix products in one format.
#[derive(Debug, Clone, Copy)]
struct Products {
    /// Seconds a FLOP of a large product.
    flop: f64,
    /// Elements of depth that the fixed cost of a tile is worth.
    depth: f64,
    /// Output elements that the last wave is worth.
    wave: f64,
    /// Bytes of an operand's element.
    operand: f64,
    /// Seconds a byte streamed.
    stream: f64,
}

/// A matrix product: `m x k` by `k x n`, its result `out` bytes an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) m: f64,
    pub(super) n: f64,
    pub(super) k: f64,
    pub(super) out: f64,
}

impl Products {
    /// Time of `batch` equal products whose rows are padded by `padding`.
    ///
    /// # Formula
    /// `max(2 b (m + padding) n (k + k0) (1 + a / (b m n)) / (P e), (b (m k + k n) w + b m n out) / (0.9 B))`, the
    /// maximum smoothed: k0 the depth whose time a tile's start and end take, a the output lost to a partly filled
    /// last wave of tiles, e the share of the peak P that large products reach, w bytes of an operand
    /// # Source
    /// The roofline (Williams et al. 2009) with tile and wave quantisation (NVIDIA, Matrix Multiplication Background)
    /// in their mean, so that efficiency is continuous in the shape; k0, a and e are fitted.
    #[inline]
    fn time(&self, batch: f64, p: Product, padding: f64) -> Seconds {
        self.in_waves(batch, p, padding, batch)
    }

    /// The same where so many of the products fill their last wave together.
    #[inline]
    fn in_waves(&self, batch: f64, p: Product, padding: f64, together: f64) -> Seconds {
        let area = batch * p.m * p.n;
        let waves = 1.0 + self.wave / (together * p.m * p.n);
        let flop = 2.0 * batch * (p.m + padding) * p.n * (p.k + self.depth) * waves;
        let bytes = batch * self.operand * p.k * (p.m + p.n) + area * p.out;
        smooth_max(Seconds::new(flop * self.flop), Seconds::new(bytes * self.stream))
    }
}

impl Rates {
    /// The rates of a chip for a recipe.
    pub(super) fn new(machine: &Machine, precision: Precision, attention: AttentionKernels, f: &Factors) -> Self {
        let peak = machine.peak_16.get();
        let bandwidth = machine.memory_bandwidth.get();
        let narrow = machine.narrow_peak(precision).get();
        let wide = Products {
            flop: 1.0 / (peak * f.gemm),
            depth: f.gemm_depth,
            wave: f.gemm_wave,
            operand: 2.0,
            stream: 1.0 / (bandwidth * STREAMING),
        };
        let recipe = if narrow > 0.0 {
            // The fixed cost of a tile is the same time, so more depth of a faster format.
            let flop = 1.0 / (narrow * f.gemm_fp8);
            Products { flop, depth: wide.depth * wide.flop / flop, operand: precision.operand_bytes(), ..wide }
        } else {
            wide
        };
        let kernels = match attention {
            AttentionKernels::Current => 1.0,
            AttentionKernels::Flash2 => f.attention_carried,
            AttentionKernels::Flash1 => f.attention_carried * f.attention_first,
        };
        Self {
            recipe,
            wide,
            kept: if precision == Precision::Fp4 { KEPT_WIDE } else { 0.0 },
            narrow: narrow > 0.0,
            byte: 1.0 / (bandwidth * f.memory),
            attention_forward: 1.0 / (peak * f.attention_forward * kernels),
            attention_backward: 1.0 / (peak * f.attention_backward * kernels),
            attention_ramp: f.attention_ramp,
            unaligned: f.unaligned,
        }
    }

    /// Time of element-wise traffic.
    #[inline]
    pub(super) fn moved(&self, traffic: Bytes) -> Seconds {
        Seconds::new(traffic.get() * self.byte)
    }

    /// Time of a fused attention core forward, and backward, which computes the scores again.
    ///
    /// # Formula
    /// `F / (P e)`, and `2.5 F / (P e')` for F FLOPs forward
    /// # Source
    /// Dao 2023, arXiv:2307.08691, section 3.1: five products backward for two forward.
    #[inline]
    pub(super) fn attention(&self, forward: Flop) -> (Seconds, Seconds) {
        let (forward, backward) = (forward.get(), BACKWARD * forward.get());
        (Seconds::new(forward * self.attention_forward), Seconds::new(backward * self.attention_backward))
    }

    /// Time of one product in the recipe's format.
    #[inline]
    pub(super) fn product(&self, m: f64, n: f64, k: f64, out: f64) -> Seconds {
        self.mixed(1.0, Product { m, n, k, out }, 0.0, 1.0)
    }

    #[inline]
    fn mixed(&self, batch: f64, p: Product, padding: f64, together: f64) -> Seconds {
        let time = self.recipe.in_waves(batch, p, padding, together);
        if self.kept == 0.0 {
            return time;
        }
        time + (self.wide.in_waves(batch, p, padding, together) - time) * self.kept
    }

    /// Time of one product in 16 bits, which every recipe keeps for the head and the router.
    #[inline]
    pub(super) fn wide_product(&self, m: f64, n: f64, k: f64, out: f64) -> Seconds {
        self.wide.time(1.0, Product { m, n, k, out }, 0.0)
    }

    /// Time of a batch of equal products in 16 bits: the two of an unfused attention.
    #[inline]
    pub(super) fn batched(&self, batch: f64, m: f64, n: f64, k: f64) -> Seconds {
        self.wide.time(batch, Product { m, n, k, out: 2.0 }, 0.0)
    }

    /// Time of the products of experts, each with rows of its own, in the recipe's format; `together` of them in one
    /// kernel.
    #[inline]
    pub(super) fn grouped(&self, [experts, together]: [f64; 2], m: f64, n: f64, k: f64, out: f64) -> Seconds {
        self.mixed(experts, Product { m, n, k, out }, TILE_ROWS / 2.0, together)
    }

    /// How much longer a fused attention takes for a FLOP than on long sequences of heads 128 wide.
    ///
    /// # Formula
    /// `(1 + r / s) (1 + 40 / d) / (1 + 40 / 128)`: s rows on this chip, d the head's width, r the fitted ramp
    /// # Source
    /// Dao 2023, arXiv:2307.08691, figures 5 and 6: slower on short sequences and on heads of 64.
    #[inline]
    pub(super) fn attention_shape(&self, rows: f64, head: f64) -> f64 {
        (1.0 + self.attention_ramp / rows) * (1.0 + HEAD_OVERHEAD / head) / (1.0 + HEAD_OVERHEAD / HEAD_USUAL)
    }

    /// How much longer a product takes whose rows of this many elements are not aligned to 16 bytes.
    ///
    /// # Formula
    /// 1 where 8 divides the elements, else the factor `unaligned`
    /// # Source
    /// NVIDIA, Matrix Multiplication Background: below 16 bytes the matrix units are fed piecemeal or not used.
    #[inline]
    pub(super) fn alignment(&self, elements: f64) -> f64 {
        if elements % ALIGNED == 0.0 { 1.0 } else { self.unaligned }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maximum_without_a_corner() {
        // by hand: (1 + 1)^(1/4) and (16 + 1)^(1/4)
        let smooth = |a, b| smooth_max(Seconds::new(a), Seconds::new(b)).get();
        assert!((smooth(1.0, 1.0) - 1.189_207).abs() < 1e-6);
        assert!((smooth(2.0, 1.0) - 2.030_543).abs() < 1e-6);
    }
}
