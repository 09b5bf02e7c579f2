//! The weighted sum of RWKV-4: keys and values that fade channel by channel.

use super::{Check, Scan, Split, Work};

/// The time mixing of RWKV-4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wkv {
    /// Width of keys, values and receptance.
    pub width: u32,
}

impl Wkv {
    /// Receptance, keys and values in, one product out; the recurrence itself is a dozen FLOPs a channel.
    #[inline]
    pub(super) fn work(&self, hidden: f64) -> Work {
        let width = f64::from(self.width);
        let mut work = Work::of([(3.0 * width, hidden, Split::Columns), (hidden, width, Split::Rows)]);
        let elementwise_flop = 12.0 * width;
        let (moved, kept) = (4.0 * width, 4.0 * width);
        work.scan = Scan { flop: elementwise_flop, elementwise_flop, moved, kept };
        work
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.width("wkv.width", self.width);
    }
}
