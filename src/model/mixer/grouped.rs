//! Multi-head, grouped-query and multi-query attention.

use super::{Check, MOST_TOKENS, Reach, Scores, Split, Work};
use crate::model::flops::Causality;

/// Softmax attention whose queries share keys and values in groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grouped {
    /// Query heads.
    pub heads: u32,
    /// Key and value heads.
    pub kv_heads: u32,
    /// Width of a query and a key.
    pub head_dim: u32,
    /// Width of a value.
    pub v_dim: u32,
    /// What of keys and values the layer projects itself.
    pub projected: Projected,
    /// Width of a gate that the output passes, projected from the stream: zero without one, a head's number each, or
    /// as wide as the output.
    pub gate: u32,
    /// Which keys a query sees.
    pub reach: Reach,
}

/// What of keys and values a layer projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projected {
    /// Both.
    Both,
    /// Keys, which are the values too (global layers of Gemma 4).
    Keys,
    /// Neither: they come from an earlier layer (Gemma 3n).
    Neither,
}

impl Grouped {
    /// Plain attention: values as wide as keys, no gate, all keys seen.
    pub const fn plain(heads: u32, kv_heads: u32, head_dim: u32) -> Self {
        let (v_dim, projected, gate, reach) = (head_dim, Projected::Both, 0, Reach::Full);
        Self { heads, kv_heads, head_dim, v_dim, projected, gate, reach }
    }

    /// Width of the keys and values that are projected.
    ///
    /// # Formula
    /// `g (d_qk + d_v)`, without what is not projected
    /// # Source
    /// Ainslie et al. 2023, arXiv:2305.13245.
    #[inline]
    pub fn key_values(&self) -> f64 {
        let (keys, values) = (f64::from(self.head_dim), f64::from(self.v_dim));
        f64::from(self.kv_heads)
            * match self.projected {
                Projected::Both => keys + values,
                Projected::Keys => keys,
                Projected::Neither => 0.0,
            }
    }

    /// Products `h (a d + g (d_qk + d_v) + gate)` and `a d_v h`, scores of a heads.
    #[inline(always)]
    pub(super) fn work(&self, hidden: f64, seq_len: u32, causality: Causality) -> Work {
        let [heads, qk, v, gate] = [self.heads, self.head_dim, self.v_dim, self.gate].map(f64::from);
        let into = heads * qk + gate + self.key_values();
        let mut work = Work::of([(into, hidden, Split::Columns), (hidden, heads * v, Split::Rows)]);
        work.scores[0] = Scores { heads, qk, v, keys: self.reach.mean_keys(seq_len, causality) };
        (work.queries, work.key_values) = (heads * qk, self.key_values());
        work
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        let Self { heads, kv_heads, .. } = *self;
        check.heads("attention.heads", heads);
        check.heads("attention.kv_heads", kv_heads);
        check.width("attention.head_dim", self.head_dim);
        check.width("attention.v_dim", self.v_dim);
        if let Reach::Window(tokens) | Reach::Chunk(tokens) = self.reach {
            check.range("attention.window_tokens", tokens, 1, MOST_TOKENS);
        }
        check.holds("attention.heads", kv_heads == 0 || heads.is_multiple_of(kv_heads), || {
            format!("{heads} query heads do not divide into {kv_heads} key-value heads")
        });
    }
}
