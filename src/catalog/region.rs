//! `profiles/regions/`: electricity, grid and water, a missing value taken from the parent region.

use super::read::{Reader, Sources};
use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::hardware::region::{GRID_BASES, Region};

/// Parents above a region at most: province, country, world.
const MOST_PARENTS: usize = 4;

/// A region with the sources of its values.
#[derive(Debug, Clone)]
pub struct RegionProfile {
    /// The region, completed from its parents.
    pub region: Region,
    /// Where each value came from: the region's own sources first, then its parents'.
    pub sources: Sources,
    /// The region a missing value is looked up in.
    parent: Option<String>,
}

impl RegionProfile {
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
    if own.carbon.is_none() {
        (own.carbon, own.carbon_basis, own.carbon_year) = (above.carbon, above.carbon_basis, above.carbon_year);
    }
    own.electricity = own.electricity.or(above.electricity);
    own.water_on_site = own.water_on_site.or(above.water_on_site);
    own.water_off_site = own.water_off_site.or(above.water_off_site);
    own.pue_hyperscale = own.pue_hyperscale.or(above.pue_hyperscale);
    own.pue_colocation = own.pue_colocation.or(above.pue_colocation);
    let missing = parent.sources.0.iter().filter(|(path, _)| profile.sources.of(path).is_none());
    let all = profile.sources.0.iter().chain(missing).cloned().collect();
    profile.sources = Sources(all);
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
        Some(RegionProfile { region: region?, sources, parent })
    })
}

fn body(r: &Reader<'_>, id: &str) -> Option<Region> {
    let name = r.need("name", r.text("name"));
    let mut region = Region { id: id.to_owned(), ..Region::default() };
    r.table("grid", |grid| {
        region.carbon = grid.quantity("carbon");
        region.carbon_basis = grid.choice("basis", &GRID_BASES);
        region.carbon_year = grid.integer("year");
        Some(())
    });
    region.electricity = r.table("electricity", |inner| inner.quantity("price"));
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
