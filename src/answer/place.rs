//! The place of a bill: its electricity, grid, PUE and water, and which of them are its own, a parent's or assumed.

use super::whole_bill::Choices;
use crate::catalog::Catalog;
use crate::catalog::region::RegionProfile;
use crate::cost::carbon::{Accounting, Grid, Water};
use crate::cost::defaults::{HostingKind, Told};
use crate::cost::energy::Power;
use crate::cost::own::Hosting;
use crate::cost::{Terms, View};
use crate::error::Error;
use crate::hardware::region::{GridBasis, GridYear, Region};
use crate::read::Sources;
use crate::source::{Source, SourceKind};
use crate::units::show;

/// The place of a bill.
#[derive(Debug, Clone)]
pub struct Place {
    profile: RegionProfile,
    /// A place was named, rather than the world's average taken.
    named: bool,
    /// A hyperscaler's site rather than a rented hall.
    hyperscale: bool,
    /// A PUE that was given.
    pue: Option<f64>,
    /// The year whose grid is wanted, and whose year that is.
    wanted: Option<(u32, &'static str)>,
}

impl Place {
    /// The place that is chosen, or the world.
    ///
    /// # Errors
    /// An unknown name; a profile that does not hold what it should.
    pub fn of(choices: &Choices, told: &Told, sources: &Sources, catalog: &Catalog) -> Result<Self, Error> {
        let year = |day: crate::units::date::Date| u32::try_from(day.parts().0).ok();
        let asked = choices.day.and_then(year).map(|year| (year, "the day asked about"));
        let own = choices.run.and_then(year).map(|year| (year, "the run"));
        let mut profile = catalog.region(choices.region.as_deref().unwrap_or("world"))?;
        if let (Some(price), Some(source)) = (told.electricity, sources.of("electricity.price")) {
            (profile.region.electricity, profile.region.native) = (Some(price), None);
            profile.taken.retain(|(path, _)| *path != "electricity.price");
            profile.sources = profile.sources.with("electricity.price".into(), source.clone());
        }
        Ok(Self {
            profile,
            named: choices.region.is_some(),
            hyperscale: choices.hyperscale,
            pue: told.pue,
            wanted: asked.or(own),
        })
    }

    /// Refuses a bill that meters electricity where no price of it is known.
    ///
    /// # Errors
    /// That.
    pub fn check(&self, view: View, hosting: HostingKind) -> Result<(), Error> {
        let metered = view == View::Epoch || (view == View::Own && hosting == HostingKind::Facility);
        if self.region().electricity.is_some() || !metered {
            return Ok(());
        }
        let error = Error::no_solution(format!("no electricity price is known for {}", self.region().name));
        Err(error.with_hint("give the region a parent, or a price in its profile"))
    }

    /// What is published about it, completed from its parents.
    pub fn region(&self) -> &Region {
        &self.profile.region
    }

    /// Where a value comes from.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.profile.sources.of(path)
    }

    /// The parent that a value is taken from.
    pub fn taken_from(&self, path: &str) -> Option<&str> {
        self.profile.taken_from(path)
    }

    /// Power usage effectiveness: the one given, else that of the kind of site, else that of the other kind.
    pub fn pue(&self) -> Option<f64> {
        self.pue.or_else(|| self.known_pue().map(|(_, pue)| pue))
    }

    /// The profile's, with its path.
    fn known_pue(&self) -> Option<(&'static str, f64)> {
        let hyperscale = self.region().pue_hyperscale.map(|pue| ("pue.hyperscale", pue));
        let hall = self.region().pue_colocation.map(|pue| ("pue.colocation", pue));
        if self.hyperscale { hyperscale.or(hall) } else { hall.or(hyperscale) }
    }

    /// The grid of the run's own year, of the nearest known one, or of the newest where no year is told.
    pub fn grid_year(&self) -> Option<GridYear> {
        self.region().grid(self.wanted.map(|(year, _)| year))
    }

    /// The year that is wanted.
    pub fn wanted_year(&self) -> Option<u32> {
        self.wanted.map(|(year, _)| year)
    }

    /// The electricity, counted where it is used.
    pub fn grid(&self) -> Option<Grid> {
        let basis = self.region().carbon_basis.unwrap_or(GridBasis::LifeCycle);
        Some(Grid { intensity: self.grid_year()?.carbon, accounting: Accounting::Location, basis })
    }

    /// Water on site and at the power plants.
    pub fn water(&self) -> Option<Water> {
        let region = self.region();
        Some(Water { on_site_l_per_kwh: region.water_on_site?, off_site_l_per_kwh: region.water_off_site? })
    }

    /// Whether a bill pays for metered electricity, in a line or in the owned hour beside it.
    pub fn is_metered(view: View, terms: &Terms) -> bool {
        view == View::Epoch || matches!(terms.own.hosting, Hosting::Facility { .. })
    }

    /// What of it is assumed or lent by a parent, in sentences.
    pub fn said(&self, view: View, terms: &Terms) -> Vec<String> {
        let mut said = Vec::new();
        if let (true, Hosting::Facility { usd_per_kw_month, .. }, true) =
            (self.named, terms.own.hosting, view != View::Epoch)
        {
            let hall = show::number(usd_per_kw_month, 4);
            said.push(format!(
                "hosting: space and cooling at ${hall} a kW and month, electricity metered (--hosting all_in pays both in one)"
            ));
        }
        if Self::is_metered(view, terms) {
            said.extend(self.electricity_said());
        }
        said.extend(self.grid_said());
        said.extend(self.pue_said(terms));
        if terms.own.power.is_none() {
            said.push("the power of this chip is not known: no energy and no emissions".into());
        }
        if self.water().is_none() {
            said.push(format!("no water use is known for {}: no energy and no emissions", self.region().name));
        }
        let water = ["water.on_site_l_per_kwh", "water.off_site_l_per_kwh"];
        let values = [self.region().water_on_site, self.region().water_off_site];
        for ((path, value), whose) in water.into_iter().zip(values).zip(["on site", "at the power plants"]) {
            let what = value.map(|value| format!("water {whose} {} L/kWh", show::number(value, 5)));
            said.extend(what.and_then(|what| self.lent(path, &what)));
        }
        said
    }

    fn electricity_said(&self) -> Option<String> {
        let path = "electricity.price";
        let price = show::number(self.region().electricity?.usd_per_kwh(), 4);
        let what = format!("electricity ${price}/kWh");
        let (name, source) = (&self.region().name, self.source(path)?);
        match (self.taken_from(path), source.kind) {
            (Some(_), SourceKind::Assumption) => {
                Some(format!("{what}: no price is known for {name}; assumed: {}", source.title))
            }
            _ => self.lent(path, &what),
        }
    }

    fn grid_said(&self) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        let Some(found) = self.grid_year() else {
            return vec![format!(
                "no carbon of the grid is known for {}: no energy and no emissions",
                self.region().name
            )];
        };
        let carbon = format!("grid {} g/kWh", show::number(found.carbon.g_per_kwh(), 4));
        said.extend(
            self.taken_from("grid.carbon")
                .map(|from| format!("{carbon}: taken from {from}, none is known for {}", self.region().name)),
        );
        let Some(year) = found.year else {
            said.push(format!("{carbon}: its source names no year"));
            return said;
        };
        if let Some((wanted, whose)) = self.wanted.filter(|(wanted, _)| *wanted != year) {
            said.push(format!("{carbon} of {year}: none is known of {wanted}, the year of {whose}"));
        }
        said
    }

    fn pue_said(&self, terms: &Terms) -> Option<String> {
        if self.pue.is_some() || matches!(terms.own.power, Some(Power::Chip { .. })) {
            return None; // given, or not counted at all
        }
        let Some((path, pue)) = self.known_pue() else {
            let (Power::Server { pue, .. } | Power::AllIn { pue, .. }) = terms.own.power? else { return None };
            let (pue, name) = (show::number(pue, 4), &self.region().name);
            return Some(format!("PUE {pue}, assumed as for any site: none is known for {name}"));
        };
        self.lent(path, &format!("PUE {}", show::number(pue, 4)))
    }

    /// A value that is a parent's or assumed, in a sentence; `None` for one that is sourced for the place itself.
    fn lent(&self, path: &str, what: &str) -> Option<String> {
        let source = self.source(path)?;
        let assumed = source.kind == SourceKind::Assumption;
        match self.taken_from(path) {
            Some(from) if assumed => Some(format!("{what}, taken from {from} and assumed: {}", source.title)),
            Some(from) => Some(format!("{what}: taken from {from}, none is known for {}", self.region().name)),
            None if assumed => Some(format!("{what}, assumed: {}", source.title)),
            None => None,
        }
    }
}
