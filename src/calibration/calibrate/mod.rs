//! Fits the factors to measured steps, and says how well they predict what they were not fitted to.
//!
//! `flopbill calibrate` reproduces the values in `profiles/factors/` from the shipped rows alone. What a row leaves
//! blank is chosen under the priors, so that the result does not depend on the values it replaces.

mod problem;

use crate::calibration::backtest::{
    Case, Known, Skipped, StepReport, StepResult, by_source, calibrations, resolve, result,
};
use crate::catalog::Catalog;
use crate::catalog::steps::{Fit, StepRow};
use crate::error::Error;
use crate::step::efficiency::{Calibration, Factors, NAMES};
use problem::{Problem, fitted, weighted};

/// Iterations after which a fit stops, converged or not; it takes about ten.
const ITERATIONS: usize = 40;

/// Most factors that a user's own rows can settle.
const MOST_NAMED: usize = 3;

/// How loosely a named factor is held: who names it doubts its value more than the shipped rows do.
const NAMED_SPREAD: f64 = 0.3;

/// The fit of one chip family.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The profile's id.
    pub family: String,
    /// Rows it was fitted to.
    pub rows: usize,
    /// The result.
    pub factors: Factors,
    /// Factors within 2 % of a bound: the model lacks a term there.
    pub on_bounds: Vec<&'static str>,
}

/// A calibration with its errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// One fit a family that has rows.
    pub fits: Vec<Fitted>,
    /// Errors of the rows the factors were fitted to.
    pub in_sample: StepReport,
    /// Errors of every row under factors that were not fitted to its source.
    pub leave_one_out: StepReport,
}

/// Refits every factor from these rows alone, and once more without each source.
///
/// # Errors
/// Factors profiles that are missing or wrong.
pub fn calibrate(rows: &[StepRow], catalog: &Catalog) -> Result<Report, Error> {
    let mut believed = calibrations(catalog)?;
    believed.values_mut().for_each(|known| known.factors = known.prior());
    let (cases, skipped) = cases(rows, &mut Known::with(catalog, believed.clone()));
    let mut report =
        Report { fits: Vec::new(), in_sample: StepReport::default(), leave_one_out: StepReport::default() };
    for (family, base) in &believed {
        let mine: Vec<&(Case, Fit)> = cases.iter().filter(|(case, _)| case.setting.family == *family).collect();
        let used: Vec<&Case> = mine.iter().filter(|(_, fit)| *fit == Fit::Yes).map(|(case, _)| case).collect();
        if used.is_empty() {
            continue;
        }
        let factors = fit(&used, base);
        report.in_sample.rows.extend(used.iter().map(|case| result(case, &factors)));
        report.leave_one_out.rows.extend(leave_one_out(&mine, &used, base, &factors));
        report.fits.push(Fitted {
            family: family.clone(),
            rows: used.len(),
            factors,
            on_bounds: on_bounds(&factors, base),
        });
    }
    report.in_sample.sources = by_source(&report.in_sample.rows);
    report.leave_one_out.sources = by_source(&report.leave_one_out.rows);
    report.leave_one_out.skipped = skipped;
    Ok(report)
}

fn cases(rows: &[StepRow], known: &mut Known) -> (Vec<(Case, Fit)>, Vec<Skipped>) {
    let (mut cases, mut skipped) = (Vec::new(), Vec::new());
    for row in rows {
        match resolve(row, known) {
            Ok(case) => cases.push((case, row.fit)),
            Err(reason) => skipped.push(Skipped { id: row.id.clone(), reason }),
        }
    }
    (cases, skipped)
}

fn fit(cases: &[&Case], base: &Calibration) -> Factors {
    Problem::new(weighted(cases), base, fitted(base)).solve(ITERATIONS)
}

/// Predicts each source by a fit to the others; rows no factor is fitted to, by the fit to all.
fn leave_one_out(mine: &[&(Case, Fit)], used: &[&Case], base: &Calibration, factors: &Factors) -> Vec<StepResult> {
    let mut sources: Vec<&str> = mine.iter().map(|(case, _)| case.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let one = |source: &&str| -> Vec<StepResult> {
        let others: Vec<&Case> = used.iter().copied().filter(|case| case.source != **source).collect();
        let factors = if others.len() == used.len() { *factors } else { fit(&others, base) };
        let of_source = mine.iter().filter(|(case, _)| case.source == **source);
        of_source.map(|(case, _)| result(case, &factors)).collect()
    };
    each(&sources, one).into_iter().flatten().collect()
}

#[cfg(feature = "parallel")]
fn each<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    use rayon::prelude::*;
    items.par_iter().map(f).collect()
}

#[cfg(not(feature = "parallel"))]
fn each<T, R>(items: &[T], f: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(f).collect()
}

fn on_bounds(factors: &Factors, base: &Calibration) -> Vec<&'static str> {
    let near = |((value, prior), name): ((f64, &crate::step::efficiency::Prior), &'static str)| {
        let parked = value < prior.low * 1.02 || value > prior.high * 0.98;
        (parked && prior.spread > 0.0).then_some(name)
    };
    factors.values().into_iter().zip(&base.priors).zip(NAMES).filter_map(near).collect()
}

/// Refits one to three factors from a user's own measured steps; the others stay, and the named ones are held near
/// their present values as far as the rows do not speak against them.
///
/// # Errors
/// A name that no factor has, more names than the rows of one cluster can settle, or no readable row.
pub fn refit_some(cases: &[Case], base: &Calibration, names: &[&str]) -> Result<Factors, Error> {
    if names.is_empty() || names.len() > MOST_NAMED {
        return Err(Error::bad_input(format!("one to {MOST_NAMED} factors can be refitted, not {}", names.len()))
            .with_hint(format!("for example gemm, scale_up, fabric; all are: {}", NAMES.join(", "))));
    }
    if cases.is_empty() {
        return Err(Error::bad_input("no measured step could be read"));
    }
    let mut near = *base;
    let mut free = Vec::new();
    for name in names {
        let place = NAMES.iter().position(|known| known == name);
        free.push(place.ok_or_else(|| Error::unknown_name("factor", name, NAMES))?);
    }
    for (prior, value) in near.priors.iter_mut().zip(base.factors.values()) {
        prior.value = value;
        prior.spread = prior.spread.max(NAMED_SPREAD);
    }
    let rows: Vec<&Case> = cases.iter().collect();
    Ok(Problem::new(weighted(&rows), &near, free).solve(ITERATIONS))
}
