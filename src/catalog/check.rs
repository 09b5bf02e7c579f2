//! Reading a profile file of any kind, to see whether it reads.

use std::path::Path;

use toml::de::DeTable;

use super::{Catalog, Found, KINDS, Kind};
use super::{
    accelerator, architecture, batches, bill, currency, factors, failures, figures, fleet, memory_spread, model, price,
    region, rollout, rule, scaling, software, stack, system,
};
use crate::error::Error;
use crate::read::Document;

/// Reads a profile of a kind, and forgets it. A run is a spec, which `input` reads.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn profile(kind: Kind, found: &Found, catalog: &Catalog) -> Result<(), Error> {
    match kind {
        Kind::Accelerators => accelerator::accelerator(found, catalog).map(drop),
        Kind::Systems => system::system(found).and_then(|_| names_a(Kind::Accelerators, "accelerator", found, catalog)),
        Kind::Prices => {
            price::prices(found, catalog).and_then(|_| names_a(Kind::Accelerators, "accelerator", found, catalog))
        }
        Kind::Regions => region::region(found).and_then(|_| names_a(Kind::Regions, "parent", found, catalog)),
        Kind::Runs => Ok(()),
        Kind::Models => model::model(found, catalog).map(drop),
        Kind::Rules => rule::rule(found).map(drop),
        Kind::Fleets => fleet::fleet(found, catalog).map(drop),
        Kind::Factors => factors::factors(found).map(drop),
        Kind::Stacks => stack::stack(found).map(drop),
        Kind::Architectures => architecture::class(found).and_then(|class| architecture::likes(&class, found, catalog)),
        Kind::Assumptions => match found.id.as_str() {
            "batch" => batches::batch_sizes(found).map(drop),
            "bill" => bill::bill(found).map(drop),
            "failures" => failures::failures(found).map(drop),
            "destinations" => Ok(()), // read where destinations are
            "currencies" => currency::currencies(found).map(drop),
            "memory" => memory_spread::read(found).map(drop),
            "rollout" => rollout::rollout(found).map(drop),
            "scaling" => scaling::scaling(found).map(drop),
            "software" => software::software(found).map(drop),
            _ => figures::figures(found, catalog).map(drop),
        },
    }
}

/// Refuses a profile that names a profile of a kind which nobody knows, or itself as its parent.
fn names_a(kind: Kind, key: &str, found: &Found, catalog: &Catalog) -> Result<(), Error> {
    let document = &found.document;
    let Ok(table) = DeTable::parse(&document.text) else { return Ok(()) }; // its reader has said so
    let Some(value) = table.get_ref().get(key) else { return Ok(()) };
    let name = value.get_ref().as_str().unwrap_or_default();
    let error = if key == "parent" && name == found.id {
        Error::bad_file(format!("`{key}` is the profile itself")).with_hint("name another one, or leave the line out")
    } else if catalog.has(kind, name) {
        return Ok(());
    } else {
        catalog.unknown(kind, name)
    };
    Err(error.at(&document.file, &document.text, value.span()))
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
    const TELLING: [(&str, Kind); 23] = [
        ("model_type", Kind::Architectures),
        ("peak", Kind::Accelerators),
        ("typical", Kind::Prices),
        ("quote", Kind::Prices),
        ("purchase", Kind::Prices),
        ("currency", Kind::Assumptions),
        ("grid", Kind::Regions),
        ("shape", Kind::Models),
        ("phase", Kind::Runs),
        ("jurisdiction", Kind::Rules),
        ("tranche", Kind::Fleets),
        ("headline", Kind::Assumptions),
        ("place", Kind::Assumptions),
        ("run", Kind::Runs),
        ("chips", Kind::Systems),
        ("factors", Kind::Factors),
        ("tensor_overlap", Kind::Stacks),
        ("failures", Kind::Assumptions),
        ("era", Kind::Assumptions),
        ("law", Kind::Assumptions),
        ("length_spread", Kind::Assumptions),
        ("other", Kind::Assumptions),
        ("layout_gap", Kind::Assumptions),
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
