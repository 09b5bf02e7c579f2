//! Chips, the systems they come in, prices and regions: plain checked structs, no files.

pub mod accelerator;
pub mod optimizer;
pub mod precision;
pub mod price;
pub mod region;
pub mod system;
