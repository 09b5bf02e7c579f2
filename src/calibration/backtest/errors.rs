//! How good predictions were: errors of the medians, coverage and score of the ranges.

use serde::{Serialize, Serializer};

use super::StepResult;
use crate::uncertainty::score::crps_normal;

/// Standard normal quantile of 90 %.
const NINETY: f64 = 1.281_551_565_544_6;

/// The errors of some rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Errors {
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
    /// Share of the rows between p10 and p90; 80 % is meant.
    pub coverage_80: f64,
    /// Mean continuous ranked probability score of the logarithms.
    pub crps: f64,
}

/// The errors of one source on one chip.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceErrors {
    /// The source.
    pub source: String,
    /// The chip.
    pub gpu: String,
    /// Mixtures of experts, which are counted apart.
    pub moe: bool,
    /// Their errors.
    #[serde(flatten)]
    pub errors: Errors,
}

/// The errors of all rows of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KindErrors {
    /// Mixtures of experts, or dense models.
    #[serde(rename = "kind", serialize_with = "kind")]
    pub moe: bool,
    /// Their errors.
    #[serde(flatten)]
    pub errors: Errors,
}

fn kind<S: Serializer>(moe: &bool, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(if *moe { "moe" } else { "dense" })
}

impl Errors {
    /// The errors of these rows.
    pub fn of<'a>(rows: impl Iterator<Item = &'a StepResult> + Clone) -> Self {
        let errors: Vec<f64> = rows.clone().map(|row| row.error).collect();
        let [mean_abs_error, median_abs_error, max_abs_error, bias] = summary(&errors);
        let mean = |of: &dyn Fn(&StepResult) -> f64| rows.clone().map(of).sum::<f64>() / errors.len().max(1) as f64;
        let coverage_80 = mean(&|row| f64::from(row.covers()));
        Self {
            n: errors.len(),
            mean_abs_error,
            median_abs_error,
            max_abs_error,
            bias,
            coverage_80,
            crps: mean(&|row| row.crps),
        }
    }
}

/// Errors by source, chip and kind of model, in alphabetical order.
pub fn by_source(rows: &[StepResult]) -> Vec<SourceErrors> {
    let mut groups = std::collections::BTreeMap::<(&str, &str, bool), Vec<&StepResult>>::new();
    for row in rows {
        groups.entry((&row.source, &row.gpu, row.moe)).or_default().push(row);
    }
    let errors = |((source, gpu, moe), rows): ((&str, &str, bool), Vec<&StepResult>)| {
        let errors = Errors::of(rows.iter().copied());
        SourceErrors { source: source.to_owned(), gpu: gpu.to_owned(), moe, errors }
    };
    groups.into_iter().map(errors).collect()
}

/// The errors of dense models and of mixtures of experts.
pub fn kinds(rows: &[StepResult]) -> Vec<KindErrors> {
    let of = |moe: bool| KindErrors { moe, errors: Errors::of(rows.iter().filter(move |row| row.moe == moe)) };
    [false, true].map(of).into_iter().filter(|kind| kind.errors.n > 0).collect()
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

/// The tenth and the ninetieth percentile about a median, with this standard deviation of the logarithm.
pub(super) fn interval(median: f64, spread: f64) -> [f64; 2] {
    [-NINETY, NINETY].map(|z| median * (z * spread).exp())
}

/// The score of a lognormal prediction, in logarithms.
pub(super) fn score(median: f64, spread: f64, truth: f64) -> f64 {
    crps_normal(median.ln(), spread, truth.ln())
}
