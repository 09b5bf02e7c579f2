//! Comparing with a golden value.

/// Fails unless a value is within a relative distance of the expected one.
#[track_caller]
pub fn close(found: f64, expected: f64, relative: f64) {
    let off = (found - expected).abs() / expected.abs();
    assert!(off <= relative, "found {found}, expected {expected}: off by {off:.2e}");
}
