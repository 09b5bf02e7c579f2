//! The gated delta rule: a state that forgets, and is corrected by what each token adds.

use super::{Check, MOST_HEADS, Scan, Split, WIDEST, Work};

/// Tokens that the kernel takes at once; within them it multiplies as softmax attention does.
pub(crate) const DELTA_CHUNK: f64 = 64.0;

/// Gated DeltaNet, or Kimi Delta Attention, whose decay and gate have a rank of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delta {
    /// Heads of queries and keys.
    pub key_heads: u32,
    /// Heads of values; each keeps one state of `key_dim * value_dim`.
    pub value_heads: u32,
    /// Width of a key head.
    pub key_dim: u32,
    /// Width of a value head.
    pub value_dim: u32,
    /// Taps of the causal convolution over queries, keys and values.
    pub conv: u32,
    /// How the decay is projected.
    pub decay: Decay,
    /// Rank of the output gate's projection; zero where it is projected directly.
    pub gate_rank: u32,
    /// The output passes a gate as wide as itself.
    pub gated: bool,
}

/// How fast a state forgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decay {
    /// One rate for each value head.
    Head,
    /// One for each channel of the keys, projected directly.
    Channel,
    /// One for each channel of the keys, through so narrow a projection.
    LowRank(u32),
}

impl Delta {
    /// Width of keys, and of values.
    fn widths(&self) -> (f64, f64) {
        let [key_heads, value_heads, key_dim, value_dim] =
            [self.key_heads, self.value_heads, self.key_dim, self.value_dim].map(f64::from);
        (key_heads * key_dim, value_heads * value_dim)
    }

    /// Taps of the convolution, over all channels.
    ///
    /// # Formula
    /// `taps (2 K + V)`
    /// # Source
    /// Yang et al. 2024, arXiv:2412.06464.
    pub fn taps(&self) -> f64 {
        let (keys, values) = self.widths();
        f64::from(self.conv) * (2.0 * keys + values)
    }

    /// Width of what is projected from the stream and used: queries, keys, values and the gate.
    #[inline]
    pub(super) fn projected(&self) -> f64 {
        let (keys, values) = self.widths();
        2.0 * keys + values + if self.gated { values } else { 0.0 }
    }

    /// Queries, keys, values, gate, rate of learning and decay in, one product out; the rule `v (6 d_k d_v + C (6 d_k +
    /// 4 d_v))` FLOPs a token in chunks of C.
    #[inline]
    pub(super) fn work(&self, hidden: f64) -> Work {
        let (keys, values) = self.widths();
        let [value_heads, key_dim, value_dim, gate_rank] =
            [self.value_heads, self.key_dim, self.value_dim, self.gate_rank].map(f64::from);
        let narrow = gate_rank > 0.0 && self.gated;
        let direct = if self.gated && !narrow { values } else { 0.0 };
        let (per_head, decay_rank, channels) = match self.decay {
            Decay::Head => (value_heads, 0.0, 0.0),
            Decay::Channel => (keys, 0.0, 0.0),
            Decay::LowRank(rank) => (0.0, f64::from(rank), keys),
        };
        let mut work = Work::of([
            (2.0 * keys + values + direct + value_heads + per_head, hidden, Split::Columns),
            (decay_rank, hidden, Split::Whole),
            (channels, decay_rank, Split::Columns),
            (if narrow { gate_rank } else { 0.0 }, hidden, Split::Whole),
            (if narrow { values } else { 0.0 }, gate_rank, Split::Columns),
            (hidden, values, Split::Rows),
        ]);
        let state = 6.0 * key_dim * value_dim;
        let within_chunk = DELTA_CHUNK * (6.0 * key_dim + 4.0 * value_dim);
        let convolution = 2.0 * self.taps();
        let states = value_heads * key_dim * value_dim / DELTA_CHUNK;
        work.scan = Scan {
            flop: value_heads * (state + within_chunk) + convolution,
            elementwise_flop: convolution,
            moved: self.projected() + 2.0 * values,
            kept: self.projected() + 2.0 * keys + values + values + states,
        };
        work
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        let Self { key_heads, value_heads, .. } = *self;
        check.heads("linear.key_heads", key_heads);
        check.heads("linear.value_heads", value_heads);
        check.width("linear.key_dim", self.key_dim);
        check.width("linear.value_dim", self.value_dim);
        check.range("linear.conv", self.conv, 0, MOST_HEADS);
        check.range("linear.gate_rank", self.gate_rank, 0, WIDEST);
        check.holds("linear.value_heads", key_heads == 0 || value_heads.is_multiple_of(key_heads), || {
            format!("{value_heads} value heads do not divide into {key_heads} key heads")
        });
    }
}
