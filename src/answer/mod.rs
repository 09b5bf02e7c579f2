//! From what was asked to what is answered.

pub mod confidence;
mod given;
pub mod moved;
mod phases;
pub mod predicted;
pub mod prepared;
mod price;
pub mod ranges;
mod remarks;
pub mod resolve;
pub mod whole_bill;
