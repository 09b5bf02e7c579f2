//! Fits the factors to measured steps, and says how well they predict what they were not fitted to.
//!
//! `flopbill calibrate` reproduces the values in `profiles/factors/` from the shipped rows alone. What a row leaves
//! blank is chosen under the priors, so that the result does not depend on the values it replaces.

mod problem;

use std::collections::BTreeMap;

use crate::calibration::after::{AfterOne, Before, after_one};
use crate::calibration::backtest::{
    Calibrations, Case, Known, Skipped, StepReport, StepResult, by_source, calibrations, resolve, result,
};
use crate::calibration::beyond::layout_gap;
use crate::calibration::pool::{Excess, Pool, pool};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::rows::steps::{Fit, StepRow};
use crate::step::efficiency::{COUNT, Calibration, Factors, NAMES};
use problem::{Problem, Solution, fitted, weighted};

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
    /// What is left open of each: the standard deviation of its logarithm; zero where it was held.
    pub spreads: [f64; COUNT],
    /// Factors within 2 % of a bound: the model lacks a term there.
    pub on_bounds: Vec<&'static str>,
}

/// A calibration with its errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// One fit a family that has rows.
    pub fits: Vec<Fitted>,
    /// What steps differ by beyond the factors, dense models and mixtures.
    pub pools: [Option<Pool>; 2],
    /// What the layouts that people measured take over the fastest: mean and spread, in logarithm.
    pub layout_gap: Option<[f64; 2]>,
    /// Errors of the rows the factors were fitted to.
    pub in_sample: StepReport,
    /// Errors of every row under factors and effects that were not fitted to its source.
    pub leave_one_out: StepReport,
    /// The same after one measured step of the source.
    pub after_one: AfterOne,
}

/// Refits every factor and the effects of stacks from these rows alone, and once more without each source.
///
/// # Errors
/// Factors profiles that are missing or wrong.
pub fn calibrate(rows: &[StepRow], catalog: &Catalog) -> Result<Report, Error> {
    let mut believed = calibrations(catalog)?;
    believed.values_mut().for_each(|known| known.factors = known.prior());
    let (cases, skipped) = cases(rows, &mut Known::with(catalog, believed.clone()));
    let all = Fits::of(&cases, &believed, None, None);
    let fitted = |(family, used): (&String, usize)| {
        let (Solution { factors, spreads }, base) = (*all.solved.get(family)?, believed.get(family)?);
        Some(Fitted { family: family.clone(), rows: used, factors, spreads, on_bounds: on_bounds(&factors, base) })
    };
    let used = |family: &&String| {
        cases.iter().filter(|(case, fit)| case.setting.family == **family && *fit == Fit::Yes).count()
    };
    let fits = believed
        .keys()
        .map(|family| (family, used(&family)))
        .filter(|(_, used)| *used > 0)
        .filter_map(fitted)
        .collect();
    let yes = cases.iter().filter(|(_, fit)| *fit == Fit::Yes);
    let mut in_sample =
        StepReport { rows: yes.filter_map(|(case, _)| all.result(case)).collect(), ..StepReport::default() };
    let (left_out, after_one) = leave_one_out(&cases, &believed, &all);
    let mut left_out = StepReport { rows: left_out, skipped, ..StepReport::default() };
    in_sample.sources = by_source(&in_sample.rows);
    left_out.sources = by_source(&left_out.rows);
    let layout_gap = layout_gap(&cases);
    Ok(Report { fits, pools: all.pools, layout_gap, in_sample, leave_one_out: left_out, after_one })
}

/// The factors of every family and the effects of every stack, as some of the rows give them.
struct Fits {
    solved: BTreeMap<String, Solution>,
    pools: [Option<Pool>; 2],
}

impl Fits {
    /// Fits to all rows but those of one source; families that the source has no rows of keep their factors.
    fn of(cases: &[(Case, Fit)], believed: &Calibrations, without: Option<&str>, all: Option<&Self>) -> Self {
        let used = |family: &str| -> Vec<&Case> {
            let mine = cases.iter().filter(|(case, fit)| case.setting.family == family && *fit == Fit::Yes);
            mine.map(|(case, _)| case).collect()
        };
        let of_family = |(family, base): (&String, &Calibration)| {
            let mine = used(family);
            let others: Vec<&Case> =
                mine.iter().copied().filter(|case| Some(case.source.as_str()) != without).collect();
            let kept = all.and_then(|all| all.solved.get(family)).filter(|_| others.len() == mine.len());
            let solved =
                kept.copied().unwrap_or_else(|| if others.is_empty() { prior(base) } else { fit(&others, base) });
            (family.clone(), solved)
        };
        let solved: BTreeMap<String, Solution> = believed.iter().map(of_family).collect();
        let excess = |(case, _): &(Case, Fit)| {
            let predicted = case.predicted(&solved.get(&case.setting.family)?.factors);
            Some(Excess {
                stack: case.setting.stack.id.clone(),
                source: case.source.clone(),
                family: case.setting.family.clone(),
                group: case.group.clone(),
                moe: case.is_moe(),
                release: case.setting.release,
                log_ratio: (case.measured / predicted).ln(),
            })
        };
        // A row whose layout is half known tells of its software; one without a layout does not.
        let known = |case: &Case, fit: Fit| match fit {
            Fit::Yes => true,
            Fit::Partial => !case.setting.given.is_open(),
            Fit::HeldOut => false,
        };
        let counts = |(case, fit): &&(Case, Fit)| known(case, *fit) && Some(case.source.as_str()) != without;
        let rows: Vec<Excess> = cases.iter().filter(counts).filter_map(excess).collect();
        let pools = [false, true].map(|moe| pool(&rows.iter().filter(|row| row.moe == moe).collect::<Vec<_>>()));
        Self { solved, pools }
    }

    /// A row under these factors and effects.
    fn result(&self, case: &Case) -> Option<StepResult> {
        Some(result(&self.case(case), &self.solved.get(&case.setting.family)?.factors))
    }

    /// A row on its software, as these effects have it.
    fn case(&self, case: &Case) -> Case {
        let mut case = case.clone();
        let kind = usize::from(case.is_moe());
        if let Some(pool) = &self.pools[kind] {
            case.setting.believed.spreads = pool.spreads;
            let own = pool.stacks.get(&case.setting.stack.id);
            case.setting.stack.residual[kind] = own.map(|own| own.residual);
            case.setting.stack_release = own.and_then(|own| own.release);
            let older = case.setting.stack.follows.as_ref().and_then(|older| pool.stacks.get(older));
            case.setting.stack.followed[kind] = older.map(|older| older.residual.value.ln());
        }
        case
    }
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

/// What is believed of a family before any row of it.
fn prior(base: &Calibration) -> Solution {
    Solution { factors: base.prior(), spreads: base.priors.map(|prior| prior.spread) }
}

fn fit(cases: &[&Case], base: &Calibration) -> Solution {
    Problem::new(weighted(cases), base, fitted(base)).with_stacks().solve(ITERATIONS)
}

/// Predicts each source by a fit to the others, alone and after one of its steps.
fn leave_one_out(cases: &[(Case, Fit)], believed: &Calibrations, all: &Fits) -> (Vec<StepResult>, AfterOne) {
    let mut sources: Vec<&str> = cases.iter().map(|(case, _)| case.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let one = |source: &&str| -> Vec<(Case, Factors)> {
        let fits = Fits::of(cases, believed, Some(source), Some(all));
        let of_source = cases.iter().filter(|(case, _)| case.source == **source);
        of_source
            .filter_map(|(case, _)| Some((fits.case(case), fits.solved.get(&case.setting.family)?.factors)))
            .collect()
    };
    let rows: Vec<(Case, Factors)> = each(&sources, one).into_iter().flatten().collect();
    let before: Vec<Before<'_>> = rows.iter().map(|(case, factors)| Before::of(case, factors)).collect();
    (rows.iter().map(|(case, factors)| result(case, factors)).collect(), after_one(&before))
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
    Ok(Problem::new(weighted(&rows), &near, free).solve(ITERATIONS).factors)
}
