//! What failures do to the run as a whole: the interrupts it has to expect, by cause, and the days they take.

use serde::Serialize;

use crate::answer::Answer;
use crate::answer::failures::Failures;
use crate::ask::reply::failures::FailuresReply;
use crate::error::Error;
use crate::reliability::lost::{Lost, interrupts, lost};
use crate::rows::causes::{CauseRow, shipped};
use crate::units::Seconds;

/// The interrupts of a run and the days that it loses.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ExpectedReply {
    /// Days that the run takes, by the hours of the answer; null where they are not known.
    pub wall_clock_days: Option<f64>,
    /// Interrupts in that time: the median.
    pub interrupts: Option<f64>,
    /// One time in ten they are fewer.
    pub interrupts_p10: Option<f64>,
    /// One time in ten they are more.
    pub interrupts_p90: Option<f64>,
    /// The same by cause, the most frequent first.
    pub causes: Vec<CauseReply>,
    /// What the shares of the causes are from.
    pub causes_from: Option<String>,
    /// Days that do not train, by this model and not by the goodput of the hours.
    pub lost_days: Option<f64>,
    /// Of these: standing still for checkpoints.
    pub lost_to_checkpoints_days: Option<f64>,
    /// From an interrupt until the job is started again.
    pub lost_to_detection_days: Option<f64>,
    /// Reload and warm-up.
    pub lost_to_restarts_days: Option<f64>,
    /// Work since the last checkpoint, done again.
    pub lost_to_work_redone_days: Option<f64>,
    /// Planned stops, stragglers, roll-backs, evaluation.
    pub lost_to_other_days: Option<f64>,
    /// What is not known, and for want of what.
    pub lacks: Vec<String>,
    /// The model behind it.
    pub model: FailuresReply,
}

/// The interrupts of one cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CauseReply {
    /// gpu, network, host, software, maintenance or unknown.
    pub cause: String,
    /// Its share of the interrupts.
    pub share: f64,
    /// Interrupts of the run.
    pub interrupts: f64,
    /// Days of detection, restarts and work done again, each interrupt taken to cost as much as another.
    pub lost_days: Option<f64>,
}

impl ExpectedReply {
    /// Of the failures at an answer's size.
    ///
    /// # Errors
    /// None in a build whose tests pass.
    pub fn of(answer: &Answer, found: &Failures) -> Result<Self, Error> {
        let wall = answer.estimate.total.wall_clock;
        let taken = wall.zip(found.saved).map(|(wall, saved)| lost(wall, &saved.stops, &saved.goodput));
        let waits = found.saved.map_or(Seconds::ZERO, |saved| saved.stops.detect);
        let at = |level: usize| {
            let between = found.between?.get(level).copied()?;
            wall.map(|wall| interrupts(wall, between, waits))
        };
        let middle = at(1);
        let family = answer.chip.as_ref().map_or("", |chip| chip.chip.architecture.as_str());
        let (causes, causes_from) = match middle {
            Some(middle) => causes(middle, taken.as_ref(), family)?,
            None => (Vec::new(), None),
        };
        let days = |of: fn(&Lost) -> Seconds| taken.as_ref().map(|lost| of(lost).days());
        let mut lacks = found.lacks.clone();
        if wall.is_none() {
            lacks.push("the interrupts of the run need its days: give --chips or --days".into());
        }
        Ok(Self {
            wall_clock_days: wall.map(Seconds::days),
            interrupts: middle,
            // Longer between two is fewer.
            interrupts_p10: at(2),
            interrupts_p90: at(0),
            causes,
            causes_from,
            lost_days: days(|lost| lost.total),
            lost_to_checkpoints_days: days(|lost| lost.checkpoints),
            lost_to_detection_days: days(|lost| lost.detection),
            lost_to_restarts_days: days(|lost| lost.restarts),
            lost_to_work_redone_days: days(|lost| lost.redone),
            lost_to_other_days: days(|lost| lost.other),
            lacks,
            model: FailuresReply::of(found),
        })
    }
}

/// The interrupts by cause, and where the shares are from: the published causes of the family, else of any.
fn causes(all: f64, taken: Option<&Lost>, family: &str) -> Result<(Vec<CauseReply>, Option<String>), Error> {
    let mut rows = shipped()?;
    let own = rows.iter().any(|row| row.family == family);
    rows.retain(|row| !own || row.family == family);
    let counted: f64 = rows.iter().map(|row| row.events).sum();
    let Some(first) = rows.first().cloned() else { return Ok((Vec::new(), None)) };
    let cost = taken.map(|lost| (lost.detection + lost.restarts + lost.redone).days());
    let mut found: Vec<CauseReply> = Vec::new();
    for CauseRow { cause, events, .. } in rows {
        let share = events / counted;
        match found.iter_mut().find(|known| known.cause == cause) {
            Some(known) => known.share += share,
            None => found.push(CauseReply { cause, share, interrupts: 0.0, lost_days: None }),
        }
    }
    for one in &mut found {
        one.interrupts = all * one.share;
        one.lost_days = cost.map(|days| days * one.share);
    }
    found.sort_by(|a, b| b.share.total_cmp(&a.share));
    let other = if own { String::new() } else { format!("; nobody published them on {family}, so these stand in") };
    Ok((found, Some(format!("{} ({}){other}", first.source, first.kind))))
}
