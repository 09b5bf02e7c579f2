//! What the user asked, and how it becomes a scenario.

pub mod field;
pub mod file;
mod phases;
mod remarks;
pub mod resolve;
