//! A group of chips that holds one copy of a model and writes with it.

use crate::hardware::precision::Precision;
use crate::model::architecture::Architecture;
use crate::model::cache::cache;
use crate::model::params::{ParamCount, count};
use crate::units::Bytes;

/// Bytes of a value of a cache.
pub const CACHE_BYTES: f64 = 2.0;

/// How a copy of the model is split over its chips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Engine {
    /// Chips of one copy; its experts lie on all of them.
    pub chips: u32,
    /// Chips that share the heads and the matrices of all that is no routed expert; the others do the same for sequences of
    /// their own.
    pub tp: u32,
}

/// The weights of a model, as an engine holds them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Parameters that every token passes through, and tables.
    pub shared: f64,
    /// Of these, tables that are looked up and not read.
    pub tables: f64,
    /// Routed experts of all layers.
    pub experts: f64,
    /// Bytes of a parameter.
    pub bytes: f64,
}

impl Weights {
    /// Of a model in the format of its products.
    pub fn of(shape: &Architecture, precision: Precision) -> Self {
        let counted: ParamCount = count(shape);
        let tables = if counted.tied { counted.positions } else { counted.embedding + counted.positions };
        Self {
            shared: (counted.total() - counted.routed_experts).get(),
            tables: tables.get(),
            experts: counted.routed_experts.get(),
            bytes: precision.operand_bytes(),
        }
    }

    /// What one chip of an engine holds.
    ///
    /// # Formula
    /// `(shared / tp + experts / chips) bytes`
    /// # Source
    /// By definition of the split; DeepSeek-V3, arXiv:2412.19437, section 3.4.2.
    pub fn on_chip(&self, engine: Engine) -> Bytes {
        Bytes::new((self.shared / f64::from(engine.tp) + self.experts / f64::from(engine.chips)) * self.bytes)
    }
}

impl Engine {
    /// Groups of chips that work on sequences of their own.
    ///
    /// # Formula
    /// `chips / tp`
    /// # Source
    /// By definition.
    pub fn ranks(&self) -> f64 {
        f64::from(self.chips) / f64::from(self.tp)
    }

    /// Sequences that an engine has room for at once, each with this much context; zero where the weights do not fit.
    ///
    /// # Formula
    /// `ranks (room - weights) / cache of a sequence`
    /// # Source
    /// By definition; Kwon et al. 2023, arXiv:2309.06180 (a cache in pages leaves next to nothing unused).
    ///
    /// ```
    /// use flopbill::Catalog;
    /// use flopbill::internals::hardware::precision::Precision;
    /// use flopbill::internals::rollout::engine::{Engine, Weights};
    /// use flopbill::internals::units::Bytes;
    ///
    /// let llama = Catalog::built_in().model("llama-3-8b")?;
    /// let weights = Weights::of(&llama.shape, Precision::Bf16);
    /// let engine = Engine { chips: 1, tp: 1 };
    /// // by hand: 16.06 GB of weights leave 58.9 GB of 75 GB; 8,192 tokens of 131,072 bytes take 1.07 GB
    /// assert!((engine.slots(&llama.shape, &weights, Bytes::from_gb(75.0), 8192.0) - 54.9).abs() < 0.1);
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    pub fn slots(&self, shape: &Architecture, weights: &Weights, room: Bytes, context: f64) -> f64 {
        let left = (room - weights.on_chip(*self)).get();
        let one = cache(shape, context, self.tp).kept * CACHE_BYTES;
        if left <= 0.0 { 0.0 } else { self.ranks() * left / one.max(1.0) }
    }

    /// The ways to split so many chips: powers of two, and all of a domain at most for what every token passes through.
    pub fn all(chips: u32, domain: u32, heads: u32) -> Vec<Self> {
        let powers = |most: u32| (0..32).map(|power| 1_u32 << power).take_while(move |degree| *degree <= most);
        let split = |chips: u32| {
            let fits = move |tp: &u32| heads.is_multiple_of(*tp);
            powers(chips.min(domain.max(1))).filter(fits).map(move |tp| Self { chips, tp })
        };
        powers(chips).flat_map(split).collect()
    }
}
