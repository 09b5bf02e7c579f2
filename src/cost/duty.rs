//! What a border adds to the price of a chip: an import duty, or a share of the seller's revenue.
//!
//! The two are alternatives in every deal reported so far. Charging both is a choice that has its own
//! name, so that it cannot happen unseen.

use crate::error::Error;
use crate::units::check::{not_negative, share, share_below_one};
use crate::units::{Fraction, Usd};

/// What the border takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BorderCharge {
    /// Nothing.
    None,
    /// A duty on the declared value.
    Duty {
        /// Rate of the duty.
        rate: Fraction,
        /// The part of it that the buyer pays.
        passed_on: Fraction,
    },
    /// A share of the seller's revenue.
    RevenueShare {
        /// The share.
        share: Fraction,
        /// The part of it that the seller gets back through a higher price.
        passed_on: Fraction,
    },
    /// Both, because the user says so.
    Both {
        /// Rate of the duty, passed on in full.
        duty: Fraction,
        /// The revenue share, passed on in full.
        revenue_share: Fraction,
    },
}

/// What a border adds to the chips that cross it: the one base for the owner's bill and for fleets.
///
/// # Formula
/// `declared * (multiplier - 1)`: declared the price of the chips in their servers, without the network
/// # Source
/// Section 232 proclamation of 2026-01-14: a duty on the declared value of chips; the announcement of 2025-12-08: a
/// share of what the seller takes for them. Switches and cables are in neither.
///
/// ```
/// use flopbill::internals::cost::duty::{BorderCharge, at_the_border};
/// use flopbill::internals::units::{Fraction, Usd};
/// let duty = BorderCharge::Duty { rate: Fraction::new(0.25), passed_on: Fraction::new(1.0) };
/// assert_eq!(at_the_border(Usd::new(10.8e9), &duty)?.get(), 2.7e9); // by hand
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn at_the_border(declared: Usd, charge: &BorderCharge) -> Result<Usd, Error> {
    Ok(declared * (multiplier(charge)? - 1.0))
}

/// What the buyer pays over the price without the border.
///
/// # Formula
/// duty `1 + phi * t`; revenue share `1 / (1 - phi * s)`; both `(1 + t) / (1 - s)`: phi the part passed on
/// # Source
/// A seller kept whole needs `price * (1 - s)` to stay what it was; the duty falls on the declared value.
///
/// ```
/// use flopbill::internals::cost::duty::{BorderCharge, multiplier};
/// use flopbill::internals::units::Fraction;
/// let (quarter, all) = (Fraction::new(0.25), Fraction::new(1.0));
/// assert_eq!(multiplier(&BorderCharge::Duty { rate: quarter, passed_on: all })?, 1.25);
/// // by hand: 1 / 0.75
/// let share = BorderCharge::RevenueShare { share: quarter, passed_on: all };
/// assert!((multiplier(&share)? - 1.333333333).abs() < 1e-9);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn multiplier(charge: &BorderCharge) -> Result<f64, Error> {
    match *charge {
        BorderCharge::None => Ok(1.0),
        BorderCharge::Duty { rate, passed_on } => {
            not_negative("the import duty", rate)?;
            share("the part of the duty passed on", passed_on)?;
            Ok(1.0 + passed_on.get() * rate.get())
        }
        BorderCharge::RevenueShare { share: taken, passed_on } => {
            share_below_one("the revenue share", taken)?;
            share("the part of the revenue share passed on", passed_on)?;
            Ok(1.0 / (1.0 - passed_on.get() * taken.get()))
        }
        BorderCharge::Both { duty, revenue_share } => {
            not_negative("the import duty", duty)?;
            share_below_one("the revenue share", revenue_share)?;
            Ok((1.0 + duty.get()) / (1.0 - revenue_share.get()))
        }
    }
}
