//! `flopbill init`: a commented spec to start from.

use std::path::PathBuf;

use clap::Args;

use super::{Reply, output};
use flopbill::Error;
use flopbill::internals::input::template::template;

/// Where to write it.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write; - for stdout
    #[arg(default_value = "run.toml")]
    path: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// Writes the spec.
pub fn run(args: &InitArgs) -> Result<Option<Reply>, Error> {
    if args.path.as_os_str() == "-" {
        return output::to_stdout(template().as_bytes()).map(|()| None);
    }
    if args.path.exists() && !args.force {
        let error = Error::not_written(format!("{} is already there", args.path.display()));
        return Err(error.with_hint("choose another name, or replace it with --force"));
    }
    output::to_file(&args.path, template().as_bytes())?;
    Ok(None)
}
