//! The blocks of an estimate beside its result.

use serde::Serialize;

use crate::answer::layouts::parts;
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::input::question::Question;
use crate::layout::parallelism::{Layout, SCHEDULES, ZERO_STAGES};
use crate::layout::stages::{CUTS, Cut};
use crate::reply::StepPart;
use crate::solve::Var;
use crate::units::{Price, Seconds, Usd};

/// What a result is made of.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RunBlock {
    /// Model FLOPs, by 6ND.
    pub flop: Option<f64>,
    /// Parameters at work for one token.
    pub active_params: Option<f64>,
    /// Training tokens of the main phase.
    pub tokens: Option<f64>,
    /// Share of the held time that computes.
    pub goodput: f64,
    /// The part of that which interruptions of the spot market leave, where the chips are rented there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spot_left: Option<f64>,
    /// What the MFU is a share of.
    pub mfu_basis: Option<String>,
    /// Where the MFU came from.
    pub mfu_origin: Option<String>,
    /// Dense peak of a chip.
    pub peak_flop_per_second: Option<f64>,
    /// Rent of a chip.
    pub usd_per_gpu_hour: Option<f64>,
    /// Chips in whole nodes.
    pub chips_in_whole_nodes: Option<f64>,
}

impl RunBlock {
    /// Of an answer.
    pub fn of(answer: &Answer) -> Self {
        let estimate = &answer.estimate;
        let get = |var| answer.solved.knowns.get(var);
        Self {
            flop: estimate.flop.map(|flop| flop.get()),
            active_params: get(Var::Params),
            tokens: get(Var::Tokens),
            goodput: answer.scenario.terms.goodput.get(),
            spot_left: answer.on_spot.map(|found| found.left.share.get()),
            mfu_basis: answer.basis.map(|basis| format!("dense {basis} peak, model FLOPs by 6ND")),
            mfu_origin: answer.mfu_origin.as_ref().map(ToString::to_string),
            peak_flop_per_second: answer.chip.as_ref().map(|_| answer.scenario.peak.get()),
            usd_per_gpu_hour: answer.scenario.terms.price.map(Price::usd_per_hour),
            chips_in_whole_nodes: estimate.chips_in_whole_nodes.map(|chips| chips.get()),
        }
    }
}

/// A part of the run.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PhaseRow {
    /// Its name.
    pub name: String,
    /// Chip-hours held.
    pub gpu_hours: f64,
    /// Days.
    pub wall_clock_days: Option<f64>,
    /// Dollars.
    pub cost_usd: Option<f64>,
    /// Model FLOPs.
    pub flop: Option<f64>,
    /// By 6ND.
    pub mfu: Option<f64>,
}

/// The parts of a run.
pub fn phases(answer: &Answer) -> Vec<PhaseRow> {
    let phases = answer.scenario.phases.iter().zip(&answer.estimate.phases);
    let row = |(phase, (performance, account)): (
        &crate::scenario::Phase,
        &(crate::estimate::Performance, crate::estimate::Account),
    )| PhaseRow {
        name: phase.name.clone(),
        gpu_hours: account.held.gpu_hours(),
        wall_clock_days: account.wall_clock.map(Seconds::days),
        cost_usd: account.cost.map(Usd::get),
        flop: performance.flop.map(|flop| flop.get()),
        mfu: performance.mfu.map(|mfu| mfu.get()),
    };
    phases.map(row).collect()
}

/// One step of the run, predicted.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct StepBlock {
    /// Seconds of a step: that of the parts times `unsaid` and `software`.
    pub step_seconds: f64,
    /// Chips that the layout uses.
    pub chips_used: u32,
    /// Chips that are held idle.
    pub chips_idle: u32,
    /// Step time over that of the software that the factors were fitted to; of a run on other chips, what its own hours
    /// have over its modelled steps.
    pub software: f64,
    /// What the settings that nobody gave take over those laid out here; one of a run on other chips.
    pub unsaid: f64,
    /// Tokens of a step.
    pub tokens_per_step: f64,
    /// Where the time goes, on the software that the factors were fitted to.
    pub parts: Vec<StepPart>,
    /// Bytes that the fullest chip holds.
    pub memory_bytes: f64,
    /// Bytes that it can hold.
    pub memory_capacity_bytes: f64,
    /// Bytes that are left beside what is set aside.
    pub memory_margin_bytes: f64,
    /// The chance that the layout runs and does not run out.
    pub memory_fit_probability: f64,
    /// How the model is split.
    pub layout: Degrees,
}

/// How a model is split.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)] // the degrees, as everybody calls them
pub struct Degrees {
    pub tp: u32,
    pub pp: u32,
    pub vpp: u32,
    pub dp: u32,
    pub cp: u32,
    pub ep: u32,
    pub micro_batch: u32,
    /// In sequences.
    pub global_batch: u32,
    pub sequence_length: u32,
    pub zero: &'static str,
    pub recompute: String,
    pub schedule: &'static str,
    /// How the layers are cut into stages.
    pub stages: &'static str,
    pub precision: &'static str,
}

impl StepBlock {
    /// Of an answer whose step is predicted.
    pub fn of(answer: &Answer) -> Option<Self> {
        let ((_, prediction), time) = answer.prediction().zip(answer.step_time())?;
        let [unsaid, software] = answer.over_model()?;
        Some(Self {
            step_seconds: time.get(),
            chips_used: prediction.used(),
            chips_idle: prediction.idle(),
            software,
            unsaid,
            tokens_per_step: prediction.tokens_per_step().get(),
            parts: parts(&prediction.step).iter().map(StepPart::of).collect(),
            memory_bytes: prediction.fit.total.get(),
            memory_capacity_bytes: prediction.fit.capacity.get(),
            memory_margin_bytes: prediction.headroom.margin.get(),
            memory_fit_probability: prediction.headroom.probability,
            layout: Degrees::of(&prediction.layout),
        })
    }
}

impl Degrees {
    /// Of a layout.
    pub fn of(own: &Layout) -> Self {
        let zero = ZERO_STAGES.iter().find(|(_, stage)| *stage == own.zero);
        let schedule = SCHEDULES.iter().find(|(_, schedule)| *schedule == own.schedule);
        Self {
            tp: own.tp,
            pp: own.pp,
            vpp: own.vpp,
            dp: own.dp,
            cp: own.cp,
            ep: own.ep,
            micro_batch: own.micro_batch,
            global_batch: own.global_batch,
            sequence_length: own.seq_len,
            zero: zero.map_or("", |(name, _)| name),
            recompute: format!("{:?}", own.recompute).to_lowercase(),
            schedule: schedule.map_or("", |(name, _)| name),
            stages: CUTS[usize::from(own.cut != Cut::Even)].0,
            precision: own.precision.name(),
        }
    }
}

/// A run that was moved, with its hours kept as they are.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct Arithmetic {
    /// Chip-hours held.
    pub gpu_hours: f64,
    /// Chips.
    pub chips: Option<f64>,
    /// Days.
    pub wall_clock_days: Option<f64>,
    /// Dollars.
    pub cost_usd: Option<f64>,
}

impl Arithmetic {
    /// Of a run that was moved, and whose hours that changed.
    pub fn of(moved: &Answer, question: &Question, catalog: &Catalog) -> Option<Self> {
        moved.moved().filter(|moved| moved.ratio != 1.0)?;
        let held = answer(&question.clone().with("run.hold_hours", true), catalog).ok()?.estimate;
        Some(Self {
            gpu_hours: held.total.held.gpu_hours(),
            chips: held.chips.map(|chips| chips.get()),
            wall_clock_days: held.total.wall_clock.map(Seconds::days),
            cost_usd: held.total.cost.map(Usd::get),
        })
    }
}

/// A given time against the predicted one.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct ConfirmationReply {
    /// The field that was given: the time, the hours or the cost.
    pub given: &'static str,
    /// The time that this means.
    pub given_days: f64,
    /// One prediction in ten is below.
    pub predicted_days_p10: f64,
    /// Half are.
    pub predicted_days_p50: f64,
    /// Nine in ten are.
    pub predicted_days_p90: f64,
    /// The probability of being done in the given time.
    pub probability: f64,
    /// Its standard error.
    pub probability_standard_error: f64,
    /// The MFU that the given time means.
    pub implied_mfu: Option<f64>,
}

impl ConfirmationReply {
    /// Of an answer whose time was given and confirmed.
    pub fn of(answer: &Answer) -> Option<Self> {
        let found = answer.confirmation?;
        Some(Self {
            given: found.field(),
            given_days: found.given.days(),
            predicted_days_p10: found.p10.days(),
            predicted_days_p50: found.p50.days(),
            predicted_days_p90: found.p90.days(),
            probability: found.probability.value,
            probability_standard_error: found.probability.se,
            implied_mfu: answer.estimate.mfu.map(|mfu| mfu.get()),
        })
    }
}

/// A profile that was read.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ProfileLine {
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub id: String,
    /// Its file.
    pub file: String,
    /// A hash of its text.
    pub hash: String,
}

impl ProfileLine {
    /// Of an answer.
    pub fn of(answer: &Answer) -> Vec<Self> {
        let chip = answer.chip.iter().map(|chip| Self {
            kind: "accelerator",
            id: chip.chip.id.clone(),
            file: chip.document.file.clone(),
            hash: format!("{:016x}", chip.document.hash()),
        });
        chip.collect()
    }
}
