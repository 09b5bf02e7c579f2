//! From a question to the request: numbers alone, or the planner's question.

use super::OptimalRequest;
use crate::answer::answer;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::field::{FIELDS, Group, find};
use crate::input::file::Spec;
use crate::input::loose::Loose;
use crate::input::question::{Question, base_of};
use crate::model::params::{Embeddings, count};
use crate::planner::CONFIDENCE;
use crate::planner::trial::sure;
use crate::predict::setting::active;
use crate::scaling::further::Start;
use crate::solve::Var;
use crate::uncertainty::montecarlo::Plan;
use crate::units::{Chips, Fraction, Seconds, Tokens, Usd, show};

/// The planner's question behind a best model.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Planned {
    /// The chips, money, time, ranges, deliveries and bill.
    pub question: Question,
    /// How its draws are made.
    pub draws: Plan,
    /// Compute of the whole programme over that of the final run, where no bill counts it.
    pub programme: f64,
}

impl OptimalRequest {
    /// What a question of fields asks: numbers alone, or, with ranges, deliveries, a bill, a date, gates or a confidence, the
    /// planner's question.
    ///
    /// # Errors
    /// Values that do not read; money, chips, time, chip or MFU that are missing.
    pub fn of(question: Question, draws: Plan, catalog: &Catalog) -> Result<Self, Error> {
        let spec = question.settled(catalog)?;
        spec.one_place()?;
        complete(&spec)?;
        let text = |path: &str| {
            let over = question.overrides.iter().rev().find(|over| find(&over.path).is_ok_and(|own| own.path == path));
            over.map(|over| over.text.clone())
        };
        let today = question.today;
        if !is_planned(&spec) {
            let named = |path: &str| text(path).unwrap_or_default();
            let mut request = Self::new(
                &named("run.gpu"),
                &named("budget"),
                &named("run.chips"),
                &named("run.wall_clock"),
                &named("run.mfu"),
            )?;
            for path in ["price.rent", "money.currency", "money.rate", "as_of"] {
                text(path).iter().try_for_each(|text| request.money.set(path, text))?;
            }
            request.goodput = spec.goodput.as_ref().map(|entry| entry.value);
            request.programme = spec.programme.as_ref().map_or(1.0, |entry| entry.value);
            return Ok(Self { today, ..request });
        }
        let mut money = Box::new(Loose::default());
        for path in ["money.currency", "money.rate", "as_of", "run.gpu"] {
            text(path).iter().try_for_each(|text| money.set(path, text))?;
        }
        let nothing = f64::NAN;
        let billed = spec.bill.is_some() || spec.budget_of.is_some();
        let programme = spec.programme.as_ref().filter(|_| !billed).map_or(1.0, |entry| entry.value);
        let gpu = spec.gpu.as_ref().map(|entry| entry.value.clone()).unwrap_or_default();
        Ok(Self {
            budget: spec.budget.as_ref().map_or(Usd::new(nothing), |entry| entry.value),
            chips: spec.chips.as_ref().map_or(Chips::new(nothing), |entry| entry.value),
            time: spec.wall_clock.as_ref().map_or(Seconds::new(nothing), |entry| entry.value),
            mfu: spec.mfu.as_ref().map_or(Fraction::new(nothing), |entry| entry.value),
            money,
            today,
            goodput: spec.goodput.as_ref().map(|entry| entry.value),
            programme,
            planned: Some(Box::new(Planned { question, draws, programme })),
            ..Self::new(&gpu, "$1", "1", "1d", "50%")?
        })
    }

    /// The model that is trained on: its parameters at work, and the tokens that it has seen.
    ///
    /// # Errors
    /// An unknown name; tokens that nobody knows.
    pub(super) fn start(&self, catalog: &Catalog) -> Result<Option<Start>, Error> {
        let Some(from) = &self.from else { return Ok(None) };
        let spec = base_of(from, catalog)?;
        let own = active(&spec).map(|entry| entry.value);
        let params = match (own, &spec.model) {
            (Some(params), _) => params,
            (None, Some(model)) => count(&catalog.model(&model.value)?.shape).active(Embeddings::Counted),
            (None, None) => {
                let error = Error::no_solution(format!("the parameters of {from} are not known"));
                return Err(error.with_hint("name a model, or a run that says its model"));
            }
        };
        let told = self.from_tokens.or(spec.tokens.as_ref().map(|entry| entry.value));
        // A run that is told in phases has its tokens in them.
        let summed = || {
            let found = answer(&Question { base: spec.clone(), ..Question::default() }, catalog).ok()?;
            found.solved.knowns.get(Var::Tokens).map(Tokens::new)
        };
        let seen = told.or_else(summed).ok_or_else(|| {
            let error = Error::bad_input(format!("how many tokens {from} has seen is not known"));
            error.with_hint("give --from-tokens 15T")
        })?;
        Ok(Some(Start { params, seen }))
    }
}

impl Planned {
    /// The question whose work is open: its time is a date to keep, its goodput is given.
    pub(super) fn open(&self, goodput: Fraction) -> Result<Question, Error> {
        let spec = self.question.spec()?;
        let mut question = self.question.clone();
        if let Some(time) = &spec.wall_clock {
            if spec.by.is_some() {
                let error = Error::bad_input("`run.wall_clock` and `by` both say when it is done");
                return Err(error.with_hint("leave --days or --by out"));
            }
            question = question.without(&["run.wall_clock"]).with("by", format!("{}d", time.value.days()));
        }
        if spec.goodput.is_none() {
            question = question.with("run.goodput", show::exact(goodput));
        }
        if self.programme > 1.0 {
            question = question.without(&["bill.programme"]);
        }
        let confidence = spec.confidence.as_ref().map_or(CONFIDENCE, |entry| entry.value);
        sure(confidence)?;
        let limited = spec.by.is_some() || spec.wall_clock.is_some() || spec.budget.is_some();
        Ok(if limited { question.with("confidence", confidence.get()) } else { question })
    }

    /// What is assumed of it.
    pub(super) fn said(&self) -> Option<String> {
        (self.programme > 1.0).then(|| {
            let factor = show::number(self.programme, 3);
            format!("the programme takes {factor} x the final run's work, all of it on these chips in this time for this money")
        })
    }
}

/// Whether more is asked than numbers.
fn is_planned(spec: &Spec) -> bool {
    let numbers = ["run.gpu", "run.chips", "run.wall_clock", "run.mfu", "run.goodput", "price.rent", "budget", "as_of"];
    let alone = ["money.currency", "money.rate", "bill.programme"];
    let plain = |path: &str| numbers.contains(&path) || alone.contains(&path);
    !spec.ranges.is_empty()
        || FIELDS.iter().any(|field| field.group != Group::Rl && !plain(field.path) && (field.origin)(spec).is_some())
}

/// What a best model cannot do without.
fn complete(spec: &Spec) -> Result<(), Error> {
    let money = spec.budget.is_some() || spec.max_cost.is_some() || spec.max_cost_p90.is_some();
    let time = spec.wall_clock.is_some() || spec.by.is_some() || spec.max_days.is_some() || spec.max_days_p90.is_some();
    let missing: Vec<&str> = [
        (money, "a budget (--budget '$10M')"),
        (spec.chips.is_some(), "chips (--chips 2048 or --deliver)"),
        (time, "a time (--days 60 or --by)"),
        (spec.gpu.is_some(), "a chip (--gpu h200)"),
        (spec.mfu.is_some() || spec.tflops_per_chip.is_some(), "an MFU (--mfu 40%)"),
    ]
    .iter()
    .filter_map(|(given, what)| (!given).then_some(*what))
    .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::bad_input(format!("the best model needs more: {}", missing.join(", "))))
}
