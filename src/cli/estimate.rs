//! `flopbill estimate`: the main job.

use std::io;

use clap::Args;

use super::{Reply, output};
use flopbill::Error;
use flopbill::internals::answer::prepared::OUTPUTS;
use flopbill::internals::answer::ranges::{self, Asked};
use flopbill::internals::answer::resolve::{Answer, Override, Question, answer};
use flopbill::internals::ask::drivers;
use flopbill::internals::catalog::read::Document;
use flopbill::internals::catalog::{Catalog, Found, Kind, is_path, text_from};
use flopbill::internals::input::field::{flag_value, is_fleet, prefix};
use flopbill::internals::input::file::{Spec, spec};
use flopbill::internals::report;
use flopbill::internals::uncertainty::montecarlo::{Method, Plan};
use flopbill::internals::units::parse::parse_fleet;

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
    values: ValueArgs,

    #[command(flatten)]
    bill: super::bill::BillArgs,

    #[command(flatten)]
    ranges: RangeArgs,

    #[command(flatten)]
    gates: super::gates::GateArgs,
}

/// Ranges: any value may be one, `30%..45%` for its 5th to 95th percentile.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Ranges (a value like 30%..45% spans its 5th to 95th percentile)")]
pub struct RangeArgs {
    /// Probability of finishing within TIME: 90d
    #[arg(long, value_name = "TIME")]
    by: Option<String>,
    /// Probability of costing at most MONEY: '$6M'
    #[arg(long, value_name = "MONEY")]
    budget: Option<String>,
    /// What drives the answer: each range's swing, rank correlation, Sobol indices; of cost, days or hours
    #[arg(long, value_name = "OF", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    drivers: Option<String>,
    /// Number of draws
    #[arg(long, value_name = "N")]
    draws: Option<usize>,
    /// Seed of the draws: the same seed gives the same bits
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How to draw: sobol or random
    #[arg(long, value_name = "METHOD", default_value = "sobol")]
    sampler: String,
    /// Write every draw with its answers to a CSV file
    #[arg(long, value_name = "FILE")]
    samples: Option<std::path::PathBuf>,
}

impl RangeArgs {
    /// What is asked of the draws.
    pub fn asked(&self) -> Result<Asked, Error> {
        let method = match self.sampler.as_str() {
            "sobol" => Method::Sobol,
            "random" | "mc" => Method::Random,
            other => {
                return Err(Error::unknown_of("sampler", other, ["sobol", "random"]));
            }
        };
        let plan = Plan::new(self.draws.unwrap_or(Plan::default().draws()), self.seed, method)?;
        let by = self.by.as_deref().map(|text| flag_value("--by", &in_days(text))).transpose()?;
        let budget = self.budget.as_deref().map(|text| flag_value("--budget", text)).transpose()?;
        Ok(Asked { plan, by, budget })
    }

    /// Writes the draws, if a file was named.
    fn write_samples(&self, answer: &Answer, asked: &Asked) -> Result<(), Error> {
        let Some(path) = &self.samples else { return Ok(()) };
        let (inputs, _) = ranges::inputs(answer)?;
        let draws = ranges::draw(&inputs, &answer.prepared, &asked.plan);
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

/// Values laid over a spec; whatever is missing is solved.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "Values (whatever is missing is solved from the others)")]
pub struct ValueArgs {
    /// Model profile, or a Hugging Face config.json: its MFU is predicted where none is given
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Tokens of a step: 4M
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    global_batch: Option<String>,
    /// Tokens of a sequence: 4096
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    seq_len: Option<String>,
    /// Accelerator, or a fleet: h800, 2048xH800
    #[arg(long, value_name = "CHIP", allow_hyphen_values = true)]
    gpu: Option<String>,
    /// GPU-hours held: 2.788M
    #[arg(long, value_name = "HOURS", allow_hyphen_values = true)]
    gpu_hours: Option<String>,
    /// Chips held: 2048
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    chips: Option<String>,
    /// Wall-clock time: 60 (days), 60d, 1.5h
    #[arg(long, visible_alias = "wall-clock", value_name = "TIME", allow_hyphen_values = true)]
    days: Option<String>,
    /// Rent of one chip: '$2/h'
    #[arg(long, value_name = "PRICE", allow_hyphen_values = true)]
    price: Option<String>,
    /// Cost of the run: '$5.576M'
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true)]
    cost: Option<String>,
    /// Parameters: 671B; for a mixture of experts give --active-params too
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    params: Option<String>,
    /// Parameters at work for one token: 37B
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    active_params: Option<String>,
    /// Training tokens: 14.8T
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    tokens: Option<String>,
    /// Model FLOPs: 3.3e24
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    flop: Option<String>,
    /// Model FLOPs utilisation of the dense peak: 34.6%
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    mfu: Option<String>,
    /// Format whose dense peak the MFU is a share of: bf16, fp8
    #[arg(long, value_name = "FORMAT")]
    mfu_basis: Option<String>,
    /// Format of the matrix work: bf16, fp8
    #[arg(long, value_name = "FORMAT")]
    precision: Option<String>,
    /// Share of the held time in which the job computes: 93%
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    goodput: Option<String>,
    /// On another chip keep the run's MFU, rather than convert it by the step model
    #[arg(long)]
    keep_mfu: bool,
    /// Any field of a spec: --set run.tokens=14.8T (repeatable)
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
}

/// Answers `flopbill estimate`.
pub fn run(args: &EstimateArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let base = args.name.as_deref().map(|name| base(name, catalog)).transpose()?.unwrap_or_default();
    let question = args.values.question(base)?;
    let asked = args.ranges.asked()?;
    let gates = args.gates.gates()?;
    let mut answer = answer(&question, catalog)?;
    let spread = ranges::spread(&answer, &asked)?;
    answer.warnings.extend(spread.as_ref().and_then(|spread| spread.repair.clone()));
    if spread.is_none() && (asked.by.is_some() || asked.budget.is_some()) {
        answer.warnings.push("no value is a range: --by and --budget are met or not, without a probability".into());
    }
    args.ranges.write_samples(&answer, &asked)?;
    let mut view = report::estimate::view(&answer);
    if let Some(spread) = &spread {
        report::ranges::add(&mut view, spread, &answer);
    }
    if let Some(of) = &args.ranges.drivers {
        match drivers::drivers(&answer, &asked, driven(of, &answer)?)? {
            Some(found) => report::drivers::add(&mut view, &found),
            None => answer.warnings.push("no value is a range: nothing drives the answer".into()),
        }
    }
    let of_bill = args.bill.add(&mut view, &answer, catalog)?;
    super::bill::add_thresholds(&mut view, &answer, catalog, args.bill.is_none())?;
    if args.show_resolved {
        report::resolved::add(&mut view, &answer);
    }
    let mut reply = Reply::new(view);
    reply.failed = gates.failed(&answer, spread.as_ref());
    reply.warnings = answer.warnings;
    reply.warnings.extend(of_bill);
    Ok(reply)
}

/// The output whose drivers are asked for: the cost where it is known.
fn driven(of: &str, answer: &Answer) -> Result<usize, Error> {
    match of {
        "" if answer.estimate.total.cost.is_some() => Ok(ranges::COST),
        "" | "hours" => Ok(ranges::GPU_HOURS),
        "cost" => Ok(ranges::COST),
        "days" => Ok(ranges::DAYS),
        other => {
            let error = Error::unknown_name("output", other, ["cost", "days", "hours"]);
            Err(error.with_hint("one of: cost, days, hours"))
        }
    }
}

/// The spec of a name: `-` for stdin, a path, or a published run.
pub fn base(name: &str, catalog: &Catalog) -> Result<Spec, Error> {
    if name == "-" {
        let text = text_from(io::stdin().lock(), "stdin")?;
        return spec(&Found { id: "stdin".into(), document: Document::new("stdin", text), from_user: true });
    }
    let found = catalog.find(Kind::Runs, name).map_err(|error| {
        let looks_like_file = !is_path(name) && std::path::Path::new(name).exists();
        if looks_like_file { error.with_hint(format!("for the file write `./{name}`")) } else { error }
    })?;
    spec(&found)
}

impl ValueArgs {
    /// The same values for each chip of `--gpu h800,h200`.
    pub fn each_chip(&self) -> Vec<Self> {
        let listed = self.gpu.iter().flat_map(|gpu| gpu.split(',')).map(str::trim);
        let each = listed.map(|gpu| Self { gpu: Some(gpu.to_owned()), ..self.clone() });
        let each: Vec<Self> = each.collect();
        if each.is_empty() { vec![self.clone()] } else { each }
    }

    /// The flags laid over a spec.
    pub fn question(&self, base: Spec) -> Result<Question, Error> {
        let today = super::today();
        let (assignments, keep_mfu) = (self.set.clone(), self.keep_mfu);
        let mut question = Question { base, overrides: Vec::new(), assignments, today, keep_mfu };
        let mut lay = |path: &'static str, flag: &str, text: &Option<String>| {
            if let Some(text) = text {
                question.overrides.push(Override { path, text: text.clone(), flag: flag.into() });
            }
        };
        let (fleet_chips, gpu) = self.fleet()?;
        lay("model", "--model", &self.model);
        lay("run.global_batch_tokens", "--global-batch", &self.global_batch);
        lay("run.sequence_length", "--seq-len", &self.seq_len);
        lay("run.gpu", "--gpu", &gpu);
        lay("run.chips", "--gpu", &fleet_chips);
        lay("run.chips", "--chips", &self.chips);
        lay("run.gpu_hours", "--gpu-hours", &self.gpu_hours);
        lay("run.wall_clock", "--days", &self.days.as_deref().map(in_days));
        lay("price.rent", "--price", &self.price);
        lay("run.cost", "--cost", &self.cost);
        lay("run.params", "--params", &self.params);
        lay("run.active_params", "--active-params", &self.active_params);
        lay("run.tokens", "--tokens", &self.tokens);
        lay("run.flop", "--flop", &self.flop);
        lay("run.mfu", "--mfu", &self.mfu);
        lay("run.mfu_basis", "--mfu-basis", &self.mfu_basis);
        lay("run.precision", "--precision", &self.precision);
        lay("run.goodput", "--goodput", &self.goodput);
        Ok(question)
    }

    /// Takes `2048xH800` apart.
    fn fleet(&self) -> Result<(Option<String>, Option<String>), Error> {
        let Some(gpu) = &self.gpu else { return Ok((None, None)) };
        if !is_fleet(gpu) {
            return Ok((None, Some(gpu.clone())));
        }
        let (count, name) = parse_fleet(gpu).map_err(|error| prefix("--gpu", &error))?;
        if self.chips.is_some() {
            let error = Error::bad_input(format!("`--gpu {gpu}` and --chips both say how many chips there are"));
            return Err(error.with_hint(format!("leave --chips out, or write `--gpu {name}`")));
        }
        Ok((Some(format!("{}", count.get())), Some(name.to_owned())))
    }
}

/// `--days 60` means days; `--days 1.5h` says its unit itself.
pub fn in_days(text: &str) -> String {
    match text.trim().replace('_', "").parse::<f64>() {
        Ok(_) => format!("{}d", text.trim()),
        Err(_) => text.to_owned(),
    }
}
