//! Bytes of one layer: what a chip keeps of a micro-batch between its forward and its backward pass.

use crate::hardware::precision::Precision;
use crate::model::architecture::Architecture;
use crate::model::flops::{Causality, Kernel, Recompute};
use crate::model::layers::Layer;
use crate::model::mixer::compressed::Compressed;
use crate::model::mixer::grouped::Grouped;
use crate::model::mixer::latent::Latent;
use crate::model::mixer::{Mixer, Split};
use crate::model::mlp::{Experts, Mlp, matrices};
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

/// Bytes that one chip keeps of one layer, in a stream of this width, for one micro-batch.
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
/// use flopbill::internals::model::flops::{Kernel, Recompute};
/// use flopbill::internals::model::layers::Layer;
/// use flopbill::internals::model::memory::{Autograd, Keeping, MicroBatch, layer};
/// use flopbill::internals::model::mixer::{Mixer, grouped::Grouped};
/// use flopbill::internals::model::mlp::{Dense, Mlp};
///
/// let attention = Mixer::Grouped(Grouped::plain(96, 96, 128));
/// let gpt = Layer::new(attention, Mlp::Dense(Dense { width: 49152, gated: false }));
/// let keeping = Keeping {
///     autograd: Autograd::Fused, tp: 1, etp: 1, sequence_parallel: false, kernel: Kernel::Unfused,
///     recompute: Recompute::None, precision: Precision::Fp16,
/// };
/// let batch = MicroBatch { tokens: 2048.0, seq_len: 2048.0 };
/// // by hand: s h (34 + 5 a s / h) = 2048 * 12288 * (34 + 5 * 96 * 2048 / 12288) = 2048 * 12288 * 114
/// assert_eq!(layer(12288, &gpt, batch, &keeping).get(), 2048.0 * 12288.0 * 114.0);
/// ```
pub fn layer(hidden: u32, layer: &Layer, batch: MicroBatch, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    let stream = f64::from(hidden);
    if keeping.recompute == Recompute::Full {
        return Bytes::new(widths.value * stream / widths.sequence * batch.tokens);
    }
    if keeping.recompute == Recompute::Selective && keeping.autograd.is_plain() {
        return every_second_product(stream, layer, batch, keeping);
    }
    all_of(stream, layer, batch, keeping)
}

/// Bytes that one chip needs while it computes one layer again and runs it backward.
///
/// # Formula
/// as [`layer()`] without recompute; in plain PyTorch also the gradients of the MLP's two inner tensors and of its input,
/// and where tensor parallelism splits, one product's partial sums
/// # Source
/// as [`layer()`]; PyTorch, `torch.utils.checkpoint` (a block is computed again whole, then run backward).
pub fn working_set(hidden: u32, layer: &Layer, batch: MicroBatch, keeping: &Keeping) -> Bytes {
    let keeping = &Keeping { recompute: Recompute::None, ..*keeping };
    let hidden = f64::from(hidden);
    let kept = all_of(hidden, layer, batch, keeping);
    if !keeping.autograd.is_plain() {
        return kept;
    }
    let widths = keeping.widths();
    let partial_sums = if keeping.tp > 1 { hidden } else { 0.0 };
    let gradients = 2.0 * inner(&layer.mlp).0 / widths.tp + hidden / widths.inputs;
    kept + Bytes::new(widths.value * (partial_sums + gradients) * batch.tokens)
}

/// Width of an MLP's inner tensors that one token passes through, and the matrices that lead there and back.
fn inner(mlp: &Mlp) -> (f64, f64) {
    match mlp {
        Mlp::None => (0.0, 0.0),
        Mlp::Dense(dense) => (f64::from(dense.width), matrices(dense.gated)),
        Mlp::Moe(experts) => {
            let routed = f64::from(experts.width) * f64::from(experts.active);
            (routed + f64::from(experts.shared_width), experts.matrices())
        }
    }
}

/// Bytes that one chip keeps of one layer under PyTorch's selective checkpointing by operation.
///
/// # Formula
/// the layer's input, every second product's output from the first on, the attention core's output, and what
/// tensor parallelism scatters: eager; compiled code drops the last product's, which no gradient needs
/// # Source
/// torchtitan, `selective_ac_option = "op"` (`_get_custom_policy`: products of even number are computed again).
fn every_second_product(hidden: f64, layer: &Layer, batch: MicroBatch, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    let (inner, matrices) = inner(&layer.mlp);
    let up = inner / widths.tp;
    let (mut kept, mut count) = (0.0, 0);
    let mut product = |width: f64| {
        kept += if count % 2 == 0 { width } else { 0.0 };
        count += 1;
    };
    if layer.mixer.is_some() {
        projections(hidden, &layer.mixer, widths.tp, &mut product);
        // Row-parallel products give whole rows of partial sums.
        product(hidden);
    }
    (1..matrices as u32).for_each(|_| product(up));
    if keeping.autograd == Autograd::Eager && layer.mlp.is_some() {
        product(hidden);
    }
    let scattered = if keeping.tp > 1 { layer.blocks() * hidden / widths.sequence } else { 0.0 };
    let values = hidden / widths.sequence + kept + scattered;
    let core = core(&layer.mixer, batch.seq_len, keeping, &widths);
    Bytes::new((widths.value * values + core + scanned(hidden, &layer.mixer, &widths)) * batch.tokens)
}

/// The projections before the attention core in the order in which they run, each with its width on one chip.
fn projections(hidden: f64, mixer: &Mixer, tp: f64, product: &mut impl FnMut(f64)) {
    match mixer {
        Mixer::Grouped(grouped) => {
            let (head, kv_heads) = (f64::from(grouped.head_dim), f64::from(grouped.kv_heads));
            let key = head * kv_heads / tp.min(kv_heads.max(1.0));
            [head * f64::from(grouped.heads) / tp, key, key].into_iter().for_each(product);
        }
        Mixer::Latent(latent) => {
            let [heads, kv_rank, nope, rope, v_dim] =
                [latent.heads, latent.kv_rank, latent.qk_nope, latent.qk_rope, latent.v_dim].map(f64::from);
            let queries = heads * (nope + rope) / tp;
            let projected = [kv_rank + rope, heads * (nope + v_dim) / tp];
            let down = Some(f64::from(latent.q_rank)).filter(|rank| *rank > 0.0);
            down.into_iter().chain([queries]).chain(projected).for_each(product);
        }
        _ => {
            let work = mixer.work(hidden as u32, 0, Causality::Causal);
            let leading = work.products().iter().filter(|product| product.split != Split::Rows);
            leading.for_each(|one| product(one.outputs / if one.split == Split::Columns { tp } else { 1.0 }));
        }
    }
}

/// Bytes that one chip keeps of one layer if nothing is computed again that a kernel does not compute again by itself.
fn all_of(hidden: f64, layer: &Layer, batch: MicroBatch, keeping: &Keeping) -> Bytes {
    let widths = keeping.widths();
    let input = widths.normed * hidden / widths.inputs;
    let mixer = match &layer.mixer {
        Mixer::None => 0.0,
        Mixer::Grouped(mixer) => input + grouped(mixer, &widths),
        Mixer::Latent(mixer) => input + latent(mixer, &widths),
        Mixer::Compressed(mixer) => input + compressed(mixer, &widths),
        _ => input + scanned(hidden, &layer.mixer, &widths),
    };
    let core = core(&layer.mixer, batch.seq_len, keeping, &widths);
    let norms = layer.blocks() * (widths.value + widths.mask + widths.norm_parts) * hidden / widths.sequence;
    Bytes::new((norms + mixer + core + mlp(hidden, &layer.mlp, keeping, &widths)) * batch.tokens)
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

/// Per token: queries, keys and values.
fn grouped(mixer: &Grouped, widths: &Widths) -> f64 {
    let query = f64::from(mixer.head_dim) * f64::from(mixer.heads) / widths.tp;
    // Key-value heads fewer than the chips are held by several of them.
    let key_value = mixer.key_values() / widths.tp.min(f64::from(mixer.kv_heads).max(1.0));
    let gate = 2.0 * f64::from(mixer.gate) / widths.tp;
    widths.value * (query + gate + key_value)
}

/// Per token: the same for latent attention, whose low-rank parts each chip holds whole.
fn latent(mixer: &Latent, widths: &Widths) -> f64 {
    let [heads, q_rank, kv_rank, nope, rope, v_dim] =
        [mixer.heads, mixer.q_rank, mixer.kv_rank, mixer.qk_nope, mixer.qk_rope, mixer.v_dim].map(f64::from);
    let ranks = widths.value * (q_rank + kv_rank + rope) + widths.operand * (q_rank + kv_rank);
    let per_head = if widths.latent_only { 0.0 } else { heads / widths.tp * (2.0 * (nope + rope) + v_dim) };
    let gate = 2.0 * f64::from(mixer.gate) / widths.tp;
    let indexer = mixer.indexer.filter(|indexer| indexer.own).map_or(0.0, |indexer| {
        let head = f64::from(indexer.head_dim);
        f64::from(indexer.heads) * (head + 1.0) + head
    });
    ranks / widths.sequence + widths.value * (per_head + gate + indexer)
}

/// Per token: low-rank queries, the shared key, what is compressed of it, and the groups of the output.
fn compressed(mixer: &Compressed, widths: &Widths) -> f64 {
    let [heads, dim, q_rank, groups, rank] =
        [mixer.heads, mixer.head_dim, mixer.q_rank, mixer.out_groups, mixer.out_rank].map(f64::from);
    let blocks = if mixer.ratio == 0 {
        0.0
    } else if mixer.overlap {
        4.0
    } else {
        2.0
    };
    let ranks = widths.value * (q_rank + dim * (1.0 + blocks)) + widths.operand * q_rank;
    let queries = if widths.latent_only { 0.0 } else { heads * dim / widths.tp };
    let indexer = mixer.indexer.map_or(0.0, |indexer| {
        let head = f64::from(indexer.head_dim);
        f64::from(indexer.heads) * (head + 1.0) + blocks * head
    });
    ranks / widths.sequence + widths.value * (queries + indexer) + widths.operand * groups * rank / widths.tp
}

/// Per token: a state or a convolution, from the output of its projections to the input of the last.
fn scanned(hidden: f64, mixer: &Mixer, widths: &Widths) -> f64 {
    if mixer.is_softmax() {
        return 0.0;
    }
    let work = mixer.work(hidden as u32, 0, Causality::Causal);
    let out = work.products().iter().rev().find(|product| product.split == Split::Rows);
    let out = out.map_or(0.0, |product| product.inputs);
    (widths.value * work.scan.kept + widths.operand * out) / widths.tp
}

/// Per token: what the attention core keeps, and the input of the output projection.
fn core(mixer: &Mixer, seq_len: f64, keeping: &Keeping, widths: &Widths) -> f64 {
    let (heads, v_dim) = match mixer {
        Mixer::Grouped(grouped) => (grouped.heads, grouped.v_dim),
        Mixer::Latent(latent) => (latent.heads, latent.v_dim),
        Mixer::Compressed(compressed) => (compressed.heads, compressed.head_dim),
        _ => return 0.0,
    };
    let heads = f64::from(heads) / widths.tp;
    let output = heads * f64::from(v_dim);
    let quantised = if widths.operand < widths.value { widths.operand * output } else { 0.0 };
    let scores = match (keeping.kernel, keeping.recompute) {
        (Kernel::Unfused, Recompute::None | Recompute::Full) => heads * seq_len * (2.0 * widths.value + widths.mask),
        (Kernel::Unfused, Recompute::Selective) => 0.0,
        (Kernel::Fused, _) => 4.0 * heads, // the fp32 logarithm of each row's sum
    };
    scores + widths.value * output + quantised
}

/// Per token: the input of the MLP and of its last product; for experts, of each that the token passes through, with
/// its output.
fn mlp(hidden: f64, mlp: &Mlp, keeping: &Keeping, widths: &Widths) -> f64 {
    let input = widths.normed * hidden / widths.inputs;
    let inner = |width: u32, gated: bool| {
        let before = (matrices(gated) - 1.0) * widths.before_activation;
        let gate_output = if gated { widths.gate_output } else { 0.0 };
        f64::from(width) * (before + gate_output + widths.activated)
    };
    match mlp {
        Mlp::None => 0.0,
        Mlp::Dense(dense) => input + inner(dense.width, dense.gated) / widths.tp,
        Mlp::Moe(Experts { count, active, width, gated, shared_width, latent, .. }) => {
            let etp = f64::from(keeping.etp.max(1));
            let router = 4.0 * f64::from(*count) / widths.sequence;
            let stream = if *latent > 0 { f64::from(*latent) } else { hidden };
            let routed = (widths.operand + widths.combined) * stream * etp + inner(*width, *gated);
            // Rows in the experts' own width are kept before they are sent, and as they come back.
            let projected = 2.0 * widths.operand * f64::from(*latent) / widths.sequence;
            let shared = inner(*shared_width, *gated);
            input + router + projected + (routed * f64::from(*active) + shared) / widths.tp
        }
    }
}
