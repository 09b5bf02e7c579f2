//! Bytes of one layer: what a chip keeps of a micro-batch between its forward and its backward pass.

use crate::hardware::precision::Precision;
use crate::model::architecture::{Architecture, Attention, LinearAttention, Mlp};
use crate::model::flops::{DELTA_CHUNK, Kernel, Recompute};
use crate::units::Bytes;

/// What stands between the formulas on paper and the tensors that software keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Autograd {
    /// Layers written for it: fused norms, activations and loss, inputs kept split along the sequence (Megatron-Core,
    /// Transformer Engine, XLA).
    Fused,
    /// PyTorch with compiled layers and a loss of plain operations: of element-wise chains the ends are kept.
    Compiled,
    /// PyTorch as it is written: each operation keeps its own inputs.
    Eager,
}

/// What software keeps, and how a profile writes it.
pub const AUTOGRADS: [(&str, Autograd); 3] =
    [("fused", Autograd::Fused), ("compiled", Autograd::Compiled), ("eager", Autograd::Eager)];

impl Autograd {
    /// Whether PyTorch's autograd decides what is kept.
    #[inline]
    pub fn is_plain(self) -> bool {
        self != Self::Fused
    }
}

/// How a layer's activations are cut among chips, and which of them are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keeping {
    /// What the software keeps.
    pub autograd: Autograd,
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
    /// Ways in which the inputs of tensor-parallel products are kept split.
    inputs: f64,
    /// One value of what a norm keeps in 32 bits, and between its operations.
    norm_parts: f64,
    /// One byte a value for the dropout masks of the time of unfused attention.
    mask: f64,
    /// One value kept as the output of a norm, and so as the input of the product behind it.
    normed: f64,
    /// One value kept as the input of the MLP's activation.
    before_activation: f64,
    /// One value kept as its output.
    activated: f64,
    /// One value of an expert's output, kept for the gradient of its weight in the sum.
    combined: f64,
    /// One value kept between a gate's activation and its product with the other half.
    gate_output: f64,
    /// Queries, keys and values of latent attention are projected up again instead of kept.
    latent_only: bool,
}

impl Keeping {
    fn widths(&self) -> Widths {
        let tp = f64::from(self.tp.max(1));
        let plain = self.autograd.is_plain();
        let value = self.precision.activation_bytes();
        // PyTorch keeps what it casts, not the cast.
        let operand = if plain { value } else { self.precision.operand_bytes() };
        let cheap_again = self.recompute == Recompute::Selective && self.kernel == Kernel::Fused && !plain;
        let eager = self.autograd == Autograd::Eager;
        let sequence = if self.sequence_parallel { tp } else { 1.0 };
        Widths {
            value,
            operand,
            tp,
            sequence,
            inputs: if plain { 1.0 } else { sequence },
            norm_parts: if eager { 4.0 + value } else { 0.0 },
            combined: if cheap_again { 0.0 } else { value },
            gate_output: if eager { value } else { 0.0 },
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
/// queries, keys and values, or in plain PyTorch as `every_second_product`; full: the layer's input alone, `2 h` a token
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, sections 4 and 5 (`s b h (34 + 5 a s / h)`), with each width its
/// own so that grouped queries, latent attention, gates and experts have theirs; DeepSeek-V3, arXiv:2412.19437,
/// sections 3.2.3 and 3.3.3 (norms, up-projections and SwiGLU again, its input in 8 bits).
/// ```
/// use flopbill::internals::hardware::precision::Precision;
/// use flopbill::internals::model::architecture::{Architecture, Attention, Mlp};
/// use flopbill::internals::model::flops::{Kernel, Recompute};
/// use flopbill::internals::model::memory::{Autograd, Keeping, MicroBatch, layer};
///
/// let gpt = Architecture {
///     layers: 96, hidden: 12288, vocab: 51200, ffn: 49152, gated: false,
///     attention: Attention::Grouped { heads: 96, kv_heads: 96, head_dim: 128, window: None },
///     output_gate: false, linear: None, experts: None, tied_embeddings: true,
///     learned_positions: 2048, biases: true, mtp_modules: 0, document: 0,
/// };
/// let keeping = Keeping {
///     autograd: Autograd::Fused, tp: 1, etp: 1, sequence_parallel: false, kernel: Kernel::Unfused,
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
    if keeping.recompute == Recompute::Selective && keeping.autograd.is_plain() {
        return every_second_product(shape, kind, batch, keeping);
    }
    all_of(shape, kind, batch, keeping)
}

/// Bytes that one chip needs while it computes one layer again and runs it backward.
///
/// # Formula
/// as [`layer`] without recompute; in plain PyTorch also the gradients of the MLP's two inner tensors and of its input,
/// and where tensor parallelism splits, one product's partial sums
/// # Source
/// as [`layer`]; PyTorch, `torch.utils.checkpoint` (a block is computed again whole, then run backward).
pub fn working_set(shape: &Architecture, kind: Mlp, batch: MicroBatch, keeping: &Keeping) -> Bytes {
    let keeping = &Keeping { recompute: Recompute::None, ..*keeping };
    let kept = all_of(shape, kind, batch, keeping);
    if !keeping.autograd.is_plain() {
        return kept;
    }
    let widths = keeping.widths();
    let hidden = f64::from(shape.hidden);
    let partial_sums = if keeping.tp > 1 { hidden } else { 0.0 };
    let gradients = 2.0 * inner(shape, kind) / widths.tp + hidden / widths.inputs;
    kept + Bytes::new(widths.value * (partial_sums + gradients) * batch.tokens)
}

/// Width of an MLP's inner tensors that one token passes through.
fn inner(shape: &Architecture, kind: Mlp) -> f64 {
    match (kind, shape.experts) {
        (Mlp::Moe, Some(experts)) => {
            f64::from(experts.width) * f64::from(experts.active) + f64::from(experts.shared_width)
        }
        _ => f64::from(shape.ffn),
    }
}

/// Bytes that one chip keeps of one layer under PyTorch's selective checkpointing by operation.
///
/// # Formula
/// the layer's input, every second product's output from the first on, the attention core's output, and what
/// tensor parallelism scatters: eager; compiled code drops the last product's, which no gradient needs
/// # Source
/// torchtitan, `selective_ac_option = "op"` (`_get_custom_policy`: products of even number are computed again).
fn every_second_product(shape: &Architecture, kind: Mlp, batch: MicroBatch, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    let hidden = f64::from(shape.hidden);
    let up = inner(shape, kind) / widths.tp;
    let (mut kept, mut count) = (0.0, 0);
    let mut product = |width: f64| {
        kept += if count % 2 == 0 { width } else { 0.0 };
        count += 1;
    };
    projections(shape, widths.tp, &mut product);
    // Row-parallel products give whole rows of partial sums.
    product(hidden);
    (1..shape.mlp_matrices() as u32).for_each(|_| product(up));
    if keeping.autograd == Autograd::Eager {
        product(hidden);
    }
    let scattered = if keeping.tp > 1 { 2.0 * hidden / widths.sequence } else { 0.0 };
    let values = hidden / widths.sequence + kept + scattered;
    Bytes::new((widths.value * values + core(shape, batch.seq_len, keeping, &widths)) * batch.tokens)
}

/// The projections before the attention core in the order in which they run, each with its width on one chip.
fn projections(shape: &Architecture, tp: f64, product: &mut impl FnMut(f64)) {
    match shape.attention {
        Attention::Grouped { .. } => {
            let attention = &shape.attention;
            let head = f64::from(attention.qk_dim());
            let kv_heads = f64::from(attention.kv_heads());
            let key = head * kv_heads / tp.min(kv_heads.max(1.0));
            [head * f64::from(attention.heads()) / tp, key, key].into_iter().for_each(product);
        }
        Attention::Latent { heads, q_rank, kv_rank, qk_nope, qk_rope, v_dim } => {
            let [heads, kv_rank, nope, rope, v_dim] = [heads, kv_rank, qk_nope, qk_rope, v_dim].map(f64::from);
            let queries = heads * (nope + rope) / tp;
            let latent = [kv_rank + rope, heads * (nope + v_dim) / tp];
            q_rank.map(f64::from).into_iter().chain([queries]).chain(latent).for_each(product);
        }
    }
}

/// Bytes that one chip keeps of one layer if nothing is computed again that a kernel does not compute again by itself.
fn all_of(shape: &Architecture, kind: Mlp, batch: MicroBatch, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    let linear = shape.linear_share();
    let softmax = match shape.attention {
        Attention::Grouped { .. } => grouped(shape, &widths),
        Attention::Latent { .. } => latent(shape, &widths),
    };
    let softmax = softmax + core(shape, batch.seq_len, keeping, &widths);
    let attention = softmax * (1.0 - linear) + delta(shape, &widths) * linear;
    let norms = 2.0 * (widths.value + widths.mask + widths.norm_parts) * f64::from(shape.hidden) / widths.sequence;
    Bytes::new((norms + attention + mlp(shape, kind, keeping, &widths)) * batch.tokens)
}

/// Bytes of the logits and their gradient on one chip for one micro-batch, with the input of the head.
///
/// # Formula
/// `tokens (6 v / tp + 4 h)`: fp32 logits for the loss, 16-bit ones as the product gave them, the last norm's
/// input and output; once more for each MTP module. In plain PyTorch 12 for 6, or 16 where the vocabulary is split: in
/// 32 bits the logarithms' own, their gradient and the logits' (split: also a part of the gradient's formula), while
/// the 16-bit product is gone
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, section 4.3 (`4 s b h (1 + v / h)`), plus the 16-bit product; PyTorch,
/// `cross_entropy` of `pred.float()` (`log_softmax`, `nll_loss`) and `torch.distributed.tensor.parallel.loss_parallel`.
pub fn logits(shape: &Architecture, padded_vocab: f64, tokens: f64, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    let score = match (keeping.autograd.is_plain(), keeping.tp > 1) {
        (false, _) => 4.0 + widths.value,
        (true, false) => 12.0,
        (true, true) => 16.0,
    };
    let scores = score * padded_vocab / widths.tp;
    let ends = widths.value * f64::from(shape.hidden) * (1.0 / widths.sequence + 1.0 / widths.inputs);
    Bytes::new(tokens * (scores + ends) * (1.0 + f64::from(shape.mtp_modules)))
}

/// Bytes of blocks that PyTorch's allocator keeps unused at the loss: that of the 16-bit logits, which no 32-bit tensor
/// fits into.
///
/// # Formula
/// `2 tokens v / tp` in plain PyTorch
/// # Source
/// PyTorch, `CUDACachingAllocator`: a freed block is kept, and split only for smaller tensors.
pub fn unused_blocks(padded_vocab: f64, tokens: f64, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    Bytes::new(if keeping.autograd.is_plain() { widths.value * padded_vocab / widths.tp * tokens } else { 0.0 })
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
    widths.normed * f64::from(shape.hidden) / widths.inputs + widths.value * (query + gate + key_value)
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
    widths.normed * f64::from(shape.hidden) / widths.inputs + ranks / widths.sequence + widths.value * per_head
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
    widths.normed * f64::from(shape.hidden) / widths.inputs + kept / widths.tp
}

/// Per token: the input of the MLP and of its last product; for experts, of each that the token passes through, with
/// its output.
fn mlp(shape: &Architecture, kind: Mlp, keeping: &Keeping, widths: &Widths) -> f64 {
    let hidden = f64::from(shape.hidden);
    let before = (shape.mlp_matrices() - 1.0) * widths.before_activation;
    let gate_output = if shape.gated { widths.gate_output } else { 0.0 };
    let inner = |width: u32| f64::from(width) * (before + gate_output + widths.activated);
    let input = widths.normed * hidden / widths.inputs;
    match (kind, shape.experts) {
        (Mlp::Moe, Some(experts)) => {
            let etp = f64::from(keeping.etp.max(1));
            let router = 4.0 * f64::from(experts.count) / widths.sequence;
            let routed = (widths.operand + widths.combined) * hidden * etp + inner(experts.width);
            input + router + (routed * f64::from(experts.active) + inner(experts.shared_width)) / widths.tp
        }
        _ => input + inner(shape.ffn) / widths.tp,
    }
}
