//! What drives the answer, beside an estimate.

use super::ranges::SHOWN;
use super::view::Section;
use crate::answer::drivers::{Driver, Drivers};
use crate::uncertainty::montecarlo::Estimate;
use crate::units::show;

/// Standard errors to each side of a share.
const CONFIDENCE: f64 = 1.96;

/// Each input with what it does to the answer.
pub fn section(drivers: &Drivers) -> Option<Section> {
    let (label, shown) = SHOWN.get(drivers.output)?;
    let heading = format!("What drives the {label}, {} at the medians", shown(drivers.centre, 4));
    let columns = ["Input", "at its p5", "at its p95", "rank", "first order", "total"];
    let mut section = Section::new(heading, &columns);
    for driver in &drivers.inputs {
        let index = drivers.index(driver);
        section.row([
            driver.path.clone(),
            shown(driver.swing.at_p5, 4),
            shown(driver.swing.at_p95, 4),
            format!("{:+.2}", driver.spearman),
            index.map_or_else(|| "-".into(), |index| share(index.first)),
            index.map_or_else(|| "-".into(), |index| share(index.total)),
        ]);
    }
    Some(section)
}

/// What halving each input's spread would do.
pub fn notes(drivers: &Drivers) -> Vec<String> {
    let Some((label, _)) = SHOWN.get(drivers.output) else { return Vec::new() };
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
    lines
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
