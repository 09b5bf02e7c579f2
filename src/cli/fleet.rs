//! `flopbill fleet`: deliveries, approvals, queues.

use clap::Args;

use super::Reply;
use super::values::{day, measured};
use flopbill::Error;
use flopbill::internals::ask::fleet::FleetRequest;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::report::fleet::view;

/// The question.
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// A fleet file, or one that ships: v3-again, 400k, quota, v4, topped-up
    #[arg(value_name = "FLEET|FILE")]
    name: String,
    /// Probability of being done by this day: 2026-12-31
    #[arg(long, value_name = "DATE")]
    by: Option<String>,
    /// The day of asking; a fleet that starts before it has a warning
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// Measured steps of the software of the runs, each with its chips: steps.csv
    #[arg(long, value_name = "FILE")]
    measured: Option<String>,
    /// Currency in which money is shown: EUR
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    /// Own rates of currencies, in US dollars per unit: EUR=1.10
    #[arg(long, value_name = "RATES")]
    rate: Option<String>,
}

/// Answers `flopbill fleet`.
pub fn run(args: &FleetArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let mut request = FleetRequest::new(&args.name);
    request.by = args.by.as_deref().map(str::parse).transpose()?;
    (request.as_of, request.today) = (day(args.as_of.as_deref())?, super::today());
    args.currency.iter().try_for_each(|code| request.money.set("money.currency", code))?;
    args.rate.iter().try_for_each(|rates| request.money.set("money.rate", rates))?;
    request.measured = measured(args.measured.as_deref())?;
    let found = request.ask(catalog)?;
    let view = view(&found);
    Ok(Reply { warnings: found.warnings, ..Reply::new(view) })
}
