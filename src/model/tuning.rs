//! Which weights a training run changes: all, or narrow adapters beside frozen ones.

use super::layers::Layer;
use super::mixer::Mixer;
use super::mixer::grouped::Projected;
use super::mlp::{Mlp, matrices};
use crate::model::flops::Causality;

/// How a model is trained further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tuning {
    /// Every weight is trained.
    #[default]
    Full,
    /// Weights are frozen; each product has an adapter of this rank beside it.
    Lora(u32),
    /// The same over frozen weights of four bits.
    Qlora(u32),
}

/// What is trained, as a user writes it; the rank is a field of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trained {
    /// All weights.
    Full,
    /// Adapters.
    Lora,
    /// Adapters over weights of four bits.
    Qlora,
}

/// What may be trained and how a user writes it.
pub const TRAINED: [(&str, Trained); 3] = [("full", Trained::Full), ("lora", Trained::Lora), ("qlora", Trained::Qlora)];

/// Bytes of a frozen 16-bit weight.
const FROZEN: f64 = 2.0;

/// Bytes of a 4-bit weight with its scales: an 8-bit one for 64 values, and a 32-bit one for 256 of those.
const FROZEN_4BIT: f64 = 0.5 + 1.0 / 64.0 + 4.0 / (64.0 * 256.0);

impl Tuning {
    /// Of what is trained and a rank.
    pub const fn of(trained: Trained, rank: u32) -> Self {
        match trained {
            Trained::Full => Self::Full,
            Trained::Lora => Self::Lora(rank),
            Trained::Qlora => Self::Qlora(rank),
        }
    }

    /// Whether the model's own weights stay as they are.
    #[inline]
    pub const fn is_frozen(self) -> bool {
        !matches!(self, Self::Full)
    }

    /// Rank of the adapters; zero without any.
    #[inline]
    pub fn rank(self) -> f64 {
        match self {
            Self::Full => 0.0,
            Self::Lora(rank) | Self::Qlora(rank) => f64::from(rank),
        }
    }

    /// Bytes of a frozen weight of a layer.
    ///
    /// # Formula
    /// `2`, or in four bits `0.5 + 1 / 64 + 4 / (64 x 256)`
    /// # Source
    /// Dettmers et al. 2023, arXiv:2305.14314, section 3 (NF4 in blocks of 64, scales quantised again in blocks of 256).
    #[inline]
    pub const fn frozen_bytes(self) -> f64 {
        match self {
            Self::Full | Self::Lora(_) => FROZEN,
            Self::Qlora(_) => FROZEN_4BIT,
        }
    }

    /// Whether frozen weights are widened before each product.
    #[inline]
    pub const fn is_widened(self) -> bool {
        matches!(self, Self::Qlora(_))
    }

    /// Parameters of one layer's adapters: beside every product but those of routers and routed experts.
    ///
    /// # Formula
    /// `r (n + k)` for each product of `n x k`
    /// # Source
    /// Hu et al. 2021, arXiv:2106.09685, section 4.1; on all linear layers: Dettmers et al. 2023, arXiv:2305.14314.
    /// ```
    /// use flopbill::Catalog;
    /// use flopbill::internals::model::tuning::Tuning;
    ///
    /// let llama = Catalog::built_in().model("llama-7b")?;
    /// let layer = &llama.shape.layers.kinds()[0];
    /// // by hand: queries, keys, values and out, each of 4096 and 4096; three matrices of 4096 and 11008
    /// let by_hand = 8.0 * (4.0 * (4096.0 + 4096.0) + 3.0 * (4096.0 + 11008.0));
    /// assert_eq!(Tuning::Lora(8).adapters(4096, layer), by_hand);
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    pub fn adapters(self, hidden: u32, layer: &Layer) -> f64 {
        let rank = self.rank();
        if rank == 0.0 {
            return 0.0;
        }
        let stream = f64::from(hidden);
        let work = layer.mixer.work(hidden, 0, Causality::Causal);
        let mixer: f64 = work.products().iter().map(|product| product.outputs + product.inputs).sum();
        // Queries, keys, values and a gate are one product here, and have an adapter each.
        let apart = match &layer.mixer {
            Mixer::Grouped(grouped) => {
                let keys = match grouped.projected {
                    Projected::Both => 2.0,
                    Projected::Keys => 1.0,
                    Projected::Neither => 0.0,
                };
                keys + f64::from(u8::from(grouped.gate > 0))
            }
            _ => 0.0,
        };
        let mixer = mixer + apart * stream;
        let of = |width: u32, gated: bool| {
            if width == 0 { 0.0 } else { matrices(gated) * (f64::from(width) + stream) }
        };
        let mlp = match &layer.mlp {
            Mlp::None => 0.0,
            Mlp::Dense(dense) => of(dense.width, dense.gated),
            Mlp::Moe(experts) => of(experts.shared_width, experts.gated),
        };
        rank * (mixer + mlp)
    }
}
