//! The view of a conversion between chips.

use super::step::seconds;
use super::view::{Records, Section, View};
use crate::answer::layouts::{Part, parts, words};
use crate::answer::ranges::{COST, DAYS, GPU_HOURS};
use crate::ask::convert::{Conversion, ConvertReply, Reasons};
use crate::predict::transfer::Moved;
use crate::units::{Usd, show};

/// The levels that are shown.
const LEVELS: [&str; 3] = ["p10", "p50", "p90"];

/// Shows a conversion.
pub fn view(reply: &ConvertReply) -> View {
    View::in_currency(&reply.head, || view_of(reply))
}

fn view_of(reply: &ConvertReply) -> View {
    let moved = &*reply.made_from;
    let (from, to) = (&moved.from.chip.name, &moved.to.chip.name);
    let hours = moved.after.estimate.total.held.gpu_hours();
    let [low, _, high] = moved.levels(GPU_HOURS).map(|hours| show::count(hours, 3));
    let range = if moved.spread.is_some() { format!(" ({low} to {high}, 80 %)") } else { String::new() };
    let mut view = View::with_reply(reply);
    view.title = format!("{} from {from} to {to}", reply.head.name);
    view.summary = format!(
        "{} GPU-hours on {to}{range}: {} x the hours on {from}.",
        show::count(hours, 3),
        show::number(hours / moved.before.estimate.total.held.gpu_hours(), 3)
    );
    view.sections.push(table(moved));
    match &moved.reasons {
        Some(why) => {
            view.sections.push(parts_of_both(&why.step));
            view.note("How it was moved", notes(why, to));
        }
        None => view.note("How it was moved", vec!["the hours or the MFU are held: no step is laid out".into()]),
    }
    view.head_notes(&reply.head);
    view.records = records(moved);
    view
}

fn notes(why: &Reasons, to: &str) -> Vec<String> {
    let residual = show::number(why.residual, 3);
    let mut notes = vec![
        format!("residual of the run: {residual} x the hours of its steps alone, carried over to {to}"),
        format!("geometric spread of the ratio: {}", show::number(why.step.spread, 2)),
        format!("best layout there: {}", words(&why.step.after.layout)),
    ];
    if (why.beyond - 1.0).abs() > 1e-3 {
        let beyond = show::number(why.beyond, 3);
        notes.insert(1, format!("software, settings that nobody gave and downtime there: {beyond} x those here"));
    }
    let idle = why.step.after.idle();
    if idle > 0 {
        notes.push(format!("{idle} of the chips there are held idle: no layout that uses them is faster"));
    }
    if let Err(error) = &why.same {
        notes.push(format!("the run's own layout cannot be kept: {}", error.message()));
    }
    notes
}

fn table(moved: &Conversion) -> Section {
    let mut section = Section::new("Hours", &["", "GPU-hours", "Days", "Chips", "Cost"]);
    let unknown = || "-".to_owned();
    let (before, after) = (&moved.before, &moved.after);
    let total = before.estimate.total;
    section.row([
        format!("as it was, on {}", moved.from.chip.id),
        show::count(total.held.gpu_hours(), 4),
        total.wall_clock.map_or_else(unknown, |wall| show::number(wall.days(), 4)),
        before.estimate.chips.map_or_else(unknown, |chips| show::whole(chips.get())),
        total.cost.map_or_else(unknown, show::usd),
    ]);
    let chips = after.estimate.chips.map_or_else(unknown, |chips| show::whole(chips.get()));
    let [hours, days, costs] = [GPU_HOURS, DAYS, COST].map(|output| moved.levels(output));
    let cell = |value: f64, shown: fn(f64) -> String| if value.is_finite() { shown(value) } else { unknown() };
    let shown = if moved.spread.is_some() { LEVELS.len() } else { 1 };
    for (level, ((hours, days), cost)) in LEVELS.iter().zip(hours.into_iter().zip(days).zip(costs)).take(shown) {
        let level = if shown > 1 { format!(", {level}") } else { String::new() };
        section.row([
            format!("on {}{level}", moved.to.chip.id),
            cell(hours, |hours| show::count(hours, 4)),
            cell(days, |days| show::number(days, 4)),
            chips.clone(),
            cell(cost, |cost| show::usd(Usd::new(cost))),
        ]);
    }
    if let Some(hours) = moved.reasons.as_ref().and_then(|why| why.same_hours) {
        let wall = after.estimate.chips.map(|chips| hours / chips);
        section.row([
            "in the run's own layout".into(),
            show::count(hours.gpu_hours(), 4),
            wall.map_or_else(unknown, |wall| show::number(wall.days(), 4)),
            chips,
            after.scenario.terms.price.map_or_else(unknown, |price| show::usd(hours * price)),
        ]);
    }
    section
}

/// Which parts of the step shrank, and which did not.
fn parts_of_both(step: &Moved) -> Section {
    let mut section = Section::new("Why: the parts of one step", &["Part", "before", "after", "ratio"]).on("step");
    let (before, after) = (&step.before, &step.after);
    let shares = before.tokens_per_step() / after.tokens_per_step(); // for as many tokens as before
    let whole = before.step.total().get();
    let (old, new) = (parts(&before.step), parts(&after.step));
    let of = |parts: &[Part], key: &str| parts.iter().find(|part| part.key == key).map_or(0.0, |part| part.shown.get());
    let gone = new.iter().filter(|part| !old.iter().any(|other| other.key == part.key));
    for part in old.iter().chain(gone) {
        let (before, after) = (of(&old, part.key), of(&new, part.key) * shares);
        if before.max(after) < whole * 5e-4 {
            continue;
        }
        let ratio = if before > 0.0 { show::number(after / before, 3) } else { "-".into() };
        section.row([part.label.into(), seconds(before), seconds(after), ratio]);
    }
    let (before, after) = (before.step.total(), after.step.total() * shares);
    section.row(["step".into(), show::duration(before), show::duration(after), show::number(after / before, 3)]);
    section
}

fn records(moved: &Conversion) -> Records {
    let columns = ["name", "from", "to", "level", "gpu_hours", "wall_clock_days", "chips", "cost_usd", "ratio"];
    let [hours, days, costs] = [GPU_HOURS, DAYS, COST].map(|output| moved.levels(output));
    let own = moved.before.estimate.total.held.gpu_hours();
    let cell = |value: f64| super::json::cell(Some(value));
    let row = |(level, ((hours, days), cost)): (&&str, ((f64, f64), f64))| {
        vec![
            moved.before.scenario.name.clone(),
            moved.from.chip.id.clone(),
            moved.to.chip.id.clone(),
            (*level).to_owned(),
            cell(hours),
            cell(days),
            super::json::cell(moved.after.estimate.chips.map(|chips| chips.get())),
            cell(cost),
            cell(hours / own),
        ]
    };
    let levels = hours.into_iter().zip(days).zip(costs);
    Records { columns: columns.map(str::to_owned).to_vec(), rows: LEVELS.iter().zip(levels).map(row).collect() }
}
