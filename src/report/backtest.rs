//! The view of a back-test.

use super::step::chance;
use super::view::{Records, Section, View};
use crate::ask::backtest::BacktestReply;
use crate::calibration::after::AfterOne;
use crate::calibration::backtest::{Errors, KindErrors, MemoryReport, RunResult, Skipped, SourceErrors, StepResult};
use crate::calibration::history::{Runs, Steps};
use crate::units::show;

/// Rows that are shown one by one in tables for people; machine formats hold all.
const MOST_ROWS: usize = 20;

/// The rows of machine formats.
const ROWS: [&str; 6] =
    ["/steps/rows", "/runs/rows", "/memory/rows", "/steps/skipped", "/runs/skipped", "/memory/skipped"];

/// Shows what was tested.
pub fn view(reply: &BacktestReply) -> View {
    let mut view = View::with_reply(reply);
    let mut said = Vec::new();
    if let Some(steps) = &reply.steps {
        said.push(said_of_steps(steps));
        show_steps(&mut view, steps);
    }
    if let Some(runs) = &reply.runs {
        said.push(said_of_runs(runs));
        show_runs(&mut view, runs);
    }
    if let Some(memory) = &reply.memory {
        said.push(said_of_memory(memory));
        view.sections.push(memory_section(memory));
    }
    view.summary = said.join(" ");
    let mut notes =
        vec!["an error is predicted over measured, less one; p10 and p90 are of the step on its software".to_owned()];
    notes.push("what a row leaves blank is chosen as for any question; json and csv say what was chosen".into());
    view.note("How it is counted", notes);
    view.note("Skipped", skipped_lines(reply));
    view.records = Records::at(&view.json, &ROWS);
    view
}

fn said_of_steps(steps: &Steps) -> String {
    let (rows, skipped) = (steps.rows.len(), steps.skipped.len());
    let of = |kind: &KindErrors| {
        format!("{} off by {} on average", kind_name(kind.moe), show::percent(kind.errors.mean_abs_error))
    };
    let kinds: Vec<String> = steps.kinds.iter().map(of).collect();
    let ending = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    format!("{rows} steps predicted, {skipped} skipped{ending}.")
}

fn said_of_runs(runs: &Runs) -> String {
    let summary = &runs.summary;
    if summary.n == 0 {
        return "No run could be predicted.".into();
    }
    format!(
        "{} of {} {} within a factor of 1.25, {} within 1.5.",
        show::percent(summary.within_1_25),
        summary.n,
        summary.of,
        show::percent(summary.within_1_5),
    )
}

fn kind_name(moe: bool) -> &'static str {
    if moe { "MoE" } else { "dense" }
}

fn show_steps(view: &mut View, steps: &Steps) {
    // Identifiers' prefixes are short; machine formats have the full names.
    view.sections.push(kinds_section("All steps", &steps.kinds));
    if let Some(left_out) = &steps.leave_one_out {
        let heading = "The same under factors refitted without the source";
        view.sections.push(kinds_section("All steps, refitted without the source", &left_out.kinds));
        view.sections.push(sources_section(heading, &left_out.sources).on("per-source"));
    }
    view.sections.push(sources_section("Steps by source", &steps.by_prefix).on("per-source"));
    if let Some(after) = &steps.after_one {
        view.sections.push(after_section(after));
    }
    if !steps.sweeps.is_empty() {
        let mut section =
            Section::new("Sweeps over layouts", &["Source", "Chip", "n", "Rank correlation"]).on("layouts");
        section.numeric = vec![2, 3];
        for sweep in &steps.sweeps {
            let correlation = format!("{:.3}", sweep.rank_correlation);
            section.row([short(&sweep.source), sweep.gpu.clone(), sweep.n.to_string(), correlation]);
        }
        view.sections.push(section);
    }
    view.sections.push(rows_section(steps));
}

/// Errors before and after one measured step, by kind.
fn after_section(after: &AfterOne) -> Section {
    let heading = format!(
        "After one measured step: means of the sources, {} of one row left out",
        show::counted(after.left_out.to_string(), "source")
    );
    let mut section = Section::new(heading, &["Models", "Measured on", "Sources", "Before", "After", "In 80 %", "k"]);
    section.numeric = (2..7).collect();
    for kind in &after.kinds {
        let on = if kind.of == "within" { "the same chip and model" } else { "another chip or model" };
        let of = &kind.scores;
        let shares = [of.mean_abs_error_before, of.mean_abs_error, of.coverage_80].map(show::percent);
        let [before, error, coverage] = shares;
        section.row([
            kind_name(kind.kind == "moe").to_owned(),
            on.to_owned(),
            kind.n.to_string(),
            before,
            error,
            coverage,
            show::number(of.k, 2),
        ]);
    }
    section
}

/// A long source's first words.
fn short(source: &str) -> String {
    match source.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", source.get(..end).unwrap_or(source).trim_end()),
        None => source.to_owned(),
    }
}

/// A table of errors by source.
pub(super) fn sources_section(heading: &str, sources: &[SourceErrors]) -> Section {
    let columns = ["Source", "Chip", "n", "Mean", "Median", "Max", "Bias", "In 80 %"];
    let mut section = Section::new(heading, &columns);
    section.numeric = (2..columns.len()).collect();
    for of in sources {
        let name = if of.moe { format!("{} (MoE)", short(&of.source)) } else { short(&of.source) };
        section.rows.push([name, of.gpu.clone()].into_iter().chain(cells(&of.errors)).collect());
    }
    section
}

/// A table of errors by kind of model.
pub(super) fn kinds_section(heading: &str, kinds: &[KindErrors]) -> Section {
    let mut section = Section::new(heading, &["Models", "n", "Mean", "Median", "Max", "Bias", "In 80 %"]);
    for kind in kinds {
        let name = kind_name(kind.moe).to_owned();
        section.rows.push(std::iter::once(name).chain(cells(&kind.errors)).collect());
    }
    section
}

/// The cells of some rows' errors.
pub(super) fn cells(of: &Errors) -> [String; 6] {
    let shares = [of.mean_abs_error, of.median_abs_error, of.max_abs_error, of.bias, of.coverage_80];
    let [mean, median, max, bias, covered] = shares.map(show::percent);
    [of.n.to_string(), mean, median, max, bias, covered]
}

/// Every row of a small table, the largest errors of a large one.
fn rows_section(steps: &Steps) -> Section {
    let mut rows: Vec<&StepResult> = steps.rows.iter().collect();
    let few = rows.len() <= MOST_ROWS;
    if !few {
        rows.sort_by(|a, b| b.error.abs().total_cmp(&a.error.abs()));
        rows.truncate(MOST_ROWS / 2);
    }
    let heading = if few { "Steps" } else { "The largest errors" };
    let mut section = Section::new(heading, &["Step", "Measured", "Predicted", "Error", "Chosen"]).on("steps");
    section.numeric = vec![1, 2, 3];
    for row in rows {
        let seconds = |s: f64| format!("{} s", show::number(s, 4));
        let (measured, predicted) = (seconds(row.measured_s), seconds(row.predicted_s));
        section.row([row.id.clone(), measured, predicted, show::percent(row.error), row.choices.join(", ")]);
    }
    section
}

fn show_runs(view: &mut View, runs: &Runs) {
    let summary = &runs.summary;
    let mut section = Section::facts(format!("Hours of {} {}", summary.n, summary.of));
    let facts = [
        ("within 1.25x", summary.within_1_25),
        ("within 1.5x", summary.within_1_5),
        ("within 2x", summary.within_2),
        ("inside p10 to p90", summary.coverage_80),
    ];
    for (label, share) in facts {
        section.fact(label, show::percent(share), if label.starts_with("inside") { "80 % is meant" } else { "" });
    }
    view.sections.push(section);
    let trusted = runs.rows.iter().any(|row| row.tier == "A");
    let wanted = |row: &&RunResult| !trusted || row.tier == "A";
    let mut section = Section::new("Runs, GPU-hours", &["Run", "Published", "p10", "p50", "p90", "Ratio"]).on("runs");
    for row in runs.rows.iter().filter(wanted).take(3 * MOST_ROWS) {
        let hours = |hours: f64| show::count(hours, 3);
        let [published, p10, p50, p90] = [row.published_gpu_hours, row.p10, row.p50, row.p90].map(hours);
        section.row([row.id.clone(), published, p10, p50, p90, format!("{:.2}", row.ratio)]);
    }
    view.sections.push(section);
}

fn said_of_memory(memory: &MemoryReport) -> String {
    let peaks = memory.rows.iter().filter(|row| row.error.is_some()).count();
    format!(
        "{peaks} peaks of memory off by {} on average; of {} layouts that ran or ran out, {} told wrongly.",
        show::percent(memory.mean_abs_error),
        memory.verdicts,
        memory.wrong,
    )
}

/// Every row, with what its peak counts: what was predicted is counted alike.
fn memory_section(memory: &MemoryReport) -> Section {
    let columns = ["Row", "Software", "Peak", "Model", "Error", "Of", "Fits", "It"];
    let mut section = Section::new("Memory of the fullest chip, GiB", &columns);
    section.numeric = vec![2, 3, 4, 5, 6];
    for row in &memory.rows {
        let gib = |value: f64| format!("{value:.1}");
        let ran = row.ran.map_or("", |ran| if ran { "ran" } else { "ran out" });
        section.row([
            row.id.clone(),
            row.stack.clone(),
            row.measured_gib.map_or_else(String::new, gib),
            gib(row.predicted_gib),
            row.error.map_or_else(String::new, show::percent),
            gib(row.of_gib),
            chance(row.fit_probability),
            ran.to_owned(),
        ]);
    }
    section
}

fn skipped_lines(reply: &BacktestReply) -> Vec<String> {
    let steps = reply.steps.iter().flat_map(|steps| &steps.skipped);
    let runs = reply.runs.iter().flat_map(|runs| &runs.skipped);
    let memory = reply.memory.iter().flat_map(|memory| &memory.skipped);
    let all: Vec<&Skipped> = steps.chain(runs).chain(memory).collect();
    let mut lines: Vec<String> =
        all.iter().take(MOST_ROWS).map(|skipped| format!("{}: {}", skipped.id, skipped.reason)).collect();
    if all.len() > MOST_ROWS {
        lines.push(format!("and {} more", all.len() - MOST_ROWS));
    }
    lines
}
