//! What has to be planned: chips for a date, tokens for a budget, both with a confidence.

use serde::Serialize;

use super::estimate::{EstimateReply, EstimateRequest, reply};
use super::request::About;
use crate::answer::answer;
use crate::answer::confidence::{Held, chips, tokens};
use crate::answer::ranges::{COST, DAYS, level};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::field::find;
use crate::input::file::Entry;
use crate::input::question::Question;
pub use crate::planner::CONFIDENCE;
use crate::planner::Prepared;
use crate::planner::joint::{Kept, Wanted, least};
use crate::planner::neighbours::{Limit, Neighbour, of_days, of_field};
use crate::solve::Var;
use crate::uncertainty::montecarlo::{Estimate, Plan};
use crate::units::money::shown_in;
use crate::units::{Fraction, show};

/// What is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Goal {
    /// The fewest chips that finish by a date: the field `by`.
    Chips,
    /// The most tokens that a budget pays for: the field `budget`.
    Tokens,
    /// The first day on which it is done, within the field `budget` where that is given.
    Date,
}

impl Goal {
    /// What replies say of it.
    const fn command(self) -> &'static str {
        match self {
            Self::Chips => "plan chips",
            Self::Tokens => "plan tokens",
            Self::Date => "plan date",
        }
    }
}

/// The question of `plan chips` and `plan tokens`.
///
/// ```
/// use flopbill::{Catalog, Goal, Input, PlanRequest};
///
/// let input = Input::about("deepseek-v3").set("by", "60d").set("run.gpu_hours", "2.4M..3.2M").set("confidence", "80%");
/// let reply = PlanRequest::new(Goal::Chips, input).ask(&Catalog::built_in())?;
/// assert!(reply.plan.probability >= 0.8 && reply.plan.days_at_confidence.unwrap() <= 60.0);
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PlanRequest {
    /// What is planned.
    pub goal: Goal,
    /// The run and the values laid over it, the limit and the confidence among them.
    pub about: About,
    /// How the draws are made.
    pub draws: Plan,
}

impl PlanRequest {
    /// A plan with the usual draws.
    pub fn new(goal: Goal, about: impl Into<About>) -> Self {
        Self { goal, about: about.into(), draws: Plan::default() }
    }

    /// The same with its draws made like this.
    #[must_use]
    pub fn draws(self, draws: Plan) -> Self {
        Self { draws, ..self }
    }
}

/// The answer of `plan chips` and `plan tokens`: the estimate of the plan that was found, and how sure it is.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PlanReply {
    /// The estimate with the plan in place.
    #[serde(flatten)]
    pub estimate: EstimateReply,
    /// The plan.
    pub plan: PlanBlock,
    /// A little less and a little more.
    pub neighbours: Vec<Neighbour>,
    /// What was planned.
    #[serde(skip)]
    pub goal: Goal,
}

/// A plan that holds.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct PlanBlock {
    /// Chips held.
    pub chips: Option<f64>,
    /// Training tokens.
    pub tokens: Option<f64>,
    /// How sure it is to be.
    pub confidence: f64,
    /// How often it holds, counted on the draws of this very plan.
    pub probability: f64,
    /// Its standard error.
    pub probability_standard_error: f64,
    /// Days that are not exceeded with the confidence.
    pub days_at_confidence: Option<f64>,
    /// Dollars that are not exceeded with the confidence.
    pub cost_usd_at_confidence: Option<f64>,
    /// Number of draws.
    pub draws: usize,
    /// Their seed.
    pub seed: u64,
}

impl PlanRequest {
    /// Plans.
    ///
    /// # Errors
    /// No limit to plan for, a confidence outside 0 to 1, no plan that holds.
    pub fn ask(&self, catalog: &Catalog) -> Result<PlanReply, Error> {
        let catalog = &catalog.clone().remembering();
        let question = self.about.question(catalog)?.at_home(&[])?;
        let spec = question.settled(catalog)?;
        open(&question, self.goal)?;
        let confidence = spec.confidence.as_ref().map_or(CONFIDENCE, |entry| entry.value);
        let (held, planned, near) = match self.goal {
            Goal::Chips => {
                needed(spec.by.as_ref(), "give --by 60d")?;
                let by = spec.due(question.today)?.unwrap_or_default();
                let held = chips(&question, by, confidence, &self.draws, catalog)?;
                let count = held.answer.estimate.chips.map_or(f64::NAN, |chips| chips.get());
                let node = held.answer.chip.as_ref().map_or(1.0, |chip| f64::from(chip.chip.node_chips));
                let near = of_field(("run.chips", count, node), &question, Limit::By(by), &self.draws, catalog)?;
                (held, question.with("run.chips", count), near)
            }
            Goal::Tokens => {
                let budget = needed(spec.budget.as_ref(), "give --budget '$10M'")?;
                let held = tokens(&question, budget, confidence, &self.draws, catalog)?;
                let count = held.answer.solved.knowns.get(Var::Tokens).unwrap_or(f64::NAN);
                let near =
                    of_field(("run.tokens", count, 1.0), &question, Limit::Budget(budget), &self.draws, catalog)?;
                (held, question, near)
            }
            Goal::Date => return self.date(&question, confidence, catalog),
        };
        let (block, currency) = (PlanBlock::of(&held, confidence)?, held.answer.currency());
        let asked = EstimateRequest::new(planned.clone()).draws(self.draws);
        let put = || reply(self.goal.command(), &asked, &planned, held.answer, catalog);
        let estimate = shown_in(currency, put)?;
        Ok(PlanReply { estimate, plan: block, neighbours: near, goal: self.goal })
    }

    /// The first day on which it is done as surely as is asked, within the money where that is given; the question with that
    /// day in it is asked again.
    fn date(&self, question: &Question, confidence: Fraction, catalog: &Catalog) -> Result<PlanReply, Error> {
        let asked = Prepared::of(question, catalog)?;
        let days = {
            let joint = asked.joint()?;
            let draws = joint.draw(&asked.limits, &self.draws);
            least(&draws, Wanted::Days, &asked.limits, confidence.get())
                .ok_or_else(|| no_day(Kept::of(&draws, &asked.limits).budget, confidence))?
        };
        let days = (days - 1e-9).ceil().max(1.0);
        let planned = question.clone().with("by", format!("{days}d")).with("confidence", confidence.get());
        let request = EstimateRequest::new(planned.clone()).draws(self.draws);
        let found = answer(&planned, catalog)?;
        let (chips, tokens) = (found.estimate.chips.map(|chips| chips.get()), found.solved.knowns.get(Var::Tokens));
        let currency = found.currency();
        let estimate = shown_in(currency, || reply(self.goal.command(), &request, &planned, found, catalog))?;
        let both = estimate.joint.as_ref().and_then(|joint| joint.both);
        let unknown = || Error::no_solution("how surely the day holds does not follow");
        let both = both.ok_or_else(unknown)?;
        let cost = estimate.joint.as_ref().and_then(|joint| joint.cost_usd.p90).filter(|_| confidence.get() == 0.9);
        let plan = PlanBlock {
            chips,
            tokens,
            confidence: confidence.get(),
            probability: both.probability,
            probability_standard_error: both.standard_error,
            days_at_confidence: Some(days),
            cost_usd_at_confidence: cost,
            draws: self.draws.draws(),
            seed: self.draws.seed(),
        };
        let neighbours = of_days(&asked, days, &self.draws)?;
        Ok(PlanReply { estimate, plan, neighbours, goal: self.goal })
    }
}

/// Why no day is late enough.
fn no_day(budget: Option<Estimate>, confidence: Fraction) -> Error {
    let asked = show::percent(confidence.get());
    let within = budget.map(|kept| format!(": {} stay within the money", show::percent(kept.value)));
    let message = format!("on no day are {asked} of the draws done{}", within.unwrap_or_default());
    Error::no_solution(message).with_hint("give more money (--budget), more chips, or less confidence (--confidence)")
}

/// What a plan is to find out cannot be given.
fn open(question: &Question, goal: Goal) -> Result<(), Error> {
    let (found, hint): (&[&str], _) = match goal {
        Goal::Chips => {
            (&["run.chips", "run.wall_clock", "run.cost"], "leave it out: the chips, their time and cost are found")
        }
        Goal::Tokens => (&["run.tokens", "run.flop", "run.cost"], "leave it out: the tokens and their cost are found"),
        Goal::Date => (&["by", "run.wall_clock", "run.cost"], "leave it out: the day and the cost are found"),
    };
    match question.overrides.iter().find(|over| find(&over.path).is_ok_and(|field| found.contains(&field.path))) {
        Some(over) => {
            Err(Error::bad_input(format!("{} is given, and the plan is to find it", over.flag)).with_hint(hint))
        }
        None => Ok(()),
    }
}

/// What a plan cannot do without.
fn needed<Q: Copy>(given: Option<&Entry<Q>>, hint: &str) -> Result<Q, Error> {
    let missing = || Error::bad_input("the limit to plan for is missing").with_hint(hint);
    given.map(|entry| entry.value).ok_or_else(missing)
}

impl PlanBlock {
    fn of(held: &Held, confidence: Fraction) -> Result<Self, Error> {
        let answer = &held.answer;
        let at =
            |output| Ok::<_, Error>(Some(level(answer, &held.plan, output, confidence)?).filter(|at| at.is_finite()));
        Ok(Self {
            chips: answer.estimate.chips.map(|chips| chips.get()),
            tokens: answer.solved.knowns.get(Var::Tokens),
            confidence: confidence.get(),
            probability: held.probability.value,
            probability_standard_error: held.probability.se,
            days_at_confidence: at(DAYS)?,
            cost_usd_at_confidence: at(COST)?,
            draws: held.plan.draws(),
            seed: held.plan.seed(),
        })
    }
}
