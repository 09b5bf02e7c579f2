//! FLOPs of one token, term by term, under named conventions.

use crate::model::architecture::Architecture;
use crate::model::layers::Layer;
use crate::model::mixer::{Mixer, Split};
use crate::model::mlp::{Dense, Mlp, matrices};
use crate::model::params::{self, Embeddings};
use crate::units::{Flop, Params, Tokens};

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
    /// The indexer's scores, by which a sparse attention chooses its keys.
    pub indexer: Flop,
    /// States of linear attention, state spaces and recurrences, with their convolutions.
    pub linear_core: Flop,
    /// Projection of the attention's output.
    pub out_projection: Flop,
    /// Dense MLPs.
    pub mlp: Flop,
    /// Routers.
    pub router: Flop,
    /// Routed experts at work.
    pub experts: Flop,
    /// Shared experts, and projections to the experts' own width.
    pub shared: Flop,
    /// Matrices of no kind: inputs of each layer's own, mixing of several streams.
    pub beside: Flop,
    /// The output head.
    pub head: Flop,
    /// Multi-token-prediction modules with their use of the head, their attention included.
    pub mtp: Flop,
    /// Towers beside the language model, for the patches that go with one of its tokens.
    pub towers: Flop,
}

impl FlopPerToken {
    /// All terms together.
    ///
    /// # Formula
    /// the sum of the terms
    /// # Source
    /// By definition.
    pub fn total(&self) -> Flop {
        self.cores() + self.layer_matrices() + self.embedding + self.head + self.mtp + self.towers
    }

    /// The attention cores of all kinds, outside MTP and towers.
    ///
    /// # Formula
    /// `attention_core + indexer + linear_core`
    /// # Source
    /// By definition.
    pub fn cores(&self) -> Flop {
        self.attention_core + self.indexer + self.linear_core
    }

    /// Adds so many times another's terms.
    fn add(&mut self, other: &Self, n: f64) {
        let mut term = |to: fn(&mut Self) -> &mut Flop, more: Flop| *to(self) += more * n;
        term(|of| &mut of.embedding, other.embedding);
        term(|of| &mut of.qkv, other.qkv);
        term(|of| &mut of.attention_core, other.attention_core);
        term(|of| &mut of.indexer, other.indexer);
        term(|of| &mut of.linear_core, other.linear_core);
        term(|of| &mut of.out_projection, other.out_projection);
        term(|of| &mut of.mlp, other.mlp);
        term(|of| &mut of.router, other.router);
        term(|of| &mut of.experts, other.experts);
        term(|of| &mut of.shared, other.shared);
        term(|of| &mut of.beside, other.beside);
        term(|of| &mut of.head, other.head);
        term(|of| &mut of.mtp, other.mtp);
        term(|of| &mut of.towers, other.towers);
    }

    /// The matrix products of the layers.
    ///
    /// # Formula
    /// `qkv + out_projection + mlp + router + experts + shared + beside`
    /// # Source
    /// By definition.
    pub fn layer_matrices(&self) -> Flop {
        self.qkv + self.out_projection + self.mlp + self.router + self.experts + self.shared + self.beside
    }
}

/// FLOPs of one token in training: forward, backward, and what the choice says is recomputed.
///
/// # Formula
/// matrices and MTP `(3 + [full recompute]) F`, head `3 F`; attention core `(3 + [full, or selective and unfused] + 0.5 [fused]) F`,
/// F the forward FLOPs of [`forward`]; selective beside a fused core: latent up-projections once more; the half is the scores that a fused backward pass computes again;
/// or `6 N` for N parameters of the language model at work; of towers [`TowerWork::flop`](super::tower::TowerWork::flop)
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, appendix A; DeepSeek-V3, arXiv:2412.19437, section 3.2.3; Dao 2023, arXiv:2307.08691, section 3.1 (5 products
/// backward for 2 forward); Kaplan et al. 2020, arXiv:2001.08361, section 2.1 (6N).
pub fn per_token(shape: &Architecture, seq_len: u32, choice: Choice) -> FlopPerToken {
    match choice {
        Choice::SixN(embeddings) => six_n(shape, embeddings),
        Choice::Terms { causality, counting } => {
            let (matrices, core) = passes(counting);
            let mut step = train(&forward(shape, seq_len, causality), matrices, core, shape.tuning.is_frozen());
            // Adapters are products like any other, with gradients of their own.
            step.beside += Flop::new(2.0 * adapters(shape)) * matrices;
            step.towers = shape.towers.flop(counting);
            if matches!(counting, Counting::Hardware { recompute: Recompute::Selective, kernel: Kernel::Fused }) {
                step.qkv += latent_up(shape);
            }
            step
        }
    }
}

/// Passes over the layers' matrices and over the attention core, in units of one forward pass.
pub(super) fn passes(counting: Counting) -> (f64, f64) {
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

/// Parameters of the adapters that every token meets, in all layers.
pub(super) fn adapters(shape: &Architecture) -> f64 {
    let of = |(layer, count): (&Layer, u32)| shape.tuning.adapters(shape.hidden, layer) * f64::from(count);
    shape.layers.each().map(of).sum()
}

/// Scales a forward pass to a training step; the ends of the network are never recomputed, and frozen weights have no
/// gradients.
fn train(forward: &FlopPerToken, matrices: f64, core: f64, frozen: bool) -> FlopPerToken {
    let (matrices, head) = if frozen { (matrices - 1.0, 2.0) } else { (matrices, 3.0) };
    FlopPerToken {
        embedding: Flop::ZERO,
        qkv: forward.qkv * matrices,
        attention_core: forward.attention_core * core,
        indexer: forward.indexer * core,
        linear_core: forward.linear_core * core,
        out_projection: forward.out_projection * matrices,
        mlp: forward.mlp * matrices,
        router: forward.router * matrices,
        experts: forward.experts * matrices,
        shared: forward.shared * matrices,
        beside: forward.beside * matrices,
        head: forward.head * head,
        mtp: forward.mtp * matrices,
        towers: Flop::ZERO,
    }
}

/// FLOPs of one token's forward pass.
///
/// # Formula
/// two FLOPs for each weight a token meets; attention core [`Scores::flop`](super::mixer::Scores::flop), state and
/// convolution of each mixer as its own file counts them
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, appendix A; and the mixers' files.
/// ```
/// use flopbill::internals::model::architecture::{Architecture, Ends};
/// use flopbill::internals::model::flops::{Causality, forward};
/// use flopbill::internals::model::layers::{Layer, Layers};
/// use flopbill::internals::model::mixer::{Mixer, grouped::Grouped};
/// use flopbill::internals::model::mlp::{Dense, Mlp};
///
/// let attention = Mixer::Grouped(Grouped::plain(96, 96, 128));
/// let layer = Layer::new(attention, Mlp::Dense(Dense { width: 49152, gated: false }));
/// let gpt_3 = Architecture {
///     hidden: 12288, vocab: 50257, layers: Layers::uniform(layer, 96), tied_embeddings: true,
///     learned_positions: 2048, ends: Ends::default(), mtp_modules: 0, document: 0, tuning: Default::default(),
///     towers: Default::default(),
/// };
/// // by hand: 2 * 12 L h^2 + 4 L s h + 2 v h, with L = 96, h = 12288, s = 2048, v = 50257
/// let by_hand = 2.0 * 12.0 * 96.0 * 12288f64.powi(2) + 4.0 * 96.0 * 2048.0 * 12288.0 + 2.0 * 50257.0 * 12288.0;
/// assert_eq!(forward(&gpt_3, 2048, Causality::Full).total().get(), by_hand);
/// ```
pub fn forward(shape: &Architecture, seq_len: u32, causality: Causality) -> FlopPerToken {
    let hidden = f64::from(shape.hidden);
    let seen = shape.seen_within(seq_len);
    let head = Flop::new(2.0 * f64::from(shape.vocab) * f64::from(shape.table_width()));
    let ends = Flop::new(2.0 * shape.ends.matrices as f64);
    let mut sum = FlopPerToken { head: head + ends, ..FlopPerToken::default() };
    for (kind, layers) in shape.layers.each() {
        sum.add(&of_layer(hidden, kind, seen, causality), f64::from(layers));
    }
    if let Some(module) = shape.module().filter(|_| shape.mtp_modules > 0) {
        let body = of_layer(hidden, module, seen, causality).total();
        sum.mtp = (Flop::new(4.0 * hidden * hidden) + body + head) * f64::from(shape.mtp_modules);
    }
    sum
}

/// One layer of a stream of this width.
fn of_layer(hidden: f64, layer: &Layer, seen: u32, causality: Causality) -> FlopPerToken {
    let work = layer.mixer.work(hidden as u32, seen, causality);
    let mut of = FlopPerToken {
        attention_core: Flop::new(work.scores[0].flop()),
        indexer: Flop::new(work.scores[1].flop()),
        linear_core: Flop::new(work.scan.flop),
        beside: Flop::new(2.0 * layer.beside as f64),
        ..FlopPerToken::default()
    };
    for product in work.products() {
        let term = if product.split == Split::Rows { &mut of.out_projection } else { &mut of.qkv };
        *term += Flop::new(2.0 * product.outputs * product.inputs);
    }
    match layer.mlp {
        Mlp::None => {}
        Mlp::Dense(Dense { width, gated }) => of.mlp = Flop::new(2.0 * matrices(gated) * hidden * f64::from(width)),
        Mlp::Moe(experts) => {
            of.router = Flop::new(2.0 * experts.router(hidden));
            let weights = experts.matrices() * experts.stream(hidden) * f64::from(experts.width);
            of.experts = Flop::new(2.0 * weights * f64::from(experts.active));
            of.shared = Flop::new(2.0 * (experts.shared(hidden) + experts.projections(hidden)));
        }
    }
    of
}

/// The up-projections of latent attention in all layers, forward: what a selective recompute multiplies again.
fn latent_up(shape: &Architecture) -> Flop {
    let of = |layer: &Layer| match layer.mixer {
        Mixer::Latent(latent) => {
            let heads = f64::from(latent.heads);
            let [q_rank, kv_rank, nope, v] =
                [latent.q_rank, latent.kv_rank, latent.qk_nope, latent.v_dim].map(f64::from);
            2.0 * (q_rank * heads * latent.qk() + kv_rank * heads * (nope + v))
        }
        _ => 0.0,
    };
    Flop::new(shape.layers.each().map(|(layer, count)| of(layer) * f64::from(count)).sum())
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
        beside: six(counted.beside + counted.ends),
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
