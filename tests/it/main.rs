//! All integration tests, in one binary.

mod close;
mod fuzz;
mod golden_bill;
mod golden_fleet;
mod golden_policy;
mod golden_scaling;
mod golden_uncertainty;
mod invariants;
mod layouts;
mod models;
mod properties_uncertainty;
mod tidy;
mod whole_bill;
