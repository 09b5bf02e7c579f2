//! The integration tests, as one binary.

mod golden_bill;
mod models;
