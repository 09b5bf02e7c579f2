//! Checking a profile file of any kind: what it holds, and whether the profiles that it names exist. It stands
//! above the catalog and the specs because fleets, scaling laws and published figures are read by studies.

use std::path::Path;

use toml::de::DeTable;

use crate::Error;
use crate::answer::predicted::model_of;
use crate::answer::resolve::chip_of;
use crate::ask::decompose;
use crate::catalog::read::Document;
use crate::catalog::{Catalog, Found, KINDS, Kind, read_text};
use crate::catalog::{accelerator, bill, factors, model, price, region, rule, stack, system};
use crate::fleet;
use crate::input::file::spec;
use crate::scaling::laws;

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
        Kind::Accelerators => accelerator::accelerator(found, catalog).map(drop),
        Kind::Systems => system::system(found).and_then(|_| names_a_chip(found, catalog)),
        Kind::Prices => price::prices(found).and_then(|_| names_a_chip(found, catalog)),
        Kind::Regions => region::region(found).map(drop),
        Kind::Runs => run(found, catalog),
        Kind::Models => model::model(found).map(drop),
        Kind::Rules => rule::rule(found).map(drop),
        Kind::Fleets => fleet::load::read(found, catalog).map(drop),
        Kind::Factors => factors::factors(found).map(drop),
        Kind::Stacks => stack::stack(found).map(drop),
        Kind::Assumptions => match found.id.as_str() {
            "bill" => bill::bill(found).map(drop),
            "scaling" => laws::scaling(found).map(drop),
            _ => decompose::read_figures(found, catalog).map(drop),
        },
    }
}

/// Refuses a profile whose `accelerator` nobody knows.
fn names_a_chip(found: &Found, catalog: &Catalog) -> Result<(), Error> {
    let document = &found.document;
    let Ok(table) = DeTable::parse(&document.text) else { return Ok(()) }; // its reader has said so
    let Some(value) = table.get_ref().get("accelerator") else { return Ok(()) };
    let name = value.get_ref().as_str().unwrap_or_default();
    if catalog.has(Kind::Accelerators, name) {
        return Ok(());
    }
    Err(catalog.unknown(Kind::Accelerators, name).at(&document.file, &document.text, value.span()))
}

/// A run, with the chip and the model that it names.
fn run(found: &Found, catalog: &Catalog) -> Result<(), Error> {
    let spec = spec(found)?;
    let chip = spec.gpu.as_ref().and_then(|gpu| chip_of(gpu, catalog).err());
    let wrong: Vec<Error> = chip.into_iter().chain(model_of(&spec, catalog).err()).collect();
    Error::all(wrong).map_or(Ok(()), Err)
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
    const TELLING: [(&str, Kind); 15] = [
        ("peak", Kind::Accelerators),
        ("typical", Kind::Prices),
        ("quote", Kind::Prices),
        ("grid", Kind::Regions),
        ("shape", Kind::Models),
        ("phase", Kind::Runs),
        ("jurisdiction", Kind::Rules),
        ("tranche", Kind::Fleets),
        ("headline", Kind::Assumptions),
        ("run", Kind::Runs),
        ("chips", Kind::Systems),
        ("factors", Kind::Factors),
        ("tensor_overlap", Kind::Stacks),
        ("failures", Kind::Assumptions),
        ("law", Kind::Assumptions),
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
