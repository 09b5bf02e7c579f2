//! What can be meant by a field, and how prices for something are written.

/// How prices for something are written.
pub(super) const KW_MONTH: [&str; 3] = ["/kW/month", "/kW-month", "/kW-mo"];
pub(super) const GB_MONTH: [&str; 3] = ["/GB/month", "/GB-month", "/GB-mo"];
pub(super) const GB: [&str; 1] = ["/GB"];

/// The largest degree of a layout.
pub(super) const MOST: f64 = (1 << 20) as f64;

// What can be meant, in the field's unit; the upper ends are those of the grammar of quantities.
/// More chips than the world has.
pub(super) const CHIPS: f64 = 1e8;
/// Days: a second, and ten thousand years.
pub(super) const SHORTEST: f64 = 1e-5;
pub(super) const LONGEST: f64 = 3_650_000.0;
/// Dollars: a cent, and what the world makes in years.
pub(super) const CENT: f64 = 0.01;
pub(super) const DEAREST: f64 = 1e16;
/// The least share that is no rounding error.
pub(super) const LEAST: f64 = 1e-5;
