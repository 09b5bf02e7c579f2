//! The layout: how a model is spread over chips, and whether it fits.

pub mod parallelism;
pub mod rules;
