//! Single operations, as they are measured outside a training step: what the factors of a chip are fitted to.

use super::collectives::Links;
use super::compute::Rates;
use super::efficiency::Factors;
use super::machine::Machine;
use super::stack::AttentionKernels;
use crate::hardware::precision::Precision;
use crate::model::flops::Causality;
use crate::model::mixer::Reach;
use crate::units::{Bytes, Flop, Seconds};

/// Bytes of an element of the result.
const RESULT: f64 = 2.0;

/// One `m x k` by `k x n` product with a result of 16 bits.
///
/// # Formula
/// that of a layer's products
/// # Source
/// as [`super::perform`].
pub fn product(machine: &Machine, f: &Factors, precision: Precision, [m, n, k]: [f64; 3]) -> Seconds {
    Rates::new(machine, precision, AttentionKernels::Current, f).product(m, n, k, RESULT)
}

/// Element-wise work that reads and writes these bytes together.
///
/// # Formula
/// `V / (B e)`
/// # Source
/// as [`super::perform`].
pub fn copy(machine: &Machine, f: &Factors, bytes: Bytes) -> Seconds {
    Rates::new(machine, Precision::Bf16, AttentionKernels::Current, f).moved(bytes)
}

/// Causal fused attention in 16 bits of one direction; backward without the forward before it.
///
/// # Formula
/// `4 t c a d` FLOPs for t tokens that see c keys each with a heads of width d; 2.5 times that backward
/// # Source
/// as [`super::perform`]; Dao 2023, arXiv:2307.08691, section 3.1.
pub fn attention(
    machine: &Machine,
    f: &Factors,
    batch: f64,
    heads: f64,
    seq_len: u32,
    head_dim: f64,
    backward: bool,
) -> Seconds {
    let rates = Rates::new(machine, Precision::Bf16, AttentionKernels::Current, f);
    let tokens = batch * f64::from(seq_len);
    let flop = 4.0 * tokens * Reach::Full.mean_keys(seq_len, Causality::Causal) * heads * head_dim;
    let slower = rates.attention_shape(f64::from(seq_len), head_dim);
    let (there, back) = rates.attention(Flop::new(flop * slower));
    if backward { back } else { there }
}

/// Launching kernels that do nothing, one after another.
///
/// # Formula
/// `n t`
/// # Source
/// By definition.
pub fn launches(f: &Factors, kernels: f64) -> Seconds {
    Seconds::new(kernels * f.launch)
}

/// An all-gather or a reduce-scatter of a tensor over neighbouring chips; an all-reduce takes two.
///
/// # Formula
/// that of a step's collectives
/// # Source
/// as [`super::perform`].
pub fn gather(machine: &Machine, f: &Factors, bytes: Bytes, group: f64) -> Seconds {
    Links::new(machine, f).gather(bytes, group, 1.0)
}
