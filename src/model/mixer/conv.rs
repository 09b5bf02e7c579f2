//! A gated short convolution in place of attention.

use super::{Check, MOST_HEADS, Scan, Split, Work};

/// The convolution layers of LFM2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShortConv {
    /// Width of the convolution, with two gates as wide.
    pub width: u32,
    /// Its taps.
    pub conv: u32,
}

impl ShortConv {
    /// Stream and two gates in, one product out, `2 (k + 1) c` FLOPs a token between them.
    #[inline]
    pub(super) fn work(&self, hidden: f64) -> Work {
        let (width, conv) = (f64::from(self.width), f64::from(self.conv));
        let mut work = Work::of([(3.0 * width, hidden, Split::Columns), (hidden, width, Split::Rows)]);
        let elementwise_flop = 2.0 * (conv + 1.0) * width;
        let (moved, kept) = (5.0 * width, 5.0 * width);
        work.scan = Scan { flop: elementwise_flop, elementwise_flop, moved, kept };
        work
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.width("conv.width", self.width);
        check.range("conv.conv", self.conv, 0, MOST_HEADS);
    }
}
