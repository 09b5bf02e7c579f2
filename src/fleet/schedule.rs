//! Progress over time: a rate that changes in steps, its integral, and the inverse.

use crate::units::{Flop, FlopPerSecond, Seconds};

/// From this time on the fleet works at this rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Time since the start.
    pub from: Seconds,
    /// Work per second of all chips together, goodput included.
    pub rate: FlopPerSecond,
}

/// When an amount of work that begins at a time is done; `None` if it never is.
///
/// # Formula
/// the inverse of the piecewise linear `integral of rate`
/// # Source
/// Definition.
///
/// ```
/// use flopbill::internals::fleet::schedule::{Step, finish};
/// use flopbill::internals::units::{Flop, FlopPerSecond, Seconds};
/// let step = |from, rate| Step { from: Seconds::new(from), rate: FlopPerSecond::new(rate) };
/// // by hand: 10 s at 1, then the other 20 at 2
/// let steps = [step(0.0, 1.0), step(10.0, 2.0)];
/// assert_eq!(finish(Flop::new(30.0), Seconds::ZERO, &steps), Some(Seconds::new(20.0)));
/// assert_eq!(finish(Flop::new(30.0), Seconds::new(5.0), &steps), Some(Seconds::new(22.5)));
/// assert_eq!(finish(Flop::new(30.0), Seconds::ZERO, &steps[..0]), None);
/// ```
pub fn finish(work: Flop, from: Seconds, steps: &[Step]) -> Option<Seconds> {
    if work <= Flop::ZERO {
        return Some(from);
    }
    let mut left = work;
    for (index, step) in steps.iter().enumerate() {
        let begin = step.from.max(from);
        let needed = left.time_at(step.rate); // infinite where nothing works
        match steps.get(index + 1) {
            Some(next) if next.from <= from => {}
            Some(next) if begin + needed > next.from => left = left - step.rate * (next.from - begin),
            _ => return Some(begin + needed).filter(|time| time.get().is_finite()),
        }
    }
    None
}

/// The work done between two times.
///
/// # Formula
/// `integral of rate from one to the other`
/// # Source
/// Definition.
pub fn done(from: Seconds, end: Seconds, steps: &[Step]) -> Flop {
    let until = |index: usize| steps.get(index + 1).map_or(end, |next| next.from.min(end));
    let part = |(index, step): (usize, &Step)| step.rate * (until(index) - step.from.max(from)).max(Seconds::ZERO);
    steps.iter().enumerate().map(part).sum()
}

/// Time up to an end in which the fleet works.
///
/// # Formula
/// the measure of `{t : from <= t < end, rate(t) > 0}`
/// # Source
/// Definition.
pub fn working_time(from: Seconds, end: Seconds, steps: &[Step]) -> Seconds {
    let until = |index: usize| steps.get(index + 1).map_or(end, |next| next.from.min(end));
    let part = |(index, step): (usize, &Step)| (until(index) - step.from.max(from)).max(Seconds::ZERO);
    steps.iter().enumerate().filter(|(_, step)| step.rate.get() > 0.0).map(part).sum()
}

/// Stops the run for a restart wherever chips join it after it has started.
///
/// # Formula
/// rate 0 from each change after the first working step, for as long as a restart takes
/// # Source
/// An expansion reloads and re-shards the state; 0.25 d by default is an assumption.
pub fn with_restarts(changes: &[(Step, bool)], restart: Seconds) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(2 * changes.len());
    let (mut started, mut resumes) = (false, Seconds::ZERO);
    for &(step, joins) in changes {
        // What was to come after this change comes at the new rate instead.
        steps.retain(|earlier| earlier.from < step.from);
        if joins && started {
            resumes = step.from + restart;
        }
        if resumes > step.from {
            steps.push(Step { from: step.from, rate: FlopPerSecond::ZERO });
            steps.push(Step { from: resumes, rate: step.rate });
        } else {
            steps.push(step);
        }
        started |= step.rate.get() > 0.0;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(from: f64, rate: f64) -> Step {
        Step { from: Seconds::new(from), rate: FlopPerSecond::new(rate) }
    }

    #[test]
    fn finish_inverts_done() {
        let steps = [step(0.0, 0.0), step(3.0, 2.0), step(7.0, 0.0), step(8.0, 5.0)];
        for (work, from) in [0.5, 4.0, 7.99, 8.0, 8.01, 1e6].into_iter().zip([0.0, 1.0, 3.0, 4.5, 7.5, 9.0]) {
            let from = Seconds::new(from);
            let time = finish(Flop::new(work), from, &steps).unwrap();
            assert!((done(from, time, &steps).get() - work).abs() < 1e-9 * work.max(1.0), "{work}");
        }
    }

    #[test]
    fn work_that_stops_is_never_done() {
        assert_eq!(finish(Flop::new(9.0), Seconds::ZERO, &[step(0.0, 2.0), step(4.0, 0.0)]), None);
        assert_eq!(finish(Flop::new(8.0), Seconds::ZERO, &[step(0.0, 2.0), step(4.0, 0.0)]), Some(Seconds::new(4.0)));
    }

    #[test]
    fn joining_chips_stop_the_run_and_overlapping_stops_are_one() {
        let join = |from, rate| (step(from, rate), true);
        let steps = with_restarts(&[join(0.0, 1.0), join(10.0, 2.0), join(11.0, 3.0)], Seconds::new(4.0));
        // By hand: the second stop begins inside the first; work resumes at 15.
        assert_eq!(finish(Flop::new(10.0), Seconds::ZERO, &steps), Some(Seconds::new(10.0)));
        assert_eq!(finish(Flop::new(13.0), Seconds::ZERO, &steps), Some(Seconds::new(16.0)));
        assert_eq!(working_time(Seconds::ZERO, Seconds::new(20.0), &steps), Seconds::new(15.0));
        // The end of a ramp inside a stop changes the rate, not the stop.
        let steps = with_restarts(&[join(0.0, 1.0), join(10.0, 2.0), (step(11.0, 4.0), false)], Seconds::new(4.0));
        assert_eq!(finish(Flop::new(14.0), Seconds::ZERO, &steps), Some(Seconds::new(15.0)));
    }
}
