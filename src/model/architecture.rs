//! The shape of a transformer: what has to be known to count its parameters, FLOPs and bytes.

use crate::error::Error;

/// A decoder-only transformer, layer by layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Architecture {
    /// Transformer layers, without multi-token-prediction modules.
    pub layers: u32,
    /// Width of the residual stream.
    pub hidden: u32,
    /// Entries of the vocabulary, as embedded (padding included where the source says so).
    pub vocab: u32,
    /// How tokens attend to each other.
    pub attention: Attention,
    /// The attention's output passes a gate as wide as itself (Qwen3-Next).
    pub output_gate: bool,
    /// Linear attention in part of the layers, in place of [`Architecture::attention`].
    pub linear: Option<LinearAttention>,
    /// Width of the MLP of a dense layer; zero where every layer is a mixture of experts.
    pub ffn: u32,
    /// Three matrices with a gate (SwiGLU, GeGLU) rather than two.
    pub gated: bool,
    /// The experts, if the MLP is a mixture of them.
    pub experts: Option<Experts>,
    /// The output head is the embedding, transposed.
    pub tied_embeddings: bool,
    /// Entries of a learned position table; zero without one.
    pub learned_positions: u32,
    /// Linear layers and norms carry biases.
    pub biases: bool,
    /// Multi-token-prediction modules trained beside the model.
    pub mtp_modules: u32,
    /// Tokens of the documents that are packed into a sequence and do not see each other; zero where they do.
    pub document: u32,
}

/// Self-attention of one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Attention {
    /// Multi-head, grouped-query or multi-query attention.
    Grouped {
        /// Query heads.
        heads: u32,
        /// Key and value heads.
        kv_heads: u32,
        /// Width of one head.
        head_dim: u32,
        /// Some layers see only a window of the sequence.
        window: Option<Window>,
    },
    /// Multi-head latent attention (DeepSeek-V2 and later).
    Latent {
        /// Heads.
        heads: u32,
        /// Rank of the query projection; `None` where queries are projected directly.
        q_rank: Option<u32>,
        /// Rank of the shared key-value projection.
        kv_rank: u32,
        /// Width of a head's part without position.
        qk_nope: u32,
        /// Width of a head's part with rotary position.
        qk_rope: u32,
        /// Width of a value head.
        v_dim: u32,
    },
}

/// Sliding-window attention in part of the layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Tokens seen.
    pub tokens: u32,
    /// Share of the layers that use the window, from 0 to 1.
    pub share: f64,
}

/// Gated delta-rule attention, whose cost does not grow with the sequence (Gated DeltaNet).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearAttention {
    /// Share of the layers that use it, from 0 to 1.
    pub share: f64,
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
}

/// A mixture of experts in place of the MLP.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Experts {
    /// Routed experts in a layer.
    pub count: u32,
    /// Routed experts at work for one token.
    pub active: u32,
    /// Width of one routed expert.
    pub width: u32,
    /// Total width of the experts every token passes through, zero without any; a dense residual
    /// branch beside the mixture (Arctic) is the same thing.
    pub shared_width: u32,
    /// First layers that keep a dense MLP.
    pub leading_dense: u32,
    /// After those, the last of every n layers is a mixture, the others dense; 1 for all.
    pub every: u32,
}

/// The largest value of each field that `Architecture::check` lets pass: far above any model, and low
/// enough that every product of them is a finite `f64`.
const BOUNDS: Bounds =
    Bounds { layers: 10_000, width: 10_000_000, vocab: 100_000_000, heads: 100_000, experts: 1_000_000 };

struct Bounds {
    layers: u32,
    width: u32,
    vocab: u32,
    heads: u32,
    experts: u32,
}

/// How a layer mixes its tokens with each other and with themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mlp {
    /// One MLP for all tokens.
    Dense,
    /// Routed experts, and the shared ones if there are any.
    Moe,
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
    /// each field within its bounds; kv heads divide heads; active experts at most all; shares from 0 to 1
    /// # Source
    /// By definition of the shapes.
    pub fn check(&self) -> Result<(), Error> {
        let mut errors = Vec::new();
        let mut range = |field: &'static str, value: u32, low: u32, high: u32| {
            if !(low..=high).contains(&value) {
                errors.push(out_of_range(field, value, low, high));
            }
        };
        let all_moe = self.dense_layers() == 0;
        range("layers", self.layers, 1, BOUNDS.layers);
        range("hidden", self.hidden, 1, BOUNDS.width);
        range("vocab", self.vocab, 1, BOUNDS.vocab);
        range("ffn", self.ffn, u32::from(!all_moe), BOUNDS.width);
        range("learned_positions", self.learned_positions, 0, BOUNDS.vocab);
        range("mtp_modules", self.mtp_modules, 0, BOUNDS.layers);
        self.attention.check(&mut range);
        if let Some(linear) = self.linear {
            range("linear.key_heads", linear.key_heads, 1, BOUNDS.heads);
            range("linear.value_heads", linear.value_heads, 1, BOUNDS.heads);
            range("linear.key_dim", linear.key_dim, 1, BOUNDS.width);
            range("linear.value_dim", linear.value_dim, 1, BOUNDS.width);
            range("linear.conv", linear.conv, 0, BOUNDS.heads);
        }
        if let Some(experts) = self.experts {
            range("experts.count", experts.count, 1, BOUNDS.experts);
            range("experts.active", experts.active, 1, BOUNDS.experts);
            range("experts.width", experts.width, 1, BOUNDS.width);
            range("experts.shared_width", experts.shared_width, 0, BOUNDS.width);
            range("experts.every", experts.every, 1, BOUNDS.layers);
        }
        self.check_relations(&mut errors);
        Error::all(errors).map_or(Ok(()), Err)
    }

    /// What must hold between fields that are each in range.
    fn check_relations(&self, errors: &mut Vec<Error>) {
        let mut refuse = |field, why: String| errors.push(Error::bad_input(format!("{field}: {why}")).about(field));
        if let Attention::Grouped { heads, kv_heads, window, .. } = self.attention {
            if kv_heads > 0 && heads % kv_heads != 0 {
                refuse("attention.heads", format!("{heads} query heads do not divide into {kv_heads} key-value heads"));
            }
            if let Some(window) = window.filter(|window| !is_share(window.share)) {
                refuse("attention.window_share", format!("{} is not a share between 0 and 1", window.share));
            }
        }
        if let Some(linear) = self.linear {
            if !is_share(linear.share) {
                refuse("linear.share", format!("{} is not a share between 0 and 1", linear.share));
            }
            if linear.key_heads > 0 && linear.value_heads % linear.key_heads != 0 {
                let LinearAttention { key_heads, value_heads, .. } = linear;
                refuse(
                    "linear.value_heads",
                    format!("{value_heads} value heads do not divide into {key_heads} key heads"),
                );
            }
        }
        if let Some(experts) = self.experts {
            if experts.active > experts.count {
                let Experts { count, active, .. } = experts;
                refuse("experts.active", format!("{active} experts at work, but a layer has only {count}"));
            }
            if experts.leading_dense >= self.layers {
                let dense = experts.leading_dense;
                refuse(
                    "experts.leading_dense",
                    format!("{dense} dense layers leave no mixture in {} layers", self.layers),
                );
            }
            if experts.every > self.layers {
                refuse("experts.every", format!("{} is more than the {} layers", experts.every, self.layers));
            }
        }
    }

    /// Layers whose MLP is a mixture of experts.
    ///
    /// # Formula
    /// [`Architecture::moe_layers_before`] of all layers
    /// # Source
    /// By definition.
    #[inline]
    pub fn moe_layers(&self) -> u32 {
        self.moe_layers_before(self.layers)
    }

    /// Layers whose MLP is dense.
    ///
    /// # Formula
    /// `layers - moe_layers`
    /// # Source
    /// By definition.
    #[inline]
    pub fn dense_layers(&self) -> u32 {
        self.layers.saturating_sub(self.moe_layers())
    }

    /// Mixture-of-experts layers among the first `count` layers.
    ///
    /// # Formula
    /// `floor(max(count - leading_dense, 0) / every)`
    /// # Source
    /// DeepSeek-V3, arXiv:2412.19437, section 4.2 (leading dense layers); GLaM, arXiv:2112.06905 (every other layer).
    #[inline]
    pub fn moe_layers_before(&self, count: u32) -> u32 {
        match self.experts {
            None => 0,
            Some(experts) => count.saturating_sub(experts.leading_dense) / experts.every.max(1),
        }
    }

    /// The MLP of a multi-token-prediction module: as in the last layer.
    ///
    /// # Formula
    /// a mixture where there are experts
    /// # Source
    /// DeepSeek-V3, arXiv:2412.19437, section 2.2.
    #[inline]
    pub fn last_mlp(&self) -> Mlp {
        if self.experts.is_some() { Mlp::Moe } else { Mlp::Dense }
    }

    /// Share of the layers with linear attention.
    ///
    /// # Formula
    /// `share`, zero without linear attention
    /// # Source
    /// By definition.
    #[inline]
    pub fn linear_share(&self) -> f64 {
        self.linear.map_or(0.0, |linear| linear.share)
    }

    /// Matrices between the residual stream and the MLP's inner width, and back: 3 with a gate, else 2.
    ///
    /// # Formula
    /// `3` gated, else `2`
    /// # Source
    /// Shazeer 2020, arXiv:2002.05202.
    #[inline]
    pub fn mlp_matrices(&self) -> f64 {
        if self.gated { 3.0 } else { 2.0 }
    }
}

impl Attention {
    /// Heads of queries.
    ///
    /// # Formula
    /// the field
    /// # Source
    /// By definition.
    #[inline]
    pub fn heads(&self) -> u32 {
        match *self {
            Self::Grouped { heads, .. } | Self::Latent { heads, .. } => heads,
        }
    }

    /// Heads of keys and values as tensor parallelism splits them.
    ///
    /// # Formula
    /// `kv_heads`; in latent attention every head has its own keys and values once projected up
    /// # Source
    /// DeepSeek-V2, arXiv:2405.04434, section 2.1.
    #[inline]
    pub fn kv_heads(&self) -> u32 {
        match *self {
            Self::Grouped { kv_heads, .. } => kv_heads,
            Self::Latent { heads, .. } => heads,
        }
    }

    /// Width of one head in the product of queries and keys.
    ///
    /// # Formula
    /// `head_dim`, or `qk_nope + qk_rope`
    /// # Source
    /// DeepSeek-V2, arXiv:2405.04434, section 2.1.3.
    #[inline]
    pub fn qk_dim(&self) -> u32 {
        match *self {
            Self::Grouped { head_dim, .. } => head_dim,
            Self::Latent { qk_nope, qk_rope, .. } => qk_nope.saturating_add(qk_rope),
        }
    }

    /// Width of one head of the values.
    ///
    /// # Formula
    /// `head_dim`, or `v_dim`
    /// # Source
    /// DeepSeek-V2, arXiv:2405.04434, section 2.1.
    #[inline]
    pub fn v_dim(&self) -> u32 {
        match *self {
            Self::Grouped { head_dim, .. } => head_dim,
            Self::Latent { v_dim, .. } => v_dim,
        }
    }

    /// The window of part of the layers, if any.
    ///
    /// # Formula
    /// the field
    /// # Source
    /// Beltagy et al. 2020, arXiv:2004.05150 (sliding window).
    #[inline]
    pub fn window(&self) -> Option<Window> {
        match *self {
            Self::Grouped { window, .. } => window,
            Self::Latent { .. } => None,
        }
    }

    fn check(&self, range: &mut impl FnMut(&'static str, u32, u32, u32)) {
        range("attention.heads", self.heads(), 1, BOUNDS.heads);
        match *self {
            Self::Grouped { kv_heads, head_dim, window, .. } => {
                range("attention.kv_heads", kv_heads, 1, BOUNDS.heads);
                range("attention.head_dim", head_dim, 1, BOUNDS.width);
                if let Some(window) = window {
                    range("attention.window_tokens", window.tokens, 1, BOUNDS.vocab);
                }
            }
            Self::Latent { q_rank, kv_rank, qk_nope, qk_rope, v_dim, .. } => {
                if let Some(q_rank) = q_rank {
                    range("attention.q_rank", q_rank, 1, BOUNDS.width);
                }
                range("attention.kv_rank", kv_rank, 1, BOUNDS.width);
                range("attention.qk_nope", qk_nope, 1, BOUNDS.width);
                range("attention.qk_rope", qk_rope, 0, BOUNDS.width);
                range("attention.v_dim", v_dim, 1, BOUNDS.width);
            }
        }
    }
}

fn is_share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

fn out_of_range(field: &'static str, value: u32, low: u32, high: u32) -> Error {
    let message = format!("{field}: {value} is out of range");
    Error::bad_input(message).about(field).with_hint(format!("expected a whole number from {low} to {high}"))
}
