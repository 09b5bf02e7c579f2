//! All integration tests, in one binary.

mod close;
mod golden_bill;
mod golden_fleet;
mod golden_policy;
mod golden_scaling;
mod golden_uncertainty;
mod models;
mod properties_uncertainty;
mod whole_bill;
