//! Lightning attention: linear attention whose heads forget at fixed rates.

use super::{Check, Scan, Split, Work};

/// Tokens that the kernel takes at once.
const CHUNK: f64 = 256.0;

/// The linear layers of MiniMax-01.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lightning {
    /// Heads; each keeps a state of `head_dim^2`.
    pub heads: u32,
    /// Width of one.
    pub head_dim: u32,
    /// The output passes a gate as wide as itself.
    pub gated: bool,
}

impl Lightning {
    /// Queries, keys, values and gate in, one product out; `a (4 d^2 + 4 C d / 2)` FLOPs a token: the state read and
    /// written, and the causal half of chunks of C.
    #[inline]
    pub(super) fn work(&self, hidden: f64) -> Work {
        let (heads, dim) = (f64::from(self.heads), f64::from(self.head_dim));
        let width = heads * dim;
        let gate = if self.gated { width } else { 0.0 };
        let mut work = Work::of([(3.0 * width + gate, hidden, Split::Columns), (hidden, width, Split::Rows)]);
        work.scan = Scan {
            flop: heads * (4.0 * dim * dim + 2.0 * CHUNK * dim),
            elementwise_flop: 0.0,
            moved: 4.0 * width + gate,
            kept: 4.0 * width + gate + heads * dim * dim / CHUNK,
        };
        work
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.heads("linear.key_heads", self.heads);
        check.width("linear.key_dim", self.head_dim);
    }
}
