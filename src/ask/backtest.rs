//! Predictions against measured steps, published hours and measured memory.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::reply::ReplyHead;
use crate::calibration::backtest::{Known, MemoryReport, Skipped, memory, unreadable};
use crate::calibration::history::{Runs, Steps, back_test_runs, back_test_steps};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::rows::table::Row;
use crate::rows::{memory as memory_rows, runs as run_rows, steps, table};

/// The question of `backtest`: the tables that are named, or all that comes with flopbill.
///
/// ```
/// use flopbill::Catalog;
/// use flopbill::internals::ask::backtest::BacktestRequest;
///
/// let request = BacktestRequest::new().runs("profiles/measurements/runs.csv");
/// let runs = request.ask(&Catalog::built_in())?.runs.expect("runs were asked for");
/// assert!(runs.summary.within_1_5 > 0.9);
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct BacktestRequest {
    /// Measured steps: a CSV with the columns of `profiles/measurements/steps.csv`.
    pub steps: Option<PathBuf>,
    /// Published runs: a CSV with the columns of `profiles/measurements/runs.csv`.
    pub runs: Option<PathBuf>,
    /// Measured memory: a CSV with the columns of `profiles/measurements/memory.csv`, or the rows that come with flopbill.
    pub memory: Option<Option<PathBuf>>,
    /// Also the errors under factors refitted to the other sources of these steps.
    pub leave_one_out: bool,
    /// Also the errors after one measured step of each source.
    pub after_one: bool,
}

impl BacktestRequest {
    /// Everything that comes with flopbill.
    pub fn new() -> Self {
        Self::default()
    }

    /// These steps.
    #[must_use]
    pub fn steps(self, file: impl Into<PathBuf>) -> Self {
        Self { steps: Some(file.into()), ..self }
    }

    /// These runs.
    #[must_use]
    pub fn runs(self, file: impl Into<PathBuf>) -> Self {
        Self { runs: Some(file.into()), ..self }
    }

    /// The measured memory that comes with flopbill.
    #[must_use]
    pub fn memory(self) -> Self {
        Self { memory: Some(None), ..self }
    }

    /// Leaves one source out in turn.
    #[must_use]
    pub fn leave_one_out(self, leave_one_out: bool) -> Self {
        Self { leave_one_out, ..self }
    }

    /// Scores the rows of each source after each other one in turn.
    #[must_use]
    pub fn after_one(self, after_one: bool) -> Self {
        Self { after_one, ..self }
    }
}

/// The answer of `backtest`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BacktestReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// Steps, if any were asked for.
    pub steps: Option<Steps>,
    /// Runs, if any were asked for.
    pub runs: Option<Runs>,
    /// Memory, if it was asked for.
    pub memory: Option<MemoryReport>,
}

impl BacktestRequest {
    /// Predicts what was measured.
    ///
    /// # Errors
    /// A table that cannot be read, factors profiles that are missing or wrong.
    pub fn ask(&self, catalog: &Catalog) -> Result<BacktestReply, Error> {
        let all = self.steps.is_none() && self.runs.is_none() && self.memory.is_none();
        let steps = (all || self.steps.is_some()).then(|| {
            let (rows, unread) = read(self.steps.as_deref(), steps::shipped)?;
            back_test_steps(&rows, unread, catalog, self.leave_one_out, self.after_one)
        });
        let runs = (all || self.runs.is_some()).then(|| {
            let (rows, unread) = read(self.runs.as_deref(), run_rows::shipped)?;
            back_test_runs(&rows, unread, catalog)
        });
        let memory = self.memory.as_ref().map(|file| {
            let (rows, unread) = read(file.as_deref(), memory_rows::shipped)?;
            let mut report = memory(&rows, &mut Known::new(catalog)?);
            report.skipped.splice(0..0, unread);
            Ok::<_, Error>(report)
        });
        let head = ReplyHead::new("backtest", "Predictions against what was measured");
        Ok(BacktestReply { head, steps: steps.transpose()?, runs: runs.transpose()?, memory: memory.transpose()? })
    }
}

/// The rows of a file, or those that come with flopbill; those whose cells cannot be read apart.
fn read<T: Row>(
    file: Option<&Path>,
    shipped: impl FnOnce() -> Result<Vec<T>, Error>,
) -> Result<(Vec<T>, Vec<Skipped>), Error> {
    match file {
        Some(path) => table::file(path).map(|rows| (rows.read, unreadable(rows.unreadable).collect())),
        None => Ok((shipped()?, Vec::new())),
    }
}
