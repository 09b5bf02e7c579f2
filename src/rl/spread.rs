//! What the ranges make of the answer: draws of the writing's values beside those that `estimate` draws for the learning.

use super::asked::{OWN, Point};
use super::cycle::Rollout;
use super::job::{Job, goodput, left, rollout_of, shares};
use crate::answer::prepared::GOODPUT;
use crate::answer::ranges::{COST, DAYS, GPU_HOURS};
use crate::error::Error;
use crate::predict::{Prediction, Setting};
use crate::uncertainty::montecarlo::{Inputs, Plan, Summary, run};
use crate::units::ChipSeconds;

/// What is summed up of each draw: hours, days, cost, and the share of chip-time that writes.
pub const DRAWN: usize = 4;
/// Where the share that writes stands; the others stand where an answer's do.
pub const SHARE: usize = 3;

/// The spread of each.
#[derive(Debug, Clone)]
pub struct Spread {
    /// How the draws were made.
    pub plan: Plan,
    /// One summary each.
    pub summaries: Vec<Summary>,
    /// What was drawn: path, what was written, where it is from.
    pub drawn: Vec<[String; 3]>,
}

impl Spread {
    /// The value that an output stays below with this probability.
    pub fn level(&self, output: usize, level: f64) -> f64 {
        self.summaries.get(output).map_or(f64::NAN, |summary| summary.quantile(level).value)
    }
}

/// The draws' machine.
struct Draws<'a> {
    job: &'a Job,
    setting: &'a Setting,
    prediction: Prediction,
    middle: Rollout<'a>,
    /// The place of each drawn value of the writing.
    own: Vec<usize>,
    medians: Point,
    /// The place of goodput among the values of the learning.
    goodput: Option<usize>,
}

/// Draws.
///
/// # Errors
/// A correlation of a field that is not uncertain.
pub fn spread(job: &Job, plan: &Plan) -> Result<Spread, Error> {
    let (setting, prediction) = job.predicted()?;
    let medians = job.asked.medians();
    let none = || Error::no_solution("the rollout has no finite time");
    let middle = Rollout::at(&job.asked, setting, medians).ok_or_else(none)?;
    let open = || job.asked.open.iter().enumerate().filter(|(_, open)| open.dist.as_point().is_none());
    let ranges = || job.learning.prepared.ranges();
    let own: Vec<usize> = open().map(|(index, _)| index).collect();
    let named = open().map(|(_, open)| (open.path.to_owned(), open.dist.clone()));
    let inputs = Inputs::new(named.chain(ranges().map(|range| (range.path.to_owned(), range.dist.clone()))).collect())?;
    let pairs = job.asked.spec.correlations.iter().map(|(a, b, spearman)| (a.as_str(), b.as_str(), *spearman));
    let (inputs, _) = inputs.correlated(&pairs.collect::<Vec<_>>())?;
    let of_goodput = ranges().position(|range| range.path == GOODPUT);
    let draws = Draws { job, setting, prediction, middle, own, medians, goodput: of_goodput };
    let drawn = run(&inputs, plan, |values| draws.evaluate(values));
    let said = open().map(|(_, open)| [open.path.to_owned(), open.text.clone(), open.origin.clone()]);
    let learned = ranges().map(|range| [range.path.to_owned(), range.text.clone(), range.origin.to_string()]);
    Ok(Spread {
        plan: drawn.plan(),
        summaries: (0..DRAWN).map(|output| drawn.summary(output)).collect(),
        drawn: said.chain(learned).collect(),
    })
}

impl Draws<'_> {
    /// One draw: the learning's hours, with what the cycle has over its updates.
    fn evaluate(&self, values: &[f64]) -> [f64; DRAWN] {
        let (job, never) = (self.job, [f64::INFINITY, f64::INFINITY, f64::INFINITY, f64::NAN]);
        let (own, rest) = values.split_at(self.own.len().min(values.len()));
        let mut point: [f64; OWN] = self.medians;
        for (place, value) in self.own.iter().zip(own) {
            if let Some(slot) = point.get_mut(*place) {
                *slot = *value;
            }
        }
        let learned = job.learning.prepared.evaluate(rest);
        let held = ChipSeconds::from_gpu_hours(learned[GPU_HOURS]);
        let drawn = self.goodput.and_then(|place| rest.get(place).copied());
        let busy = drawn.map_or_else(|| goodput(&job.learning), |drawn| drawn * left(&job.learning));
        let update = rollout_of(held, busy, &job.chosen, job.rollouts());
        let Some(rollout) = Rollout::at(&job.asked, self.setting, point) else { return never };
        let training = update * rollout.over(&self.middle);
        let cycle = rollout.cycle(&job.chosen, job.room, training, &self.prediction.fit);
        let over = cycle.total() / update * (point[0] / self.medians[0]);
        let chips = job.chips.get() / job.chosen.learning;
        let [generation, ..] = shares(&cycle, &job.chosen, job.chips);
        [learned[GPU_HOURS] * over * chips, learned[DAYS] * over, learned[COST] * over * chips, generation]
    }
}
