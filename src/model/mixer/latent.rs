//! Multi-head latent attention, and the indexer that makes it sparse.

use super::{Check, MOST_TOKENS, Reach, Scores, Split, WIDEST, Work};
use crate::model::flops::Causality;

/// Attention whose keys and values are projected up from one low-rank vector a token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latent {
    /// Heads.
    pub heads: u32,
    /// Rank of the query projection; zero where queries are projected directly.
    pub q_rank: u32,
    /// Rank of the shared key-value projection.
    pub kv_rank: u32,
    /// Width of a head's part without position.
    pub qk_nope: u32,
    /// Width of a head's part with rotary position.
    pub qk_rope: u32,
    /// Width of a value head.
    pub v_dim: u32,
    /// Width of a gate that the output passes, projected from the stream; zero without one.
    pub gate: u32,
    /// What chooses the keys that are seen; all within reach are without it.
    pub indexer: Option<Indexer>,
    /// Which keys a query sees where nothing chooses among them.
    pub reach: Reach,
}

/// A small attention that scores all keys, of which the best are attended to (DeepSeek sparse attention).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexer {
    /// Its heads.
    pub heads: u32,
    /// Width of one.
    pub head_dim: u32,
    /// Keys that are attended to.
    pub top_k: u32,
    /// The layer has one of its own, rather than the choice of an earlier layer.
    pub own: bool,
}

impl Latent {
    /// Width of a head's query and key.
    ///
    /// # Formula
    /// `d_nope + d_rope`
    /// # Source
    /// DeepSeek-V2, arXiv:2405.04434, section 2.1.3.
    #[inline]
    pub fn qk(&self) -> f64 {
        f64::from(self.qk_nope) + f64::from(self.qk_rope)
    }

    /// Products down to the ranks and up from them, out, and of the indexer; scores of a heads over all keys, or in the
    /// latent space (`d_c + d_r` and `d_c` wide) over the keys chosen, beside the indexer's over all.
    #[inline(always)]
    pub(super) fn work(&self, hidden: f64, seq_len: u32, causality: Causality) -> Work {
        let [heads, q_rank, kv_rank, nope, rope, v, gate] =
            [self.heads, self.q_rank, self.kv_rank, self.qk_nope, self.qk_rope, self.v_dim, self.gate].map(f64::from);
        let queries = if q_rank > 0.0 { q_rank } else { hidden };
        let own = self.indexer.filter(|indexer| indexer.own);
        let (index_heads, index_dim) =
            own.map_or((0.0, 0.0), |indexer| (f64::from(indexer.heads), f64::from(indexer.head_dim)));
        let mut work = Work::of([
            // Both projections down read the same input, so that they are one product.
            (q_rank + kv_rank + rope, hidden, Split::Whole),
            (heads * (nope + rope), queries, Split::Columns),
            (heads * (nope + v), kv_rank, Split::Columns),
            (index_heads * index_dim, queries, Split::Whole),
            (index_dim + index_heads, hidden, Split::Whole),
            (gate, hidden, Split::Columns),
            (hidden, heads * v, Split::Rows),
        ]);
        (work.queries, work.key_values) = (heads * (nope + rope), heads * (nope + rope + v));
        let all = super::Reach::Full.mean_keys(seq_len, causality);
        work.scores = match self.indexer {
            None => {
                let keys = self.reach.mean_keys(seq_len, causality);
                [Scores { heads, qk: nope + rope, v, keys }, Scores::default()]
            }
            Some(indexer) => {
                let keys = super::Reach::Window(indexer.top_k).mean_keys(seq_len, causality);
                // A query's own choice of keys is read in the latent space, as one head for all (MQA mode).
                [
                    Scores { heads, qk: kv_rank + rope, v: kv_rank, keys },
                    Scores { heads: index_heads, qk: index_dim, v: 0.0, keys: all },
                ]
            }
        };
        work
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.heads("attention.heads", self.heads);
        check.range("attention.q_rank", self.q_rank, 0, WIDEST);
        check.width("attention.kv_rank", self.kv_rank);
        check.width("attention.qk_nope", self.qk_nope);
        check.range("attention.qk_rope", self.qk_rope, 0, WIDEST);
        check.width("attention.v_dim", self.v_dim);
        if let Reach::Window(tokens) | Reach::Chunk(tokens) = self.reach {
            check.range("attention.window_tokens", tokens, 1, MOST_TOKENS);
        }
        if let Some(indexer) = self.indexer {
            check.heads("attention.indexer.heads", indexer.heads);
            check.width("attention.indexer.head_dim", indexer.head_dim);
            check.range("attention.indexer.top_k", indexer.top_k, 1, MOST_TOKENS);
        }
    }
}
