//! Deliveries in tranches: when the training is done, what the waiting costs, and which action is best.

use serde::Serialize;

use super::reply::{Figure, ReplyHead, ResultBlock, SourceLine};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::fleet::capacity::{Capacity, capacity};
use crate::fleet::decision::Decision;
use crate::fleet::load::{FleetProfile, fleet_after as load};
use crate::fleet::outlook::{Outcome, Outlook, compare, outlook};
use crate::input::exchange::Said;
use crate::input::file::{Entry, Origin};
use crate::input::loose::Loose;
use crate::input::question::Typed;
use crate::units::date::Date;
use crate::units::{Seconds, Usd};

/// A question about a fleet.
///
/// ```
/// use flopbill::{Catalog, FleetRequest};
///
/// let reply = FleetRequest::new("400k").ask(&Catalog::built_in())?.reply();
/// assert_eq!(reply.result.block.chips, Some(400_000.0));
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct FleetRequest {
    /// A fleet that ships, or a file.
    pub name: String,
    /// A day: what is the probability of being done by then?
    pub by: Option<Date>,
    /// The day of asking; a fleet that starts before it has a warning.
    pub as_of: Option<Date>,
    /// Today, where `as_of` names no day.
    pub today: Option<Date>,
    /// Measured steps of the software of the runs: a CSV file, or rows.
    pub measured: Option<String>,
    /// The currency in which money is shown, and own rates: `money.currency`, `money.rate`.
    pub money: Loose,
}

impl FleetRequest {
    /// A question about a fleet that ships, or a file.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Asks for the probability of being done by a day.
    #[must_use]
    pub fn by(mut self, day: Date) -> Self {
        self.by = Some(day);
        self
    }

    /// Names the day of asking.
    #[must_use]
    pub fn as_of(mut self, day: Date) -> Self {
        self.as_of = Some(day);
        self
    }

    /// Measured steps of the software of the runs: a CSV file, or rows.
    #[must_use]
    pub fn measured(mut self, steps: impl Into<Typed>) -> Self {
        self.measured = Some(steps.into().0);
        self
    }

    /// Says which day it is.
    #[must_use]
    pub fn today(mut self, day: Date) -> Self {
        self.today = Some(day);
        self
    }
}

/// A fleet with its answer.
#[derive(Debug, Clone)]
pub struct FleetAnswer {
    /// The fleet and its sources.
    pub profile: FleetProfile,
    /// Everything ordered.
    pub outlook: Outlook,
    /// The fleet in full.
    pub capacity: Capacity,
    /// The actions, if there are any.
    pub compared: Option<(Vec<Outlook>, Decision)>,
    /// The day that was asked about, with its time after the start.
    pub by: Option<(Date, Seconds)>,
    /// What a reader should know, in sentences.
    pub warnings: Vec<String>,
    /// The currency in which money is shown.
    pub money: Said,
}

/// A fleet for machines.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)] // the keys say it
pub struct FleetReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    pub result: FleetResult,
    /// The day from which everything counts.
    pub start: String,
    pub capacity: FullFleet,
    pub runs: Vec<RunRow>,
    /// Times that were predicted.
    pub speeds: Vec<SpeedRow>,
    pub actions: Vec<ActionRow>,
    /// What it would be worth to know the outcome before acting.
    pub value_of_knowing_usd: Option<f64>,
    /// How many outcomes there are.
    pub outcomes: usize,
    /// Tranches whose rent is in no total.
    pub not_priced: Vec<String>,
}

/// When, how surely, and for how much. Hours and cost are those of the median outcome.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct FleetResult {
    /// As in every reply.
    #[serde(flatten)]
    pub block: ResultBlock,
    /// Of the outcomes in which everything is done.
    pub mean_days: Option<f64>,
    /// Probability that it is not done within the horizon.
    pub never: f64,
    /// The day that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<ByDay>,
    /// Rent of every chip held, from delivery to the end.
    pub expected_cost_usd: f64,
    /// The part of it that is idle.
    pub expected_idle_cost_usd: f64,
    /// The action with the least expected cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_action: Option<String>,
}

/// The probability of being done by a day.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct ByDay {
    pub date: String,
    pub probability: f64,
}

/// The fleet if every tranche arrives.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct FullFleet {
    pub chips: f64,
    pub gpu_hours_per_day: f64,
    pub runs_per_year: f64,
    pub power_mw: Option<f64>,
    pub purchase_usd: Option<f64>,
    pub border_usd: Option<f64>,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct RunRow {
    pub name: String,
    pub flop: f64,
    pub wall_clock_days_p50: Option<f64>,
    pub wall_clock_days_p90: Option<f64>,
    pub never: f64,
}

/// A run alone on chips of one kind, as `estimate` answers.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct SpeedRow {
    pub run: String,
    pub gpu: String,
    pub chips: u32,
    pub wall_clock_days: Option<f64>,
    /// Why there is none.
    pub error: Option<String>,
}

/// One action.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct ActionRow {
    pub name: String,
    pub best: bool,
    pub wall_clock_days_p50: Option<f64>,
    pub never: f64,
    pub expected_cost_usd: Option<f64>,
    pub expected_regret_usd: Option<f64>,
    pub largest_regret_usd: Option<f64>,
}

/// One outcome.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct OutcomeRow {
    pub outcome: usize,
    pub probability: f64,
    pub wall_clock_days: Option<f64>,
    pub gpu_hours: f64,
    pub idle_gpu_hours: f64,
    pub cost_usd: f64,
    pub idle_cost_usd: f64,
}

impl FleetRequest {
    /// Answers a question about a fleet.
    ///
    /// # Errors
    /// An unknown or wrong fleet, a `by` before its start.
    pub fn ask(&self, catalog: &Catalog) -> Result<FleetAnswer, Error> {
        let mut asked = self.money.clone();
        asked.spec.as_of = self.as_of.map(|day| Entry::new(day, Origin::Flag("--as-of".into())));
        let (spec, money) = asked.in_dollars(self.today, catalog)?;
        let profile = load(&self.name, self.measured.as_deref(), &spec.catalog(catalog))?;
        let fleet = &profile.fleet;
        let warnings = in_the_past(self, fleet.start).into_iter().chain(money.warnings.clone()).collect();
        if let Some(early) = self.by.filter(|date| *date < fleet.start) {
            return Err(Error::bad_input(format!("`by` {early} lies before the fleet's start on {}", fleet.start)));
        }
        Ok(FleetAnswer {
            outlook: outlook(fleet)?,
            capacity: capacity(fleet)?,
            compared: (!fleet.actions.is_empty()).then(|| compare(fleet)).transpose()?,
            by: self.by.map(|date| (date, fleet.start.until(date))),
            warnings,
            money,
            profile,
        })
    }
}

/// A start in the past, as of the day of asking.
fn in_the_past(request: &FleetRequest, start: Date) -> Option<String> {
    let day = request.as_of.or(request.today).filter(|day| start < *day)?;
    Some(format!("the fleet starts on {start}, in the past as of {day}: what happened since is not in it"))
}

impl FleetAnswer {
    /// The fleet for machines.
    pub fn reply(&self) -> FleetReply {
        let (fleet, all) = (&self.profile.fleet, &self.capacity);
        let mut head = ReplyHead::new("fleet", fleet.name.as_str());
        head.assumptions = fleet.assumptions.iter().chain(&self.profile.filled_in).cloned().collect();
        let of_a_job = ["chips_used", "step_seconds", "tokens_per_second", "mfu", "mfu_causal", "layout"];
        let why = "changes with the chips at work: ask `estimate` about one number of them";
        head.unknown = of_a_job.map(|key| (key.to_owned(), why.to_owned())).into_iter().collect();
        head.sources = self.profile.sources.0.iter().map(|(path, source)| SourceLine::new(path, source)).collect();
        head.tell_money(&self.money);
        head.warnings.clone_from(&self.warnings);
        FleetReply {
            head,
            result: self.result(),
            start: fleet.start.to_string(),
            capacity: FullFleet {
                chips: all.chips.get(),
                gpu_hours_per_day: all.per_day.gpu_hours(),
                runs_per_year: all.runs_per_year,
                power_mw: all.power.map(|power| power.kw() / 1e3),
                purchase_usd: all.purchase.map(Usd::get),
                border_usd: all.border.map(Usd::get),
            },
            runs: (0..fleet.runs.len()).map(|run| self.run(run)).collect(),
            speeds: self.speeds(),
            actions: self.actions(),
            value_of_knowing_usd: self.compared.as_ref().map(|(_, decision)| decision.value_of_knowing),
            outcomes: self.outlook.outcomes.len(),
            not_priced: self.outlook.unpriced.clone(),
        }
    }

    fn result(&self) -> FleetResult {
        let outlook = &self.outlook;
        let figure = |of: &dyn Fn(&Outcome) -> Option<f64>| {
            let [p10, p50, p90] = [0.1, 0.5, 0.9].map(|level| outlook.level(level, of));
            let [low, middle, high] = [p10, p50, p90].map(|value| value.unwrap_or(f64::INFINITY));
            let point = Figure::from(p50);
            if outlook.outcomes.len() > 1 { point.between(low, middle, high) } else { point }
        };
        let priced = outlook.unpriced.is_empty();
        let block = ResultBlock::default()
            .gpu_hours(figure(&|outcome| Some(outcome.held.gpu_hours())))
            .chips(self.capacity.chips.get())
            .wall_clock_days(figure(&|outcome| outcome.done.map(Seconds::days)))
            .cost_usd(figure(&|outcome| Some(outcome.cost.get()).filter(|_| priced)));
        let (cost, idle) = outlook.expected_cost();
        let day = |(date, time): (Date, Seconds)| ByDay { date: date.to_string(), probability: outlook.by(time).get() };
        let best = self.compared.as_ref().and_then(|(_, decision)| self.profile.fleet.actions.get(decision.best));
        FleetResult {
            block,
            mean_days: outlook.mean_done().map(Seconds::days),
            never: outlook.never().get(),
            by: self.by.map(day),
            expected_cost_usd: cost.get(),
            expected_idle_cost_usd: idle.get(),
            best_action: best.map(|action| action.name.clone()),
        }
    }

    fn run(&self, index: usize) -> RunRow {
        let run = &self.profile.fleet.runs[index];
        let finish = |outcome: &Outcome| outcome.finishes.get(index).copied().flatten().map(Seconds::days);
        let never: f64 =
            self.outlook.outcomes.iter().filter(|one| finish(one).is_none()).map(|one| one.branch.probability).sum();
        RunRow {
            name: run.name.clone(),
            flop: run.work.get(),
            wall_clock_days_p50: self.outlook.level(0.5, finish),
            wall_clock_days_p90: self.outlook.level(0.9, finish),
            never,
        }
    }

    fn speeds(&self) -> Vec<SpeedRow> {
        let runs = self.profile.fleet.runs.iter();
        let known = runs.filter_map(|run| Some((run, run.predicted.as_ref()?.known())));
        let rows = known.flat_map(|(run, known)| {
            known.into_iter().map(|(gpu, chips, time)| SpeedRow {
                run: run.name.clone(),
                gpu,
                chips,
                wall_clock_days: time.as_ref().ok().map(|time| time.days()),
                error: time.err().map(|error| error.message().to_owned()),
            })
        });
        rows.collect()
    }

    fn actions(&self) -> Vec<ActionRow> {
        let Some((outlooks, decision)) = &self.compared else { return Vec::new() };
        let actions = self.profile.fleet.actions.iter().zip(outlooks).enumerate();
        let row = |(index, (action, outlook)): (usize, (&crate::fleet::Action, &Outlook))| ActionRow {
            name: action.name.clone(),
            best: index == decision.best,
            wall_clock_days_p50: outlook.level(0.5, |outcome| outcome.done.map(Seconds::days)),
            never: outlook.never().get(),
            expected_cost_usd: decision.expected.get(index).copied(),
            expected_regret_usd: decision.expected_regret.get(index).copied(),
            largest_regret_usd: decision.largest_regret.get(index).copied(),
        };
        actions.map(row).collect()
    }

    /// Every outcome, as a row.
    pub fn outcomes(&self) -> Vec<OutcomeRow> {
        let row = |(index, one): (usize, &Outcome)| OutcomeRow {
            outcome: index,
            probability: one.branch.probability,
            wall_clock_days: one.done.map(Seconds::days),
            gpu_hours: one.held.gpu_hours(),
            idle_gpu_hours: one.idle.gpu_hours(),
            cost_usd: one.cost.get(),
            idle_cost_usd: one.idle_cost.get(),
        };
        self.outlook.outcomes.iter().enumerate().map(row).collect()
    }
}
