//! What a fleet is when everything has arrived: GPU-hours a day, runs a year, power, purchase.

use crate::Error;
use crate::cost::duty;
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Seconds, Usd, Watts};

use super::{Fleet, Tranche};

/// A fleet, or a tranche of it, in full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Chips.
    pub chips: Chips,
    /// Sustained rate of all of them, without mixing losses, goodput included.
    pub rate: FlopPerSecond,
    /// Chip-time in a day.
    pub per_day: ChipSeconds,
    /// Times the listed runs fit into a year, all of them each time.
    pub runs_per_year: f64,
    /// Power at the meter; `None` if it is not known for every chip.
    pub power: Option<Watts>,
    /// Purchase price before the border; `None` if it is not known for every chip.
    pub purchase: Option<Usd>,
    /// What the border adds; `None` if a price is not known.
    pub border: Option<Usd>,
}

/// The whole fleet, as if every tranche arrived.
///
/// # Formula
/// `chips * 24 h` a day; `rate * year / work`; sums of power, price and [`duty::at_the_border`]
/// # Source
/// Definition.
pub fn capacity(fleet: &Fleet) -> Result<Capacity, Error> {
    fleet.check()?;
    of(&fleet.tranches, fleet.goodput.get(), fleet.work())
}

/// Some tranches of a fleet, at a goodput, for runs of this work together.
///
/// # Formula
/// see [`capacity`]
/// # Source
/// Definition.
pub fn of(tranches: &[Tranche], goodput: f64, work: Flop) -> Result<Capacity, Error> {
    let chips: Chips = tranches.iter().map(|tranche| tranche.chips).sum();
    let rate: FlopPerSecond = tranches.iter().map(|tranche| tranche.rate * tranche.chips.get() * goodput).sum();
    let price = |tranche: &Tranche| Some(tranche.purchase? * tranche.chips.get());
    let mut border = Some(Usd::ZERO);
    for tranche in tranches {
        let extra = price(tranche).map(|price| duty::at_the_border(price, &tranche.border)).transpose()?;
        border = border.zip(extra).map(|(sum, extra)| sum + extra);
    }
    Ok(Capacity {
        chips,
        rate,
        per_day: chips * Seconds::from_days(1.0),
        runs_per_year: (rate * Seconds::from_years(1.0)) / work,
        power: tranches.iter().map(|tranche| Some(tranche.power? * tranche.chips.get())).sum(),
        purchase: tranches.iter().map(price).sum(),
        border,
    })
}
