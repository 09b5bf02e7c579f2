//! The views of a calibration.

use serde::Serialize;

use super::backtest::{cells, kinds_section, sources_section};
use super::view::{Records, Section, View};
use crate::ask::calibrate::CalibrateReply;
use crate::calibration::backtest::Skipped;
use crate::calibration::fitted::Fitted;
use crate::calibration::history::ErrorTables;
use crate::calibration::microbench::Settled;
use crate::calibration::refit::{Generated, Refitted};
use crate::catalog::measurement::Measurement;
use crate::units::show;

/// Steps of the user's that are shown one by one.
const MOST_STEPS: usize = 30;

/// Shows what was fitted.
pub fn view(reply: &CalibrateReply) -> View {
    let mut view = View::with_reply(reply);
    match &reply.fitted {
        Fitted::Shipped { generations, in_sample, leave_one_out, .. } => {
            reproduced(&mut view, generations, in_sample, leave_one_out);
        }
        Fitted::Steps { generations, skipped } => refitted(&mut view, generations, skipped),
        Fitted::Operations { generation, factors, measured, .. } => settled(&mut view, measured, generation, factors),
    }
    view.say("Written", reply.written.clone());
    view
}

/// A row of the machine's table: a factor with its family.
#[derive(Serialize)]
struct Row<'a, T> {
    generation: &'a str,
    #[serde(flatten)]
    factor: &'a T,
}

fn records<'a, T: Serialize + 'a>(all: impl Iterator<Item = (&'a str, &'a [T])>) -> Records {
    let rows = all.flat_map(|(generation, factors)| factors.iter().map(move |factor| Row { generation, factor }));
    Records::of(&rows.collect::<Vec<_>>())
}

/// Whether the shipped rows give the values in the profiles.
fn reproduced(view: &mut View, all: &[Generated], in_sample: &ErrorTables, leave_one_out: &ErrorTables) {
    let missed: Vec<String> = all
        .iter()
        .filter(|one| !one.reproduced)
        .map(|one| format!("{} differs in {}", one.name, one.compared.iter().filter(|factor| !factor.same).count()))
        .collect();
    view.title = "Factors refitted to the shipped measurements".into();
    view.summary = match missed.len() {
        0 => "The shipped measurements give the values in the profiles.".to_owned(),
        _ => format!("The shipped measurements do not give the values in the profiles: {}.", missed.join(", ")),
    };
    view.sections.extend(all.iter().map(generated_section));
    view.sections.push(kinds_section("Steps the factors were fitted to", &in_sample.kinds));
    view.sections.push(kinds_section("Steps, each source left out of its fit", &leave_one_out.kinds));
    view.sections.push(sources_section("The same by source", &leave_one_out.sources));
    let spread =
        "the standard deviation of a factor's logarithm, from the curvature of the fit with its priors".to_owned();
    view.note("Spread", vec![spread]);
    view.note("Held", all.iter().map(held).collect());
    view.note("On a bound", all.iter().flat_map(parked).collect());
    view.records = records(all.iter().map(|one| (one.name.as_str(), one.compared.as_slice())));
}

fn generated_section(one: &Generated) -> Section {
    let heading = format!("{}, fitted to {} steps", one.name, one.rows);
    let mut section = Section::new(heading, &["Factor", "Profile", "Refitted", "Difference", "Spread", ""]);
    section.numeric = vec![1, 2, 3, 4];
    for factor in one.compared.iter().filter(|factor| factor.fitted || !factor.same) {
        let difference =
            if factor.same { "none".into() } else { show::percent(factor.refitted / factor.committed - 1.0) };
        section.row([
            factor.factor.to_owned(),
            show::number(factor.committed, 4),
            show::number(factor.refitted, 4),
            difference,
            factor.spread.map_or_else(String::new, show::percent),
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

/// The factors refitted to a user's steps.
fn refitted(view: &mut View, all: &[Refitted], skipped: &[Skipped]) {
    view.title = "Factors refitted to your steps".into();
    view.summary = all.iter().map(said).collect::<Vec<_>>().join(" ");
    for one in all {
        let mut section = Section::new(&one.name, &["Factor", "Old", "New", "Change"]).on("changes");
        for changed in &one.changed {
            let (before, after) = (show::number(changed.old, 4), show::number(changed.new, 4));
            section.row([changed.factor.to_owned(), before, after, show::percent(changed.new / changed.old - 1.0)]);
        }
        view.sections.push(section);
        view.sections.push(errors_section(one));
        view.sections.push(steps_section(one));
    }
    view.note("Skipped", skipped.iter().take(MOST_STEPS).map(|row| format!("{}: {}", row.id, row.reason)).collect());
    let shared = "the factors of a generation hold for all its chips; the others stay, and those named are held near their present values";
    view.note("How it is fitted", vec![shared.to_owned()]);
    view.records = records(all.iter().map(|one| (one.name.as_str(), one.changed.as_slice())));
}

fn said(one: &Refitted) -> String {
    let (before, after) = (one.before.mean_abs_error, one.after.mean_abs_error);
    let (before, after) = (show::percent(before), show::percent(after));
    format!("{}: {} steps, off by {before} on average before and {after} after.", one.name, one.steps.len())
}

fn errors_section(one: &Refitted) -> Section {
    let mut section = Section::new("Errors", &["", "n", "Mean", "Median", "Max", "Bias", "In 80 %"]);
    for (label, errors) in [("before", &one.before), ("after", &one.after)] {
        section.rows.push(std::iter::once(label.to_owned()).chain(cells(errors)).collect());
    }
    section
}

fn steps_section(one: &Refitted) -> Section {
    let mut section = Section::new("Steps", &["Step", "Measured", "Before", "After", "Chosen"]).on("steps");
    section.numeric = vec![1, 2, 3];
    for step in one.steps.iter().take(MOST_STEPS) {
        let measured = format!("{} s", show::number(step.measured_s, 4));
        let [before, after] = [step.error_before, step.error_after].map(show::percent);
        section.row([step.id.clone(), measured, before, after, step.choices.join(", ")]);
    }
    section
}

/// The factors that a chip's single operations settle.
fn settled(view: &mut View, measured: &Measurement, generation: &str, settled: &[Settled]) {
    view.title = format!("Factors settled by {}", measured.name);
    view.summary = format!(
        "{} operations on {}, {}, settle {} factors of `{generation}`.",
        measured.operations.len(),
        measured.gpu,
        measured.date,
        settled.len()
    );
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
    let versions = measured.versions.iter().map(|(what, version)| format!("{what} {version}"));
    view.note("Measured with", versions.collect());
    let kinds =
        "errors are means of absolute values over the operations; the factors of a generation hold for all its chips";
    view.note("How it is fitted", vec![kinds.to_owned()]);
    view.records = Records::of(settled);
}
