//! The planner's answer for machines.

use serde::Serialize;

use super::Prepared;
use super::joint::{Joint, Miss, Short, Spread, Wanted, known, least, miss};
use super::levers::{ChangeRow, Levers, NotEnough, levers};
use super::options::{OptionRow, options};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::Question;
use crate::uncertainty::montecarlo::{Estimate, Plan, Summary};
use crate::units::{Seconds, Usd};

/// How many drivers are told.
const DRIVERS: usize = 5;

/// The planner's answer.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct JointReply {
    /// Whether the limits are kept as surely as is asked; null where there is none.
    pub holds: Option<bool>,
    /// How surely they have to be kept.
    pub confidence: f64,
    /// The day that the days count from; null where no date is known.
    pub start: Option<String>,
    /// Where that day is from.
    pub start_from: Option<&'static str>,
    /// Days from the start within which it has to be done.
    pub due_days: Option<f64>,
    /// The same as a date.
    pub due: Option<String>,
    /// The money.
    pub budget_usd: Option<f64>,
    /// What it is held against: `rent`, or of a bill `final-run` or `programme`.
    pub budget_of: &'static str,
    /// How often it is done by the date.
    pub by_date: Option<Share>,
    /// How often it stays within the money.
    pub in_budget: Option<Share>,
    /// How often all that is asked holds, counted on the same draws.
    pub both: Option<Share>,
    /// Whether something is drawn; else a limit is kept or not.
    pub uncertain: bool,
    /// Which limit is kept least often: `date`, `budget`, or `date and budget` as often as each other.
    pub binding: Option<&'static str>,
    /// Days from the start to the end.
    pub days: Levels,
    /// The day of the end, at p10, p50 and p90.
    pub done: Option<[String; 3]>,
    /// What the money is held against.
    pub cost_usd: Levels,
    /// Rent of all chips, from their delivery to the end.
    pub rent_usd: Levels,
    /// GPU-hours of all chips, from their delivery to the end.
    pub gpu_hours: Levels,
    /// Chips that came before the end.
    pub chips: Levels,
    /// The cost of the run alone, where its chips have a price.
    pub final_run_usd: Option<f64>,
    /// The same with the work around it, where it is known.
    pub programme_usd: Option<f64>,
    /// Days of burn-in of a delivery.
    pub burn_in_days: f64,
    /// Days that the run stands still when chips join it.
    pub joining_days: f64,
    /// What is assumed of the deliveries, and what their ranges mean, in sentences.
    pub assumptions: Vec<String>,
    /// What drives the miss: rank correlation of each uncertain value with how far a draw is over its limits.
    pub drivers: Vec<DriverRow>,
    /// The ways to use the deliveries.
    pub options: Vec<OptionRow>,
    /// The smallest change of each lever alone that is enough, each asked again.
    pub changes: Vec<ChangeRow>,
    /// Levers that alone are not enough.
    pub not_enough: Vec<NotEnough>,
    /// What had to be changed about the correlations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
    /// What is left where the limits are kept.
    pub spare: Option<Spare>,
    /// What a missed date costs.
    pub miss: Option<Miss>,
    /// Number of draws.
    pub draws: usize,
    /// Their seed.
    pub seed: u64,
}

/// A share of the draws.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct Share {
    /// The share.
    pub probability: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// Percentiles over the draws; null where so many draws have no answer.
#[derive(Debug, Clone, Copy, Serialize)]
#[allow(missing_docs)]
pub struct Levels {
    pub p10: Option<f64>,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
}

/// What drives the miss.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct DriverRow {
    pub path: String,
    pub spearman: f64,
}

/// What is left where the limits are kept.
#[derive(Debug, Clone, Copy, Serialize)]
#[allow(missing_docs)]
pub struct Spare {
    /// Days by which it could be due sooner.
    pub days: Option<f64>,
    /// Dollars by which the budget could be smaller.
    pub usd: Option<f64>,
}

impl JointReply {
    /// Answers a planner's question.
    ///
    /// # Errors
    /// Correlations of what is not drawn; a bill that cannot be made.
    pub fn of(question: &Question, asked: &Prepared, plan: &Plan, catalog: &Catalog) -> Result<Self, Error> {
        let joint = asked.joint()?;
        let limits = &asked.limits;
        let draws = joint.draw(limits, plan);
        let spread = Spread::of(&draws, limits);
        let limited = limits.due.is_some() || limits.budget.is_some();
        let mut reply = Self::bare(asked, &spread);
        reply.told(asked, &joint, catalog);
        let holds = reply.holds;
        let found = match holds {
            Some(false) => levers(question, asked, &draws, plan, catalog)?,
            _ => Levers::default(),
        };
        let least = |of, limit: Option<f64>| {
            let found = least(&draws, of, limits, asked.confidence.get()).zip(limit);
            found.filter(|_| holds == Some(true)).map(|(least, limit)| limit - least)
        };
        let (due, budget) = (limits.due.map(Seconds::days), limits.budget.map(Usd::get));
        let spare = Spare { days: least(Wanted::Days, due), usd: least(Wanted::Cost, budget) };
        let drivers = if limited { joint.drivers(&draws) } else { Vec::new() };
        reply.drivers =
            drivers.into_iter().take(DRIVERS).map(|(path, spearman)| DriverRow { path, spearman }).collect();
        reply.options = options(question, asked, Short::of(&draws), plan, catalog)?;
        (reply.changes, reply.not_enough) = (found.changes, found.not_enough);
        reply.spare = (holds == Some(true)).then_some(spare);
        reply.miss = limits.due.and_then(|due| miss(&draws, due));
        Ok(reply)
    }

    /// The figures of the draws alone: without what would have to change, or what drives a miss.
    ///
    /// # Errors
    /// As [`JointReply::of`].
    pub fn short(asked: &Prepared, plan: &Plan, catalog: &Catalog) -> Result<Self, Error> {
        let joint = asked.joint()?;
        let draws = joint.draw(&asked.limits, plan);
        let mut reply = Self::bare(asked, &Spread::of(&draws, &asked.limits));
        reply.told(asked, &joint, catalog);
        Ok(reply)
    }

    /// What the joint question says of itself and of its bill.
    fn told(&mut self, asked: &Prepared, joint: &Joint<'_>, catalog: &Catalog) {
        let limited = self.both.is_some();
        self.holds = limited.then(|| self.both.is_some_and(|both| both.probability >= asked.confidence.get()));
        let (final_run, programme) = asked.totals(joint, catalog);
        (self.final_run_usd, self.programme_usd) = (known(final_run), known(programme));
        self.uncertain = !joint.is_sure();
        self.repair.clone_from(&joint.repair);
    }

    /// The figures of the draws alone.
    pub(super) fn bare(asked: &Prepared, spread: &Spread) -> Self {
        let (limits, supply, kept) = (&asked.limits, &asked.supply, &spread.kept);
        let start = supply.start;
        let date =
            |days: f64| start.and_then(|(day, _)| day.after(Seconds::from_days(days)).ok()).map(|day| day.to_string());
        let levels = Levels::of(&spread.days);
        let dates = [levels.p10, levels.p50, levels.p90].map(|days| days.and_then(date));
        let binding = match (kept.by, kept.budget) {
            (Some(by), Some(budget)) if by.value == budget.value => Some("date and budget"),
            (Some(by), Some(budget)) => Some(if by.value < budget.value { "date" } else { "budget" }),
            (Some(_), None) => Some("date"),
            (None, Some(_)) => Some("budget"),
            (None, None) => None,
        };
        let limited = limits.due.is_some() || limits.budget.is_some();
        Self {
            holds: None,
            confidence: asked.confidence.get(),
            start: start.map(|(day, _)| day.to_string()),
            start_from: start.map(|(_, from)| from),
            due_days: limits.due.map(Seconds::days),
            due: limits.due.and_then(|due| date(due.days())),
            budget_usd: limits.budget.map(Usd::get),
            budget_of: super::search::word(asked.whole.as_ref().map(|whole| whole.1)),
            by_date: kept.by.as_ref().map(Share::from),
            in_budget: kept.budget.filter(|_| spread.cost.failed == 0).as_ref().map(Share::from),
            both: limited.then(|| Share::from(&kept.all)),
            uncertain: true,
            binding,
            days: levels,
            done: match dates {
                [Some(p10), Some(p50), Some(p90)] => Some([p10, p50, p90]),
                _ => None,
            },
            cost_usd: Levels::of(&spread.cost),
            rent_usd: Levels::of(&spread.rent),
            gpu_hours: Levels::of(&spread.hours),
            chips: Levels::of(&spread.chips),
            final_run_usd: None,
            programme_usd: None,
            burn_in_days: if asked.answer.spec.deliveries.is_some() { supply.burn_in.days() } else { 0.0 },
            joining_days: supply.pause.days(),
            assumptions: supply.said(),
            drivers: Vec::new(),
            options: Vec::new(),
            changes: Vec::new(),
            not_enough: Vec::new(),
            repair: None,
            spare: None,
            miss: None,
            draws: spread.plan.draws(),
            seed: spread.plan.seed(),
        }
    }
}

impl From<&Estimate> for Share {
    fn from(share: &Estimate) -> Self {
        Self { probability: share.value, standard_error: share.se }
    }
}

impl Levels {
    pub(super) fn of(summary: &Summary) -> Self {
        let [p10, p50, p90] = [0.1, 0.5, 0.9].map(|level| known(summary.quantile(level).value));
        Self { p10, p50, p90 }
    }
}
