//! The best model for a budget on so many chips in so much time, by a scaling law.

mod asked;
mod beside;
mod bought;

use serde::Serialize;

pub use self::asked::Planned;
pub use self::beside::{OtherSize, OtherWork, Others};
pub use self::bought::WorkBlock;
use super::reply::ReplyHead;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::hardware::accelerator::Accelerator;
use crate::input::field::check_all;
use crate::input::loose::Loose;
use crate::input::text::{days, flag_value, prefix};
use crate::scaling::frontier::{Answer, Beside, Choice, Limit, Limits, Moe, models};
use crate::scaling::further::{Start, pretraining, serving_price};
use crate::scaling::{Affordable, Binding, Budget, moe::best_granularity};
use crate::units::date::Date;
use crate::units::money::shown_in;
use crate::units::{Chips, Fraction, Price, Seconds, Tokens, Usd, show};

/// The question of `plan optimal`.
///
/// ```
/// use flopbill::{Catalog, OptimalRequest};
///
/// let request = OptimalRequest::new("h100", "$10M", "4096", "60d", "40%")?;
/// let reply = request.ask(&Catalog::built_in())?;
/// assert!(reply.result.cost_usd <= 1.0001e7 && reply.result.wall_clock_days <= 60.01);
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OptimalRequest {
    /// The chip.
    pub gpu: String,
    /// The money.
    pub budget: Usd,
    /// Chips.
    pub chips: Chips,
    /// The time until it must be done.
    pub time: Seconds,
    /// Share of the dense 16-bit peak.
    pub mfu: Fraction,
    /// Rent of a chip; its typical one without it.
    pub price: Option<Price>,
    /// Money as it was typed, with what it is exchanged by: `price.rent`, `money.currency`, `money.rate`, `as_of`.
    pub money: Box<Loose>,
    /// Today, where no day is named.
    pub today: Option<Date>,
    /// Share of the held time that computes; a prior of the chip's family without it.
    pub goodput: Option<Fraction>,
    /// Compute of the whole programme over that of the final run.
    pub programme: f64,
    /// The scaling law; the usual one without it.
    pub law: Option<String>,
    /// Tokens per parameter to look at besides the optimum.
    pub ratios: Vec<f64>,
    /// Tokens that there are.
    pub data: Option<Tokens>,
    /// Tokens that the model will serve.
    pub served: Option<Tokens>,
    /// Price of a FLOP in inference over that in training.
    pub inference_price: f64,
    /// Share of the peak that serving reaches: what a FLOP of it costs follows.
    pub inference_mfu: Option<Fraction>,
    /// Active over all parameters of a mixture of experts to compare with.
    pub active: Option<Fraction>,
    /// Share of the chips' time that goes to reinforcement learning after pre-training.
    pub rl_share: Option<Fraction>,
    /// A published run or model to train on, beside training a new one.
    pub from: Option<String>,
    /// Tokens that it has seen; those of its run without them.
    pub from_tokens: Option<Tokens>,
    /// The planner's question: ranges, deliveries, a bill, a date, a confidence. It stands in for the numbers above.
    pub planned: Option<Box<Planned>>,
}

/// Tokens per parameter that are looked at besides the optimum where nobody says.
pub const RATIOS: [f64; 2] = [20.0, 100.0];

impl OptimalRequest {
    /// Texts as a user would type them.
    ///
    /// # Errors
    /// A text that does not read, with the field's name.
    pub fn new(gpu: &str, budget: &str, chips: &str, time: &str, mfu: &str) -> Result<Self, Error> {
        let mut money = Box::new(Loose::default());
        money.set("run.gpu", gpu)?;
        money.set("budget", budget)?;
        Ok(Self {
            gpu: gpu.to_owned(),
            budget: money.spec.budget.as_ref().map_or(Usd::ZERO, |entry| entry.value),
            chips: flag_value("--chips", chips)?,
            time: days(time).map_err(|error| prefix("--days", &error))?,
            mfu: flag_value("--mfu", mfu)?,
            price: None,
            money,
            today: None,
            goodput: None,
            programme: 1.0,
            law: None,
            ratios: RATIOS.to_vec(),
            data: None,
            served: None,
            inference_price: 1.0,
            inference_mfu: None,
            active: None,
            rl_share: None,
            from: None,
            from_tokens: None,
            planned: None,
        })
    }
}

/// The answer of `plan optimal`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct OptimalReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// What the budget buys, and the models.
    pub result: Bought,
    /// The scaling law.
    pub law: String,
    /// Of a planner's question: how surely so much work is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<WorkBlock>,
    /// Other sizes and other amounts of work.
    pub neighbours: Others,
    /// What it was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Frontier,
}

/// What a budget buys.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Bought {
    /// Training work, without that of reinforcement learning.
    pub flop: f64,
    /// Work of reinforcement learning.
    pub rl_flop: f64,
    /// Chip-hours held.
    pub gpu_hours: f64,
    /// Dollars spent.
    pub cost_usd: f64,
    /// Days.
    pub wall_clock_days: f64,
    /// What limits it.
    pub binding: &'static str,
    /// The models.
    pub models: Vec<ModelRow>,
}

/// One model.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ModelRow {
    /// How it was chosen.
    pub choice: String,
    /// Parameters.
    pub params: f64,
    /// Training tokens.
    pub tokens: f64,
    /// Training work.
    pub flop: f64,
    /// With inference.
    pub lifetime_flop: f64,
    /// Dollars.
    pub cost_usd: f64,
    /// Days.
    pub wall_clock_days: f64,
    /// Chip-hours held.
    pub gpu_hours: f64,
    /// By the law.
    pub loss: f64,
    /// What limits it.
    pub binding: &'static str,
    /// Dollars of serving, where tokens are served and the MFU of that is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serving_cost_usd: Option<f64>,
    /// Tokens that it had seen before, of a model that is trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_tokens: Option<f64>,
}

/// What a frontier was asked and answered with.
#[derive(Debug, Clone)]
pub struct Frontier {
    /// The budget.
    pub budget: Budget,
    /// What it buys.
    pub bought: Affordable,
    /// The answers.
    pub answers: Vec<Answer>,
    /// The chip's name.
    pub chip: String,
}

impl OptimalRequest {
    /// Finds the best models for a budget.
    ///
    /// # Errors
    /// A number out of its field's range; an unknown chip or law; a chip without a price; a budget that buys nothing.
    pub fn ask(&self, catalog: &Catalog) -> Result<OptimalReply, Error> {
        let (spec, money) = self.money.in_dollars(self.today, catalog)?;
        let mut asked = self.clone();
        // Money that was typed in dollars stands in the request, where it may have been changed.
        asked.budget =
            spec.budget.as_ref().map(|entry| entry.value).filter(|_| self.budget.get().is_nan()).unwrap_or(self.budget);
        asked.price = self.price.or(spec.price.as_ref().map(|entry| entry.value));
        let mut reply = shown_in(money.currency(), || asked.answer(&spec.catalog(catalog)))?;
        reply.head.tell_money(&money);
        Ok(reply)
    }

    fn answer(&self, catalog: &Catalog) -> Result<OptimalReply, Error> {
        self.check()?;
        let chip = catalog.accelerator(&self.gpu)?.chip;
        let scaling = catalog.scaling()?;
        let id = self.law.as_deref().unwrap_or(&scaling.default);
        let title = scaling.laws.iter().find(|(known, _, _)| known == id).map_or(id, |(_, title, _)| title).to_owned();
        let law = scaling.law(id)?;
        let bought::Purchase { mut head, budget, bought: all, plan, more } = self.purchase(&chip, law, catalog)?;
        let rl = self.rl_share.unwrap_or(Fraction::ZERO);
        let bought = Affordable { work: pretraining(all.work, rl)?, ..all };
        let limits = Limits {
            tokens: self.data.unwrap_or(Tokens::new(f64::INFINITY)),
            memory: chip.memory.capacity.ok_or_else(|| chip.unknown(&["memory.capacity"], "a plan"))?,
            bytes_per_param: scaling.bytes_per_param,
            memory_share: scaling.memory_share,
            served: self.served.unwrap_or(Tokens::ZERO),
            inference_price: self.price_of_serving(&budget)?,
        };
        let moe = self.active.map(|activation| Moe {
            law: scaling.leverage,
            activation,
            granularity: best_granularity(&scaling.leverage),
        });
        head.assumptions.extend(
            moe.as_ref().map(|_| "MoE: leverage as fitted up to 1e22 FLOP, at the best granularity".to_owned()),
        );
        let start = self.start(catalog)?;
        head.assumptions.extend(self.said(start));
        let beside = Beside { ratios: &self.ratios, moe: moe.as_ref(), start };
        let answers = models(&bought, budget.chips, law, &limits, &beside)?;
        let neighbours = Others::of(law, &bought, rl, more)?;
        let models = answers.iter().map(|answer| self.row(answer, &bought, &budget, start)).collect();
        let result = Bought {
            flop: bought.work.get(),
            rl_flop: all.work.get() - bought.work.get(),
            gpu_hours: bought.held.gpu_hours(),
            cost_usd: bought.spent.get(),
            wall_clock_days: bought.wall.days(),
            binding: binding(bought.binding),
            models,
        };
        let made_from = Frontier { budget, bought, answers, chip: chip.name };
        Ok(OptimalReply { head, result, law: title, plan, neighbours, made_from })
    }

    fn check(&self) -> Result<(), Error> {
        let alone = self.planned.is_none();
        check_all(&[
            ("budget", alone.then_some(self.budget.get())),
            ("run.chips", alone.then_some(self.chips.get())),
            ("run.wall_clock", alone.then_some(self.time.days())),
            ("run.mfu", Some(self.mfu.get())),
            ("price.rent", self.price.map(Price::usd_per_hour)),
            ("run.goodput", self.goodput.map(Fraction::get)),
            ("run.tokens", self.data.map(Tokens::get)),
            ("run.tokens", self.served.map(Tokens::get)),
            ("run.tokens", self.from_tokens.map(Tokens::get)),
            ("run.mfu", self.inference_mfu.map(Fraction::get)),
            ("bill.programme", Some(self.programme)),
        ])?;
        let idle = |what: &str, why: &str| Err(Error::bad_input(format!("{what} changes nothing: {why}")));
        if self.rl_share.is_some_and(|share| !(0.0..1.0).contains(&share.get())) {
            let error = Error::bad_input("the share of reinforcement learning is from 0 to below 100 %");
            return Err(error.with_hint("write it like `5%`"));
        }
        match (self.served, self.inference_mfu, self.from.as_ref(), self.from_tokens) {
            (None, Some(_), _, _) => idle("the MFU of serving", "give the tokens that are served too (--served 2T)"),
            (_, _, None, Some(_)) => {
                idle("the tokens seen", "give the model that has seen them too (--from llama-3-70b)")
            }
            (_, Some(_), _, _) if self.inference_price != 1.0 => {
                let error = Error::bad_input("the MFU of serving and the price of its FLOPs say the same");
                Err(error.with_hint("leave --inference-price or --inference-mfu out"))
            }
            _ => Ok(()),
        }
    }

    /// Price of a FLOP in serving over that in training.
    fn price_of_serving(&self, budget: &Budget) -> Result<f64, Error> {
        self.inference_mfu.map_or(Ok(self.inference_price), |mfu| serving_price(budget.mfu, budget.goodput, mfu))
    }

    /// What was assumed of what stands beside training from scratch.
    fn said(&self, start: Option<Start>) -> Vec<String> {
        let mut said = Vec::new();
        if let (Some(from), Some(start)) = (&self.from, start) {
            let seen = show::count(start.seen.get(), 3);
            said.push(format!(
                "{from} trained on: the {seen} tokens it has seen count in full, as where the rate is warmed again and old data \
                 is replayed (Ibrahim et al. 2024, arXiv:2403.08763); data of another kind and forgetting are not in it"
            ));
            said.push(format!(
                "{from} works with {} parameters a token, taken for those of a dense model",
                show::count(start.params.get(), 3)
            ));
        }
        if let Some(share) = self.rl_share.filter(|share| *share > Fraction::ZERO) {
            let share = show::percent(share.get());
            said.push(format!(
                "{share} of the chips' time goes to reinforcement learning, which the law knows nothing of"
            ));
        }
        said
    }

    fn row(&self, answer: &Answer, bought: &Affordable, budget: &Budget, start: Option<Start>) -> ModelRow {
        let serving = self.inference_mfu.map(|mfu| {
            let held = (answer.lifetime_work - answer.plan.work) / (budget.peak * mfu.get());
            (held * budget.price).get()
        });
        let seen = start.filter(|_| answer.choice == Choice::Continued).map(|start| start.seen.get());
        let choice = match (answer.choice, &self.from) {
            (Choice::Continued, Some(from)) => format!("{from} on"),
            (other, _) => choice(other),
        };
        ModelRow { choice, serving_cost_usd: serving, seen_tokens: seen, ..row(answer, bought) }
    }
}

/// Chips of a run that is planned from its budget: where it is large, more take no more of the goodput.
const LARGE: f64 = 4096.0;

/// The goodput that runs reach whose software nobody names.
///
/// # Errors
/// Factors that no profile has.
pub fn goodput_prior(chip: &Accelerator, catalog: &Catalog) -> Result<Fraction, Error> {
    let [_, unnamed] = catalog.software()?.goodput;
    Ok(Fraction::new(unnamed.on(LARGE / f64::from(chip.node_chips.max(1)))))
}

fn row(answer: &Answer, bought: &Affordable) -> ModelRow {
    ModelRow {
        choice: choice(answer.choice),
        params: answer.plan.params.get(),
        tokens: answer.plan.tokens.get(),
        flop: answer.plan.work.get(),
        lifetime_flop: answer.lifetime_work.get(),
        cost_usd: (bought.spent * answer.used).get(),
        wall_clock_days: (bought.wall * answer.used).days(),
        gpu_hours: (bought.held * answer.used).gpu_hours(),
        loss: answer.plan.loss,
        binding: limit(answer.limit),
        serving_cost_usd: None,
        seen_tokens: None,
    }
}

fn choice(choice: Choice) -> String {
    match choice {
        Choice::ComputeOptimal => "least loss".into(),
        Choice::Ratio(ratio) => format!("{}/param", show::counted(show::number(ratio, 4), "token")),
        Choice::WithInference => "with inference".into(),
        Choice::DataLimited => "all the data".into(),
        Choice::Continued => "trained on".into(),
        Choice::Moe(leverage) => format!("MoE, x {}", show::number(leverage, 3)),
    }
}

fn limit(limit: Limit) -> &'static str {
    match limit {
        Limit::Money => "the money",
        Limit::Time => "chips x time",
        Limit::Data => "the data",
        Limit::Memory => "the memory",
    }
}

fn binding(binding: Binding) -> &'static str {
    limit(match binding {
        Binding::Money => Limit::Money,
        Binding::Time => Limit::Time,
    })
}
