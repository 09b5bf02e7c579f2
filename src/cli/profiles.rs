//! `flopbill profiles list | show | check`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Reply;
use super::values::day;
use flopbill::Error;
use flopbill::internals::ask::profiles::ProfilesRequest;
use flopbill::internals::catalog::Catalog;
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
        /// Today, after which nothing can have been read
        #[arg(long, value_name = "DATE")]
        as_of: Option<String>,
    },
}

/// Answers `flopbill profiles`.
pub fn run(args: &ProfilesArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let (request, today) = match &args.command {
        ProfilesCommand::List { kind } => (ProfilesRequest::List(kind.clone()), None),
        ProfilesCommand::Show { name } => (ProfilesRequest::Show(name.clone()), None),
        ProfilesCommand::Check { files, as_of } => {
            (ProfilesRequest::Check(files.clone()), day(as_of.as_deref())?.or_else(super::today))
        }
    };
    Ok(Reply::new(report::profile::view(&request.ask(&catalog.as_of(today))?)))
}
