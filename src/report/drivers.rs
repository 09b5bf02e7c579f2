//! What drives the answer, beside an estimate.

use serde_json::{Value, json};

use super::json::number;
use super::ranges::SHOWN;
use super::view::{Notes, Section, View};
use crate::answer::prepared::OUTPUTS;
use crate::ask::drivers::{Driver, Drivers};
use crate::uncertainty::montecarlo::Estimate;
use crate::uncertainty::sensitivity::Index;
use crate::units::show;

/// Standard errors to each side of a share.
const CONFIDENCE: f64 = 1.96;

/// Adds the drivers to the view of an estimate.
pub fn add(view: &mut View, drivers: &Drivers) {
    let Some((label, shown)) = SHOWN.get(drivers.output) else { return };
    let heading = format!("What drives the {label}, {} at the medians", shown(drivers.centre, 4));
    let columns = ["Input", "at its p5", "at its p95", "rank", "first order", "total"];
    let mut section = Section::new(heading, &columns);
    for driver in &drivers.inputs {
        let index = index(drivers, driver);
        section.row([
            driver.path.clone(),
            shown(driver.swing.at_p5, 4),
            shown(driver.swing.at_p95, 4),
            format!("{:+.2}", driver.spearman),
            index.map_or_else(|| "-".into(), |index| share(index.first)),
            index.map_or_else(|| "-".into(), |index| share(index.total)),
        ]);
    }
    let at = view.sections.iter().position(|section| section.heading == "Range").map_or(0, |at| at + 1);
    view.sections.insert(at, section);
    let halving = |driver: &Driver| {
        let share = driver.narrowing.share();
        let (how, share) = if share < 0.0 { ("widens", -share) } else { ("narrows", share) };
        format!(
            "halving the spread of {} {how} the {label} (p10 to p90) by {}",
            driver.path,
            show::percent(rounded(share))
        )
    };
    let mut lines: Vec<String> = drivers.inputs.iter().map(halving).collect();
    lines.push(match &drivers.indices {
        Ok(found) => format!(
            "first order and total: shares of the variance (Sobol), ± 95 % confidence, from {} answers",
            show::number(found.calls as f64, 7)
        ),
        Err(error) => error.message().to_owned(),
    });
    let at = view.notes.iter().position(|notes| notes.heading == "The range").map_or(0, |at| at + 1);
    view.notes.insert(at, Notes { heading: "The drivers", lines });
    if let Some(json) = view.json.as_object_mut() {
        json.insert("drivers_of".into(), OUTPUTS.get(drivers.output).copied().into());
        json.insert("drivers".into(), drivers.inputs.iter().map(|driver| machine(drivers, driver)).collect());
    }
}

fn index(drivers: &Drivers, driver: &Driver) -> Option<Index> {
    let found = drivers.indices.as_ref().ok()?;
    found.inputs.iter().find(|index| index.input == driver.swing.input).copied()
}

fn share(estimate: Estimate) -> String {
    let error = CONFIDENCE * estimate.se;
    match (estimate.value.is_finite(), error.is_finite()) {
        (false, _) => "-".into(),
        (true, true) => format!("{:.3} ± {error:.3}", estimate.value),
        (true, false) => format!("{:.2}", estimate.value),
    }
}

/// A share to the per mille: more would be noise.
fn rounded(share: f64) -> f64 {
    (share * 1e3).round() / 1e3
}

fn machine(drivers: &Drivers, driver: &Driver) -> Value {
    let index = index(drivers, driver);
    let estimate = |pick: fn(&Index) -> Estimate| {
        index.map(|index| json!({ "value": number(pick(&index).value), "standard_error": number(pick(&index).se) }))
    };
    json!({
        "path": driver.path,
        "at_p5": number(driver.swing.at_p5),
        "at_p95": number(driver.swing.at_p95),
        "spearman": number(driver.spearman),
        "sobol_first": estimate(|index| index.first),
        "sobol_total": estimate(|index| index.total),
        "no_sobol": drivers.indices.as_ref().err().map(|error| error.message()),
        "halving_narrows_by": number(driver.narrowing.share()),
    })
}
