//! What was typed, by any door.

pub mod field;
pub mod file;
pub mod range;
