//! Electricity, grid and water of a place.

use crate::units::date::Date;
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

/// The grid of one year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridYear {
    /// Emissions of a kilowatt-hour.
    pub carbon: CarbonIntensity,
    /// The year; `None` where the source names none.
    pub year: Option<u32>,
    /// Whether it is the newest year's figure.
    pub newest: bool,
}

/// A price of electricity as it is quoted, in the money of the place.
#[derive(Debug, Clone, PartialEq)]
pub struct NativePrice {
    /// Of a kilowatt-hour.
    pub amount: f64,
    /// ISO 4217 code: `EUR`.
    pub currency: String,
    /// US dollars a unit of it, by which the dollar price was made.
    pub usd_per_unit: f64,
    /// The day of that rate.
    pub rate_date: Date,
}

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
    /// The figures of other years, on the same basis.
    pub other_years: Vec<(u32, CarbonIntensity)>,
    /// Price of industrial electricity.
    pub electricity: Option<EnergyPrice>,
    /// That price as it is quoted, where it is not in dollars.
    pub native: Option<NativePrice>,
    /// Water evaporated on site, litres per kilowatt-hour of IT energy.
    pub water_on_site: Option<f64>,
    /// Water evaporated where the electricity is made, litres per kilowatt-hour.
    pub water_off_site: Option<f64>,
    /// Power usage effectiveness of a hyperscaler's site.
    pub pue_hyperscale: Option<f64>,
    /// Power usage effectiveness of a rented hall.
    pub pue_colocation: Option<f64>,
}

impl Region {
    /// The grid of a year: that year's figure, else the nearest year's, the earlier of two as near; the newest without a
    /// year.
    ///
    /// ```
    /// use flopbill::internals::hardware::region::Region;
    /// use flopbill::internals::units::CarbonIntensity;
    /// let g = CarbonIntensity::from_g_per_kwh;
    /// let of = |year| Region {
    ///     carbon: Some(g(40.0)), carbon_year: Some(2024), other_years: vec![(2022, g(80.0))], ..Region::default()
    /// }.grid(year).unwrap().year;
    /// assert_eq!((of(None), of(Some(2021)), of(Some(2023)), of(Some(2026))), (Some(2024), Some(2022), Some(2022), Some(2024)));
    /// ```
    pub fn grid(&self, year: Option<u32>) -> Option<GridYear> {
        let carbon = self.carbon?;
        let Some(main) = self.carbon_year else { return Some(GridYear { carbon, year: None, newest: true }) };
        let years = || self.other_years.iter().copied().chain([(main, carbon)]);
        let newest = years().map(|(year, _)| year).max()?;
        let wanted = year.unwrap_or(newest);
        let (year, carbon) = years().min_by_key(|(year, _)| (year.abs_diff(wanted), *year))?;
        Some(GridYear { carbon, year: Some(year), newest: year == newest })
    }
}
