//! A job that fails, simulated event by event; and what is believed about its failure rate.
//!
//! The simulation knows nothing of the closed form in [`crate::reliability`]: it draws failures and
//! follows the job. That is what makes it a check.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use statrs::distribution::{ContinuousCDF, Gamma};

use crate::Error;
use crate::reliability::Stops;
use crate::units::check::{not_negative, positive};
use crate::units::{Fraction, Seconds};

/// The most failures one simulated job may have before the question is refused.
const MOST_FAILURES: u64 = 1_000_000;

/// Wall-clock of a job over many simulated lives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Simulated {
    /// Mean wall-clock.
    pub mean: Seconds,
    /// Standard error of that mean.
    pub standard_error: Seconds,
    /// Standard deviation of one life.
    pub deviation: Seconds,
}

/// How many lives to draw, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    /// Lives of the job.
    pub lives: u32,
    /// Seed of the generator; each life has a stream of its own.
    pub seed: u64,
}

/// How long between failures, as a distribution with the same mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gaps {
    /// Memoryless, as the closed form assumes.
    Exponential,
    /// Weibull; a shape below 1 bunches failures together.
    Weibull {
        /// The shape k.
        shape: f64,
    },
}

impl Gaps {
    /// One gap by inversion.
    fn draw(self, mean: f64, random: &mut ChaCha8Rng) -> f64 {
        let exponential = -(1.0 - random.random::<f64>()).ln();
        match self {
            Self::Exponential => mean * exponential,
            Self::Weibull { shape } => {
                mean / statrs::function::gamma::gamma(1.0 + 1.0 / shape) * exponential.powf(1.0 / shape)
            }
        }
    }
}

/// Lives the job many times and reports its wall-clock.
///
/// The same seed gives the same numbers on every machine: each life has its own stream of ChaCha8.
pub fn simulate(stops: &Stops, gaps: Gaps, work: Seconds, interval: Seconds, draws: Draws) -> Result<Simulated, Error> {
    let Draws { lives, seed } = draws;
    positive("the mean time between failures", stops.mtbf)?;
    not_negative("the checkpoint pause", stops.checkpoint)?;
    not_negative("the restart time", stops.restart)?;
    not_negative("the detection time", stops.detect)?;
    positive("the work", work)?;
    positive("the checkpoint interval", interval)?;
    if let Gaps::Weibull { shape } = gaps
        && !(0.1..=100.0).contains(&shape)
    {
        return Err(Error::bad_input(format!("the Weibull shape must be between 0.1 and 100, got {shape}")));
    }
    if work / interval > 1e7 || lives < 2 {
        return Err(Error::bad_input(format!(
            "{lives} lives of {:.0} checkpoints each cannot be simulated",
            work / interval
        ))
        .with_hint("simulate at least 2 lives of at most ten million checkpoints"));
    }
    let (mut sum, mut squares) = (0.0, 0.0);
    for stream in 0..lives {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(u64::from(stream));
        let wall = live(stops, gaps, work.get(), interval.get(), &mut random)?;
        sum += wall;
        squares += wall * wall;
    }
    let count = f64::from(lives);
    let mean = sum / count;
    let deviation = ((squares / count - mean * mean).max(0.0) * count / (count - 1.0)).sqrt();
    Ok(Simulated {
        mean: Seconds::new(mean),
        standard_error: Seconds::new(deviation / count.sqrt()),
        deviation: Seconds::new(deviation),
    })
}

/// One life: seconds until all the work is done and saved.
fn live(stops: &Stops, gaps: Gaps, work: f64, interval: f64, random: &mut ChaCha8Rng) -> Result<f64, Error> {
    let (mtbf, restart, detect) = (stops.mtbf.get(), stops.restart.get(), stops.detect.get());
    let (mut clock, mut done, mut failures) = (0.0, 0.0, 0);
    let mut next = gaps.draw(mtbf, random); // time until the next failure, while something runs
    while done < work * (1.0 - 1e-12) {
        let stretch = interval.min(work - done);
        let mut needed = stretch + stops.checkpoint.get();
        // Whatever runs, a stretch or a restart, a failure ends it and a restart follows.
        let mut coming_back = false;
        while next < needed || coming_back {
            if next < needed {
                failures += 1;
                clock += next + detect;
                next = gaps.draw(mtbf, random);
                (needed, coming_back) = (restart, true);
            } else {
                clock += needed;
                next -= needed;
                (needed, coming_back) = (stretch + stops.checkpoint.get(), false);
            }
            if failures > MOST_FAILURES {
                return Err(Error::no_solution(format!("the job failed {MOST_FAILURES} times and is not done"))
                    .with_hint("save the state more often than the job fails"));
            }
        }
        clock += needed;
        next -= needed;
        done += stretch;
    }
    Ok(clock)
}

/// Spread of the wall-clock at a known failure rate.
///
/// # Formula
/// `sd(T) = sqrt(T / M * E[X^2])`, `X = R + D + U(0, tau + delta)`
/// # Source
/// Compound Poisson; ignores the partial segment at the end.
///
/// ```
/// use flopbill::internals::reliability::Stops;
/// use flopbill::internals::ask::failures::spread;
/// use flopbill::internals::units::Seconds;
/// let s = Seconds::new;
/// let stops = Stops { mtbf: s(100.0), checkpoint: s(0.0), restart: s(3.0), detect: s(0.0) };
/// // by hand: nothing redone, 4 failures of exactly 3 s: sqrt(4) * 3
/// assert_eq!(spread(&stops, s(0.0), s(400.0)), s(6.0));
/// ```
pub fn spread(stops: &Stops, interval: Seconds, wall: Seconds) -> Seconds {
    let least = (stops.restart + stops.detect).get();
    let width = (interval + stops.checkpoint).get();
    let second_moment = (least + width / 2.0).powi(2) + width * width / 12.0;
    Seconds::new((wall / stops.mtbf * second_moment).sqrt())
}

/// A Gamma belief about failures per 1000 node-days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateBelief {
    /// Shape of the Gamma.
    pub shape: f64,
    /// Scale of the Gamma, in failures per 1000 node-days.
    pub scale: f64,
}

impl RateBelief {
    /// The belief whose mean and standard deviation are those of a sample of published rates.
    ///
    /// # Formula
    /// `shape = (mean / sd)^2`, `scale = sd^2 / mean`
    /// # Source
    /// Method of moments.
    pub fn from_sample(rates: &[f64]) -> Result<Self, Error> {
        let count = rates.len() as f64;
        let mean = rates.iter().sum::<f64>() / count;
        let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / (count - 1.0);
        positive("the mean failure rate", mean)?;
        positive("the variance of the failure rates", variance)?;
        Ok(Self { shape: mean * mean / variance, scale: variance / mean })
    }

    /// The belief after this many failures in this many node-days.
    ///
    /// # Formula
    /// `Gamma(shape + k, 1 / (1 / scale + node_days / 1000))`
    /// # Source
    /// Conjugate prior of a Poisson count.
    pub fn after(self, failures: f64, node_days: f64) -> Result<Self, Error> {
        not_negative("the number of failures", failures)?;
        not_negative("the node-days", node_days)?;
        Ok(Self { shape: self.shape + failures, scale: 1.0 / (1.0 / self.scale + node_days / 1000.0) })
    }

    /// Mean rate, per 1000 node-days.
    pub fn mean(self) -> f64 {
        self.shape * self.scale
    }

    /// Rate below which it lies with this probability, per 1000 node-days.
    pub fn quantile(self, probability: Fraction) -> Result<f64, Error> {
        let p = probability.get();
        if !(p > 0.0 && p < 1.0) {
            return Err(Error::bad_input(format!("a quantile needs a probability between 0 and 1, got {p}")));
        }
        // statrs takes a rate, the inverse of the scale.
        let gamma = Gamma::new(self.shape, 1.0 / self.scale)
            .map_err(|error| Error::bad_input(format!("the failure rate has no such Gamma: {error}")))?;
        Ok(gamma.inverse_cdf(p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reliability::{expected_segment, interval::optimum};

    fn stops(mtbf: f64, checkpoint: f64, restart: f64, detect: f64) -> Stops {
        let s = Seconds::new;
        Stops { mtbf: s(mtbf), checkpoint: s(checkpoint), restart: s(restart), detect: s(detect) }
    }

    #[test]
    fn the_closed_form_lies_within_four_standard_errors() {
        let work = Seconds::from_days(30.0);
        for job in [
            stops(84375.0, 30.0, 300.0, 300.0),
            stops(11135.08, 10.0, 600.0, 120.0),
            stops(3600.0, 60.0, 300.0, 0.0),
            stops(900.0, 30.0, 600.0, 600.0),
            stops(84375.0, 30.0, 300.0, 0.0),
        ] {
            let tau = optimum(job.checkpoint, job.mtbf).unwrap();
            // Whole segments, so that the closed form is exact.
            let segments = (work / tau).floor();
            let closed = expected_segment(&job, tau) * segments;
            let found = simulate(&job, Gaps::Exponential, tau * segments, tau, Draws { lives: 400, seed: 1 }).unwrap();
            let z = (found.mean - closed) / found.standard_error;
            assert!(z.abs() < 4.0, "{job:?}: z = {z}");
            assert!(found.standard_error / closed < 0.01, "{job:?}: too few lives to say anything");
        }
    }

    #[test]
    fn a_wrong_restart_time_would_be_seen() {
        let (job, other) = (stops(3600.0, 60.0, 300.0, 0.0), stops(3600.0, 60.0, 330.0, 0.0));
        let tau = optimum(job.checkpoint, job.mtbf).unwrap();
        let closed = expected_segment(&other, tau) * 1000.0;
        let found = simulate(&job, Gaps::Exponential, tau * 1000.0, tau, Draws { lives: 400, seed: 1 }).unwrap();
        assert!(((found.mean - closed) / found.standard_error).abs() > 4.0);
    }

    #[test]
    fn the_seed_settles_the_result_and_a_weibull_of_shape_one_is_the_exponential() {
        let job = stops(3600.0, 60.0, 300.0, 0.0);
        let run = |gaps, seed| {
            simulate(&job, gaps, Seconds::from_days(2.0), Seconds::new(600.0), Draws { lives: 50, seed }).unwrap().mean
        };
        assert_eq!(run(Gaps::Exponential, 7), run(Gaps::Exponential, 7));
        assert_ne!(run(Gaps::Exponential, 7), run(Gaps::Exponential, 8));
        let alike = run(Gaps::Weibull { shape: 1.0 }, 7) / run(Gaps::Exponential, 7);
        assert!((alike - 1.0).abs() < 1e-9, "{alike}");
    }

    #[test]
    fn endless_jobs_are_refused() {
        let job = stops(1.0, 30.0, 600.0, 600.0);
        let error =
            simulate(&job, Gaps::Exponential, Seconds::new(100.0), Seconds::new(10.0), Draws { lives: 2, seed: 1 })
                .unwrap_err();
        assert!(error.message().contains("not done"), "{error}");
    }
}
