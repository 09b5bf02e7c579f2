//! All integration tests, in one binary.

mod golden_uncertainty;
mod models;
mod properties_uncertainty;
