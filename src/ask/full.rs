//! An answer in full, as every door shows it: its bill, what its deliveries make of it, and the limits it is held against.

use super::estimate::bill;
use crate::answer::Answer;
use crate::answer::bill_ranges::{self, BillRange, BillSpread};
use crate::answer::ranges::Spread;
use crate::answer::whole_bill::WholeBill;
use crate::catalog::Catalog;
use crate::cost::{Judged, View};
use crate::error::Error;
use crate::input::question::Question;
use crate::planner::gates::{self, Gate};
use crate::planner::reply::{JointReply, Levels};
use crate::planner::{Prepared, bill_of, is_planned, judged};
use crate::reply::result::block;
use crate::reply::{Figure, ResultBlock};
use crate::uncertainty::montecarlo::Plan;

/// How much of the planner's question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Nothing: what asks says itself how sure it is.
    None,
    /// Its figures, also where a date or money is asked for alone.
    Figures,
    /// With what drives a miss and what would have to change.
    Levers,
}

/// The bills of an answer whose chips are all there at the start.
#[derive(Debug, Clone, Default)]
pub struct Bills {
    /// The one that is asked for.
    pub asked: Option<WholeBill>,
    /// The one that money is held against, where that is not the rent.
    pub held: Option<(WholeBill, Judged)>,
}

impl Bills {
    /// Of an answer.
    ///
    /// # Errors
    /// Bills that cannot be made, parts of one that nobody asks for.
    pub fn of(answer: &Answer, catalog: &Catalog) -> Result<Self, Error> {
        bill::choices(&answer.spec)?;
        let asked = bill::whole(answer, catalog)?;
        let held = judged(answer, asked.as_ref(), catalog)?;
        Ok(Self { asked, held })
    }
}

/// An answer in full.
#[derive(Debug, Clone)]
pub struct Full {
    /// Its figures.
    pub block: ResultBlock,
    /// The bill that is asked for.
    pub bill: Option<WholeBill>,
    /// What that varies by, where its assumptions or its deliveries are drawn.
    pub bill_spread: Option<BillSpread>,
    /// The percentiles of its totals, where something is drawn and they are asked for.
    pub bill_range: Option<BillRange>,
    /// The planner's part.
    pub joint: Option<JointReply>,
    /// The limits.
    pub gates: Vec<Gate>,
}

/// How much of an answer is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its own draws.
    pub spread: Option<&'a Spread>,
    /// How all others are made.
    pub draws: Plan,
    /// Whether the bill's percentiles are asked for.
    pub ranges: bool,
    /// How much of the planner's question.
    pub depth: Depth,
}

impl Full {
    /// Of an answer and its bills.
    ///
    /// # Errors
    /// Bills that cannot be made; as [`JointReply::of`].
    pub fn of(
        question: &Question,
        answer: &Answer,
        bills: Bills,
        wanted: Wanted<'_>,
        catalog: &Catalog,
    ) -> Result<Self, Error> {
        let plan = wanted.draws;
        let Planned { joint, bills: Bills { asked, held }, of_deliveries } =
            planned(question, answer, bills, wanted, catalog)?;
        let delivered = joint.as_ref().filter(|_| answer.spec.deliveries.is_some());
        let drawn = asked.as_ref().filter(|_| wanted.ranges && delivered.is_none() && gates::is_drawn(answer));
        let of_run = drawn.map(|whole| bill_ranges::spread(answer, whole, &plan)).transpose()?.flatten();
        let bill_spread = of_deliveries.or(of_run);
        let bill_range = match (&bill_spread, drawn) {
            (Some(spread), _) => Some(BillRange::of(spread)),
            (None, Some(whole)) => gates::range_of_bill(answer, whole, &plan, catalog)?,
            (None, None) => None,
        };
        let gates = gates::judge(answer, held.as_ref(), joint.as_ref(), &plan, catalog)?;
        let block = on_its_deliveries(block(answer, wanted.spread), delivered);
        Ok(Self { block, bill: asked, bill_spread, bill_range, joint, gates })
    }
}

/// The planner's part, and what its deliveries make of the bills.
struct Planned {
    joint: Option<JointReply>,
    bills: Bills,
    /// What the bill that is asked for varies by, where it is for deliveries and that is asked.
    of_deliveries: Option<BillSpread>,
}

fn planned(
    question: &Question,
    answer: &Answer,
    bills: Bills,
    wanted: Wanted<'_>,
    catalog: &Catalog,
) -> Result<Planned, Error> {
    let spec = &answer.spec;
    let timed = answer.estimate.chips.is_some() && answer.estimate.total.wall_clock.is_some();
    let limited = wanted.depth == Depth::Figures && (spec.by.is_some() || spec.budget.is_some());
    let asked = (is_planned(spec) || limited) && (timed || spec.deliveries.is_some());
    if wanted.depth == Depth::None || !asked {
        return Ok(Planned { joint: None, bills, of_deliveries: None });
    }
    spec.one_place()?;
    let asked = Prepared::about(question, answer.clone(), bills.held.clone(), catalog)?;
    let reply = match wanted.depth {
        Depth::Levers => JointReply::of(question, &asked, &wanted.draws, catalog)?,
        Depth::Figures | Depth::None => JointReply::short(&asked, &wanted.draws, catalog)?,
    };
    if spec.deliveries.is_none() || bills.held.is_none() {
        return Ok(Planned { joint: Some(reply), bills, of_deliveries: None });
    }
    let joint = asked.joint()?;
    let of_deliveries = bills.asked.as_ref().filter(|_| wanted.ranges);
    let of_deliveries = of_deliveries.and_then(|_| joint.bill(&asked.limits, &wanted.draws));
    let Some(held) = asked.held(&joint)? else { return Ok(Planned { joint: Some(reply), bills, of_deliveries }) };
    let again = |whole: &WholeBill| -> Result<WholeBill, Error> {
        let view: View = whole.bill.view;
        if spec.bill.is_some() { bill::of(&held, view, spec, catalog) } else { bill_of(&held, view, spec, catalog) }
    };
    let held = bills.held.as_ref().map(|(whole, judged)| Ok::<_, Error>((again(whole)?, *judged))).transpose()?;
    let asked = bills.asked.as_ref().map(again).transpose()?;
    Ok(Planned { joint: Some(reply), bills: Bills { asked, held }, of_deliveries })
}

/// Hours, time and cost of a run whose chips come in parts are those of its deliveries.
fn on_its_deliveries(block: ResultBlock, joint: Option<&JointReply>) -> ResultBlock {
    let Some(joint) = joint else { return block };
    let figure = |levels: &Levels| {
        let [low, middle, high] = [levels.p10, levels.p50, levels.p90].map(|level| level.unwrap_or(f64::INFINITY));
        let point = Figure::from(levels.p50);
        if low < high { point.between(low, middle, high) } else { point }
    };
    block.gpu_hours(figure(&joint.gpu_hours)).wall_clock_days(figure(&joint.days)).cost_usd(figure(&joint.rent_usd))
}
