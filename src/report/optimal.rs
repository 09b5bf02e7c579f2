//! The best models that a budget buys.

use super::plan::{days, dollars};
use super::view::{Records, Section, View};
use crate::ask::optimal::{OptimalReply, WorkBlock};
use crate::scaling::frontier::Choice;
use crate::units::{Usd, show};

/// Shows the best models for a budget.
pub fn frontier(reply: &OptimalReply) -> View {
    View::in_currency(&reply.head, || frontier_of(reply))
}

fn frontier_of(reply: &OptimalReply) -> View {
    let found = &reply.made_from;
    let (budget, answers) = (&found.budget, &found.answers);
    let money = if budget.money.get().is_finite() { show::usd(budget.money) } else { "the chips and the time".into() };
    let mut view = View {
        title: format!("The best model for {money} on {}", found.chip),
        records: Records::of(&reply.result.models),
        summary: best_in_words(reply),
        ..View::with_reply(reply)
    };
    view.sections.push(models(reply));
    view.sections.extend(served(reply));
    view.sections.extend([buys(reply), other_sizes(reply), other_work(reply)]);
    let mut assumptions = reply.head.assumptions.clone();
    if answers.iter().any(|answer| answer.choice == Choice::WithInference) {
        assumptions.push("with inference: the budget pays for training; serving comes on top".into());
    }
    if let Some(plan) = &reply.plan {
        view.note("How sure", bought_surely(plan));
    }
    view.note_on("assumptions", "Assumptions", assumptions);
    let law =
        format!("{}: its losses rank models against each other and are not losses that you will measure", reply.law);
    view.note("The law", vec![law]);
    view
}

/// The best model in a sentence, and the one that is trained on where there is one.
fn best_in_words(reply: &OptimalReply) -> String {
    let answers = &reply.made_from.answers;
    // The least loss needs more data than there is where this one is on the list.
    let limited = answers.iter().position(|answer| answer.choice == Choice::DataLimited);
    let Some(best) = reply.result.models.get(limited.unwrap_or(0)) else { return String::new() };
    let sure = reply.plan.as_ref().map(|plan| format!(", with {} confidence", show::percent(plan.confidence)));
    let sure = sure.unwrap_or_default();
    let (params, tokens) = (show::count(best.params, 3), show::count(best.tokens, 3));
    let new = format!("{params} parameters on {tokens} tokens{sure}: {} binds.", best.binding);
    let on = reply.result.models.iter().find(|model| model.seen_tokens.is_some());
    let Some(on) = on else { return new };
    let tokens = show::count(on.tokens, 3);
    let [own, other] = [on.loss, best.loss].map(|loss| show::number(loss, 4));
    let better = if on.loss < best.loss { "less than" } else { "not less than" };
    format!("{new} {} for {tokens} tokens more: loss {own}, {better} the {other} of the new one.", on.choice)
}

fn models(reply: &OptimalReply) -> Section {
    let mut section = Section::new("Models", &["Choice", "params", "tokens", "D/N", "cost", "days", "loss", "binds"]);
    for model in &reply.result.models {
        section.row([
            model.choice.clone(),
            show::count(model.params, 3),
            show::count(model.tokens, 3),
            show::number((model.tokens + model.seen_tokens.unwrap_or(0.0)) / model.params, 3),
            show::money(Usd::new(model.cost_usd), 3),
            show::number(model.wall_clock_days, 3),
            show::number(model.loss, 4),
            model.binding.into(),
        ]);
    }
    section
}

/// Training and serving, where the serving has a price.
fn served(reply: &OptimalReply) -> Option<Section> {
    let mut section = Section::new("Trained and served", &["Choice", "training", "serving", "both"]);
    for model in &reply.result.models {
        let serving = model.serving_cost_usd?;
        let money = |dollars: f64| show::money(Usd::new(dollars), 3);
        section.row([model.choice.clone(), money(model.cost_usd), money(serving), money(model.cost_usd + serving)]);
    }
    Some(section)
}

fn buys(reply: &OptimalReply) -> Section {
    let (budget, bought) = (&reply.made_from.budget, &reply.made_from.bought);
    let mut buys = Section::facts("What the budget buys");
    let goes = format!("as far as {} goes", reply.result.binding);
    buys.fact("GPU-hours", show::count(bought.held.gpu_hours(), 4), goes);
    buys.fact("training work", format!("{} FLOP", show::number(bought.work.get(), 4)), "6 x parameters x tokens");
    if reply.result.rl_flop > 0.0 {
        buys.fact("RL work", format!("{} FLOP", show::number(reply.result.rl_flop, 4)), "beside the training work");
    }
    buys.fact("spent", show::usd(bought.spent), "");
    let on = format!("on {}", show::counted(show::chips(budget.chips), "chip"));
    buys.fact("wall-clock", show::duration(bought.wall), on);
    buys
}

fn other_sizes(reply: &OptimalReply) -> Section {
    let mut section =
        Section::new("Other sizes for the same work", &["params", "tokens", "D/N", "loss", ""]).on("sizes");
    for near in &reply.neighbours.size {
        section.row([
            show::count(near.params, 3),
            show::count(near.tokens, 3),
            show::number(near.tokens / near.params, 3),
            show::number(near.loss, 5),
            if near.is_plan { "the least".into() } else { String::new() },
        ]);
    }
    section
}

fn other_work(reply: &OptimalReply) -> Section {
    let heads = ["FLOP", "params", "tokens", "loss", "days", "cost", "holds", ""];
    let mut section = Section::new("Other amounts of work, each with its best model", &heads).on("work");
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    for near in &reply.neighbours.work {
        let yes = if near.holds { "yes" } else { "no" };
        section.row([
            show::number(near.flop, 4),
            show::count(near.params, 3),
            show::count(near.tokens, 3),
            show::number(near.loss, 5),
            or_none(near.days_p50.map(|days| show::number(days, 4))),
            or_none(near.cost_usd_p50.map(|cost| show::money(Usd::new(cost), 4))),
            near.probability.map_or_else(|| yes.into(), show::percent),
            if near.is_plan { "the plan".into() } else { String::new() },
        ]);
    }
    section
}

/// How surely the work is bought.
fn bought_surely(plan: &WorkBlock) -> Vec<String> {
    let error = plan.probability_standard_error;
    let error = if error > 0.0 && error.is_finite() { format!(" ± {}", show::percent(error)) } else { String::new() };
    let mut lines = vec![format!("so much work, in {}{error} of the draws", show::percent(plan.probability))];
    let at = [
        plan.days_at_confidence.map(days),
        plan.cost_usd_at_confidence.map(|cost| format!("{} of {}", dollars(cost), plan.cost_of)),
    ];
    let at: Vec<String> = at.into_iter().flatten().collect();
    let not_more = format!("not more than {} at {}", at.join(" and "), show::percent(plan.confidence));
    lines.extend((!at.is_empty()).then_some(not_more));
    if let (Some(work), Some(loss)) = (&plan.work_flop, &plan.loss) {
        let three = |levels: [Option<f64>; 3], digits: usize| {
            levels.map(|at| at.map_or_else(|| "-".into(), |at| show::number(at, digits))).join(", ")
        };
        lines.push(format!(
            "work that 90, 50 and 10 % of the draws buy: {} FLOP; its least loss: {}",
            three([work.p10, work.p50, work.p90], 4),
            three([loss.p90, loss.p50, loss.p10], 4)
        ));
    }
    lines.push(format!("{} draws, seed {}", plan.draws, plan.seed));
    lines
}
