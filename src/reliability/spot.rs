//! Chips that a market takes away at short notice, and what is left of the time that they are held.

use crate::error::Error;
use crate::units::check::{not_negative, positive};
use crate::units::{Fraction, Seconds};

use super::{Stops, goodput};

/// How a market takes chips away.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    /// Mean time of running between two interruptions of the job.
    pub between: Seconds,
    /// From the notice until the chips are gone.
    pub notice: Seconds,
    /// From the notice's end until the job has all its chips again; the others are held and wait.
    pub wait: Seconds,
}

/// How a job comes back from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comeback {
    /// Time until the whole state is on storage that outlives the chips.
    pub save: Seconds,
    /// Reload and warm-up.
    pub restart: Seconds,
    /// How long each checkpoint in between holds the job.
    pub pause: Seconds,
    /// Useful work between them.
    pub interval: Seconds,
}

/// What a market leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Left {
    /// The share of the held time.
    pub share: Fraction,
    /// Whether the notice is long enough to save the state, and that is better than the checkpoints in between.
    pub saves_in_time: bool,
}

impl Market {
    /// Refuses what is no time: a market that never leaves the chips alone, negative notices and waits.
    ///
    /// # Errors
    /// The value that is none.
    pub fn check(&self) -> Result<(), Error> {
        positive("the time between preemptions", self.between)?;
        not_negative("the notice of a preemption", self.notice)?;
        not_negative("the wait for chips", self.wait).map(drop)
    }
}

/// The share of the held time that a market leaves to a job.
///
/// # Formula
/// with a notice of at least the save: `P / (P + S + W + R)`: P between interruptions, S save, W wait, R restart; else, or
/// where that is more, [`goodput`] of stops every P, with W before the restart, at the checkpoints in between
/// # Source
/// Renewal reward: each interruption stands still for S, W and R, and nothing is done again. Without a notice that is long
/// enough a preemption is a failure (Daly 2006, FGCS 22(3)).
///
/// ```
/// use flopbill::internals::reliability::spot::{Comeback, Market, left};
/// use flopbill::internals::units::Seconds;
///
/// let s = Seconds::new;
/// let market = Market { between: s(21_600.0), notice: s(120.0), wait: s(900.0) };
/// let job = Comeback { save: s(60.0), restart: s(300.0), pause: s(30.0), interval: s(600.0) };
/// // by hand: 21,600 / (21,600 + 60 + 900 + 300)
/// assert!((left(&market, &job)?.share.get() - 0.944881890).abs() < 1e-9);
/// # Ok::<(), flopbill::Error>(())
/// ```
///
/// # Errors
/// As [`Market::check`]; a job that never gets going.
pub fn left(market: &Market, job: &Comeback) -> Result<Left, Error> {
    market.check()?;
    let between = market.between;
    let stops = Stops { mtbf: between, checkpoint: job.pause, restart: job.restart, detect: market.wait };
    let unwarned = goodput(&stops, job.interval);
    if market.notice < job.save {
        return Ok(Left { share: unwarned?, saves_in_time: false });
    }
    let still = not_negative("the time to save", job.save)? + market.wait + not_negative("the restart", job.restart)?;
    let warned = Fraction::new(between / (between + still));
    match unwarned {
        Ok(share) if share > warned => Ok(Left { share, saves_in_time: false }),
        _ => Ok(Left { share: warned, saves_in_time: true }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(between: f64, notice: f64, wait: f64) -> f64 {
        let s = Seconds::new;
        let market = Market { between: s(between), notice: s(notice), wait: s(wait) };
        let job = Comeback { save: s(60.0), restart: s(300.0), pause: s(30.0), interval: s(600.0) };
        left(&market, &job).unwrap().share.get()
    }

    #[test]
    fn more_interruptions_and_longer_waits_leave_less_and_a_notice_never_does() {
        for between in [1e3, 1e4, 1e5] {
            for notice in [0.0, 59.0, 60.0, 120.0] {
                assert!(share(between, notice, 900.0) < share(between * 1.1, notice, 900.0), "{between} {notice}");
                assert!(share(between, notice, 900.0) < share(between, notice, 800.0), "{between} {notice}");
            }
            assert!(share(between, 60.0, 900.0) >= share(between, 59.0, 900.0), "{between}");
        }
        assert!(share(1e12, 0.0, 900.0) < 1.0 && share(1e12, 120.0, 900.0) > 1.0 - 1e-8);
    }

    #[test]
    fn a_market_without_a_time_between_is_refused() {
        let s = Seconds::new;
        let market = Market { between: s(0.0), notice: s(0.0), wait: s(0.0) };
        assert!(market.check().unwrap_err().message().contains("the time between preemptions"));
        assert!(Market { between: s(1.0), wait: s(-1.0), ..market }.check().is_err());
    }
}
