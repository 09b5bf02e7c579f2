//! `flopbill explain`: the chain of formulas with one run's numbers.

use clap::Args;

use super::Reply;
use super::estimate::{ValueArgs, base};
use flopbill::Error;
use flopbill::internals::answer::predicted::setting;
use flopbill::internals::answer::resolve::{Answer, answer};
use flopbill::internals::catalog::Catalog;
use flopbill::internals::report;
use flopbill::internals::report::explain::Link;

/// Which run.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A published run, a spec file, or - for a spec on stdin
    #[arg(value_name = "RUN|FILE")]
    name: Option<String>,

    #[command(flatten)]
    values: ValueArgs,
}

/// The step model's part, where the run names a model it can lay out on its chips.
fn step(answer: &Answer, catalog: &Catalog) -> Vec<Link> {
    let (Some(chip), Some(chips)) = (&answer.chip, answer.estimate.chips) else { return Vec::new() };
    let Ok(Some(setting)) = setting(&answer.spec, chip, catalog) else { return Vec::new() };
    let factors = format!("profiles/factors/{}.toml", chip.chip.factors);
    match setting.on(chips) {
        Ok(predicted) => report::explain::step(answer, &predicted, &factors),
        Err(_) => Vec::new(),
    }
}

/// Answers `flopbill explain`.
pub fn run(args: &ExplainArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let base = args.name.as_deref().map(|name| base(name, catalog)).transpose()?.unwrap_or_default();
    let answer = answer(&args.values.question(base)?, catalog)?;
    let mut reply = Reply::new(report::explain::view(&answer, step(&answer, catalog)));
    reply.warnings = answer.warnings;
    Ok(reply)
}
