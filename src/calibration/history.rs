//! A back-test with its summaries: by source, by kind of model, over sweeps of layouts, and under factors that were not
//! fitted to the source.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::calibration::after::{AfterOne, Before, after_one};
use crate::calibration::backtest::{
    Case, KindErrors, Known, RunReport, RunResult, RunSummary, Skipped, SourceErrors, StepResult, by_source, kinds,
    runs, steps_with_cases, summarise,
};
use crate::calibration::calibrate::calibrate;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::rows::runs::RunRow;
use crate::rows::steps::StepRow;
use crate::uncertainty::sensitivity::spearman;

/// Fewest rows of a sweep over layouts.
const FEWEST: usize = 8;

/// Largest ratio of the models' sizes in a sweep: what its rows differ by is to be the layout.
const ALIKE: f64 = 1.3;

/// How well the order of a sweep's layouts is predicted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sweep {
    /// The source, as its column says.
    pub source: String,
    /// The chip.
    pub gpu: String,
    /// Rows.
    pub n: usize,
    /// Spearman's correlation of measured and predicted seconds.
    pub rank_correlation: f64,
}

/// Errors by kind of model and by source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorTables {
    /// By kind.
    pub kinds: Vec<KindErrors>,
    /// By source and chip.
    pub sources: Vec<SourceErrors>,
}

impl ErrorTables {
    /// Those of these rows.
    pub fn of(rows: &[StepResult]) -> Self {
        Self { kinds: kinds(rows), sources: by_source(rows) }
    }
}

/// Steps against predictions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Steps {
    /// Every row.
    pub rows: Vec<StepResult>,
    /// Errors by the column `source` and the chip.
    pub sources: Vec<SourceErrors>,
    /// Rows that could not be predicted.
    pub skipped: Vec<Skipped>,
    /// Errors by kind of model.
    pub kinds: Vec<KindErrors>,
    /// Sweeps over layouts.
    pub sweeps: Vec<Sweep>,
    /// Errors under factors that were not fitted to the source, if that was asked.
    pub leave_one_out: Option<ErrorTables>,
    /// Errors after one measured step of the source, if that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_one: Option<AfterOne>,
    /// Errors by the identifiers' prefixes, which are short.
    #[serde(skip)]
    pub by_prefix: Vec<SourceErrors>,
}

/// Runs against predictions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Runs {
    /// Every row.
    pub rows: Vec<RunResult>,
    /// The trusted runs where there are any, else all of them.
    pub summary: RunSummary,
    /// All rows, whatever their tier.
    pub all: RunSummary,
    /// Rows that could not be predicted.
    pub skipped: Vec<Skipped>,
}

/// Back-tests steps; `unreadable` rows are added to those skipped.
///
/// # Errors
/// Factors profiles that are missing or wrong.
pub fn back_test_steps(
    rows: &[StepRow],
    unreadable: Vec<Skipped>,
    catalog: &Catalog,
    leave_one_out: bool,
    after: bool,
) -> Result<Steps, Error> {
    let mut known = Known::new(catalog)?;
    let (mut report, cases) = steps_with_cases(rows, &mut known);
    let names = names(rows);
    let fitted = leave_one_out.then(|| calibrate(rows, catalog)).transpose()?;
    let after_one = match &fitted {
        _ if !after => None,
        Some(fitted) => Some(fitted.after_one.clone()),
        None => Some(of_cases(&cases, &known)),
    };
    let fitted = fitted.map(|fitted| fitted.leave_one_out.rows);
    let errors: BTreeMap<&str, f64> = fitted.iter().flatten().map(|row| (row.id.as_str(), row.error)).collect();
    let (sources, kinds_of_all) = (by_column(&report.rows, &names), kinds(&report.rows));
    let sweeps = sweeps(rows, &report.rows);
    for row in &mut report.rows {
        row.error_left_out = errors.get(row.id.as_str()).copied();
        rename(row, &names);
    }
    let left_out = |rows: &Vec<StepResult>| ErrorTables { sources: by_column(rows, &names), kinds: kinds(rows) };
    Ok(Steps {
        rows: report.rows,
        sources,
        skipped: unreadable.into_iter().chain(report.skipped).collect(),
        kinds: kinds_of_all,
        sweeps,
        leave_one_out: fitted.as_ref().map(left_out),
        after_one,
        by_prefix: report.sources,
    })
}

/// What one measured step is worth, with the factors and effects in use.
fn of_cases(cases: &[Case], known: &Known) -> AfterOne {
    let before = |case: &'_ Case| known.calibration(&case.setting.family).ok().map(|known| known.factors);
    let factors: Vec<_> = cases.iter().filter_map(|case| Some((case, before(case)?))).collect();
    after_one(&factors.iter().map(|(case, factors)| Before::of(case, factors)).collect::<Vec<_>>())
}

/// Back-tests runs.
///
/// # Errors
/// Factors profiles that are missing or wrong.
pub fn back_test_runs(rows: &[RunRow], unreadable: Vec<Skipped>, catalog: &Catalog) -> Result<Runs, Error> {
    let RunReport { rows, summary, skipped } = runs(rows, &mut Known::new(catalog)?);
    let all = summarise("all runs", rows.iter());
    let untrusted = RunSummary { of: "runs (none is of tier A)", ..all };
    let summary = if summary.n > 0 { summary } else { untrusted };
    Ok(Runs { rows, summary, all, skipped: unreadable.into_iter().chain(skipped).collect() })
}

/// The column `source` of each row that has one.
fn names(rows: &[StepRow]) -> BTreeMap<&str, &str> {
    rows.iter().filter(|row| !row.source.is_empty()).map(|row| (row.id.as_str(), row.source.as_str())).collect()
}

fn rename(row: &mut StepResult, names: &BTreeMap<&str, &str>) {
    if let Some(name) = names.get(row.id.as_str()) {
        row.source = (*name).to_owned();
    }
}

/// Errors by the column `source`, the chip and the kind of model.
fn by_column(rows: &[StepResult], names: &BTreeMap<&str, &str>) -> Vec<SourceErrors> {
    let mut rows = rows.to_vec();
    for row in &mut rows {
        rename(row, names);
    }
    by_source(&rows)
}

/// The degrees that a row states, blanks included.
fn layout(row: &StepRow) -> [i64; 7] {
    let degrees = [row.tp, row.pp, row.vpp, row.cp, row.ep, row.dp, row.micro_batch];
    degrees.map(|degree| degree.map_or(-1, i64::from))
}

/// Rows of one source on the same chips with the same batch and models of about one size, which differ by their layout.
fn sweeps(rows: &[StepRow], results: &[StepResult]) -> Vec<Sweep> {
    let results: BTreeMap<&str, &StepResult> = results.iter().map(|row| (row.id.as_str(), row)).collect();
    let mut groups = BTreeMap::<(&str, &str, [i64; 3]), Vec<(&StepRow, &StepResult)>>::new();
    for row in rows {
        let Some(result) = results.get(row.id.as_str()) else { continue };
        let same = [row.num_gpus, row.seq_len, row.global_batch_seqs].map(|x| x.map_or(-1, i64::from));
        let source = if row.source.is_empty() { result.source.as_str() } else { row.source.as_str() };
        groups.entry((source, row.gpu.as_str(), same)).or_default().push((row, *result));
    }
    groups.into_iter().filter_map(|((source, gpu, _), group)| sweep(source, gpu, &group)).collect()
}

fn sweep(source: &str, gpu: &str, group: &[(&StepRow, &StepResult)]) -> Option<Sweep> {
    let layouts: BTreeSet<[i64; 7]> = group.iter().map(|(row, _)| layout(row)).collect();
    let models: BTreeSet<&str> = group.iter().map(|(row, _)| row.model.as_str()).collect();
    let sizes = group.iter().filter_map(|(row, _)| row.params_b);
    let (small, large) = sizes.fold((f64::INFINITY, 0.0), |(low, high), size| (size.min(low), size.max(high)));
    let alike = models.len() == 1 || (large > 0.0 && large <= ALIKE * small);
    if group.len() < FEWEST || layouts.len() < FEWEST / 2 || !alike {
        return None;
    }
    let measured: Vec<f64> = group.iter().map(|(_, result)| result.measured_s).collect();
    let predicted: Vec<f64> = group.iter().map(|(_, result)| result.predicted_s).collect();
    let rank_correlation = spearman(&measured, &predicted);
    Some(Sweep { source: source.into(), gpu: gpu.into(), n: group.len(), rank_correlation })
}
