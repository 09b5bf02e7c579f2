//! A job that fails, simulated event by event, beside the closed form of goodput.
//!
//! The simulation knows nothing of the closed form: it draws failures and follows the job. That is what makes it a check.

use flopbill::internals::reliability::{Stops, expected_segment, interval::optimum};
use flopbill::internals::units::Seconds;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// The most failures one simulated job may have before the question is refused.
const MOST_FAILURES: u64 = 1_000_000;

/// Wall-clock of a job over many simulated lives.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Simulated {
    /// Mean wall-clock.
    mean: Seconds,
    /// Standard error of that mean.
    standard_error: Seconds,
}

/// How many lives to draw, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Draws {
    /// Lives of the job.
    lives: u32,
    /// Seed of the generator; each life has a stream of its own.
    seed: u64,
}

/// How long between failures, as a distribution with the same mean.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Gaps {
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

/// Lives the job many times and sums up its wall-clock. The same seed gives the same numbers on every machine: each life has its own stream of ChaCha8.
fn simulate(stops: &Stops, gaps: Gaps, work: Seconds, interval: Seconds, draws: Draws) -> Simulated {
    let Draws { lives, seed } = draws;
    let (mut sum, mut squares) = (0.0, 0.0);
    for stream in 0..lives {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(u64::from(stream));
        let wall = live(stops, gaps, work.get(), interval.get(), &mut random);
        sum += wall;
        squares += wall * wall;
    }
    let count = f64::from(lives);
    let mean = sum / count;
    let deviation = ((squares / count - mean * mean).max(0.0) * count / (count - 1.0)).sqrt();
    Simulated { mean: Seconds::new(mean), standard_error: Seconds::new(deviation / count.sqrt()) }
}

/// One life: seconds until all the work is done and saved.
fn live(stops: &Stops, gaps: Gaps, work: f64, interval: f64, random: &mut ChaCha8Rng) -> f64 {
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
            assert!(failures < MOST_FAILURES, "the job failed {failures} times and is not done");
        }
        clock += needed;
        next -= needed;
        done += stretch;
    }
    clock
}

/// Spread of the wall-clock at a known failure rate: `sd(T) = sqrt(T / M * E[X^2])`, `X = R + D + U(0, tau + delta)`, a
/// compound Poisson without the partial segment at the end.
pub fn spread(stops: &Stops, interval: Seconds, wall: Seconds) -> Seconds {
    let least = (stops.restart + stops.detect).get();
    let width = (interval + stops.checkpoint).get();
    let second_moment = (least + width / 2.0).powi(2) + width * width / 12.0;
    Seconds::new((wall / stops.mtbf * second_moment).sqrt())
}

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
        let found = simulate(&job, Gaps::Exponential, tau * segments, tau, Draws { lives: 400, seed: 1 });
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
    let found = simulate(&job, Gaps::Exponential, tau * 1000.0, tau, Draws { lives: 400, seed: 1 });
    assert!(((found.mean - closed) / found.standard_error).abs() > 4.0);
}

#[test]
fn the_seed_settles_the_result_and_a_weibull_of_shape_one_is_the_exponential() {
    let job = stops(3600.0, 60.0, 300.0, 0.0);
    let run =
        |gaps, seed| simulate(&job, gaps, Seconds::from_days(2.0), Seconds::new(600.0), Draws { lives: 50, seed }).mean;
    assert_eq!(run(Gaps::Exponential, 7), run(Gaps::Exponential, 7));
    assert_ne!(run(Gaps::Exponential, 7), run(Gaps::Exponential, 8));
    let alike = run(Gaps::Weibull { shape: 1.0 }, 7) / run(Gaps::Exponential, 7);
    assert!((alike - 1.0).abs() < 1e-9, "{alike}");
}
