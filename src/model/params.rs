//! Parameter counts, term by term: all of a model's, and those at work for one token.

use super::flops::Causality;
use crate::model::architecture::Architecture;
use crate::model::layers::Layer;
use crate::model::mlp::{Dense, Mlp, matrices};
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
    /// The token embedding, and other tables that are looked up.
    pub embedding: Params,
    /// The table of learned positions.
    pub positions: Params,
    /// The output head beyond the embedding; its biases alone where it is the embedding.
    pub head: Params,
    /// Other matrices before the layers and after them.
    pub ends: Params,
    /// Softmax attention of all layers.
    pub attention: Params,
    /// Linear attention, state spaces and recurrences of all layers.
    pub linear_attention: Params,
    /// Dense MLPs of all layers.
    pub dense_mlp: Params,
    /// Routed experts of all layers.
    pub routed_experts: Params,
    /// Routed experts of all layers that one token passes through.
    pub active_experts: Params,
    /// Shared experts of all layers, and projections to the experts' own width.
    pub shared_experts: Params,
    /// Routers of all layers.
    pub router: Params,
    /// Matrices of no kind in all layers.
    pub beside: Params,
    /// Norms and other single values of all layers and of the ends, and biases.
    pub norms: Params,
    /// Multi-token-prediction modules, which model cards leave out of the total.
    pub mtp: Params,
    /// What of the multi-token-prediction modules one token passes through.
    pub active_mtp: Params,
    /// The output head is the embedding, so that a lookup-free count keeps it.
    pub tied: bool,
    /// How many experts a token passes through is known, or there are none.
    pub active_known: bool,
}

impl ParamCount {
    /// All parameters of the main model.
    ///
    /// # Formula
    /// `total = embedding + positions + head + attention + MLP + experts + shared + router + norms`, without MTP
    /// # Source
    /// DeepSeek-V3 README_WEIGHTS: 671B are the main model, 14B more the MTP module with the shared ends.
    pub fn total(&self) -> Params {
        self.tables() + self.body() + self.routed_experts
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
            Embeddings::Counted => self.tables(),
            Embeddings::HeadOnly if self.tied => self.embedding,
            Embeddings::HeadOnly => self.head,
            Embeddings::LeftOut => Params::ZERO,
        };
        ends + self.body() + self.active_experts
    }

    /// Embedding, positions and head.
    fn tables(&self) -> Params {
        self.embedding + self.positions + self.head
    }

    /// What every token passes through between the ends.
    fn body(&self) -> Params {
        let layers = self.attention + self.linear_attention + self.dense_mlp + self.shared_experts + self.router;
        layers + self.beside + self.norms + self.ends
    }
}

/// Parameters of one layer by term.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LayerParams {
    /// What mixes its tokens.
    pub mixer: Params,
    /// A dense MLP.
    pub dense_mlp: Params,
    /// All routed experts.
    pub routed_experts: Params,
    /// The routed experts one token passes through.
    pub active_experts: Params,
    /// The shared experts, and projections to the experts' own width.
    pub shared_experts: Params,
    /// The router.
    pub router: Params,
    /// Matrices of no kind.
    pub beside: Params,
    /// The norms, and what else works on single values.
    pub norms: Params,
    /// Biases of products outside the experts.
    pub biases: Params,
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
        self.split() + self.router + self.norms
    }

    /// What tensor parallelism splits.
    ///
    /// # Formula
    /// `attention + MLP + shared` with their biases
    /// # Source
    /// Shoeybi et al. 2019, arXiv:1909.08053, section 3.
    pub fn split(&self) -> Params {
        self.mixer + self.dense_mlp + self.shared_experts + self.beside + self.biases
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
/// use flopbill::internals::model::architecture::{Architecture, Ends};
/// use flopbill::internals::model::layers::{Layer, Layers};
/// use flopbill::internals::model::mixer::{Mixer, grouped::Grouped};
/// use flopbill::internals::model::mlp::{Dense, Mlp};
/// use flopbill::internals::model::params::count;
///
/// let attention = Mixer::Grouped(Grouped::plain(32, 32, 128));
/// let mlp = Mlp::Dense(Dense { width: 11008, gated: true });
/// let layer = Layer { norms: 2 * 4096, ..Layer::new(attention, mlp) };
/// let llama_2_7b = Architecture {
///     hidden: 4096, vocab: 32000, layers: Layers::uniform(layer, 32), tied_embeddings: false,
///     learned_positions: 0, ends: Ends { norms: 4096, ..Ends::default() }, mtp_modules: 0, document: 0, tuning: Default::default(),
///     towers: Default::default(),
/// };
/// // by hand: 2*32000*4096 + 32*(4*4096^2 + 3*4096*11008 + 2*4096) + 4096
/// assert_eq!(count(&llama_2_7b).total().get(), 6_738_415_616.0);
/// ```
pub fn count(shape: &Architecture) -> ParamCount {
    let hidden = f64::from(shape.hidden);
    let table = f64::from(shape.vocab) * f64::from(shape.table_width());
    let ends = &shape.ends;
    let mut counted = ParamCount {
        embedding: Params::new(table + ends.tables as f64),
        positions: Params::new(f64::from(shape.learned_positions) * hidden),
        head: Params::new(if shape.tied_embeddings { 0.0 } else { table } + ends.head_biases as f64),
        ends: Params::new(ends.matrices as f64),
        norms: Params::new(ends.norms as f64),
        tied: shape.tied_embeddings,
        active_known: true,
        ..ParamCount::default()
    };
    for (kind, layers) in shape.layers.each() {
        let (n, one) = (f64::from(layers), layer(shape.hidden, kind));
        let mixer = if kind.mixer.is_softmax() { &mut counted.attention } else { &mut counted.linear_attention };
        *mixer += one.mixer * n;
        counted.dense_mlp += one.dense_mlp * n;
        counted.routed_experts += one.routed_experts * n;
        counted.active_experts += one.active_experts * n;
        counted.shared_experts += one.shared_experts * n;
        counted.router += one.router * n;
        counted.beside += one.beside * n;
        counted.norms += (one.norms + one.biases) * n;
        counted.active_known &= kind.mlp.experts().is_none_or(|experts| experts.active > 0);
    }
    (counted.mtp, counted.active_mtp) = mtp(shape);
    counted
}

/// Counts the parameters of one layer in a stream of this width.
///
/// # Formula
/// the mixer's weights, `mlp = k h f` with k = 3 gated, else 2; `routed = E k d w`, `active = A k d w`,
/// `shared = k h s`, `router = h E`, and what stands around them; none of a layer whose weights are an earlier layer's
/// # Source
/// Vaswani et al. 2017, arXiv:1706.03762; Ainslie et al. 2023, arXiv:2305.13245 (grouped queries);
/// Shazeer 2020, arXiv:2002.05202 (gated MLP).
pub fn layer(hidden: u32, layer: &Layer) -> LayerParams {
    if layer.again { LayerParams::default() } else { weights(hidden, layer) }
}

/// Counts the weights that one layer works with, whether or not they are an earlier layer's.
///
/// # Formula
/// as [`layer`]
/// # Source
/// as [`layer`]
pub fn weights(hidden: u32, layer: &Layer) -> LayerParams {
    let width = f64::from(hidden);
    let mixer = layer.mixer.work(hidden, 0, Causality::Causal).params();
    let around = LayerParams {
        mixer: Params::new(mixer),
        beside: Params::new(layer.beside as f64),
        norms: Params::new(layer.norms as f64),
        biases: Params::new(layer.biases as f64),
        ..LayerParams::default()
    };
    match layer.mlp {
        Mlp::None => around,
        Mlp::Dense(Dense { width: inner, gated }) => {
            LayerParams { dense_mlp: Params::new(matrices(gated) * width * f64::from(inner)), ..around }
        }
        Mlp::Moe(experts) => {
            let one = Params::new(experts.one(width));
            LayerParams {
                routed_experts: one * f64::from(experts.count),
                active_experts: one * f64::from(experts.active),
                shared_experts: Params::new(experts.shared(width) + experts.projections(width)),
                router: Params::new(experts.router(width)),
                ..around
            }
        }
    }
}

/// Parameters of the multi-token-prediction modules, all and at work.
fn mtp(shape: &Architecture) -> (Params, Params) {
    let Some(module) = shape.module().filter(|_| shape.mtp_modules > 0) else {
        return (Params::ZERO, Params::ZERO);
    };
    let hidden = f64::from(shape.hidden);
    let body = layer(shape.hidden, module);
    // A projection of both inputs, their norms and the last one; the layer brings its own.
    let around = Params::new(2.0 * hidden * hidden + 3.0 * hidden);
    let modules = f64::from(shape.mtp_modules);
    let active = around + body.shared_by_all() + body.active_experts;
    ((around + body.total()) * modules, active * modules)
}
