//! When the training is done and what the chips cost, over everything that can happen.

use crate::error::Error;
use crate::units::{ChipSeconds, Chips, FlopPerSecond, Fraction, Seconds, Usd};

use super::approval::State;
use super::branch::{Branch, branches};
use super::decision::{Decision, decide};
use super::queue::{Job, finishes};
use super::rate::{AtWork, Mix, allowed_imports, of_run};
use super::schedule::{Step, with_restarts, working_time};
use super::{Action, Condition, Fleet, Tranche};

/// What one branch leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it came about.
    pub branch: Branch,
    /// When each run is done; `None` for one not done within the horizon.
    pub finishes: Vec<Option<Seconds>>,
    /// When the last is.
    pub done: Option<Seconds>,
    /// Chip-time held, from delivery to the end.
    pub held: ChipSeconds,
    /// Chip-time held without training: burn-in, restarts, waiting for others, beyond a quota.
    pub idle: ChipSeconds,
    /// Price of the chip-time held, where it has one.
    pub cost: Usd,
    /// The part of it that is idle.
    pub idle_cost: Usd,
}

/// Every outcome, with its probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// The outcomes, in the order of the branches.
    pub outcomes: Vec<Outcome>,
    /// Tranches without a price: their cost is in no total.
    pub unpriced: Vec<String>,
}

impl Outlook {
    /// Probability that everything is done by a time.
    pub fn by(&self, time: Seconds) -> Fraction {
        self.share(|outcome| outcome.done.is_some_and(|done| done <= time))
    }

    /// Probability that it is not done within the horizon.
    pub fn never(&self) -> Fraction {
        self.share(|outcome| outcome.done.is_none())
    }

    /// The time by which it is done with this probability; `None` if it never is that likely.
    pub fn quantile(&self, probability: Fraction) -> Option<Seconds> {
        self.level(probability.get(), |outcome| outcome.done.map(Seconds::get)).map(Seconds::new)
    }

    /// What a value of the outcomes is at most with this probability; `None` where it is not known that surely.
    pub fn level(&self, probability: f64, of: impl Fn(&Outcome) -> Option<f64>) -> Option<f64> {
        let known = self.outcomes.iter().filter_map(|outcome| Some((of(outcome)?, outcome.branch.probability)));
        let mut known: Vec<(f64, f64)> = known.collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut so_far = 0.0;
        known.into_iter().find_map(|(value, p)| {
            so_far += p;
            (so_far >= probability - 1e-12).then_some(value)
        })
    }

    /// Mean finish of the outcomes that are done; `None` if none is.
    pub fn mean_done(&self) -> Option<Seconds> {
        let weight = 1.0 - self.never().get();
        let sum: Seconds = self.outcomes.iter().filter_map(|o| Some(o.done? * o.branch.probability)).sum();
        (weight > 0.0).then(|| sum / weight)
    }

    /// Expected price of the chip-time held, and of its idle part.
    pub fn expected_cost(&self) -> (Usd, Usd) {
        let mean = |of: fn(&Outcome) -> Usd| self.outcomes.iter().map(|o| of(o) * o.branch.probability).sum();
        (mean(|outcome| outcome.cost), mean(|outcome| outcome.idle_cost))
    }

    fn share(&self, counts: impl Fn(&Outcome) -> bool) -> Fraction {
        Fraction::new(self.outcomes.iter().filter(|o| counts(o)).map(|o| o.branch.probability).sum())
    }
}

/// The outlook of a fleet when everything in it is ordered.
///
/// # Errors
/// An invalid fleet, or one with more branches than can be listed.
pub fn outlook(fleet: &Fleet) -> Result<Outlook, Error> {
    fleet.check()?;
    let all = Action { name: fleet.name.clone(), tranches: (0..fleet.tranches.len()).collect(), mix: fleet.mix };
    Ok(of_action(fleet, &all, &branches(fleet)?))
}

/// The outlook of every action, and which is best.
///
/// The value of a branch is the price of the chip-time held and the cost of the delay until everything is
/// done, or until the horizon.
///
/// # Errors
/// An invalid fleet, or one without actions.
pub fn compare(fleet: &Fleet) -> Result<(Vec<Outlook>, Decision), Error> {
    fleet.check()?;
    let branches = branches(fleet)?;
    let outlooks: Vec<_> = fleet.actions.iter().map(|action| of_action(fleet, action, &branches)).collect();
    let value = |outcome: &Outcome| {
        let days = outcome.done.unwrap_or(fleet.horizon).days();
        outcome.cost.get() + days * fleet.delay_per_day.get()
    };
    let values: Vec<Vec<f64>> = outlooks.iter().map(|outlook| outlook.outcomes.iter().map(value).collect()).collect();
    let probabilities: Vec<f64> = branches.iter().map(|branch| branch.probability).collect();
    let decision = decide(&values, &probabilities)?;
    Ok((outlooks, decision))
}

fn of_action(fleet: &Fleet, action: &Action, branches: &[Branch]) -> Outlook {
    let ordered = |(index, tranche)| action.tranches.contains(&index).then_some(tranche);
    let unpriced = fleet.tranches.iter().enumerate().filter_map(ordered).filter(|tranche| tranche.price.is_none());
    Outlook {
        unpriced: unpriced.map(|tranche: &Tranche| tranche.name.clone()).collect(),
        outcomes: branches.iter().map(|branch| outcome(fleet, action, branch)).collect(),
    }
}

/// A tranche that is delivered in a branch.
struct Delivery<'a> {
    tranche: &'a Tranche,
    at: Seconds,
    ready: Seconds,
}

/// The fleet from a time on: its rate for each run, and which part of each delivery works.
struct Change {
    from: Seconds,
    rates: Vec<FlopPerSecond>,
    joins: bool,
    usable: Vec<f64>,
}

fn outcome(fleet: &Fleet, action: &Action, branch: &Branch) -> Outcome {
    let delivered = |&index: &usize| {
        let tranche = fleet.tranches.get(index)?;
        let at = branch.delivery(fleet, index, tranche)?;
        Some(Delivery { tranche, at, ready: at + tranche.setup })
    };
    let deliveries: Vec<_> = action.tranches.iter().filter_map(delivered).collect();
    let changes = changes(fleet, &action.mix, branch, &deliveries);
    let steps = |rate: &dyn Fn(&Change) -> FlopPerSecond| {
        let step = |change: &Change| (Step { from: change.from, rate: rate(change) }, change.joins);
        with_restarts(&changes.iter().map(step).collect::<Vec<_>>(), fleet.expansion)
    };
    let of_runs: Vec<_> = (0..fleet.runs.len()).map(|run| steps(&|change| change.rates[run])).collect();
    let jobs: Vec<_> = fleet.runs.iter().zip(&of_runs).map(|(run, steps)| Job { work: run.work, steps }).collect();
    let in_time = |time: Option<Seconds>| time.filter(|time| *time <= fleet.horizon);
    let finishes: Vec<_> = finishes(&jobs, fleet.order).into_iter().map(in_time).collect();
    let steps = steps(&|change| change.rates.iter().copied().sum());
    let last = |so_far: Option<Seconds>, time: &Option<Seconds>| Some(so_far?.max((*time)?));
    let done = finishes.iter().fold(Some(Seconds::ZERO), last);
    let end = done.unwrap_or(fleet.horizon);
    let mut found = Outcome {
        branch: branch.clone(),
        finishes,
        done,
        held: ChipSeconds::ZERO,
        idle: ChipSeconds::ZERO,
        cost: Usd::ZERO,
        idle_cost: Usd::ZERO,
    };
    for (index, delivery) in deliveries.iter().enumerate() {
        // A delivery after the end is not accepted.
        let held = delivery.tranche.chips * (end - delivery.at).max(Seconds::ZERO);
        let idle = held - delivery.tranche.chips * at_work(&changes, index, end, &steps);
        found.held += held;
        found.idle += idle;
        if let Some(price) = delivery.tranche.price {
            found.cost += held * price;
            found.idle_cost += idle * price;
        }
    }
    found
}

/// Time that a delivery works until the end, weighted by the part of it that may.
fn at_work(changes: &[Change], index: usize, end: Seconds, steps: &[Step]) -> Seconds {
    let until = |at: usize| changes.get(at + 1).map_or(end, |next| next.from.min(end));
    let part = |(at, change): (usize, &Change)| {
        let usable = change.usable.get(index).copied().unwrap_or(0.0);
        working_time(change.from, until(at), steps) * usable
    };
    changes.iter().enumerate().map(part).sum()
}

/// The fleet's rate at every time at which something changes.
fn changes(fleet: &Fleet, mix: &Mix, branch: &Branch, deliveries: &[Delivery<'_>]) -> Vec<Change> {
    let joins = deliveries.iter().map(|delivery| (delivery.ready, true));
    let ramps = deliveries.iter().filter(|delivery| delivery.tranche.ramp.get() > 0.0);
    let ramps = ramps.map(|delivery| (delivery.ready + delivery.tranche.ramp, false));
    let mut times: Vec<(Seconds, bool)> = joins.chain(ramps).collect();
    // At one time a joining counts before the end of a ramp.
    times.sort_by(|a, b| a.0.get().total_cmp(&b.0.get()).then(b.1.cmp(&a.1)));
    times.dedup_by(|later, earlier| later.0 == earlier.0);
    let change = |(time, joins)| {
        let (rates, usable) = rates_at(fleet, mix, branch, deliveries, time);
        Change { from: time, rates, joins, usable }
    };
    times.into_iter().map(change).collect()
}

/// The rate of everything that is ready at a time, for each run, and the usable part of each delivery.
fn rates_at(
    fleet: &Fleet,
    mix: &Mix,
    branch: &Branch,
    deliveries: &[Delivery<'_>],
    time: Seconds,
) -> (Vec<FlopPerSecond>, Vec<f64>) {
    let ready = |delivery: &Delivery<'_>| delivery.ready <= time;
    let chips_of = |wanted: &dyn Fn(&Tranche) -> bool| -> Chips {
        let counted = deliveries.iter().filter(|delivery| ready(delivery) && wanted(delivery.tranche));
        counted.map(|delivery| delivery.tranche.chips).sum()
    };
    let domestic = chips_of(&|tranche| tranche.domestic);
    // Which part of the chips may run, and in which part of the time.
    let limits = |delivery: &Delivery<'_>| -> (f64, f64) {
        if !ready(delivery) {
            return (0.0, 0.0);
        }
        let Some(at) = limited_by(delivery.tranche, branch) else { return (1.0, 1.0) };
        let Some(approval) = fleet.approvals.get(at) else { return (1.0, 1.0) };
        let imported = chips_of(&|tranche| limited_by(tranche, branch) == Some(at));
        let allowed = allowed_imports(imported, domestic, approval.domestic_share);
        (allowed / imported, approval.usage.get())
    };
    let limits: Vec<(f64, f64)> = deliveries.iter().map(limits).collect();
    let usable: Vec<f64> = limits.iter().map(|(allowed, usage)| allowed * usage).collect();
    let working = deliveries.iter().zip(&limits).filter(|(_, (allowed, usage))| allowed * usage > 0.0);
    let at_work = working.map(|(delivery, (allowed, usage))| {
        let tranche = delivery.tranche;
        let ramping = time < delivery.ready + tranche.ramp;
        let ramp = if ramping { tranche.ramp_rate.get() } else { 1.0 };
        AtWork { tranche, chips: tranche.chips * *allowed, usage: *usage, ramp }
    });
    let at_work: Vec<AtWork<'_>> = at_work.collect();
    let enough = chips_of(&|_| true) >= fleet.least_chips;
    let rate = |run| if enough { of_run(run, fleet.goodput, mix, &at_work) } else { FlopPerSecond::ZERO };
    (fleet.runs.iter().map(rate).collect(), usable)
}

/// The approval whose conditions limit a tranche in this branch.
fn limited_by(tranche: &Tranche, branch: &Branch) -> Option<usize> {
    match tranche.condition {
        Condition::State(at, State::Conditional) | Condition::Granted(at)
            if !tranche.domestic && branch.states.get(at) == Some(&State::Conditional) =>
        {
            Some(at)
        }
        _ => None,
    }
}
