//! `flopbill profiles list | show | check`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Reply;
use flopbill::Error;
use flopbill::internals::ask::check;
use flopbill::internals::catalog::{Catalog, KINDS, Kind, is_path};
use flopbill::internals::report;

/// What to do with profiles.
#[derive(Debug, Args)]
pub struct ProfilesArgs {
    #[command(subcommand)]
    command: ProfilesCommand,
}

#[derive(Debug, Subcommand)]
enum ProfilesCommand {
    /// Names of all profiles, or of one kind: accelerators, systems, prices, regions, models, runs, rules, stacks
    List {
        /// The kind
        kind: Option<String>,
    },
    /// Everything in one profile, with the source of each value
    Show {
        /// Its name, or kind/name where several kinds have it
        name: String,
    },
    /// Check files of your own: every error with its place
    Check {
        /// The files; their folder says their kind
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Answers `flopbill profiles`.
pub fn run(args: &ProfilesArgs, catalog: &Catalog) -> Result<Reply, Error> {
    match &args.command {
        ProfilesCommand::List { kind } => {
            let kinds = match kind {
                Some(name) => vec![kind_of(name)?],
                None => KINDS.iter().map(|(_, kind, _)| *kind).collect(),
            };
            Ok(Reply::new(report::profile::list(&kinds, catalog)))
        }
        ProfilesCommand::Show { name } => show(name, catalog),
        ProfilesCommand::Check { files } => check_files(files, catalog),
    }
}

fn kind_of(name: &str) -> Result<Kind, Error> {
    let found = KINDS.iter().find(|(folder, _, singular)| *folder == name || *singular == name);
    found.map(|(_, kind, _)| *kind).ok_or_else(|| {
        let folders: Vec<&str> = KINDS.iter().map(|(folder, _, _)| *folder).collect();
        Error::unknown_of("kind of profile", name, folders)
    })
}

fn show(name: &str, catalog: &Catalog) -> Result<Reply, Error> {
    if let Some((kind, name)) =
        name.split_once('/').filter(|(kind, _)| KINDS.iter().any(|(folder, _, _)| folder == kind))
        && !Path::new(&format!("{kind}/{name}")).exists()
    {
        let kind = kind_of(kind)?;
        // A price list is known by its chip, whose other names lead to it too.
        let chip = || catalog.accelerator(name).ok().map(|chip| chip.chip.id);
        let of_chip = (kind == Kind::Prices && !catalog.has(kind, name)).then(chip).flatten();
        let found = catalog.find(kind, of_chip.as_deref().unwrap_or(name))?;
        return report::profile::show(kind, &found, catalog).map(Reply::new);
    }
    if is_path(name) {
        let found = catalog.find(Kind::Accelerators, name)?;
        let kind = check::kind_of(Path::new(name), &found.document)?;
        return report::profile::show(kind, &found, catalog).map(Reply::new);
    }
    // A name of several kinds means the first in the order of the kinds: a chip before its prices.
    let first = KINDS.iter().map(|(_, kind, _)| *kind).find(|kind| catalog.has(*kind, name));
    let kind = first.ok_or_else(|| unknown(name, catalog))?;
    report::profile::show(kind, &catalog.find(kind, name)?, catalog).map(Reply::new)
}

fn unknown(name: &str, catalog: &Catalog) -> Error {
    let mut errors = KINDS.iter().map(|(_, kind, _)| catalog.unknown(*kind, name));
    let near = errors.rfind(|error| error.hint().is_some_and(|hint| hint.starts_with("did you mean")));
    let message = format!("no profile is called `{name}`");
    let hint = near.and_then(|error| error.hint().map(str::to_owned));
    Error::new(flopbill::internals::error::Kind::UnknownName, message)
        .with_hint(hint.unwrap_or_else(|| "`flopbill profiles list` names them all".into()))
}

fn check_files(files: &[PathBuf], catalog: &Catalog) -> Result<Reply, Error> {
    let mut errors = Vec::new();
    let mut rows = Vec::new();
    for file in files {
        match check::file(file, catalog) {
            Ok(kind) => rows.push((file.display().to_string(), kind)),
            Err(error) => errors.push(error),
        }
    }
    match Error::all(errors) {
        Some(error) => Err(error),
        None => Ok(Reply::new(report::profile::checked(&rows))),
    }
}
