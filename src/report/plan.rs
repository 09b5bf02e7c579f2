//! Plans: an estimate that holds with some confidence, and the best models that a budget buys.

use super::json;
use super::view::{Notes, Records, Section, View};
use crate::ask::optimal::OptimalReply;
use crate::ask::plan::{Goal, PlanReply};
use crate::scaling::frontier::Choice;
use crate::units::{Chips, Seconds, Usd, show};

/// Shows a plan that holds: its estimate, with what was asked above it.
pub fn held(reply: &PlanReply) -> View {
    View::in_currency(&reply.estimate.head, || held_of(reply))
}

fn held_of(reply: &PlanReply) -> View {
    let below = super::estimate::view(&reply.estimate);
    let (plan, spec) = (&reply.plan, &reply.estimate.made_from.answer.spec);
    let sure = show::percent(plan.confidence);
    let uncertain = reply.estimate.ranges.is_some();
    let days = |days: f64| show::duration(Seconds::from_days(days));
    let dollars = |dollars: f64| show::usd(Usd::new(dollars));
    let (found, at, point) = match reply.goal {
        Goal::Chips => {
            let chips = show::counted(show::chips(Chips::new(plan.chips.unwrap_or(f64::NAN))), "chip");
            let finish = if plan.chips == Some(1.0) { "finishes" } else { "finish" };
            let by = spec.by.as_ref().map(|entry| entry.value.words()).unwrap_or_default();
            let point = reply.estimate.result.wall_clock_days_p50;
            (format!("{chips} {finish} {by}"), plan.days_at_confidence.map(days), point.map(days))
        }
        Goal::Date => {
            let joint = reply.estimate.joint.as_ref();
            let date = joint.and_then(|joint| joint.due.clone()).map_or_else(String::new, |date| format!(" ({date})"));
            let money =
                joint.and_then(|joint| joint.budget_usd).map(|money| format!(" within {}", show::usd(Usd::new(money))));
            let at = plan.days_at_confidence.map(days);
            let day = at.clone().unwrap_or_default();
            (
                format!("Done in {day}{date}{}", money.unwrap_or_default()),
                at,
                joint.and_then(|joint| joint.days.p50).map(days),
            )
        }
        Goal::Tokens => {
            let tokens = show::count(plan.tokens.unwrap_or(f64::NAN), 4);
            let budget = spec.budget.as_ref().map(|entry| show::usd(entry.value)).unwrap_or_default();
            let point = reply.estimate.result.cost_usd_p50;
            (
                format!("{tokens} tokens cost at most {budget}"),
                plan.cost_usd_at_confidence.map(dollars),
                point.map(dollars),
            )
        }
    };
    let both = at.zip(point).filter(|_| uncertain);
    let both = both.map(|(at, point)| format!(": {at} at {sure}, {point} at p50")).unwrap_or_default();
    let error = plan.probability_standard_error;
    let error = if error > 0.0 && error.is_finite() { format!(" ± {}", show::percent(error)) } else { String::new() };
    let lines = vec![
        format!("with this plan, in {}{error} of the draws", show::percent(plan.probability)),
        if uncertain {
            format!("{} draws, seed {}", plan.draws, plan.seed)
        } else {
            "no value is a range: it holds or does not".into()
        },
    ];
    let notes = std::iter::once(Notes { shown: super::view::Shown::Topic("notes"), heading: "How sure", lines })
        .chain(below.notes)
        .collect();
    let mut sections = below.sections;
    sections.insert(sections.len().min(usize::from(reply.goal == Goal::Date)), beside(reply));
    View {
        summary: format!("{found} with {sure} confidence{both}."),
        sections,
        notes,
        json: json::reply(reply),
        ..below
    }
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
        section.row([
            value,
            or_none(near.probability.map(show::percent)),
            or_none(near.days_p50.map(|days| show::number(days, 4))),
            or_none(near.cost_usd_p50.map(|cost| show::money(Usd::new(cost), 4))),
            if near.is_plan { "the plan".into() } else { String::new() },
        ]);
    }
    section
}

/// Shows the best models for a budget.
pub fn frontier(reply: &OptimalReply) -> View {
    View::in_currency(&reply.head, || frontier_of(reply))
}

fn frontier_of(reply: &OptimalReply) -> View {
    let found = &reply.made_from;
    let (budget, bought, answers) = (&found.budget, &found.bought, &found.answers);
    let mut view = View {
        title: format!("The best model for {} on {}", show::usd(budget.money), found.chip),
        records: Records::of(&reply.result.models),
        ..View::with_reply(reply)
    };
    // The least loss needs more data than there is where this one is on the list.
    let limited = answers.iter().position(|answer| answer.choice == Choice::DataLimited);
    if let Some(best) = reply.result.models.get(limited.unwrap_or(0)) {
        let (params, tokens) = (show::count(best.params, 3), show::count(best.tokens, 3));
        view.summary = format!("{params} parameters on {tokens} tokens: {} binds.", best.binding);
    }
    let mut section = Section::new("Models", &["Choice", "params", "tokens", "D/N", "cost", "days", "loss", "binds"]);
    for model in &reply.result.models {
        section.row([
            model.choice.clone(),
            show::count(model.params, 3),
            show::count(model.tokens, 3),
            show::number(model.tokens / model.params, 3),
            show::money(Usd::new(model.cost_usd), 3),
            show::number(model.wall_clock_days, 3),
            show::number(model.loss, 4),
            model.binding.into(),
        ]);
    }
    let mut buys = Section::facts("What the budget buys");
    let goes = format!("as far as {} goes", reply.result.binding);
    buys.fact("GPU-hours", show::count(bought.held.gpu_hours(), 4), goes);
    buys.fact("training work", format!("{} FLOP", show::number(bought.work.get(), 4)), "6 x parameters x tokens");
    buys.fact("spent", show::usd(bought.spent), "");
    let on = format!("on {}", show::counted(show::chips(budget.chips), "chip"));
    buys.fact("wall-clock", show::duration(bought.wall), on);
    view.sections.extend([section, buys]);
    let mut assumptions = reply.head.assumptions.clone();
    if answers.iter().any(|answer| answer.choice == Choice::WithInference) {
        assumptions.push("with inference: the budget pays for training; serving comes on top".into());
    }
    view.note_on("assumptions", "Assumptions", assumptions);
    let law =
        format!("{}: its losses rank models against each other and are not losses that you will measure", reply.law);
    view.note("The law", vec![law]);
    view
}
