//! A back-test with its summaries: by source, by kind of model, over sweeps of layouts, and under factors that were not
//! fitted to the source.

use std::collections::{BTreeMap, BTreeSet};

use crate::Error;
use crate::calibration::backtest::{
    Known, RunReport, RunSummary, Skipped, SourceErrors, StepReport, StepResult, by_source, runs, steps, summarise,
    summary,
};
use crate::calibration::calibrate::calibrate;
use crate::catalog::Catalog;
use crate::catalog::run_rows::RunRow;
use crate::catalog::steps::StepRow;
use crate::uncertainty::sensitivity::spearman;

/// Fewest rows of a sweep over layouts.
const FEWEST: usize = 8;

/// Largest ratio of the models' sizes in a sweep: what its rows differ by is to be the layout.
const ALIKE: f64 = 1.3;

/// Errors of all rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KindErrors {
    /// Mixtures of experts, or dense models.
    pub mixture: bool,
    /// Rows.
    pub n: usize,
    /// Mean, median and largest absolute error, and the mean signed one.
    pub errors: [f64; 4],
}

/// How well the order of a sweep's layouts is predicted.
#[derive(Debug, Clone, PartialEq)]
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

/// Errors under factors that were not fitted to the source.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// The error of each row.
    pub errors: BTreeMap<String, f64>,
    /// By source, as the column says.
    pub sources: Vec<SourceErrors>,
    /// By kind.
    pub kinds: Vec<KindErrors>,
}

/// Steps against predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    /// Every row.
    pub report: StepReport,
    /// Errors by the column `source` and the chip.
    pub sources: Vec<SourceErrors>,
    /// Errors by kind of model.
    pub kinds: Vec<KindErrors>,
    /// Sweeps over layouts.
    pub sweeps: Vec<Sweep>,
    /// Leave one source out, if that was asked.
    pub left_out: Option<LeftOut>,
}

/// Runs against predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct Runs {
    /// Every row.
    pub report: RunReport,
    /// All rows, whatever their tier.
    pub all: RunSummary,
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
) -> Result<Steps, Error> {
    let mut report = steps(rows, &mut Known::new(catalog)?);
    let names = names(rows);
    let left_out = leave_one_out.then(|| calibrate(rows, catalog)).transpose()?.map(|fitted| {
        let rows = fitted.leave_one_out.rows;
        LeftOut {
            errors: rows.iter().map(|row| (row.id.clone(), row.error)).collect(),
            sources: by_column(&rows, &names),
            kinds: kinds(&rows),
        }
    });
    let (sources, kinds) = (by_column(&report.rows, &names), kinds(&report.rows));
    let sweeps = sweeps(rows, &report.rows);
    report.rows.iter_mut().for_each(|row| rename(row, &names));
    report.skipped.splice(0..0, unreadable);
    Ok(Steps { report, sources, kinds, sweeps, left_out })
}

/// Back-tests runs.
///
/// # Errors
/// Factors profiles that are missing or wrong.
pub fn back_test_runs(rows: &[RunRow], unreadable: Vec<Skipped>, catalog: &Catalog) -> Result<Runs, Error> {
    let mut report = runs(rows, &mut Known::new(catalog)?);
    report.skipped.splice(0..0, unreadable);
    let all = summarise(report.rows.iter());
    Ok(Runs { report, all })
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

/// Errors by the column `source` and the chip, both kinds of model together.
fn by_column(rows: &[StepResult], names: &BTreeMap<&str, &str>) -> Vec<SourceErrors> {
    let mut rows = rows.to_vec();
    for row in &mut rows {
        rename(row, names);
        row.mixture = false;
    }
    by_source(&rows)
}

/// The errors of dense models and of mixtures of experts.
pub fn kinds(rows: &[StepResult]) -> Vec<KindErrors> {
    let of = |mixture: bool| {
        let errors: Vec<f64> = rows.iter().filter(|row| row.mixture == mixture).map(|row| row.error).collect();
        KindErrors { mixture, n: errors.len(), errors: summary(&errors) }
    };
    [false, true].map(of).into_iter().filter(|kind| kind.n > 0).collect()
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
