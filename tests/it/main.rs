//! The integration tests, as one binary.

mod layouts;
mod models;
