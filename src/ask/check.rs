//! Checking a profile file of any kind: what it holds, whether the profiles that it names exist, and whether the
//! rooms that use it take it.

use std::path::Path;

use crate::answer::looked_up::chip_of;
pub use crate::catalog::check::kind_of;
use crate::catalog::read::Document;
use crate::catalog::{Catalog, Found, Kind, check, read_text};
use crate::error::Error;
use crate::fleet;
use crate::input::file::spec;
use crate::predict::setting::model_of;
use crate::ruling::destination;

/// Reads a file as the kind of profile it is, with everything that the kind demands. The chips and models that
/// it names may stand in the folders beside its own.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn file(path: &Path, catalog: &Catalog) -> Result<Kind, Error> {
    let document = Document::new(path.display().to_string(), read_text(path)?);
    let kind = kind_of(path, &document)?;
    let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    let folder = path.parent().filter(|folder| folder.ends_with(kind.folder()));
    let beside = folder.and_then(Path::parent).map(|above| catalog.clone().and_folder(above));
    profile(kind, &Found { id, document, from_user: true }, beside.as_ref().unwrap_or(catalog))?;
    Ok(kind)
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
