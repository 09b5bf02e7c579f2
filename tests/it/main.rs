//! The integration tests, as one binary.

mod fuzz;
mod invariants;
mod models;
mod tidy;
