//! The shape of a transformer: what has to be known to count its parameters, FLOPs and bytes.

/// A decoder-only transformer, layer by layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Transformer layers, without multi-token-prediction modules.
    pub layers: u32,
    /// Width of the residual stream.
    pub hidden: u32,
    /// Entries of the vocabulary, as embedded (padding included where the source says so).
    pub vocab: u32,
    /// How tokens attend to each other.
    pub attention: Attention,
    /// Width of the MLP of a dense layer.
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

/// A mixture of experts in place of the MLP.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Experts {
    /// Routed experts in a layer.
    pub count: u32,
    /// Routed experts at work for one token.
    pub active: u32,
    /// Width of one routed expert.
    pub width: u32,
    /// Total width of the experts every token passes through; zero without any.
    pub shared_width: u32,
    /// First layers that keep a dense MLP.
    pub leading_dense: u32,
    /// After those, every n-th layer is a mixture, the others dense; 1 for all.
    pub every: u32,
}
