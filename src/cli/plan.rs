//! `flopbill plan`: what has to be planned for a date, a budget, or both.

use clap::{Args, Subcommand};

use super::Reply;
use super::values::{Everything, ForAModel, Values};
use flopbill::Error;
use flopbill::internals::ask::optimal::{OptimalRequest, RATIOS};
use flopbill::internals::ask::plan::{Goal, PlanRequest};
use flopbill::internals::catalog::Catalog;
use flopbill::internals::input::text::flag_value;
use flopbill::internals::report::plan::{frontier, held};
use flopbill::internals::uncertainty::montecarlo::{Method, Plan};
use flopbill::internals::units::parse::Grammar;

/// What is planned.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The fewest chips for a date, within money where it is given; without a date the knee of cost against days
    Chips(Box<Asked>),
    /// The most tokens for a budget, a date, or both, with a confidence
    Tokens(Box<Asked>),
    /// The first day on which a run is done, within a budget where one is given, with a confidence
    Date(Box<Asked>),
    /// The best model for a budget on so many chips in so many days, by a scaling law
    #[command(visible_alias = "model")]
    Optimal(Box<OptimalArgs>),
}

/// A question whose values may be ranges.
#[derive(Debug, Args)]
struct Asked {
    /// A published run, a spec file, or - for a spec on stdin
    #[arg(value_name = "RUN|FILE")]
    name: Option<String>,
    /// Number of draws
    #[arg(long, value_name = "N")]
    draws: Option<usize>,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    values: Values<Everything>,
}

#[derive(Debug, Args)]
struct OptimalArgs {
    /// Scaling law: epoch or hoffmann
    #[arg(long, value_name = "LAW")]
    law: Option<String>,
    /// Tokens per parameter to look at besides the optimum (repeatable)
    #[arg(long, value_name = "RATIO", default_values_t = RATIOS)]
    ratio: Vec<f64>,
    /// Tokens there are, repeats included: 15T
    #[arg(long, value_name = "N")]
    data: Option<String>,
    /// Tokens that the model will serve: 2T
    #[arg(long, value_name = "N")]
    served: Option<String>,
    /// Price of a FLOP in inference over that in training
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    inference_price: f64,
    /// Share of the peak that serving reaches, instead of that price: 10%
    #[arg(long, value_name = "SHARE")]
    inference_mfu: Option<String>,
    /// Active over all parameters of a mixture of experts (MoE) to compare with: 5%
    #[arg(long, value_name = "SHARE")]
    active: Option<String>,
    /// Share of the chips' time that goes to reinforcement learning after pre-training: 5%
    #[arg(long, value_name = "SHARE")]
    rl_compute: Option<String>,
    /// A published run or model to train on, beside a new one: llama-3.1-405b
    #[arg(long, value_name = "RUN|MODEL")]
    from: Option<String>,
    /// Tokens that it has seen; those of its run without them: 15T
    #[arg(long, value_name = "N")]
    from_tokens: Option<String>,
    /// Number of draws
    #[arg(long, value_name = "N")]
    draws: Option<usize>,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    values: Values<ForAModel>,
}

/// Answers `flopbill plan`.
pub fn run(args: &PlanArgs, catalog: &Catalog) -> Result<Reply, Error> {
    match &args.what {
        What::Chips(args) => args.answer(Goal::Chips, catalog),
        What::Tokens(args) => args.answer(Goal::Tokens, catalog),
        What::Date(args) => args.answer(Goal::Date, catalog),
        What::Optimal(args) => optimum(args, catalog),
    }
}

impl Asked {
    fn answer(&self, goal: Goal, catalog: &Catalog) -> Result<Reply, Error> {
        let draws = draws(self.draws, self.seed)?;
        let question = self.values.question(self.name.as_deref(), catalog)?;
        let found = PlanRequest::new(goal, question).draws(draws).ask(catalog)?;
        let mut reply = Reply::new(held(&found));
        reply.failed = found.estimate.failed().map(str::to_owned).collect();
        reply.warnings = found.estimate.head.warnings;
        Ok(reply)
    }
}

fn optimum(args: &OptimalArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let question = args.values.question(None, catalog)?;
    let mut request = OptimalRequest::of(question, draws(args.draws, args.seed)?, catalog)?;
    request.data = read("--data", &args.data)?;
    request.served = read("--served", &args.served)?;
    request.active = read("--active", &args.active)?;
    request.rl_share = read("--rl-compute", &args.rl_compute)?;
    request.inference_mfu = read("--inference-mfu", &args.inference_mfu)?;
    request.from_tokens = read("--from-tokens", &args.from_tokens)?;
    request.inference_price = args.inference_price;
    (request.law, request.ratios, request.from) = (args.law.clone(), args.ratio.clone(), args.from.clone());
    let found = request.ask(catalog)?;
    let view = frontier(&found);
    Ok(Reply { warnings: found.head.warnings, ..Reply::new(view) })
}

fn draws(number: Option<usize>, seed: u64) -> Result<Plan, Error> {
    Plan::new(number.unwrap_or(Plan::default().draws()), seed, Method::Sobol)
}

/// A value that may be left out.
fn read<Q: Grammar>(flag: &str, text: &Option<String>) -> Result<Option<Q>, Error> {
    text.as_deref().map(|text| flag_value(flag, text)).transpose()
}
