//! When the training is done and what the chips cost, over everything that can happen.

use crate::Error;
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Seconds, Usd};

use super::approval::State;
use super::branch::{Branch, branches};
use super::decision::{Decision, decide};
use super::queue::finishes;
use super::rate::{Mix, Part, allowed_imports, together};
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
        let mut done: Vec<_> = self.outcomes.iter().filter_map(|o| Some((o.done?, o.branch.probability))).collect();
        done.sort_by(|a, b| a.0.get().total_cmp(&b.0.get()));
        let mut so_far = 0.0;
        done.into_iter().find_map(|(time, p)| {
            so_far += p;
            (so_far >= probability.get() - 1e-12).then_some(time)
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

/// The fleet from a time on: its rate, and which part of each delivery works.
struct Change {
    step: Step,
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
    let steps: Vec<_> = changes.iter().map(|change| (change.step, change.joins)).collect();
    let steps = with_restarts(&steps, fleet.expansion);
    let work: Vec<Flop> = fleet.runs.iter().map(|run| run.work).collect();
    let in_time = |time: Option<Seconds>| time.filter(|time| *time <= fleet.horizon);
    let finishes: Vec<_> = finishes(&work, fleet.order, &steps).into_iter().map(in_time).collect();
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
        // What would arrive after the end is not taken.
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
    let until = |at: usize| changes.get(at + 1).map_or(end, |next| next.step.from.min(end));
    let part = |(at, change): (usize, &Change)| {
        let usable = change.usable.get(index).copied().unwrap_or(0.0);
        working_time(change.step.from, until(at), steps) * usable
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
        let (rate, usable) = rate_at(fleet, mix, branch, deliveries, time);
        Change { step: Step { from: time, rate }, joins, usable }
    };
    times.into_iter().map(change).collect()
}

/// The rate of everything that is ready at a time, and the usable part of each delivery.
fn rate_at(
    fleet: &Fleet,
    mix: &Mix,
    branch: &Branch,
    deliveries: &[Delivery<'_>],
    time: Seconds,
) -> (FlopPerSecond, Vec<f64>) {
    let ready = |delivery: &Delivery<'_>| delivery.ready <= time;
    let chips_of = |wanted: &dyn Fn(&Tranche) -> bool| -> Chips {
        let counted = deliveries.iter().filter(|delivery| ready(delivery) && wanted(delivery.tranche));
        counted.map(|delivery| delivery.tranche.chips).sum()
    };
    let domestic = chips_of(&|tranche| tranche.domestic);
    let usable = |delivery: &Delivery<'_>| -> f64 {
        if !ready(delivery) {
            return 0.0;
        }
        let Some(at) = limited_by(delivery.tranche, branch) else { return 1.0 };
        let Some(approval) = fleet.approvals.get(at) else { return 1.0 };
        let imported = chips_of(&|tranche| limited_by(tranche, branch) == Some(at));
        let allowed = allowed_imports(imported, domestic, approval.domestic_share);
        allowed / imported * approval.usage.get()
    };
    let usable: Vec<f64> = deliveries.iter().map(usable).collect();
    let part = |(delivery, share): (&Delivery<'_>, &f64)| {
        let ramping = time < delivery.ready + delivery.tranche.ramp;
        let factor = if ramping { delivery.tranche.ramp_rate.get() } else { 1.0 };
        Part { chips: delivery.tranche.chips * *share, rate: delivery.tranche.rate * factor }
    };
    let parts: Vec<Part> = deliveries.iter().zip(&usable).filter(|(_, share)| **share > 0.0).map(part).collect();
    let enough = chips_of(&|_| true) >= fleet.least_chips;
    let rate = if enough { together(&parts, mix) * fleet.goodput.get() } else { FlopPerSecond::ZERO };
    (rate, usable)
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
