//! A bill whose assumptions are ranges: what its totals vary by.

use serde::Serialize;

use crate::answer::Answer;
use crate::answer::prepared::Prepared;
use crate::answer::ranges::{CHIPS, COST, DAYS, GPU_HOURS};
use crate::answer::recipe::{PRICED, Priced, Recipe};
use crate::answer::whole_bill::WholeBill;
use crate::cost::Judged;
use crate::cost::rent::Offer;
use crate::error::Error;
use crate::input::range::Range;
use crate::input::table::Spec;
use crate::uncertainty::montecarlo::{Draws, Inputs, Plan, Summary, run};
use crate::units::{ChipSeconds, Chips, Price, Seconds};

/// What the totals of a bill vary by.
#[derive(Debug, Clone)]
pub struct BillSpread {
    /// The run.
    pub run: Summary,
    /// The stages besides it, in the order of [`crate::cost::shares::STAGES`].
    pub stages: [Summary; 5],
    /// With the work around it.
    pub programme: Summary,
    /// A used hour of the owner's; not a number where that is not known.
    pub hour: Summary,
    /// The fields that are drawn, in words.
    pub ranges: Vec<String>,
}

impl BillSpread {
    /// Of draws of [`Priced::numbers`], with the assumptions that are drawn.
    pub fn of<'r>(draws: &Draws<'_, PRICED>, ranges: impl IntoIterator<Item = &'r Range>) -> Self {
        let [run, programme, hour] = [0, 1, 2].map(|output| draws.summary(output));
        let stages = [3, 4, 5, 6, 7].map(|output| draws.summary(output));
        let ranges = ranges.into_iter().map(|range| format!("{}: {}", range.path, range.text)).collect();
        Self { run, stages, programme, hour, ranges }
    }
}

/// The ranges of a bill's assumptions.
pub fn ranges(spec: &Spec) -> impl Iterator<Item = &Range> {
    spec.ranges.iter().filter(|range| Recipe::takes(range.path))
}

/// Draws the ranges of the run and those of its bill together; `None` where no assumption is a range.
///
/// # Errors
/// Correlations of what is not drawn.
pub fn spread(answer: &Answer, whole: &WholeBill, plan: &Plan) -> Result<Option<BillSpread>, Error> {
    let own: Vec<&Range> = ranges(&answer.spec).collect();
    if own.is_empty() {
        return Ok(None);
    }
    let all = || answer.prepared.ranges().chain(own.iter().copied());
    let inputs = Inputs::new(all().map(|range| (range.path.to_owned(), range.dist.clone())).collect())?;
    let pairs: Vec<_> = answer.spec.correlations.iter().map(|(a, b, by)| (a.as_str(), b.as_str(), *by)).collect();
    let (inputs, _) = inputs.correlated(&pairs)?;
    let of_run = answer.prepared.ranges().len();
    let draws = run(&inputs, plan, |values| {
        let (run, bill) = values.split_at(of_run.min(values.len()));
        let mut recipe = whole.recipe.clone();
        at(&mut recipe, &answer.prepared, run);
        own.iter().zip(bill).for_each(|(range, value)| recipe.put(range.path, *value));
        recipe.price().map_or([f64::NAN; PRICED], Priced::numbers)
    });
    Ok(Some(BillSpread::of(&draws, own)))
}

/// The hours, time, chips and rent of one draw of the run.
fn at(recipe: &mut Recipe, prepared: &Prepared, values: &[f64]) {
    if values.is_empty() {
        return; // as it is
    }
    let drawn = prepared.evaluate(values);
    let known = |output: usize| drawn.get(output).copied().filter(|value| value.is_finite());
    if let Some(hours) = known(GPU_HOURS) {
        recipe.usage.held = ChipSeconds::from_gpu_hours(hours);
        if let (Offer::OnDemand | Offer::Spot, Some(_), Some(cost)) = (&recipe.offer, recipe.rent(), known(COST)) {
            recipe.rented(recipe.offer.clone(), Some(Price::from_usd_per_hour(cost / hours)));
        }
    }
    recipe.usage.wall = recipe.usage.wall.and(known(DAYS).map(Seconds::from_days));
    recipe.usage.chips = recipe.usage.chips.and(known(CHIPS).map(Chips::new));
}

/// What the totals of a bill vary by.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct BillRange {
    /// One time in ten the run costs less.
    pub final_run_usd_p10: f64,
    /// Half of the time it costs less.
    pub final_run_usd_p50: f64,
    /// One time in ten it costs more.
    pub final_run_usd_p90: f64,
    /// One time in ten it costs less with the work around it.
    pub programme_usd_p10: f64,
    /// Half of the time it costs less.
    pub programme_usd_p50: f64,
    /// One time in ten it costs more.
    pub programme_usd_p90: f64,
}

impl BillRange {
    /// Of draws.
    pub fn of(found: &BillSpread) -> Self {
        let at = |level: f64| [&found.run, &found.programme].map(|summary: &Summary| summary.quantile(level).value);
        Self::at([at(0.1), at(0.5), at(0.9)])
    }

    /// Of the run and of the run with the work around it at p10, p50 and p90.
    pub fn at([p10, p50, p90]: [[f64; 2]; 3]) -> Self {
        Self {
            final_run_usd_p10: p10[0],
            final_run_usd_p50: p50[0],
            final_run_usd_p90: p90[0],
            programme_usd_p10: p10[1],
            programme_usd_p50: p50[1],
            programme_usd_p90: p90[1],
        }
    }

    /// The levels of what money is held against.
    pub fn levels(&self, judged: Judged) -> [f64; 3] {
        match judged {
            Judged::FinalRun => [self.final_run_usd_p10, self.final_run_usd_p50, self.final_run_usd_p90],
            Judged::Programme => [self.programme_usd_p10, self.programme_usd_p50, self.programme_usd_p90],
        }
    }
}
