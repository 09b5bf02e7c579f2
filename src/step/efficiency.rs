//! The fitted factors of a chip generation: what share of a datasheet figure a training step reaches.
//!
//! Every factor is physical, bounded, and lives in `profiles/factors/`; no formula holds its value.

/// What one factor is: its name in profiles, its bounds, and the value believed before any measurement.
#[derive(Debug, Clone, Copy)]
pub struct FactorSpec {
    /// Field name, as profiles and reports write it.
    pub name: &'static str,
    /// Smallest physical value.
    pub low: f64,
    /// Largest physical value.
    pub high: f64,
    /// Value before any measurement.
    pub prior: f64,
    /// Standard deviation of the prior, in natural logarithm.
    pub spread: f64,
}

macro_rules! factors {
    ($($(#[$doc:meta])* $name:ident: $low:literal, $high:literal, $prior:literal, $spread:literal;)*) => {
        /// The factors of one chip generation.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct Factors {
            $($(#[$doc])* pub $name: f64,)*
        }

        /// Every factor, in the order of [`Factors::get`].
        pub const FACTORS: &[FactorSpec] = &[
            $(FactorSpec { name: stringify!($name), low: $low, high: $high, prior: $prior, spread: $spread },)*
        ];

        impl Factors {
            /// The values believed before any measurement.
            pub const PRIOR: Self = Self { $($name: $prior,)* };

            /// The values in the order of [`FACTORS`].
            pub fn values(&self) -> [f64; FACTORS.len()] {
                [$(self.$name,)*]
            }

            /// From values in the order of [`FACTORS`].
            pub fn from_values(values: &[f64; FACTORS.len()]) -> Self {
                let [$($name,)*] = *values;
                Self { $($name,)* }
            }
        }
    };
}

factors! {
    /// Share of the 16-bit peak that a large matrix product reaches.
    gemm: 0.5, 0.95, 0.80, 0.08;
    /// Share of the 8-bit peak that a large matrix product reaches.
    gemm_fp8: 0.3, 0.95, 0.65, 0.12;
    /// Inner dimension, in elements at 16 bits, whose time equals the fixed cost of one tile.
    gemm_depth: 20.0, 1000.0, 160.0, 0.5;
    /// Output elements lost to a partly filled last wave, in millions.
    gemm_wave: 0.1, 5.0, 1.2, 0.4;
    /// Share of the 16-bit peak that a fused attention reaches forward on long sequences.
    attention_forward: 0.2, 0.85, 0.55, 0.15;
    /// The same, backward.
    attention_backward: 0.15, 0.8, 0.45, 0.15;
    /// Sequence length, in tokens, at which a fused attention reaches half of that.
    attention_ramp: 50.0, 4000.0, 500.0, 0.6;
    /// Speed of attention kernels carried over from the generation before, relative to native ones.
    attention_carried: 0.3, 1.0, 0.55, 0.15;
    /// Share of the memory bandwidth that element-wise kernels reach, on the traffic counted.
    memory: 0.3, 0.95, 0.75, 0.12;
    /// Share of the scale-up line rate that large collectives reach.
    scale_up: 0.7, 0.92, 0.80, 0.05;
    /// Share of the network line rate that large collectives reach.
    fabric: 0.6, 0.92, 0.80, 0.08;
    /// Seconds before the first byte of a collective, in microseconds.
    latency: 2.0, 60.0, 15.0, 0.5;
    /// Host time to launch one kernel, in microseconds.
    launch: 2.0, 30.0, 9.0, 0.3;
    /// Gap on the chip between two dependent kernels, in microseconds.
    gap: 0.3, 8.0, 2.0, 0.5;
    /// Share of tensor-parallel traffic hidden behind matrix products where the stack overlaps it.
    overlap_tp: 0.05, 0.95, 0.5, 0.3;
    /// Share of the backward pass that can hide gradient traffic.
    overlap_dp: 0.1, 0.98, 0.7, 0.25;
    /// Share of expert all-to-all traffic hidden behind other work.
    overlap_ep: 0.05, 0.98, 0.4, 0.4;
    /// Time lost to traffic that runs behind computation: shared units and memory, as a share of that traffic.
    contention: 0.02, 0.6, 0.2, 0.4;
    /// Grouped expert products relative to one product of the same size.
    expert: 0.3, 1.0, 0.75, 0.2;
    /// Memory passes of routing and permuting tokens, relative to the count.
    permute: 0.5, 5.0, 1.5, 0.4;
    /// Time lost to the slowest chip, per doubling of the chips beyond one node.
    jitter: 0.0005, 0.02, 0.003, 0.5;
    /// Seconds a step spends on nothing of the above: data, clipping, logging, in milliseconds.
    fixed: 1.0, 200.0, 15.0, 0.7;
}
