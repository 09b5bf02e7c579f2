//! Predictions against measured steps: every row, every source, and what was skipped.

mod choose;
mod known;
mod resolve;
mod runs;
mod shape;

pub use known::{Calibrations, Known, calibrations};
pub use resolve::{Case, resolve};
pub use runs::{RunCase, RunReport, RunResult, RunSummary, resolve_run, runs, summarise};

use crate::catalog::steps::StepRow;

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Skipped {
    /// The row.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// One row's prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// The row.
    pub id: String,
    /// Its source.
    pub source: String,
    /// Its chip.
    pub gpu: String,
    /// A mixture of experts.
    pub mixture: bool,
    /// Seconds measured.
    pub measured_s: f64,
    /// Seconds predicted.
    pub predicted_s: f64,
    /// Predicted over measured, less one.
    pub error: f64,
    /// What the row left open, and what was chosen.
    pub choices: Vec<String>,
}

/// The errors of one source on one chip.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceErrors {
    /// The source.
    pub source: String,
    /// The chip.
    pub gpu: String,
    /// Mixtures of experts, which are counted apart.
    pub mixture: bool,
    /// Rows.
    pub n: usize,
    /// Mean of the absolute errors.
    pub mean_abs_error: f64,
    /// Their median.
    pub median_abs_error: f64,
    /// The largest.
    pub max_abs_error: f64,
    /// Mean of the signed errors.
    pub bias: f64,
}

/// A back-test of steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepReport {
    /// Every row that could be read, in the order given.
    pub rows: Vec<StepResult>,
    /// Errors by source, chip and kind of model.
    pub sources: Vec<SourceErrors>,
    /// Rows that could not.
    pub skipped: Vec<Skipped>,
}

/// Predicts every row.
pub fn steps(rows: &[StepRow], known: &mut Known<'_>) -> StepReport {
    let mut report = StepReport::default();
    for row in rows {
        let predicted = resolve(row, known).and_then(|case| {
            let error = case.error(&known.calibration(&case.family)?.factors);
            Ok(result(&case, error))
        });
        match predicted {
            Ok(result) => report.rows.push(result),
            Err(reason) => report.skipped.push(Skipped { id: row.id.clone(), reason }),
        }
    }
    report.sources = by_source(&report.rows);
    report
}

/// One row's result from its error.
pub(crate) fn result(case: &Case, error: f64) -> StepResult {
    StepResult {
        id: case.id.clone(),
        source: case.source.clone(),
        gpu: case.gpu.clone(),
        mixture: case.shape.experts.is_some(),
        measured_s: case.measured.get(),
        predicted_s: case.measured.get() * (1.0 + error),
        error,
        choices: case.choices.clone(),
    }
}

/// Errors by source, chip and kind of model, in alphabetical order.
pub fn by_source(rows: &[StepResult]) -> Vec<SourceErrors> {
    let mut groups = std::collections::BTreeMap::<(&str, &str, bool), Vec<f64>>::new();
    for row in rows {
        groups.entry((&row.source, &row.gpu, row.mixture)).or_default().push(row.error);
    }
    let errors = |((source, gpu, mixture), errors): ((&str, &str, bool), Vec<f64>)| {
        let (n, stats) = (errors.len(), summary(&errors));
        let (source, gpu) = (source.to_owned(), gpu.to_owned());
        let [mean_abs_error, median_abs_error, max_abs_error, bias] = stats;
        SourceErrors { source, gpu, mixture, n, mean_abs_error, median_abs_error, max_abs_error, bias }
    };
    groups.into_iter().map(errors).collect()
}

/// Mean, median and largest absolute error, and the bias; zeros without any.
pub fn summary(errors: &[f64]) -> [f64; 4] {
    let n = errors.len().max(1) as f64;
    let mut absolute: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    absolute.sort_by(f64::total_cmp);
    let mean = absolute.iter().sum::<f64>() / n;
    let at = |i: usize| absolute.get(i).copied().unwrap_or(0.0);
    let half = absolute.len() / 2;
    let median = if absolute.len() % 2 == 1 { at(half) } else { (at(half.saturating_sub(1)) + at(half)) / 2.0 };
    [mean, median, absolute.last().copied().unwrap_or(0.0), errors.iter().sum::<f64>() / n]
}
