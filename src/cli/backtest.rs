//! `flopbill backtest`: predictions against measured steps and published hours.

use std::path::PathBuf;

use clap::Args;

use super::Reply;
use flopbill::Error;
use flopbill::internals::calibration::backtest::Skipped;
use flopbill::internals::calibration::history::{Runs, Steps, back_test_runs, back_test_steps};
use flopbill::internals::catalog::{Catalog, run_rows, steps, table};
use flopbill::internals::report::backtest::view;

/// What is tested.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// Measured steps: a CSV with the columns of profiles/measurements/steps.csv
    #[arg(long, value_name = "CSV")]
    steps: Option<PathBuf>,
    /// Published runs: a CSV with the columns of profiles/measurements/runs.csv
    #[arg(long, value_name = "CSV")]
    runs: Option<PathBuf>,
    /// Also the errors under factors refitted to the other sources of these steps
    #[arg(long)]
    leave_one_out: bool,
}

/// Answers `flopbill backtest`: the files that are named, or all that comes with flopbill.
pub fn run(args: &BacktestArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let shipped = args.steps.is_none() && args.runs.is_none();
    let steps = if shipped || args.steps.is_some() { Some(args.test_steps(catalog)?) } else { None };
    let runs = if shipped || args.runs.is_some() { Some(args.test_runs(catalog)?) } else { None };
    Ok(Reply::new(view(steps.as_ref(), runs.as_ref())))
}

impl BacktestArgs {
    fn test_steps(&self, catalog: &Catalog) -> Result<Steps, Error> {
        let (rows, unreadable) = match &self.steps {
            Some(path) => table::file(path).map(|rows| (rows.read, skipped(rows.unreadable)))?,
            None => (steps::shipped()?, Vec::new()),
        };
        back_test_steps(&rows, unreadable, catalog, self.leave_one_out)
    }

    fn test_runs(&self, catalog: &Catalog) -> Result<Runs, Error> {
        let (rows, unreadable) = match &self.runs {
            Some(path) => table::file(path).map(|rows| (rows.read, skipped(rows.unreadable)))?,
            None => (run_rows::shipped()?, Vec::new()),
        };
        back_test_runs(&rows, unreadable, catalog)
    }
}

/// Rows whose cells cannot be read, as those that cannot be predicted.
pub fn skipped(unreadable: Vec<(String, String)>) -> Vec<Skipped> {
    unreadable.into_iter().map(|(id, reason)| Skipped { id, reason }).collect()
}
