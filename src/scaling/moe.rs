//! How much a mixture of experts (MoE) is worth in dense compute.

pub use crate::catalog::scaling::Leverage;

use crate::error::Error;
use crate::units::check::{positive, share};
use crate::units::{Flop, Fraction};

/// How many times its own work an MoE is worth in dense work.
///
/// # Formula
/// `EL = (A + A_start)^(a + d log10 C + gamma log2(G)^2 + beta log2 G)`, kept within 1 and 10: A active over
/// all experts' parameters, G the granularity
/// # Source
/// Ling, arXiv:2507.17702, table 2. The bases of the logarithms are not printed: log2 G is the only one that
/// gives the optimum the paper states. Fitted up to about 1e22 FLOP and down to A of 0.8 %.
pub fn efficiency_leverage(law: &Leverage, activation: Fraction, granularity: f64, work: Flop) -> Result<f64, Error> {
    positive("the activation ratio", share("the activation ratio", activation)?)?;
    positive("the granularity", granularity)?;
    positive("the work", work)?;
    Ok(unclamped(law, activation, granularity, work).clamp(1.0, 10.0))
}

/// The formula without the limits of the data it was fitted to.
fn unclamped(law: &Leverage, activation: Fraction, granularity: f64, work: Flop) -> f64 {
    let g = granularity.log2();
    let exponent = law.a + law.d * work.get().log10() + law.gamma * g * g + law.beta * g;
    (activation.get() + law.start).powf(exponent)
}

/// The granularity with the most leverage.
///
/// # Formula
/// `G = 2^(-beta / (2 gamma))`
/// # Source
/// Stationary point of [`efficiency_leverage`].
pub fn best_granularity(law: &Leverage) -> f64 {
    (-law.beta / (2.0 * law.gamma)).exp2()
}
