//! `flopbill fleet`: deliveries, approvals, queues.

use clap::Args;

use super::Reply;
use super::values::{day, measured};
use flopbill::Error;
use flopbill::EstimateRequest;
use flopbill::internals::ask::fleet::FleetRequest;
use flopbill::internals::catalog::{Catalog, is_path, read_text};
use flopbill::internals::input::question::{Override, Question, base_of};
use flopbill::internals::report;
use flopbill::internals::report::fleet::view;

/// The question.
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// A fleet file, or one that ships: v3-again, 400k, quota, v4, topped-up; or a spec with `deliveries`
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

/// Answers `flopbill fleet`: a fleet file by its tranches, a spec with `deliveries` as `estimate` does.
pub fn run(args: &FleetArgs, catalog: &Catalog) -> Result<Reply, Error> {
    if let Some(question) = spec_of(args, catalog)? {
        let found = EstimateRequest::new(question).answered("fleet", catalog)?;
        let mut reply = Reply::new(report::estimate::view(&found));
        reply.failed = found.failed().map(str::to_owned).collect();
        reply.warnings = found.head.warnings;
        return Ok(reply);
    }
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

/// The question of a spec that says itself when its chips come; `None` for a fleet file.
fn spec_of(args: &FleetArgs, catalog: &Catalog) -> Result<Option<Question>, Error> {
    if !is_path(&args.name) || !says_deliveries(&args.name) {
        return Ok(None);
    }
    let mut question = Question { base: base_of(&args.name, catalog)?, overrides: Vec::new(), today: super::today() };
    let typed = [
        ("by", "--by", &args.by),
        ("as_of", "--as-of", &args.as_of),
        ("measured", "--measured", &args.measured),
        ("money.currency", "--currency", &args.currency),
        ("money.rate", "--rate", &args.rate),
    ];
    for (path, flag, text) in typed {
        question.overrides.extend(text.iter().map(|text| Override::new(path, text.as_str(), flag)));
    }
    Ok(Some(question))
}

/// Whether a file has deliveries of its own and no tranches; what does not parse is for its reader to refuse.
fn says_deliveries(path: &str) -> bool {
    let text = read_text(std::path::Path::new(path)).unwrap_or_default();
    let table = text.parse::<toml::Table>().unwrap_or_default();
    table.contains_key("deliveries") && !table.contains_key("tranche")
}
