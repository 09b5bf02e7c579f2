//! Plans: an estimate that holds with some confidence.

use super::json;
pub use super::optimal::frontier;
use super::view::{Notes, Section, Shown, View};
use crate::ask::plan::{Goal, PlanReply};
use crate::planner::search::knee::{Knee, Point};
use crate::units::{Chips, Seconds, Usd, show};

/// Shows a plan that holds: its estimate, with what was asked above it.
pub fn held(reply: &PlanReply) -> View {
    View::in_currency(&reply.estimate.head, || held_of(reply))
}

fn held_of(reply: &PlanReply) -> View {
    let below = super::estimate::view(&reply.estimate);
    let notes = std::iter::once(Notes { shown: Shown::Topic("notes"), heading: "How sure", lines: how_sure(reply) });
    let notes = notes.chain(reply.knee.as_ref().map(rule)).chain(below.notes).collect();
    let mut sections = below.sections;
    let place = sections.len().min(usize::from(reply.goal == Goal::Date));
    sections.insert(place, beside(reply));
    if let Some(found) = &reply.knee {
        sections.insert(place, points(found));
    }
    View { summary: summary(reply), sections, notes, json: json::reply(reply), ..below }
}

pub(super) fn days(days: f64) -> String {
    show::duration(Seconds::from_days(days))
}

pub(super) fn dollars(dollars: f64) -> String {
    show::usd(Usd::new(dollars))
}

/// The answer in a sentence.
fn summary(reply: &PlanReply) -> String {
    let (plan, spec) = (&reply.plan, &reply.estimate.made_from.answer.spec);
    let by = spec.by.as_ref().map(|entry| entry.value.words());
    let budget = spec.budget.as_ref().map(|entry| show::usd(entry.value));
    let chips = show::counted(show::chips(Chips::new(plan.chips.unwrap_or(f64::NAN))), "chip");
    let chips = match plan.deliveries_factor {
        None => chips,
        Some(factor) => format!("{chips}, each delivery {} x as large,", show::number(factor, 4)),
    };
    let limited = by.is_some() || budget.is_some();
    let by_time = (plan.days_at_confidence.map(days), plan.days_p50.map(days));
    let by_cost = (plan.cost_usd_at_confidence.map(dollars), plan.cost_usd_p50.map(dollars));
    let (found, (at, point)) = match (reply.goal, &reply.knee) {
        (Goal::Chips, Some(found)) => {
            let [fewest, at] = [found.fewest.chips, found.chips].map(|chips| show::chips(Chips::new(chips)));
            let knee = if found.ended_by.is_some() { "within the limits the best" } else { "the knee" };
            return format!(
                "It fits on {fewest} chips and more; {knee} is {at}: {} and {} at p50.",
                plan.days_p50.map(days).unwrap_or_else(|| "-".into()),
                plan.cost_usd_p50.map(dollars).unwrap_or_else(|| "-".into()),
            );
        }
        (Goal::Chips, None) => {
            let finish = if plan.chips == Some(1.0) { "finishes" } else { "finish" };
            let money = budget.map(|money| format!(" and cost at most {money}")).unwrap_or_default();
            let by = by.unwrap_or_else(|| "soon enough".into());
            (format!("{chips} {finish} {by}{money}"), by_time)
        }
        (Goal::Date, _) => {
            let joint = reply.estimate.joint.as_ref();
            let date = joint.and_then(|joint| joint.due.clone()).map_or_else(String::new, |date| format!(" ({date})"));
            let money = budget.map(|money| format!(" within {money}")).unwrap_or_default();
            (format!("Done in {}{date}{money}", by_time.0.clone().unwrap_or_default()), by_time)
        }
        (Goal::Tokens, _) => {
            let tokens = show::count(plan.tokens.unwrap_or(f64::NAN), 4);
            let timed = budget.is_none() && plan.days_p50.is_some();
            let cost = budget.map(|budget| format!("cost at most {budget}"));
            let done = by.map(|by| format!("are done {by}"));
            let both: Vec<String> = cost.into_iter().chain(done).collect();
            let both = if both.is_empty() { "keep the limits".to_owned() } else { both.join(" and ") };
            (format!("{tokens} tokens {both}"), if timed { by_time } else { by_cost })
        }
    };
    let sure = show::percent(plan.confidence);
    let uncertain =
        reply.estimate.ranges.is_some() || reply.estimate.joint.as_ref().is_some_and(|joint| joint.uncertain);
    let pair = at.zip(point).filter(|_| uncertain);
    if !limited {
        return format!("{found}{}.", pair.map(|(_, point)| format!(": {point} at p50")).unwrap_or_default());
    }
    let pair = pair.map(|(at, point)| format!(": {at} at {sure}, {point} at p50")).unwrap_or_default();
    format!("{found} with {sure} confidence{pair}.")
}

/// How surely the plan holds, and how to ask for it again.
fn how_sure(reply: &PlanReply) -> Vec<String> {
    let plan = &reply.plan;
    let spec = &reply.estimate.made_from.answer.spec;
    let uncertain =
        reply.estimate.ranges.is_some() || reply.estimate.joint.as_ref().is_some_and(|joint| joint.uncertain);
    let error = plan.probability_standard_error;
    let error = if error > 0.0 && error.is_finite() { format!(" ± {}", show::percent(error)) } else { String::new() };
    let limited = spec.by.is_some() || spec.budget.is_some();
    let mut lines = Vec::new();
    lines
        .extend(limited.then(|| format!("with this plan, in {}{error} of the draws", show::percent(plan.probability))));
    lines.push(if uncertain {
        format!("{} draws, seed {}", plan.draws, plan.seed)
    } else {
        "no value is a range: it holds or does not".into()
    });
    if !reply.estimate.gates.is_empty() {
        lines.push(
            "gates are kept as `estimate` judges them: in the middle, or at their p90, whatever the confidence".into(),
        );
    }
    if let Some(deliveries) = &plan.deliveries {
        lines.push(format!("deliveries grow and shrink together, in whole nodes: {deliveries}"));
    }
    if reply.estimate.joint.is_some() || plan.cost_of != "rent" {
        lines.push(format!(
            "money is that of the {}",
            if plan.cost_of == "rent" { "chips' rent" } else { plan.cost_of }
        ));
    }
    lines
}

/// How the knee is chosen.
fn rule(found: &Knee) -> Notes {
    let mut lines = vec![found.rule.to_owned()];
    lines.extend(found.ended_by.as_ref().map(|why| format!("more chips would pay, but {why}")));
    lines.push("of the numbers of chips that were tried, those that no other beats in days and cost".into());
    Notes { shown: Shown::Topic("notes"), heading: "The knee", lines }
}

/// Numbers of chips from the fewest to where more no longer pay.
fn points(found: &Knee) -> Section {
    let heads = ["chips", "days p50", "p90", "cost p50", "p90", "a day sooner", ""];
    let mut section = Section::new("Chips, days and cost", &heads);
    let or_none = |value: Option<f64>, show: fn(f64) -> String| value.map_or_else(|| "-".into(), show);
    let time = |days: f64| show::number(days, 4);
    let money = |cost: f64| show::money(Usd::new(cost), 4);
    let fewest = found.points.iter().all(|point| point.chips != found.fewest.chips).then_some(&found.fewest);
    for point in fewest.into_iter().chain(shown(found)) {
        let name = match (point.is_knee, point.chips == found.fewest.chips) {
            (true, _) if found.ended_by.is_some() => "the best",
            (true, _) => "the knee",
            (_, true) => "the fewest",
            _ => "",
        };
        section.row([
            show::number(point.chips, 7),
            or_none(point.days.p50, time),
            or_none(point.days.p90, time),
            or_none(point.cost_usd.p50, money),
            or_none(point.cost_usd.p90, money),
            or_none(point.usd_per_day_sooner, money),
            name.into(),
        ]);
    }
    section
}

/// Rows of the table; the machine formats have all.
const ROWS: usize = 12;

/// As many points as a screen takes, the knee and the last among them.
fn shown(found: &Knee) -> impl Iterator<Item = &Point> {
    let every = found.points.len().div_ceil(ROWS).max(1);
    let last = found.points.len().saturating_sub(1);
    let row = move |(at, point): &(usize, &Point)| at % every == 0 || *at == last || point.is_knee;
    found.points.iter().enumerate().filter(row).map(|(_, point)| point)
}

/// What a little less and a little more come to.
fn beside(reply: &PlanReply) -> Section {
    let what = match reply.goal {
        Goal::Chips => "chips",
        Goal::Tokens => "tokens",
        Goal::Date => "days",
    };
    let mut section = Section::new("Beside the plan", &[what, "holds", "days p50", "cost p50", ""]);
    for near in &reply.neighbours {
        let value = match reply.goal {
            Goal::Tokens => show::count(near.value, 4),
            _ => show::number(near.value, 7),
        };
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        let broken = near.probability.is_some_and(|share| share >= reply.plan.confidence) && !near.holds;
        let yes = if near.holds { "yes" } else { "no" };
        let answered = near.days_p50.is_some() || near.cost_usd_p50.is_some();
        section.row([
            value,
            or_none(near.probability.map(show::percent).or(answered.then(|| yes.into()))),
            or_none(near.days_p50.map(|days| show::number(days, 4))),
            or_none(near.cost_usd_p50.map(|cost| show::money(Usd::new(cost), 4))),
            match (near.is_plan, broken) {
                (true, _) => "the plan".into(),
                (false, true) => "a gate breaks".into(),
                (false, false) => String::new(),
            },
        ]);
    }
    section
}
