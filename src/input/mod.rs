//! What was typed, by any door: one [`table`] of fields, and nothing filled in.

pub mod batch;
mod bounds;
pub mod deliveries;
pub mod due;
pub mod exchange;
pub mod field;
pub mod file;
mod inline;
#[macro_use]
mod kinds;
pub mod loose;
pub mod measured;
mod places;
pub mod question;
pub mod quote;
pub mod range;
pub mod sweep_plan;
pub mod table;
pub mod template;
pub mod text;
pub mod typed;
pub mod variables;
mod vocabulary;
