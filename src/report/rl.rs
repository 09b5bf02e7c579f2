//! The view of a run of reinforcement learning.

use serde::Serialize;

use super::view::{Records, Section, View};
use crate::answer::ranges::{COST, DAYS, GPU_HOURS};
use crate::ask::rl::{DecodePart, RlBlock, RlReply};
use crate::reply::ResultBlock;
use crate::rl::NOT_VALIDATED;
use crate::rl::spread::{SHARE, Spread};
use crate::units::{Chips, Seconds, Usd, show};

/// What each part of a decode step is called.
const PARTS: [(&str, &str); 8] = [
    ("weights", "reading weights"),
    ("cache", "reading caches"),
    ("products", "matrix products"),
    ("attention", "attention"),
    ("kernels", "small kernels"),
    ("tp", "TP traffic"),
    ("ep", "EP traffic"),
    ("engine", "scheduling, sampling"),
];

/// One row for spreadsheets.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    result: &'a ResultBlock,
    #[serde(flatten)]
    rl: &'a RlBlock,
}

/// Shows a run.
pub fn view(reply: &RlReply) -> View {
    View::in_currency(&reply.head, || view_of(reply))
}

fn view_of(reply: &RlReply) -> View {
    let (job, spread) = &*reply.made_from;
    let mut view = View::with_reply(reply);
    let chip = job.learning.chip.as_ref().map_or("", |chip| chip.chip.name.as_str());
    let algorithm = reply.rl.algorithm.to_uppercase();
    view.title = format!("{algorithm} of {} on {} {chip}", reply.head.name, show::chips(job.chips));
    view.summary = summary(reply, spread);
    view.records = Records::of(&[Row { result: &reply.result, rl: &reply.rl }]);
    view.sections = vec![ranges(spread), cycle(reply), responses(reply), decode(&reply.decode)];
    view.say("Not validated", vec![NOT_VALIDATED.to_owned()]);
    let drawn = reply.uncertain.iter().map(|drawn| format!("{} {}", drawn.path, drawn.text));
    let drawn: Vec<String> = drawn.collect();
    view.note(
        "Ranges",
        vec![format!("{} draws, seed {}, of: {}", spread.plan.draws(), spread.plan.seed(), drawn.join("; "))],
    );
    view.head_notes(&reply.head);
    view
}

fn summary(reply: &RlReply, spread: &Spread) -> String {
    let result = &reply.result;
    let hours = |value: f64| show::count(value, 3);
    let [low, high] = [0.1, 0.9].map(|level| hours(spread.level(GPU_HOURS, level)));
    let middle = |p50: Option<f64>, point: Option<f64>| p50.or(point).unwrap_or(f64::NAN);
    let cost = result
        .cost_usd_p50
        .or(result.cost_usd)
        .map(|cost| format!(", {}", show::money(Usd::new(cost), 3)))
        .unwrap_or_default();
    let limit = label(reply.rl.limited_by);
    format!(
        "{} GPU-hours ({low} to {high}, 80 %; not validated): {} on {}{cost}. Writing takes {} of the chip-time; it \
         waits most for {limit}.",
        hours(middle(result.gpu_hours_p50, result.gpu_hours)),
        show::duration(Seconds::from_days(middle(result.wall_clock_days_p50, result.wall_clock_days))),
        show::counted(show::chips(Chips::new(result.chips.unwrap_or(f64::NAN))), "chip"),
        show::percent_to(middle(reply.rl.generation_share_p50, None), 2),
    )
}

fn label(key: &str) -> &str {
    PARTS.iter().find(|(known, _)| *known == key).map_or(key, |(_, label)| label)
}

fn ranges(spread: &Spread) -> Section {
    type Shown = fn(f64) -> String;
    let rows: [(&str, usize, Shown); 4] = [
        ("GPU-hours", GPU_HOURS, |value| show::count(value, 3)),
        ("days", DAYS, |value| show::number(value, 3)),
        ("cost", COST, |value| show::money(Usd::new(value), 3)),
        ("share of writing", SHARE, |value| show::percent_to(value, 2)),
    ];
    let mut section = Section::new("Range", &["", "p10", "p50", "p90"]);
    for (label, output, shown) in rows {
        let levels = [0.1, 0.5, 0.9].map(|level| spread.level(output, level));
        let known = levels.iter().all(|level| level.is_finite());
        let cell = |level: f64| if level == f64::INFINITY { "never".to_owned() } else { shown(level) };
        if known || levels.contains(&f64::INFINITY) {
            let [low, middle, high] = levels.map(cell);
            section.row([label.to_owned(), low, middle, high]);
        }
    }
    section
}

/// One rollout and its updates.
fn cycle(reply: &RlReply) -> Section {
    let rl = &reply.rl;
    let mut section = Section::new("One rollout and its updates", &["Part", "Time", "Share of chip-time"]);
    let scorers = "scoring: forward passes";
    let parts = [
        ("generation: writing responses", rl.generation_seconds, rl.generation_share),
        (scorers, rl.scoring_seconds, rl.scoring_share),
        ("training: the updates", rl.training_seconds, rl.training_share),
        ("sync: new weights, memory", rl.sync_seconds, rl.sync_share),
    ];
    for (label, seconds, share) in parts {
        section.row([label.to_owned(), show::duration(Seconds::new(seconds)), show::percent_to(share, 3)]);
    }
    if rl.asynchronous {
        section.row(["waiting for the others".to_owned(), "-".into(), show::percent_to(rl.waiting_share, 3)]);
    }
    section.row(["from one to the next".to_owned(), show::duration(Seconds::new(rl.cycle_seconds)), String::new()]);
    section
}

/// What is written, and on what.
fn responses(reply: &RlReply) -> Section {
    let rl = &reply.rl;
    let mut section = Section::facts("Responses").on("responses");
    let of = format!("{} rollouts", show::whole(rl.rollouts));
    section.fact("responses", show::count(rl.responses, 3), of);
    section.fact("tokens generated", show::count(rl.tokens_generated, 3), "");
    section.fact("tokens trained on", show::count(rl.tokens_trained, 3), "questions and responses");
    let split = format!("{} engines of {}, TP {}", show::whole(rl.engines), rl.engine_chips, rl.engine_tp);
    section.fact("chips that write", show::whole(rl.writing_chips), split);
    if rl.asynchronous {
        section.fact("chips that learn", show::whole(rl.learning_chips), "");
    }
    let fits = format!("of {} that fit on an engine", show::count(rl.batch_that_fits, 3));
    section.fact("at once", show::number(rl.batch_in_use, 3), fits);
    section.fact("tokens/s", show::count(rl.generated_tokens_per_second, 3), "all chips that write, in the mean");
    if !rl.asynchronous {
        section.fact("tail", show::percent_to(rl.tail_share, 2), "of the writing, with under 10 % of responses left");
    }
    if rl.asynchronous {
        section.fact("staleness", show::number(rl.staleness_rollouts, 2), "rollout at the most");
    }
    section
}

/// What limits the decode steps.
fn decode(parts: &[DecodePart]) -> Section {
    let mut section = Section::new("What the writing waits for", &["Part", "Time", "Share"]).on("decode");
    for part in parts.iter().filter(|part| part.share >= 5e-4) {
        let time = show::duration(Seconds::new(part.seconds));
        section.row([label(part.part).to_owned(), time, show::percent_to(part.share, 3)]);
    }
    section
}
