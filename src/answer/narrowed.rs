//! What measured steps change about an answer: by how much it moves, by how much it narrows, and what doubt stays.

use std::sync::Arc;

use super::Answer;
use super::pacing::Pacing;
use super::prepared::BATCH;
use super::ranges::{Asked, GPU_HOURS, spread};
use super::settled::Step;
use crate::error::Error;
use crate::input::file::{Origin, Spec};
use crate::predict::measured::{Evidence, Seen, field};
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
        let Some((evidence, was)) = told(answer) else { return Ok(None) };
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

    /// The same without the hours, which take a sampling each.
    pub fn of_answer(answer: &Answer) -> Option<Self> {
        let moved = matches!(answer.step, Step::Moved(_));
        told(answer).map(|(evidence, _)| Self { evidence, hours: None, moved, open: Vec::new() })
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
        let settled = evidence.settled();
        let counts = |seen: &&Seen| seen.counts || settled == 0.0;
        let seen = evidence.seen.iter().filter(counts).count();
        let used: usize = evidence.seen.iter().filter(counts).map(|seen| seen.steps).sum();
        let settings = if seen == used { String::new() } else { format!(" of {}", counted(seen, "setting")) };
        let what = if self.hours.is_some() || self.moved { "hours" } else { "step" };
        let (expected, effect) = match self.moved {
            true => ("what the run's own hours give there", "the transfer's error"),
            false => ("the prediction", "the software's effect"),
        };
        let by = if evidence.seen.iter().any(|seen| seen.by_6nd) { ", FLOPs by 6ND" } else { "" };
        let given = format!(
            "measured: {}{settings}, {} x {expected}{by}",
            counted(used, "step"),
            number(evidence.factor_seen(), 3)
        );
        if settled == 0.0 {
            return format!(
                "{given}; not used, since that tells nothing of {effect} here: the {what} stay as predicted"
            );
        }
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
            "{given}; settles k = {} of it: {what} x {}, and leaves {} of the spread of {effect}{}{open}",
            share_settled(settled),
            number(evidence.factor(), 4),
            number(left, 2),
            hours.unwrap_or_default(),
        )
    }

    /// The steps that tell nothing, each with the reason, and those that disagree.
    pub fn left_out(&self) -> Vec<String> {
        let all = self.evidence.unused();
        let mut said: Vec<String> =
            all.iter().take(MOST_NAMED).map(|(name, why)| format!("measured: {name} is left out: {why}")).collect();
        let more = all.len().saturating_sub(MOST_NAMED);
        said.extend((more > 0).then(|| format!("measured: {more} more are left out")));
        said.extend(self.evidence.doubts.iter().take(MOST_NAMED).map(|doubt| format!("measured: {doubt}")));
        said
    }
}

/// What measured steps tell of the hours of an answer, and the software that those rest on without them.
fn told(answer: &Answer) -> Option<(Arc<Evidence>, Software)> {
    match (&answer.pacing, answer.step) {
        (Pacing::Predicted(setting), Step::Predicted(_)) => {
            let evidence = setting.measured.clone()?;
            let was = evidence.before;
            Some((evidence, was))
        }
        (Pacing::Relaid(transfer), Step::Moved(moved)) => {
            let [before, after] = moved.told?;
            let evidence = transfer.evidence(before.effect)?;
            // The hours have the ratio in them already, and its range is all of its effect.
            Some((Arc::new(evidence), Software { median: before.median / after.median, row: 0.0, ..before }))
        }
        _ => None,
    }
}

/// A share with two digits of what it leaves, so that its root can be checked by hand.
fn share_settled(settled: f64) -> String {
    let left = 1.0 - settled;
    if left > 0.1 || left <= 1e-9 {
        return number(settled, 3);
    }
    format!("{settled:.*}", (1.0 - left.log10().floor()) as usize)
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
        // The measured step is the speed itself.
        _ if spec.measured.is_none() && spec.is_paced() => return None,
        (_, Step::Moved(moved)) if moved.told.is_some() => return None,
        (Pacing::Relaid(_), _) => "the run's own hours are its measurement",
        _ => "the hours are not predicted from a step",
    };
    Some(format!("{path} changes nothing here: {why}"))
}
