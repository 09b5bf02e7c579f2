//! The views of a calibration.

use serde_json::{Value, json};

use super::backtest::{kind_json, kinds_section, skipped_json, source_json, sources_section};
use super::json::{cell, head, number};
use super::view::{Records, Section, View};
use crate::calibration::backtest::Skipped;
use crate::calibration::calibrate::Report;
use crate::calibration::history::kinds;
use crate::calibration::microbench::Settled;
use crate::calibration::refit::{Generated, Refitted};
use crate::catalog::measurement::Measurement;
use crate::units::show;

/// Steps of the user's that are shown one by one.
const MOST_STEPS: usize = 30;

/// Shows whether the shipped rows give the values in the profiles.
pub fn reproduced_view(report: &Report, all: &[Generated], written: &[String]) -> View {
    let missed: Vec<String> = all
        .iter()
        .filter(|one| !one.reproduced())
        .map(|one| format!("{} differs in {}", one.name, one.compared.iter().filter(|factor| !factor.same).count()))
        .collect();
    let summary = match missed.len() {
        0 => "The shipped measurements give the values in the profiles.".to_owned(),
        _ => format!("The shipped measurements do not give the values in the profiles: {}.", missed.join(", ")),
    };
    let mut view = View { title: "Factors refitted to the shipped measurements".into(), summary, ..View::default() };
    view.sections.extend(all.iter().map(generated_section));
    view.sections.push(kinds_section("Steps the factors were fitted to", &kinds(&report.in_sample.rows)));
    view.sections.push(kinds_section("Steps, each source left out of its fit", &kinds(&report.leave_one_out.rows)));
    view.sections.push(sources_section("The same by source", &report.leave_one_out.sources));
    view.note("Held", all.iter().map(held).collect());
    view.note("On a bound", all.iter().flat_map(parked).collect());
    view.note("Written", written.to_vec());
    view.records = compared_records(all);
    let generations: Value = all.iter().map(generated_json).collect();
    let errors = |report: &crate::calibration::backtest::StepReport| {
        json!({
            "kinds": kinds(&report.rows).iter().map(kind_json).collect::<Vec<_>>(),
            "sources": report.sources.iter().map(source_json).collect::<Vec<_>>(),
        })
    };
    view.json = with(json!({
        "reproduced": all.iter().all(Generated::reproduced),
        "generations": generations,
        "in_sample": errors(&report.in_sample),
        "leave_one_out": errors(&report.leave_one_out),
        "skipped": skipped_json(&report.leave_one_out.skipped),
        "written": written,
    }));
    view
}

fn with(body: Value) -> Value {
    let mut json = head("calibrate");
    if let (Some(json), Value::Object(body)) = (json.as_object_mut(), body) {
        json.extend(body);
    }
    json
}

fn generated_section(one: &Generated) -> Section {
    let heading = format!("{}, fitted to {} steps", one.name, one.rows);
    let mut section = Section::new(heading, &["Factor", "Profile", "Refitted", "Difference", ""]);
    section.numeric = vec![1, 2, 3];
    for factor in one.compared.iter().filter(|factor| factor.fitted || !factor.same) {
        let difference =
            if factor.same { "none".into() } else { show::percent(factor.refitted / factor.committed - 1.0) };
        section.row([
            factor.factor.to_owned(),
            show::number(factor.committed, 4),
            show::number(factor.refitted, 4),
            difference,
            if factor.on_bound { "on a bound".into() } else { String::new() },
        ]);
    }
    section
}

fn held(one: &Generated) -> String {
    let held = one.compared.iter().filter(|factor| !factor.fitted).map(|factor| factor.factor);
    format!("{}: {} are assumptions, not fitted", one.name, held.collect::<Vec<_>>().join(", "))
}

fn parked(one: &Generated) -> Option<String> {
    let parked: Vec<&str> = one.compared.iter().filter(|factor| factor.on_bound).map(|factor| factor.factor).collect();
    (!parked.is_empty()).then(|| format!("{}: {}: the model lacks a term there", one.name, parked.join(", ")))
}

fn compared_records(all: &[Generated]) -> Records {
    let columns = ["generation", "factor", "profile", "refitted", "same", "fitted", "on_bound"];
    let row = |one: &Generated| {
        let name = one.name.to_owned();
        let cells = move |factor: &crate::calibration::refit::Compared| {
            vec![
                name.clone(),
                factor.factor.to_owned(),
                cell(Some(factor.committed)),
                cell(Some(factor.refitted)),
                factor.same.to_string(),
                factor.fitted.to_string(),
                factor.on_bound.to_string(),
            ]
        };
        one.compared.iter().map(cells).collect::<Vec<_>>()
    };
    Records { columns: columns.map(str::to_owned).to_vec(), rows: all.iter().flat_map(row).collect() }
}

fn generated_json(one: &Generated) -> Value {
    let factors = one.compared.iter().map(|factor| {
        json!({
            "factor": factor.factor,
            "profile": number(factor.committed),
            "refitted": number(factor.refitted),
            "same": factor.same,
            "fitted": factor.fitted,
            "on_bound": factor.on_bound,
        })
    });
    json!({
        "generation": one.name,
        "rows": one.rows,
        "reproduced": one.reproduced(),
        "factors": factors.collect::<Vec<_>>(),
    })
}

/// Shows the factors refitted to a user's steps.
pub fn refitted_view(all: &[Refitted], skipped: &[Skipped], written: &[String]) -> View {
    let said: Vec<String> = all.iter().map(said).collect();
    let mut view = View { title: "Factors refitted to your steps".into(), summary: said.join(" "), ..View::default() };
    for one in all {
        let mut section = Section::new(&one.name, &["Factor", "Old", "New", "Change"]);
        for (factor, old, new, _) in &one.changed {
            let (before, after) = (show::number(*old, 4), show::number(*new, 4));
            section.row([(*factor).to_owned(), before, after, show::percent(new / old - 1.0)]);
        }
        view.sections.push(section);
        view.sections.push(errors_section(one));
        view.sections.push(steps_section(one));
    }
    view.note("Skipped", skipped.iter().take(MOST_STEPS).map(|row| format!("{}: {}", row.id, row.reason)).collect());
    let shared = "the factors of a generation hold for all its chips; the others stay, and those named are held near their present values";
    view.note("How it is fitted", vec![shared.to_owned()]);
    view.note("Written", written.to_vec());
    view.records = refitted_records(all);
    view.json = with(json!({
        "generations": all.iter().map(refitted_json).collect::<Vec<_>>(),
        "skipped": skipped_json(skipped),
        "written": written,
    }));
    view
}

fn said(one: &Refitted) -> String {
    let [[before, ..], [after, ..]] = one.errors;
    format!(
        "{}: {} steps, off by {} on average before and {} after.",
        one.name,
        one.steps.len(),
        show::percent(before),
        show::percent(after)
    )
}

fn errors_section(one: &Refitted) -> Section {
    let mut section = Section::new("Errors", &["", "Mean", "Median", "Max", "Bias"]);
    for (label, errors) in ["before", "after"].into_iter().zip(one.errors) {
        let [mean, median, max, bias] = errors.map(show::percent);
        section.row([label.to_owned(), mean, median, max, bias]);
    }
    section
}

fn steps_section(one: &Refitted) -> Section {
    let mut section = Section::new("Steps", &["Step", "Measured", "Before", "After", "Chosen"]);
    section.numeric = vec![1, 2, 3];
    for (id, measured, before, after, choices) in one.steps.iter().take(MOST_STEPS) {
        let measured = format!("{} s", show::number(*measured, 4));
        section.row([id.clone(), measured, show::percent(*before), show::percent(*after), choices.join(", ")]);
    }
    section
}

fn refitted_records(all: &[Refitted]) -> Records {
    let columns = ["generation", "factor", "old", "new", "on_bound"];
    let row = |one: &Refitted| {
        let name = one.name.as_str();
        let cells = move |(factor, old, new, on_bound): &(&'static str, f64, f64, bool)| {
            vec![name.to_owned(), (*factor).to_owned(), cell(Some(*old)), cell(Some(*new)), on_bound.to_string()]
        };
        one.changed.iter().map(cells).collect::<Vec<_>>()
    };
    Records { columns: columns.map(str::to_owned).to_vec(), rows: all.iter().flat_map(row).collect() }
}

fn refitted_json(one: &Refitted) -> Value {
    let errors = |[mean, median, max, bias]: [f64; 4]| {
        json!({
            "mean_abs_error": number(mean),
            "median_abs_error": number(median),
            "max_abs_error": number(max),
            "bias": number(bias),
        })
    };
    let [before, after] = one.errors.map(errors);
    let factor = |(factor, old, new, on_bound): &(&'static str, f64, f64, bool)| json!({ "factor": factor, "old": number(*old), "new": number(*new), "on_bound": on_bound });
    let step = |(id, measured, before, after, choices): &(String, f64, f64, f64, Vec<String>)| {
        json!({
            "id": id,
            "measured_s": number(*measured),
            "error_before": number(*before),
            "error_after": number(*after),
            "choices": choices,
        })
    };
    json!({
        "generation": one.name,
        "factors": one.changed.iter().map(factor).collect::<Vec<_>>(),
        "before": before,
        "after": after,
        "steps": one.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

/// Shows the factors that a chip's single operations settle.
pub fn measured_view(measured: &Measurement, generation: &str, settled: &[Settled], written: &[String]) -> View {
    let versions: Vec<String> = measured.versions.iter().map(|(what, version)| format!("{what} {version}")).collect();
    let title = format!("Factors settled by {}", measured.name);
    let summary = format!(
        "{} operations on {}, {}, settle {} factors of `{generation}`.",
        measured.operations.len(),
        measured.gpu,
        measured.date,
        settled.len()
    );
    let mut view = View { title, summary, ..View::default() };
    let columns = ["Factor", "n", "Old", "New", "Error before", "Error after"];
    let mut section = Section::new(generation, &columns);
    for one in settled {
        section.row([
            one.factor.to_owned(),
            one.n.to_string(),
            show::number(one.old, 4),
            show::number(one.new, 4),
            show::percent(one.error_before),
            show::percent(one.error_after),
        ]);
    }
    view.sections.push(section);
    view.note("Measured with", versions);
    let kinds =
        "errors are means of absolute values over the operations; the factors of a generation hold for all its chips";
    view.note("How it is fitted", vec![kinds.to_owned()]);
    view.note("Written", written.to_vec());
    let columns = ["factor", "n", "old", "new", "error_before", "error_after", "on_bound"];
    view.records.columns = columns.map(str::to_owned).to_vec();
    for one in settled {
        let mut cells = vec![one.factor.to_owned(), one.n.to_string()];
        cells.extend([one.old, one.new, one.error_before, one.error_after].map(|value| cell(Some(value))));
        cells.push(one.on_bound.to_string());
        view.records.rows.push(cells);
    }
    view.json = with(json!({
        "name": measured.name,
        "gpu": measured.gpu,
        "date": measured.date,
        "generation": generation,
        "factors": settled.iter().map(settled_json).collect::<Vec<_>>(),
        "written": written,
    }));
    view
}

fn settled_json(one: &Settled) -> Value {
    json!({
        "factor": one.factor,
        "n": one.n,
        "old": number(one.old),
        "new": number(one.new),
        "error_before": number(one.error_before),
        "error_after": number(one.error_after),
        "on_bound": one.on_bound,
    })
}
