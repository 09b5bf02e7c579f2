//! All integration tests, in one binary.

#[cfg(feature = "cli")]
mod cli;
mod examples;
mod fuzz;
mod golden;
mod golden_bill;
mod golden_uncertainty;
mod invariants;
mod layouts;
mod models;
mod profiles;
mod properties_uncertainty;
mod published_runs;
mod tidy;
