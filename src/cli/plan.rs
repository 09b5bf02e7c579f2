//! `flopbill plan`: what has to be planned for a date, a budget, or both.

use clap::{Args, Subcommand};

use super::Reply;
use super::estimate::{ValueArgs, base, in_days};
use flopbill::Error;
use flopbill::internals::answer::confidence;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::hardware::accelerator::Accelerator;
use flopbill::internals::hardware::price::Term;
use flopbill::internals::input::field::flag_value;
use flopbill::internals::report::plan::{Frontier, frontier, held};
use flopbill::internals::scaling::frontier::{Limits, Moe, frontier as models};
use flopbill::internals::scaling::{Budget, laws::laws, moe::best_granularity};
use flopbill::internals::uncertainty::montecarlo::{Method, Plan};
use flopbill::internals::units::{Chips, Fraction, Price, Seconds, Tokens, Usd, show};

/// What is planned.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The fewest chips that finish by a date, with a confidence
    Chips(ChipsArgs),
    /// The most tokens that a budget pays for, with a confidence
    Tokens(TokensArgs),
    /// The best model for a budget on so many chips in so many days, by a scaling law
    Optimal(OptimalArgs),
}

/// A question whose values may be ranges.
#[derive(Debug, Args)]
struct Asked {
    /// A published run, a spec file, or - for a spec on stdin
    #[arg(value_name = "RUN|FILE")]
    name: Option<String>,
    /// How sure: 90%
    #[arg(long, value_name = "SHARE", default_value = "90%")]
    confidence: String,
    /// Number of draws
    #[arg(long, value_name = "N")]
    draws: Option<usize>,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    #[command(flatten)]
    values: ValueArgs,
}

#[derive(Debug, Args)]
struct ChipsArgs {
    /// Time to finish within: 60d
    #[arg(long, value_name = "TIME")]
    by: String,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Args)]
struct TokensArgs {
    /// Money to stay within: '$10M'
    #[arg(long, value_name = "MONEY")]
    budget: String,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Args)]
struct OptimalArgs {
    /// Money: '$10M'
    #[arg(long, value_name = "MONEY")]
    budget: String,
    /// Chips
    #[arg(long, value_name = "N")]
    chips: String,
    /// Time until it must be done: 60 (days)
    #[arg(long, value_name = "TIME")]
    days: String,
    /// Accelerator
    #[arg(long, value_name = "CHIP")]
    gpu: String,
    /// Model FLOPs utilisation of the dense 16-bit peak: 40%
    #[arg(long, value_name = "SHARE")]
    mfu: String,
    /// Rent of a chip; its typical price without it
    #[arg(long, value_name = "PRICE")]
    price: Option<String>,
    /// Share of the held time that computes; a prior of the chip's generation without it
    #[arg(long, value_name = "SHARE")]
    goodput: Option<String>,
    /// Compute of the whole programme over that of the final run
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    programme: f64,
    /// Scaling law: epoch or hoffmann
    #[arg(long, value_name = "LAW")]
    law: Option<String>,
    /// Tokens per parameter to look at besides the optimum (repeatable)
    #[arg(long, value_name = "RATIO", default_values_t = [20.0, 100.0])]
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
    /// Active over all parameters of a mixture of experts (MoE) to compare with: 5%
    #[arg(long, value_name = "SHARE")]
    active: Option<String>,
}

/// Answers `flopbill plan`.
pub fn run(args: &PlanArgs, catalog: &Catalog) -> Result<Reply, Error> {
    match &args.what {
        What::Chips(args) => chips(args, catalog),
        What::Tokens(args) => tokens(args, catalog),
        What::Optimal(args) => optimal(args, catalog),
    }
}

impl Asked {
    fn plan(&self) -> Result<(Fraction, Plan), Error> {
        let plan = Plan::new(self.draws.unwrap_or(Plan::default().draws()), self.seed, Method::Sobol)?;
        Ok((flag_value("--confidence", &self.confidence)?, plan))
    }

    fn question(&self, catalog: &Catalog) -> Result<flopbill::Question, Error> {
        self.values.question(self.name.as_deref().map(|name| base(name, catalog)).transpose()?.unwrap_or_default())
    }
}

fn chips(args: &ChipsArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let by: Seconds = flag_value("--by", &in_days(&args.by))?;
    let (confidence, plan) = args.asked.plan()?;
    let found = confidence::chips(&args.asked.question(catalog)?, by, confidence, &plan, catalog)?;
    let chips = found.answer.estimate.chips.unwrap_or(Chips::ZERO);
    let asked = format!("finish within {}", show::duration(by));
    let mut reply = Reply::new(held(&found, &asked, &format!("{} chips", show::chips(chips)), confidence));
    reply.warnings = found.answer.warnings;
    Ok(reply)
}

fn tokens(args: &TokensArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let budget: Usd = flag_value("--budget", &args.budget)?;
    let (confidence, plan) = args.asked.plan()?;
    let found = confidence::tokens(&args.asked.question(catalog)?, budget, confidence, &plan, catalog)?;
    let tokens = found.answer.spec.tokens.as_ref().map_or(0.0, |entry| entry.value.get());
    let asked = format!("cost at most {}", show::usd(budget));
    let mut reply = Reply::new(held(&found, &asked, &format!("{} tokens", show::count(tokens, 4)), confidence));
    reply.warnings = found.answer.warnings;
    Ok(reply)
}

/// The price that was given, or the typical one.
fn rent(
    args: &OptimalArgs,
    chip: &Accelerator,
    catalog: &Catalog,
    assumptions: &mut Vec<String>,
) -> Result<Price, Error> {
    if let Some(text) = &args.price {
        return flag_value("--price", text);
    }
    let Some(typical) = catalog.prices(&chip.id)?.and_then(|found| found.list.typical(Term::OnDemand)) else {
        let error = Error::no_solution(format!("no price is known for {}", chip.name));
        return Err(error.with_hint("give --price '$2/h'"));
    };
    assumptions.push(format!("price {}: typical on demand, not given", show::price(typical)));
    Ok(typical)
}

/// The goodput that was given, or the prior of the chip's generation.
fn goodput(
    args: &OptimalArgs,
    chip: &Accelerator,
    catalog: &Catalog,
    assumptions: &mut Vec<String>,
) -> Result<Fraction, Error> {
    if let Some(text) = &args.goodput {
        return flag_value("--goodput", text);
    }
    let prior = goodput_prior(chip, catalog)?;
    assumptions.push(format!("goodput {}: a prior, not given", show::percent(prior.get())));
    Ok(prior)
}

/// The goodput that runs on chips of this family reach.
pub(super) fn goodput_prior(chip: &Accelerator, catalog: &Catalog) -> Result<Fraction, Error> {
    Ok(Fraction::new(catalog.factors(&chip.factors)?.calibration.run.goodput))
}

fn optimal(args: &OptimalArgs, catalog: &Catalog) -> Result<Reply, Error> {
    let chip = catalog.accelerator(&args.gpu)?.chip;
    let scaling = laws(catalog)?;
    let law = args.law.as_deref().unwrap_or(&scaling.default);
    let title = scaling.laws.iter().find(|(id, _, _)| id == law).map_or(law, |(_, title, _)| title);
    let mut assumptions = vec!["FLOPs are 6 x parameters x tokens: attention is not counted".to_owned()];
    let price = rent(args, &chip, catalog, &mut assumptions)?;
    let goodput = goodput(args, &chip, catalog, &mut assumptions)?;
    let budget = Budget {
        money: flag_value("--budget", &args.budget)?,
        price,
        chips: flag_value("--chips", &args.chips)?,
        time: flag_value("--days", &in_days(&args.days))?,
        peak: chip.peak_of(chip.training_precision())?,
        mfu: flag_value("--mfu", &args.mfu)?,
        goodput,
        programme: args.programme,
    };
    let maybe = |flag: &str, text: &Option<String>, otherwise: f64| match text {
        Some(text) => flag_value::<Tokens>(flag, text),
        None => Ok(Tokens::new(otherwise)),
    };
    let limits = Limits {
        tokens: maybe("--data", &args.data, f64::INFINITY)?,
        memory: chip.memory.capacity,
        bytes_per_param: scaling.bytes_per_param,
        memory_share: scaling.memory_share,
        served: maybe("--served", &args.served, 0.0)?,
        inference_price: args.inference_price,
    };
    let moe = match &args.active {
        None => None,
        Some(text) => {
            let activation = flag_value("--active", text)?;
            assumptions.push("MoE: leverage as fitted up to 1e22 FLOP, at the best granularity".into());
            Some(Moe { law: scaling.leverage, activation, granularity: best_granularity(&scaling.leverage) })
        }
    };
    let (bought, answers) = models(&budget, scaling.law(law)?, &limits, &args.ratio, moe.as_ref())?;
    let shown =
        Frontier { budget: &budget, bought: &bought, answers: &answers, law: title, chip: &chip.name, assumptions };
    Ok(Reply::new(frontier(&shown)))
}
