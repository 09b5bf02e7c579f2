//! What failures take from a run as a whole: how often it stops, and the days that go by what.

use super::{Goodput, Stops};
use crate::units::Seconds;

/// What a run loses to failures, checkpoints and all else over its wall-clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lost {
    /// Interrupts.
    pub interrupts: f64,
    /// Standing still for checkpoints.
    pub checkpoints: Seconds,
    /// From an interrupt until the job is started again.
    pub detection: Seconds,
    /// Reload and warm-up.
    pub restarts: Seconds,
    /// Work since the last checkpoint, done again.
    pub redone: Seconds,
    /// Planned stops, stragglers, roll-backs and evaluation.
    pub other: Seconds,
    /// All of these.
    pub total: Seconds,
}

/// How often a job is interrupted in a wall-clock time.
///
/// # Formula
/// `n = T / (M + D)`: T the wall-clock, M the time between interrupts while the job runs, D detection, in which nothing runs
/// # Source
/// By the cycle of [`expected_segment`](super::expected_segment): each interrupt ends M of running and D of waiting.
///
/// ```
/// use flopbill::internals::reliability::lost::interrupts;
/// use flopbill::internals::units::Seconds;
/// let n = interrupts(Seconds::new(1000.0), Seconds::new(90.0), Seconds::new(10.0));
/// assert_eq!(n, 10.0); // by hand: 1000 / (90 + 10)
/// ```
pub fn interrupts(wall: Seconds, mtbf: Seconds, detect: Seconds) -> f64 {
    wall / (mtbf + detect)
}

/// The wall-clock that does not train, by what takes it.
///
/// # Formula
/// with `eta` the share that failures leave and `A` all of it: checkpoints `T eta delta / tau`; detection `n D`; restarts
/// `n M (1 - e^(-R/M))`, as a failure can hit a restart; redone what is left of `T (1 - eta)`; other `T (eta - A)`
/// # Source
/// Daly 2006, FGCS 22(3), for the whole; the parts by the same process of exponential failures.
///
/// ```
/// use flopbill::internals::reliability::lost::lost;
/// use flopbill::internals::reliability::{Goodput, Stops};
/// use flopbill::internals::units::{Fraction, Seconds};
///
/// let s = Seconds::new;
/// let stops = Stops { mtbf: s(90.0), checkpoint: s(1.0), restart: s(0.0), detect: s(10.0) };
/// let share = Goodput { total: Fraction::new(0.7), from_failures: Fraction::new(0.8), interval: s(20.0), mtbf: s(90.0) };
/// let found = lost(s(1000.0), &stops, &share);
/// // By hand: 10 interrupts wait 100 s; 800 s of work in stretches of 20 s save 40 times, 1 s each; 200 - 140 is done again.
/// assert!((found.interrupts - 10.0).abs() < 1e-9 && (found.detection.get() - 100.0).abs() < 1e-9);
/// assert!((found.checkpoints.get() - 40.0).abs() < 1e-9 && (found.redone.get() - 60.0).abs() < 1e-9);
/// assert!((found.other.get() - 100.0).abs() < 1e-9 && (found.total.get() - 300.0).abs() < 1e-9);
/// ```
pub fn lost(wall: Seconds, stops: &Stops, share: &Goodput) -> Lost {
    let n = interrupts(wall, stops.mtbf, stops.detect);
    let useful = wall * share.from_failures.get();
    let saves = if share.interval > Seconds::ZERO { useful / share.interval } else { 0.0 };
    let checkpoints = stops.checkpoint * saves;
    let detection = stops.detect * n;
    let restarts = stops.mtbf * (n * -(-(stops.restart / stops.mtbf)).exp_m1());
    let redone = (wall - useful - checkpoints - detection - restarts).max(Seconds::ZERO);
    let total = wall * (1.0 - share.total.get());
    let other = wall * (share.from_failures.get() - share.total.get());
    Lost { interrupts: n, checkpoints, detection, restarts, redone, other, total }
}
