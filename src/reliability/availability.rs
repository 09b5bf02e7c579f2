//! Losses that are not failures, spares, and a published closed form as a cross-check.

use statrs::distribution::{DiscreteCDF, Poisson};

use crate::error::Error;
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
