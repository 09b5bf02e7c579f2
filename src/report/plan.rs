//! Plans: an estimate that holds with some confidence, and the best models that a budget buys.

use serde_json::{Value, json};

use super::json::{cell, head, number};
use super::view::{Notes, Records, Section, View};
use crate::answer::confidence::Held;
use crate::scaling::frontier::{Answer, Choice, Limit};
use crate::scaling::{Affordable, Binding, Budget};
use crate::units::{ChipSeconds, Fraction, Seconds, Usd, show};

/// Shows a plan that holds: its estimate, with what was asked above it.
pub fn held(held: &Held, asked: &str, found: &str, confidence: Fraction) -> View {
    let mut view = super::estimate::view(&held.answer);
    let share = show::percent(held.probability.value);
    let error = held.probability.se;
    let error = if error > 0.0 && error.is_finite() { format!(" ± {}", show::percent(error)) } else { String::new() };
    view.summary = format!("{found} {asked} with {} confidence.", show::percent(confidence.get()));
    let mut lines = vec![format!("with this plan, in {share}{error} of the draws")];
    lines.push(match held.answer.prepared.ranges().len() {
        0 => "no value is a range: it holds or does not".into(),
        _ => format!("{} draws, seed {}", held.plan.draws(), held.plan.seed()),
    });
    view.notes.insert(0, Notes { heading: "How sure", lines });
    let (chips, tokens) = (held.answer.estimate.chips, held.answer.solved.knowns.get(crate::solve::Var::Tokens));
    if let Some(json) = view.json.as_object_mut() {
        json.insert("command".into(), "plan".into());
        let plan = json!({
            "chips": super::json::maybe(chips.map(|chips| chips.get())), "tokens": super::json::maybe(tokens),
            "confidence": number(confidence.get()), "probability": number(held.probability.value),
            "probability_standard_error": number(held.probability.se),
            "draws": held.plan.draws(), "seed": held.plan.seed(),
        });
        json.insert("plan".into(), plan);
    }
    view
}

/// What a frontier was asked and answered with.
pub struct Frontier<'a> {
    /// The budget.
    pub budget: &'a Budget,
    /// What it buys.
    pub bought: &'a Affordable,
    /// The answers.
    pub answers: &'a [Answer],
    /// The law's title.
    pub law: &'a str,
    /// The chip's name.
    pub chip: &'a str,
    /// What was assumed, in sentences.
    pub assumptions: Vec<String>,
}

/// Shows the best models for a budget.
pub fn frontier(found: &Frontier<'_>) -> View {
    let Frontier { budget, bought, answers, .. } = found;
    let mut view =
        View { title: format!("The best model for {} on {}", show::usd(budget.money), found.chip), ..View::default() };
    // The least loss needs more data than there is where this one is on the list.
    let limited = answers.iter().find(|answer| answer.choice == Choice::DataLimited);
    if let Some(best) = limited.or(answers.first()) {
        let (params, tokens) = (show::count(best.plan.params.get(), 3), show::count(best.plan.tokens.get(), 3));
        view.summary = format!("{params} parameters on {tokens} tokens: {} binds.", limit(best.limit));
    }
    let mut section = Section::new("Models", &["Choice", "params", "tokens", "D/N", "cost", "days", "loss", "binds"]);
    for answer in *answers {
        let (cost, time) = spent(answer, bought);
        section.row([
            choice(answer.choice),
            show::count(answer.plan.params.get(), 3),
            show::count(answer.plan.tokens.get(), 3),
            show::number(answer.plan.tokens.get() / answer.plan.params.get(), 3),
            show::money(cost, 3),
            show::number(time.days(), 3),
            show::number(answer.plan.loss, 4),
            limit(answer.limit).into(),
        ]);
    }
    let mut buys = Section::facts("What the budget buys");
    buys.fact("GPU-hours", show::count(bought.held.gpu_hours(), 4), binding(bought.binding));
    buys.fact("training work", format!("{} FLOP", show::number(bought.work.get(), 4)), "6 x parameters x tokens");
    buys.fact("spent", show::usd(bought.spent), "");
    let on = format!("on {} chips", show::chips(budget.chips));
    buys.fact("wall-clock", show::duration(bought.wall), on);
    view.sections.extend([section, buys]);
    let mut assumptions = found.assumptions.clone();
    if answers.iter().any(|answer| answer.choice == Choice::WithInference) {
        assumptions.push("with inference: the budget pays for training; serving comes on top".into());
    }
    view.note("Assumptions", assumptions);
    let law =
        format!("{}: its losses rank models against each other and are not losses that you will measure", found.law);
    view.note("The law", vec![law]);
    view.records = records(answers, bought);
    view.json = machine(found);
    view
}

fn spent(answer: &Answer, bought: &Affordable) -> (Usd, Seconds) {
    (bought.spent * answer.used, bought.wall * answer.used)
}

fn choice(choice: Choice) -> String {
    match choice {
        Choice::ComputeOptimal => "least loss".into(),
        Choice::Ratio(ratio) => format!("{} tokens/param", show::number(ratio, 4)),
        Choice::WithInference => "with inference".into(),
        Choice::DataLimited => "all the data".into(),
        Choice::Moe(leverage) => format!("MoE, x {}", show::number(leverage, 3)),
    }
}

fn limit(limit: Limit) -> &'static str {
    match limit {
        Limit::Money => "the money",
        Limit::Time => "chips x time",
        Limit::Data => "the data",
        Limit::Memory => "the memory",
    }
}

fn binding(binding: Binding) -> &'static str {
    match binding {
        Binding::Money => "the money binds",
        Binding::Time => "chips x time binds",
    }
}

fn records(answers: &[Answer], bought: &Affordable) -> Records {
    let columns = ["choice", "params", "tokens", "flop", "cost_usd", "wall_clock_days", "gpu_hours", "loss", "binding"];
    let row = |answer: &Answer| {
        let (cost, time) = spent(answer, bought);
        let hours = bought.held * answer.used;
        let numbers = [
            answer.plan.params.get(),
            answer.plan.tokens.get(),
            answer.plan.work.get(),
            cost.get(),
            time.days(),
            ChipSeconds::gpu_hours(hours),
            answer.plan.loss,
        ];
        let mut row = vec![choice(answer.choice)];
        row.extend(numbers.map(|number| cell(Some(number))));
        row.push(limit(answer.limit).into());
        row
    };
    Records { columns: columns.map(str::to_owned).to_vec(), rows: answers.iter().map(row).collect() }
}

fn machine(found: &Frontier<'_>) -> Value {
    let (budget, bought) = (found.budget, found.bought);
    let mut json = head("plan");
    let answer = |answer: &Answer| {
        let (cost, time) = spent(answer, bought);
        json!({
            "choice": choice(answer.choice), "params": number(answer.plan.params.get()),
            "tokens": number(answer.plan.tokens.get()), "flop": number(answer.plan.work.get()),
            "lifetime_flop": number(answer.lifetime_work.get()), "cost_usd": number(cost.get()),
            "wall_clock_days": number(time.days()), "loss": number(answer.plan.loss), "binding": limit(answer.limit),
        })
    };
    let body = json!({
        "inputs": {
            "budget_usd": number(budget.money.get()), "usd_per_gpu_hour": number(budget.price.usd_per_hour()),
            "chips": number(budget.chips.get()), "days": number(budget.time.days()),
            "peak_flop_per_second": number(budget.peak.get()), "mfu": number(budget.mfu.get()),
            "goodput": number(budget.goodput.get()), "programme": number(budget.programme), "gpu": found.chip,
        },
        "result": {
            "flop": number(bought.work.get()), "gpu_hours": number(bought.held.gpu_hours()),
            "cost_usd": number(bought.spent.get()), "wall_clock_days": number(bought.wall.days()),
            "binding": binding(bought.binding), "models": found.answers.iter().map(answer).collect::<Vec<_>>(),
        },
        "law": found.law,
        "assumptions": found.assumptions,
    });
    if let (Some(json), Value::Object(body)) = (json.as_object_mut(), body) {
        json.extend(body);
    }
    json
}
