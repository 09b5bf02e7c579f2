//! Many draws of a run on its deliveries: how surely it is done by the date, within the money, and both.

use serde::Serialize;

use super::supply::{Held, Supply, hourly};
use crate::answer::Answer;
use crate::answer::bill_ranges::{self, BillSpread};
use crate::answer::prepared::OUTPUTS;
use crate::answer::ranges::{COST, DAYS, GPU_HOURS, edge};
use crate::answer::recipe::{PRICED, Priced, Recipe};
use crate::answer::whole_bill::WholeBill;
use crate::cost::Judged;
use crate::error::Error;
use crate::input::range::Range;
use crate::uncertainty::montecarlo::{Draws, Estimate, Inputs, Plan, Summary, run};
use crate::uncertainty::sensitivity::ranks;
use crate::units::{ChipSeconds, Chips, Price, Seconds, Usd};

/// Many draws of a planner's question.
pub type Drawn<'a> = Draws<'a, KINDS>;

/// What one draw gives.
const KINDS: usize = 9;
const D_DAYS: usize = 0;
const D_COST: usize = 1;
const D_HOURS: usize = 2;
const D_CHIPS: usize = 3;
const D_MARGIN: usize = 4;
const D_SHARE: usize = 5;
const D_SPENT: usize = 6;
const D_WEEK: usize = 7;
const D_RENT: usize = 8;

/// What is asked of a run on its deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Days from the start.
    pub due: Option<Seconds>,
    /// Money.
    pub budget: Option<Usd>,
}

/// A run on its deliveries, ready to be drawn.
#[derive(Debug, Clone)]
pub struct Joint<'a> {
    answer: &'a Answer,
    /// What is delivered.
    pub supply: &'a Supply,
    /// Dollars an hour of the answer's chips.
    rent: f64,
    inputs: Inputs,
    bill: Option<Bill<'a>>,
    /// What had to be changed about the correlations.
    pub repair: Option<String>,
}

/// The bill that the money is held against.
#[derive(Debug, Clone)]
struct Bill<'a> {
    recipe: &'a Recipe,
    judged: Judged,
    ranges: Vec<&'a Range>,
}

/// What the draws have in common.
#[derive(Debug, Clone)]
pub struct Spread {
    /// Days from the start to the end.
    pub days: Summary,
    /// What the money is held against, in dollars.
    pub cost: Summary,
    /// Their rent, in dollars.
    pub rent: Summary,
    /// Hours of all chips, from their delivery to the end.
    pub hours: Summary,
    /// Chips that came before the end.
    pub chips: Summary,
    /// How often the limits are kept: the date, the money, and both.
    pub kept: Kept,
    /// The draws.
    pub plan: Plan,
}

/// How often limits are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// The date.
    pub by: Option<Estimate>,
    /// The money.
    pub budget: Option<Estimate>,
    /// All that are asked.
    pub all: Estimate,
}

/// What a missed date costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Miss {
    /// How often the date is missed.
    pub probability: f64,
    /// Share of the run that is done by then, in the median of the misses.
    pub share_trained: f64,
    /// Rent until then, in their median.
    pub spent_usd: Option<f64>,
    /// Rent of each week more.
    pub week_usd: Option<f64>,
    /// Days that it is late, in the median of those that end.
    pub days_late: Option<f64>,
}

impl<'a> Joint<'a> {
    /// Of an answer and its deliveries; `whole` is the bill that the money is held against, where it is not the rent.
    ///
    /// # Errors
    /// Correlations of what is not drawn.
    pub fn new(answer: &'a Answer, supply: &'a Supply, whole: Option<(&'a WholeBill, Judged)>) -> Result<Self, Error> {
        let bill = whole.map(|(whole, judged)| Bill {
            recipe: &whole.recipe,
            judged,
            ranges: bill_ranges::ranges(&answer.spec).collect(),
        });
        let of_bill = bill.iter().flat_map(|bill| bill.ranges.iter().copied());
        let of_run = answer.prepared.ranges().map(|range| (range.path.to_owned(), range.dist.clone()));
        let of_bill = of_bill.map(|range| (range.path.to_owned(), range.dist.clone()));
        let inputs = Inputs::new(of_run.chain(supply.open.iter().cloned()).chain(of_bill).collect())?;
        let known = |path: &str| inputs.names().iter().any(|name| name == path);
        let pairs = answer.spec.correlations.iter().filter(|(a, b, _)| known(a) && known(b));
        let pairs: Vec<_> = pairs.map(|(a, b, by)| (a.as_str(), b.as_str(), *by)).collect();
        let (inputs, repair) = inputs.clone().correlated(&pairs)?;
        let repair = repair.map(|repair| repair.sentence());
        Ok(Self { answer, supply, rent: hourly(answer), inputs, bill, repair })
    }

    /// Whether nothing is drawn.
    pub fn is_sure(&self) -> bool {
        self.inputs.is_empty()
    }

    /// What is held with everything at its median; `None` where the run is never done then.
    pub fn held(&self, limits: &Limits) -> Option<Held> {
        self.drawn(&self.inputs.medians(), limits).filter(|found| found.days.is_finite())
    }

    /// What a bill comes to with everything at its median.
    pub fn priced(&self, recipe: &Recipe, limits: &Limits) -> Option<Priced> {
        let found = self.held(limits)?;
        let mut recipe = recipe.clone();
        hold(&mut recipe, &found);
        recipe.price().ok()
    }

    /// What the bill varies by, on the same draws; `None` where there is none, or nothing is drawn.
    pub fn bill(&self, limits: &Limits, plan: &Plan) -> Option<BillSpread> {
        let bill = self.bill.as_ref().filter(|_| !self.is_sure())?;
        let draws = run(&self.inputs, plan, |values| match self.drawn(values, limits) {
            Some(found) => bill.priced(&found, self.of_bill(values)),
            None => [f64::INFINITY; PRICED],
        });
        Some(BillSpread::of(&draws, bill.ranges.iter().copied()))
    }

    /// The values of the bill's assumptions among all.
    fn of_bill<'v>(&self, values: &'v [f64]) -> &'v [f64] {
        let before = self.answer.prepared.ranges().len() + self.supply.open.len();
        values.get(before..).unwrap_or_default()
    }

    /// What is delivered and held in one draw; `None` where the run has no answer.
    fn drawn(&self, values: &[f64], limits: &Limits) -> Option<Held> {
        let prepared = &self.answer.prepared;
        let (of_run, rest) = values.split_at(prepared.ranges().len().min(values.len()));
        let (of_supply, _) = rest.split_at(self.supply.open.len().min(rest.len()));
        let drawn = prepared.evaluate(of_run);
        let slow = drawn[DAYS] / self.supply.point;
        let rent = drawn[COST] / drawn[GPU_HOURS] / self.rent;
        let due = limits.due.map_or(f64::INFINITY, Seconds::days);
        slow.is_finite().then(|| self.supply.at(of_supply, slow, rent, due))
    }

    /// One draw: the values of the run, of the deliveries, and of the bill.
    fn one(&self, values: &[f64], limits: &Limits) -> [f64; KINDS] {
        let Some(found) = self.drawn(values, limits) else { return never() };
        let billed = self.bill.as_ref().map(|bill| bill.priced(&found, self.of_bill(values)));
        let [run, programme, ..] = billed.unwrap_or([f64::NAN; PRICED]);
        let cost = match self.bill.as_ref().map(|bill| bill.judged) {
            Some(Judged::FinalRun) => run,
            Some(Judged::Programme) => programme,
            None => found.cost,
        };
        let of_date = limits.due.map(|due| found.days / edge(due.days()));
        let of_money = limits.budget.map(|budget| cost / edge(budget.get()));
        let margin = match (of_date, of_money) {
            // An unknown cost is no kept budget.
            (Some(date), Some(money)) => {
                if money.is_nan() {
                    money
                } else {
                    date.max(money)
                }
            }
            (one, other) => one.or(other).unwrap_or(f64::NAN),
        };
        let Held { days, hours, chips, share, spent, week, cost: rent } = found;
        [days, cost, hours, chips, margin, share, spent, week, rent]
    }

    /// Draws: few where nothing is drawn.
    pub fn draw(&self, limits: &Limits, plan: &Plan) -> Drawn<'_> {
        let few = || Plan::new(1, plan.seed(), plan.method()).unwrap_or(*plan);
        let plan = if self.is_sure() { few() } else { *plan };
        run(&self.inputs, &plan, |values| self.one(values, limits))
    }

    /// What drives the miss: each input's rank correlation with how far the draw is over its limits, the strongest first.
    pub fn drivers(&self, draws: &Drawn<'_>) -> Vec<(String, f64)> {
        if self.is_sure() {
            return Vec::new();
        }
        let mut found: Vec<(String, f64)> = self.inputs.names().iter().cloned().zip(ranks(draws, D_MARGIN)).collect();
        found.retain(|(_, rank)| rank.is_finite());
        found.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        found
    }
}

/// What draws come to in short: how often all that is asked is kept, days and cost at p50.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Short {
    /// How often all limits are kept.
    pub kept: Estimate,
    /// Days at p50; infinite where it is not done that often.
    pub days: f64,
    /// What the money is held against, at p50.
    pub cost: f64,
}

impl Short {
    /// Of draws.
    pub fn of(draws: &Drawn<'_>) -> Self {
        let p50 = |kind| draws.quantiles(kind, &[0.5]).first().map_or(f64::NAN, |found| found.value);
        Self { kept: all_kept(draws), days: p50(D_DAYS), cost: p50(D_COST) }
    }
}

/// How often all limits that are asked are kept.
fn all_kept(draws: &Drawn<'_>) -> Estimate {
    draws.probability_at_most(D_MARGIN, 1.0)
}

impl Spread {
    /// Of draws.
    pub fn of(draws: &Drawn<'_>, limits: &Limits) -> Self {
        let [days, cost, rent, hours, chips] =
            [D_DAYS, D_COST, D_RENT, D_HOURS, D_CHIPS].map(|kind| draws.summary(kind));
        Self { days, cost, rent, hours, chips, kept: Kept::of(draws, limits), plan: draws.plan() }
    }
}

impl Kept {
    /// Of draws.
    pub fn of(draws: &Drawn<'_>, limits: &Limits) -> Self {
        let within = |kind: usize, limit: f64| draws.probability_at_most(kind, edge(limit));
        let by = limits.due.map(|due| within(D_DAYS, due.days()));
        let budget = limits.budget.map(|money| within(D_COST, money.get()));
        Self { by, budget, all: all_kept(draws) }
    }
}

/// A draw in which the run is never done, and what it costs has no end.
fn never() -> [f64; KINDS] {
    let mut found = [f64::INFINITY; KINDS];
    (found[D_CHIPS], found[D_SHARE], found[D_SPENT], found[D_WEEK]) = (f64::NAN, 0.0, f64::NAN, f64::NAN);
    found
}

/// What the draws that miss the date come to; `None` where none does.
pub fn miss(draws: &Drawn<'_>, due: Seconds) -> Option<Miss> {
    let column = |kind: usize| draws.answers(kind).collect::<Vec<f64>>();
    let (days, share, spent, week) = (column(D_DAYS), column(D_SHARE), column(D_SPENT), column(D_WEEK));
    let limit = edge(due.days());
    let late: Vec<usize> = (0..days.len()).filter(|&at| days.get(at).is_some_and(|days| *days > limit)).collect();
    if late.is_empty() {
        return None;
    }
    let of = |column: &[f64]| middle(late.iter().filter_map(|&at| column.get(at).copied()).collect());
    let over = late.iter().filter_map(|&at| days.get(at).map(|days| days - due.days()));
    Some(Miss {
        probability: late.len() as f64 / days.len() as f64,
        share_trained: of(&share),
        spent_usd: known(of(&spent)),
        week_usd: known(of(&week)),
        days_late: known(middle(over.collect())),
    })
}

/// A value, where it is one.
pub fn known(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

/// The median of what is finite.
fn middle(mut values: Vec<f64>) -> f64 {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How far the draws are over their limits, at a confidence: at most one exactly where so many of them keep all.
pub fn margin(draws: &Drawn<'_>, confidence: f64) -> f64 {
    let mut values: Vec<f64> =
        draws.answers(D_MARGIN).map(|value| if value.is_nan() { f64::INFINITY } else { value }).collect();
    let place = needed(draws, confidence).checked_sub(1).filter(|place| *place < values.len());
    place.map_or(f64::INFINITY, |place| *values.select_nth_unstable_by(place, f64::total_cmp).1)
}

/// How many draws a confidence is.
fn needed(draws: &Drawn<'_>, confidence: f64) -> usize {
    (confidence * draws.plan().draws() as f64 - 1e-9).ceil().max(1.0) as usize
}

/// Days and what the money is held against, not exceeded with a confidence.
pub fn at(draws: &Drawn<'_>, confidence: f64) -> [f64; 2] {
    [D_DAYS, D_COST].map(|kind| draws.quantiles(kind, &[confidence]).first().map_or(f64::NAN, |found| found.value))
}

/// The least value of an output for which, with another one within its limit, enough of the draws are kept.
pub fn least(draws: &Drawn<'_>, of: Wanted, limits: &Limits, confidence: f64) -> Option<f64> {
    let (own, other, limit) = match of {
        Wanted::Days => (D_DAYS, D_COST, limits.budget.map(Usd::get)),
        Wanted::Cost => (D_COST, D_DAYS, limits.due.map(Seconds::days)),
        Wanted::Hours => (D_HOURS, D_DAYS, limits.due.map(Seconds::days)),
    };
    let keeps = |value: f64| limit.is_none_or(|limit| value <= edge(limit));
    let pairs = draws.answers(own).zip(draws.answers(other));
    let mut values: Vec<f64> =
        pairs.filter(|(own, other)| own.is_finite() && keeps(*other)).map(|(own, _)| own).collect();
    let place = needed(draws, confidence).checked_sub(1)?;
    if place >= values.len() {
        return None;
    }
    let (_, value, _) = values.select_nth_unstable_by(place, f64::total_cmp);
    Some(*value)
}

/// Which limit is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The date.
    Days,
    /// The money.
    Cost,
    /// Hours of all chips, which a rent is a price of.
    Hours,
}

impl Bill<'_> {
    /// What a draw costs by the bill: the run alone, with the work around it, a used hour of the owner's, and each stage.
    fn priced(&self, found: &Held, values: &[f64]) -> [f64; PRICED] {
        if !found.days.is_finite() {
            let (never, unknown) = (f64::INFINITY, f64::NAN);
            return [never, never, unknown, never, never, never, never, never];
        }
        let mut recipe = self.recipe.clone();
        self.ranges.iter().zip(values).for_each(|(range, value)| recipe.put(range.path, *value));
        hold(&mut recipe, found);
        recipe.price().map_or([f64::NAN; PRICED], Priced::numbers)
    }
}

/// Holds what a draw holds.
fn hold(recipe: &mut Recipe, found: &Held) {
    let price = Some(Price::from_usd_per_hour(found.cost / found.hours)).filter(|price| price.get().is_finite());
    let held = ChipSeconds::from_gpu_hours(found.hours);
    recipe.hold(held, (Chips::new(found.chips), Seconds::from_days(found.days)), price);
}

/// Outputs of the run that are read here stand where they are expected.
const _: () = assert!(OUTPUTS.len() == 6);
