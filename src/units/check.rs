//! The checks every constructor needs: a number that is finite, positive, or a share.

use super::Quantity;
use crate::error::Error;

/// The value, if it is finite and above zero.
pub fn positive<Q: Quantity>(what: &str, value: Q) -> Result<Q, Error> {
    if value.base().is_finite() && value.base() > 0.0 {
        return Ok(value);
    }
    Err(Error::bad_input(format!("{what} must be above zero, got {}", value.base())))
}

/// The value, if it is finite and not negative.
pub fn not_negative<Q: Quantity>(what: &str, value: Q) -> Result<Q, Error> {
    if value.base().is_finite() && value.base() >= 0.0 {
        return Ok(value);
    }
    Err(Error::bad_input(format!("{what} must not be negative, got {}", value.base())))
}

/// The value, if it is a share from 0 to 1.
pub fn share<Q: Quantity>(what: &str, value: Q) -> Result<Q, Error> {
    if (0.0..=1.0).contains(&value.base()) {
        return Ok(value);
    }
    Err(Error::bad_input(format!("{what} must be between 0% and 100%, got {}", value.base()))
        .with_hint("write a share as `30%` or 0.3"))
}

/// The value, if it is a share from 0 up to, but not including, 1.
pub fn share_below_one<Q: Quantity>(what: &str, value: Q) -> Result<Q, Error> {
    if (0.0..1.0).contains(&value.base()) {
        return Ok(value);
    }
    Err(Error::bad_input(format!("{what} must be at least 0% and below 100%, got {}", value.base()))
        .with_hint("write a share as `30%` or 0.3"))
}

/// A number without a unit is a quantity too: a count, a ratio, a factor.
impl Quantity for f64 {
    const DIMENSION: &'static str = "a number";
    const EXAMPLE: &'static str = "1.25";
    #[inline]
    fn from_base(value: f64) -> Self {
        value
    }
    #[inline]
    fn base(self) -> f64 {
        self
    }
}
