//! Decided once: batch and sequence, precision and memory states, software, layout, the time of a step, its spread, and
//! what changes from one chip to another. Every question that needs the speed of a job asks here.

pub mod batch;
pub mod chips;
pub mod headroom;
mod kept;
pub mod measured;
pub mod prediction;
pub mod setting;
pub mod software;
mod towers;
pub mod trained;
pub mod transfer;
pub mod unsaid;

pub use prediction::{Prediction, RESERVE};
pub use setting::Setting;
pub use software::Software;
pub use unsaid::Unsaid;
