//! What measured steps changed about an answer, for machines.

use serde::Serialize;

use crate::answer::narrowed::Narrowed;
use crate::predict::measured::Seen;

/// By how much measured steps moved an answer, and what of its spread is left.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MeasuredReply {
    /// Steps that were given.
    pub steps: usize,
    /// Those that tell something.
    pub used: usize,
    /// The settings that they were measured in.
    pub settings: Vec<SettingReply>,
    /// The others.
    pub left_out: Vec<LeftOut>,
    /// What the steps took over what was predicted.
    pub factor_seen: f64,
    /// The share of that surprise that they settle.
    pub k: f64,
    /// The factor on every predicted step: `factor_seen ^ k`.
    pub factor: f64,
    /// The standard deviation of the software's effect, in logarithm, before them.
    pub effect_before: f64,
    /// The same after them.
    pub effect_after: f64,
    /// GPU-hours before: p10, p50 and p90.
    pub gpu_hours_before: Option<[f64; 3]>,
    /// GPU-hours after.
    pub gpu_hours_after: Option<[f64; 3]>,
}

/// The measured steps of one setting.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SettingReply {
    /// What the first of them is found by.
    pub step: String,
    /// How many they are.
    pub steps: usize,
    /// The chip.
    pub gpu: String,
    /// The model.
    pub model: String,
    /// The median of their times, in seconds.
    pub measured_s: f64,
    /// The time that was predicted, in seconds.
    pub predicted_s: f64,
    /// The standard deviation, in logarithm, of what they do not share with the question.
    pub apart: f64,
}

/// A step that tells nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// What it is found by.
    pub step: String,
    /// Why.
    pub reason: String,
}

impl MeasuredReply {
    /// What changed.
    pub fn of(found: &Narrowed) -> Self {
        let evidence = &found.evidence;
        let left_out = evidence.unused().into_iter();
        Self {
            steps: evidence.steps,
            used: evidence.used(),
            settings: evidence.seen.iter().map(SettingReply::of).collect(),
            left_out: left_out.map(|(step, reason)| LeftOut { step, reason }).collect(),
            factor_seen: evidence.factor_seen(),
            k: evidence.settled(),
            factor: evidence.factor(),
            effect_before: evidence.before.effect,
            effect_after: evidence.after.effect,
            gpu_hours_before: found.hours.map(|[before, _]| before),
            gpu_hours_after: found.hours.map(|[_, after]| after),
        }
    }
}

impl SettingReply {
    fn of(seen: &Seen) -> Self {
        Self {
            step: seen.name.clone(),
            steps: seen.steps,
            gpu: seen.chip.clone(),
            model: seen.model.clone(),
            measured_s: seen.measured.get(),
            predicted_s: seen.predicted.get(),
            apart: seen.apart,
        }
    }
}
