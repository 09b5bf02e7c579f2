//! The model: its layers, its parameters, its FLOPs and its memory.

pub mod architecture;
pub mod cache;
pub mod flops;
pub mod layers;
pub mod memory;
pub mod mixer;
pub mod mlp;
pub mod outline;
pub mod params;
pub mod terms;
pub mod tower;
pub mod tuning;
