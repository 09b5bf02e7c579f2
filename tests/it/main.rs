//! All integration tests, in one binary.

mod golden_uncertainty;
mod properties_uncertainty;
