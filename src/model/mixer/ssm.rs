//! Selective state spaces: Mamba 1, one state for each channel, and Mamba 2, one for each head.

use super::{Check, MOST_HEADS, Scan, Split, WIDEST, Work};

/// Tokens that Mamba 2's kernel takes at once.
const CHUNK: f64 = 256.0;

/// A selective state space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ssm {
    /// Width of its inner stream.
    pub inner: u32,
    /// Numbers of the state for each channel.
    pub state: u32,
    /// Taps of the causal convolution.
    pub conv: u32,
    /// Heads of Mamba 2, each with one rate of decay; zero for Mamba 1.
    pub heads: u32,
    /// Groups that share what is read from and written to the state (Mamba 2).
    pub groups: u32,
    /// Rank of the step size's projection (Mamba 1).
    pub dt_rank: u32,
    /// Width of the gate that the output passes; the inner width, or zero.
    pub gate: u32,
}

impl Ssm {
    /// Mamba 1: stream and gate in, step size and the state's inputs and outputs from the stream, out. Mamba 2: all of
    /// that in one product. FLOPs a token: Mamba 1 `9 i n` for the scan; Mamba 2 `4 i n + C (g n + i)`: states written
    /// and read, and the causal half of chunks of C.
    #[inline]
    pub(super) fn work(&self, hidden: f64) -> Work {
        let [inner, state, conv, heads, groups, dt_rank, gate] =
            [self.inner, self.state, self.conv, self.heads, self.groups, self.dt_rank, self.gate].map(f64::from);
        let into = inner + gate;
        if self.heads == 0 {
            let mut work = Work::of([
                (into, hidden, Split::Columns),
                (dt_rank + 2.0 * state, inner, Split::Rows),
                (inner, dt_rank, Split::Columns),
                (hidden, inner, Split::Rows),
            ]);
            let (scan, convolution) = (9.0 * inner * state, 2.0 * conv * inner);
            work.scan = Scan {
                flop: scan + convolution,
                elementwise_flop: scan + convolution,
                moved: into + 3.0 * inner + 2.0 * state,
                kept: into + 2.0 * inner + 2.0 * state + dt_rank,
            };
            return work;
        }
        let shared = 2.0 * groups * state;
        let mut work = Work::of([(into + shared + heads, hidden, Split::Columns), (hidden, inner, Split::Rows)]);
        let convolution = 2.0 * conv * (inner + shared);
        work.scan = Scan {
            flop: 4.0 * inner * state + CHUNK * (groups * state + inner) + convolution,
            elementwise_flop: convolution,
            moved: into + shared + 2.0 * inner,
            kept: into + 2.0 * shared + 2.0 * inner + inner * state / CHUNK,
        };
        work
    }

    /// Channels of the convolution.
    ///
    /// # Formula
    /// `i`, and in Mamba 2 `i + 2 g n`
    /// # Source
    /// Dao and Gu 2024, arXiv:2405.21060, section 7.
    pub fn channels(&self) -> u64 {
        let shared = if self.heads == 0 { 0 } else { 2 * u64::from(self.groups) * u64::from(self.state) };
        u64::from(self.inner) + shared
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.width("ssm.inner", self.inner);
        check.width("ssm.state", self.state);
        check.range("ssm.conv", self.conv, 0, MOST_HEADS);
        check.range("ssm.heads", self.heads, 0, MOST_HEADS);
        check.range("ssm.dt_rank", self.dt_rank, u32::from(self.heads == 0), WIDEST);
        let Self { heads, groups, inner, .. } = *self;
        check.holds("ssm.groups", heads == 0 || (groups > 0 && heads.is_multiple_of(groups)), || {
            format!("{groups} groups do not divide {heads} heads")
        });
        check.holds("ssm.heads", heads == 0 || inner.is_multiple_of(heads), || {
            format!("{heads} heads do not divide the inner width {inner}")
        });
    }
}
