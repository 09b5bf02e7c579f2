//! The model: its shape, its parameters, its FLOPs and its memory.

pub mod architecture;
pub mod flops;
pub mod memory;
pub mod params;
