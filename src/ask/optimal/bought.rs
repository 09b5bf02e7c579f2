//! What money, chips and time buy: in one step where they are numbers, else by the planner's search.

use std::borrow::Cow;

use serde::Serialize;

use super::{OptimalRequest, Planned, goodput_prior};
use crate::answer::ranges::MFU;
use crate::ask::reply::{Input, InputValue, Ordered, ReplyHead};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::hardware::accelerator::Accelerator;
use crate::hardware::price::Term;
use crate::input::field::field;
use crate::input::question::Question;
use crate::planner::joint::known;
use crate::planner::levers::typed;
use crate::planner::neighbours::{Neighbour, around, parts};
use crate::planner::reply::Levels;
use crate::planner::search::word;
use crate::planner::search::work::{FLOP, most};
use crate::planner::trial::{Trial, Verdict};
use crate::reply::result::head;
use crate::scaling::{Affordable, Binding, Budget, Law, affordable};
use crate::units::{ChipSeconds, Flop, Fraction, Price, Seconds, Usd, show};

/// What was bought, and what is said of it.
pub(super) struct Purchase {
    pub head: ReplyHead,
    pub budget: Budget,
    pub bought: Affordable,
    pub plan: Option<WorkBlock>,
    /// The same question with other amounts of work, where the planner was asked.
    pub more: Vec<Neighbour>,
}

/// How surely so much work is bought.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct WorkBlock {
    /// How sure it is to be.
    pub confidence: f64,
    /// How often date and money are kept with so much work.
    pub probability: f64,
    /// Its standard error.
    pub probability_standard_error: f64,
    /// Days that are not exceeded with the confidence.
    pub days_at_confidence: Option<f64>,
    /// Dollars that are not exceeded with the confidence: of what money is held against.
    pub cost_usd_at_confidence: Option<f64>,
    /// What money is held against: `rent`, or of a bill `final-run` or `programme`.
    pub cost_of: &'static str,
    /// Work that 90 %, 50 % and 10 % of the draws can buy; null where nothing is drawn.
    pub work_flop: Option<Levels>,
    /// The least loss with these: the p10 is that of the most work.
    pub loss: Option<Levels>,
    /// What makes `estimate` give this very answer.
    pub ask_again: String,
    /// Number of draws.
    pub draws: usize,
    /// Their seed.
    pub seed: u64,
}

impl OptimalRequest {
    pub(super) fn purchase(&self, chip: &Accelerator, law: &Law, catalog: &Catalog) -> Result<Purchase, Error> {
        let six = "FLOPs are 6 x parameters x tokens: attention is not counted".to_owned();
        let (goodput, assumed_goodput) = goodput(self.goodput, chip, catalog)?;
        let peak = chip.peak_of(chip.training_precision())?;
        let budget = |money, price| Budget {
            money,
            price,
            chips: self.chips,
            time: self.time,
            peak,
            mfu: self.mfu,
            goodput,
            programme: self.programme,
        };
        if let Some(planned) = &self.planned {
            let mut found = planned.buy(goodput, law, catalog)?;
            let answer = &found.trial.answer;
            let mut head = head("plan optimal", answer);
            head.name.clone_from(&chip.name);
            head.assumptions.retain(|said| !said.starts_with("FLOPs are"));
            head.assumptions.insert(0, six);
            head.assumptions.extend(assumed_goodput);
            head.assumptions.extend(planned.said());
            let price = answer.price.as_ref().map_or(Price::from_usd_per_hour(f64::NAN), |price| price.value);
            let mfu = answer.prepared.evaluate(&answer.prepared.medians()).get(MFU).copied().unwrap_or(f64::NAN);
            let chips = answer.estimate.chips.unwrap_or(self.chips);
            let time = found.trial.verdict.limits.due.unwrap_or(self.time);
            let spec = &answer.spec;
            let money = spec.budget.as_ref().or(spec.max_cost.as_ref()).or(spec.max_cost_p90.as_ref());
            let money = money.map_or(Usd::new(f64::INFINITY), |entry| entry.value);
            let budget = Budget { chips, time, mfu: Fraction::new(mfu), ..budget(money, price) };
            let (bought, plan) = (found.bought, Some(found.block));
            return Ok(Purchase { head, budget, bought, plan, more: std::mem::take(&mut found.more) });
        }
        let mut head = ReplyHead::new("plan optimal", chip.name.as_str());
        head.assumptions.push(six);
        let (price, assumed) = rent(self.price, chip, catalog)?;
        head.assumptions.extend(assumed.into_iter().chain(assumed_goodput));
        let budget = budget(self.budget, price);
        head.inputs = inputs(&budget, chip, self);
        Ok(Purchase { head, bought: affordable(&budget)?, budget, plan: None, more: Vec::new() })
    }
}

/// What the planner's search came to.
struct Bought {
    trial: Trial,
    bought: Affordable,
    block: WorkBlock,
    more: Vec<Neighbour>,
}

impl Planned {
    /// The most work with which all that is asked holds.
    fn buy(&self, goodput: Fraction, law: &Law, catalog: &Catalog) -> Result<Bought, Error> {
        let catalog = &catalog.clone().remembering();
        let question = self.open(goodput)?;
        let (trial, flop) = most(&question, FLOP, &self.draws, catalog)?;
        let with = |flop: f64| Ok(question.clone().with(FLOP.path, flop));
        let more = around(flop, parts(flop, 1.0), with, &self.draws, catalog).into_iter();
        let more = more.map(|near| Neighbour { value: near.value / self.programme, ..near }).collect();
        let verdict = &trial.verdict;
        let middle = |level: Option<f64>| level.unwrap_or(f64::NAN);
        let bought = Affordable {
            work: Flop::new(flop / self.programme),
            held: ChipSeconds::from_gpu_hours(middle(verdict.gpu_hours.p50)),
            spent: Usd::new(middle(verdict.cost.p50)),
            wall: Seconds::from_days(middle(verdict.days.p50)),
            binding: binds(verdict),
        };
        let [days, cost] = verdict.at.map(known);
        let spread = self.spread(&question, &trial, catalog)?;
        let loss = |work: Option<f64>| work.and_then(|work| law.optimum(Flop::new(work)).ok()).map(|best| best.loss);
        let block = WorkBlock {
            confidence: verdict.confidence.get(),
            probability: if verdict.is_limited() { verdict.kept.all.value } else { 1.0 },
            probability_standard_error: if verdict.is_limited() { verdict.kept.all.se } else { 0.0 },
            days_at_confidence: days,
            cost_usd_at_confidence: cost,
            cost_of: word(verdict.judged),
            loss: spread.map(|work| Levels { p10: loss(work.p90), p50: loss(work.p50), p90: loss(work.p10) }),
            work_flop: spread,
            ask_again: [typed(FLOP.path, &flop.to_string()), typed("run.goodput", &show::exact(goodput))].join(" "),
            draws: self.draws.draws(),
            seed: self.draws.seed(),
        };
        Ok(Bought { trial, bought, block, more })
    }

    /// Work that is bought in 90 %, 50 % and 10 % of the draws; `None` where nothing is drawn, or no probability is asked for.
    fn spread(&self, question: &Question, trial: &Trial, catalog: &Catalog) -> Result<Option<Levels>, Error> {
        let spec = &trial.answer.spec;
        let drawn = !spec.ranges.is_empty() || spec.deliveries.is_some();
        if !drawn || !trial.verdict.is_limited() {
            return Ok(None);
        }
        let work = |confidence: &str| {
            let question = question.clone().with("confidence", confidence);
            most(&question, FLOP, &self.draws, catalog).ok().map(|(_, flop)| flop / self.programme)
        };
        Ok(Some(Levels { p10: work("90%"), p50: work("50%"), p90: work("10%") }))
    }
}

/// Which limit is nearest.
fn binds(verdict: &Verdict) -> Binding {
    let [days, cost] = verdict.at;
    let over = |value: f64, limit: Option<f64>| limit.map_or(0.0, |limit| value / limit);
    let gate = |name: &str| {
        let of = verdict.gates.iter().filter(|gate| gate.name.starts_with(name));
        of.filter_map(|gate| Some(gate.value? / gate.limit)).fold(0.0, f64::max)
    };
    let time = over(days, verdict.limits.due.map(Seconds::days)).max(gate("max_days"));
    let money = over(cost, verdict.limits.budget.map(Usd::get)).max(gate("max_cost"));
    if time > money { Binding::Time } else { Binding::Money }
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
