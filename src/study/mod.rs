//! Many estimates instead of one: ranges, what drives them, sweeps, and the score against history.
//!
//! Nothing in here knows physics: each study takes a function from numbers to numbers and asks it many times.

pub mod copula;
pub mod montecarlo;
pub mod sensitivity;
pub mod sobol;
