//! Energy, power, emissions and water beside an estimate, with the range that its hours have.

use serde::Serialize;

use super::{Ordered, SourceLine};
use crate::answer::whole_bill::WholeBill;
use crate::hardware::region::GRID_BASES;

/// The percentiles that are told.
pub const LEVELS: [(&str, f64); 3] = [("p10", 0.1), ("p50", 0.5), ("p90", 0.9)];

/// Energy, carbon and water of a run.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct FootprintReply {
    /// At the chips' servers.
    pub energy_it_mwh: f64,
    /// At the meter of the site.
    pub energy_facility_mwh: f64,
    /// From the electricity.
    pub operational_tco2e: f64,
    /// The run's part of making the hardware: the mean of the inventories.
    pub embodied_tco2e: f64,
    /// On site and at the power plants.
    pub water_m3: f64,
    /// Percentiles of these five where the hours are uncertain, by the hours alone: `energy_it_mwh_p10`.
    #[serde(flatten)]
    pub percentiles: Ordered<Option<f64>>,
    /// The run's part of making the hardware, by the inventory that counts least.
    pub embodied_least_tco2e: f64,
    /// By the one that counts most.
    pub embodied_most_tco2e: f64,
    /// Making a chip with its part of the server: the least, the mean and the most of the inventories, in kg.
    pub embodied_kg_per_chip: [f64; 3],
    /// Years that it is spread over.
    pub embodied_life_years: f64,
    /// Power of all chips on average, at their servers; null where their number is not known.
    pub it_mw: Option<f64>,
    /// The same at the meter.
    pub facility_mw: Option<f64>,
    /// The same at their servers' rating.
    pub peak_it_mw: Option<f64>,
    /// And at the meter then.
    pub peak_facility_mw: Option<f64>,
    /// The boards alone at their limit, as a model card counts; null where their limit is not known.
    pub model_card_mwh: Option<f64>,
    /// The emissions of that.
    pub model_card_tco2e: Option<f64>,
    /// The energy at the meter over a model card's.
    pub over_model_card: Option<f64>,
    /// Of the grid.
    pub carbon_intensity_g_per_kwh: f64,
    /// The year of that figure; null where its source names none.
    pub carbon_year: Option<u32>,
    /// The year that was wanted: that of `as_of`, or the run's.
    pub carbon_year_wanted: Option<u32>,
    /// `life-cycle` or `direct`.
    pub carbon_basis: &'static str,
    /// How electricity is counted.
    pub accounting: &'static str,
    /// The place.
    pub region: String,
}

impl FootprintReply {
    /// Of a bill whose chip's power and whose place's grid are known, with [`LEVELS`] of the hours over those of the answer,
    /// where they vary.
    pub fn of(whole: &WholeBill, hours: Option<[f64; 3]>) -> Option<Self> {
        let found = whole.footprint?;
        let (print, site, card) = (found.print, found.site, found.card);
        let mw = |watts: crate::units::Watts| watts.kw() / 1e3;
        let [least, _, most] = found.embodied.map(|kg| kg.tonnes());
        let mut reply = Self {
            energy_it_mwh: print.energy.it.mwh(),
            energy_facility_mwh: print.energy.facility.mwh(),
            operational_tco2e: print.operational.tonnes(),
            embodied_tco2e: print.embodied.tonnes(),
            water_m3: print.water_m3,
            percentiles: Ordered::default(),
            embodied_least_tco2e: least,
            embodied_most_tco2e: most,
            embodied_kg_per_chip: found.chip.map(|chip| chip.per_chip.get()),
            embodied_life_years: found.chip[1].life.years(),
            it_mw: site.map(|site| mw(site.it)),
            facility_mw: site.map(|site| mw(site.meter)),
            peak_it_mw: site.map(|site| mw(site.peak_it)),
            peak_facility_mw: site.map(|site| mw(site.peak_meter)),
            model_card_mwh: card.map(|card| card.energy.mwh()),
            model_card_tco2e: card.map(|card| card.operational.tonnes()),
            over_model_card: card.map(|card| card.times_less),
            carbon_intensity_g_per_kwh: found.grid.intensity.g_per_kwh(),
            carbon_year: found.grid_year.year,
            carbon_year_wanted: found.wanted_year,
            carbon_basis: GRID_BASES.iter().find(|(_, basis)| *basis == found.grid.basis).map_or("", |(name, _)| name),
            accounting: "location-based",
            region: whole.place.region().id.clone(),
        };
        reply.percentiles = reply.at(hours);
        Some(reply)
    }

    /// The percentiles of a quantity that grows with the hours, by its key.
    pub fn range(&self, key: &str) -> Option<[Option<f64>; 3]> {
        let level = |name: &str| self.percentiles.get(&format!("{key}_{name}")).copied();
        let [(p10, _), (p50, _), (p90, _)] = LEVELS;
        Some([level(p10)?, level(p50)?, level(p90)?])
    }

    /// What grows with the hours, at percentiles of them over the hours of the answer.
    fn at(&self, ratios: Option<[f64; 3]>) -> Ordered<Option<f64>> {
        let of = [
            ("energy_it_mwh", self.energy_it_mwh),
            ("energy_facility_mwh", self.energy_facility_mwh),
            ("operational_tco2e", self.operational_tco2e),
            ("embodied_tco2e", self.embodied_tco2e),
            ("water_m3", self.water_m3),
        ];
        let Some(ratios) = ratios else { return Ordered::default() };
        let levels = LEVELS.iter().zip(ratios);
        let one = |(key, value): (&str, f64)| {
            let at = move |((name, _), ratio): (&(&str, f64), f64)| {
                (format!("{key}_{name}"), Some(value * ratio).filter(|value| value.is_finite()))
            };
            levels.clone().map(at).collect::<Vec<_>>()
        };
        of.into_iter().flat_map(one).collect()
    }
}

/// The electricity that a bill pays for.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ElectricityReply {
    /// Of a kilowatt-hour.
    pub usd_per_kwh: f64,
    /// As it is quoted, where that is not in dollars.
    pub native_per_kwh: Option<f64>,
    /// The money of that.
    pub currency: Option<String>,
    /// The rate by which it was made dollars.
    pub usd_per_unit: Option<f64>,
    /// The day of that rate.
    pub rate_date: Option<String>,
    /// The parent region that it is taken from; null where it is the place's own.
    pub taken_from: Option<String>,
    /// Where it is from.
    pub source: Option<SourceLine>,
}

impl ElectricityReply {
    /// Of a place with a price.
    pub fn of(whole: &WholeBill) -> Option<Self> {
        let (region, path) = (whole.place.region(), "electricity.price");
        let native = region.native.as_ref();
        Some(Self {
            usd_per_kwh: region.electricity?.usd_per_kwh(),
            native_per_kwh: native.map(|native| native.amount),
            currency: native.map(|native| native.currency.clone()),
            usd_per_unit: native.map(|native| native.usd_per_unit),
            rate_date: native.map(|native| native.rate_date.to_string()),
            taken_from: whole.place.taken_from(path).map(str::to_owned),
            source: whole.place.source(path).map(|source| SourceLine::new(path, source)),
        })
    }
}
