//! What measured steps change about an answer: by how much it moves, by how much it narrows, and what doubt stays.

use std::sync::Arc;

use super::Answer;
use super::pacing::Pacing;
use super::prepared::BATCH;
use super::ranges::{Asked, GPU_HOURS, spread};
use super::settled::Step;
use crate::error::Error;
use crate::input::file::{Origin, Spec};
use crate::predict::measured::{Evidence, field};
use crate::predict::{Setting, Software};
use crate::units::show::{count, counted, number};

/// Steps left out that are named one by one.
const MOST_NAMED: usize = 10;

/// An answer before and after its measured steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Narrowed {
    /// What the steps tell.
    pub evidence: Arc<Evidence>,
    /// GPU-hours before and after: one run in ten below, half below, nine in ten below; none where no hours are asked for.
    pub hours: Option<[[f64; 3]; 2]>,
    /// The hours are a run's own, moved.
    moved: bool,
    /// What the steps tell nothing about, and nobody gave.
    open: Vec<&'static str>,
}

impl Narrowed {
    /// What measured steps change, where a predicted step is behind the hours.
    ///
    /// # Errors
    /// As [`spread`].
    pub fn of(answer: &Answer) -> Result<Option<Self>, Error> {
        let (evidence, was) = match (&answer.pacing, answer.step) {
            (Pacing::Predicted(setting), Step::Predicted(_)) => {
                let Some(evidence) = setting.measured.clone() else { return Ok(None) };
                let was = evidence.before;
                (evidence, was)
            }
            (Pacing::Relaid(transfer), Step::Moved(moved)) => {
                let Some([before, after]) = moved.told else { return Ok(None) };
                let Some(evidence) = transfer.evidence(before.effect) else { return Ok(None) };
                // The hours have the ratio in them already, and its range is all of its effect.
                (Arc::new(evidence), Software { median: before.median / after.median, row: 0.0, ..before })
            }
            _ => return Ok(None),
        };
        let unsaid = if let Step::Predicted(step) = answer.step { step.unsaid.spread } else { 0.0 };
        let before = Answer { prepared: answer.prepared.with_software(was, unsaid)?, ..answer.clone() };
        let hours = [hours(&before)?, hours(answer)?];
        let given = |origin: &Origin| !matches!(origin, Origin::Profile(_) | Origin::Assumed(_));
        let mut open = Vec::new();
        let predicted = matches!(answer.step, Step::Predicted(_));
        open.extend((predicted && answer.spec.goodput.is_none()).then_some("goodput"));
        open.extend((!answer.price.as_ref().is_some_and(|price| given(&price.origin))).then_some("price"));
        open.extend(answer.varies(&[BATCH]).then_some("batch"));
        let moved = matches!(answer.step, Step::Moved(_));
        Ok(Some(Self { evidence, hours: Some(hours), moved, open }))
    }

    /// The same of a step alone.
    pub fn of_step(setting: &Setting) -> Option<Self> {
        let evidence = setting.measured.clone()?;
        Some(Self { evidence, hours: None, moved: false, open: Vec::new() })
    }

    /// The same without the hours, which differ from point to point.
    #[must_use]
    pub fn without_hours(self) -> Self {
        Self { hours: None, open: Vec::new(), ..self }
    }

    /// The line that says it.
    pub fn sentence(&self) -> String {
        let evidence = &self.evidence;
        let (seen, used) = (evidence.seen.len(), evidence.used());
        let settings = if seen == used { String::new() } else { format!(" of {}", counted(seen, "setting")) };
        let what = if self.hours.is_some() { "hours" } else { "step" };
        let (expected, effect) = match self.moved {
            true => ("what the run's own hours give there", "the transfer's error"),
            false => ("the prediction", "the software's effect"),
        };
        let left = match evidence.before.effect {
            0.0 => 0.0,
            before => evidence.after.effect / before,
        };
        let range = |[low, _, high]: [f64; 3]| format!("{} to {}", count(low, 3), count(high, 3));
        let hours = self
            .hours
            .map(|[before, after]| format!(" (GPU-hours {} before, {} now, 80 %)", range(before), range(after)));
        let open = match self.open.as_slice() {
            [] => String::new(),
            [one] => format!("; {one} remains open"),
            [others @ .., last] => format!("; {} and {last} remain open", others.join(", ")),
        };
        format!(
            "measured: {}{settings}, {} x {expected}; settles k = {} of it: {what} x {}, and leaves {} of the spread \
             of {effect}{}{open}",
            counted(used, "step"),
            number(evidence.factor_seen(), 3),
            number(evidence.settled(), 2),
            number(evidence.factor(), 4),
            number(left, 2),
            hours.unwrap_or_default(),
        )
    }

    /// The steps that tell nothing, each with the reason.
    pub fn left_out(&self) -> Vec<String> {
        let all = &self.evidence.left_out;
        let mut said: Vec<String> =
            all.iter().take(MOST_NAMED).map(|(name, why)| format!("measured: {name} is left out: {why}")).collect();
        let more = all.len().saturating_sub(MOST_NAMED);
        said.extend((more > 0).then(|| format!("measured: {more} more are left out")));
        said
    }
}

fn hours(answer: &Answer) -> Result<[f64; 3], Error> {
    let found = spread(answer, &Asked::default())?;
    let summary = found.as_ref().and_then(|spread| spread.summaries.get(GPU_HOURS));
    let point = answer.estimate.total.held.gpu_hours();
    Ok(summary.map_or([point; 3], |summary| [0.1, 0.5, 0.9].map(|level| summary.quantile(level).value)))
}

/// That measured steps change nothing, and why; `None` where they do, or where there are none.
pub(super) fn idle(spec: &Spec, pacing: &Pacing, step: Step, confirmed: bool) -> Option<String> {
    let path = field(spec)?;
    let why = match (pacing, step) {
        (_, Step::Predicted(_)) => return None,
        (Pacing::Predicted(_), _) if confirmed => return None,
        (_, Step::Moved(moved)) if moved.told.is_some() => return None,
        (Pacing::Relaid(_), _) => "the run's own hours are its measurement",
        _ => "the hours are not predicted from a step",
    };
    Some(format!("{path} changes nothing here: {why}"))
}
