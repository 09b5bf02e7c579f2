//! `flopbill explain`: the chain of formulas with one run's numbers.

use clap::Args;

use super::Reply;
use super::values::{OfTheRun, Values};
use flopbill::Error;
use flopbill::internals::ask::explain::ExplainRequest;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::report;

/// Which run.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A published run, a model, a spec file, or - for a spec on stdin
    #[arg(value_name = "RUN|MODEL|FILE")]
    name: Option<String>,

    #[command(flatten)]
    values: Values<OfTheRun>,
}

/// Answers `flopbill explain`.
pub fn run(args: &ExplainArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let request = ExplainRequest::new(args.values.question(args.name.as_deref(), catalog)?);
    let found = request.ask(catalog)?;
    Ok(Reply { warnings: found.head.warnings.clone(), ..Reply::new(report::explain::view(&found)) })
}
