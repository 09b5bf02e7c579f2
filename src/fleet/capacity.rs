//! What a fleet is when everything has arrived: GPU-hours a day, runs a year, power, purchase.

use crate::cost::duty;
use crate::error::Error;
use crate::units::{ChipSeconds, Chips, FlopPerSecond, Seconds, Usd, Watts};

use super::rate::{AtWork, Mix, of_run};
use super::{Fleet, Run, Tranche};

/// A fleet in full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Chips.
    pub chips: Chips,
    /// Rate of all of them over the runs, without mixing losses, failures included.
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
/// `chips * 24 h` a day; `year / sum(work / rate)` over the runs; sums of power, price and [`duty::at_the_border`]
/// # Source
/// Definition.
pub fn capacity(fleet: &Fleet) -> Result<Capacity, Error> {
    fleet.check()?;
    let tranches = &fleet.tranches;
    let chips: Chips = tranches.iter().map(|tranche| tranche.chips).sum();
    let at_work: Vec<AtWork<'_>> =
        tranches.iter().map(|tranche| AtWork { tranche, chips: tranche.chips, usage: 1.0, ramp: 1.0 }).collect();
    let time = |run: &Run| run.work.time_at(of_run(run, fleet.goodput, &Mix::Separate, &at_work));
    let time: Seconds = fleet.runs.iter().map(time).sum();
    let price = |tranche: &Tranche| Some(tranche.purchase? * tranche.chips.get());
    let mut border = Some(Usd::ZERO);
    for tranche in tranches {
        let extra = price(tranche).map(|price| duty::at_the_border(price, &tranche.border)).transpose()?;
        border = border.zip(extra).map(|(sum, extra)| sum + extra);
    }
    Ok(Capacity {
        chips,
        rate: fleet.work() / (chips * time) * chips.get(),
        per_day: chips * Seconds::from_days(1.0),
        runs_per_year: Seconds::from_years(1.0) / time,
        power: tranches.iter().map(|tranche| Some(tranche.power? * tranche.chips.get())).sum(),
        purchase: tranches.iter().map(price).sum(),
        border,
    })
}
