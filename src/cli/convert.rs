//! `flopbill convert`: hours on one chip to hours on another, with reasons.

use clap::Args;

use super::Reply;
use super::estimate::{ValueArgs, base};
use flopbill::Error;
use flopbill::internals::answer::resolve::answer;
use flopbill::internals::ask::convert::convert;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::hardware::price::Term;
use flopbill::internals::input::field::flag_value;
use flopbill::internals::report;

/// Which run, and to which chip.
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// A published run, a spec file, or - for a spec on stdin
    #[arg(value_name = "RUN|FILE")]
    name: Option<String>,
    /// The chip to move to
    #[arg(long, value_name = "CHIP")]
    to: String,
    /// Chips there; as many as before without it
    #[arg(long, value_name = "N")]
    to_chips: Option<String>,
    /// Rent of a chip there; its typical price without it
    #[arg(long, value_name = "PRICE")]
    to_price: Option<String>,
    /// Lead with the best layout of each chip rather than with the run's own
    #[arg(long)]
    best_layout: bool,

    #[command(flatten)]
    values: ValueArgs,
}

/// Answers `flopbill convert`.
pub fn run(args: &ConvertArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let base = args.name.as_deref().map(|name| base(name, catalog)).transpose()?.unwrap_or_default();
    let answer = answer(&args.values.question(base)?, catalog)?;
    let chips = args.to_chips.as_deref().map(|text| flag_value("--to-chips", text)).transpose()?;
    let moved = convert(&answer, &args.to, chips, catalog)?;
    let price = match &args.to_price {
        Some(text) => Some(flag_value("--to-price", text)?),
        None => catalog.prices(&moved.to.chip.id)?.and_then(|profile| profile.list.typical(Term::OnDemand)),
    };
    let mut reply = Reply::new(report::convert::view(&answer, &moved, price, args.best_layout)?);
    reply.warnings = answer.warnings;
    Ok(reply)
}
