//! Energy, power, emissions and water of a run, and the same as a model card counts them.

use super::place::Place;
use crate::cost::Usage;
use crate::cost::carbon::{self, Embodied, Footprint, Grid};
use crate::cost::defaults::Defaults;
use crate::cost::energy::{self, Power, it_power, meter_power, peak_power};
use crate::cost::inputs::Inputs;
use crate::error::Error;
use crate::hardware::region::GridYear;
use crate::units::{ChipSeconds, Chips, Fraction, Joules, KgCo2e, Watts, show};

/// Energy, power, emissions and water of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunFootprint {
    /// Chip-time held.
    pub held: ChipSeconds,
    /// Its energy, emissions and water.
    pub print: Footprint,
    /// The electricity of the place.
    pub grid: Grid,
    /// The year of that grid.
    pub grid_year: GridYear,
    /// The year that was wanted: the run's, or that of the day asked about.
    pub wanted_year: Option<u32>,
    /// Power of a chip.
    pub power: Power,
    /// That power is a multiple of the chip's, since no server is on a sheet.
    pub power_by_factor: bool,
    /// Power of all chips; `None` where their number is not known.
    pub site: Option<SitePower>,
    /// What making a chip with its part of the server emitted: the least, the mean and the most of the inventories.
    pub chip: [Embodied; 3],
    /// The run's part of that, by the same three.
    pub embodied: [KgCo2e; 3],
    /// The same run as a model card counts it; `None` where the chip's own power is not known.
    pub card: Option<Card>,
}

/// Power of all chips of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SitePower {
    /// How many they are.
    pub chips: Chips,
    /// Of servers, network and storage, on average.
    pub it: Watts,
    /// At the utility meter, on average.
    pub meter: Watts,
    /// Of servers, network and storage, everything at its rating.
    pub peak_it: Watts,
    /// At the utility meter, everything at its rating.
    pub peak_meter: Watts,
}

impl SitePower {
    /// Power of so many chips.
    ///
    /// # Formula
    /// `chips * power of a chip`, on average and at its rating
    /// # Source
    /// Definition.
    ///
    /// ```
    /// use flopbill::internals::answer::footprint::SitePower;
    /// use flopbill::internals::cost::energy::Power;
    /// use flopbill::internals::units::{Chips, Fraction, Watts};
    /// // A public plan of 10,000 H100: 700 W of a board, 1.3 times that in its server, PUE 1.3.
    /// let (rated, load) = (Watts::new(700.0 * 1.3), Fraction::new(1.0));
    /// let plan = SitePower::of(Chips::new(10_000.0), &Power::Server { rated, load, fabric: Fraction::ZERO, pue: 1.3 });
    /// assert!((plan.it.kw() - 9100.0).abs() < 1e-9); // 9.1 MW
    /// assert!((plan.meter.kw() - 11_830.0).abs() < 1e-9); // 11.8 MW
    /// ```
    pub fn of(chips: Chips, power: &Power) -> Self {
        let [peak_it, peak_meter] = peak_power(power).map(|watts| watts * chips.get());
        Self { chips, it: it_power(power) * chips.get(), meter: meter_power(power) * chips.get(), peak_it, peak_meter }
    }
}

/// A run as a model card counts it: the boards alone, at their limit, without host, network and cooling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    /// GPU-hours times the chip's thermal limit.
    pub energy: Joules,
    /// At the same grid.
    pub operational: KgCo2e,
    /// The energy at the meter over it.
    pub times_less: f64,
}

impl RunFootprint {
    /// The footprint of what a run used; `None` where the power of the chip, or grid or water of the place are not known.
    ///
    /// # Errors
    /// Powers, inventories or intensities below zero.
    pub fn of(
        usage: &Usage,
        place: &Place,
        inputs: &Inputs,
        power: Option<Power>,
        defaults: &Defaults,
    ) -> Result<Option<Self>, Error> {
        let (Some(power), Some(grid), Some(grid_year)) = (power, place.grid(), place.grid_year()) else {
            return Ok(None);
        };
        let Some(water) = place.water() else { return Ok(None) };
        let held = usage.held;
        let chip = carbon::by_inventories(&defaults.inventories, defaults.embodied_life)?;
        let [least, mean, most] = chip;
        let print = carbon::footprint(held, energy::energy(held, &power)?, &grid, &mean, &water)?;
        let used = print.energy.facility;
        let card = |tdp: Watts| -> Result<Card, Error> {
            let board = energy::energy(held, &Power::Chip { tdp, load: Fraction::new(1.0) })?.facility;
            let operational = carbon::operational(board, grid.intensity);
            Ok(Card { energy: board, operational, times_less: used / board })
        };
        Ok(Some(Self {
            held,
            print,
            grid,
            grid_year,
            wanted_year: place.wanted_year(),
            power,
            power_by_factor: inputs.node_share.is_none() && matches!(power, Power::Server { .. }),
            site: usage.chips.map(|chips| SitePower::of(chips, &power)),
            chip,
            embodied: [carbon::embodied(held, &least)?, print.embodied, carbon::embodied(held, &most)?],
            card: inputs.tdp.filter(|_| held > ChipSeconds::ZERO).map(card).transpose()?,
        }))
    }

    /// What of it is assumed, in sentences.
    pub fn said(&self, defaults: &Defaults) -> [String; 2] {
        let (kw, load) = (|watts: Watts| show::number(watts.kw(), 4), |load: Fraction| show::percent(load.get()));
        let power = match self.power {
            Power::Chip { tdp, load: share } => {
                format!("power {} kW a chip: the board alone at {} of its limit", kw(tdp), load(share))
            }
            Power::Server { rated, load: share, fabric, .. } => {
                let factor = show::number(defaults.power.server_over_chip, 3);
                let from = if self.power_by_factor {
                    format!("{factor} times the board's limit, as no server is on a sheet")
                } else {
                    "its part of the server's rating".into()
                };
                let (share, fabric) = (load(share), load(fabric));
                format!("power {} kW a chip: {from}, at {share} load; network and storage {fabric} on top", kw(rated))
            }
            Power::AllIn { provisioned, load: share, .. } => {
                format!("power {} kW a chip: provisioned at the meter, at {} load", kw(provisioned), load(share))
            }
        };
        let [_, mean, _] = self.chip;
        let names: Vec<&str> = defaults.inventories.iter().map(|found| found.name.as_str()).collect();
        let (kg, years) = (show::number(mean.per_chip.get(), 4), show::number(mean.life.years(), 3));
        let of = names.join(" and ");
        [power, format!("embodied {kg} kg a chip with its part of the server: the mean of {of}, over {years} y of use")]
    }
}
