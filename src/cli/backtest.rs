//! `flopbill backtest`: predictions against measured steps and published hours.

use std::path::PathBuf;

use clap::Args;

use super::Reply;
use flopbill::Error;
use flopbill::internals::ask::backtest::BacktestRequest;
use flopbill::internals::catalog::Catalog;
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
    /// Measured memory: a CSV with the columns of profiles/measurements/memory.csv, or those rows without a file
    #[arg(long, value_name = "CSV", num_args = 0..=1)]
    memory: Option<Option<PathBuf>>,
    /// Also the errors under factors refitted to the other sources of these steps
    #[arg(long)]
    leave_one_out: bool,
    /// Also the errors after so many measured steps of each source: 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=1))]
    after: Option<u8>,
}

/// Answers `flopbill backtest`.
pub fn run(args: &BacktestArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let mut request = BacktestRequest::new().leave_one_out(args.leave_one_out).after_one(args.after.is_some());
    (request.steps, request.runs) = (args.steps.clone(), args.runs.clone());
    request.memory = args.memory.clone();
    Ok(Reply::new(view(&request.ask(catalog)?)))
}
