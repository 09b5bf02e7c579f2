//! `flopbill policy`: a chip on its way to a destination, and its numbers against dated rules.

use clap::Args;

use super::Reply;
use super::values::day;
use flopbill::Error;
use flopbill::internals::ask::policy::PolicyRequest;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::report::policy::view;
use flopbill::internals::units::parse::parse;

/// The question.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// The chip: h200, h20, b200
    #[arg(value_name = "CHIP")]
    chip: String,
    /// The day whose rules count: 2026-02-01; without it, the day up to which they are known
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// Where it goes: china, usa, singapore, uae; the export, the border and the country's own rule come first
    #[arg(long, value_name = "COUNTRY")]
    to: Option<String>,
    /// Where the buyer or its ultimate parent has its headquarters; the destination without it
    #[arg(long, value_name = "COUNTRY", requires = "to")]
    headquarters: Option<String>,
    /// Every numeric test beside the chip's value
    #[arg(long)]
    tests: bool,
    /// Not designed or marketed for datacentres
    #[arg(long)]
    not_datacentre: bool,
    /// Share of the dense 16-bit peak, for hours to a threshold
    #[arg(long, value_name = "SHARE", default_value = "40%")]
    mfu: String,
    /// Share of the held time that computes; a prior of the chip's generation without it
    #[arg(long, value_name = "SHARE")]
    goodput: Option<String>,
    /// Rent of one chip, for dollars to a threshold; without it, the usual one
    #[arg(long, value_name = "PRICE")]
    price: Option<String>,
}

/// Answers `flopbill policy`.
pub fn run(args: &PolicyArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let mut request = PolicyRequest::new(args.chip.as_str());
    request.as_of = day(args.as_of.as_deref())?;
    request.to.clone_from(&args.to);
    request.headquarters.clone_from(&args.headquarters);
    request.not_datacentre = args.not_datacentre;
    request.mfu = parse(&args.mfu)?;
    request.goodput = args.goodput.as_deref().map(parse).transpose()?;
    request.price = args.price.as_deref().map(parse).transpose()?;
    let found = request.ask(catalog)?;
    Ok(Reply { warnings: found.head.warnings.clone(), ..Reply::new(view(&found, args.tests)) })
}
