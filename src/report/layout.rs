//! The view of a search over layouts.

use super::step::chance;
use super::view::{Records, Section, Shown, View};
use crate::answer::layouts::{Candidate, Layouts, memory, words};
use crate::ask::layout::{Found, LayoutReply};
use crate::predict::headroom::reserved;
use crate::units::show;

/// Shows the layouts that were found.
pub fn view(reply: &LayoutReply) -> View {
    let found = &*reply.made_from;
    let mut view = View::with_reply(reply);
    view.title = format!("{} on {} {}", reply.head.name, show::chips(found.chips), found.chip.chip.name);
    view.records = Records::of(&reply.layouts);
    if let Some(best) = found.layouts.best.first() {
        view.summary = summary(best, reply);
        view.sections = vec![short(found), ranking(found), breakdown(best), held(best)];
    }
    view.note("Searched", counts(found));
    view.head_notes(&reply.head);
    view
}

fn summary(best: &Candidate, reply: &LayoutReply) -> String {
    let prediction = &best.prediction;
    let idle = match prediction.idle() {
        0 => String::new(),
        idle => format!(", {} idle", show::counted(show::whole(f64::from(idle)), "chip")),
    };
    let result = &reply.result;
    let own = match reply.unsaid {
        1.0 => String::new(),
        unsaid => format!(
            " That is {} x this very layout: people run others too where nobody gives one.",
            show::number(unsaid, 3)
        ),
    };
    format!(
        "{}: {} a step, {} tokens/s, MFU {} by 6ND, {} with causal attention{idle}.{own}",
        words(&prediction.layout),
        show::duration(prediction.step_time() * reply.unsaid),
        show::count(result.tokens_per_second.unwrap_or(f64::NAN), 3),
        show::percent(result.mfu.unwrap_or(f64::NAN)),
        show::percent(result.mfu_causal.unwrap_or(f64::NAN)),
    )
}

fn ranking(found: &Found) -> Section {
    let columns = ["Layout", "GB", "Fits", "Step", "tok/s/chip", "MFU", "Limited by"];
    let mut section = Section::new("Layouts, the fastest first", &columns).on("layouts");
    section.numeric = vec![1, 2, 3, 4, 5];
    for candidate in &found.layouts.best {
        section.rows.push([row(candidate), vec![limits(candidate)]].concat());
    }
    section
}

/// The same without what limits them.
fn short(found: &Found) -> Section {
    let mut section = Section::new("", &["Layout", "GB", "Fits", "Step", "tok/s/chip", "MFU"]).shown(Shown::Brief);
    section.rows = found.layouts.best.iter().map(row).collect();
    section
}

fn row(candidate: &Candidate) -> Vec<String> {
    let prediction = &candidate.prediction;
    vec![
        words(&prediction.layout),
        show::number(prediction.fit.total.gb(), 3),
        chance(prediction.headroom.probability),
        show::duration(prediction.step_time()),
        show::number(prediction.tokens_per_second() / f64::from(prediction.chips), 3),
        show::percent(candidate.mfu[0].get()),
    ]
}

fn limits(candidate: &Candidate) -> String {
    let name = |(part, share): &(crate::answer::layouts::Part, f64)| format!("{} {:.0} %", part.label, share * 100.0);
    candidate.limits().iter().map(name).collect::<Vec<_>>().join(", ")
}

fn breakdown(best: &Candidate) -> Section {
    let mut section =
        Section::new("One step of the best", &["Part", "Seconds", "Share", "Hidden behind others"]).on("step");
    let prediction = &best.prediction;
    let whole = prediction.step.total();
    for part in &best.parts {
        let hidden = if part.hidden.get() > 0.0 { show::number(part.hidden.get(), 3) } else { String::new() };
        let share = show::percent(part.shown / whole);
        section.row([part.label.to_owned(), show::number(part.shown.get(), 3), share, hidden]);
    }
    let row = |label: &str, value: f64| [label.to_owned(), show::number(value, 4), String::new(), String::new()];
    section.row(row("modelled step", whole.get()));
    if prediction.software != 1.0 {
        section.row(row("step on this software", prediction.step_time().get()));
    }
    section
}

fn held(best: &Candidate) -> Section {
    let fit = &best.prediction.fit;
    let mut section = Section::facts("Memory of its fullest chip").on("memory");
    for (name, bytes) in memory(fit) {
        section.fact(name, format!("{} GB", show::number(bytes.gb(), 3)), "");
    }
    let of = format!("of {} GB; stage {}", show::number(fit.capacity.gb(), 4), fit.worst_stage + 1);
    section.fact("all", format!("{} GB", show::number(fit.total.gb(), 4)), of);
    section.fact(
        "peak",
        format!("{} GB", show::number(reserved(fit).gb(), 4)),
        "as the allocator is likely to report it",
    );
    let headroom = best.prediction.headroom;
    let chance = format!("fits with a probability of {}", chance(headroom.probability));
    section.fact("margin", format!("{} GB", show::number(headroom.margin.gb(), 3)), chance);
    section
}

fn counts(found: &Found) -> Vec<String> {
    let Layouts { considered, fit, timed, .. } = found.layouts;
    let [considered, fit, timed] = [considered, fit, timed].map(|n| show::grouped(&n.to_string()));
    let mut lines = vec![format!("{considered} legal layouts considered, {fit} fit, {timed} timed")];
    lines.push("of a layout only the least recompute that fits counts as one that fits".into());
    if !found.setting.given.is_empty() {
        lines.push("only layouts with the settled degrees and choices were searched".into());
    }
    lines
}
