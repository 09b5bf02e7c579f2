//! Checking a profile file of any kind: what it holds, whether the profiles that it names exist, whether the rooms that
//! use it take it, and what its reader cannot see (`audit`): where its values are from, units, dates, names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::answer::looked_up::chip_of;
use crate::audit::{self, Against};
pub use crate::catalog::check::kind_of;
use crate::catalog::{Catalog, Found, Kind, Name, check, read_text};
use crate::error::Error;
use crate::fleet;
use crate::input::file::spec;
use crate::predict::setting::model_of;
use crate::read::Document;
use crate::ruling::destination;

/// A catalog with the names that it knows.
struct Known {
    catalog: Catalog,
    names: Vec<Name>,
}

impl Known {
    fn of(catalog: Catalog) -> Self {
        Self { names: catalog.names(), catalog }
    }
}

/// Reads files as the kinds of profile they are, with everything that the kinds demand. The chips and models that a file
/// names may stand in the folders beside its own. Nothing may be of a day after the catalog's, or the day of the facts that
/// ship.
///
/// # Errors
/// For each file, everything that is wrong with it, each with its place.
pub fn files(paths: &[PathBuf], catalog: &Catalog) -> Vec<Result<Kind, Error>> {
    let alone = Known::of(catalog.clone());
    let mut beside: BTreeMap<PathBuf, Known> = BTreeMap::new();
    let mut one = |path: &Path| {
        let document = Document::new(path.display().to_string(), read_text(path)?);
        let kind = kind_of(path, &document)?;
        let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let folder = path.parent().filter(|folder| folder.ends_with(kind.folder())).and_then(Path::parent);
        let known = match folder {
            None => &alone,
            Some(above) => {
                beside.entry(above.to_owned()).or_insert_with(|| Known::of(catalog.clone().and_folder(above)))
            }
        };
        let document = match kind {
            Kind::Assumptions => known.catalog.laid(document, &[&id]),
            _ => document,
        };
        whole(kind, &Found { id, document, from_user: true }, &known.catalog, &known.names).map(|()| kind)
    };
    paths.iter().map(|path| one(path)).collect()
}

/// Reads a profile of a kind, and looks at what its reader cannot see.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn whole(kind: Kind, found: &Found, catalog: &Catalog, names: &[Name]) -> Result<(), Error> {
    let unread = profile(kind, found, catalog).err();
    let against = Against { names, day: catalog.day() };
    let mut findings = audit::findings(kind, found, &against);
    // A value that does not read is refused once.
    let refused = |finding: &Error| unread.iter().flat_map(Error::each).any(|error| error.place() == finding.place());
    findings.retain(|finding| !refused(finding));
    Error::all(unread.into_iter().chain(findings).collect()).map_or(Ok(()), Err)
}

/// Reads a profile of a kind, and forgets it.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn profile(kind: Kind, found: &Found, catalog: &Catalog) -> Result<(), Error> {
    match kind {
        Kind::Runs => run(found, catalog),
        Kind::Fleets => fleet::load::read(found, catalog).map(drop),
        _ => check::profile(kind, found, catalog).and_then(|()| destination::check(kind, found, catalog)),
    }
}

/// A run, with the chip and the model that it names.
fn run(found: &Found, catalog: &Catalog) -> Result<(), Error> {
    let spec = spec(found)?;
    let chip = spec.gpu.as_ref().and_then(|gpu| chip_of(gpu, catalog).err());
    let wrong: Vec<Error> = chip.into_iter().chain(model_of(&spec, catalog).err()).collect();
    Error::all(wrong).map_or(Ok(()), Err)
}
