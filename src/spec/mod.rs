//! What the user asked, and how it becomes a scenario.

pub mod field;
pub mod file;
mod given;
pub mod moved;
mod phases;
pub mod predicted;
pub mod prepared;
mod price;
pub mod range;
mod remarks;
pub mod resolve;
