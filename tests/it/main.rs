//! All integration tests, in one binary.

mod fuzz;
mod golden_bill;
mod golden_uncertainty;
mod invariants;
mod layouts;
mod models;
mod properties_uncertainty;
mod tidy;
