//! Several runs on one fleet.

use crate::units::{Flop, Seconds};

use super::schedule::{Step, finish};

/// In which order the runs are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As listed.
    Listed,
    /// The smallest first, which has the least mean finish.
    Shortest,
    /// All at once, in equal parts.
    Shared,
}

/// The orders and how a fleet file writes them.
pub const ORDERS: [(&str, Order); 3] =
    [("listed", Order::Listed), ("shortest", Order::Shortest), ("shared", Order::Shared)];

/// When each run is done, in the order given; `None` for one that never is.
///
/// # Formula
/// listed, shortest: `finish(sum of the runs up to it)`; shared: `finish(sum_j min(C_j, C_i))`
/// # Source
/// The last finish is the same for every order that keeps the fleet busy; shortest first minimises the mean
/// (Smith 1956).
///
/// ```
/// use flopbill::internals::fleet::queue::{Order, finishes};
/// use flopbill::internals::fleet::schedule::Step;
/// use flopbill::internals::units::{Flop, FlopPerSecond, Seconds};
/// let steps = [Step { from: Seconds::ZERO, rate: FlopPerSecond::new(1.0) }];
/// let days = |order| finishes(&[Flop::new(3.0), Flop::new(1.0)], order, &steps)
///     .into_iter().map(|time| time.unwrap().get()).collect::<Vec<_>>();
/// assert_eq!(days(Order::Listed), [3.0, 4.0]); // by hand
/// assert_eq!(days(Order::Shortest), [4.0, 1.0]);
/// assert_eq!(days(Order::Shared), [4.0, 2.0]); // half the rate each until the small one is done at 2
/// ```
pub fn finishes(runs: &[Flop], order: Order, steps: &[Step]) -> Vec<Option<Seconds>> {
    let before = |index: usize, run: Flop| -> Flop {
        let counts = |(other, work): (usize, &Flop)| match order {
            Order::Listed if other <= index => *work,
            // Equal runs keep the order in which they are listed.
            Order::Shortest if *work < run || (*work == run && other <= index) => *work,
            Order::Shared => work.min(run),
            Order::Listed | Order::Shortest => Flop::ZERO,
        };
        runs.iter().enumerate().map(counts).sum()
    };
    runs.iter().enumerate().map(|(index, run)| finish(before(index, *run), steps)).collect()
}
