//! The Pareto front of cost and time: the points that no other beats in both.
//!
//! The front is kept while the points stream by; memory grows with the front, not with the points. Both objectives are minimised.
//!
//! ```
//! use flopbill::internals::scaling::pareto::Front;
//! let mut front = Front::new();
//! for (index, (usd, days)) in [(5.0, 90.0), (9.0, 40.0), (6.0, 95.0), (4.0, 90.0)].into_iter().enumerate() {
//!     front.offer(usd, days, index);
//! }
//! let kept: Vec<usize> = front.points().map(|point| point.tag).collect();
//! assert_eq!(kept, [3, 1]); // by hand: 3 beats 0 and 2
//! assert!(front.dominates(6.0, 95.0) && !front.dominates(4.0, 90.0));
//! ```

use std::collections::BTreeMap;

/// A point that no other beats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point<T> {
    /// The first objective, such as cost.
    pub first: f64,
    /// The second, such as time.
    pub second: f64,
    /// What the caller knows the point by.
    pub tag: T,
    /// How many further points had the same two values.
    pub ties: usize,
}

/// The points that no other beats in both objectives, so far.
#[derive(Debug, Clone)]
pub struct Front<T> {
    /// By the first objective: the second then falls from point to point.
    points: BTreeMap<Ordered, Point<T>>,
}

/// A number that orders, without NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl<T> Default for Front<T> {
    fn default() -> Self {
        Self { points: BTreeMap::new() }
    }
}

impl<T> Front<T> {
    /// An empty front.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the point in if no other beats it, and drops those that it beats. Says whether it is on the front now.
    ///
    /// A point whose two values are on the front already counts as a tie of the first one. NaN and infinite values are left out.
    pub fn offer(&mut self, first: f64, second: f64, tag: T) -> bool {
        if !first.is_finite() || !second.is_finite() {
            return false;
        }
        // The two zeros are one value.
        let (first, second) = (first + 0.0, second + 0.0);
        if let Some((_, before)) = self.points.range_mut(..=Ordered(first)).next_back()
            && before.second <= second
        {
            let tie = before.first == first && before.second == second;
            before.ties += usize::from(tie);
            return tie;
        }
        while let Some((&key, after)) = self.points.range(Ordered(first)..).next() {
            if after.second < second {
                break;
            }
            self.points.remove(&key);
        }
        self.points.insert(Ordered(first), Point { first, second, tag, ties: 0 });
        true
    }

    /// Whether a point of the front is better in one objective and not worse in the other. A missing or
    /// infinite answer is beaten by every other.
    pub fn dominates(&self, first: f64, second: f64) -> bool {
        if !first.is_finite() || !second.is_finite() {
            return !self.points.is_empty();
        }
        let before = self.points.range(..=Ordered(first + 0.0)).next_back();
        before.is_some_and(|(_, point)| point.second < second || (point.second == second && point.first < first))
    }

    /// The points of the front, the first objective rising and the second falling.
    pub fn points(&self) -> impl Iterator<Item = &Point<T>> {
        self.points.values()
    }

    /// How many points the front has.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether the front has no points.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }
}
