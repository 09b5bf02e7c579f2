//! `flopbill policy`: a chip's numbers against dated rules.

use clap::Args;

use super::Reply;
use flopbill::Error;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::catalog::rule::known_until;
use flopbill::internals::hardware::price::Term;
use flopbill::internals::policy::{Pace, gpu_hours_to};
use flopbill::internals::report::policy::{Asked, view};
use flopbill::internals::units::date::Date;
use flopbill::internals::units::parse::parse;
use flopbill::internals::units::{Flop, Fraction, Price};

/// The question.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// The chip: h200, h20, b200
    #[arg(value_name = "CHIP")]
    chip: String,
    /// The day whose rules count: 2026-02-01; without it, the day up to which they are known
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
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
    let chip = catalog.accelerator(&args.chip)?;
    let rules = catalog.rules()?;
    let day = match &args.as_of {
        Some(text) => text.parse()?,
        None => known_until(&rules).unwrap_or(Date::MIN),
    };
    let after = known_until(&rules).filter(|known| *known < day);
    let goodput = match &args.goodput {
        Some(text) => parse::<Fraction>(text)?,
        None => super::plan::goodput_prior(&chip.chip, catalog)?,
    };
    let peak = chip.chip.peak_of(chip.chip.training_precision())?;
    let pace = Pace { peak, mfu: parse::<Fraction>(&args.mfu)?, goodput };
    gpu_hours_to(Flop::new(1.0), &pace)?;
    let price = match &args.price {
        Some(text) => Some(parse::<Price>(text)?),
        None => catalog.prices(&chip.chip.id)?.and_then(|found| found.list.typical(Term::OnDemand)),
    };
    let other = args.not_datacentre || chip.chip.form.contains("consumer");
    let scopes: &[&str] = if other { &["other"] } else { &["datacentre"] };
    let mut reply = Reply::new(view(&Asked { chip: &chip, rules: &rules, day, scopes, pace, price }));
    if args.as_of.is_none() {
        reply.warnings.push(format!("no --as-of: the rules as they are known on {day}"));
    }
    if let Some(known) = after {
        reply
            .warnings
            .push(format!("the rules are known up to {known}: what came between then and {day} is not in them"));
    }
    Ok(reply)
}
