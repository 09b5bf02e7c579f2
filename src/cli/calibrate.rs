//! `flopbill calibrate`: the fitted factors, from what comes with flopbill or from measurements of one's own.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Reply, output, today};
use flopbill::Error;
use flopbill::internals::ask::calibrate::{CalibrateReply, CalibrateRequest};
use flopbill::internals::catalog::{Catalog, Kind};
use flopbill::internals::report::calibrate::view;

/// What is refitted.
#[derive(Debug, Args)]
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
}

/// Answers `flopbill calibrate`.
pub fn run(args: &CalibrateArgs, catalog: &Catalog) -> Result<Reply, Error> {
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
