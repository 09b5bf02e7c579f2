//! Distributions, draws and what they have in common, over any function of numbers.

pub mod copula;
pub mod dist;
pub mod montecarlo;
pub mod score;
pub mod sensitivity;
pub mod sobol;
