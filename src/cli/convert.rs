//! `flopbill convert`: hours on one chip to hours on another, with reasons.

use clap::Args;

use super::Reply;
use super::values::{OfTheRun, Values};
use flopbill::Error;
use flopbill::internals::ask::convert::ConvertRequest;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::input::text::flag_value;
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
    #[command(flatten)]
    values: Values<OfTheRun>,
}

/// Answers `flopbill convert`.
pub fn run(args: &ConvertArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let question = args.values.question(args.name.as_deref(), catalog)?;
    let chips = args.to_chips.as_deref().map(|text| flag_value("--to-chips", text)).transpose()?;
    let mut request = ConvertRequest::new(question, args.to.as_str());
    (request.to.chips, request.to.price) = (chips, args.to_price.clone());
    let found = request.ask(catalog)?;
    let mut reply = Reply::new(report::convert::view(&found));
    reply.warnings = found.head.warnings;
    Ok(reply)
}
