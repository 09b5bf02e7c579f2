//! Optimizers, what they keep for each parameter, and what may wait in the host's memory.

/// The rule by which weights are updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Optimizer {
    /// Two moments for each parameter.
    Adam,
    /// The same in 8 bits with a scale for each block.
    Adam8bit,
    /// The same, in pages that the host's memory takes where the chip's runs short.
    PagedAdam8bit,
    /// The second moment's sums over rows and columns, and no first.
    Adafactor,
    /// One moment, orthogonalised as a matrix.
    Muon,
    /// One moment.
    Momentum,
}

/// The optimizers and how a user writes them.
pub const OPTIMIZERS: [(&str, Optimizer); 6] = [
    ("adam", Optimizer::Adam),
    ("adam-8bit", Optimizer::Adam8bit),
    ("paged-adam-8bit", Optimizer::PagedAdam8bit),
    ("adafactor", Optimizer::Adafactor),
    ("muon", Optimizer::Muon),
    ("sgd-momentum", Optimizer::Momentum),
];

/// What waits in the host's memory while it is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offload {
    /// Nothing.
    None,
    /// The optimizer's states, which the host updates.
    Optimizer,
    /// Activations between their forward and their backward pass.
    Activations,
    /// Both.
    All,
}

/// What may be offloaded and how a user writes it.
pub const OFFLOADS: [(&str, Offload); 4] = [
    ("none", Offload::None),
    ("optimizer", Offload::Optimizer),
    ("activations", Offload::Activations),
    ("all", Offload::All),
];

/// Bytes of two 8-bit moments, with a 32-bit scale of each for every 256 values.
const TWO_8BIT: f64 = 2.0 + 2.0 * 4.0 / 256.0;

impl Optimizer {
    /// Bytes of moments for one parameter, where Adam's two take so many.
    ///
    /// # Formula
    /// Adam all, in 8 bits `2 + 8 / 256`, one moment half, factored none worth counting
    /// # Source
    /// Dettmers et al. 2021, arXiv:2110.02861 (blocks of 256 in bitsandbytes); Shazeer and Stern 2018, arXiv:1804.04235;
    /// Liu et al. 2025, arXiv:2502.16982 (Muon).
    /// ```
    /// use flopbill::internals::hardware::optimizer::Optimizer;
    /// assert_eq!(Optimizer::Muon.moments(8.0), 4.0); // by hand: one of two
    /// ```
    #[inline]
    pub const fn moments(self, of_adam: f64) -> f64 {
        match self {
            Self::Adam => of_adam,
            Self::Adam8bit | Self::PagedAdam8bit => {
                if of_adam < TWO_8BIT {
                    of_adam
                } else {
                    TWO_8BIT
                }
            }
            Self::Adafactor => 0.0,
            Self::Muon | Self::Momentum => of_adam / 2.0,
        }
    }

    /// Whether its moments wait in the host's memory where the chip's runs short.
    #[inline]
    pub const fn is_paged(self) -> bool {
        matches!(self, Self::PagedAdam8bit)
    }
}

impl Offload {
    /// Whether the optimizer's states are on the host.
    #[inline]
    pub const fn optimizer(self) -> bool {
        matches!(self, Self::Optimizer | Self::All)
    }

    /// Whether activations are.
    #[inline]
    pub const fn activations(self) -> bool {
        matches!(self, Self::Activations | Self::All)
    }
}
