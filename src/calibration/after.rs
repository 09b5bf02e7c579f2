//! What one measured step is worth: each row of a source in turn as measured, and the others scored.

use std::collections::BTreeMap;

use serde::Serialize;

use super::backtest::Case;
use crate::predict::software::{Observation, Software};
use crate::step::efficiency::Factors;
use crate::uncertainty::score::crps_normal;

/// Standard normal quantile of 90 %.
const NINETY: f64 = 1.281_551_565_544_6;

/// One row as it is predicted before any step of its source is measured.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The row.
    pub case: &'a Case,
    /// Measured over the step model, in logarithm.
    pub log_ratio: f64,
    /// Its software.
    pub software: Software,
}

impl<'a> Before<'a> {
    /// A row under these factors.
    pub fn of(case: &'a Case, factors: &Factors) -> Self {
        let mut software = case.setting.software();
        software.row = software.row.hypot(case.unsaid.spread);
        let log_ratio = (case.measured / case.predicted(factors)).ln() - software.median.ln();
        Self { case, log_ratio, software }
    }
}

/// Errors after one measured step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AfterOne {
    /// By kind of model, and by whether the measured row shares chip and model with the row that is scored: the means
    /// of the sources.
    pub kinds: Vec<AfterKind>,
    /// By source.
    pub sources: Vec<AfterSource>,
    /// Sources without a second row of the same software, which tell nothing.
    pub left_out: usize,
}

/// The errors of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AfterKind {
    /// `dense` or `moe`.
    pub kind: &'static str,
    /// `within` a chip and a model, or `across` chips or models.
    pub of: &'static str,
    /// Sources.
    pub n: usize,
    /// The scores.
    #[serde(flatten)]
    pub scores: Scores,
}

/// The errors of one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AfterSource {
    /// The source.
    pub source: String,
    /// `dense` or `moe`.
    pub kind: &'static str,
    /// `within` a chip and a model, or `across` chips or models.
    pub of: &'static str,
    /// Rows that are scored.
    pub n: usize,
    /// The scores.
    #[serde(flatten)]
    pub scores: Scores,
}

/// How good predictions are before and after one measured step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Mean of the absolute errors before.
    pub mean_abs_error_before: f64,
    /// The same after one measured step.
    pub mean_abs_error: f64,
    /// Share of the rows between p10 and p90 after it; 80 % is meant.
    pub coverage_80: f64,
    /// Mean continuous ranked probability score of the logarithms after it.
    pub crps: f64,
    /// The share of a surprise that one step settles.
    pub k: f64,
}

impl Scores {
    fn add(&mut self, other: &Self, share: f64) {
        self.mean_abs_error_before += other.mean_abs_error_before * share;
        self.mean_abs_error += other.mean_abs_error * share;
        self.coverage_80 += other.coverage_80 * share;
        self.crps += other.crps * share;
        self.k += other.k * share;
    }

    fn mean<'a>(all: impl ExactSizeIterator<Item = &'a Self>) -> Self {
        let share = 1.0 / all.len().max(1) as f64;
        let mut mean = Self::default();
        all.for_each(|one| mean.add(one, share));
        mean
    }
}

/// The kinds of model, and the ways in which a measured row is near the one that is scored.
const KINDS: [&str; 2] = ["dense", "moe"];
const NEAR: [&str; 2] = ["within", "across"];

/// Scores every row after each other row of its source.
///
/// # Formula
/// the conjugate update of [`Software::after`], with each other row of the source and its stack as the one observation; the mean over
/// them, then over the rows of a source, then over the sources
/// # Source
/// By construction.
pub fn after_one(rows: &[Before<'_>]) -> AfterOne {
    let mut sources = BTreeMap::<(&str, bool), Vec<&Before<'_>>>::new();
    for row in rows {
        sources.entry((&row.case.source, row.case.is_moe())).or_default().push(row);
    }
    let alone = |rows: &&Vec<&Before<'_>>| {
        let stack = |row: &Before<'_>| row.case.setting.stack.id.clone();
        !rows.iter().any(|row| rows.iter().any(|other| !std::ptr::eq(*row, *other) && stack(row) == stack(other)))
    };
    let left_out = sources.values().filter(alone).count();
    let mut scored = Vec::new();
    for ((source, moe), rows) in sources {
        for (near, of) in NEAR.into_iter().enumerate() {
            let scores: Vec<Scores> = rows.iter().filter_map(|row| score(row, &rows, near == 0)).collect();
            if !scores.is_empty() {
                let kind = KINDS[usize::from(moe)];
                let (n, scores) = (scores.len(), Scores::mean(scores.iter()));
                scored.push(AfterSource { source: source.to_owned(), kind, of, n, scores });
            }
        }
    }
    let mut kinds = Vec::new();
    for kind in KINDS {
        for of in NEAR {
            let own: Vec<&AfterSource> = scored.iter().filter(|one| one.kind == kind && one.of == of).collect();
            if !own.is_empty() {
                let scores: Vec<&Scores> = own.iter().map(|one| &one.scores).collect();
                kinds.push(AfterKind { kind, of, n: own.len(), scores: Scores::mean(scores.into_iter()) });
            }
        }
    }
    AfterOne { kinds, sources: scored, left_out }
}

/// A row after each other row of its software, chip and model, or of its software on others.
fn score(row: &Before<'_>, rows: &[&Before<'_>], within: bool) -> Option<Scores> {
    let near = |other: &&&Before<'_>| {
        let same = other.case.gpu == row.case.gpu && other.case.setting.model.shape == row.case.setting.model.shape;
        let own = other.case.setting.stack.id == row.case.setting.stack.id;
        !std::ptr::eq(**other, row) && own && same == within
    };
    let scores: Vec<Scores> = rows.iter().filter(near).map(|other| after(row, other)).collect();
    (!scores.is_empty()).then(|| Scores::mean(scores.iter()))
}

/// A row after one other.
fn after(row: &Before<'_>, measured: &Before<'_>) -> Scores {
    let apart = row.case.setting.apart_from(&measured.case.setting);
    let own = Software { row: measured.software.row, ..row.software };
    let Software { median, effect, .. } = own.after(&[Observation { log_ratio: measured.log_ratio, apart }]);
    let moved = (median / row.software.median).ln();
    let (error, spread) = (moved - row.log_ratio, effect.hypot(row.software.row));
    let before = row.software.effect;
    Scores {
        mean_abs_error_before: ((-row.log_ratio).exp() - 1.0).abs(),
        mean_abs_error: (error.exp() - 1.0).abs(),
        coverage_80: f64::from(error.abs() <= NINETY * spread),
        crps: crps_normal(moved, spread, row.log_ratio),
        k: if before > 0.0 { 1.0 - (effect / before).powi(2) } else { 0.0 },
    }
}
