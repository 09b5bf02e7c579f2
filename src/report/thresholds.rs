//! How a run stands against training-compute rules: those it reaches, and the next.

use serde_json::{Value, json};

use super::json::{maybe, number};
use super::policy::{NO_ADVICE, money_left, pace};
use super::view::{Section, View};
use crate::answer::resolve::Answer;
use crate::catalog::rule::RuleProfile;
use crate::policy::distance;
use crate::policy::rule::{Standing, standing, training_thresholds};
use crate::units::date::Date;
use crate::units::{ChipSeconds, Flop, show};

/// One threshold in force.
struct Line<'a> {
    rule: &'a RuleProfile,
    outcome: &'a str,
    bound: f64,
}

/// Adds the rules that a run reaches and the next one, as they stand on a day. In JSON as `policy`; the table only
/// where the whole bill does not show all of them anyway.
pub fn add(view: &mut View, answer: &Answer, rules: &[RuleProfile], day: Date, with_table: bool) {
    let Some(work) = answer.estimate.flop else { return };
    let in_force = rules.iter().filter(|found| standing(&found.rule, day) == Standing::InForce);
    let mut lines: Vec<Line<'_>> = in_force
        .flat_map(|rule| training_thresholds(&rule.rule).map(move |(test, bound)| (rule, test, bound)))
        .filter(|(_, test, _)| test.scope.is_empty())
        .map(|(rule, test, bound)| Line { rule, outcome: &test.outcome, bound })
        .collect();
    lines.sort_by(|a, b| a.bound.total_cmp(&b.bound));
    let (reached, ahead): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.bound <= work.get());
    let next = ahead.first();
    if with_table && !(reached.is_empty() && next.is_none()) {
        view.sections.push(table(answer, work, &reached, next, day));
    }
    if let Some(json) = view.json.as_object_mut() {
        json.insert("policy".into(), machine(answer, work, &reached, next, day));
    }
}

fn table(answer: &Answer, work: Flop, reached: &[Line<'_>], next: Option<&Line<'_>>, day: Date) -> Section {
    let mut section = Section::facts(format!("Training-compute rules in force on {day} (not legal advice)"));
    for line in reached {
        let named = format!("{}: {}", line.rule.rule.jurisdiction, line.outcome);
        section.fact("reached", format!("{} FLOP", show::number(line.bound, 3)), named);
    }
    if let Some(line) = next {
        let hours = hours_left(answer, work, line.bound);
        let short = hours.map(|hours| format!("; {} GPU-hours short", show::count(hours.gpu_hours(), 3)));
        let named = format!("{}: {}{}", line.rule.rule.jurisdiction, line.outcome, short.unwrap_or_default());
        let share = show::percent(work.get() / line.bound);
        section.fact("next", format!("{share} of {}", show::number(line.bound, 3)), named);
    }
    section
}

/// GPU-hours of this chip at this MFU and goodput up to a threshold, where they are known.
fn hours_left(answer: &Answer, work: Flop, bound: f64) -> Option<ChipSeconds> {
    distance(work, Flop::new(bound), &pace(answer)?, crate::units::Price::ZERO).ok().map(|far| far.remaining)
}

fn machine(answer: &Answer, work: Flop, reached: &[Line<'_>], next: Option<&Line<'_>>, day: Date) -> Value {
    let one = |line: &Line<'_>| {
        let hours = hours_left(answer, work, line.bound);
        json!({
            "rule": line.rule.rule.id,
            "jurisdiction": line.rule.rule.jurisdiction,
            "outcome": line.outcome,
            "flop": number(line.bound),
            "reached": number(work.get() / line.bound),
            "gpu_hours_left": maybe(hours.map(|hours| hours.gpu_hours())),
            "cost_left_usd": maybe(money_left(answer, hours)),
        })
    };
    json!({
        "as_of": day.to_string(),
        "reached": reached.iter().map(one).collect::<Vec<_>>(),
        "next": next.map(one),
        "note": NO_ADVICE,
    })
}
