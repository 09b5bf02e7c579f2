//! `profiles/assumptions/destinations.toml`: where chips go, in which country groups that is, where makers are at home.

use crate::catalog::{Catalog, Found, Kind, normal, rule};
use crate::error::Error;
use crate::policy::outcome::{ANYWHERE, Place};
use crate::policy::rule::Rule;
use crate::read::{Reader, Sources};

/// The file's name.
const ID: &str = "destinations";

/// What one names to ask about a destination.
const HINT: &str = "name one country: china, usa, singapore, uae";

/// Places, groups of them and homes of makers.
#[derive(Debug, Clone)]
pub struct Destinations {
    /// Regions of more than one country.
    several: Vec<String>,
    /// Places that stand for their groups.
    pub examples: Vec<String>,
    /// Groups, with the places in each.
    groups: Vec<(String, Vec<String>)>,
    /// Id, name and other names of places that are no regions.
    places: Vec<(String, String, Vec<String>)>,
    /// Countries, with the makers that are at home there.
    makers: Vec<(String, Vec<String>)>,
    /// Where each value came from.
    pub sources: Sources,
}

impl Catalog {
    /// The destinations of chips.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn destinations(&self) -> Result<Destinations, Error> {
        destinations(&self.find(Kind::Assumptions, ID)?)
    }
}

impl Destinations {
    /// The country of this name, with its groups; a province is its country.
    ///
    /// # Errors
    /// An unknown name, with the nearest; a region of several countries.
    pub fn place(&self, name: &str, catalog: &Catalog) -> Result<Place, Error> {
        let wanted = normal(name);
        let known = |place: &&(String, String, Vec<String>)| {
            place.0 == wanted || normal(&place.1) == wanted || place.2.contains(&wanted)
        };
        if let Some((id, name, _)) = self.places.iter().find(known) {
            return Ok(self.grouped(id, name));
        }
        if !catalog.has(Kind::Regions, &wanted) {
            return Err(self.unknown(name, catalog));
        }
        let region = catalog.region(&wanted)?;
        if self.several.contains(&region.region.id) {
            let error = format!("{} is more than one country, and rules are asked about one", region.region.name);
            return Err(Error::bad_input(error).with_hint(HINT));
        }
        match region.parent().filter(|above| !self.several.iter().any(|several| several == above)) {
            Some(country) => self.place(country, catalog),
            None => Ok(self.grouped(&region.region.id, &region.region.name)),
        }
    }

    fn grouped(&self, id: &str, name: &str) -> Place {
        let inside = self.groups.iter().filter(|(_, places)| places.iter().any(|place| place == id));
        Place { id: id.into(), name: name.into(), groups: inside.map(|(group, _)| group.clone()).collect() }
    }

    fn unknown(&self, name: &str, catalog: &Catalog) -> Error {
        let regions = catalog.ids(Kind::Regions).into_iter().chain(catalog.nearest(Kind::Regions, name));
        let regions: Vec<String> = regions.filter(|id| !self.several.contains(id)).collect();
        let places = self.places.iter().flat_map(|(id, _, aliases)| std::iter::once(id).chain(aliases));
        let error = Error::unknown_name("destination", name, regions.iter().chain(places).map(String::as_str));
        if error.hint().is_some() { error } else { error.with_hint(HINT) }
    }

    /// Where a maker has its headquarters, if that is known.
    ///
    /// # Errors
    /// A country that nobody knows.
    pub fn home(&self, maker: &str, catalog: &Catalog) -> Result<Option<Place>, Error> {
        let wanted = normal(maker);
        let found = self.makers.iter().find(|(_, names)| names.iter().any(|name| normal(name) == wanted));
        found.map(|(country, _)| self.place(country, catalog)).transpose()
    }

    fn check(&self, found: &Found, catalog: &Catalog) -> Result<(), Error> {
        let grouped = self.groups.iter().flat_map(|(_, places)| places);
        let homes = self.makers.iter().map(|(country, _)| country);
        let mut every = grouped.chain(homes).chain(&self.examples);
        every.try_for_each(|place| self.place(place, catalog).map_err(|error| at(error, place, found)).map(drop))
    }

    fn check_rule(&self, rule: &Rule, found: &Found, catalog: &Catalog) -> Result<(), Error> {
        let known = |name: &str| name == ANYWHERE || self.groups.iter().any(|(group, _)| group == name);
        for name in rule.reach.iter().flat_map(|reach| reach.to.iter().chain(&reach.except)).filter(|name| !known(name))
        {
            self.place(name, catalog).map_err(|error| at(error, name, found))?;
        }
        match rule.amends.as_deref().filter(|other| !catalog.has(Kind::Rules, other)) {
            Some(other) => Err(at(catalog.unknown(Kind::Rules, other), other, found)),
            None => Ok(()),
        }
    }
}

/// Refuses a profile that reads and speaks of places, groups or rules that nobody knows.
///
/// # Errors
/// The first such name, in the file.
pub fn check(kind: Kind, found: &Found, catalog: &Catalog) -> Result<(), Error> {
    match kind {
        Kind::Rules => catalog.destinations()?.check_rule(&rule::rule(found)?.rule, found, catalog),
        Kind::Assumptions if found.id == ID => destinations(found)?.check(found, catalog),
        _ => Ok(()),
    }
}

/// An error at the first place where a name stands in quotes.
fn at(error: Error, name: &str, found: &Found) -> Error {
    let text = &found.document.text;
    let Some(start) = text.find(&format!("\"{name}\"")) else { return error };
    error.at(&found.document.file, text, start..start + name.len() + 2)
}

/// Reads the destinations.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn destinations(found: &Found) -> Result<Destinations, Error> {
    found.document.read(|r| {
        r.text("name");
        r.texts("aliases");
        let sources = r.sources();
        let read = Destinations {
            several: r.texts("several"),
            examples: r.texts("examples"),
            groups: r.tables("group", group),
            places: r.tables("place", place),
            makers: r.tables("maker", maker),
            sources: sources.clone(),
        };
        r.require_sources(&sources, &[]);
        Some(read)
    })
}

fn group(r: &Reader<'_>) -> Option<(String, Vec<String>)> {
    let name = r.need("name", r.text("name"));
    r.text("about");
    Some((name?, r.texts("places")))
}

fn place(r: &Reader<'_>) -> Option<(String, String, Vec<String>)> {
    let (id, name) = (r.need("id", r.text("id")), r.need("name", r.text("name")));
    Some((id?, name?, r.texts("aliases")))
}

fn maker(r: &Reader<'_>) -> Option<(String, Vec<String>)> {
    let country = r.need("country", r.text("country"));
    Some((country?, r.texts("names")))
}
