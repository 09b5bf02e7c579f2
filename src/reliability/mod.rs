//! Failures and goodput: how much of the time a job holds its chips becomes training.
//!
//! A job saves its state every so often. A failure throws away what was done since the last save, and the
//! job waits until the failure is seen and the state is read back. [`plan`] is the entry: from a failure
//! rate and a checkpoint to the share of the wall-clock that trains.

pub mod availability;
pub mod checkpoint;
pub mod interval;
pub mod lost;
pub mod pool;
pub mod rate;
pub mod spot;

use crate::error::Error;
use crate::units::check::{not_negative, positive, share};
use crate::units::{Fraction, Seconds};

use availability::Losses;

/// What stops a job, and what each stop costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stops {
    /// Mean time between failures of the whole job.
    pub mtbf: Seconds,
    /// Time the job stands still for each checkpoint.
    pub checkpoint: Seconds,
    /// Reload and warm-up after a failure; a failure can hit it too.
    pub restart: Seconds,
    /// Detection and rescheduling after a failure; nothing runs, so nothing can fail.
    pub detect: Seconds,
}

impl Stops {
    /// Refuses negative times, and a job that fails faster than it restarts. Detection may be longer than the time between
    /// failures: nothing runs meanwhile, so nothing can fail.
    pub fn check(&self) -> Result<(), Error> {
        positive("the mean time between failures", self.mtbf)?;
        not_negative("the checkpoint pause", self.checkpoint)?;
        not_negative("the restart time", self.restart)?;
        not_negative("the detection time", self.detect)?;
        if self.mtbf.get() > self.restart.get() {
            return Ok(());
        }
        Err(Error::no_solution(format!(
            "the job fails every {:.0} s on average, and restarting takes {:.0} s: it never gets going",
            self.mtbf.get(),
            self.restart.get()
        ))
        .with_hint("use fewer nodes, a lower failure rate, or a faster restart"))
    }
}

/// Expected wall-clock for one stretch of useful work and the checkpoint that ends it.
///
/// # Formula
/// `E = (M + D) * e^(R/M) * (e^((tau + delta)/M) - 1)`: M the MTBF, D detection, R restart, tau the useful
/// work, delta the checkpoint pause
/// # Source
/// Daly 2006, FGCS 22(3), with D = 0; the term in D by the same derivation. Exact for exponential failures.
///
/// ```
/// use flopbill::internals::reliability::{Stops, expected_segment};
/// use flopbill::internals::units::Seconds;
///
/// let s = Seconds::new;
/// let stops = Stops { mtbf: s(1000.0), checkpoint: s(0.0), restart: s(0.0), detect: s(0.0) };
/// // by hand: 1000 * (e^0.1 - 1)
/// assert!((expected_segment(&stops, s(100.0)).get() - 105.170918).abs() < 1e-6);
/// ```
pub fn expected_segment(stops: &Stops, work: Seconds) -> Seconds {
    let mtbf = stops.mtbf.get();
    let lost = (stops.restart.get() / mtbf).exp() * ((work.get() + stops.checkpoint.get()) / mtbf).exp_m1();
    Seconds::new((mtbf + stops.detect.get()) * lost)
}

/// The share of the wall-clock that is useful work, if the job saves its state at this interval.
///
/// # Formula
/// `eta = tau / E[segment]`; as tau and delta go to zero, `M / ((M + D) * e^(R/M))`
/// # Source
/// Definition of effective training time (Llama 3, arXiv:2407.21783, section 3.3.4); limit by expansion.
///
/// ```
/// use flopbill::internals::reliability::{Stops, goodput};
/// use flopbill::internals::units::Seconds;
///
/// let s = Seconds::new;
/// let never_fails = Stops { mtbf: s(1e12), checkpoint: s(30.0), restart: s(0.0), detect: s(0.0) };
/// // by hand: only the checkpoints cost time, 970 / (970 + 30)
/// assert!((goodput(&never_fails, s(970.0))?.get() - 0.97).abs() < 1e-8);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn goodput(stops: &Stops, interval: Seconds) -> Result<Fraction, Error> {
    stops.check()?;
    not_negative("the checkpoint interval", interval)?;
    let mtbf = stops.mtbf.get();
    if interval.get() + stops.checkpoint.get() == 0.0 {
        let share = mtbf / ((mtbf + stops.detect.get()) * (stops.restart.get() / mtbf).exp());
        return Ok(Fraction::new(share));
    }
    let share = interval / expected_segment(stops, interval);
    if share.is_finite() && share > 0.0 {
        return Ok(Fraction::new(share));
    }
    Err(Error::no_solution(format!(
        "at one checkpoint every {:.0} s a job that fails every {mtbf:.0} s gets no work done",
        interval.get()
    ))
    .with_hint("save the state more often than the job fails"))
}

/// When the state is saved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Interval {
    /// At the interval with the least expected wall-clock.
    Optimal,
    /// After this much useful work.
    Every(Seconds),
}

/// How the share of useful time is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Downtime {
    /// The given GPU-hours already contain the downtime.
    Included,
    /// A share that the user states.
    Given(Fraction),
    /// From failures, checkpoints and the other losses.
    Modelled {
        /// Failures and what each costs.
        stops: Stops,
        /// When the state is saved.
        interval: Interval,
        /// What else keeps the chips from training.
        losses: Losses,
    },
}

/// How much of the wall-clock trains, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goodput {
    /// Useful time over wall-clock, all losses together.
    pub total: Fraction,
    /// The part of it from failures and checkpoints alone; 1 where it is not modelled.
    pub from_failures: Fraction,
    /// Useful work between checkpoints; zero where it is not modelled.
    pub interval: Seconds,
    /// Mean time between failures; zero where it is not modelled.
    pub mtbf: Seconds,
}

/// The share of the wall-clock that trains.
///
/// # Formula
/// included: 1; given: as given; modelled: `goodput(stops, interval) * availability(losses)`
/// # Source
/// The product of independent losses; see [`goodput`] and [`availability::chain`].
pub fn plan(downtime: &Downtime) -> Result<Goodput, Error> {
    let flat =
        |total| Goodput { total, from_failures: Fraction::new(1.0), interval: Seconds::ZERO, mtbf: Seconds::ZERO };
    match *downtime {
        Downtime::Included => Ok(flat(Fraction::new(1.0))),
        Downtime::Given(given) => Ok(flat(positive("the goodput", share("the goodput", given)?)?)),
        Downtime::Modelled { stops, interval, losses } => {
            stops.check()?;
            let interval = match interval {
                Interval::Optimal => interval::optimum(stops.checkpoint, stops.mtbf)?,
                Interval::Every(time) => time,
            };
            let from_failures = goodput(&stops, interval)?;
            let total = Fraction::new(from_failures.get() * availability::chain(&losses)?.get());
            Ok(Goodput { total, from_failures, interval, mtbf: stops.mtbf })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(mtbf: f64, checkpoint: f64, restart: f64, detect: f64) -> Stops {
        let s = Seconds::new;
        Stops { mtbf: s(mtbf), checkpoint: s(checkpoint), restart: s(restart), detect: s(detect) }
    }

    #[test]
    fn a_free_checkpoint_reaches_the_limit_smoothly() {
        let job = stops(11135.08, 0.0, 600.0, 120.0);
        let limit = goodput(&job, Seconds::ZERO).unwrap().get();
        let near = goodput(&job, Seconds::new(1e-6)).unwrap().get();
        assert!((limit - near).abs() < 1e-9);
    }

    #[test]
    fn an_mtbf_under_the_restart_time_is_refused_by_name() {
        let error = goodput(&stops(550.0, 30.0, 600.0, 300.0), Seconds::new(100.0)).unwrap_err();
        assert!(error.message().contains("never gets going"), "{error}");
        // By hand: an hour up, then eight of waiting in which nothing can fail.
        let by_hand = goodput(&stops(3600.0, 0.0, 0.0, 28800.0), Seconds::ZERO).unwrap().get();
        assert!((by_hand - 1.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn an_interval_far_beyond_the_mtbf_is_refused_rather_than_printed() {
        assert!(goodput(&stops(1e3, 30.0, 0.0, 0.0), Seconds::new(1e9)).is_err());
        assert!(goodput(&stops(f64::NAN, 30.0, 0.0, 0.0), Seconds::new(10.0)).is_err());
        assert!(goodput(&stops(1e3, -1.0, 0.0, 0.0), Seconds::new(10.0)).is_err());
    }

    #[test]
    fn hours_that_contain_downtime_are_not_inflated() {
        assert_eq!(plan(&Downtime::Included).unwrap().total.get(), 1.0);
        assert!(plan(&Downtime::Given(Fraction::new(0.0))).is_err());
        assert!(plan(&Downtime::Given(Fraction::new(1.2))).is_err());
    }
}
