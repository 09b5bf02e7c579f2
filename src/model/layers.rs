//! The layers of a model in the order of its depth: which kinds there are, and where each lies.

use std::sync::Arc;

use super::mixer::{Check, Mixer};
use super::mlp::{Experts, Mlp};

/// Kinds of layers that one model may have.
pub const MOST_KINDS: usize = 16;

/// Layers that one model may have.
pub const MOST_LAYERS: u32 = 10_000;

/// One kind of layer: what mixes tokens, what follows it, and what stands around them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layer {
    /// How its tokens see each other.
    pub mixer: Mixer,
    /// What each passes through on its own.
    pub mlp: Mlp,
    /// Parameters of norms and what else works on single values: scales, decays, sinks, taps of a convolution.
    pub norms: u64,
    /// Biases of its products.
    pub biases: u64,
    /// Parameters of matrices of no kind that every token meets: inputs of its own for each layer, mixing of several
    /// streams.
    pub beside: u64,
    /// The layer carries on one that a paper counts together with it: a second mixer, or a second block.
    pub carried_on: bool,
    /// Its weights are an earlier layer's: it works, and none of its parameters are counted again.
    pub again: bool,
}

impl Layer {
    /// A layer of these with nothing around them.
    pub const fn new(mixer: Mixer, mlp: Mlp) -> Self {
        Self { mixer, mlp, norms: 0, biases: 0, beside: 0, carried_on: false, again: false }
    }

    /// Residual blocks in it.
    ///
    /// # Formula
    /// mixer and MLP, each if there is one
    /// # Source
    /// By definition.
    #[inline]
    pub fn blocks(&self) -> f64 {
        f64::from(u8::from(self.mixer.is_some()) + u8::from(self.mlp.is_some()))
    }
}

/// All layers, first to last.
#[derive(Debug, Clone, PartialEq)]
pub struct Layers {
    kinds: Arc<[Layer]>,
    /// Layers of each kind among the first n: a row for each n from zero to all, an entry for each kind.
    before: Arc<[u32]>,
    /// Layers in all.
    count: u32,
    /// How the kinds repeat, where they do so simply.
    pattern: Option<Pattern>,
    /// The kind of the last layer that has both an attention core and an MLP; the last kind where none has.
    last: usize,
}

/// A run of one kind, and after it the same few kinds again and again, the last of which holds experts or all alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// Layers before the repetition.
    pub leading: u32,
    /// Layers that repeat.
    pub every: u32,
}

impl Layers {
    /// So many layers of one kind.
    pub fn uniform(layer: Layer, count: u32) -> Self {
        Self::repeated(layer, 0, &[layer], count)
    }

    /// In this order.
    pub fn in_order(order: &[Layer]) -> Self {
        let order = order.get(..MOST_LAYERS as usize + 1).unwrap_or(order);
        let mut kinds: Vec<Layer> = Vec::new();
        let mut indices = Vec::with_capacity(order.len());
        for layer in order {
            let known = kinds.iter().position(|kind| kind == layer);
            indices.push(known.unwrap_or(kinds.len()));
            if known.is_none() {
                kinds.push(*layer);
            }
        }
        let width = kinds.len();
        let mut before = vec![0; width * (order.len() + 1)];
        for (n, &kind) in indices.iter().enumerate() {
            before.copy_within(n * width..(n + 1) * width, (n + 1) * width);
            if let Some(count) = before.get_mut((n + 1) * width + kind) {
                *count += 1;
            }
        }
        let pattern = pattern(&kinds, &indices);
        let whole = |kind: &usize| kinds.get(*kind).is_some_and(|one| one.mixer.is_softmax() && one.mlp.is_some());
        let last = indices.iter().rev().copied().find(whole).unwrap_or(kinds.len().saturating_sub(1));
        Self { kinds: kinds.into(), before: before.into(), count: order.len() as u32, pattern, last }
    }

    /// `leading` layers of one kind, and after them these again and again, so many in all.
    pub fn repeated(first: Layer, leading: u32, cycle: &[Layer], count: u32) -> Self {
        let count = count.min(MOST_LAYERS + 1);
        let leading = leading.min(count);
        let rest = cycle.iter().cycle().take((count - leading) as usize);
        let order: Vec<Layer> = (0..leading).map(|_| first).chain(rest.copied()).collect();
        Self::in_order(&order)
    }

    /// Layers in all.
    #[inline]
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Layers as a paper counts them: those that carry on another are part of it.
    pub fn counted(&self) -> u32 {
        self.each().filter(|(layer, _)| !layer.carried_on).map(|(_, count)| count).sum()
    }

    /// The kinds, in the order of their first layers.
    #[inline]
    pub fn kinds(&self) -> &[Layer] {
        &self.kinds
    }

    /// How the kinds repeat; `None` where only the list says it.
    #[inline]
    pub fn pattern(&self) -> Option<Pattern> {
        self.pattern
    }

    /// Layers of each kind among the first so many, in the order of [`Layers::kinds`].
    #[inline]
    pub fn before(&self, layers: u32) -> &[u32] {
        let width = self.kinds.len();
        let start = layers.min(self.count) as usize * width;
        self.before.get(start..start + width).unwrap_or_default()
    }

    /// Each kind, and how many layers are of it.
    #[inline]
    pub fn each(&self) -> impl Iterator<Item = (&Layer, u32)> {
        self.kinds.iter().zip(self.before(self.count).iter().copied())
    }

    /// The layers, first to last.
    ///
    /// # Formula
    /// the kind whose count among the first n + 1 is more than among the first n
    /// # Source
    /// By definition.
    pub fn in_depth(&self) -> impl Iterator<Item = &Layer> {
        let of = |n: u32| {
            let (earlier, later) = (self.before(n), self.before(n + 1));
            self.kinds.iter().zip(earlier.iter().zip(later)).find(|(_, (a, b))| a != b).map(|(layer, _)| layer)
        };
        (0..self.count).filter_map(of)
    }

    /// The last layer that has both an attention core and an MLP, after which modules for later tokens are built.
    #[inline]
    pub fn last(&self) -> Option<&Layer> {
        self.kinds.get(self.last)
    }

    /// Layers with experts.
    #[inline]
    pub fn moe(&self) -> u32 {
        self.each().filter(|(layer, _)| layer.mlp.experts().is_some()).map(|(_, count)| count).sum()
    }

    /// The experts of the first layer that has any.
    #[inline]
    pub fn experts(&self) -> Option<&Experts> {
        self.kinds.iter().find_map(|layer| layer.mlp.experts())
    }

    /// The same with each layer changed.
    pub fn map(&self, change: impl Fn(Layer) -> Layer) -> Self {
        let order: Vec<Layer> = self.in_depth().map(|layer| change(*layer)).collect();
        Self::in_order(&order)
    }

    /// So many layers, of which the first kind keeps its share of the depth but for a rounding up.
    pub fn cut(&self, layers: u32) -> Self {
        let order: Vec<Layer> = self.in_depth().copied().collect();
        let leading = order.iter().take_while(|layer| Some(*layer) == order.first()).count() as u32;
        let kept = leading.saturating_mul(layers).div_ceil(self.count.max(1)).min(leading) as usize;
        let (first, rest) = order.split_at(leading as usize);
        let again = if rest.is_empty() { first } else { rest };
        let cut = first.iter().take(kept).chain(again.iter().cycle()).take(layers as usize);
        Self::in_order(&cut.copied().collect::<Vec<_>>())
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.range("layers", self.count, 1, MOST_LAYERS);
        let kinds = self.kinds.len();
        check.holds("layers", kinds <= MOST_KINDS, || {
            format!("{kinds} kinds of layers in one model; at most {MOST_KINDS} are read")
        });
        for layer in self.kinds.iter().take(MOST_KINDS) {
            layer.mixer.check(check);
            layer.mlp.check(check);
        }
        let counts = |layer: &Layer| layer.mlp.experts().map(|experts| experts.count);
        let first = self.kinds.iter().find_map(counts);
        let alike = self.kinds.iter().filter_map(counts).all(|count| Some(count) == first);
        check.holds("experts.count", alike, || "layers of one model have different counts of experts".into());
    }
}

/// The simple repetition of these kinds, if it is one: a run, and then one layer with experts after every few alike.
fn pattern(kinds: &[Layer], indices: &[usize]) -> Option<Pattern> {
    let is_moe = |kind: &usize| kinds.get(*kind).is_some_and(|layer| layer.mlp.experts().is_some());
    match kinds.len() {
        0 | 1 => Some(Pattern { leading: 0, every: 1 }),
        2 => {
            let first_moe = indices.iter().position(&is_moe)?;
            let next = indices.iter().skip(first_moe + 1).position(&is_moe);
            let every = next.map_or(1, |gap| gap + 1);
            let leading = (first_moe + 1).saturating_sub(every);
            let fits = indices
                .iter()
                .enumerate()
                .all(|(n, kind)| is_moe(kind) == (n >= leading && (n - leading + 1).is_multiple_of(every)));
            fits.then_some(Pattern { leading: leading as u32, every: every as u32 })
        }
        _ => None,
    }
}
