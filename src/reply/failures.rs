//! What failures do to a job, as a reply says it.

use serde::Serialize;

use crate::answer::failures::{Decided, Failures, Saved};
use crate::reliability::checkpoint::WAYS;
use crate::units::Chips;

/// Failures of a job of this size. What is null is lacking: `lacks` says what and why.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct FailuresReply {
    /// Interrupts in a day of running.
    pub interrupts_per_day: Option<f64>,
    /// Hours of running between interrupts: the median.
    pub mtbf_hours: Option<f64>,
    /// One time in ten it is less.
    pub mtbf_hours_p10: Option<f64>,
    /// One time in ten it is more.
    pub mtbf_hours_p90: Option<f64>,
    /// Interrupts per 1000 days of a node of 8 chips.
    pub interrupts_per_1000_node_days: f64,
    /// The standard deviation of its logarithm.
    pub interrupts_spread: f64,
    /// The rows of `profiles/measurements/failures.csv` that it rests on; none where it is given.
    pub rows: Vec<String>,
    /// What it rests on, in words.
    pub rests_on: String,
    /// How jobs come back: an era of `profiles/assumptions/failures.toml`.
    pub era: String,
    /// From an interrupt until the job is started again.
    pub detect_s: Option<f64>,
    /// Reload and warm-up.
    pub restart_s: Option<f64>,
    /// Bytes of a checkpoint.
    pub checkpoint_bytes: Option<f64>,
    /// storage or host: what the job waits for.
    pub checkpoint_waits_for: Option<&'static str>,
    /// Write bandwidth of the shared storage.
    pub storage_bytes_per_second: Option<f64>,
    /// Useful time between checkpoints.
    pub checkpoint_interval_s: Option<f64>,
    /// The same in steps, where the time of a step is known.
    pub checkpoint_interval_steps: Option<f64>,
    /// The interval of Daly's first order, which counts the recovery.
    pub checkpoint_interval_first_order_s: Option<f64>,
    /// How long one holds the job.
    pub checkpoint_pause_s: Option<f64>,
    /// Share of the time that failures leave.
    pub goodput_failures: Option<f64>,
    /// As reports count effective time, with planned stops and work rolled back: the median.
    pub effective_share: Option<f64>,
    /// One time in ten it is less.
    pub effective_share_p10: Option<f64>,
    /// One time in ten it is more.
    pub effective_share_p90: Option<f64>,
    /// With stragglers and evaluation too: the median.
    pub goodput: Option<f64>,
    /// One time in ten it is less.
    pub goodput_p10: Option<f64>,
    /// One time in ten it is more.
    pub goodput_p90: Option<f64>,
    /// The goodput that decides the hours.
    pub goodput_of_hours: f64,
    /// Its p10, where it is a range.
    pub goodput_of_hours_p10: Option<f64>,
    /// Its p90.
    pub goodput_of_hours_p90: Option<f64>,
    /// contained, prior or given.
    pub goodput_of_hours_from: &'static str,
    /// Spare chips, in whole nodes.
    pub spare_chips: Option<f64>,
    /// What is not known, and for want of what.
    pub lacks: Vec<String>,
    /// Where the values are from that nobody gave.
    pub sources: Vec<String>,
}

impl FailuresReply {
    /// Of a bill's failures.
    pub fn of(found: &Failures) -> Self {
        let (between, saved) = (found.between, found.saved);
        let share = |place: usize| saved.and_then(|saved| saved.share.get(place).copied());
        let effective = |place: usize| saved.and_then(|saved| saved.effective.get(place).copied());
        let hours = |place: usize| between.and_then(|all| Some(all.get(place)?.hours()));
        let way = |saved: Saved| WAYS.iter().find(|(_, way)| *way == saved.save).map(|(name, _)| *name);
        Self {
            interrupts_per_day: found.a_day(),
            mtbf_hours: hours(1),
            mtbf_hours_p10: hours(0),
            mtbf_hours_p90: hours(2),
            interrupts_per_1000_node_days: found.rate.per_1000_node_days,
            interrupts_spread: found.rate.spread,
            rows: found.rate.rows.clone(),
            rests_on: found.rests_on(),
            era: found.era.name.clone(),
            detect_s: saved.map(|saved| saved.stops.detect.get()),
            restart_s: saved.map(|saved| saved.stops.restart.get()),
            checkpoint_bytes: saved.map(|saved| saved.size.get()),
            checkpoint_waits_for: saved.and_then(way),
            storage_bytes_per_second: saved.map(|saved| saved.storage.get()),
            checkpoint_interval_s: saved.map(|saved| saved.goodput.interval.get()),
            checkpoint_interval_steps: saved.zip(found.step).map(|(saved, step)| saved.goodput.interval / step),
            checkpoint_interval_first_order_s: saved.map(|saved| saved.first_order.get()),
            checkpoint_pause_s: saved.map(|saved| saved.stops.checkpoint.get()),
            goodput_failures: saved.map(|saved| saved.goodput.from_failures.get()),
            effective_share: effective(1),
            effective_share_p10: effective(0),
            effective_share_p90: effective(2),
            goodput: share(1),
            goodput_p10: share(0),
            goodput_p90: share(2),
            goodput_of_hours: found.decides.goodput.get(),
            goodput_of_hours_p10: found.decides.range.map(|[low, _]| low),
            goodput_of_hours_p90: found.decides.range.map(|[_, high]| high),
            goodput_of_hours_from: match found.decides.from {
                Decided::Contained => "contained",
                Decided::Prior => "prior",
                Decided::Given(_) => "given",
            },
            spare_chips: found.spares.map(Chips::get),
            lacks: found.lacks.clone(),
            sources: found.sources.clone(),
        }
    }
}
