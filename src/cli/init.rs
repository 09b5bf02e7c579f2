//! `flopbill init`: a commented spec to start from.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Reply, output};
use flopbill::Error;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::input::template::{like, template};

/// Where it is written where nobody says.
const USUAL: &str = "run.toml";

/// What to write, and where.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file to write; - for stdout. -o says the same [default: run.toml]
    path: Option<PathBuf>,
    /// Start from a run, model or fleet that ships, its values written out with their sources: deepseek-v3, v3-again
    #[arg(long, value_name = "NAME")]
    like: Option<String>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// Writes the spec.
pub fn run(
    args: &InitArgs,
    output: Option<&Path>,
    format: Option<&str>,
    catalog: &Catalog,
) -> Result<Option<Reply>, Error> {
    if let Some(format) = format {
        let error = Error::bad_input(format!("--format {format} changes nothing here: a spec is TOML"));
        return Err(error.with_hint("leave it out"));
    }
    let path = match (args.path.as_deref(), output) {
        (Some(path), Some(output)) if path != output => {
            let message = format!("{} and -o {} both say where to write", path.display(), output.display());
            return Err(Error::bad_input(message).with_hint("leave one of them out"));
        }
        (path, output) => path.or(output).unwrap_or(Path::new(USUAL)),
    };
    let text = match &args.like {
        Some(name) => {
            like(name, catalog).map_err(|error| error.with_message(format!("--like: {}", error.message())))?
        }
        None => template(),
    };
    if path.as_os_str() == "-" {
        return output::to_stdout(text.as_bytes()).map(|()| None);
    }
    if path.extension().is_some_and(|end| end != "toml") {
        let error = Error::bad_input(format!("{} is no TOML file, which a spec is", path.display()));
        return Err(error.with_hint(format!("write it like `{}`", path.with_extension("toml").display())));
    }
    if path.exists() && !args.force {
        let error = Error::not_written(format!("{} is already there", path.display()));
        return Err(error.with_hint("choose another name, or replace it with --force"));
    }
    output::to_file(path, text.as_bytes())?;
    Ok(None)
}
