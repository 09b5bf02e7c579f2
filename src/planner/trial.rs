//! A question with a plan in it, tried: how surely its limits are kept, and which of them are not.
//!
//! A limit on a probability (`by`, `budget`) is held with the confidence; a gate (`max_cost`, `max_days`, `max_chips` and their p90)
//! as `estimate` judges it. What is found here is what `estimate` says of the same question.

use std::sync::Arc;

use super::Prepared;
use super::gates::{self, Gate, On, judge, levels_of_bill};
use super::joint::{Kept, Limits, Spread, Wanted, at, known, least, margin};
use super::judged;
use super::reply::{JointReply, Levels};
use crate::answer::ranges::{Asked, COST, edge, level, spread};
use crate::answer::whole_bill::WholeBill;
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::cost::Judged;
use crate::error::Error;
use crate::input::question::Question;
use crate::uncertainty::montecarlo::{Estimate, Plan};
use crate::units::{Fraction, show};

/// A question that was tried.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The question.
    pub question: Question,
    /// Its answer.
    pub answer: Arc<Answer>,
    /// What came of it.
    pub verdict: Verdict,
}

/// What a trial came to.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// How sure it has to be.
    pub confidence: Fraction,
    /// The date and the money.
    pub limits: Limits,
    /// How often they are kept.
    pub kept: Kept,
    /// How far they are missed with the confidence: at most one where they are kept.
    pub margin: f64,
    /// Days from the start to the end.
    pub days: Levels,
    /// What the money is held against.
    pub cost: Levels,
    /// GPU-hours held.
    pub gpu_hours: Levels,
    /// Days and money that are not exceeded with the confidence.
    pub at: [f64; 2],
    /// The fewest days for which, with the money kept, it holds.
    pub least_days: Option<f64>,
    /// The least money for which, with the date kept, it holds.
    pub least_cost: Option<f64>,
    /// The gates.
    pub gates: Vec<Gate>,
    /// What money is held against, where that is not the rent.
    pub judged: Option<Judged>,
    /// The draws that were made.
    pub plan: Plan,
}

/// Refuses a confidence that nobody can plan for.
///
/// # Errors
/// A confidence outside 0 to 1.
pub fn sure(confidence: Fraction) -> Result<(), Error> {
    if confidence.get() > 0.0 && confidence.get() < 1.0 {
        return Ok(());
    }
    let said = show::percent_to(confidence.get(), 6);
    let error = Error::bad_input(format!("a confidence of {said} cannot be planned for"));
    Err(error.with_hint("write it like `90%`: above 0 and below 100 %"))
}

impl Trial {
    /// Tries a question.
    ///
    /// # Errors
    /// As [`answer`]; a bill that cannot be made; a date for a run whose time does not follow.
    pub fn of(question: &Question, plan: &Plan, catalog: &Catalog) -> Result<Self, Error> {
        question.spec()?.one_place()?;
        let found = answer(question, catalog)?;
        let held = judged(&found, None, catalog)?;
        let spec = &found.spec;
        let dated = spec.by.is_some() || spec.max_days.is_some() || spec.max_days_p90.is_some();
        let timed = found.estimate.chips.is_some() && found.estimate.total.wall_clock.is_some();
        let (answer, verdict) = if timed || dated || spec.deliveries.is_some() {
            let asked = Prepared::about(question, found, held, catalog)?;
            let verdict = on_its_draws(&asked, plan, catalog)?;
            (asked.answer, verdict)
        } else {
            let verdict = without_time(&found, held.as_ref(), plan, catalog)?;
            (Arc::new(found), verdict)
        };
        Ok(Self { question: question.clone(), answer, verdict })
    }
}

fn on_its_draws(asked: &Prepared, plan: &Plan, catalog: &Catalog) -> Result<Verdict, Error> {
    let joint = asked.joint()?;
    let (limits, confidence) = (asked.limits, asked.confidence);
    let draws = joint.draw(&limits, plan);
    let spread = Spread::of(&draws, &limits);
    let reply = JointReply::bare(asked, &spread);
    let held = asked.whole.as_deref();
    Ok(Verdict {
        confidence,
        limits,
        kept: spread.kept,
        margin: if limits.due.is_none() && limits.budget.is_none() { 0.0 } else { margin(&draws, confidence.get()) },
        days: reply.days,
        cost: reply.cost_usd,
        gpu_hours: reply.gpu_hours,
        at: at(&draws, confidence.get()),
        least_days: least(&draws, Wanted::Days, &limits, confidence.get()),
        least_cost: least(&draws, Wanted::Cost, &limits, confidence.get()),
        gates: judge(&asked.answer, held, Some(&reply), plan, catalog)?,
        judged: held.map(|(_, judged)| *judged),
        plan: *plan,
    })
}

/// Of a run whose chips and time are open: the money alone.
fn without_time(
    found: &Answer,
    held: Option<&(WholeBill, Judged)>,
    plan: &Plan,
    catalog: &Catalog,
) -> Result<Verdict, Error> {
    let spec = &found.spec;
    let confidence = spec.confidence.as_ref().map_or(super::CONFIDENCE, |entry| entry.value);
    let money = spec.budget.as_ref().map(|entry| entry.value);
    let budget = money.map(|money| gates::budget(found, held, money, catalog)).transpose()?;
    let drawn = spread(found, &Asked { plan: *plan, by: None, budget })?;
    let over = match &budget {
        Some(budget) => level(found, plan, budget.output, confidence)? / edge(budget.limit),
        None => 0.0,
    };
    let over = if over.is_nan() { f64::INFINITY } else { over };
    let is_sure = Estimate { value: f64::from(u8::from(over <= 1.0)), se: 0.0 };
    let share = money.map(|_| drawn.as_ref().and_then(|drawn| drawn.budget.map(|(_, kept)| kept)).unwrap_or(is_sure));
    let levels = match held {
        Some(held) => levels_of_bill(found, (&held.0, held.1), plan, catalog)?.unwrap_or([f64::NAN; 3]),
        None => crate::answer::ranges::levels(found, plan, COST, [0.1, 0.5, 0.9].map(Fraction::new))?,
    };
    let [p10, p50, p90] = levels.map(known);
    let of_rent = held.is_none().then(|| level(found, plan, COST, confidence)).transpose()?;
    let cost_at = of_rent.or(p90.filter(|_| confidence.get() == 0.9)).unwrap_or(f64::NAN);
    Ok(Verdict {
        confidence,
        limits: Limits { due: None, budget: money },
        kept: Kept { by: None, budget: share, all: share.unwrap_or(is_sure) },
        margin: over,
        days: Levels { p10: None, p50: None, p90: None },
        cost: Levels { p10, p50, p90 },
        gpu_hours: Levels { p10: None, p50: None, p90: None },
        at: [f64::NAN, cost_at],
        least_days: None,
        least_cost: known(cost_at),
        gates: judge(found, held, None, plan, catalog)?,
        judged: held.map(|(_, judged)| *judged),
        plan: *plan,
    })
}

impl Verdict {
    /// Whether a date or money is to be kept with the confidence.
    pub fn is_limited(&self) -> bool {
        self.limits.due.is_some() || self.limits.budget.is_some()
    }

    /// Whether all that is asked holds.
    pub fn holds(&self) -> bool {
        self.sure_enough() && self.gates.iter().all(|gate| gate.kept)
    }

    /// Whether the date and the money are kept as surely as is asked.
    pub fn sure_enough(&self) -> bool {
        !self.is_limited() || self.kept.all.value >= self.confidence.get()
    }

    /// Whether it is soon enough: the date, and the gates on time.
    pub fn is_soon(&self) -> bool {
        self.kept.by.is_none_or(|kept| kept.value >= self.confidence.get())
            && self.gates.iter().all(|gate| gate.kept || gate.on != On::Days)
    }

    /// Whether it is cheap enough: the money, and the gates on it.
    pub fn is_cheap(&self) -> bool {
        self.kept.budget.is_none_or(|kept| kept.value >= self.confidence.get())
            && self.gates.iter().all(|gate| gate.kept || gate.on != On::Cost)
    }

    /// Whether there may be so many chips.
    pub fn has_room(&self) -> bool {
        self.gates.iter().all(|gate| gate.kept || gate.on != On::Chips)
    }

    /// How far date, money and the gates on time and money are missed: at most one where they are kept.
    pub fn over(&self) -> f64 {
        let gate = |gate: &Gate| gate.value.map_or(f64::INFINITY, |value| value / edge(gate.limit));
        let grows = self.gates.iter().filter(|gate| gate.on != On::Chips);
        grows.map(gate).fold(self.margin, f64::max)
    }

    /// The limits that are not kept, in words.
    pub fn broken(&self) -> Vec<String> {
        let (confidence, kept) = (self.confidence.get(), &self.kept);
        let missed = |share: Option<Estimate>| share.filter(|share| share.value.is_nan() || share.value < confidence);
        let [days, cost] = self.at;
        let surely = show::percent(confidence);
        let time = |days: f64| show::duration(crate::units::Seconds::from_days(days));
        let dollars = |cost: f64| show::usd(crate::units::Usd::new(cost));
        let mut said = Vec::new();
        if let (Some(share), Some(due)) = (missed(kept.by), self.limits.due) {
            let takes = if days.is_finite() { format!(": {surely} take {}", time(days)) } else { String::new() };
            let share = show::percent(share.value);
            said.push(format!("the date binds: {share} of the draws are done within {}{takes}", show::duration(due)));
        }
        if let (Some(share), Some(money)) = (missed(kept.budget), self.limits.budget) {
            let takes = if cost.is_finite() { format!(": {surely} take {}", dollars(cost)) } else { String::new() };
            let share = if share.value.is_nan() { "none".to_owned() } else { show::percent(share.value) };
            said.push(format!("the budget binds: {share} of the draws stay within {}{takes}", show::usd(money)));
        }
        if said.is_empty() && !self.sure_enough() {
            let share = show::percent(kept.all.value);
            said.push(format!("date and budget together bind: {share} of the draws keep both, and {surely} is asked"));
        }
        said.extend(self.gates.iter().filter_map(|gate| gate.sentence.clone()));
        said
    }
}
