//! The fitted factors of a chip generation: what share of a datasheet figure a training step reaches.
//!
//! Every factor is physical, bounded, and lives in `profiles/factors/`; no formula holds its value.

macro_rules! factors {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        /// The factors of one chip generation.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct Factors {
            $($(#[$doc])* pub $name: f64,)*
        }

        /// The names of the factors, in the order of [`Factors::values`].
        pub const NAMES: [&str; COUNT] = [$(stringify!($name),)*];

        impl Factors {
            /// The values, for a fit that moves them by index.
            ///
            /// # Formula
            /// the fields in the order of [`NAMES`]
            /// # Source
            /// By definition.
            pub fn values(&self) -> [f64; COUNT] {
                [$(self.$name,)*]
            }

            /// From values, for a fit that moves them by index.
            ///
            /// # Formula
            /// the fields in the order of [`NAMES`]
            /// # Source
            /// By definition.
            pub fn from_values(values: &[f64; COUNT]) -> Self {
                let [$($name,)*] = *values;
                Self { $($name,)* }
            }
        }
    };
}

/// How many factors there are.
pub const COUNT: usize = 26;

factors! {
    /// Share of the 16-bit peak that a large matrix product reaches.
    gemm;
    /// Share of the 8-bit peak that a large matrix product reaches.
    gemm_fp8;
    /// Inner dimension, in elements at 16 bits, whose time equals the fixed cost of one tile.
    gemm_depth;
    /// Output elements lost to a partly filled last wave of tiles.
    gemm_wave;
    /// Share of the 16-bit peak that a fused attention reaches forward, on long sequences of heads 128 wide.
    attention_forward;
    /// The same, backward.
    attention_backward;
    /// Sequence length, in tokens, at which a fused attention takes twice its time on long sequences.
    attention_ramp;
    /// Speed of attention kernels carried over from the generation before, relative to native ones.
    attention_carried;
    /// Speed of FlashAttention's first version relative to its second.
    attention_first;
    /// Slowdown of a product whose rows are not aligned to 16 bytes, which the matrix units then do not take.
    unaligned;
    /// Share of the memory bandwidth that element-wise kernels reach, on the traffic counted.
    memory;
    /// Element-wise traffic of kernels that are not fused, relative to fused ones.
    eager;
    /// Share of the scale-up line rate that large collectives reach.
    scale_up;
    /// Share of the network line rate that large collectives reach.
    fabric;
    /// Time before the first byte of a collective, in seconds.
    latency;
    /// Host time to launch one kernel, in seconds.
    launch;
    /// Gap on the chip between two dependent kernels, in seconds.
    gap;
    /// Share of tensor-parallel traffic hidden behind matrix products where the stack overlaps it.
    overlap_tp;
    /// Share of the backward pass that can hide gradient traffic.
    overlap_dp;
    /// Share of expert traffic hidden behind other work.
    overlap_ep;
    /// Time lost to traffic that runs behind computation (shared units and memory), as a share of that traffic.
    contention;
    /// Grouped expert products relative to one product of the same size.
    expert;
    /// Kernels that the host launches for each expert on a chip, forward, after it has waited for the routing.
    expert_kernels;
    /// Memory passes of routing and permuting tokens, relative to the count.
    permute;
    /// Time lost to the slowest chip, as a share of the step, per doubling of the servers.
    straggler;
    /// Time a step spends on nothing of the above (data, clipping, logging), in seconds.
    fixed;
}

/// What is believed of one factor before any measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// The smallest value that is physical.
    pub low: f64,
    /// The largest value that is physical.
    pub high: f64,
    /// The value believed.
    pub value: f64,
    /// Its standard deviation, in natural logarithm; zero for a factor that is not fitted.
    pub spread: f64,
}

/// The factors of one generation, and what was believed before they were fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// The values in use.
    pub factors: Factors,
    /// The priors, in the order of [`NAMES`].
    pub priors: [Prior; COUNT],
}

impl Calibration {
    /// The values believed before any measurement.
    ///
    /// # Formula
    /// each prior's value
    /// # Source
    /// `profiles/factors/`
    pub fn prior(&self) -> Factors {
        Factors::from_values(&self.priors.map(|prior| prior.value))
    }
}
