//! What failures do to a job of this size: how often it is interrupted, how often it saves, what share of its time trains.

mod drawn;
pub mod spot;
mod words;

use super::Answer;
use super::prepared::GOODPUT;
use super::settled::Step;
use crate::catalog::Catalog;
use crate::catalog::failures::{Era, pools, shipped};
use crate::cost::defaults::Defaults;
use crate::error::Error;
use crate::hardware::accelerator::Accelerator;
use crate::input::table::Spec;
use crate::reliability::availability::spares;
use crate::reliability::checkpoint::{NODE, Way};
use crate::reliability::pool::{Basis, Belief};
use crate::reliability::rate::{FailureRate, mtbf};
use crate::reliability::{Goodput, Stops};
use crate::solve::Var;
use crate::uncertainty::dist::Dist;
use crate::units::date::Date;
use crate::units::{Bytes, BytesPerSecond, Chips, Fraction, Seconds};
use drawn::Model;

/// What the user gives; what is `None` is left to the profiles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FailureChoices {
    /// Interrupts per 1000 days of a node of 8 chips.
    pub interrupts: Option<f64>,
    /// From an interrupt until the job is started again.
    pub detect: Option<Seconds>,
    /// Reload and warm-up.
    pub restart: Option<Seconds>,
    /// Write bandwidth of the cluster's shared storage.
    pub storage: Option<BytesPerSecond>,
    /// What a job waits for when it saves.
    pub save: Option<Way>,
    /// Useful work between checkpoints.
    pub interval: Option<Seconds>,
    /// Time between interrupts of the whole job, instead of a rate.
    pub mtbf: Option<Seconds>,
    /// How long a checkpoint holds the job.
    pub save_time: Option<Seconds>,
    /// Time of a step.
    pub step: Option<Seconds>,
    /// The day whose era counts; the newest without one.
    pub day: Option<Date>,
}

/// What the hours of an answer take goodput to be, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Decides {
    /// The share.
    pub goodput: Fraction,
    /// Its p10 and p90, where it is a range.
    pub range: Option<[f64; 2]>,
    /// Where it is from.
    pub from: Decided,
}

/// Where the goodput of an answer is from.
#[derive(Debug, Clone, PartialEq)]
pub enum Decided {
    /// The hours contain their downtime.
    Contained,
    /// The prior of the step model, fitted to published runs.
    Prior,
    /// Given.
    Given(String),
}

/// A value that nobody gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumed {
    /// Its field.
    pub path: &'static str,
    /// As a user would write it.
    pub text: String,
    /// Where it is from.
    pub origin: String,
}

/// What failures do to a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Failures {
    /// What is believed of the rate; its spread is zero where it is given.
    pub rate: Belief,
    /// How jobs come back.
    pub era: Era,
    /// Time between interrupts: p10, p50, p90; `None` without chips.
    pub between: Option<[Seconds; 3]>,
    /// Checkpoints and what is left of the time; `None` where something is lacking.
    pub saved: Option<Saved>,
    /// Spare chips to order, in whole nodes.
    pub spares: Option<Chips>,
    /// Time of a step, where it is known.
    pub step: Option<Seconds>,
    /// What is not known for want of what.
    pub lacks: Vec<String>,
    /// Why the job trains nothing, where it does not.
    pub stuck: Option<String>,
    /// Values that nobody gave.
    pub assumed: Vec<Assumed>,
    /// Where they are from, a line each.
    pub sources: Vec<String>,
    /// What decides the hours.
    pub decides: Decides,
}

/// Checkpoints of a job, and what is left of its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Saved {
    /// Size of a checkpoint.
    pub size: Bytes,
    /// Write bandwidth of the storage.
    pub storage: BytesPerSecond,
    /// What the job waits for.
    pub save: Way,
    /// What stops the job.
    pub stops: Stops,
    /// The share that trains, with everything at its median.
    pub goodput: Goodput,
    /// The interval of Daly's first order, which counts the recovery.
    pub first_order: Seconds,
    /// The share that trains as reports count effective time, without planned stops and what is rolled back: p10, p50, p90.
    pub effective: [f64; 3],
    /// The share that trains, without stragglers and evaluation either: p10, p50, p90.
    pub share: [f64; 3],
}

/// What a model of failures is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The chip.
    pub chip: &'a Accelerator,
    /// How many; `None` where it is not known.
    pub chips: Option<Chips>,
    /// Size of a checkpoint; `None` where the model's size is not known.
    pub checkpoint: Option<Bytes>,
    /// Time of a step; `None` where it is not known.
    pub step: Option<Seconds>,
}

impl Decides {
    /// Of an answer.
    pub fn of(answer: &Answer) -> Self {
        // What a market takes is no part of what failures do.
        let goodput = Fraction::new(answer.solved.knowns.get(Var::Goodput).unwrap_or(1.0));
        let from = match &answer.spec.goodput {
            _ if goodput.get() >= 1.0 => Decided::Contained,
            Some(entry) => Decided::Given(entry.origin.to_string()),
            None if matches!(answer.step, Step::Predicted(_)) => Decided::Prior,
            None => Decided::Contained,
        };
        let mut ranges = answer.prepared.ranges().filter(|range| range.path == GOODPUT);
        let range = ranges.next().map(|range| [0.1, 0.9].map(|level| range.dist.quantile(level)));
        Self { goodput, range, from }
    }
}

impl FailureChoices {
    /// Of a spec.
    pub fn of(spec: &Spec) -> Self {
        Self {
            interrupts: spec.interrupts.as_ref().map(|entry| entry.value),
            detect: spec.detect_time.as_ref().map(|entry| entry.value),
            restart: spec.restart_time.as_ref().map(|entry| entry.value),
            storage: spec.storage.as_ref().map(|entry| entry.value),
            save: spec.checkpoint.as_ref().map(|entry| entry.value),
            interval: spec.checkpoint_every.as_ref().map(|entry| entry.value),
            mtbf: spec.mtbf.as_ref().map(|entry| entry.value),
            save_time: spec.save_time.as_ref().map(|entry| entry.value),
            step: spec.checkpoint_step.as_ref().map(|entry| entry.value),
            day: spec.as_of.as_ref().map(|entry| entry.value),
        }
    }
}

impl FailureChoices {
    /// The rate that is given, or that follows from the time between interrupts of these chips.
    ///
    /// # Errors
    /// Both given.
    fn rate(&self, chips: Option<Chips>) -> Result<Option<f64>, Error> {
        let Some(mtbf) = self.mtbf else { return Ok(self.interrupts) };
        if self.interrupts.is_some() {
            let error = Error::bad_input("`failures.mtbf` and `failures.interrupts` both say how often the job stops");
            return Err(error.with_hint("leave one out"));
        }
        Ok(Some(1000.0 / mtbf.days() * NODE / chips.map_or(NODE, Chips::get)))
    }
}

/// What failures do to a job.
///
/// # Errors
/// A profile that does not read; values that no job has.
pub fn failures(
    job: &Job<'_>,
    given: &FailureChoices,
    defaults: &Defaults,
    decides: &Decides,
    catalog: &Catalog,
) -> Result<Failures, Error> {
    let profile = catalog.failures()?;
    let no_era = || Error::bad_input("profiles/assumptions/failures.toml has no era");
    let era = profile.era(given.day).ok_or_else(no_era)?.clone();
    let rows = shipped()?;
    let known = pools(&rows, &profile.all_cause)?.believe(Some(&job.chip.architecture), &era.rates);
    let rate = match given.rate(job.chips)? {
        Some(rate) => Belief { per_1000_node_days: rate, spread: 0.0, basis: Basis::Own, rows: Vec::new() },
        None => known,
    };
    let mut found = Failures::unknown(rate, era, decides);
    found.step = given.step.or(job.step);
    let mut model = None;
    if let Some(chips) = job.chips.or(given.mtbf.map(|_| Chips::new(NODE))) {
        let between = given.mtbf.map_or_else(|| between(chips, &found.rate), |mtbf| Ok([mtbf; 3]))?;
        found.between = Some(between);
        match kept(chips, job.chip, &found.rate, defaults) {
            Ok(kept) => found.spares = Some(kept),
            Err(error) => found.lacks.push(format!("spare chips: {}", error.message())),
        }
        model = Some(Model::of(chips, (between[1], found.rate.spread), given, &found.era, &profile.storage)?);
    }
    let alone = given.save_time.map(|_| Bytes::ZERO);
    match (&model, job.checkpoint.or(alone)) {
        (None, _) => found.lacks.push("how often the job is interrupted needs the number of chips (--chips)".into()),
        (_, None) => {
            let what = "checkpoints and the share that trains need the model's size (--model or --params)";
            found.lacks.push(what.into());
        }
        (Some(model), Some(size)) => match model.saved(size, defaults) {
            Ok(saved) => found.saved = Some(saved),
            Err(error) => {
                found.lacks.push(format!("the share that trains: {}", error.message()));
                found.stuck = Some(error.message().to_owned());
            }
        },
    }
    found.assumed = found.assume(given, model.as_ref());
    found.sources = found.cite(given, &profile, &rows);
    Ok(found)
}

/// Time between interrupts: p10, p50, p90.
fn between(chips: Chips, rate: &Belief) -> Result<[Seconds; 3], Error> {
    let rate_of = |per_1000_node_days: f64| FailureRate { per_1000_node_days, all_cause: 1.0, hbm: 1.0 };
    let middle = mtbf(chips, NODE as u32, &rate_of(rate.per_1000_node_days))?;
    let normal = Dist::normal(0.0, 1.0)?;
    Ok([0.1, 0.5, 0.9].map(|level| middle * (rate.spread * normal.quantile(level)).exp()))
}

/// Spare chips, in whole nodes of the chip.
fn kept(chips: Chips, chip: &Accelerator, rate: &Belief, defaults: &Defaults) -> Result<Chips, Error> {
    let of = &defaults.failures;
    if let Some(share) = defaults.told.spares {
        let node = f64::from(chip.node_chips.max(1));
        return Ok(Chips::new((chips.get() * share.get() / node).ceil() * node));
    }
    let nodes = spares(chips.get() / NODE, rate.per_1000_node_days, of.repair, of.spares_confidence)?;
    let node = f64::from(chip.node_chips.max(1));
    Ok(Chips::new((nodes as f64 * NODE / node).ceil() * node))
}

impl Failures {
    /// Nothing but the rate and the era is known.
    fn unknown(rate: Belief, era: Era, decides: &Decides) -> Self {
        Self {
            rate,
            era,
            between: None,
            saved: None,
            spares: None,
            step: None,
            lacks: Vec::new(),
            stuck: None,
            assumed: Vec::new(),
            sources: Vec::new(),
            decides: decides.clone(),
        }
    }

    /// The interrupts of a day while the job runs; `None` without chips.
    pub fn a_day(&self) -> Option<f64> {
        self.between.map(|[_, middle, _]| 1.0 / middle.days())
    }
}
