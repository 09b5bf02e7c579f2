//! The head and the block `result` of a reply about one answer.

use super::{CurrencyReply, Figure, Input, InputValue, Ordered, ReplyHead, ResultBlock, SourceLine};
use crate::answer::Answer;
use crate::answer::narrowed::Narrowed;
use crate::answer::prepared::BATCH;
use crate::answer::ranges::{CHIPS, COST, DAYS, GPU_HOURS, MFU, Spread};
use crate::hardware::price::Term;
use crate::input::field::{Field, Group, idle};
use crate::input::file::{Origin, Spec};
use crate::input::table::FIELDS;
use crate::solve::{Var, flag, name, would_settle};
use crate::uncertainty::montecarlo::Summary;
use crate::units::{Seconds, Usd};

/// Fields that stand between the MFU and other figures.
const OF_CHIPS: &str = "run.chips";
const PARAMS: &str = "run.params";
const ACTIVE: &str = "run.active_params";

/// The head of a reply about one answer.
pub fn head(command: &'static str, answer: &Answer) -> ReplyHead {
    let mut head = ReplyHead::new(command, answer.scenario.name.clone());
    head.inputs = inputs(&answer.spec);
    head.unknown = unknown(answer);
    head.assumptions = answer.assumptions.clone();
    head.warnings = answer.warnings.clone();
    head.warnings.extend(unheard(command, &answer.spec));
    head.sources = sources(answer);
    head.currency = answer.shown.as_ref().map(CurrencyReply::of);
    // Draws that cannot be made are refused where they are asked for.
    if let Ok(Some(narrowed)) = Narrowed::of(answer) {
        head.tell(&narrowed);
    }
    head
}

/// Where the values of an answer are from.
pub fn sources(answer: &Answer) -> Vec<SourceLine> {
    answer.sources.iter().map(|(path, source)| SourceLine::new(path, source)).collect()
}

/// Bills, limits and plans that a question does not look at; a term that is asked for chooses the price. Of reinforcement
/// learning only its own question hears.
pub fn unheard(command: &str, spec: &Spec) -> Vec<String> {
    let bills = matches!(command, "estimate" | "fleet" | "sweep" | "compare") || command.starts_with("plan ");
    let prices = |origin: &Origin| command != "layout" && matches!(origin, Origin::Flag(_));
    let on_spot = command != "layout" && spec.term.as_ref().is_some_and(|term| term.value == Term::Spot);
    let heard = |field: &Field, origin: &Origin| {
        bills || (field.path == "bill.term" && prices(origin)) || (on_spot && field.path.starts_with("spot."))
    };
    let unheard = |field: &&Field| {
        let of_money = matches!(field.path, "region" | "money.currency" | "money.rate") && command == "layout";
        (of_money || !matches!(field.group, Group::Values | Group::Layout | Group::Rl))
            && (field.origin)(spec).is_some_and(|from| !heard(field, from))
    };
    let of_rl = |field: &&Field| command != "rl" && field.group == Group::Rl && (field.origin)(spec).is_some();
    let why = format!("`{command}` neither judges nor bills");
    let unheard = idle(FIELDS.iter().filter(unheard), &why);
    let learned = idle(FIELDS.iter().filter(of_rl), "they are of `flopbill rl`");
    let alone = if bills { without_their_question(spec) } else { Vec::new() };
    unheard.into_iter().chain(learned).chain(alone).collect()
}

/// Fields of the planner's question that are given without what they are about.
fn without_their_question(spec: &Spec) -> Vec<String> {
    let given = |paths: &'static [&'static str]| {
        FIELDS.iter().filter(move |field| paths.contains(&field.path) && (field.origin)(spec).is_some())
    };
    let money = spec.budget.is_some() || spec.max_cost.is_some() || spec.max_cost_p90.is_some();
    let limited = spec.by.is_some() || spec.budget.is_some();
    let joins: &[&str] = &["together", "fleet.burn_in", "fleet.expansion"];
    [
        (spec.deliveries.is_none(), joins, "there are no deliveries"),
        (spec.deliveries.is_none() && spec.by.is_none(), &["start"], "neither deliveries nor a date are asked"),
        (!money, &["budget_of"], "no money is limited"),
        (!limited, &["confidence"], "neither a date nor money is asked"),
    ]
    .into_iter()
    .filter_map(|(alone, paths, why)| idle(given(paths).filter(|_| alone), why))
    .collect()
}

/// What was put in: every field that has a value, with where it is from.
pub fn inputs(spec: &Spec) -> Ordered<Input> {
    let one = |field: &crate::input::field::Field| {
        let (text, origin) = (field.get)(spec)?;
        let value = (field.number)(spec).map_or_else(|| InputValue::Text(text.clone()), InputValue::Number);
        let unit = Some(field.unit_in(spec)).filter(|unit| !unit.is_empty()).map(Into::into);
        Some((field.path.to_owned(), Input { value, unit, text, origin: origin.to_string() }))
    };
    FIELDS.iter().filter_map(one).collect()
}

/// Why a value is not known: what would settle it.
pub fn missing(answer: &Answer, var: Var) -> String {
    let sets = would_settle(&answer.solved.knowns, var);
    let flags: Vec<&str> = sets.iter().filter(|set| set.len() == 1).flatten().map(|var| flag(*var)).collect();
    if flags.is_empty() { String::new() } else { format!("give {}", flags.join(" or ")) }
}

fn unknown(answer: &Answer) -> Ordered<String> {
    let estimate = &answer.estimate;
    let vars = [
        ("chips", Var::Chips, estimate.chips.is_none()),
        ("wall_clock_days", Var::WallClock, estimate.total.wall_clock.is_none()),
        ("cost_usd", Var::Cost, estimate.total.cost.is_none()),
        ("mfu", Var::Mfu, estimate.mfu.is_none()),
    ];
    let reason = |var| match missing(answer, var) {
        hint if hint.is_empty() => format!("the {} does not follow from what is given", name(var)),
        hint => hint,
    };
    let unknown = vars.into_iter().filter(|(_, _, unknown)| *unknown);
    let unknown = unknown.map(|(key, var, _)| (key.to_owned(), reason(var)));
    let no_step =
        ["mfu_causal", "layout"].map(|key| (key.to_owned(), "no predicted step is behind the hours".to_owned()));
    unknown.chain(no_step.into_iter().filter(|_| answer.prediction().is_none())).collect()
}

/// The block `result` of an answer, with percentiles where draws were made.
pub fn block(answer: &Answer, spread: Option<&Spread>) -> ResultBlock {
    let estimate = &answer.estimate;
    let summary = |output: usize| spread.and_then(|spread| spread.summaries.get(output)).filter(|s| varies(s));
    let figure = |value: Option<f64>, output: usize| between(Figure::from(value), summary(output), 1.0);
    let chips = estimate.chips.map(|chips| chips.get());
    let used = answer.prediction().map(|(_, prediction)| f64::from(prediction.used()));
    let mfu = estimate.mfu.map(|mfu| mfu.get());
    // As the MFU does, so rises what these are, unless something else between them is drawn too.
    let of_mfu = |value: Option<f64>, unless: &[&str]| match (value, mfu, summary(MFU)) {
        (Some(value), Some(mfu), Some(summary)) if !answer.varies(unless) => {
            between(Figure::from(value), Some(summary), value / mfu)
        }
        (value, _, _) => Figure::from(value),
    };
    let step = answer.step_time().map(Seconds::get);
    let step = match (step, mfu, summary(MFU)) {
        (Some(step), Some(mfu), Some(summary)) if !answer.varies(&[BATCH, OF_CHIPS, PARAMS, ACTIVE]) => {
            let at = |level: f64| step * mfu / summary.quantile(level).value;
            Figure::from(step).between(at(0.9), at(0.5), at(0.1))
        }
        (step, _, _) => Figure::from(step),
    };
    let block = ResultBlock::default()
        .gpu_hours(figure(Some(estimate.total.held.gpu_hours()), GPU_HOURS))
        .chips(figure(chips, CHIPS))
        .chips_used(used.or(chips))
        .wall_clock_days(figure(estimate.total.wall_clock.map(Seconds::days), DAYS))
        .cost_usd(figure(estimate.total.cost.map(Usd::get), COST))
        .step_seconds(step)
        .tokens_per_second(of_mfu(answer.tokens_per_second(), &[OF_CHIPS, PARAMS, ACTIVE]))
        .mfu(figure(mfu, MFU))
        .mfu_causal(of_mfu(answer.mfu_causal().map(|mfu| mfu.get()), &[PARAMS, ACTIVE]));
    match answer.prediction() {
        Some((_, prediction)) => block.layout(crate::answer::layouts::words(&prediction.layout)),
        None => block,
    }
}

fn between(figure: Figure, summary: Option<&Summary>, scale: f64) -> Figure {
    let Some(summary) = summary else { return figure };
    let [p10, p50, p90] = [0.1, 0.5, 0.9].map(|level| summary.quantile(level).value * scale);
    figure.between(p10, p50, p90)
}

/// Whether an output is known and spreads at all; its p90 may never come.
pub fn varies(summary: &Summary) -> bool {
    let (low, high) = (summary.quantile(0.1).value, summary.quantile(0.9).value);
    low.is_finite() && high > low * (1.0 + 1e-9)
}
