//! The best model for a budget on so many chips in so much time, by a scaling law.

use std::borrow::Cow;

use serde::Serialize;

use super::reply::{Input, InputValue, Ordered, ReplyHead};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::hardware::accelerator::Accelerator;
use crate::hardware::price::Term;
use crate::input::field::{check_all, field};
use crate::input::loose::Loose;
use crate::input::text::{days, flag_value, prefix};
use crate::scaling::frontier::{Answer, Choice, Limit, Limits, Moe, frontier};
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
    /// Active over all parameters of a mixture of experts to compare with.
    pub active: Option<Fraction>,
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
            active: None,
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
    /// What it was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Frontier,
}

/// What a budget buys.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Bought {
    /// Training work.
    pub flop: f64,
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
        check_all(&[
            ("budget", Some(self.budget.get())),
            ("run.chips", Some(self.chips.get())),
            ("run.wall_clock", Some(self.time.days())),
            ("run.mfu", Some(self.mfu.get())),
            ("price.rent", self.price.map(Price::usd_per_hour)),
            ("run.goodput", self.goodput.map(Fraction::get)),
            ("run.tokens", self.data.map(Tokens::get)),
            ("run.tokens", self.served.map(Tokens::get)),
            ("bill.programme", Some(self.programme)),
        ])?;
        let chip = catalog.accelerator(&self.gpu)?.chip;
        let scaling = catalog.scaling()?;
        let law = self.law.as_deref().unwrap_or(&scaling.default);
        let title = scaling.laws.iter().find(|(id, _, _)| id == law).map_or(law, |(_, title, _)| title).to_owned();
        let mut head = ReplyHead::new("plan optimal", chip.name.as_str());
        head.assumptions.push("FLOPs are 6 x parameters x tokens: attention is not counted".into());
        let (price, assumed) = rent(self.price, &chip, catalog)?;
        head.assumptions.extend(assumed);
        let (goodput, assumed) = goodput(self.goodput, &chip, catalog)?;
        head.assumptions.extend(assumed);
        let budget = Budget {
            money: self.budget,
            price,
            chips: self.chips,
            time: self.time,
            peak: chip.peak_of(chip.training_precision())?,
            mfu: self.mfu,
            goodput,
            programme: self.programme,
        };
        let limits = Limits {
            tokens: self.data.unwrap_or(Tokens::new(f64::INFINITY)),
            memory: chip.memory.capacity.ok_or_else(|| chip.unknown(&["memory.capacity"], "a plan"))?,
            bytes_per_param: scaling.bytes_per_param,
            memory_share: scaling.memory_share,
            served: self.served.unwrap_or(Tokens::ZERO),
            inference_price: self.inference_price,
        };
        let moe = self.active.map(|activation| Moe {
            law: scaling.leverage,
            activation,
            granularity: best_granularity(&scaling.leverage),
        });
        head.assumptions.extend(
            moe.as_ref().map(|_| "MoE: leverage as fitted up to 1e22 FLOP, at the best granularity".to_owned()),
        );
        let (bought, answers) = frontier(&budget, scaling.law(law)?, &limits, &self.ratios, moe.as_ref())?;
        head.inputs = inputs(&budget, &chip, self);
        let models = answers.iter().map(|answer| row(answer, &bought)).collect();
        let result = Bought {
            flop: bought.work.get(),
            gpu_hours: bought.held.gpu_hours(),
            cost_usd: bought.spent.get(),
            wall_clock_days: bought.wall.days(),
            binding: binding(bought.binding),
            models,
        };
        Ok(OptimalReply { head, result, law: title, made_from: Frontier { budget, bought, answers, chip: chip.name } })
    }
}

/// The price that was given, or the typical one with the sentence that says so.
fn rent(given: Option<Price>, chip: &Accelerator, catalog: &Catalog) -> Result<(Price, Option<String>), Error> {
    if let Some(price) = given {
        return Ok((price, None));
    }
    let Some(found) = catalog.rent(&chip.id, Term::OnDemand, None)? else {
        let error = Error::no_solution(format!("no price is known for {}", chip.name));
        return Err(error.with_hint("give --price '$2/h'"));
    };
    let (price, term) = (show::price(found.price), found.term.words());
    Ok((found.price, Some(format!("price {price}: {term}, of {}, not given", found.date))))
}

/// The goodput that was given, or the prior of the chip's family with the sentence that says so.
fn goodput(
    given: Option<Fraction>,
    chip: &Accelerator,
    catalog: &Catalog,
) -> Result<(Fraction, Option<String>), Error> {
    if let Some(goodput) = given {
        return Ok((goodput, None));
    }
    let prior = goodput_prior(chip, catalog)?;
    Ok((prior, Some(format!("goodput {}: a prior, not given", show::percent(prior.get())))))
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

fn inputs(budget: &Budget, chip: &Accelerator, request: &OptimalRequest) -> Ordered<Input> {
    let origin = |given: bool| if given { "given" } else { "default: the assumptions say it" }.to_owned();
    let number = |path: &str, value: f64, text: String, given: bool| {
        let unit = field(path).map(|field| field.unit.into()).filter(|unit: &Cow<'_, str>| !unit.is_empty());
        (path.to_owned(), Input { value: InputValue::Number(value), unit, text, origin: origin(given) })
    };
    let name = InputValue::Text(chip.id.clone());
    let gpu = Input { value: name, unit: None, text: request.gpu.clone(), origin: origin(true) };
    let price = budget.price;
    [
        ("run.gpu".to_owned(), gpu),
        number("budget", budget.money.get(), show::usd(budget.money), true),
        number("price.rent", price.usd_per_hour(), show::price(price), request.price.is_some()),
        number("run.chips", budget.chips.get(), show::chips(budget.chips), true),
        number("run.wall_clock", budget.time.days(), show::duration(budget.time), true),
        number("run.mfu", budget.mfu.get(), show::percent(budget.mfu.get()), true),
        number("run.goodput", budget.goodput.get(), show::percent(budget.goodput.get()), request.goodput.is_some()),
        number("bill.programme", budget.programme, show::number(budget.programme, 3), true),
    ]
    .into_iter()
    .collect()
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
    }
}

fn choice(choice: Choice) -> String {
    match choice {
        Choice::ComputeOptimal => "least loss".into(),
        Choice::Ratio(ratio) => format!("{}/param", show::counted(show::number(ratio, 4), "token")),
        Choice::WithInference => "with inference".into(),
        Choice::DataLimited => "all the data".into(),
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
