//! Several runs on one fleet.

pub use crate::catalog::fleet::{ORDERS, Order};

use crate::units::{Flop, Seconds};

use super::schedule::{Step, done, finish};

/// A run in the queue.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Its work.
    pub work: Flop,
    /// How fast the fleet would do it, at every time.
    pub steps: &'a [Step],
}

/// When each run is done, in the order given; `None` for one that never is.
///
/// # Formula
/// listed, shortest: each run begins when the one before it is done; shared: of m runs that are not done, each advances
/// at `1/m` of its rate
/// # Source
/// The last finish is the same for every order that keeps the fleet busy; shortest first minimises the mean
/// (Smith 1956).
///
/// ```
/// use flopbill::internals::fleet::queue::{Job, Order, finishes};
/// use flopbill::internals::fleet::schedule::Step;
/// use flopbill::internals::units::{Flop, FlopPerSecond, Seconds};
/// let steps = [Step { from: Seconds::ZERO, rate: FlopPerSecond::new(1.0) }];
/// let jobs = [3.0, 1.0].map(|work| Job { work: Flop::new(work), steps: &steps });
/// let days = |order| finishes(&jobs, order).into_iter().map(|time| time.unwrap().get()).collect::<Vec<_>>();
/// assert_eq!(days(Order::Listed), [3.0, 4.0]); // by hand
/// assert_eq!(days(Order::Shortest), [4.0, 1.0]);
/// assert_eq!(days(Order::Shared), [4.0, 2.0]); // half the rate each until the small one is done at 2
/// ```
pub fn finishes(jobs: &[Job<'_>], order: Order) -> Vec<Option<Seconds>> {
    let mut queue: Vec<(usize, &Job<'_>)> = jobs.iter().enumerate().collect();
    match order {
        Order::Shared => return shared(jobs),
        Order::Shortest => {
            // Equal runs keep the order in which they are listed.
            let alone = |job: &Job<'_>| finish(job.work, Seconds::ZERO, job.steps).map_or(f64::INFINITY, Seconds::get);
            queue.sort_by(|a, b| alone(a.1).total_cmp(&alone(b.1)));
        }
        Order::Listed => {}
    }
    let mut free = Some(Seconds::ZERO);
    let mut found = vec![None; jobs.len()];
    for (index, job) in queue {
        free = free.and_then(|from| finish(job.work, from, job.steps));
        found[index] = free;
    }
    found
}

fn shared(jobs: &[Job<'_>]) -> Vec<Option<Seconds>> {
    let mut left: Vec<Option<Flop>> = jobs.iter().map(|job| Some(job.work)).collect();
    let mut found = vec![None; jobs.len()];
    let mut from = Seconds::ZERO;
    loop {
        let running = left.iter().flatten().count() as f64;
        let end = |(index, job): (usize, &Job<'_>)| Some((index, finish(left[index]? * running, from, job.steps)?));
        let ends = jobs.iter().enumerate().filter_map(end);
        let Some((next, time)) = ends.min_by(|a, b| a.1.get().total_cmp(&b.1.get())) else { return found };
        for (left, job) in left.iter_mut().zip(jobs) {
            *left = left.map(|left| (left - done(from, time, job.steps) / running).max(Flop::ZERO));
        }
        (left[next], found[next], from) = (None, Some(time), time);
    }
}
