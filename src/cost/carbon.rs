//! Emissions and water: totals of their own, never mixed into dollars.

use crate::error::Error;
use crate::hardware::region::GridBasis;
use crate::units::check::{not_negative, positive};
use crate::units::{CarbonIntensity, ChipSeconds, Joules, KgCo2e, Seconds, SquareMm};

use super::energy::Energy;

/// Which electricity a carbon intensity speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounting {
    /// The grid where the building stands.
    Location,
    /// The contracts the operator holds.
    Market,
}

/// The electricity of a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Emissions of a kilowatt-hour.
    pub intensity: CarbonIntensity,
    /// Whose electricity that is.
    pub accounting: Accounting,
    /// What it counts.
    pub basis: GridBasis,
}

/// Water per energy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Water {
    /// Litres evaporated on site, per kWh of IT energy.
    pub on_site_l_per_kwh: f64,
    /// Litres used by the power plants, per kWh at the meter.
    pub off_site_l_per_kwh: f64,
}

/// What making the hardware emitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Embodied {
    /// Emissions of one chip with its part of the server.
    pub per_chip: KgCo2e,
    /// Time it is in use.
    pub life: Seconds,
}

/// A published inventory: what making a server emitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    /// Whose it is: `BLOOM`.
    pub name: String,
    /// A server without what is counted by the chip.
    pub per_server: KgCo2e,
    /// Chips of a server.
    pub chips: f64,
    /// A chip, where it is counted apart from its server.
    pub per_chip: KgCo2e,
    /// The life that its authors spread it over.
    pub life: Seconds,
}

impl Inventory {
    /// Emissions of a chip with its part of the server.
    ///
    /// # Formula
    /// `per_server / chips + per_chip`
    /// # Source
    /// Luccioni et al., arXiv:2211.02001: 2,500 kg a server and 318 kg a GPU.
    ///
    /// ```
    /// use flopbill::internals::cost::carbon::Inventory;
    /// use flopbill::internals::units::{KgCo2e, Seconds};
    /// let (per_server, per_chip, life) = (KgCo2e::new(2500.0), KgCo2e::new(318.0), Seconds::from_years(6.0));
    /// let bloom = Inventory { name: "BLOOM".into(), per_server, chips: 8.0, per_chip, life };
    /// assert_eq!(bloom.a_chip()?.get(), 630.5); // by hand: 2500 / 8 + 318
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    pub fn a_chip(&self) -> Result<KgCo2e, Error> {
        not_negative("the embodied emissions of a server", self.per_server)?;
        if !(self.chips >= 1.0 && self.chips.is_finite()) {
            return Err(Error::bad_input(format!("a server has at least one chip, not {}", self.chips)));
        }
        Ok(self.per_server / self.chips + self.per_chip)
    }
}

/// A chip by several inventories, spread over one life: the least of them, their mean and the most.
///
/// # Formula
/// `min`, `mean` and `max` of [`Inventory::a_chip`]
/// # Source
/// Two inventories give no distribution: their ends are shown as they are.
///
/// ```
/// use flopbill::internals::cost::carbon::{Inventory, by_inventories};
/// use flopbill::internals::units::{KgCo2e, Seconds};
/// let of = |per_server: f64, per_chip: f64, years: f64| Inventory {
///     name: String::new(), per_server: KgCo2e::new(per_server), chips: 8.0, per_chip: KgCo2e::new(per_chip),
///     life: Seconds::from_years(years),
/// };
/// let found = by_inventories(&[of(2500.0, 318.0, 6.0), of(3700.0, 0.0, 4.0)], Seconds::from_years(5.0))?;
/// assert_eq!(found.map(|one| one.per_chip.get()), [462.5, 546.5, 630.5]); // by hand: 3700 / 8, the mean, 2500 / 8 + 318
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn by_inventories(inventories: &[Inventory], life: Seconds) -> Result<[Embodied; 3], Error> {
    let chips = inventories.iter().map(Inventory::a_chip).collect::<Result<Vec<_>, _>>()?;
    let kg = || chips.iter().map(|chip| chip.get());
    if chips.is_empty() {
        return Err(Error::bad_input("no inventory of embodied emissions is given"));
    }
    let mean = kg().sum::<f64>() / kg().count() as f64;
    let ends = [kg().fold(f64::INFINITY, f64::min), mean, kg().fold(0.0, f64::max)];
    Ok(ends.map(|kg| Embodied { per_chip: KgCo2e::new(kg), life }))
}

/// Emissions and water of a run. Operational and embodied stay apart: they have different owners.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Footprint {
    /// Energy of servers, and at the meter.
    pub energy: Energy,
    /// Emissions of the electricity.
    pub operational: KgCo2e,
    /// The run's part of what making the hardware emitted.
    pub embodied: KgCo2e,
    /// Water on site and at the power plants, in cubic metres.
    pub water_m3: f64,
}

/// Emissions of electricity.
///
/// # Formula
/// `E * CI`
/// # Source
/// GHG Protocol, scope 2.
///
/// ```
/// use flopbill::internals::cost::carbon::operational;
/// use flopbill::internals::units::{CarbonIntensity, Joules};
/// // BLOOM's dynamic energy: 433,196 kWh at 57 g
/// let kg = operational(Joules::from_kwh(433_196.0), CarbonIntensity::from_g_per_kwh(57.0));
/// assert!((kg.tonnes() - 24.692172).abs() < 1e-9);
/// ```
pub fn operational(energy: Joules, intensity: CarbonIntensity) -> KgCo2e {
    energy * intensity
}

/// The run's part of the hardware's embodied emissions.
///
/// # Formula
/// `chip-time / life * per_chip`
/// # Source
/// LLMCarbon (arXiv:2309.14393): embodied emissions by share of lifetime.
///
/// ```
/// use flopbill::internals::cost::carbon::{Embodied, embodied};
/// use flopbill::internals::units::{ChipSeconds, KgCo2e, Seconds};
/// let chip = Embodied { per_chip: KgCo2e::new(200.0), life: Seconds::from_years(5.0) };
/// // by hand: one chip for one year is a fifth
/// assert!((embodied(ChipSeconds::from_gpu_hours(8760.0), &chip)?.get() - 40.0).abs() < 1e-9);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn embodied(held: ChipSeconds, hardware: &Embodied) -> Result<KgCo2e, Error> {
    not_negative("the embodied emissions of a chip", hardware.per_chip)?;
    positive("the life of the hardware", hardware.life)?;
    Ok(hardware.per_chip * (held / hardware.life).get())
}

/// Embodied emissions of a die.
///
/// # Formula
/// `area * CPA`
/// # Source
/// ACT and LLMCarbon (arXiv:2309.14393): carbon per area of a process node.
///
/// ```
/// use flopbill::internals::cost::carbon::die;
/// use flopbill::internals::units::SquareMm;
/// // H100: 8.14 cm2 * 1.8 kg/cm2
/// assert!((die(SquareMm::new(814.0), 1.8).get() - 14.652).abs() < 1e-12);
/// ```
pub fn die(area: SquareMm, kg_per_cm2: f64) -> KgCo2e {
    KgCo2e::new(area.get() / 100.0 * kg_per_cm2)
}

/// Water of energy, in cubic metres.
///
/// # Formula
/// `E_IT * WUE_on + E * WUE_off`, which is `E_IT * (WUE_on + PUE * WUE_off)`
/// # Source
/// Li et al. 2023, arXiv:2304.03271.
///
/// ```
/// use flopbill::internals::cost::carbon::{Water, water};
/// use flopbill::internals::cost::energy::Energy;
/// use flopbill::internals::units::Joules;
/// let energy = Energy { it: Joules::from_kwh(1000.0), facility: Joules::from_kwh(1200.0) };
/// // by hand: 1000 * 2 + 1200 * 3 = 5600 litres
/// assert!((water(&energy, &Water { on_site_l_per_kwh: 2.0, off_site_l_per_kwh: 3.0 })? - 5.6).abs() < 1e-12);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn water(energy: &Energy, use_: &Water) -> Result<f64, Error> {
    not_negative("the water used on site", use_.on_site_l_per_kwh)?;
    not_negative("the water used by power plants", use_.off_site_l_per_kwh)?;
    let litres = energy.it.kwh() * use_.on_site_l_per_kwh + energy.facility.kwh() * use_.off_site_l_per_kwh;
    Ok(litres / 1000.0)
}

/// Emissions and water of a run.
///
/// # Formula
/// [`operational`], [`embodied`] and [`water`], each on its own
/// # Source
/// See each.
pub fn footprint(
    held: ChipSeconds,
    energy: Energy,
    grid: &Grid,
    hardware: &Embodied,
    use_: &Water,
) -> Result<Footprint, Error> {
    not_negative("the carbon intensity", grid.intensity)?;
    Ok(Footprint {
        energy,
        operational: operational(energy.facility, grid.intensity),
        embodied: embodied(held, hardware)?,
        water_m3: water(&energy, use_)?,
    })
}
