//! What a profile's reader cannot see: whether its values say where they are from, whether the kind of a source agrees
//! with its address, whether its dates have come, its numbers can be meant, and its names are its own.
//!
//! Five rules, each with the place of what breaks it:
//!
//! 1. **Attribution.** A source has a title, and names a value of the file or a table above one; a value is not blank;
//!    a file that names sources names one for every value. What is not known is left out.
//! 2. **Kind and address.** A kind says what was read ([`provenance`]): `datasheet` only the vendor's own sheet, `quoted`
//!    whatever a third party passes on, `assumption` what nobody checked.
//! 3. **Date.** No source, quote, decision or published run is of a day after the day of asking or [`FACTS`], whichever is
//!    later. What a rule or a fleet plans may be.
//! 4. **Unit.** A number lies where numbers of its meaning lie ([`plausible`]): those of a spec in the ranges of its
//!    fields, the others in a table of their own. A slip of a unit is a factor of a thousand, and lies outside.
//! 5. **Names.** An alias names one profile, whatever its kind ([`names`]).

use toml::de::DeTable;

use crate::catalog::{Found, Kind, Name};
use crate::error::Error;
use crate::source::FACTS;
use crate::units::date::Date;

mod entries;
pub mod names;
pub mod plausible;
pub mod provenance;

use entries::Entries;

/// What a profile is held against.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// Every name that the catalog knows.
    pub names: &'a [Name],
    /// The day of asking, if one is known; the facts that ship have one of their own.
    pub day: Option<Date>,
}

/// Everything that is found in one profile, in the order of the file. Nothing of a text that is no TOML: its reader says
/// so.
pub fn findings(kind: Kind, found: &Found, against: &Against<'_>) -> Vec<Error> {
    let document = &found.document;
    let Ok(table) = DeTable::parse(&document.text) else { return Vec::new() };
    let entries = Entries::of(document, table.get_ref());
    let mut errors = provenance::attribution(kind, &entries);
    errors.extend(provenance::kinds(&entries));
    errors.extend(provenance::dates(kind, &entries, newest(against.day)));
    errors.extend(plausible::units(kind, &entries));
    errors.extend(names::shared(kind, &found.id, &entries, against.names));
    errors.sort_by_key(|error| error.place().map(|place| place.span.start));
    errors
}

/// The day after which nothing can have been read.
fn newest(day: Option<Date>) -> Option<Date> {
    day.max(FACTS.parse().ok())
}
