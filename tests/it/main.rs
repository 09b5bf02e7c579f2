//! The integration tests, as one binary.

mod examples;
mod fuzz;
mod golden;
mod invariants;
mod models;
mod profiles;
mod published_runs;
mod tidy;
