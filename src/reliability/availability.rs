//! Losses that are not failures, spares, and a published closed form as a cross-check.

use statrs::distribution::{DiscreteCDF, Poisson};

use crate::Error;
use crate::units::check::{not_negative, positive, share_below_one};
use crate::units::{Fraction, Seconds};

/// What keeps chips from training although the job is up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Losses {
    /// Planned stops: maintenance, upgrades.
    pub planned: Fraction,
    /// Stragglers and slow failures.
    pub slow: Fraction,
    /// Work thrown away on purpose: loss spikes, bad data, bugs.
    pub rollback: Fraction,
    /// Evaluation on the training chips.
    pub evaluation: Fraction,
}

impl Losses {
    /// None at all.
    pub const NONE: Self =
        Self { planned: Fraction::ZERO, slow: Fraction::ZERO, rollback: Fraction::ZERO, evaluation: Fraction::ZERO };
}

/// The share of up-time that trains.
///
/// # Formula
/// `(1 - f_planned) * (1 - f_slow) * (1 - f_rollback) * (1 - f_evaluation)`
/// # Source
/// Independent losses multiply; that they are independent is an assumption.
///
/// ```
/// use flopbill::internals::reliability::availability::{Losses, chain};
/// use flopbill::internals::units::Fraction;
/// let losses = Losses { planned: Fraction::new(0.5), slow: Fraction::new(0.2), ..Losses::NONE };
/// assert_eq!(chain(&losses)?.get(), 0.4); // by hand: 0.5 * 0.8
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn chain(losses: &Losses) -> Result<Fraction, Error> {
    share_below_one("the share of planned stops", losses.planned)?;
    share_below_one("the share lost to stragglers", losses.slow)?;
    share_below_one("the share of work rolled back", losses.rollback)?;
    share_below_one("the share of evaluation", losses.evaluation)?;
    let kept = |loss: Fraction| 1.0 - loss.get();
    Ok(Fraction::new(kept(losses.planned) * kept(losses.slow) * kept(losses.rollback) * kept(losses.evaluation)))
}

/// Effective training time by Meta's linear closed form; it goes negative for large jobs, so it only checks.
///
/// # Formula
/// `(1 - N * r * (u0 + dt / 2)) / (1 + N * r * q + w / dt)`: N nodes, r failures a node-second, u0 restart,
/// dt interval, w write time, q wait in the queue
/// # Source
/// Kokolis et al. 2025, arXiv:2410.21680, as quoted; the queue term is not checked against the paper.
///
/// ```
/// use flopbill::internals::reliability::availability::{Linear, linear_effective_time};
/// use flopbill::internals::units::Seconds;
/// let minutes = |m: f64| Seconds::new(60.0 * m);
/// let job = Linear { mtbf: Seconds::from_days(1.0 / (2048.0 * 6.5e-3)), restart: minutes(5.0),
///     interval: minutes(5.0), write: minutes(0.0), queue: minutes(0.0) };
/// // by hand: 1 - 2048 * 6.5e-3 * 7.5 / 1440; the paper prints 0.93
/// assert!((linear_effective_time(&job)? - 0.9306666667).abs() < 1e-9);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn linear_effective_time(job: &Linear) -> Result<f64, Error> {
    positive("the mean time between failures", job.mtbf)?;
    positive("the checkpoint interval", job.interval)?;
    not_negative("the restart time", job.restart)?;
    not_negative("the write time", job.write)?;
    not_negative("the wait in the queue", job.queue)?;
    let up = 1.0 - (job.restart + job.interval / 2.0) / job.mtbf;
    Ok(up / (1.0 + job.queue / job.mtbf + job.write / job.interval))
}

/// What [`linear_effective_time`] needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear {
    /// Mean time between failures of the job.
    pub mtbf: Seconds,
    /// Restart after a failure.
    pub restart: Seconds,
    /// Time between checkpoints.
    pub interval: Seconds,
    /// Time the job stands still to write one.
    pub write: Seconds,
    /// Wait in the queue after a failure.
    pub queue: Seconds,
}

/// Nodes to keep in reserve, so that enough are up with this probability.
///
/// # Formula
/// `s = min { s : F(s) >= q }`, F of a Poisson with mean `nodes * r * repair`
/// # Source
/// Nodes under repair in steady state (Palm's theorem); Delta (arXiv:2503.11901) keeps 5 %.
///
/// ```
/// use flopbill::internals::reliability::availability::spares;
/// use flopbill::internals::units::{Fraction, Seconds};
/// // mean 256 * 0.004 * 3 = 3.072 nodes down; by a Poisson table 99 % of the time at most 8
/// assert_eq!(spares(256.0, 4.0, Seconds::from_days(3.0), Fraction::new(0.99))?, 8);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn spares(nodes: f64, per_1000_node_days: f64, repair: Seconds, confidence: Fraction) -> Result<u64, Error> {
    share_below_one("the confidence in the spares", confidence)?;
    let mean = nodes_down(nodes, per_1000_node_days, repair)?;
    match Poisson::new(mean) {
        Ok(down) => Ok(down.inverse_cdf(confidence.get())),
        Err(_) => Ok(0), // nothing fails, or repair takes no time
    }
}

/// Mean number of nodes under repair.
///
/// # Formula
/// `nodes * r * repair`
/// # Source
/// Little's law.
///
/// ```
/// use flopbill::internals::reliability::availability::nodes_down;
/// use flopbill::internals::units::Seconds;
/// assert_eq!(nodes_down(1000.0, 4.0, Seconds::from_days(3.0))?, 12.0); // by hand: 4 a day, 3 days each
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn nodes_down(nodes: f64, per_1000_node_days: f64, repair: Seconds) -> Result<f64, Error> {
    positive("the number of nodes", nodes)?;
    not_negative("the failure rate", per_1000_node_days)?;
    not_negative("the repair time", repair)?;
    let mean = nodes * (per_1000_node_days / 1000.0) * repair.days();
    if mean < 1e6 {
        return Ok(mean);
    }
    Err(Error::bad_input(format!("{mean:.3e} nodes under repair at once is beyond any fleet")))
}

/// Wait for a repair that a job with these spares meets on average after a failure.
///
/// # Formula
/// `P(down > s) * repair`
/// # Source
/// A failed node finds no spare when more than s are down; upper bound, for it then waits a full repair.
///
/// ```
/// use flopbill::internals::reliability::availability::wait_for_repair;
/// use flopbill::internals::units::Seconds;
/// // by hand: mean 1 node down, no spare: P(down > 0) = 1 - 1/e
/// let wait = wait_for_repair(250.0, 4.0, Seconds::from_days(1.0), 0)?;
/// assert!((wait.days() - 0.632120559).abs() < 1e-9);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn wait_for_repair(nodes: f64, per_1000_node_days: f64, repair: Seconds, spares: u64) -> Result<Seconds, Error> {
    let mean = nodes_down(nodes, per_1000_node_days, repair)?;
    match Poisson::new(mean) {
        Ok(down) => Ok(repair * down.sf(spares)),
        Err(_) => Ok(Seconds::ZERO),
    }
}
