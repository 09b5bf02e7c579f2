//! One run on chips that come in parts: when it is done, if chips join only where that ends it sooner.

/// Chips that are ready on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ready {
    /// Days after the start on which they may train.
    pub at: f64,
    /// Share of the run a day that everything which is ready by then does.
    pub rate: f64,
}

/// The way of a run through its deliveries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Way {
    /// Days after the start on which it is done; infinite where it never is.
    pub done: f64,
    /// How often chips join.
    pub joins: u32,
}

/// A part of the run's way: from a day on, with so much done, at the rate of what is ready by then.
#[derive(Debug, Clone, Copy)]
struct Leg {
    from: f64,
    done: f64,
    rate: f64,
    /// The leg before it.
    before: usize,
}

/// No leg.
const NONE: usize = usize::MAX;

/// Twice the most deliveries: each is where the run starts, or where chips join it.
const LEGS: usize = 2 * crate::input::deliveries::MOST;

/// The legs of every way, in an order in which each stands behind those it may follow.
#[derive(Debug, Clone, Copy)]
pub struct Legs {
    all: [Leg; LEGS],
    count: usize,
    last: usize,
    done: f64,
}

impl Legs {
    /// The soonest end of a run on chips that are ready in this order; joining stops it for `pause` days.
    ///
    /// # Formula
    /// `done_j = max_i (done_i + rate_i * (ready_j - from_i))`, `from_j = ready_j + pause`; without a pause where it starts;
    /// the end is `min_j (from_j + (1 - done_j) / rate_j)`
    /// # Source
    /// Bellman's principle: each delivery is joined, waited for, or left out, whichever ends the run soonest.
    ///
    /// ```
    /// use flopbill::internals::planner::schedule::{Legs, Ready};
    /// // By hand: 10 days at 1 % leave 90 %; half a day stands still; then 2 % a day: 10 + 0.5 + 45.
    /// let ready = [Ready { at: 0.0, rate: 0.01 }, Ready { at: 10.0, rate: 0.02 }];
    /// assert!((Legs::of(&ready, 0.5).way().done - 55.5).abs() < 1e-9);
    /// // Chips that come a day before the end are not worth a pause of five.
    /// let late = [Ready { at: 0.0, rate: 0.01 }, Ready { at: 99.0, rate: 0.02 }];
    /// assert!((Legs::of(&late, 5.0).way().done - 100.0).abs() < 1e-9);
    /// ```
    pub fn of(ready: &[Ready], pause: f64) -> Self {
        let none = Leg { from: f64::INFINITY, done: 0.0, rate: 0.0, before: NONE };
        let mut legs = Self { all: [none; LEGS], count: 0, last: NONE, done: f64::INFINITY };
        for one in ready.iter().take(LEGS / 2) {
            let mut joined = Leg { from: one.at + pause, done: 0.0, rate: one.rate, before: NONE };
            for (index, leg) in legs.all.iter().enumerate().take(legs.count) {
                let done = leg.done + leg.rate * (one.at - leg.from).max(0.0);
                if joined.before == NONE || done > joined.done {
                    (joined.done, joined.before) = (done, index);
                }
            }
            legs.push(Leg { from: one.at, done: 0.0, rate: one.rate, before: NONE });
            if joined.before != NONE {
                legs.push(joined);
            }
        }
        legs
    }

    fn push(&mut self, leg: Leg) {
        let end = if leg.done >= 1.0 { f64::INFINITY } else { leg.from + (1.0 - leg.done) / leg.rate };
        if end < self.done {
            (self.done, self.last) = (end, self.count);
        }
        if let Some(place) = self.all.get_mut(self.count) {
            *place = leg;
            self.count += 1;
        }
    }

    fn leg(&self, index: usize) -> Option<&Leg> {
        self.all.get(index)
    }

    /// When it is done.
    pub fn way(&self) -> Way {
        let mut joins = 0;
        let mut at = self.last;
        while let Some(leg) = self.leg(at) {
            joins += u32::from(leg.before != NONE);
            at = leg.before;
        }
        Way { done: self.done, joins }
    }

    /// Days after the start on which it is done; infinite where it never is.
    pub fn done(&self) -> f64 {
        self.done
    }

    /// The share of the run that is done by a day, on the way that ends soonest.
    pub fn share_by(&self, day: f64) -> f64 {
        if day >= self.done {
            return 1.0;
        }
        let mut at = self.last;
        while let Some(leg) = self.leg(at) {
            if leg.from <= day {
                return leg.done + leg.rate * (day - leg.from);
            }
            match self.leg(leg.before) {
                // It stands still until the chips that join it are laid out.
                Some(before) if before.from <= day => {
                    return (before.done + before.rate * (day - before.from)).min(leg.done);
                }
                _ => at = leg.before,
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(list: &[(f64, f64)]) -> Vec<Ready> {
        list.iter().map(|&(at, rate)| Ready { at, rate }).collect()
    }

    #[test]
    fn waiting_for_all_is_a_way_too() {
        // By hand: alone the first takes 100 days; with a pause of 200 days nobody joins, and from day 10 both take 50.
        let both = Legs::of(&ready(&[(0.0, 0.01), (10.0, 0.02)]), 200.0);
        assert_eq!(both.way(), Way { done: 60.0, joins: 0 });
        assert!((both.share_by(10.0) - 0.0).abs() < 1e-12 && (both.share_by(35.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn what_never_comes_never_ends() {
        assert_eq!(Legs::of(&[], 0.0).done(), f64::INFINITY);
        assert_eq!(Legs::of(&ready(&[(3.0, 0.0)]), 0.0).done(), f64::INFINITY);
        assert_eq!(Legs::of(&ready(&[(3.0, 0.0)]), 0.0).share_by(50.0), 0.0);
    }

    #[test]
    fn the_share_grows_along_the_way_and_stands_still_in_a_pause() {
        let legs = Legs::of(&ready(&[(0.0, 0.01), (10.0, 0.02), (20.0, 0.03)]), 1.0);
        assert_eq!(legs.way().joins, 2);
        let shares: Vec<f64> = (0..500).map(|step| legs.share_by(f64::from(step) * 0.1)).collect();
        assert!(shares.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
        assert!((legs.share_by(10.0) - 0.1).abs() < 1e-12 && (legs.share_by(10.9) - 0.1).abs() < 1e-12);
        assert!((legs.share_by(20.0) - 0.28).abs() < 1e-12); // by hand: 10 % and 9 days at 2 %
    }

    #[test]
    fn a_later_delivery_never_ends_a_run_sooner() {
        let mut state = 7u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        for _ in 0..2000 {
            let mut at: Vec<f64> = (0..4).map(|_| 60.0 * next()).collect();
            at.sort_by(f64::total_cmp);
            let chips: Vec<f64> = (0..4).map(|_| 0.002 + 0.01 * next()).collect();
            let of = |at: &[f64]| {
                let mut order: Vec<usize> = (0..4).collect();
                order.sort_by(|a, b| at[*a].total_cmp(&at[*b]));
                let mut rate = 0.0;
                let ready = order.iter().map(|&one| {
                    rate += chips[one];
                    Ready { at: at[one], rate }
                });
                Legs::of(&ready.collect::<Vec<_>>(), 2.0).done()
            };
            let before = of(&at);
            let one = (4.0 * next()) as usize % 4;
            at[one] += 20.0 * next();
            assert!(of(&at) >= before - 1e-9);
        }
    }
}
