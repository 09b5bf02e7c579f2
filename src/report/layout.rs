//! The view of a search over layouts.

use serde_json::{Map, Value, json};

use super::json::{cell, head, number};
use super::view::{Records, Section, View};
use crate::ask::layouts::{Asked, Candidate, Layouts, RESERVE, memory, words};
use crate::catalog::model::ModelProfile;
use crate::hardware::accelerator::Accelerator;
use crate::layout::parallelism::{Layout, SCHEDULES};
use crate::model::flops::RECOMPUTES;
use crate::units::show;

/// What the share of the peak is a share of.
const BASIS: &str = "dense 16-bit peak, model FLOPs with causal attention";

/// A search with its question.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The model.
    pub model: &'a ModelProfile,
    /// The chip.
    pub chip: &'a Accelerator,
    /// The question.
    pub asked: &'a Asked<'a>,
    /// The answer.
    pub found: &'a Layouts,
    /// What was not given, and what was taken.
    pub said: &'a [String],
}

/// Shows the layouts that were found.
pub fn view(shown: &Shown<'_>) -> View {
    let title = format!("{} on {} {}", shown.model.name, shown.asked.space.chips, shown.chip.name);
    let mut view = View { title, summary: summary(shown), ..View::default() };
    view.sections.push(ranking(shown));
    if let Some(best) = shown.found.best.first() {
        view.sections.push(breakdown(best));
        view.sections.push(held(best));
    }
    view.note("Searched", counts(shown));
    view.note("Assumptions", assumptions(shown));
    view.records = records(shown);
    view.json = machine(shown);
    view
}

fn summary(shown: &Shown<'_>) -> String {
    let Some(best) = shown.found.best.first() else { return String::new() };
    format!(
        "{}: {} a step, {} tokens/s a chip, MFU {}.",
        words(&best.ranked.layout),
        show::duration(best.ranked.step),
        show::number(best.tokens_per_s_per_chip, 3),
        show::percent(best.mfu),
    )
}

fn ranking(shown: &Shown<'_>) -> Section {
    let columns = ["Layout", "GB", "Step", "tok/s/chip", "MFU", "Limited by"];
    let mut section = Section::new("Layouts, the fastest first", &columns);
    section.numeric = vec![1, 2, 3, 4];
    for candidate in &shown.found.best {
        section.row([
            words(&candidate.ranked.layout),
            show::number(candidate.ranked.fit.total.gb(), 3),
            show::duration(candidate.ranked.step),
            show::number(candidate.tokens_per_s_per_chip, 3),
            show::percent(candidate.mfu),
            limits(candidate),
        ]);
    }
    section
}

fn limits(candidate: &Candidate) -> String {
    let name = |(part, share): &(crate::ask::layouts::Part, f64)| format!("{} {:.0} %", part.label, share * 100.0);
    candidate.limits().iter().map(name).collect::<Vec<_>>().join(", ")
}

fn breakdown(best: &Candidate) -> Section {
    let mut section = Section::new("One step of the best", &["Part", "Seconds", "Share", "Hidden behind others"]);
    let step = best.ranked.step.get();
    for part in &best.parts {
        let hidden = if part.hidden > 0.0 { show::number(part.hidden, 3) } else { String::new() };
        let share = show::percent(part.shown / step);
        section.row([part.label.to_owned(), show::number(part.shown, 3), share, hidden]);
    }
    section.row(["step".to_owned(), show::number(step, 4), show::percent(1.0), String::new()]);
    section
}

fn held(best: &Candidate) -> Section {
    let fit = &best.ranked.fit;
    let mut section = Section::facts("Memory of its fullest chip");
    for (name, bytes) in memory(fit) {
        section.fact(name, format!("{} GB", show::number(bytes.gb(), 3)), "");
    }
    let of = format!("of {} GB; stage {}", show::number(fit.capacity.gb(), 4), fit.worst_stage + 1);
    section.fact("all", format!("{} GB", show::number(fit.total.gb(), 4)), of);
    section
}

fn counts(shown: &Shown<'_>) -> Vec<String> {
    let Layouts { considered, fit, timed, .. } = shown.found;
    let [considered, fit, timed] = [considered, fit, timed].map(|n| show::grouped(&n.to_string()));
    let mut lines = vec![format!("{considered} legal layouts considered, {fit} fit, {timed} timed")];
    lines.push("of a layout only the least recompute that fits counts as one that fits".into());
    if !shown.asked.fixed.is_empty() {
        lines.push("only layouts with the settled degrees and choices were searched".into());
    }
    lines
}

fn assumptions(shown: &Shown<'_>) -> Vec<String> {
    let space = &shown.asked.space;
    let batch = f64::from(space.global_batch) * f64::from(space.seq_len);
    let mut lines = shown.said.to_vec();
    let (sequences, length) = (show::grouped(&space.global_batch.to_string()), space.seq_len);
    lines.push(format!("a step is {sequences} sequences of {length} tokens, {} tokens", show::count(batch, 4)));
    lines.push(format!("MFU: {BASIS}"));
    lines.push(format!(
        "{} of the memory and {} GB are set aside, assumed",
        show::percent(RESERVE.share.get()),
        show::number(RESERVE.workspace.gb(), 2)
    ));
    lines.push(format!("fitted factors `{}`; a tuned software stack of 2024 and later", shown.chip.factors));
    lines
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], item: T) -> &'static str {
    names.iter().find(|(_, known)| *known == item).map_or("", |(name, _)| name)
}

/// The degrees and choices of a layout by name, in one order for every format.
fn degrees(layout: &Layout) -> [(&'static str, u32); 7] {
    [
        ("tp", layout.tp),
        ("pp", layout.pp),
        ("vpp", layout.vpp),
        ("cp", layout.cp),
        ("ep", layout.ep),
        ("dp", layout.dp),
        ("micro_batch", layout.micro_batch),
    ]
}

fn records(shown: &Shown<'_>) -> Records {
    let degrees_of = |layout: &Layout| degrees(layout).map(|(_, degree)| degree.to_string());
    let names = degrees(&Layout::single(1)).map(|(name, _)| name);
    let rest = ["zero", "recompute", "schedule", "memory_gb", "step_s", "tokens_per_s_per_chip", "mfu", "limited_by"];
    let columns = std::iter::once("rank").chain(names).chain(rest).map(str::to_owned).collect();
    let row = |(index, candidate): (usize, &Candidate)| {
        let layout = &candidate.ranked.layout;
        let mut cells = vec![(index + 1).to_string()];
        cells.extend(degrees_of(layout));
        cells.push((layout.zero as u8).to_string());
        cells.push(name_of(&RECOMPUTES, layout.recompute).to_owned());
        cells.push(name_of(&SCHEDULES, layout.schedule).to_owned());
        cells.push(cell(Some(candidate.ranked.fit.total.gb())));
        cells.push(cell(Some(candidate.ranked.step.get())));
        cells.push(cell(Some(candidate.tokens_per_s_per_chip)));
        cells.push(cell(Some(candidate.mfu)));
        cells.push(candidate.limits().first().map_or("", |(part, _)| part.key).to_owned());
        cells
    };
    Records { columns, rows: shown.found.best.iter().enumerate().map(row).collect() }
}

/// Everything, for machines.
fn machine(shown: &Shown<'_>) -> Value {
    let space = &shown.asked.space;
    let mut json = head("layout");
    let body = json!({
        "model": shown.model.id,
        "gpu": shown.chip.id,
        "chips": space.chips,
        "global_batch": space.global_batch,
        "global_batch_tokens": number(f64::from(space.global_batch) * f64::from(space.seq_len)),
        "seq_len": space.seq_len,
        "precision": space.precision.name(),
        "states": space.states.name(),
        "factors": shown.chip.factors,
        "mfu_basis": BASIS,
        "assumptions": assumptions(shown),
        "result": {
            "considered": shown.found.considered,
            "fit": shown.found.fit,
            "timed": shown.found.timed,
            "layouts": shown.found.best.iter().map(layout_json).collect::<Vec<_>>(),
        },
    });
    if let (Some(json), Value::Object(body)) = (json.as_object_mut(), body) {
        json.extend(body);
    }
    json
}

fn layout_json(candidate: &Candidate) -> Value {
    let (layout, fit) = (&candidate.ranked.layout, &candidate.ranked.fit);
    let mut json: Map<String, Value> =
        degrees(layout).map(|(name, degree)| (name.to_owned(), degree.into())).into_iter().collect();
    let mut held: Map<String, Value> =
        memory(fit).map(|(name, bytes)| (name.to_owned(), number(bytes.gb()))).into_iter().collect();
    held.insert("total".into(), number(fit.total.gb()));
    held.insert("capacity".into(), number(fit.capacity.gb()));
    let parts: Map<String, Value> = candidate
        .parts
        .iter()
        .map(|part| (part.key.to_owned(), json!({ "seconds": number(part.shown), "hidden_s": number(part.hidden) })))
        .collect();
    let limits = candidate.limits();
    let limit =
        |index: usize| limits.get(index).map(|(part, share)| json!({ "part": part.key, "share": number(*share) }));
    let rest = json!({
        "zero": layout.zero as u8,
        "recompute": name_of(&RECOMPUTES, layout.recompute),
        "schedule": name_of(&SCHEDULES, layout.schedule),
        "sequence_parallel": layout.sequence_parallel,
        "micro_batches": layout.micro_batches(),
        "memory_gb": held,
        "worst_stage": fit.worst_stage,
        "step_s": number(candidate.ranked.step.get()),
        "tokens_per_s_per_chip": number(candidate.tokens_per_s_per_chip),
        "mfu": number(candidate.mfu),
        "limited_by": limit(0),
        "then_by": limit(1),
        "breakdown": parts,
    });
    if let Value::Object(rest) = rest {
        json.extend(rest);
    }
    Value::Object(json)
}
