//! What has to be planned: chips for a date or without one, tokens for what there is, the day; each as surely as is asked.

use serde::Serialize;

use super::estimate::{EstimateReply, EstimateRequest, reply};
use super::request::About;
use crate::answer::ranges::{COST, DAYS, level};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::field::find;
use crate::input::file::Spec;
use crate::input::question::Question;
pub use crate::planner::CONFIDENCE;
use crate::planner::Prepared;
use crate::planner::joint::{Wanted, known, least};
use crate::planner::levers::typed;
use crate::planner::neighbours::{Neighbour, around, of_days, parts};
use crate::planner::search::chips::fewest;
use crate::planner::search::knee::{Knee, knee};
use crate::planner::search::nearest::{Candidate, refused};
use crate::planner::search::work::{TOKENS, most};
use crate::planner::search::{Search, word};
use crate::planner::trial::{Trial, sure};
use crate::solve::Var;
use crate::uncertainty::montecarlo::Plan;
use crate::units::money::shown_in;
use crate::units::{Fraction, show};

/// What is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Goal {
    /// The fewest chips for a date, `by` or a gate on time; without one those at the knee of cost against days.
    Chips,
    /// The most tokens for what there is: `budget`, `by`, or gates on money and time.
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

/// The question of `plan chips`, `plan tokens` and `plan date`.
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

/// The answer of a plan: the estimate of the plan that was found, and how sure it is.
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
    /// Of chips without a date: the fewest, the knee, and the points between and beyond.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knee: Option<Knee>,
    /// What was planned.
    #[serde(skip)]
    pub goal: Goal,
}

/// A plan that holds.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PlanBlock {
    /// Chips held, or delivered in all.
    pub chips: Option<f64>,
    /// The deliveries, each with its share of the chips, where those are planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<String>,
    /// Chips over those of the deliveries that were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliveries_factor: Option<f64>,
    /// Training tokens.
    pub tokens: Option<f64>,
    /// How sure it is to be.
    pub confidence: f64,
    /// How often date and money are kept, counted on the draws of this very plan.
    pub probability: f64,
    /// Its standard error.
    pub probability_standard_error: f64,
    /// Days that are not exceeded with the confidence.
    pub days_at_confidence: Option<f64>,
    /// Days at p50.
    pub days_p50: Option<f64>,
    /// Dollars that are not exceeded with the confidence: of what money is held against.
    pub cost_usd_at_confidence: Option<f64>,
    /// Dollars at p50.
    pub cost_usd_p50: Option<f64>,
    /// What money is held against: `rent`, or of a bill `final-run` or `programme`.
    pub cost_of: &'static str,
    /// What makes `estimate` give this very answer.
    pub ask_again: String,
    /// Number of draws.
    pub draws: usize,
    /// Their seed.
    pub seed: u64,
}

/// A plan with what is typed for it.
struct Planned {
    trial: Trial,
    laid: Vec<(&'static str, String)>,
    neighbours: Vec<Neighbour>,
    knee: Option<Knee>,
    factor: Option<f64>,
}

impl PlanRequest {
    /// Plans.
    ///
    /// # Errors
    /// No limit to plan for, a confidence outside 0 to 1; no plan that holds: which limit binds, and what holds nearby.
    pub fn ask(&self, catalog: &Catalog) -> Result<PlanReply, Error> {
        let catalog = &catalog.clone().remembering();
        let question = self.about.question(catalog)?.at_home(&[])?;
        let spec = question.settled(catalog)?;
        open(&question, self.goal)?;
        let confidence = spec.confidence.as_ref().map_or(CONFIDENCE, |entry| entry.value);
        sure(confidence)?;
        let question = match spec.by.is_some() || spec.budget.is_some() || self.goal == Goal::Date {
            true => question.with("confidence", confidence.get()),
            false => question, // nothing is held with it
        };
        let found = match self.goal {
            Goal::Chips => self.chips(&question, &spec, catalog)?,
            Goal::Tokens => self.tokens(&question, &spec, catalog)?,
            Goal::Date => self.date(&question, confidence, catalog)?,
        };
        self.reply(found, confidence, catalog)
    }

    /// The fewest chips for the date, or those at the knee.
    fn chips(&self, question: &Question, spec: &Spec, catalog: &Catalog) -> Result<Planned, Error> {
        let search = Search::of(question, &self.draws, catalog)?;
        let (knee, trial, nodes) = if is_timed(spec) {
            let found = fewest(&search)?;
            (None, found.trial, found.nodes)
        } else {
            let (knee, trial, nodes) = knee(&search)?;
            (Some(knee), trial, nodes)
        };
        let near = parts(f64::from(nodes), 1.0);
        let mut neighbours = around(f64::from(nodes), near, |nodes| search.with(nodes as u32), &self.draws, catalog);
        for near in &mut neighbours {
            near.value = search.held(near.value as u32)?;
        }
        let factor = search.factor(nodes);
        Ok(Planned { trial, laid: vec![search.typed(nodes)?], neighbours, knee, factor })
    }

    /// The most tokens for what there is.
    fn tokens(&self, question: &Question, spec: &Spec, catalog: &Catalog) -> Result<Planned, Error> {
        let money = spec.budget.is_some() || spec.max_cost.is_some() || spec.max_cost_p90.is_some();
        if !money && !is_timed(spec) {
            let missing = Error::bad_input("the limit to plan for is missing");
            return Err(missing.with_hint("give --budget '$10M', or --by 60d with --chips or --deliver"));
        }
        let (trial, tokens) = most(question, TOKENS, &self.draws, catalog)?;
        let with = |tokens: f64| Ok(question.clone().with(TOKENS.path, tokens));
        let neighbours = around(tokens, parts(tokens, 1.0), with, &self.draws, catalog);
        let laid = vec![(TOKENS.path, tokens.to_string())];
        Ok(Planned { trial, laid, neighbours, knee: None, factor: None })
    }

    /// The first day on which it is done as surely as is asked, within the money where that is given; the question with that
    /// day in it is asked again.
    fn date(&self, question: &Question, confidence: Fraction, catalog: &Catalog) -> Result<Planned, Error> {
        let question = question.clone().without(&["by"]);
        let asked = Prepared::of(&question, catalog)?;
        let days = {
            let joint = asked.joint()?;
            least(&joint.draw(&asked.limits, &self.draws), Wanted::Days, &asked.limits, confidence.get())
        };
        let Some(days) = days.map(|days| (days - 1e-9).ceil().max(1.0)) else {
            return Err(self.no_day(&question, confidence, catalog)?);
        };
        let text = format!("{days}d");
        let trial = Trial::of(&question.clone().with("by", text.as_str()), &self.draws, catalog)?;
        if !trial.verdict.holds() {
            let message = format!("no day changes that {}", trial.verdict.broken().join("; "));
            let near = [Candidate { question: trial.question, typed: Vec::new(), verdict: trial.verdict }];
            return Err(refused(Error::no_solution(message), "", &near, &self.draws, catalog));
        }
        let neighbours = of_days(&asked, days, &self.draws)?;
        Ok(Planned { trial, laid: vec![("by", text)], neighbours, knee: None, factor: None })
    }

    /// Why no day is late enough.
    fn no_day(&self, question: &Question, confidence: Fraction, catalog: &Catalog) -> Result<Error, Error> {
        let Trial { question, verdict, .. } = Trial::of(question, &self.draws, catalog)?;
        let asked = show::percent(confidence.get());
        let within = verdict.kept.budget.map(|kept| format!(": {} stay within the money", show::percent(kept.value)));
        let message = format!("on no day are {asked} of the draws done{}", within.unwrap_or_default());
        let hint = "give more money (--budget), more chips, or less confidence (--confidence)";
        let near = [Candidate { question, typed: Vec::new(), verdict }];
        Ok(refused(Error::no_solution(message), hint, &near, &self.draws, catalog))
    }

    fn reply(&self, found: Planned, confidence: Fraction, catalog: &Catalog) -> Result<PlanReply, Error> {
        let Planned { trial, laid, neighbours, knee, factor } = found;
        let answer = (*trial.answer).clone();
        let (verdict, currency) = (&trial.verdict, answer.currency());
        let all = &verdict.kept.all;
        let [mut days, mut cost] = verdict.at.map(known);
        if answer.spec.deliveries.is_none() {
            // To the last digit that of the ranges beside it.
            let own = |output| level(&answer, &self.draws, output, confidence).map(known);
            days = own(DAYS)?.filter(|_| days.is_some());
            cost = if verdict.judged.is_none() { own(COST)? } else { cost };
        }
        let all_kept = !verdict.is_limited();
        let plan = PlanBlock {
            chips: answer.estimate.chips.map(|chips| chips.get()),
            deliveries: factor.and(answer.spec.deliveries.as_ref()).map(|all| all.value.to_string()),
            deliveries_factor: factor,
            tokens: answer.solved.knowns.get(Var::Tokens),
            confidence: confidence.get(),
            probability: if all_kept { 1.0 } else { all.value },
            probability_standard_error: if all_kept { 0.0 } else { all.se },
            days_at_confidence: match self.goal {
                Goal::Date => verdict.limits.due.map(|due| due.days()),
                _ => days,
            },
            days_p50: verdict.days.p50,
            cost_usd_at_confidence: cost,
            cost_usd_p50: verdict.cost.p50,
            cost_of: word(verdict.judged),
            ask_again: laid.iter().map(|(path, text)| typed(path, text)).collect::<Vec<_>>().join(" "),
            draws: self.draws.draws(),
            seed: self.draws.seed(),
        };
        let asked = EstimateRequest::new(trial.question.clone()).draws(self.draws);
        let put = || reply(self.goal.command(), &asked, &trial.question, answer, catalog);
        let estimate = shown_in(currency, put)?;
        Ok(PlanReply { estimate, plan, neighbours, knee, goal: self.goal })
    }
}

/// Whether a time is asked for.
fn is_timed(spec: &Spec) -> bool {
    spec.by.is_some() || spec.max_days.is_some() || spec.max_days_p90.is_some()
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
