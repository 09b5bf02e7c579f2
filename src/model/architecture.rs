//! The shape of a language model: what has to be known to count its parameters, FLOPs and bytes.

use super::layers::{Layer, Layers};
use super::mixer::{Check, MOST_TOKENS, WIDEST};
use super::mlp::Experts;
use super::tower::Towers;
use super::tuning::Tuning;
use crate::error::Error;

/// A decoder-only language model, layer by layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Width of the residual stream.
    pub hidden: u32,
    /// Entries of the vocabulary, as embedded (padding included where the source says so).
    pub vocab: u32,
    /// The layers, without multi-token-prediction modules.
    pub layers: Layers,
    /// The output head is the embedding, transposed.
    pub tied_embeddings: bool,
    /// Entries of a learned position table; zero without one.
    pub learned_positions: u32,
    /// What else stands before the layers and after them.
    pub ends: Ends,
    /// Multi-token-prediction modules trained beside the model.
    pub mtp_modules: u32,
    /// Tokens of the documents that are packed into a sequence and do not see each other; zero where they do.
    pub document: u32,
    /// Which weights are trained.
    pub tuning: Tuning,
    /// Towers at work beside it; none where it is trained alone.
    pub towers: Towers,
}

/// What stands before the layers and after them beside a table, its positions and a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    /// Width of the token table where it is not the stream's; zero where it is.
    pub table_width: u32,
    /// Parameters of other tables that are looked up: token types, inputs of each layer.
    pub tables: u64,
    /// Parameters of matrices that every token meets: projections of a narrow table, a transformation before the head.
    pub matrices: u64,
    /// Parameters of norms and other single values, the last norm among them.
    pub norms: u64,
    /// Biases of the head.
    pub head_biases: u64,
}

impl Architecture {
    /// Tokens that see each other in a sequence of so many.
    ///
    /// # Formula
    /// `min(s, d)` for documents of d tokens
    /// # Source
    /// Definition; packed documents are masked from each other (FlashAttention's variable lengths).
    pub fn seen_within(&self, seq_len: u32) -> u32 {
        if self.document == 0 { seq_len } else { seq_len.min(self.document) }
    }

    /// Refuses a shape that cannot be, naming every field that is wrong.
    ///
    /// # Formula
    /// each field within its bounds; key-value heads divide heads; active experts at most all
    /// # Source
    /// By definition of the shapes.
    pub fn check(&self) -> Result<(), Error> {
        let mut errors = Vec::new();
        let mut check = Check::new(&mut errors);
        check.width("hidden", self.hidden);
        check.range("vocab", self.vocab, 1, MOST_TOKENS);
        check.range("learned_positions", self.learned_positions, 0, MOST_TOKENS);
        check.range("mtp_modules", self.mtp_modules, 0, super::layers::MOST_LAYERS);
        check.range("ends.table_width", self.ends.table_width, 0, WIDEST);
        self.layers.check(&mut check);
        // Tables of a layer's own inputs may come to more than 32 bits; a sum of counts stays exact below 2^53.
        let Ends { tables, matrices, norms, head_biases, .. } = self.ends;
        let most = u64::from(WIDEST) * u64::from(MOST_TOKENS);
        let all = [tables, matrices, norms, head_biases].into_iter().all(|count| count <= most);
        check.holds("ends", all, || "more parameters than any model has".into());
        Error::all(errors).map_or(Ok(()), Err)
    }

    /// The experts of its mixtures, if it has any.
    ///
    /// # Formula
    /// those of the first layer with experts
    /// # Source
    /// By definition; all mixtures of one model have as many.
    #[inline]
    pub fn experts(&self) -> Option<&Experts> {
        self.layers.experts()
    }

    /// Ways in which tensor parallelism may deal out the heads of every layer: divisors of this.
    ///
    /// # Formula
    /// the greatest common divisor of the mixers' heads
    /// # Source
    /// Shoeybi et al. 2019, arXiv:1909.08053, section 3: each chip has whole heads.
    pub fn split_heads(&self) -> u32 {
        let heads = self.layers.kinds().iter().map(|layer| layer.mixer.heads()).filter(|heads| *heads > 0);
        heads.map(u64::from).reduce(gcd).map_or(self.hidden, |divisor| divisor as u32)
    }

    /// Whether some layers are mixtures of experts.
    #[inline]
    pub fn is_moe(&self) -> bool {
        self.experts().is_some()
    }

    /// The layer of a multi-token-prediction module: as the last one.
    ///
    /// # Formula
    /// the kind of the last layer with an attention core and an MLP
    /// # Source
    /// DeepSeek-V3, arXiv:2412.19437, section 2.2.
    #[inline]
    pub fn module(&self) -> Option<&Layer> {
        self.layers.last()
    }

    /// Width of the token table.
    ///
    /// # Formula
    /// the stream's unless the table is narrower
    /// # Source
    /// Zhang et al. 2022, arXiv:2205.01068 (OPT 350M).
    #[inline]
    pub fn table_width(&self) -> u32 {
        if self.ends.table_width == 0 { self.hidden } else { self.ends.table_width }
    }
}

/// The greatest common divisor.
pub(crate) fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
