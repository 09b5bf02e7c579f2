//! `flopbill fleet`: deliveries, approvals, queues.

use clap::Args;

use super::Reply;
use flopbill::Error;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::fleet::capacity::capacity;
use flopbill::internals::fleet::load::fleet;
use flopbill::internals::fleet::outlook::{compare, outlook};
use flopbill::internals::report::fleet::{Asked, view};
use flopbill::internals::units::date::Date;

/// The question.
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// A fleet file, or one that ships: v3-again, 400k, quota, v4, topped-up
    #[arg(value_name = "FLEET|FILE")]
    name: String,
    /// Probability of being done by this day: 2026-12-31
    #[arg(long, value_name = "DATE")]
    by: Option<String>,
    /// The day of asking; a fleet that starts before it is refused
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
}

/// Answers `flopbill fleet`.
pub fn run(args: &FleetArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let profile = fleet(&args.name, catalog)?;
    let warnings = in_the_past(args, profile.fleet.start)?;
    let found = outlook(&profile.fleet)?;
    let all = capacity(&profile.fleet)?;
    let compared = if profile.fleet.actions.is_empty() { None } else { Some(compare(&profile.fleet)?) };
    let by = args.by.as_deref().map(str::parse::<Date>).transpose()?;
    if let Some(early) = by.filter(|date| *date < profile.fleet.start) {
        let start = profile.fleet.start;
        return Err(Error::bad_input(format!("--by {early} lies before the fleet's start on {start}")));
    }
    let by = by.map(|date| (date, profile.fleet.start.until(date)));
    let asked = Asked { profile: &profile, outlook: &found, capacity: &all, compared: compared.as_ref(), by };
    Ok(Reply { warnings, ..Reply::new(view(&asked)) })
}

/// A start in the past is refused on a day that was named, and remarked on without one.
fn in_the_past(args: &FleetArgs, start: Date) -> Result<Vec<String>, Error> {
    let named = args.as_of.as_deref().map(str::parse::<Date>).transpose()?;
    let Some(day) = named.or_else(super::today).filter(|day| start < *day) else { return Ok(Vec::new()) };
    let past = format!("the fleet starts on {start}, in the past as of {day}");
    if named.is_some() {
        return Err(
            Error::bad_input(past).with_hint("set `start` to the day of asking; deliveries cannot be before it")
        );
    }
    Ok(vec![format!("{past}: what happened since is not in it")])
}
