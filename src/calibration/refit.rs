//! Refits of the factors: from what comes with flopbill, to see whether its values are what that gives; and from a
//! user's own measured steps.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::calibration::backtest::{Case, Errors, Known, Skipped, StepResult, resolve, result};
use crate::calibration::calibrate::{Report, calibrate, refit_some};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::rows::steps::StepRow;
use crate::step::efficiency::{Factors, NAMES};

/// Largest relative difference of two values that still count as the same: where a fit stops is the machine's affair.
const SAME: f64 = 1e-3;

/// Most factors that the steps of one cluster can settle.
const MOST_NAMED: usize = 3;

/// One factor, refitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Compared {
    /// Its name.
    pub factor: &'static str,
    /// The profile's value.
    #[serde(rename = "profile")]
    pub committed: f64,
    /// The refitted value.
    pub refitted: f64,
    /// What the rows and the prior leave open of it: the standard deviation of its logarithm; of a fitted factor.
    pub spread: Option<f64>,
    /// Whether the two are the same to the digits that a profile has.
    pub same: bool,
    /// It was fitted, not held.
    pub fitted: bool,
    /// It lies within 2 % of a bound: the model lacks a term there.
    pub on_bound: bool,
}

/// The factors of one chip family, refitted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Generated {
    /// The profile's id.
    #[serde(rename = "generation")]
    pub name: String,
    /// Rows it was fitted to.
    pub rows: usize,
    /// Whether every factor is what the profile says.
    pub reproduced: bool,
    /// All factors in one.
    #[serde(skip)]
    pub factors: Factors,
    /// Each factor.
    #[serde(rename = "factors")]
    pub compared: Vec<Compared>,
}

/// Refits every chip family from these rows, and compares with the profiles.
///
/// # Errors
/// Factors profiles that are missing or wrong, or no row to fit to.
pub fn reproduce(rows: &[StepRow], catalog: &Catalog) -> Result<(Report, Vec<Generated>), Error> {
    let report = calibrate(rows, catalog)?;
    let mut all = Vec::new();
    for fit in &report.fits {
        let committed = catalog.factors(&fit.family)?.calibration;
        let refitted = fit.factors.values().into_iter().zip(fit.spreads);
        let values = committed.factors.values().into_iter().zip(refitted).zip(&committed.priors);
        let compared =
            NAMES.into_iter().zip(values).map(|(factor, ((committed, (refitted, spread)), prior))| Compared {
                factor,
                committed,
                refitted,
                spread: (prior.spread > 0.0).then_some(spread),
                same: (refitted / committed - 1.0).abs() <= SAME,
                fitted: prior.spread > 0.0,
                on_bound: fit.on_bounds.contains(&factor),
            });
        let compared: Vec<Compared> = compared.collect();
        all.push(Generated {
            name: fit.family.clone(),
            rows: fit.rows,
            reproduced: compared.iter().all(|one| one.same),
            factors: fit.factors,
            compared,
        });
    }
    if all.is_empty() {
        return Err(Error::bad_input("no measured step could be read: there is nothing to fit to"));
    }
    Ok((report, all))
}

/// The factors of one chip family, refitted to a user's steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refitted {
    /// The profile's id.
    #[serde(rename = "generation")]
    pub name: String,
    /// All factors in one.
    #[serde(skip)]
    pub factors: Factors,
    /// The named factors.
    #[serde(rename = "factors")]
    pub changed: Vec<Changed>,
    /// Errors before.
    pub before: Errors,
    /// Errors after.
    pub after: Errors,
    /// Each step.
    pub steps: Vec<RefittedStep>,
}

/// A factor that was refitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Changed {
    /// Its name.
    pub factor: &'static str,
    /// Its value before.
    pub old: f64,
    /// Its value now.
    pub new: f64,
    /// It lies within 2 % of a bound.
    pub on_bound: bool,
}

/// A user's step under the old and the new factors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefittedStep {
    /// The row.
    pub id: String,
    /// Seconds measured.
    pub measured_s: f64,
    /// Predicted over measured, less one, before.
    pub error_before: f64,
    /// The same after.
    pub error_after: f64,
    /// What the row left open, and what was chosen.
    pub choices: Vec<String>,
}

/// The refusal of a name that no factor has.
pub(crate) fn unknown(name: &str) -> Error {
    let error = Error::unknown_name("factor", name, NAMES);
    let near = error.hint().map(|hint| format!("{hint} ")).unwrap_or_default();
    error.with_hint(format!("{near}All are: {}", NAMES.join(", ")))
}

/// Refits named factors of each chip family from a user's own steps, and says what it could not read.
///
/// # Errors
/// More factors than steps can settle, an unknown one, too few or too uniform rows.
pub fn refit(rows: &[StepRow], catalog: &Catalog, names: &[String]) -> Result<(Vec<Refitted>, Vec<Skipped>), Error> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(name) = names.iter().find(|name| !NAMES.contains(name)) {
        return Err(unknown(name));
    }
    if names.is_empty() || names.len() > MOST_NAMED {
        let message = format!("one to {MOST_NAMED} factors can be refitted from steps, not {}", names.len());
        return Err(Error::bad_input(message)
            .with_hint("steps of one cluster do not tell more factors apart: name those that matter most"));
    }
    let mut known = Known::new(catalog)?;
    let (mut cases, mut skipped) = (Vec::new(), Vec::new());
    for row in rows {
        match resolve(row, &mut known) {
            Ok(case) => cases.push(case),
            Err(reason) => skipped.push(Skipped { id: row.id.clone(), reason }),
        }
    }
    if cases.is_empty() {
        let reasons: Vec<String> = skipped.iter().take(3).map(|one| format!("{}: {}", one.id, one.reason)).collect();
        return Err(Error::bad_input("no measured step could be read").with_hint(reasons.join("; ")));
    }
    let mut all = Vec::new();
    let families: BTreeSet<String> = cases.iter().map(|case| case.setting.family.clone()).collect();
    for family in families {
        let mine: Vec<Case> = cases.iter().filter(|case| case.setting.family == family).cloned().collect();
        all.push(one_family(family, &mine, catalog, &names)?);
    }
    Ok((all, skipped))
}

fn one_family(name: String, mine: &[Case], catalog: &Catalog, names: &[&str]) -> Result<Refitted, Error> {
    let apart: BTreeSet<String> =
        mine.iter().map(|case| format!("{:?} {:?}", case.setting.model.shape, case.layout)).collect();
    if apart.len() < names.len() {
        let message = format!(
            "{} factors need at least as many {name} steps that differ in model or layout; there are {}",
            names.len(),
            apart.len()
        );
        return Err(Error::bad_input(message).with_hint("name fewer factors, or measure other layouts too"));
    }
    let base = catalog.factors(&name)?.calibration;
    let factors = refit_some(mine, &base, names)?;
    let values = base.factors.values().into_iter().zip(factors.values()).zip(&base.priors);
    let near = |value: f64, low: f64, high: f64| value < low * 1.02 || value > high * 0.98;
    let named = |(factor, ((old, new), prior)): (&'static str, ((f64, f64), &crate::step::efficiency::Prior))| {
        let changed = Changed { factor, old, new, on_bound: near(new, prior.low, prior.high) };
        names.contains(&factor).then_some(changed)
    };
    let under = |factors: &Factors| mine.iter().map(|case| result(case, factors)).collect::<Vec<_>>();
    let (before, after) = (under(&base.factors), under(&factors));
    let step = |(before, after): (&StepResult, &StepResult)| RefittedStep {
        id: before.id.clone(),
        measured_s: before.measured_s,
        error_before: before.error,
        error_after: after.error,
        choices: before.choices.clone(),
    };
    Ok(Refitted {
        name,
        factors,
        changed: NAMES.into_iter().zip(values).filter_map(named).collect(),
        before: Errors::of(before.iter()),
        after: Errors::of(after.iter()),
        steps: before.iter().zip(&after).map(step).collect(),
    })
}
