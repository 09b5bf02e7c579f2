//! How a layer mixes tokens with each other: one file a kind, each with its widths, and what they come to.
//!
//! A kind gives a neutral list of what it does: products with weights, scores of queries and keys, and passes over its
//! own state. Parameters, FLOPs, memory and time are counted from the list and know no kind.

pub mod compressed;
pub mod conv;
pub mod delta;
pub mod grouped;
pub mod latent;
pub mod lightning;
pub mod rglru;
pub mod ssm;
pub mod wkv;

use crate::error::Error;
use crate::model::flops::Causality;
use compressed::Compressed;
use conv::ShortConv;
use delta::Delta;
use grouped::Grouped;
use latent::Latent;
use lightning::Lightning;
use rglru::RgLru;
use ssm::Ssm;
use wkv::Wkv;

/// How the tokens of a layer see each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mixer {
    /// Not at all: the layer is an MLP alone.
    None,
    /// Multi-head, grouped-query or multi-query attention.
    Grouped(Grouped),
    /// Multi-head latent attention (DeepSeek-V2 and later), dense or behind an indexer.
    Latent(Latent),
    /// Attention over compressed keys (DeepSeek-V4).
    Compressed(Compressed),
    /// The gated delta rule (Gated DeltaNet, Kimi Delta Attention).
    Delta(Delta),
    /// Linear attention with a fixed decay for each head (MiniMax-01).
    Lightning(Lightning),
    /// A selective state space (Mamba 1 and 2).
    Ssm(Ssm),
    /// A real-gated linear recurrent unit (Griffin).
    RgLru(RgLru),
    /// A gated short convolution (LFM2).
    Conv(ShortConv),
    /// A weighted sum that fades channel by channel (RWKV-4).
    Wkv(Wkv),
}

/// Which of the keys before it a query of softmax attention sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    Full,
    /// So many of the latest.
    Window(u32),
    /// Those of its own piece of so many tokens.
    Chunk(u32),
}

impl Reach {
    /// The mean number of keys that a query sees.
    ///
    /// # Formula
    /// whole square: `min(s, w)`; causal half: `s / 2`, or `w - w^2 / (2 s)` under a window of w < s tokens, or
    /// `c / 2` in pieces of c < s tokens
    /// # Source
    /// Counted: query i of s sees `min(i, w)` keys; the diagonal's half key is left out, as published counts do.
    /// ```
    /// # use flopbill::internals::model::{flops::Causality, mixer::Reach};
    /// assert_eq!(Reach::Full.mean_keys(4096, Causality::Causal), 2048.0); // by hand
    /// assert_eq!(Reach::Window(1024).mean_keys(4096, Causality::Causal), 1024.0 - 128.0);
    /// assert_eq!(Reach::Chunk(1024).mean_keys(4096, Causality::Causal), 512.0);
    /// ```
    pub fn mean_keys(self, seq_len: u32, causality: Causality) -> f64 {
        let seq = f64::from(seq_len);
        let within = |width: f64| match causality {
            Causality::Full => width,
            Causality::Causal if seq > 0.0 => width - width * width / (2.0 * seq),
            Causality::Causal => 0.0,
        };
        match self {
            Self::Full => within(seq),
            Self::Window(tokens) => within(seq.min(f64::from(tokens))),
            Self::Chunk(tokens) => match (causality, seq.min(f64::from(tokens))) {
                (Causality::Full, width) => width,
                (Causality::Causal, width) => width / 2.0,
            },
        }
    }
}

/// How tensor parallelism splits a product's weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// Every chip holds all of it.
    #[default]
    Whole,
    /// By its outputs: the product leads into a split block.
    Columns,
    /// By its inputs: the product leads out of it.
    Rows,
}

/// A product of every token with a weight of `outputs x inputs`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Product {
    /// Width of the result.
    pub outputs: f64,
    /// Width of what is multiplied.
    pub inputs: f64,
    /// How chips share the weight.
    pub split: Split,
}

/// Queries against keys, and the sum of the values they weigh.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scores {
    /// Heads of queries.
    pub heads: f64,
    /// Width of a query and a key.
    pub qk: f64,
    /// Width of a value; zero where only scores are wanted.
    pub v: f64,
    /// Keys that a query sees, in the mean.
    pub keys: f64,
}

impl Scores {
    /// FLOPs of one token, forward.
    ///
    /// # Formula
    /// `2 a c (d_qk + d_v)`
    /// # Source
    /// Korthikanti et al. 2022, arXiv:2205.05198, appendix A.
    #[inline]
    pub fn flop(&self) -> f64 {
        2.0 * self.heads * (self.qk + self.v) * self.keys
    }
}

/// A state or a convolution that passes over the tokens, whose cost does not grow with the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scan {
    /// FLOPs of one token, forward.
    pub flop: f64,
    /// Of these, outside matrix products of chunks.
    pub elementwise_flop: f64,
    /// Values in and out of it, for one token.
    pub moved: f64,
    /// Values kept of it for the backward pass beyond the input of the layer and of the last product, for one token.
    pub kept: f64,
}

/// Most products of one mixer.
const MOST: usize = 8;

/// What a mixer does for one token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    products: [Product; MOST],
    count: usize,
    /// The attention core; a sparse one has its indexer's scores beside it.
    pub scores: [Scores; 2],
    /// The state that is passed on.
    pub scan: Scan,
    /// Values of all heads' queries, for one token.
    pub queries: f64,
    /// Values of all heads' keys and values, as chips exchange them, for one token.
    pub key_values: f64,
}

impl Work {
    /// Work that nobody does.
    pub const NONE: Self = Self {
        products: [Product { outputs: 0.0, inputs: 0.0, split: Split::Whole }; MOST],
        count: 0,
        scores: [Scores { heads: 0.0, qk: 0.0, v: 0.0, keys: 0.0 }; 2],
        scan: Scan { flop: 0.0, elementwise_flop: 0.0, moved: 0.0, kept: 0.0 },
        queries: 0.0,
        key_values: 0.0,
    };

    /// These products in the order in which they run; those of no width are left out.
    #[inline(always)] // built where it is used: it is large, and every step asks for it
    fn of<const N: usize>(products: [(f64, f64, Split); N]) -> Self {
        const { assert!(N <= MOST) };
        let mut work = Self::NONE;
        for (outputs, inputs, split) in products {
            if outputs > 0.0
                && inputs > 0.0
                && let Some(slot) = work.products.get_mut(work.count)
            {
                *slot = Product { outputs, inputs, split };
                work.count += 1;
            }
        }
        work
    }

    /// The products, in the order in which they run.
    #[inline]
    pub fn products(&self) -> &[Product] {
        self.products.get(..self.count).unwrap_or_default()
    }

    /// Parameters of the products' weights.
    ///
    /// # Formula
    /// the sum of `outputs x inputs`
    /// # Source
    /// By definition.
    #[inline]
    pub fn params(&self) -> f64 {
        self.products().iter().map(|product| product.outputs * product.inputs).sum()
    }

    /// FLOPs of the attention core for one token, forward.
    ///
    /// # Formula
    /// [`Scores::flop`] of both
    /// # Source
    /// By definition.
    #[inline]
    pub fn core_flop(&self) -> f64 {
        self.scores[0].flop() + self.scores[1].flop()
    }
}

impl Mixer {
    /// What it does for one token of a stream of this width, in a sequence of so many tokens that see each other.
    ///
    /// # Formula
    /// of each kind, in its own file
    /// # Source
    /// there
    #[inline(always)]
    pub fn work(&self, hidden: u32, seq_len: u32, causality: Causality) -> Work {
        let width = f64::from(hidden);
        match self {
            Self::None => Work::NONE,
            Self::Grouped(grouped) => grouped.work(width, seq_len, causality),
            Self::Latent(latent) => latent.work(width, seq_len, causality),
            Self::Compressed(compressed) => compressed.work(width, seq_len, causality),
            Self::Delta(delta) => delta.work(width),
            Self::Lightning(lightning) => lightning.work(width),
            Self::Ssm(ssm) => ssm.work(width),
            Self::RgLru(unit) => unit.work(width),
            Self::Conv(conv) => conv.work(width),
            Self::Wkv(wkv) => wkv.work(width),
        }
    }

    /// Whether there is any.
    #[inline]
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Whether queries are weighed against keys: what it costs grows with the sequence.
    #[inline]
    pub fn is_softmax(&self) -> bool {
        matches!(self, Self::Grouped(_) | Self::Latent(_) | Self::Compressed(_))
    }

    /// Heads that tensor parallelism deals out; zero where it splits widths alone.
    #[inline]
    pub fn heads(&self) -> u32 {
        match self {
            Self::Grouped(grouped) => grouped.heads,
            Self::Latent(latent) => latent.heads,
            Self::Compressed(compressed) => compressed.heads,
            Self::Delta(delta) => delta.key_heads,
            Self::Lightning(lightning) => lightning.heads,
            Self::Ssm(ssm) => ssm.heads,
            Self::RgLru(unit) => unit.blocks,
            Self::None | Self::Conv(_) | Self::Wkv(_) => 0,
        }
    }

    /// What the kind is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Grouped(Grouped { reach: Reach::Full, .. }) => "attention",
            Self::Grouped(Grouped { reach: Reach::Window(_), .. }) => "windowed attention",
            Self::Grouped(Grouped { reach: Reach::Chunk(_), .. }) => "chunked attention",
            Self::Latent(Latent { indexer: None, reach: Reach::Full, .. }) => "latent attention",
            Self::Latent(Latent { indexer: None, .. }) => "windowed latent attention",
            Self::Latent(_) => "sparse latent attention",
            Self::Compressed(Compressed { ratio: 0, .. }) => "windowed attention",
            Self::Compressed(Compressed { indexer: None, .. }) => "heavily compressed attention",
            Self::Compressed(_) => "compressed sparse attention",
            Self::Delta(_) => "gated delta rule",
            Self::Lightning(_) => "lightning attention",
            Self::Ssm(_) => "state space",
            Self::RgLru(_) => "RG-LRU",
            Self::Conv(_) => "short convolution",
            Self::Wkv(_) => "fading sum",
        }
    }

    /// Reports every width that cannot be.
    pub(super) fn check(&self, check: &mut Check<'_>) {
        match self {
            Self::None => {}
            Self::Grouped(grouped) => grouped.check(check),
            Self::Latent(latent) => latent.check(check),
            Self::Compressed(compressed) => compressed.check(check),
            Self::Delta(delta) => delta.check(check),
            Self::Lightning(lightning) => lightning.check(check),
            Self::Ssm(ssm) => ssm.check(check),
            Self::RgLru(unit) => unit.check(check),
            Self::Conv(conv) => conv.check(check),
            Self::Wkv(wkv) => wkv.check(check),
        }
    }
}

/// Collects what is wrong with a shape, by field.
pub(super) struct Check<'a> {
    errors: &'a mut Vec<Error>,
}

/// The largest values that are let pass: far above any model, and low enough that every product of them is a finite
/// `f64`.
pub(super) const WIDEST: u32 = 10_000_000;
pub(super) const MOST_HEADS: u32 = 100_000;
pub(super) const MOST_TOKENS: u32 = 100_000_000;

impl<'a> Check<'a> {
    pub(super) fn new(errors: &'a mut Vec<Error>) -> Self {
        Self { errors }
    }

    /// A field that has to lie within its bounds.
    pub(super) fn range(&mut self, field: &'static str, value: u32, low: u32, high: u32) {
        if !(low..=high).contains(&value) {
            let message = format!("{field}: {value} is out of range");
            let hint = format!("expected a whole number from {low} to {high}");
            self.errors.push(Error::bad_input(message).about(field).with_hint(hint));
        }
    }

    /// A width from one up.
    pub(super) fn width(&mut self, field: &'static str, value: u32) {
        self.range(field, value, 1, WIDEST);
    }

    /// A count of heads from one up.
    pub(super) fn heads(&mut self, field: &'static str, value: u32) {
        self.range(field, value, 1, MOST_HEADS);
    }

    /// Something that must hold between fields.
    pub(super) fn holds(&mut self, field: &'static str, holds: bool, why: impl FnOnce() -> String) {
        if !holds {
            self.errors.push(Error::bad_input(format!("{field}: {}", why())).about(field));
        }
    }
}
