//! The real-gated linear recurrent unit of Griffin.

use super::{Check, MOST_HEADS, Scan, Split, Work};

/// A gated recurrence over a stream of its own width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RgLru {
    /// Width of the recurrence.
    pub width: u32,
    /// Blocks of its two gates' weights.
    pub blocks: u32,
    /// Taps of the convolution before it.
    pub conv: u32,
}

impl RgLru {
    /// Two branches in, two block-diagonal gates, one product out; the recurrence itself is a dozen FLOPs a channel.
    #[inline]
    pub(super) fn work(&self, hidden: f64) -> Work {
        let [width, blocks, conv] = [self.width, self.blocks, self.conv].map(f64::from);
        let mut work = Work::of([
            (2.0 * width, hidden, Split::Columns),
            (2.0 * width, width / blocks.max(1.0), Split::Columns),
            (hidden, width, Split::Rows),
        ]);
        let elementwise_flop = (12.0 + 2.0 * conv) * width;
        let (moved, kept) = (6.0 * width, 6.0 * width);
        work.scan = Scan { flop: elementwise_flop, elementwise_flop, moved, kept };
        work
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.width("rglru.width", self.width);
        check.heads("rglru.blocks", self.blocks);
        check.range("rglru.conv", self.conv, 0, MOST_HEADS);
        let Self { width, blocks, .. } = *self;
        check.holds("rglru.blocks", blocks == 0 || width.is_multiple_of(blocks), || {
            format!("{blocks} blocks do not divide the width {width}")
        });
    }
}
