//! `flopbill profiles list | show | check`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Reply;
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
    },
}

/// Answers `flopbill profiles`.
pub fn run(args: &ProfilesArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let request = match &args.command {
        ProfilesCommand::List { kind } => ProfilesRequest::List(kind.clone()),
        ProfilesCommand::Show { name } => ProfilesRequest::Show(name.clone()),
        ProfilesCommand::Check { files } => ProfilesRequest::Check(files.clone()),
    };
    Ok(Reply::new(report::profile::view(&request.ask(catalog)?)))
}
