//! Fleets that arrive in tranches: when is the training done, and what does the waiting cost?
//!
//! A fleet file says what is ordered (`[[tranche]]`), what has to be trained (`[[run]]`), what has to be
//! approved (`[[approval]]`) and what could be done about it (`[[action]]`). [`outlook::outlook`] lists every
//! way it can come out with its probability; [`decision::decide`] compares the actions over them.

use std::sync::Arc;

use crate::cost::duty::BorderCharge;
use crate::error::Error;
use crate::units::check::{not_negative, positive, share};
use crate::units::date::Date;
use crate::units::{Chips, Flop, FlopPerSecond, Fraction, Price, Seconds, Usd, Watts};

pub mod approval;
pub mod branch;
pub mod capacity;
pub mod decision;
pub mod load;
pub mod outlook;
pub mod predicted;
pub mod queue;
pub mod rate;
pub mod schedule;

pub use crate::catalog::fleet::Condition;

use approval::Approval;
use predicted::Predicted;
use queue::Order;
use rate::Mix;

/// Everything that is ordered, wanted and uncertain.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// Its name.
    pub name: String,
    /// What is assumed, in one sentence each.
    pub assumptions: Vec<String>,
    /// The day from which everything counts: no tranche is earlier.
    pub start: Date,
    /// Useful time over wall-clock, with failures, of chips whose rate is stated.
    pub goodput: Fraction,
    /// Restart and re-sharding when chips join a started run.
    pub expansion: Seconds,
    /// Chips without which no run starts.
    pub least_chips: Chips,
    /// How unequal chips share the work.
    pub mix: Mix,
    /// In which order the runs are served.
    pub order: Order,
    /// The time after which "not yet" counts as never.
    pub horizon: Seconds,
    /// What a day of delay costs besides the chips.
    pub delay_per_day: Usd,
    /// What is ordered, by date.
    pub tranches: Vec<Tranche>,
    /// What others decide: licences, permits.
    pub approvals: Vec<Approval>,
    /// What has to be trained.
    pub runs: Vec<Run>,
    /// The options; empty if there is nothing to choose.
    pub actions: Vec<Action>,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Tranche {
    /// Its name.
    pub name: String,
    /// The chip's profile.
    pub chip: String,
    /// The day it is delivered, if nothing has to be approved or approval comes in time.
    pub date: Date,
    /// How many.
    pub chips: Chips,
    /// Acceptance and burn-in between delivery and use.
    pub setup: Seconds,
    /// Sustained rate of one chip, where it is stated: peak times MFU. The runs predict the others.
    pub rate: Option<FlopPerSecond>,
    /// Share of that rate during the ramp.
    pub ramp_rate: Fraction,
    /// Time after burn-in in which the chips run at the ramp's rate.
    pub ramp: Seconds,
    /// Price of holding one chip; `None` where it is not known.
    pub price: Option<Price>,
    /// Purchase price of one chip; `None` where it is not known.
    pub purchase: Option<Usd>,
    /// What the border adds to the purchase price.
    pub border: BorderCharge,
    /// Power of one chip at the meter; `None` where it is not known.
    pub power: Option<Watts>,
    /// Whether it counts for a quota of domestic chips.
    pub domestic: bool,
    /// Probability of delivery, once approved.
    pub probability: Fraction,
    /// What it waits for.
    pub condition: Condition,
}

/// One training run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// Its work.
    pub work: Flop,
    /// Its speed on chips whose rate is not stated.
    pub predicted: Option<Arc<Predicted>>,
}

/// An option: which tranches are ordered, and how they share the work.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// The tranches that are ordered, by index.
    pub tranches: Vec<usize>,
    /// How unequal chips share the work.
    pub mix: Mix,
}

impl Fleet {
    /// Refuses tranches out of order or before the start, probabilities over one, a fleet without work.
    pub fn check(&self) -> Result<(), Error> {
        positive("the goodput", share("the goodput", self.goodput)?)?;
        not_negative("the restart at an expansion", self.expansion)?;
        not_negative("the least number of chips", self.least_chips)?;
        not_negative("the cost of a day's delay", self.delay_per_day)?;
        positive("the horizon", self.horizon)?;
        self.start.after(self.horizon)?;
        self.mix.check()?;
        if self.tranches.is_empty() || self.runs.is_empty() {
            return Err(Error::bad_input("a fleet needs at least one [[tranche]] and one [[run]]"));
        }
        for approval in &self.approvals {
            approval.check()?;
        }
        for run in &self.runs {
            positive(&format!("the work of run `{}`", run.name), run.work)?;
        }
        self.tranches.iter().try_for_each(|tranche| self.check_tranche(tranche))?;
        for pair in self.tranches.windows(2) {
            if pair[1].date < pair[0].date {
                return Err(Error::bad_input(format!(
                    "the tranches are out of order: `{}` on {} stands after `{}` on {}",
                    pair[1].name, pair[1].date, pair[0].name, pair[0].date
                ))
                .with_hint("sort them by date"));
            }
        }
        self.check_actions()
    }

    fn check_tranche(&self, tranche: &Tranche) -> Result<(), Error> {
        let of = |what: &str| format!("{what} of tranche `{}`", tranche.name);
        positive(&of("the number of chips"), tranche.chips)?;
        match (tranche.rate, self.runs.iter().find(|run| run.predicted.is_none())) {
            (Some(rate), _) => _ = positive(&of("the rate"), rate)?,
            (None, Some(run)) => {
                let message = format!("tranche `{}` states no speed for run `{}`", tranche.name, run.name);
                return Err(Error::bad_input(message).with_hint("give the tranche an `mfu` or a `rate`"));
            }
            (None, None) => {}
        }
        positive(&of("the rate during the ramp"), share(&of("the rate during the ramp"), tranche.ramp_rate)?)?;
        not_negative(&of("the burn-in"), tranche.setup)?;
        not_negative(&of("the ramp"), tranche.ramp)?;
        not_negative(&of("the price"), tranche.price.unwrap_or(Price::ZERO))?;
        not_negative(&of("the purchase price"), tranche.purchase.unwrap_or(Usd::ZERO))?;
        share(&of("the probability"), tranche.probability)?;
        if tranche.date < self.start {
            return Err(Error::bad_input(format!(
                "tranche `{}` is delivered on {}, before the fleet's start on {}",
                tranche.name, tranche.date, self.start
            ))
            .with_hint("chips that are there already are delivered on the first day"));
        }
        match tranche.condition {
            Condition::State(index, _) | Condition::Granted(index) if index >= self.approvals.len() => {
                Err(Error::bad_input(format!("tranche `{}` waits for an approval that is not listed", tranche.name)))
            }
            _ => Ok(()),
        }
    }

    fn check_actions(&self) -> Result<(), Error> {
        for action in &self.actions {
            action.mix.check()?;
            if action.tranches.is_empty() || action.tranches.iter().any(|&index| index >= self.tranches.len()) {
                return Err(Error::bad_input(format!("action `{}` orders tranches that are not listed", action.name)));
            }
        }
        Ok(())
    }

    /// The work of all runs.
    pub fn work(&self) -> Flop {
        self.runs.iter().map(|run| run.work).sum()
    }
}

#[cfg(test)]
mod tests;
