//! Electricity, grid and water of a place.

use crate::units::{CarbonIntensity, EnergyPrice};

/// What a grid figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GridBasis {
    /// Fuel and plant counted in.
    LifeCycle,
    /// Burning alone.
    Direct,
}

/// The bases and how a profile writes them.
pub const GRID_BASES: [(&str, GridBasis); 2] = [("life-cycle", GridBasis::LifeCycle), ("direct", GridBasis::Direct)];

/// What is published about a place. A value that is missing is looked up in the parent region by the catalog.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Region {
    /// The profile's id: `china`.
    pub id: String,
    /// The full name.
    pub name: String,
    /// Emissions of a kilowatt-hour.
    pub carbon: Option<CarbonIntensity>,
    /// What that figure counts.
    pub carbon_basis: Option<GridBasis>,
    /// The year of that figure.
    pub carbon_year: Option<u32>,
    /// Price of industrial electricity.
    pub electricity: Option<EnergyPrice>,
    /// Water evaporated on site, litres per kilowatt-hour of IT energy.
    pub water_on_site: Option<f64>,
    /// Water evaporated where the electricity is made, litres per kilowatt-hour.
    pub water_off_site: Option<f64>,
    /// Power usage effectiveness of a hyperscaler's site.
    pub pue_hyperscale: Option<f64>,
    /// Power usage effectiveness of a rented hall.
    pub pue_colocation: Option<f64>,
}
