//! Attention over compressed keys: a window of the latest tokens, and one vector for every few tokens before.

use super::{Check, MOST_TOKENS, Reach, Scores, Split, Work};
use crate::model::flops::Causality;

/// One layer of DeepSeek-V4's hybrid: window alone, compressed sparse (CSA) or heavily compressed (HCA).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compressed {
    /// Query heads, which share one key that is the value too.
    pub heads: u32,
    /// Width of a head.
    pub head_dim: u32,
    /// Rank of the query projection.
    pub q_rank: u32,
    /// Groups of the output projection.
    pub out_groups: u32,
    /// Rank of the output projection within a group.
    pub out_rank: u32,
    /// Latest tokens that are seen as they are.
    pub window: u32,
    /// Tokens that are compressed into one; zero where the window is all.
    pub ratio: u32,
    /// The compressor reads every token twice, once for either of two overlapping blocks.
    pub overlap: bool,
    /// What chooses among the compressed keys; all are seen without it.
    pub indexer: Option<super::latent::Indexer>,
}

impl Compressed {
    /// Low-rank queries, one key, its compressor's values and weights, the indexer's own compressor, a grouped low-rank
    /// projection out.
    #[inline]
    pub(super) fn work(&self, hidden: f64, seq_len: u32, causality: Causality) -> Work {
        let [heads, dim, q_rank, groups, rank] =
            [self.heads, self.head_dim, self.q_rank, self.out_groups, self.out_rank].map(f64::from);
        let blocks = if self.ratio == 0 {
            0.0
        } else if self.overlap {
            2.0
        } else {
            1.0
        };
        let (index_heads, index_dim) =
            self.indexer.map_or((0.0, 0.0), |indexer| (f64::from(indexer.heads), f64::from(indexer.head_dim)));
        let mut work = Work::of([
            (q_rank + dim, hidden, Split::Whole),
            (heads * dim, q_rank, Split::Columns),
            // Values and their weights.
            (2.0 * blocks * dim, hidden, Split::Whole),
            (2.0 * blocks * index_dim, hidden, Split::Whole),
            (index_heads * index_dim, q_rank, Split::Whole),
            (index_heads, hidden, Split::Whole),
            // Each group's part of the heads has its own weight.
            (rank * groups, heads * dim / groups.max(1.0), Split::Columns),
            (hidden, rank * groups, Split::Rows),
        ]);
        (work.queries, work.key_values) = (heads * dim, dim);
        let recent = Reach::Window(self.window).mean_keys(seq_len, causality);
        let before = seq_len.checked_div(self.ratio).unwrap_or(0);
        let (seen, scored) = match self.indexer {
            None => (Reach::Full.mean_keys(before, causality), 0.0),
            Some(indexer) => {
                (Reach::Window(indexer.top_k).mean_keys(before, causality), Reach::Full.mean_keys(before, causality))
            }
        };
        work.scores = [
            Scores { heads, qk: dim, v: dim, keys: recent + seen },
            Scores { heads: index_heads, qk: index_dim, v: 0.0, keys: scored },
        ];
        work
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.heads("attention.heads", self.heads);
        check.width("attention.head_dim", self.head_dim);
        check.width("attention.q_rank", self.q_rank);
        check.width("attention.out_rank", self.out_rank);
        check.range("attention.window_tokens", self.window, 1, MOST_TOKENS);
        let (heads, groups) = (self.heads, self.out_groups);
        check.holds("attention.out_groups", groups > 0 && heads.is_multiple_of(groups), || {
            format!("{groups} groups do not divide {heads} heads")
        });
    }
}
