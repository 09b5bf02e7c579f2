//! Chips and a time, both given, of a run whose speed can be predicted: the time is what holds if the prediction allows it.

use super::looked_up::LookedUp;
use super::pacing::Pacing;
use super::ranges::{Asked, DAYS, spread};
use super::settled::{Settled, Step};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::Question;
use crate::solve::{Rank, Var};
use crate::uncertainty::montecarlo::Estimate;
use crate::units::{Chips, Seconds, show};

/// A given time against the predicted one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confirmation {
    /// The time that was given.
    pub given: Seconds,
    /// One prediction in ten is below.
    pub p10: Seconds,
    /// Half are.
    pub p50: Seconds,
    /// Nine in ten are.
    pub p90: Seconds,
    /// The probability of being done in that time.
    pub probability: Estimate,
}

impl Confirmation {
    /// Compares, where chips, time and work are all given.
    ///
    /// # Errors
    /// A time outside the predicted 80 % range, with both numbers.
    pub fn of(
        question: &Question,
        looked: &LookedUp<'_>,
        pacing: &Pacing,
        settled: &Settled,
        catalog: &Catalog,
    ) -> Result<Option<Self>, Error> {
        let given = |var| settled.given.rank(var).is_some_and(|rank| rank > Rank::Default);
        let predicted = matches!(pacing, Pacing::Predicted(_)) && settled.step == Step::Given;
        let all = given(Var::Chips) && given(Var::WallClock) && settled.get(Var::Tokens).is_some();
        let (Some(time), Some(chips)) = (looked.spec.wall_clock.as_ref(), settled.get(Var::Chips)) else {
            return Ok(None);
        };
        if !predicted || !all {
            return Ok(None);
        }
        let mut free = question.clone();
        free.base.wall_clock = None;
        free.base.ranges.retain(|range| range.path != "run.wall_clock");
        free.overrides.retain(|over| over.path != "run.wall_clock");
        let free = super::answer(&free, catalog)?;
        let asked = Asked { by: Some(time.value), ..Asked::default() };
        let Some(found) = spread(&free, &asked)? else { return Ok(None) };
        let (Some(days), Some((_, probability))) = (found.summaries.get(DAYS), found.by) else { return Ok(None) };
        let [p10, p50, p90] = [0.1, 0.5, 0.9].map(|level| Seconds::from_days(days.quantile(level).value));
        let confirmation = Self { given: time.value, p10, p50, p90, probability };
        if (p10..=p90).contains(&time.value) { Ok(Some(confirmation)) } else { Err(confirmation.refusal(chips)) }
    }

    fn refusal(&self, chips: f64) -> Error {
        let [given, low, high] = [self.given, self.p10, self.p90].map(show::duration);
        let chips = show::whole(Chips::new(chips).get());
        Error::no_solution(format!(
            "{given} on {chips} chips is outside what is predicted for this work: {low} to {high} (80 %), \
             {} at the median",
            show::duration(self.p50)
        ))
        .with_hint("leave the time or the chips out, or give the --mfu that you count on")
    }
}
