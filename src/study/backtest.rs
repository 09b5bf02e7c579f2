//! Predictions against measured steps.

mod resolve;

pub use resolve::{Case, Chips, resolve};
