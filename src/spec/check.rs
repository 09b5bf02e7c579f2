//! Checking a profile file of any kind. It stands here and not in the catalog because a published run is a spec.

use std::path::Path;

use toml::de::DeTable;

use super::file::spec;
use crate::Error;
use crate::catalog::read::Document;
use crate::catalog::{Catalog, Found, KINDS, Kind, read_text};
use crate::catalog::{accelerator, bill, model, price, region, rule, system};

/// Reads a file as the kind of profile it is, with everything that the kind demands.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn file(path: &Path, catalog: &Catalog) -> Result<Kind, Error> {
    let document = Document::new(path.display().to_string(), read_text(path)?);
    let kind = kind_of(path, &document)?;
    let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    profile(kind, &Found { id, document, from_user: true }, catalog)?;
    Ok(kind)
}

/// Reads a profile of a kind, and forgets it.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn profile(kind: Kind, found: &Found, _catalog: &Catalog) -> Result<(), Error> {
    match kind {
        Kind::Accelerators => accelerator::accelerator(found).map(drop),
        Kind::Systems => system::system(found).map(drop),
        Kind::Prices => price::prices(found).map(drop),
        Kind::Regions => region::region(found).map(drop),
        Kind::Runs => spec(found).map(drop),
        Kind::Models => model::model(found).map(drop),
        Kind::Rules => rule::rule(found).map(drop),
        Kind::Assumptions if found.id == "bill" => bill::bill(found).map(drop),
        _ => Ok(()),
    }
}

/// The kind a file is: by its folder, else by a key that only one kind has.
///
/// # Errors
/// TOML that does not parse; a file that is none of the kinds.
pub fn kind_of(path: &Path, document: &Document) -> Result<Kind, Error> {
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    if let Some((_, kind, _)) = KINDS.iter().find(|(known, _, _)| Some(*known) == folder) {
        return Ok(*kind);
    }
    const TELLING: [(&str, Kind); 9] = [
        ("peak", Kind::Accelerators),
        ("typical", Kind::Prices),
        ("quote", Kind::Prices),
        ("grid", Kind::Regions),
        ("shape", Kind::Models),
        ("run", Kind::Runs),
        ("jurisdiction", Kind::Rules),
        ("tranche", Kind::Fleets),
        ("chips", Kind::Systems),
    ];
    let Ok(table) = DeTable::parse(&document.text) else {
        return document.read(|_| Some(Kind::Runs)); // the same syntax error, with its place
    };
    let found = TELLING.iter().find(|(key, _)| table.get_ref().contains_key(*key));
    found.map(|(_, kind)| *kind).ok_or_else(|| {
        let folders: Vec<&str> = KINDS.iter().map(|(folder, _, _)| *folder).collect();
        Error::bad_file(format!("{} is no kind of profile that flopbill knows", document.file))
            .with_hint(format!("put it in a folder named after its kind: {}", folders.join(", ")))
    })
}
