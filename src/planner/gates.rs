//! Limits for scripts and CI.

use serde::Serialize;

use super::bill_of;
use super::reply::JointReply;
use crate::answer::Answer;
use crate::answer::bill_ranges::{self, BillRange};
use crate::answer::ranges::{Budget, CHIPS, COST, DAYS, GPU_HOURS, edge, level, levels};
use crate::answer::whole_bill::{BillQuestion, WholeBill};
use crate::catalog::Catalog;
use crate::cost::{Judged, View};
use crate::error::Error;
use crate::input::file::{Entry, Spec};
use crate::uncertainty::montecarlo::Plan;
use crate::units::{Chips, Fraction, Seconds, Usd, show};

/// One draw in ten may break a limit on the p90.
const P90: Fraction = Fraction::new(0.9);

/// The percentiles of a bill, as the block `result` has them.
const LEVELS: [Fraction; 3] = [Fraction::new(0.1), Fraction::new(0.5), P90];

/// Most secants for a bill.
const STEPS: usize = 20;

/// What a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Money.
    Cost,
    /// Time.
    Days,
    /// Chips held.
    Chips,
    /// Chips that the power of a site feeds.
    Power,
}

/// A limit, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Gate {
    /// Its field.
    pub name: &'static str,
    /// What it is on.
    #[serde(skip)]
    pub on: On,
    /// The limit: dollars, days or chips.
    pub limit: f64,
    /// What it is held against; null where that is not known, or has no end.
    pub value: Option<f64>,
    /// Whether it is kept.
    pub kept: bool,
    /// What broke it, in a sentence.
    pub sentence: Option<String>,
    /// Of a limit on money that is held against a bill: the run alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_run_usd: Option<f64>,
    /// The same with the work around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme_usd: Option<f64>,
}

/// A limit as it was given.
struct Limit {
    name: &'static str,
    what: &'static str,
    output: usize,
    limit: f64,
    p90: bool,
}

fn limits(spec: &Spec) -> impl Iterator<Item = Limit> {
    let money = |entry: &Option<Entry<Usd>>| entry.as_ref().map(|entry| entry.value.get());
    let days = |entry: &Option<Entry<Seconds>>| entry.as_ref().map(|entry| entry.value.days());
    let chips = |entry: &Option<Entry<Chips>>| entry.as_ref().map(|entry| entry.value.get());
    let all = [
        ("max_cost", "cost", COST, money(&spec.max_cost), false),
        ("max_days", "wall-clock time", DAYS, days(&spec.max_days), false),
        ("max_chips", "number of chips", CHIPS, chips(&spec.max_chips), false),
        ("max_cost_p90", "cost", COST, money(&spec.max_cost_p90), true),
        ("max_days_p90", "wall-clock time", DAYS, days(&spec.max_days_p90), true),
        ("max_chips_p90", "number of chips", CHIPS, chips(&spec.max_chips_p90), true),
    ];
    let given = |(name, what, output, limit, p90)| Some(Limit { name, what, output, limit: limit?, p90 });
    all.into_iter().filter_map(given)
}

/// Whether a spec gives limits.
pub fn any(spec: &Spec) -> bool {
    limits(spec).next().is_some()
}

/// Whether something of an answer, or of the bill that it asks for, is a range.
pub fn is_drawn(answer: &Answer) -> bool {
    answer.prepared.ranges().len() > 0 || bill_ranges::ranges(&answer.spec).next().is_some()
}

/// Judges the limits of an answer; those on money by the total of its bill, where there is one.
///
/// # Errors
/// A bill that cannot be made.
pub fn judge(
    answer: &Answer,
    held: Option<&(WholeBill, Judged)>,
    joint: Option<&JointReply>,
    plan: &Plan,
    catalog: &Catalog,
) -> Result<Vec<Gate>, Error> {
    let of_deliveries = joint.filter(|_| answer.spec.deliveries.is_some());
    let one = |limit: Limit| {
        let drawn = of_deliveries.and_then(|joint| limit.of_deliveries(joint));
        let value = match (limit.p90 && is_drawn(answer), held) {
            _ if drawn.is_some() => drawn,
            (false, Some((whole, judged))) if limit.output == COST => total(whole, *judged),
            (false, _) => point(answer, limit.output), // without ranges the p90 is the point
            (true, Some((whole, judged))) if limit.output == COST => {
                levels_of_bill(answer, (whole, *judged), plan, catalog)?.map(|[_, _, p90]| p90)
            }
            (true, _) => Some(level(answer, plan, limit.output, P90)?),
        };
        Ok(limit.against(value.filter(|value| !value.is_nan()), held))
    };
    limits(&answer.spec).map(one).collect()
}

/// What a limit on money is held against; `None` where the chips have no price.
fn total(whole: &WholeBill, judged: Judged) -> Option<f64> {
    let all = whole.total()?;
    Some(if judged == Judged::Programme { all } else { whole.bill.final_run().get() })
}

fn point(answer: &Answer, output: usize) -> Option<f64> {
    match output {
        COST => answer.estimate.total.cost.map(Usd::get),
        DAYS => answer.estimate.total.wall_clock.map(Seconds::days),
        _ => answer.estimate.chips_in_whole_nodes.map(Chips::get),
    }
}

/// What a bill grows with: the rent where it is a rent, else the hours held; with the value in this answer.
fn grows_with(answer: &Answer, whole: &WholeBill) -> (usize, f64) {
    let total = answer.estimate.total;
    match total.cost.filter(|_| whole.bill.view == View::Rent) {
        Some(cost) => (COST, cost.get()),
        None => (GPU_HOURS, total.held.gpu_hours()),
    }
}

/// The bill of a run that holds its chips so much longer, or at so much higher a rent.
fn longer(ratio: f64, answer: &Answer, whole: &WholeBill, catalog: &Catalog) -> Result<WholeBill, Error> {
    let question = BillQuestion::of(answer)?;
    let question =
        BillQuestion { held: question.held * ratio, wall: question.wall.map(|wall| wall * ratio), ..question };
    bill_of(&question, whole.bill.view, &answer.spec, catalog)
}

/// The p10, p50 and p90 of a bill in US dollars; `None` where the chips have no price.
///
/// # Errors
/// A bill that cannot be made.
pub fn levels_of_bill(
    answer: &Answer,
    (whole, judged): (&WholeBill, Judged),
    plan: &Plan,
    catalog: &Catalog,
) -> Result<Option<[f64; 3]>, Error> {
    Ok(range_of_bill(answer, whole, plan, catalog)?.map(|found| found.levels(judged)))
}

/// The p10, p50 and p90 of the totals of a bill; `None` where the chips have no price.
///
/// # Errors
/// A bill that cannot be made.
pub fn range_of_bill(
    answer: &Answer,
    whole: &WholeBill,
    plan: &Plan,
    catalog: &Catalog,
) -> Result<Option<BillRange>, Error> {
    if whole.total().is_none() {
        return Ok(None);
    }
    if let Some(spread) = bill_ranges::spread(answer, whole, plan)? {
        return Ok(Some(BillRange::of(&spread)));
    }
    let (output, own) = grows_with(answer, whole);
    let mut found = [[f64::NAN; 2]; 3];
    for (slot, drawn) in found.iter_mut().zip(levels(answer, plan, output, LEVELS)?) {
        let ratio = drawn / own;
        let bill = if ratio.is_finite() { Some(longer(ratio, answer, whole, catalog)?) } else { None };
        let of = |judged| bill.as_ref().map_or(Some(ratio), |bill| total(bill, judged));
        *slot = [Judged::FinalRun, Judged::Programme].map(|judged| of(judged).unwrap_or(f64::NAN));
    }
    Ok(Some(BillRange::at(found)))
}

/// Money to stay within: for the whole bill where there is one, else for the rent.
///
/// # Errors
/// A bill that cannot be made.
pub fn budget(
    answer: &Answer,
    held: Option<&(WholeBill, Judged)>,
    money: Usd,
    catalog: &Catalog,
) -> Result<Budget, Error> {
    let Some((whole, judged)) = held else { return Ok(Budget::of_rent(money)) };
    let judged = *judged;
    let (output, own) = grows_with(answer, whole);
    let bill = |ratio: f64| Ok::<_, Error>(total(&longer(ratio, answer, whole, catalog)?, judged).unwrap_or(f64::NAN));
    // Secants: a bill is nearly a straight line over what it grows with.
    let (mut before, mut ratio) = ((2.0, bill(2.0)?), 1.0);
    for _ in 0..STEPS {
        let now = bill(ratio)?;
        let next = ratio + (money.get() - now) * (before.0 - ratio) / (before.1 - now);
        (before, ratio) = ((ratio, now), next);
        if !(next > 0.0 && (next / before.0 - 1.0).abs() > 1e-12) {
            break; // found, not known, or less than what does not grow
        }
    }
    let of = if judged == Judged::Programme { "the whole bill" } else { "the final run" };
    Ok(Budget { money, of, output, limit: ratio * own })
}

impl Limit {
    /// The value of a run whose chips come in parts; `None` for chips, which are as ordered.
    fn of_deliveries(&self, joint: &JointReply) -> Option<f64> {
        let levels = match self.output {
            COST => &joint.cost_usd,
            DAYS => &joint.days,
            _ => return None,
        };
        let level = if self.p90 { levels.p90 } else { levels.p50 };
        Some(level.or(levels.p10.map(|_| f64::INFINITY)).unwrap_or(f64::NAN))
    }

    fn against(self, value: Option<f64>, held: Option<&(WholeBill, Judged)>) -> Gate {
        let held = held.filter(|_| self.output == COST);
        let kept = value.is_some_and(|value| value <= edge(self.limit));
        let bill = match held {
            None => "",
            Some((_, Judged::Programme)) => " of the whole bill",
            Some((_, Judged::FinalRun)) => " of the final run",
        };
        let name = format!("the {}{}{bill}", if self.p90 { "p90 " } else { "" }, self.what);
        let limit = self.show(self.limit);
        let sentence = match value {
            None => format!("{name} is not known, so the limit of {limit} cannot be kept"),
            Some(f64::INFINITY) => {
                format!("{name} has no end: more than one draw in ten has no answer; the limit is {limit}")
            }
            Some(value) => format!("{name} is {}, over the limit of {limit}", self.show(value)),
        };
        Gate {
            name: self.name,
            on: match self.output {
                COST => On::Cost,
                DAYS => On::Days,
                _ => On::Chips,
            },
            limit: self.limit,
            value,
            kept,
            sentence: (!kept).then_some(sentence),
            final_run_usd: held.and_then(|(whole, _)| total(whole, Judged::FinalRun)),
            programme_usd: held.and_then(|(whole, _)| total(whole, Judged::Programme)),
        }
    }

    fn show(&self, value: f64) -> String {
        match self.output {
            COST => show::usd(Usd::new(value)),
            DAYS => show::duration(Seconds::from_days(value)),
            _ => show::number(value, 7),
        }
    }
}
