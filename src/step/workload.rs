//! A model as a step multiplies it.

use super::kind::Kind;
use super::towers::Beside;
use crate::layout::parallelism::Layout;
use crate::layout::stages::Stages;
use crate::model::architecture::Architecture;
use crate::model::layers::Layer;
use crate::model::params;

/// What a step needs of a model and of nothing else, prepared once for all layouts of one sequence length.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The model.
    pub(super) shape: Architecture,
    /// The sequence length.
    pub(super) seq_len: u32,
    /// Its kinds of layers, in their order.
    kinds: Vec<Kind>,
    /// Parameters of all layers outside their experts.
    pub(super) trunk: f64,
    /// Of all routed experts.
    pub(super) experts: f64,
    /// Of all adapters.
    pub(super) adapters: f64,
    /// Towers that something passes through.
    pub(super) towers: Vec<Beside>,
    /// Parameters of towers that are trained.
    pub(super) trained_towers: f64,
}

impl Workload {
    /// Of a model, in sequences of so many tokens.
    ///
    /// # Formula
    /// the products and scores of each kind of layer, and the sums of [`params::layer`]
    /// # Source
    /// as these; towers as [`crate::model::tower`] has them
    pub fn of(shape: &Architecture, seq_len: u32) -> Self {
        let seen = shape.seen_within(seq_len);
        let kinds = shape.layers.kinds().iter().map(|layer| Kind::of(layer, shape.hidden, seen)).collect();
        let sum = |each: fn(&Architecture, &Layer) -> f64| {
            shape.layers.each().map(|(layer, n)| each(shape, layer) * f64::from(n)).sum()
        };
        Self {
            seq_len,
            kinds,
            trunk: sum(|shape, layer| params::layer(shape.hidden, layer).shared_by_all().get()),
            experts: sum(|shape, layer| params::layer(shape.hidden, layer).routed_experts.get()),
            adapters: sum(|shape, layer| shape.tuning.adapters(shape.hidden, layer)),
            towers: Beside::all(shape),
            trained_towers: shape.towers.params(true),
            shape: shape.clone(),
        }
    }

    /// Its layers on the stages of a layout.
    #[inline]
    pub(super) fn stages(&self, layout: &Layout) -> Stages {
        Stages::of(layout, self.shape.layers.len())
    }

    /// Each kind, and how many layers are of it.
    #[inline]
    pub(super) fn each(&self) -> impl Iterator<Item = (&Layer, &Kind, u32)> {
        self.shape.layers.each().zip(&self.kinds).map(|((layer, count), kind)| (layer, kind, count))
    }
}
