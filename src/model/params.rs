//! Parameter counts, term by term: all of a model's, and those at work for one token.

use crate::model::architecture::{Architecture, Attention, LinearAttention, Mlp};
use crate::units::Params;

/// Which ends of the network a count of parameters at work includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Embeddings {
    /// Input embedding and head, as most model cards and most published C = 6ND do; a tied one counts once.
    Counted,
    /// The head alone, since a lookup multiplies nothing (DeepSeek-V3, gpt-oss).
    HeadOnly,
    /// Neither (Kaplan et al.; Granite, Qwen3-Next).
    LeftOut,
}

/// Parameters of one model by term.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ParamCount {
    /// The token embedding.
    pub embedding: Params,
    /// The table of learned positions.
    pub positions: Params,
    /// The output head; zero where it is the embedding.
    pub head: Params,
    /// Softmax attention of all layers.
    pub attention: Params,
    /// Linear attention of all layers.
    pub linear_attention: Params,
    /// Dense MLPs of all layers.
    pub dense_mlp: Params,
    /// Routed experts of all layers.
    pub routed_experts: Params,
    /// Routed experts of all layers that one token passes through.
    pub active_experts: Params,
    /// Shared experts of all layers.
    pub shared_experts: Params,
    /// Routers of all layers.
    pub router: Params,
    /// Norms of all layers and the last one.
    pub norms: Params,
    /// Multi-token-prediction modules, which model cards leave out of the total.
    pub mtp: Params,
    /// What of the multi-token-prediction modules one token passes through.
    pub active_mtp: Params,
    /// The output head is the embedding, so that a lookup-free count keeps it.
    pub tied: bool,
}

impl ParamCount {
    /// All parameters of the main model.
    ///
    /// # Formula
    /// `total = embedding + positions + head + attention + MLP + experts + shared + router + norms`, without MTP
    /// # Source
    /// DeepSeek-V3 README_WEIGHTS: 671B are the main model, 14B more the MTP module with the shared ends.
    pub fn total(&self) -> Params {
        self.ends() + self.body() + self.routed_experts
    }

    /// All parameters of the main model and of its multi-token-prediction modules.
    ///
    /// # Formula
    /// `total + mtp`; embedding and head are shared with the main model
    /// # Source
    /// DeepSeek-V3, arXiv:2412.19437, section 2.2.
    pub fn with_mtp(&self) -> Params {
        self.total() + self.mtp
    }

    /// Parameters of the main model that work for one token.
    ///
    /// # Formula
    /// `active = attention + MLP + experts of one token + shared + router + norms`, and of the ends: embedding,
    /// positions and head; or the head, which is the embedding where they are tied; or none
    /// # Source
    /// gpt-oss model card, arXiv:2508.10925, table 1 (head only); Kaplan et al. 2020, arXiv:2001.08361, section 2.1 (none).
    pub fn active(&self, embeddings: Embeddings) -> Params {
        let ends = match embeddings {
            Embeddings::Counted => self.ends(),
            Embeddings::HeadOnly if self.tied => self.embedding,
            Embeddings::HeadOnly => self.head,
            Embeddings::LeftOut => Params::ZERO,
        };
        ends + self.body() + self.active_experts
    }

    /// Embedding, positions and head.
    fn ends(&self) -> Params {
        self.embedding + self.positions + self.head
    }

    /// What every token passes through between the ends.
    fn body(&self) -> Params {
        self.attention + self.linear_attention + self.dense_mlp + self.shared_experts + self.router + self.norms
    }
}

/// Parameters of one layer by term.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LayerParams {
    /// Softmax or linear attention.
    pub attention: Params,
    /// A dense MLP.
    pub dense_mlp: Params,
    /// All routed experts.
    pub routed_experts: Params,
    /// The routed experts one token passes through.
    pub active_experts: Params,
    /// The shared experts.
    pub shared_experts: Params,
    /// The router.
    pub router: Params,
    /// The norms.
    pub norms: Params,
}

impl LayerParams {
    /// All parameters of the layer.
    ///
    /// # Formula
    /// `attention + MLP + experts + shared + router + norms`
    /// # Source
    /// By definition.
    pub fn total(&self) -> Params {
        self.shared_by_all() + self.routed_experts
    }

    /// Parameters of the layer outside its routed experts: what expert parallelism does not split.
    ///
    /// # Formula
    /// `attention + MLP + shared + router + norms`
    /// # Source
    /// By definition.
    pub fn shared_by_all(&self) -> Params {
        self.attention + self.dense_mlp + self.shared_experts + self.router + self.norms
    }
}

/// Counts the parameters of a whole model.
///
/// # Formula
/// `embedding = v h`, `positions = P h`, `head = v h` unless tied, and for each layer [`layer`];
/// an MTP module is one more layer, a projection of `2 h` to `h` and two norms
/// # Source
/// Vaswani et al. 2017, arXiv:1706.03762; DeepSeek-V3, arXiv:2412.19437, sections 2.1 and 2.2.
/// ```
/// use flopbill::internals::model::architecture::{Architecture, Attention};
/// use flopbill::internals::model::params::count;
///
/// let llama_2_7b = Architecture {
///     layers: 32, hidden: 4096, vocab: 32000, ffn: 11008, gated: true,
///     attention: Attention::Grouped { heads: 32, kv_heads: 32, head_dim: 128, window: None },
///     output_gate: false, linear: None, experts: None, tied_embeddings: false,
///     learned_positions: 0, biases: false, mtp_modules: 0, document: 0,
/// };
/// // by hand: 2*32000*4096 + 32*(4*4096^2 + 3*4096*11008 + 2*4096) + 4096
/// assert_eq!(count(&llama_2_7b).total().get(), 6_738_415_616.0);
/// ```
pub fn count(shape: &Architecture) -> ParamCount {
    let hidden = f64::from(shape.hidden);
    let (dense, moe) = (f64::from(shape.dense_layers()), f64::from(shape.moe_layers()));
    let layers = f64::from(shape.layers);
    let table = Params::new(f64::from(shape.vocab) * hidden);
    let linear = layers * shape.linear_share();
    let (plain, mixed) = (mlp(shape, Mlp::Dense), mlp(shape, Mlp::Moe));
    let (mtp, active_mtp) = mtp(shape);
    ParamCount {
        embedding: table,
        positions: Params::new(f64::from(shape.learned_positions) * hidden),
        head: if shape.tied_embeddings { Params::ZERO } else { table },
        attention: attention(shape) * (layers - linear),
        linear_attention: linear_attention(shape) * linear,
        dense_mlp: plain.dense_mlp * dense,
        routed_experts: mixed.routed_experts * moe,
        active_experts: mixed.active_experts * moe,
        shared_experts: mixed.shared_experts * moe,
        router: mixed.router * moe,
        norms: norm(shape, hidden) * (2.0 * layers + 1.0),
        mtp,
        active_mtp,
        tied: shape.tied_embeddings,
    }
}

/// Counts the parameters of one layer whose attention is the mean of the model's layers.
///
/// # Formula
/// `attention = h (q + 2 kv) + q h`, `mlp = k h f` with k = 3 gated, else 2; `routed = E k h w`,
/// `active = A k h w`, `shared = k h s`, `router = h E`, two norms; each matrix with its bias where there are biases
/// # Source
/// Vaswani et al. 2017, arXiv:1706.03762; Ainslie et al. 2023, arXiv:2305.13245 (grouped queries);
/// Shazeer 2020, arXiv:2002.05202 (gated MLP).
pub fn layer(shape: &Architecture, kind: Mlp) -> LayerParams {
    let linear = shape.linear_share();
    let attention = attention(shape) * (1.0 - linear) + linear_attention(shape) * linear;
    LayerParams { attention, norms: norm(shape, f64::from(shape.hidden)) * 2.0, ..mlp(shape, kind) }
}

/// The MLP's part of [`layer`].
fn mlp(shape: &Architecture, kind: Mlp) -> LayerParams {
    let one = |width: u32| Params::new(mlp_of(shape, f64::from(width)));
    match (kind, shape.experts) {
        (Mlp::Moe, Some(experts)) => {
            let expert = one(experts.width);
            let count = f64::from(experts.count);
            let bias = if shape.biases { count } else { 0.0 };
            LayerParams {
                routed_experts: expert * count,
                active_experts: expert * f64::from(experts.active),
                shared_experts: if experts.shared_width == 0 { Params::ZERO } else { one(experts.shared_width) },
                router: Params::new(f64::from(shape.hidden) * count + bias),
                ..LayerParams::default()
            }
        }
        _ => LayerParams { dense_mlp: one(shape.ffn), ..LayerParams::default() },
    }
}

/// Parameters of one MLP of this inner width.
fn mlp_of(shape: &Architecture, width: f64) -> f64 {
    let hidden = f64::from(shape.hidden);
    let matrices = shape.mlp_matrices();
    let biases = if shape.biases { (matrices - 1.0) * width + hidden } else { 0.0 };
    matrices * hidden * width + biases
}

/// Parameters of one layer's softmax attention.
fn attention(shape: &Architecture) -> Params {
    let hidden = f64::from(shape.hidden);
    let count = match shape.attention {
        Attention::Grouped { heads, kv_heads, head_dim, .. } => {
            let query = f64::from(heads) * f64::from(head_dim);
            let key_value = 2.0 * f64::from(kv_heads) * f64::from(head_dim);
            let gate = if shape.output_gate { query } else { 0.0 };
            let biases = if shape.biases { query + key_value + hidden } else { 0.0 };
            hidden * (query + key_value + gate) + query * hidden + biases
        }
        Attention::Latent { heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim } => {
            let heads = f64::from(heads);
            let [kv_rank, nope, rope, v_dim] = [kv_rank, qk_nope, qk_rope, v_dim].map(f64::from);
            let query = match q_rank.map(f64::from) {
                Some(rank) => hidden * rank + rank + rank * heads * (nope + rope),
                None => hidden * heads * (nope + rope),
            };
            let key_value = hidden * (kv_rank + rope) + kv_rank + kv_rank * heads * (nope + v_dim);
            query + key_value + heads * v_dim * hidden
        }
    };
    Params::new(count)
}

/// Parameters of one layer's linear attention.
fn linear_attention(shape: &Architecture) -> Params {
    let Some(LinearAttention { key_heads, value_heads, key_dim, value_dim, conv, .. }) = shape.linear else {
        return Params::ZERO;
    };
    let hidden = f64::from(shape.hidden);
    let [key_heads, value_heads, key_dim, value_dim, conv] =
        [key_heads, value_heads, key_dim, value_dim, conv].map(f64::from);
    let (keys, values) = (key_heads * key_dim, value_heads * value_dim);
    let projections = hidden * (2.0 * keys + 2.0 * values + 2.0 * value_heads) + values * hidden;
    let rest = conv * (2.0 * keys + values) + 2.0 * value_heads + value_dim;
    Params::new(projections + rest)
}

/// Parameters of one norm over this width.
fn norm(shape: &Architecture, width: f64) -> Params {
    Params::new(if shape.biases { 2.0 * width } else { width })
}

/// Parameters of the multi-token-prediction modules, all and at work.
fn mtp(shape: &Architecture) -> (Params, Params) {
    let hidden = f64::from(shape.hidden);
    let modules = f64::from(shape.mtp_modules);
    let body = mlp(shape, shape.last_mlp());
    let around = attention(shape) + Params::new(2.0 * hidden * hidden) + norm(shape, hidden) * 5.0;
    let active = around + body.shared_by_all() + body.active_experts;
    ((around + body.total()) * modules, active * modules)
}
