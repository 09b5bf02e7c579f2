//! The layout: how a model is spread over chips, and whether it fits.

pub mod fit;
pub mod fixed;
mod frozen;
pub mod layers;
mod moments;
pub mod parallelism;
mod pipelines;
pub mod remedies;
pub mod replicas;
pub mod rules;
pub mod search;
pub mod stages;
pub mod timing;
mod towers;
