//! The integration tests, as one binary.

#[cfg(feature = "cli")]
mod cli;
mod examples;
mod fuzz;
mod golden;
mod invariants;
mod models;
mod profiles;
mod published_runs;
mod tidy;
