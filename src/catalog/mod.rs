//! Catalog.
pub mod steps;
