//! `profiles/regions/`: electricity, grid and water, a missing value taken from the parent region.

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::hardware::region::{GRID_BASES, NativePrice, Region};
use crate::read::{Reader, Sources};
use crate::units::show;

/// Parents above a region at most: province, country, world.
pub(crate) const MOST_PARENTS: usize = 4;

/// A region with the sources of its values.
#[derive(Debug, Clone)]
pub struct RegionProfile {
    /// The region, completed from its parents.
    pub region: Region,
    /// Where each value came from: the region's own sources first, then its parents'.
    pub sources: Sources,
    /// Values that the region does not know: their path, and the name of the parent that they are taken from.
    pub taken: Vec<(&'static str, String)>,
    /// The region a missing value is looked up in.
    parent: Option<String>,
}

impl RegionProfile {
    /// The name of the parent that a value is taken from; `None` where the region knows it itself.
    pub fn taken_from(&self, path: &str) -> Option<&str> {
        self.taken.iter().find_map(|(taken, from)| (*taken == path).then_some(from.as_str()))
    }

    /// The region that this one is a part of.
    pub fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }
}

impl Catalog {
    /// The region of this name, completed from its parents.
    ///
    /// # Errors
    /// An unknown name, a profile that does not hold what it should, parents that go in a circle.
    pub fn region(&self, name: &str) -> Result<RegionProfile, Error> {
        let mut profile = region(&self.find(Kind::Regions, name)?)?;
        let mut above = profile.parent.clone();
        for _ in 0..MOST_PARENTS {
            let Some(name) = above else { return Ok(profile) };
            let parent = region(&self.find(Kind::Regions, &name)?)?;
            complete(&mut profile, &parent);
            above = parent.parent;
        }
        Err(Error::bad_file(format!("the parents of region {} go in a circle", profile.region.id)))
    }
}

fn complete(profile: &mut RegionProfile, parent: &RegionProfile) {
    let (own, above) = (&mut profile.region, &parent.region);
    let mut taken = Vec::new();
    if own.carbon.is_none() && above.carbon.is_some() {
        (own.carbon, own.carbon_basis, own.carbon_year) = (above.carbon, above.carbon_basis, above.carbon_year);
        own.other_years.clone_from(&above.other_years);
        taken.push("grid.carbon");
    }
    if own.electricity.is_none() && above.electricity.is_some() {
        (own.electricity, own.native) = (above.electricity, above.native.clone());
        taken.push("electricity.price");
    }
    for (path, own, above) in [
        ("water.on_site_l_per_kwh", &mut own.water_on_site, above.water_on_site),
        ("water.off_site_l_per_kwh", &mut own.water_off_site, above.water_off_site),
        ("pue.hyperscale", &mut own.pue_hyperscale, above.pue_hyperscale),
        ("pue.colocation", &mut own.pue_colocation, above.pue_colocation),
    ] {
        if own.is_none() && above.is_some() {
            *own = above;
            taken.push(path);
        }
    }
    // The source of what a parent lends is the parent's, whatever table of its own the region has a source for.
    let lent = |path: &&str| Some(((*path).to_owned(), parent.sources.of(path)?.clone()));
    let own_sources = profile.sources.0.iter().filter(|(path, _)| !taken.contains(&path.as_str())).cloned();
    profile.sources = Sources(own_sources.chain(taken.iter().filter_map(lent)).collect());
    profile.taken.extend(taken.into_iter().map(|path| (path, parent.region.name.clone())));
}

/// Reads one region, without its parents.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn region(found: &Found) -> Result<RegionProfile, Error> {
    found.document.read(|r| {
        r.texts("aliases");
        let sources = r.sources();
        let parent = r.text("parent");
        let region = body(r, &found.id);
        r.require_sources(&sources, &["parent"]);
        Some(RegionProfile { region: region?, sources, taken: Vec::new(), parent })
    })
}

fn body(r: &Reader<'_>, id: &str) -> Option<Region> {
    let name = r.need("name", r.text("name"));
    let mut region = Region { id: id.to_owned(), ..Region::default() };
    r.table("grid", |table| grid(table, &mut region));
    r.table("electricity", |table| electricity(table, &mut region));
    r.table("water", |water| {
        region.water_on_site = positive(water, "on_site_l_per_kwh");
        region.water_off_site = positive(water, "off_site_l_per_kwh");
        Some(())
    });
    r.table("pue", |pue| {
        region.pue_hyperscale = effectiveness(pue, "hyperscale");
        region.pue_colocation = effectiveness(pue, "colocation");
        Some(())
    });
    region.name = name?;
    Some(region)
}

/// The grid, of one year or several.
fn grid(r: &Reader<'_>, region: &mut Region) -> Option<()> {
    region.carbon = r.quantity("carbon");
    region.carbon_basis = r.choice("basis", &GRID_BASES);
    region.carbon_year = year(r);
    region.other_years = r.tables("other_years", |one| {
        let found = (one.need("year", year(one)), one.need("carbon", one.quantity("carbon")));
        Some((found.0?, found.1?))
    });
    let years = || region.other_years.iter().map(|(year, _)| *year).chain(region.carbon_year);
    if years().any(|one| years().filter(|other| *other == one).count() > 1) {
        r.fail("other_years", Error::bad_input("`other_years` gives a year twice").with_hint("give each year once"));
    }
    if !region.other_years.is_empty() && (region.carbon.is_none() || region.carbon_year.is_none()) {
        let error = Error::bad_input("`other_years` stand beside a `carbon` with its `year`");
        r.fail("other_years", error.with_hint("give the newest figure as `carbon`, with its `year`"));
    }
    Some(())
}

/// A year that a grid is measured in.
fn year(r: &Reader<'_>) -> Option<u32> {
    let year = r.integer("year")?;
    if !(1990..=2100).contains(&year) {
        r.fail("year", Error::bad_input("`year` is from 1990 to 2100"));
    }
    Some(year)
}

/// How far a price in dollars may lie from what the quoted amount and the rate make: sources round.
const ROUNDING: f64 = 0.01;

/// The price in dollars, and the amount, currency and rate that it was made of where it is quoted in another money.
fn electricity(r: &Reader<'_>, region: &mut Region) -> Option<()> {
    region.electricity = r.quantity("price");
    let amount = positive(r, "native");
    let (currency, usd_per_unit, rate_date) = (r.text("currency"), positive(r, "usd_per_unit"), r.day("rate_date"));
    if amount.is_none() && currency.is_none() && usd_per_unit.is_none() && rate_date.is_none() {
        return Some(());
    }
    let usd = r.need("price", region.electricity)?.usd_per_kwh();
    let (amount, currency) = (r.need("native", amount), r.need("currency", currency));
    let (usd_per_unit, rate_date) = (r.need("usd_per_unit", usd_per_unit), r.need("rate_date", rate_date));
    let native =
        NativePrice { amount: amount?, currency: currency?, usd_per_unit: usd_per_unit?, rate_date: rate_date? };
    let made = native.amount * native.usd_per_unit;
    if (made - usd).abs() > ROUNDING * usd {
        let NativePrice { amount, currency, usd_per_unit, .. } = &native;
        let error = Error::bad_input(format!(
            "`price` is ${usd}/kWh, but {amount} {currency} at {usd_per_unit} dollars are ${}/kWh",
            show::number(made, 4)
        ));
        r.fail("price", error.with_hint("correct the one that is wrong"));
    }
    region.native = Some(native);
    Some(())
}

fn positive(r: &Reader<'_>, key: &'static str) -> Option<f64> {
    let value = r.number(key)?;
    if value < 0.0 {
        r.fail(key, Error::bad_input(format!("`{key}` cannot be negative")));
    }
    Some(value)
}

fn effectiveness(r: &Reader<'_>, key: &'static str) -> Option<f64> {
    let value = r.number(key)?;
    if !(1.0..=5.0).contains(&value) {
        r.fail(key, Error::bad_input("power usage effectiveness is at least 1, and below 5"));
    }
    Some(value)
}
