//! Chips held for a time, bought and sold again, beside the rent of the hours that they are used.

use crate::error::Error;
use crate::units::check::positive;
use crate::units::{ChipSeconds, Chips, Fraction, Price, Seconds, Usd};

use super::own::{Annual, Ownership, annual, purchase};

/// What chips cost that are bought, held for a time, and sold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holding {
    /// How long.
    pub time: Seconds,
    /// Chips times that time.
    pub owned: ChipSeconds,
    /// The part of it in which they are used.
    pub used: ChipSeconds,
    /// The purchase, network and border with it.
    pub bought: Usd,
    /// What the sale at the end brings.
    pub resale: Usd,
    /// Everything together, the resale taken off.
    pub cost: Usd,
    /// Rent of the used hours; `None` where no rent is known.
    pub rent: Option<Usd>,
}

/// Chips bought, held for a time and sold.
///
/// # Formula
/// [`annual`] with the time for the life and the value then for the residual: `S(t) = 1 - (1 - S) min(t / n, 1)`
/// # Source
/// The value falls in a straight line to the residual, as depreciation is shown in the bill.
pub fn hold(
    terms: &Ownership,
    chips: Chips,
    time: Seconds,
    used: ChipSeconds,
    rent: Option<Price>,
) -> Result<Option<Holding>, Error> {
    positive("the time that chips are held", time)?;
    let left = Fraction::new(1.0 - (1.0 - terms.residual.get()) * (time / terms.life).min(1.0));
    let held = Ownership { life: time, residual: left, ..*terms };
    let (Some(year), Some(chip)) = (annual(&held)?, terms.chip) else { return Ok(None) };
    Ok(Some(Holding {
        time,
        owned: chips * time,
        used,
        bought: purchase(chip, terms.server, terms.network, &terms.border)? * chips.get(),
        resale: (Usd::ZERO - year.residual) * time.years() * chips.get(),
        cost: year.total() * time.years() * chips.get(),
        rent: rent.map(|rent| used * rent),
    }))
}

impl Holding {
    /// The use at which owning costs what renting does; above one it is never cheaper.
    ///
    /// # Formula
    /// `cost / (owned hours * rent)`
    /// # Source
    /// Definition.
    pub fn break_even(&self, rent: Price) -> f64 {
        self.cost / (self.owned * rent)
    }
}

/// After how long the rent that is saved has paid for the purchase; `None` where it never does.
///
/// # Formula
/// `K / (8760 * u * p - running)` years: K the purchase of a chip, without interest and resale
/// # Source
/// Payback period; [`Annual::running`] goes on whether the chip is used or not.
///
/// ```
/// use flopbill::internals::cost::holding::pays_after;
/// use flopbill::internals::units::{Fraction, Price, Usd};
/// // A chip of $30,000 that costs $2,846.40 a year to run, used 70 % of the time, beside $2 an hour.
/// let found = pays_after(Usd::new(30_000.0), Usd::new(2846.4), Fraction::new(0.7), Price::from_usd_per_hour(2.0)).unwrap();
/// assert!((found.years() - 30_000.0 / 9417.6).abs() < 1e-12); // by hand: 12,264 of rent a year less 2,846.40
/// ```
pub fn pays_after(whole: Usd, running: Usd, used: Fraction, rent: Price) -> Option<Seconds> {
    let saved = Chips::new(1.0) * Seconds::from_years(1.0) * used.get() * rent - running;
    (saved > Usd::ZERO).then(|| Seconds::from_years(whole / saved))
}

/// The same of terms and what they come to in a year.
///
/// # Errors
/// A network or a border that is no share.
pub fn payback(terms: &Ownership, year: &Annual, rent: Price) -> Result<Option<Seconds>, Error> {
    let Some(chip) = terms.chip else { return Ok(None) };
    let whole = purchase(chip, terms.server, terms.network, &terms.border)?;
    Ok(pays_after(whole, year.running(), terms.utilisation, rent))
}
