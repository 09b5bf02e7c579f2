//! Time, hours or money, given beside chips and a work whose speed can be predicted: it holds if the prediction allows it.

use super::looked_up::LookedUp;
use super::pacing::Pacing;
use super::ranges::{Asked, DAYS, spread};
use super::settled::{Settled, Step};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::estimate::whole_nodes;
use crate::input::question::Question;
use crate::solve::{Rank, Var, display, flag};
use crate::uncertainty::montecarlo::Estimate;
use crate::units::{ChipSeconds, Chips, Price, Quantity as _, Seconds, show};

/// What says how long it takes, with its field.
const SAYS: [(Var, &str); 3] =
    [(Var::WallClock, "run.wall_clock"), (Var::GpuHours, "run.gpu_hours"), (Var::Cost, "run.cost")];

/// A given time against the predicted one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confirmation {
    /// What was given: the time, or the hours or the cost that it follows from.
    pub said: Var,
    /// The time that this means on the chips.
    pub given: Seconds,
    /// One prediction in ten is below.
    pub p10: Seconds,
    /// Half are.
    pub p50: Seconds,
    /// Nine in ten are.
    pub p90: Seconds,
    /// The probability of being done in that time.
    pub probability: Estimate,
    /// What a second of the run is worth in what was given.
    worth: f64,
}

impl Confirmation {
    /// Compares, where chips, work and one of time, hours and money are all given.
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
        let predicted = matches!(pacing, Pacing::Predicted(_)) && settled.step == Step::Given;
        let given = |var: &Var| settled.given.rank(*var).is_some_and(|rank| rank > Rank::Default);
        let said = SAYS.iter().map(|(var, _)| *var).find(given);
        let work = settled.get(Var::Tokens).zip(settled.get(Var::GpuHours)).filter(|_| predicted);
        let (Some((_, hours)), Some(chips), Some(said)) = (work, settled.get(Var::Chips), said) else {
            return Ok(None);
        };
        let (hours, chips) = (ChipSeconds::from_base(hours), Chips::new(chips));
        let time = hours / chips;
        let mut free = question.clone().without(&SAYS.map(|(_, path)| path));
        if looked.spec.chips.is_none() {
            free = free.with("run.chips", whole_nodes(chips, 1));
        }
        let free = super::answer(&free, catalog)?;
        let asked = Asked { by: Some(time), ..Asked::default() };
        let Some(found) = spread(&free, &asked)? else { return Ok(None) };
        let (Some(days), Some((_, probability))) = (found.summaries.get(DAYS), found.by) else { return Ok(None) };
        let [p10, p50, p90] = [0.1, 0.5, 0.9].map(|level| Seconds::from_days(days.quantile(level).value));
        let worth = match said {
            Var::GpuHours => chips.base(),
            Var::Cost => (chips * Seconds::new(1.0) * Price::new(settled.get(Var::Price).unwrap_or(f64::NAN))).base(),
            _ => 1.0,
        };
        let confirmation = Self { said, given: time, p10, p50, p90, probability, worth };
        if (p10..=p90).contains(&time) { Ok(Some(confirmation)) } else { Err(confirmation.refusal(chips)) }
    }

    /// A time, as what was given would be written for it.
    pub fn shown(&self, time: Seconds) -> String {
        display(self.said, time.base() * self.worth)
    }

    /// The field of what was given.
    pub fn field(&self) -> &'static str {
        SAYS.iter().find(|(var, _)| *var == self.said).map_or("", |(_, path)| path)
    }

    fn refusal(&self, chips: Chips) -> Error {
        let [given, low, median, high] = [self.given, self.p10, self.p50, self.p90].map(|time| self.shown(time));
        let chips = show::counted(show::chips(chips), "chip");
        Error::no_solution(format!(
            "{given} on {chips} is outside what is predicted for this work: {low} to {high} (80 %), {median} at the \
             median"
        ))
        .with_hint(format!(
            "leave {} or --chips out, give the --mfu that you count on, or keep the numbers as they are with --hold-hours",
            flag(self.said)
        ))
    }
}
