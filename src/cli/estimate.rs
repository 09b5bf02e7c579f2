//! `flopbill estimate`: the main job.

use std::io;

use clap::Args;

use super::values::{Everything, Values};
use super::{Reply, output};
use flopbill::Error;
use flopbill::internals::answer::Answer;
use flopbill::internals::answer::prepared::OUTPUTS;
use flopbill::internals::answer::ranges;
use flopbill::internals::ask::estimate::{Driven, EstimateRequest};
use flopbill::internals::catalog::{Catalog, Found, is_path, text_from};
use flopbill::internals::input::field::Group;
use flopbill::internals::input::file::{Spec, spec};
use flopbill::internals::input::question::{base_of, on_its_base};
use flopbill::internals::read::Document;
use flopbill::internals::report;
use flopbill::internals::uncertainty::montecarlo::{Method, Plan};

/// The question.
#[derive(Debug, Args)]
pub struct EstimateArgs {
    /// A published run, a spec file, or - for a spec on stdin; without it, flags alone
    #[arg(value_name = "RUN|FILE")]
    pub name: Option<String>,

    /// Show every value with its origin: file and line, flag, profile or default
    #[arg(long)]
    show_resolved: bool,

    #[command(flatten)]
    values: Values<Everything>,

    #[command(flatten)]
    ranges: RangeArgs,
}

/// Ranges: any value may be one, `30%..45%` for its 5th to 95th percentile.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = Group::Ranges.heading())]
pub struct RangeArgs {
    /// What drives the answer: each range's swing, rank correlation, Sobol indices; of cost, days or hours
    #[arg(long, value_name = "OF", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    drivers: Option<String>,
    #[command(flatten)]
    draws: DrawArgs,
    /// Write every draw with its answers to a CSV file
    #[arg(long, value_name = "FILE")]
    samples: Option<std::path::PathBuf>,
}

/// How draws are made.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = Group::Ranges.heading())]
pub struct DrawArgs {
    /// Number of draws
    #[arg(long, value_name = "N")]
    draws: Option<usize>,
    /// Seed of the draws: the same seed gives the same bits
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How to draw: sobol or random
    #[arg(long, value_name = "METHOD", default_value = "sobol")]
    sampler: String,
}

impl DrawArgs {
    /// How the draws are made.
    pub fn plan(&self) -> Result<Plan, Error> {
        let method = match self.sampler.as_str() {
            "sobol" => Method::Sobol,
            "random" | "mc" => Method::Random,
            other => return Err(Error::unknown_of("sampler", other, ["sobol", "random"])),
        };
        Plan::new(self.draws.unwrap_or(Plan::default().draws()), self.seed, method)
    }
}

impl RangeArgs {
    /// Writes the draws, if a file was named.
    fn write_samples(&self, answer: &Answer, plan: &Plan) -> Result<(), Error> {
        let Some(path) = &self.samples else { return Ok(()) };
        let (inputs, _) = ranges::inputs(answer)?;
        let draws = ranges::draw(&inputs, &answer.prepared, plan);
        output::stream(path, |file| {
            let mut writer = csv::Writer::from_writer(file);
            let names = inputs.names().iter().map(String::as_str);
            writer.write_record(names.chain(OUTPUTS))?;
            draws.rows(|_, values, answers| {
                writer.write_record(values.iter().chain(answers).map(|value| report::json::cell(Some(*value))))
            })?;
            writer.flush()
        })
    }
}

/// Answers `flopbill estimate`.
pub fn run(args: &EstimateArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let plan = args.ranges.draws.plan()?;
    let mut request = EstimateRequest::new(args.values.question(args.name.as_deref(), catalog)?)
        .draws(plan)
        .show_resolved(args.show_resolved);
    if let Some(of) = &args.ranges.drivers {
        request = request.drivers(driven(of)?);
    }
    let found = request.ask(catalog)?;
    args.ranges.write_samples(&found.made_from.answer, &plan)?;
    let mut reply = Reply::new(report::estimate::view(&found));
    reply.failed = found.failed().map(str::to_owned).collect();
    reply.warnings = found.head.warnings;
    Ok(reply)
}

/// The output whose drivers are asked for.
fn driven(of: &str) -> Result<Driven, Error> {
    match of {
        "" => Ok(Driven::Main),
        "hours" => Ok(Driven::Output(ranges::GPU_HOURS)),
        "cost" => Ok(Driven::Output(ranges::COST)),
        "days" => Ok(Driven::Output(ranges::DAYS)),
        other => {
            let error = Error::unknown_name("output", other, ["cost", "days", "hours"]);
            Err(error.with_hint("one of: cost, days, hours"))
        }
    }
}

/// The spec of a name: `-` for stdin, a path, a published run or a model.
pub fn base(name: &str, catalog: &Catalog) -> Result<Spec, Error> {
    if name == "-" {
        let text = text_from(io::stdin().lock(), "stdin")?;
        let own = spec(&Found { id: "stdin".into(), document: Document::new("stdin", text), from_user: true })?;
        return on_its_base(own, catalog);
    }
    base_of(name, catalog).map_err(|error| {
        let looks_like_file = !is_path(name) && std::path::Path::new(name).exists();
        if looks_like_file { error.with_hint(format!("for the file write `./{name}`")) } else { error }
    })
}
