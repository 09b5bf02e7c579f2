//! `flopbill explain`: the chain of formulas with one run's numbers.

use clap::Args;

use super::Reply;
use super::estimate::{ValueArgs, base};
use flopbill::Error;
use flopbill::catalog::Catalog;
use flopbill::report;
use flopbill::spec::resolve::answer;

/// Which run.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A published run, a spec file, or - for a spec on stdin
    #[arg(value_name = "RUN|FILE")]
    name: Option<String>,

    #[command(flatten)]
    values: ValueArgs,
}

/// Answers `flopbill explain`.
pub fn run(args: &ExplainArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let base = args.name.as_deref().map(|name| base(name, catalog)).transpose()?.unwrap_or_default();
    let answer = answer(&args.values.question(base)?, catalog)?;
    let mut reply = Reply::new(report::explain::view(&answer, Vec::new()));
    reply.warnings = answer.warnings;
    Ok(reply)
}
