//! Predictions against measured steps: every row, every source, and what was skipped.

mod ask;
mod errors;
mod known;
mod memory;
mod resolve;
mod runs;
mod shape;

pub use errors::{Errors, KindErrors, SourceErrors, by_source, kinds, summary};
pub use known::{Calibrations, Known, calibrations};
pub use memory::{MemoryReport, MemoryResult, memory};
pub use resolve::{Case, resolve};
pub use runs::{RunReport, RunResult, RunSummary, runs, summarise};

use crate::rows::steps::StepRow;
use crate::step::efficiency::Factors;
use errors::{interval, score};

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Skipped {
    /// The row.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// Rows whose cells cannot be read, as those that cannot be predicted.
pub fn unreadable(rows: Vec<(String, String)>) -> impl Iterator<Item = Skipped> {
    rows.into_iter().map(|(id, reason)| Skipped { id, reason })
}

/// One row's prediction.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StepResult {
    /// The row.
    pub id: String,
    /// Its source.
    pub source: String,
    /// Its chip.
    pub gpu: String,
    /// A mixture of experts.
    pub moe: bool,
    /// Seconds measured.
    pub measured_s: f64,
    /// Seconds predicted, on the row's software.
    pub predicted_s: f64,
    /// One step in ten takes less.
    pub p10: f64,
    /// Half of them take less.
    pub p50: f64,
    /// Nine in ten take less.
    pub p90: f64,
    /// Time of a step on the row's software over that of the software the factors were fitted to.
    pub software: f64,
    /// Predicted over measured, less one.
    pub error: f64,
    /// The same under factors that were not fitted to the source, if that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_left_out: Option<f64>,
    /// Continuous ranked probability score of the logarithm.
    pub crps: f64,
    /// What the row left open, and what was chosen.
    pub choices: Vec<String>,
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
pub fn steps(rows: &[StepRow], known: &mut Known) -> StepReport {
    steps_with_cases(rows, known).0
}

/// The same, with every row that could be read as it was predicted.
pub fn steps_with_cases(rows: &[StepRow], known: &mut Known) -> (StepReport, Vec<Case>) {
    let (mut report, mut cases) = (StepReport::default(), Vec::new());
    for row in rows {
        let predicted = resolve(row, known).and_then(|case| {
            let factors = known.calibration(&case.setting.family)?.factors;
            let result = result(&case, &factors);
            cases.push(case);
            Ok(result)
        });
        match predicted {
            Ok(result) => report.rows.push(result),
            Err(reason) => report.skipped.push(Skipped { id: row.id.clone(), reason }),
        }
    }
    report.sources = by_source(&report.rows);
    (report, cases)
}

/// One row's result under these factors.
pub(crate) fn result(case: &Case, factors: &Factors) -> StepResult {
    let software = case.setting.software();
    let (median, spread) = (software.median, software.spread().hypot(case.unsaid.spread));
    let (predicted, measured) = (case.predicted(factors).get() * median, case.measured.get());
    let [p10, p90] = interval(predicted, spread);
    StepResult {
        id: case.id.clone(),
        source: case.source.clone(),
        gpu: case.gpu.clone(),
        moe: case.is_moe(),
        measured_s: measured,
        predicted_s: predicted,
        p10,
        p50: predicted,
        p90,
        software: median,
        error: predicted / measured - 1.0,
        error_left_out: None,
        crps: score(predicted, spread, measured),
        choices: case.choices.clone(),
    }
}

impl StepResult {
    /// Whether the measured time lies between p10 and p90.
    pub fn covers(&self) -> bool {
        (self.p10..=self.p90).contains(&self.measured_s)
    }
}
