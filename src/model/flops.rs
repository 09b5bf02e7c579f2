//! FLOPs of one token, term by term, under named conventions.

use crate::model::architecture::{Architecture, Attention, LinearAttention, Mlp, Window};
use crate::model::params::{self, Embeddings};
use crate::units::{Flop, Params, Tokens};

/// Tokens that the delta rule's kernel takes at once; within them it multiplies as softmax attention does.
pub(crate) const DELTA_CHUNK: f64 = 64.0;

/// Which of the square of queries and keys is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Causality {
    /// The half a causal mask keeps.
    Causal,
    /// The whole square, as if every token saw every other.
    Full,
}

/// Which passes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counting {
    /// What the model needs: a forward pass, and twice that backward.
    Model,
    /// What the hardware does: with what is recomputed.
    Hardware {
        /// What is computed again in the backward pass.
        recompute: Recompute,
        /// How attention is computed.
        kernel: Kernel,
    },
}

/// What the backward pass computes again instead of keeping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Recompute {
    /// Nothing: every activation is kept.
    None,
    /// What is cheap next to the memory it takes: an unfused attention core; beside a fused one, which stores no
    /// square, the norms' outputs, the MLP's activation and the up-projections of latent attention.
    Selective,
    /// Every layer from its input.
    Full,
}

/// How the attention core is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Tile by tile, without storing the square; the backward pass computes the scores again (FlashAttention).
    Fused,
    /// The whole square is computed, masked, stored and dropped out, as before 2022.
    Unfused,
}

/// The recompute modes and how a user writes them.
pub const RECOMPUTES: [(&str, Recompute); 3] =
    [("none", Recompute::None), ("selective", Recompute::Selective), ("full", Recompute::Full)];

/// The attention kernels and how a user writes them.
pub const KERNELS: [(&str, Kernel); 2] = [("fused", Kernel::Fused), ("unfused", Kernel::Unfused)];

/// How FLOPs are counted; printed with every MFU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Every matrix product and the attention core.
    Terms {
        /// Which of the square is counted.
        causality: Causality,
        /// Which passes are counted.
        counting: Counting,
    },
    /// Six FLOPs for each parameter at work, and no attention core.
    SixN(Embeddings),
}

/// FLOPs of one token by term; of one pass or of a whole training step, as the function that made it says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FlopPerToken {
    /// The input embedding: a lookup, so zero except where 6N counts it.
    pub embedding: Flop,
    /// Projections to queries, keys and values, the low-rank ones included.
    pub qkv: Flop,
    /// Scores of queries and keys, and their product with the values.
    pub attention_core: Flop,
    /// The delta rule of linear attention layers, with its convolution.
    pub linear_core: Flop,
    /// Projection of the attention's output.
    pub out_projection: Flop,
    /// Dense MLPs.
    pub mlp: Flop,
    /// Routers.
    pub router: Flop,
    /// Routed experts at work.
    pub experts: Flop,
    /// Shared experts.
    pub shared: Flop,
    /// The output head.
    pub head: Flop,
    /// Multi-token-prediction modules with their use of the head, their attention included.
    pub mtp: Flop,
}

impl FlopPerToken {
    /// All terms together.
    ///
    /// # Formula
    /// the sum of the terms
    /// # Source
    /// By definition.
    pub fn total(&self) -> Flop {
        self.cores() + self.layer_matrices() + self.embedding + self.head + self.mtp
    }

    /// The attention cores of all kinds, outside MTP.
    ///
    /// # Formula
    /// `attention_core + linear_core`
    /// # Source
    /// By definition.
    pub fn cores(&self) -> Flop {
        self.attention_core + self.linear_core
    }

    /// The matrix products of the layers.
    ///
    /// # Formula
    /// `qkv + out_projection + mlp + router + experts + shared`
    /// # Source
    /// By definition.
    pub fn layer_matrices(&self) -> Flop {
        self.qkv + self.out_projection + self.mlp + self.router + self.experts + self.shared
    }
}

/// FLOPs of one token in training: forward, backward, and what the choice says is recomputed.
///
/// # Formula
/// matrices and MTP `(3 + [full recompute]) F`, head `3 F`; attention core `(3 + [full, or selective and unfused] + 0.5 [fused]) F`,
/// F the forward FLOPs of [`forward`]; selective beside a fused core: latent up-projections once more; the half is the scores that a fused backward pass computes again;
/// or `6 N` for N parameters at work
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, appendix A; DeepSeek-V3, arXiv:2412.19437, section 3.2.3; Dao 2023, arXiv:2307.08691, section 3.1 (5 products
/// backward for 2 forward); Kaplan et al. 2020, arXiv:2001.08361, section 2.1 (6N).
pub fn per_token(shape: &Architecture, seq_len: u32, choice: Choice) -> FlopPerToken {
    match choice {
        Choice::SixN(embeddings) => six_n(shape, embeddings),
        Choice::Terms { causality, counting } => {
            let (matrices, core) = passes(counting);
            let mut step = train(&forward(shape, seq_len, causality), matrices, core);
            if matches!(counting, Counting::Hardware { recompute: Recompute::Selective, kernel: Kernel::Fused }) {
                step.qkv += latent_up(shape);
            }
            step
        }
    }
}

/// Passes over the layers' matrices and over the attention core, in units of one forward pass.
fn passes(counting: Counting) -> (f64, f64) {
    match counting {
        Counting::Model => (3.0, 3.0),
        Counting::Hardware { recompute, kernel } => {
            let backward = match kernel {
                Kernel::Fused => 2.5,
                Kernel::Unfused => 2.0,
            };
            match recompute {
                Recompute::Selective if kernel == Kernel::Unfused => (3.0, 2.0 + backward),
                Recompute::None | Recompute::Selective => (3.0, 1.0 + backward),
                Recompute::Full => (4.0, 2.0 + backward),
            }
        }
    }
}

/// Scales a forward pass to a training step; the ends of the network are never recomputed.
fn train(forward: &FlopPerToken, matrices: f64, core: f64) -> FlopPerToken {
    FlopPerToken {
        embedding: Flop::ZERO,
        qkv: forward.qkv * matrices,
        attention_core: forward.attention_core * core,
        linear_core: forward.linear_core * core,
        out_projection: forward.out_projection * matrices,
        mlp: forward.mlp * matrices,
        router: forward.router * matrices,
        experts: forward.experts * matrices,
        shared: forward.shared * matrices,
        head: forward.head * 3.0,
        mtp: forward.mtp * matrices,
    }
}

/// FLOPs of one token's forward pass.
///
/// # Formula
/// two FLOPs for each weight a token meets; attention core `2 a (d_qk + d_v) c` for a heads and c keys seen;
/// delta rule of v heads `v (6 d_k d_v + C (6 d_k + 4 d_v))` in chunks of C tokens
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, appendix A; Yang et al. 2024, arXiv:2406.06484, section 3 (chunkwise
/// delta rule), counted here: five products over a chunk of each width, three with the state.
/// ```
/// use flopbill::internals::model::architecture::{Architecture, Attention};
/// use flopbill::internals::model::flops::{Causality, forward};
///
/// let gpt_3 = Architecture {
///     layers: 96, hidden: 12288, vocab: 50257, ffn: 49152, gated: false,
///     attention: Attention::Grouped { heads: 96, kv_heads: 96, head_dim: 128, window: None },
///     output_gate: false, linear: None, experts: None, tied_embeddings: true,
///     learned_positions: 2048, biases: true, mtp_modules: 0, document: 0,
/// };
/// // by hand: 2 * 12 L h^2 + 4 L s h + 2 v h, with L = 96, h = 12288, s = 2048, v = 50257
/// let by_hand = 2.0 * 12.0 * 96.0 * 12288f64.powi(2) + 4.0 * 96.0 * 2048.0 * 12288.0 + 2.0 * 50257.0 * 12288.0;
/// assert_eq!(forward(&gpt_3, 2048, Causality::Full).total().get(), by_hand);
/// ```
pub fn forward(shape: &Architecture, seq_len: u32, causality: Causality) -> FlopPerToken {
    let layers = f64::from(shape.layers);
    let linear = layers * shape.linear_share();
    let softmax = layers - linear;
    let (qkv, out) = projections(shape);
    let (linear_qkv, linear_out, linear_core) = linear_attention(shape);
    let (dense, moe) = (f64::from(shape.dense_layers()), f64::from(shape.moe_layers()));
    let mixed = moe_of(shape);
    let core = attention_core(shape, seq_len, causality);
    let head = 2.0 * f64::from(shape.vocab) * f64::from(shape.hidden);
    FlopPerToken {
        embedding: Flop::ZERO,
        qkv: Flop::new(qkv * softmax + linear_qkv * linear),
        attention_core: Flop::new(core * softmax),
        linear_core: Flop::new(linear_core * linear),
        out_projection: Flop::new(out * softmax + linear_out * linear),
        mlp: Flop::new(mlp_of(shape, shape.ffn) * dense),
        router: Flop::new(mixed.router * moe),
        experts: Flop::new(mixed.experts * moe),
        shared: Flop::new(mixed.shared * moe),
        head: Flop::new(head),
        mtp: Flop::new(mtp(shape, core, head)),
    }
}

/// The mean number of keys a query sees in a softmax attention layer.
///
/// # Formula
/// whole square: `min(s, w)`; causal half: `s / 2`, or `w - w^2 / (2 s)` under a window of w < s tokens; the mean
/// over windowed and other layers
/// # Source
/// Counted: query i of s sees `min(i, w)` keys; the diagonal's half key is left out, as published counts do.
/// ```
/// # use flopbill::internals::model::flops::{Causality, mean_keys};
/// assert_eq!(mean_keys(4096, None, Causality::Causal), 2048.0);
/// ```
pub fn mean_keys(seq_len: u32, window: Option<Window>, causality: Causality) -> f64 {
    let seq = f64::from(seq_len);
    let seen = |width: f64| match causality {
        Causality::Full => width,
        Causality::Causal if seq > 0.0 => width - width * width / (2.0 * seq),
        Causality::Causal => 0.0,
    };
    let (share, width) = window.map_or((0.0, seq), |window| (window.share, seq.min(f64::from(window.tokens))));
    seen(seq) * (1.0 - share) + seen(width) * share
}

/// One softmax attention layer's core.
fn attention_core(shape: &Architecture, seq_len: u32, causality: Causality) -> f64 {
    let attention = &shape.attention;
    let widths = f64::from(attention.qk_dim()) + f64::from(attention.v_dim());
    2.0 * f64::from(attention.heads()) * widths * mean_keys(shape.seen_within(seq_len), attention.window(), causality)
}

/// One softmax attention layer's projections: into the core, and out of it.
fn projections(shape: &Architecture) -> (f64, f64) {
    let hidden = f64::from(shape.hidden);
    match shape.attention {
        Attention::Grouped { heads, kv_heads, head_dim, .. } => {
            let query = f64::from(heads) * f64::from(head_dim);
            let gate = if shape.output_gate { query } else { 0.0 };
            let key_value = 2.0 * f64::from(kv_heads) * f64::from(head_dim);
            (2.0 * hidden * (query + gate + key_value), 2.0 * query * hidden)
        }
        Attention::Latent { heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim } => {
            let heads = f64::from(heads);
            let [kv_rank, nope, rope, v_dim] = [kv_rank, qk_nope, qk_rope, v_dim].map(f64::from);
            let query = match q_rank.map(f64::from) {
                Some(rank) => hidden * rank + rank * heads * (nope + rope),
                None => hidden * heads * (nope + rope),
            };
            let key_value = hidden * (kv_rank + rope) + kv_rank * heads * (nope + v_dim);
            (2.0 * (query + key_value), 2.0 * heads * v_dim * hidden)
        }
    }
}

/// The up-projections of latent attention in all layers, forward: what a selective recompute multiplies again.
fn latent_up(shape: &Architecture) -> Flop {
    let Attention::Latent { heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim } = shape.attention else {
        return Flop::ZERO;
    };
    let [heads, kv_rank, nope, rope, v_dim] = [heads, kv_rank, qk_nope, qk_rope, v_dim].map(f64::from);
    let query = q_rank.map_or(0.0, |rank| f64::from(rank) * heads * (nope + rope));
    let key_value = kv_rank * heads * (nope + v_dim);
    Flop::new(2.0 * (query + key_value) * f64::from(shape.layers) * (1.0 - shape.linear_share()))
}

/// One linear attention layer: its projections in, its projection out, its core.
fn linear_attention(shape: &Architecture) -> (f64, f64, f64) {
    let Some(LinearAttention { key_heads, value_heads, key_dim, value_dim, conv, .. }) = shape.linear else {
        return (0.0, 0.0, 0.0);
    };
    let hidden = f64::from(shape.hidden);
    let [key_heads, value_heads, key_dim, value_dim, conv] =
        [key_heads, value_heads, key_dim, value_dim, conv].map(f64::from);
    let (keys, values) = (key_heads * key_dim, value_heads * value_dim);
    let state = 6.0 * key_dim * value_dim;
    let within_chunk = DELTA_CHUNK * (6.0 * key_dim + 4.0 * value_dim);
    let convolution = 2.0 * conv * (2.0 * keys + values);
    (
        2.0 * hidden * (2.0 * keys + 2.0 * values + 2.0 * value_heads),
        2.0 * values * hidden,
        value_heads * (state + within_chunk) + convolution,
    )
}

struct Moe {
    router: f64,
    experts: f64,
    shared: f64,
}

/// One mixture-of-experts layer's MLP.
fn moe_of(shape: &Architecture) -> Moe {
    match shape.experts {
        None => Moe { router: 0.0, experts: 0.0, shared: 0.0 },
        Some(experts) => Moe {
            router: 2.0 * f64::from(shape.hidden) * f64::from(experts.count),
            experts: mlp_of(shape, experts.width) * f64::from(experts.active),
            shared: mlp_of(shape, experts.shared_width),
        },
    }
}

/// One MLP of this inner width.
fn mlp_of(shape: &Architecture, width: u32) -> f64 {
    2.0 * shape.mlp_matrices() * f64::from(shape.hidden) * f64::from(width)
}

/// The multi-token-prediction modules: a projection, a layer and the head, each.
fn mtp(shape: &Architecture, core: f64, head: f64) -> f64 {
    if shape.mtp_modules == 0 {
        return 0.0;
    }
    let hidden = f64::from(shape.hidden);
    let (qkv, out) = projections(shape);
    let body = match shape.last_mlp() {
        Mlp::Dense => mlp_of(shape, shape.ffn),
        Mlp::Moe => {
            let Moe { router, experts, shared } = moe_of(shape);
            router + experts + shared
        }
    };
    f64::from(shape.mtp_modules) * (4.0 * hidden * hidden + qkv + core + out + body + head)
}

/// Six FLOPs for each parameter at work, sorted into the terms they belong to.
fn six_n(shape: &Architecture, embeddings: Embeddings) -> FlopPerToken {
    let counted = params::count(shape);
    let six = |params: Params| Flop::new(6.0 * params.get());
    let head = if counted.tied { counted.embedding } else { counted.head };
    let input = counted.embedding + counted.positions + counted.head - head;
    FlopPerToken {
        embedding: if embeddings == Embeddings::Counted { six(input) } else { Flop::ZERO },
        qkv: six(counted.attention + counted.linear_attention + counted.norms),
        mlp: six(counted.dense_mlp),
        router: six(counted.router),
        experts: six(counted.active_experts),
        shared: six(counted.shared_experts),
        head: if embeddings == Embeddings::LeftOut { Flop::ZERO } else { six(head) },
        ..FlopPerToken::default()
    }
}

/// Training work.
///
/// # Formula
/// `6 N D`
/// # Source
/// Kaplan et al. 2020, arXiv:2001.08361; attention left out.
///
/// ```
/// use flopbill::internals::model::flops::train_work;
/// use flopbill::internals::units::{Params, Tokens};
/// assert_eq!(train_work(Params::new(2.0), Tokens::new(5.0)).get(), 60.0); // by hand
/// ```
pub fn train_work(params: Params, tokens: Tokens) -> Flop {
    Flop::new(6.0 * params.get() * tokens.get())
}
