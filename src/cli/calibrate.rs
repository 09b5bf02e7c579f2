//! `flopbill calibrate`: the fitted factors, from what comes with flopbill or from measurements of one's own.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::values::{OfTheRun, Values};
use super::{Reply, output, today};
use flopbill::Error;
use flopbill::internals::ask::calibrate::{CalibrateReply, CalibrateRequest};
use flopbill::internals::ask::keep::KeepRequest;
use flopbill::internals::catalog::{Catalog, Kind};
use flopbill::internals::report;
use flopbill::internals::report::calibrate::view;

/// What is refitted.
#[derive(Debug, Args)]
#[command(after_help = KEEPS)]
pub struct CalibrateArgs {
    /// Your measurements: a CSV of steps with the columns of profiles/measurements/steps.csv, or the TOML that
    /// profiles/measure/measure_gpu.py writes; without it, the shipped rows, against the values in the profiles
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// A factor to refit (repeatable, one to three from steps): gemm, memory, fabric; the others stay
    #[arg(long, value_name = "NAME", requires = "from")]
    factor: Vec<String>,
    /// Write the profiles with the new values to DIR/factors, for `--profiles DIR`
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,

    #[command(flatten)]
    values: Values<OfTheRun>,
}

const KEEPS: &str = "\
With --measured FILE, and the model and chip that it is of, -o stacks/mine.toml keeps what the steps tell as a stack of
your own, for --stack stacks/mine.toml.";

/// Answers `flopbill calibrate`.
pub fn run(args: &CalibrateArgs, profile: Option<&Path>, catalog: &Catalog) -> Result<Reply, Error> {
    if profile.is_some() || !args.values.is_empty() {
        return keep(args, profile, catalog);
    }
    let mut request = CalibrateRequest::default();
    (request.from, request.factors, request.today) = (args.from.clone(), args.factor.clone(), today());
    let mut fitted = request.ask(catalog)?;
    if let Some(folder) = &args.write {
        fitted.written = write(&fitted, folder)?;
    }
    let mut reply = Reply::new(view(&fitted));
    reply.warnings = fitted.head.warnings.clone();
    let differences = fitted.fitted.differences();
    if args.write.is_some() {
        reply.warnings.extend(differences)
    } else {
        reply.failed = differences
    }
    Ok(reply)
}

/// Keeps measured steps as a stack.
fn keep(args: &CalibrateArgs, profile: Option<&Path>, catalog: &Catalog) -> Result<Reply, Error> {
    if args.from.is_some() || args.write.is_some() {
        let error = Error::bad_input("--from and --write refit factors, and --measured keeps a stack");
        return Err(error.with_hint("ask for one of the two"));
    }
    let name = profile.and_then(Path::file_stem).map_or_else(|| "own".into(), |stem| stem.to_string_lossy());
    let mut request = KeepRequest::new(args.values.question(None, catalog)?, name);
    request.today = today();
    let mut kept = request.ask(catalog)?;
    if let Some(path) = profile {
        output::to_file(path, kept.text.as_bytes())?;
        kept.written = Some(path.display().to_string());
    }
    Ok(Reply { warnings: kept.head.warnings.clone(), ..Reply::new(report::keep::view(&kept)) })
}

/// Writes the profiles, once all of them have been made.
fn write(fitted: &CalibrateReply, folder: &Path) -> Result<Vec<String>, Error> {
    let write = |(kind, name, text): &(Kind, String, String)| {
        let folder = folder.join(kind.folder());
        fs::create_dir_all(&folder)
            .map_err(|trouble| Error::not_written(format!("--write: cannot make {}: {trouble}", folder.display())))?;
        let path = folder.join(format!("{name}.toml"));
        output::to_file(&path, text.as_bytes()).map(|()| path.display().to_string())
    };
    fitted.profiles.iter().map(write).collect()
}
