//! Why a few million and a billion dollars can both be right: a final run, the programme around it, and
//! the fleet it ran on, side by side.

use crate::answer::answer;
use crate::catalog::Catalog;
use crate::catalog::figures::{Figures, Headline};
use crate::cost::inputs::Inputs;
use crate::cost::{own, people};
use crate::error::Error;
use crate::input::question::Question;
use crate::units::{ChipSeconds, Chips, EnergyPrice, Fraction, Seconds, Usd};

/// The same run, counted in three ways.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// Chip-time of the final run.
    pub final_hours: ChipSeconds,
    /// Hours of the final run times the rent its authors assume.
    pub final_run: Usd,
    /// With experiments and failed runs: low, median and high of a 90 % interval.
    pub programme_compute: [Usd; 3],
    /// People.
    pub staff: Usd,
    /// Chips of the fleet.
    pub chips: Chips,
    /// Purchase of the fleet with servers and network; chips without a price are left out.
    pub fleet_purchase: Usd,
    /// What that fleet costs its owner in a year.
    pub fleet_year: Usd,
    /// Chips without a price or a power.
    pub not_priced: Vec<String>,
    /// The final run's part of a year of the fleet.
    pub share_of_year: Fraction,
    /// That part of the fleet's yearly cost: the final run as its owner pays it.
    pub final_run_owned: Usd,
    /// Figures in circulation.
    pub headlines: Vec<Headline>,
}

/// Counts a run in three ways.
///
/// # Errors
/// A run or chip that no profile has; a run without hours or price.
pub fn decompose(figures: &Figures, catalog: &Catalog) -> Result<Decomposition, Error> {
    let published = answer(&Question::about(&figures.run, catalog)?, catalog)?;
    let total = published.estimate.total;
    let Some(final_run) = total.cost else {
        return Err(Error::no_solution(format!("run `{}` has no price, so nothing can be set beside it", figures.run)));
    };
    let defaults = catalog.bill()?.defaults;
    let factor = people::experiments(defaults.programme.low, defaults.programme.high)?;
    let times = [defaults.programme.low, factor.median(), defaults.programme.high];
    let mut found = Decomposition {
        final_hours: total.held,
        final_run,
        programme_compute: times.map(|factor| final_run * factor),
        staff: people::staff(figures.people, figures.duration, figures.usd_per_person_year),
        chips: Chips::ZERO,
        fleet_purchase: Usd::ZERO,
        fleet_year: Usd::ZERO,
        not_priced: Vec::new(),
        share_of_year: Fraction::ZERO,
        final_run_owned: Usd::ZERO,
        headlines: figures.headlines.clone(),
    };
    for (chip, count, purchase) in &figures.fleet {
        let accelerator = catalog.accelerator(chip)?.chip;
        let bought = match purchase {
            Some(price) => Some(*price),
            None => catalog.bought(&accelerator.id, None)?.map(|found| found.price),
        };
        let known = Inputs::about(&accelerator, bought, defaults.epoch.pue_other, EnergyPrice::ZERO);
        let terms = defaults.terms(&known)?.own;
        found.chips += *count;
        match (terms.chip, own::annual(&terms)?) {
            (Some(price), Some(year)) => {
                let whole = own::purchase(price, terms.server, terms.network, &terms.border)?;
                found.fleet_purchase += whole * count.get();
                found.fleet_year += year.total() * count.get();
            }
            _ => found.not_priced.push(accelerator.name),
        }
    }
    let year = found.chips * Seconds::from_years(1.0);
    if year.get() > 0.0 {
        found.share_of_year = Fraction::new(total.held / year);
        found.final_run_owned = found.fleet_year * found.share_of_year.get();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_million_and_a_billion_are_both_right() {
        let catalog = Catalog::built_in();
        let figures = catalog.figures("deepseek-v3").unwrap().unwrap();
        let found = decompose(&figures, &catalog).unwrap();
        assert!((found.final_run.get() - 5.576e6).abs() < 1.0);
        assert!((found.programme_compute[0].get() - 5.576e6 * 1.2).abs() < 1.0);
        assert_eq!(found.staff.get(), 45e6); // by hand: 150 people, a year, $300,000
        // The fleet cost hundreds of times what the run did, and the run took well under a hundredth of its year.
        assert!(found.fleet_purchase.get() > 5e8 && found.fleet_purchase.get() < 3e9, "{:?}", found.fleet_purchase);
        assert!((found.share_of_year.get() - 2.788e6 / (50_000.0 * 8760.0)).abs() < 1e-12);
        assert!(found.not_priced.is_empty(), "{:?}", found.not_priced);
    }

    #[test]
    fn a_run_without_figures_has_none() {
        assert!(Catalog::built_in().figures("bloom-176b").unwrap().is_none());
    }
}
