//! The view of a back-test.

use serde_json::{Value, json};

use super::json::{cell, head, maybe, number};
use super::view::{Records, Section, View};
use crate::calibration::backtest::{RunResult, RunSummary, Skipped, SourceErrors, StepResult};
use crate::calibration::history::{KindErrors, Runs, Steps};
use crate::units::show;

/// Rows that are shown one by one in tables for people; machine formats hold all.
const MOST_ROWS: usize = 20;

/// Shows what was tested.
pub fn view(steps: Option<&Steps>, runs: Option<&Runs>) -> View {
    let mut view = View { title: "Predictions against what was measured".into(), ..View::default() };
    let mut said = Vec::new();
    if let Some(steps) = steps {
        said.push(said_of_steps(steps));
        show_steps(&mut view, steps);
    }
    if let Some(runs) = runs {
        said.push(said_of_runs(runs));
        show_runs(&mut view, runs);
    }
    view.summary = said.join(" ");
    let mut notes = vec!["an error is predicted over measured, less one".to_owned()];
    notes.push("what a row leaves blank is chosen as the fastest that fits; json and csv say what was chosen".into());
    view.note("How it is counted", notes);
    view.note("Skipped", skipped_lines(steps, runs));
    view.records = records(steps, runs);
    let mut json = head("backtest");
    if let Some(json) = json.as_object_mut() {
        json.insert("steps".into(), steps.map_or(Value::Null, steps_json));
        json.insert("runs".into(), runs.map_or(Value::Null, runs_json));
    }
    view.json = json;
    view
}

fn said_of_steps(steps: &Steps) -> String {
    let (rows, skipped) = (steps.report.rows.len(), steps.report.skipped.len());
    let of = |kind: &KindErrors| {
        let [mean, ..] = kind.errors;
        format!("{} off by {} on average", kind_name(kind.mixture), show::percent(mean))
    };
    let kinds: Vec<String> = steps.kinds.iter().map(of).collect();
    let ending = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    format!("{rows} steps predicted, {skipped} skipped{ending}.")
}

fn said_of_runs(runs: &Runs) -> String {
    let (summary, which) = chosen(runs);
    if summary.n == 0 {
        return "No run could be predicted.".into();
    }
    format!(
        "{} of {} {which} within a factor of 1.25, {} within 1.5.",
        show::percent(summary.within_1_25),
        summary.n,
        show::percent(summary.within_1_5),
    )
}

/// The trusted runs where there are any, else all of them.
fn chosen(runs: &Runs) -> (&RunSummary, &'static str) {
    match runs.report.summary.n {
        0 => (&runs.all, "runs (none is of tier A)"),
        _ => (&runs.report.summary, "runs of tier A"),
    }
}

fn kind_name(mixture: bool) -> &'static str {
    if mixture { "mixtures" } else { "dense" }
}

fn show_steps(view: &mut View, steps: &Steps) {
    // Identifiers' prefixes are short; machine formats have the full names.
    view.sections.push(sources_section("Steps by source", &steps.report.sources));
    if let Some(left_out) = &steps.left_out {
        let heading = "The same under factors refitted without the source";
        view.sections.push(sources_section(heading, &left_out.sources));
        view.sections.push(kinds_section("All steps, refitted without the source", &left_out.kinds));
    }
    view.sections.push(kinds_section("All steps", &steps.kinds));
    if !steps.sweeps.is_empty() {
        let mut section = Section::new("Sweeps over layouts", &["Source", "Chip", "n", "Rank correlation"]);
        section.numeric = vec![2, 3];
        for sweep in &steps.sweeps {
            let correlation = format!("{:.3}", sweep.rank_correlation);
            section.row([short(&sweep.source), sweep.gpu.clone(), sweep.n.to_string(), correlation]);
        }
        view.sections.push(section);
    }
    view.sections.push(rows_section(steps));
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
    let columns = ["Source", "Chip", "n", "Mean", "Median", "Max", "Bias"];
    let mut section = Section::new(heading, &columns);
    section.numeric = vec![2, 3, 4, 5, 6];
    for of in sources {
        let name = if of.mixture { format!("{} (mixtures)", short(&of.source)) } else { short(&of.source) };
        section.row([
            name,
            of.gpu.clone(),
            of.n.to_string(),
            show::percent(of.mean_abs_error),
            show::percent(of.median_abs_error),
            show::percent(of.max_abs_error),
            show::percent(of.bias),
        ]);
    }
    section
}

/// A table of errors by kind of model.
pub(super) fn kinds_section(heading: &str, kinds: &[KindErrors]) -> Section {
    let mut section = Section::new(heading, &["Models", "n", "Mean", "Median", "Max", "Bias"]);
    for kind in kinds {
        let [mean, median, max, bias] = kind.errors.map(show::percent);
        section.row([kind_name(kind.mixture).to_owned(), kind.n.to_string(), mean, median, max, bias]);
    }
    section
}

/// Every row of a small table, the largest errors of a large one.
fn rows_section(steps: &Steps) -> Section {
    let mut rows: Vec<&StepResult> = steps.report.rows.iter().collect();
    let few = rows.len() <= MOST_ROWS;
    if !few {
        rows.sort_by(|a, b| b.error.abs().total_cmp(&a.error.abs()));
        rows.truncate(MOST_ROWS / 2);
    }
    let heading = if few { "Steps" } else { "The largest errors" };
    let mut section = Section::new(heading, &["Step", "Measured", "Predicted", "Error", "Chosen"]);
    section.numeric = vec![1, 2, 3];
    for row in rows {
        let seconds = |s: f64| format!("{} s", show::number(s, 4));
        let (measured, predicted) = (seconds(row.measured_s), seconds(row.predicted_s));
        section.row([row.id.clone(), measured, predicted, show::percent(row.error), row.choices.join(", ")]);
    }
    section
}

fn show_runs(view: &mut View, runs: &Runs) {
    let (summary, which) = chosen(runs);
    let mut section = Section::facts(format!("Hours of {} {which}", summary.n));
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
    let trusted = runs.report.summary.n > 0;
    let wanted = |row: &&RunResult| !trusted || row.tier == "A";
    let mut section = Section::new("Runs, GPU-hours", &["Run", "Published", "p10", "p50", "p90", "Ratio"]);
    for row in runs.report.rows.iter().filter(wanted).take(3 * MOST_ROWS) {
        let hours = |hours: f64| show::count(hours, 3);
        let (published, ratio) = (hours(row.published_gpu_hours), row.p50 / row.published_gpu_hours);
        section.row([row.id.clone(), published, hours(row.p10), hours(row.p50), hours(row.p90), format!("{ratio:.2}")]);
    }
    view.sections.push(section);
}

fn skipped<'a>(steps: Option<&'a Steps>, runs: Option<&'a Runs>) -> impl Iterator<Item = &'a Skipped> {
    let steps = steps.into_iter().flat_map(|steps| &steps.report.skipped);
    steps.chain(runs.into_iter().flat_map(|runs| &runs.report.skipped))
}

fn skipped_lines(steps: Option<&Steps>, runs: Option<&Runs>) -> Vec<String> {
    let all: Vec<&Skipped> = skipped(steps, runs).collect();
    let mut lines: Vec<String> =
        all.iter().take(MOST_ROWS).map(|skipped| format!("{}: {}", skipped.id, skipped.reason)).collect();
    if all.len() > MOST_ROWS {
        lines.push(format!("and {} more", all.len() - MOST_ROWS));
    }
    lines
}

fn records(steps: Option<&Steps>, runs: Option<&Runs>) -> Records {
    let columns = [
        "kind",
        "id",
        "source",
        "gpu",
        "tier",
        "measured_s",
        "predicted_s",
        "error",
        "error_left_out",
        "published_gpu_hours",
        "p10",
        "p50",
        "p90",
        "choices",
        "skipped",
    ];
    let mut rows = Vec::new();
    if let Some(steps) = steps {
        let left_out = |id: &str| steps.left_out.as_ref().and_then(|left_out| left_out.errors.get(id).copied());
        for row in &steps.report.rows {
            let mut cells = vec!["step".into(), row.id.clone(), row.source.clone(), row.gpu.clone(), String::new()];
            cells.extend([row.measured_s, row.predicted_s, row.error].map(|x| cell(Some(x))));
            cells.push(cell(left_out(&row.id)));
            cells.extend([const { String::new() }; 4]);
            cells.extend([row.choices.join("; "), String::new()]);
            rows.push(cells);
        }
    }
    for row in runs.into_iter().flat_map(|runs| &runs.report.rows) {
        let mut cells = vec!["run".into(), row.id.clone(), String::new(), String::new(), row.tier.clone()];
        cells.extend([const { String::new() }; 4]);
        cells.extend([row.published_gpu_hours, row.p10, row.p50, row.p90].map(|x| cell(Some(x))));
        cells.extend([row.choices.join("; "), String::new()]);
        rows.push(cells);
    }
    for row in skipped(steps, runs) {
        let mut cells = vec!["skipped".into(), row.id.clone()];
        cells.extend([const { String::new() }; 12]);
        cells.push(row.reason.clone());
        rows.push(cells);
    }
    Records { columns: columns.map(str::to_owned).to_vec(), rows }
}

fn steps_json(steps: &Steps) -> Value {
    let left_out = steps.left_out.as_ref();
    let row = |row: &StepResult| {
        let mut json = json!({
            "id": row.id,
            "source": row.source,
            "gpu": row.gpu,
            "measured_s": number(row.measured_s),
            "predicted_s": number(row.predicted_s),
            "error": number(row.error),
            "mixture": row.mixture,
            "choices": row.choices,
        });
        if let (Some(left_out), Some(json)) = (left_out, json.as_object_mut()) {
            json.insert("error_left_out".into(), maybe(left_out.errors.get(&row.id).copied()));
        }
        json
    };
    let mut json = json!({
        "rows": steps.report.rows.iter().map(row).collect::<Vec<_>>(),
        "sources": steps.sources.iter().map(source_json).collect::<Vec<_>>(),
        "skipped": skipped_json(&steps.report.skipped),
        "kinds": steps.kinds.iter().map(kind_json).collect::<Vec<_>>(),
        "sweeps": steps.sweeps.iter().map(|sweep| json!({
            "source": sweep.source,
            "gpu": sweep.gpu,
            "n": sweep.n,
            "rank_correlation": number(sweep.rank_correlation),
        })).collect::<Vec<_>>(),
    });
    if let (Some(left_out), Some(json)) = (left_out, json.as_object_mut()) {
        let value = json!({
            "sources": left_out.sources.iter().map(source_json).collect::<Vec<_>>(),
            "kinds": left_out.kinds.iter().map(kind_json).collect::<Vec<_>>(),
        });
        json.insert("leave_one_out".into(), value);
    }
    json
}

/// The errors of one source.
pub(super) fn source_json(of: &SourceErrors) -> Value {
    json!({
        "source": of.source,
        "gpu": of.gpu,
        "mixture": of.mixture,
        "n": of.n,
        "mean_abs_error": number(of.mean_abs_error),
        "median_abs_error": number(of.median_abs_error),
        "max_abs_error": number(of.max_abs_error),
        "bias": number(of.bias),
    })
}

/// The errors of one kind of model.
pub(super) fn kind_json(kind: &KindErrors) -> Value {
    let [mean, median, max, bias] = kind.errors.map(number);
    json!({
        "kind": if kind.mixture { "mixture" } else { "dense" },
        "n": kind.n,
        "mean_abs_error": mean,
        "median_abs_error": median,
        "max_abs_error": max,
        "bias": bias,
    })
}

/// Rows that were skipped, each with the reason.
pub(super) fn skipped_json(rows: &[Skipped]) -> Value {
    rows.iter().map(|row| json!({ "id": row.id, "reason": row.reason })).collect()
}

fn runs_json(runs: &Runs) -> Value {
    let row = |row: &RunResult| {
        json!({
            "id": row.id,
            "tier": row.tier,
            "published_gpu_hours": number(row.published_gpu_hours),
            "p10": number(row.p10),
            "p50": number(row.p50),
            "p90": number(row.p90),
            "ratio": number(row.p50 / row.published_gpu_hours),
            "choices": row.choices,
        })
    };
    let (summary, which) = chosen(runs);
    json!({
        "rows": runs.report.rows.iter().map(row).collect::<Vec<_>>(),
        "summary": summary_json(summary, which),
        "all": summary_json(&runs.all, "all runs"),
        "skipped": skipped_json(&runs.report.skipped),
    })
}

fn summary_json(summary: &RunSummary, of: &str) -> Value {
    // A share of nothing is not zero.
    let share = |share: f64| maybe((summary.n > 0).then_some(share));
    json!({
        "of": of,
        "n": summary.n,
        "within_1_25": share(summary.within_1_25),
        "within_1_5": share(summary.within_1_5),
        "within_2": share(summary.within_2),
        "coverage_80": share(summary.coverage_80),
    })
}
