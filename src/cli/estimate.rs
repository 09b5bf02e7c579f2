//! `flopbill estimate`: the main job.

use std::io;

use clap::Args;

use super::Reply;
use flopbill::Error;
use flopbill::catalog::read::Document;
use flopbill::catalog::{Catalog, Found, Kind, is_path, text_from};
use flopbill::report;
use flopbill::spec::file::{Spec, spec};
use flopbill::spec::resolve::{Override, Question, answer};
use flopbill::units::parse::parse_fleet;

/// The question.
#[derive(Debug, Args)]
pub struct EstimateArgs {
    /// A published run, a spec file, or - for a spec on stdin; without it, flags alone
    #[arg(value_name = "RUN|FILE")]
    pub name: Option<String>,

    #[command(flatten)]
    values: ValueArgs,
}

/// Values laid over a spec; whatever is missing is solved.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Values (whatever is missing is solved from the others)")]
pub struct ValueArgs {
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
    /// Any field of a spec: --set run.tokens=14.8T (repeatable)
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
}

/// Answers `flopbill estimate`.
pub fn run(args: &EstimateArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let base = args.name.as_deref().map(|name| base(name, catalog)).transpose()?.unwrap_or_default();
    let question = args.values.question(base)?;
    let answer = answer(&question, catalog)?;
    let mut reply = Reply::new(report::estimate::view(&answer));
    reply.warnings = answer.warnings;
    Ok(reply)
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
    /// The flags laid over a spec.
    pub fn question(&self, base: Spec) -> Result<Question, Error> {
        let mut question = Question { base, overrides: Vec::new(), assignments: self.set.clone() };
        let mut lay = |path: &'static str, flag: &str, text: &Option<String>| {
            if let Some(text) = text {
                question.overrides.push(Override { path, text: text.clone(), flag: flag.into() });
            }
        };
        let (fleet_chips, gpu) = self.fleet()?;
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
        let counted = gpu.starts_with(|c: char| c.is_ascii_digit()) && gpu.contains(['x', 'X', '×']);
        if !counted {
            return Ok((None, Some(gpu.clone())));
        }
        let (count, name) = parse_fleet(gpu)?;
        Ok((Some(format!("{}", count.get())), Some(name.to_owned())))
    }
}

/// `--days 60` means days; `--days 1.5h` says its unit itself.
fn in_days(text: &str) -> String {
    match text.trim().parse::<f64>() {
        Ok(_) => format!("{}d", text.trim()),
        Err(_) => text.to_owned(),
    }
}
