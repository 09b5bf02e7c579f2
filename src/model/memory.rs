//! Bytes of one layer: what a chip keeps of a micro-batch between its forward and its backward pass.

use crate::hardware::precision::Precision;
use crate::model::architecture::{Architecture, Attention, LinearAttention, Mlp};
use crate::model::flops::{DELTA_CHUNK, Kernel, Recompute};
use crate::units::Bytes;

/// How a layer's activations are cut among chips, and which of them are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keeping {
    /// Chips that share each layer's matrices.
    pub tp: u32,
    /// Chips that share an expert's matrices.
    pub etp: u32,
    /// The norms and what lies between tensor-parallel regions are split along the sequence.
    pub sequence_parallel: bool,
    /// How attention is computed.
    pub kernel: Kernel,
    /// What is computed again instead of kept.
    pub recompute: Recompute,
    /// The format of the matrix products, and so of the inputs kept for them.
    pub precision: Precision,
}

/// One micro-batch as a chip sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MicroBatch {
    /// Tokens of the chip's part of the sequences.
    pub tokens: f64,
    /// Tokens of a whole sequence, which an unfused attention core's square is as wide as.
    pub seq_len: f64,
}

/// The widths in bytes that the terms below share.
struct Widths {
    /// One value of the residual stream.
    value: f64,
    /// One value kept as the input of a matrix product.
    operand: f64,
    /// Ways in which tensor parallelism splits.
    tp: f64,
    /// Ways in which what lies between tensor-parallel regions is split.
    sequence: f64,
    /// One byte a value for the dropout masks of the time of unfused attention.
    mask: f64,
    /// One value kept as the output of a norm, and so as the input of the product behind it.
    normed: f64,
    /// One value kept as the input of the MLP's activation.
    before_activation: f64,
    /// One value kept as its output.
    activated: f64,
    /// Queries, keys and values of latent attention are projected up again instead of kept.
    latent_only: bool,
}

impl Keeping {
    fn widths(&self) -> Widths {
        let tp = f64::from(self.tp.max(1));
        let (value, operand) = (self.precision.activation_bytes(), self.precision.operand_bytes());
        let cheap_again = self.recompute == Recompute::Selective && self.kernel == Kernel::Fused;
        Widths {
            value,
            operand,
            tp,
            sequence: if self.sequence_parallel { tp } else { 1.0 },
            mask: if self.kernel == Kernel::Unfused { 1.0 } else { 0.0 },
            normed: if cheap_again { 0.0 } else { operand },
            before_activation: if cheap_again { operand } else { value },
            activated: if cheap_again { 0.0 } else { operand },
            latent_only: cheap_again,
        }
    }
}

/// Bytes that one chip keeps of one layer for one micro-batch.
///
/// # Formula
/// none: attention block + MLP block, each from the norm's input to the last product's input; selective: without the
/// unfused core's square, or beside a fused core without norms' and activations' outputs and latent attention's
/// queries, keys and values; full: the layer's input alone, `2 h` a token
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, sections 4 and 5 (`s b h (34 + 5 a s / h)`), with each width its
/// own so that grouped queries, latent attention, gates and experts have theirs; DeepSeek-V3, arXiv:2412.19437,
/// sections 3.2.3 and 3.3.3 (norms, up-projections and SwiGLU again, its input in 8 bits).
/// ```
/// use flopbill::internals::hardware::precision::Precision;
/// use flopbill::internals::model::architecture::{Architecture, Attention, Mlp};
/// use flopbill::internals::model::flops::{Kernel, Recompute};
/// use flopbill::internals::model::memory::{Keeping, MicroBatch, layer};
///
/// let gpt = Architecture {
///     layers: 96, hidden: 12288, vocab: 51200, ffn: 49152, gated: false,
///     attention: Attention::Grouped { heads: 96, kv_heads: 96, head_dim: 128, window: None },
///     output_gate: false, linear: None, experts: None, tied_embeddings: true,
///     learned_positions: 2048, biases: true, mtp_modules: 0,
/// };
/// let keeping = Keeping {
///     tp: 1, etp: 1, sequence_parallel: false, kernel: Kernel::Unfused,
///     recompute: Recompute::None, precision: Precision::Fp16,
/// };
/// let batch = MicroBatch { tokens: 2048.0, seq_len: 2048.0 };
/// // by hand: s h (34 + 5 a s / h) = 2048 * 12288 * (34 + 5 * 96 * 2048 / 12288) = 2048 * 12288 * 114
/// assert_eq!(layer(&gpt, Mlp::Dense, batch, &keeping).get(), 2048.0 * 12288.0 * 114.0);
/// ```
pub fn layer(shape: &Architecture, kind: Mlp, batch: MicroBatch, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    if keeping.recompute == Recompute::Full {
        return Bytes::new(widths.value * f64::from(shape.hidden) / widths.sequence * batch.tokens);
    }
    working_set(shape, kind, batch, keeping)
}

/// Bytes that one chip needs while it runs one layer forward and backward, kept or computed again.
///
/// # Formula
/// as [`layer`] without recompute
/// # Source
/// as [`layer`].
pub fn working_set(shape: &Architecture, kind: Mlp, batch: MicroBatch, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    let linear = shape.linear_share();
    let softmax = match shape.attention {
        Attention::Grouped { .. } => grouped(shape, &widths),
        Attention::Latent { .. } => latent(shape, &widths),
    };
    let softmax = softmax + core(shape, batch.seq_len, keeping, &widths);
    let attention = softmax * (1.0 - linear) + delta(shape, &widths) * linear;
    let norms = 2.0 * (widths.value + widths.mask) * f64::from(shape.hidden) / widths.sequence;
    Bytes::new((norms + attention + mlp(shape, kind, keeping, &widths)) * batch.tokens)
}

/// Bytes of the logits and their gradient on one chip for one micro-batch, with the input of the head.
///
/// # Formula
/// `tokens (6 v / tp + 4 h)`: fp32 logits for the loss, 16-bit ones as the product gave them, the last norm's
/// input and output; once more for each MTP module
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, section 4.3 (`4 s b h (1 + v / h)`), plus the 16-bit product.
pub fn logits(shape: &Architecture, padded_vocab: f64, tokens: f64, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    let scores = (4.0 + widths.value) * padded_vocab / widths.tp;
    let ends = 2.0 * widths.value * f64::from(shape.hidden) / widths.sequence;
    Bytes::new(tokens * (scores + ends) * (1.0 + f64::from(shape.mtp_modules)))
}

/// Per token: the input of the projections, queries, keys and values.
fn grouped(shape: &Architecture, widths: &Widths) -> f64 {
    let attention = &shape.attention;
    let head = f64::from(attention.qk_dim());
    let query = head * f64::from(attention.heads()) / widths.tp;
    // Key-value heads fewer than the chips are held by several of them.
    let kv_heads = f64::from(attention.kv_heads());
    let key_value = 2.0 * head * kv_heads / widths.tp.min(kv_heads.max(1.0));
    let gate = if shape.output_gate { 2.0 * query } else { 0.0 };
    widths.normed * f64::from(shape.hidden) / widths.sequence + widths.value * (query + gate + key_value)
}

/// Per token: the same for latent attention, whose low-rank parts each chip holds whole.
fn latent(shape: &Architecture, widths: &Widths) -> f64 {
    let Attention::Latent { heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim } = shape.attention else {
        return 0.0;
    };
    let [heads, kv_rank, nope, rope, v_dim] = [heads, kv_rank, qk_nope, qk_rope, v_dim].map(f64::from);
    let q_rank = q_rank.map_or(0.0, f64::from);
    let ranks = widths.value * (q_rank + kv_rank + rope) + widths.operand * (q_rank + kv_rank);
    let per_head = if widths.latent_only { 0.0 } else { heads / widths.tp * (2.0 * (nope + rope) + v_dim) };
    (widths.normed * f64::from(shape.hidden) + ranks) / widths.sequence + widths.value * per_head
}

/// Per token: what the attention core keeps, and the input of the output projection.
fn core(shape: &Architecture, seq_len: f64, keeping: &Keeping, widths: &Widths) -> f64 {
    let heads = f64::from(shape.attention.heads()) / widths.tp;
    let output = heads * f64::from(shape.attention.v_dim());
    let quantised = if widths.operand < widths.value { widths.operand * output } else { 0.0 };
    let scores = match (keeping.kernel, keeping.recompute) {
        (Kernel::Unfused, Recompute::None | Recompute::Full) => heads * seq_len * (2.0 * widths.value + widths.mask),
        (Kernel::Unfused, Recompute::Selective) => 0.0,
        (Kernel::Fused, _) => 4.0 * heads, // the fp32 logarithm of each row's sum
    };
    scores + widths.value * output + quantised
}

/// Per token: linear attention, from the input of its projections to that of its output projection.
fn delta(shape: &Architecture, widths: &Widths) -> f64 {
    let Some(LinearAttention { key_heads, value_heads, key_dim, value_dim, .. }) = shape.linear else {
        return 0.0;
    };
    let [key_heads, value_heads, key_dim, value_dim] = [key_heads, value_heads, key_dim, value_dim].map(f64::from);
    let (keys, values) = (key_heads * key_dim, value_heads * value_dim);
    let projected = 2.0 * keys + 2.0 * values;
    let convolved = 2.0 * keys + values;
    let states = value_heads * key_dim * value_dim / DELTA_CHUNK;
    let kept = widths.value * (projected + convolved + values + states) + widths.operand * values;
    widths.normed * f64::from(shape.hidden) / widths.sequence + kept / widths.tp
}

/// Per token: the input of the MLP and of its last product; for experts, of each that the token passes through.
fn mlp(shape: &Architecture, kind: Mlp, keeping: &Keeping, widths: &Widths) -> f64 {
    let hidden = f64::from(shape.hidden);
    let inner =
        |width: u32| f64::from(width) * ((shape.mlp_matrices() - 1.0) * widths.before_activation + widths.activated);
    let input = widths.normed * hidden / widths.sequence;
    match (kind, shape.experts) {
        (Mlp::Moe, Some(experts)) => {
            let etp = f64::from(keeping.etp.max(1));
            let router = 4.0 * f64::from(experts.count) / widths.sequence;
            let routed = widths.operand * hidden * etp + inner(experts.width);
            input + router + (routed * f64::from(experts.active) + inner(experts.shared_width)) / widths.tp
        }
        _ => input + inner(shape.ffn) / widths.tp,
    }
}
