//! Whole runs: hours from the model's shape, tokens and chips, before anyone looks at the hours reported.

use super::Skipped;
use super::known::Known;
use super::resolve::{Case, resolve};
use crate::catalog::run_rows::RunRow;
use crate::catalog::steps::{Metric, StepRow};
use crate::model::flops::{Kernel, Recompute};
use crate::units::{ChipSeconds, Chips};

/// Standard normal quantile of 90 %.
const NINETY: f64 = 1.281_551_565_544_6;

/// One run's prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResult {
    /// The row.
    pub id: String,
    /// How far it can be trusted.
    pub tier: String,
    /// GPU-hours its authors report.
    pub published_gpu_hours: f64,
    /// One run in ten takes less.
    pub p10: f64,
    /// Half of them take less.
    pub p50: f64,
    /// Nine in ten take less.
    pub p90: f64,
    /// What the row left open, and what was chosen.
    pub choices: Vec<String>,
}

/// How good the predictions of the trusted runs are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RunSummary {
    /// Runs of tier A.
    pub n: usize,
    /// Share of them within a factor of 1.25.
    pub within_1_25: f64,
    /// Share within 1.5.
    pub within_1_5: f64,
    /// Share within 2.
    pub within_2: f64,
    /// Share whose hours lie between p10 and p90.
    pub coverage_80: f64,
}

/// A back-test of whole runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunReport {
    /// Every run that could be predicted and has hours, in the order given.
    pub rows: Vec<RunResult>,
    /// Tier A.
    pub summary: RunSummary,
    /// Rows that could not.
    pub skipped: Vec<Skipped>,
}

/// Predicts every run.
pub fn runs(rows: &[RunRow], known: &mut Known<'_>) -> RunReport {
    let mut report = RunReport::default();
    for row in rows {
        let predicted = match row.gpu_hours.filter(|&hours| hours > 0.0) {
            None => Err("gpu_hours is blank".into()),
            Some(hours) => resolve_run(row, known).and_then(|run| result(run, hours, known)),
        };
        match predicted {
            Ok(result) => report.rows.push(result),
            Err(reason) => report.skipped.push(Skipped { id: row.id.clone(), reason }),
        }
    }
    report.summary = summarise(report.rows.iter().filter(|row| row.tier == "A"));
    report
}

fn result(run: RunCase, published_gpu_hours: f64, known: &Known<'_>) -> Result<RunResult, String> {
    let prior = known.calibration(&run.case.family)?.run;
    let (factor, spread) = match (run.case.machine.borrowed, run.case.stack.measured) {
        (true, _) => (prior.unmeasured, prior.borrowed_spread),
        (false, true) => (1.0, prior.measured_spread),
        (false, false) => (prior.unmeasured, prior.spread),
    };
    let p50 = run.steps.gpu_hours() * factor / prior.goodput;
    let (p10, p90) = (p50 * (-NINETY * spread).exp(), p50 * (NINETY * spread).exp());
    Ok(RunResult { id: run.id, tier: run.tier, published_gpu_hours, p10, p50, p90, choices: run.case.choices })
}

/// How well these runs were predicted.
pub fn summarise<'a>(rows: impl Iterator<Item = &'a RunResult> + Clone) -> RunSummary {
    let n = rows.clone().count();
    let share =
        |test: &dyn Fn(&RunResult) -> bool| rows.clone().filter(|row| test(row)).count() as f64 / n.max(1) as f64;
    let within = |factor: f64| share(&|row| (row.p50 / row.published_gpu_hours).ln().abs() <= factor.ln());
    RunSummary {
        n,
        within_1_25: within(1.25),
        within_1_5: within(1.5),
        within_2: within(2.0),
        coverage_80: share(&|row| (row.p10..=row.p90).contains(&row.published_gpu_hours)),
    }
}

/// A run with everything decided.
#[derive(Debug, Clone)]
pub struct RunCase {
    /// The row's identifier.
    pub id: String,
    /// How far the row can be trusted.
    pub tier: String,
    /// The step it repeats.
    pub case: Case,
    /// GPU-hours of pure steps.
    pub steps: ChipSeconds,
}

/// Decides what a row leaves open, and multiplies its step.
///
/// # Errors
/// The reason why the row cannot be predicted.
pub fn resolve_run(row: &RunRow, known: &mut Known<'_>) -> Result<RunCase, String> {
    let tokens = row.tokens_b.filter(|&tokens| tokens > 0.0).ok_or("tokens_b is blank")? * 1e9;
    let step = step_row(row, known)?;
    let case = resolve(&step, known)?;
    let factors = known.calibration(&case.family)?.factors;
    let layout = &case.layout;
    let per_step = f64::from(layout.global_batch) * f64::from(layout.seq_len);
    let steps = case.predicted(&factors) * (tokens / per_step) * Chips::new(layout.chips() as f64);
    Ok(RunCase { id: row.id.clone(), tier: row.tier.clone(), case, steps })
}

/// Tokens of a step where nobody says: what models of these years use.
const BATCH_TOKENS: f64 = 4e6;

/// The month from which models are trained on 4,096 tokens where nobody says.
const LONGER: &str = "2024-01";

/// Parameters from which everybody recomputed every layer before selective recompute was published, in billions.
const RECOMPUTED_B: f64 = 5.0;

/// The run's step as a row of measured steps with blanks.
fn step_row(row: &RunRow, known: &mut Known<'_>) -> Result<StepRow, String> {
    let stack = known.run_stack(row)?;
    let seq_len = row.seq_len.unwrap_or(if row.date.as_str() < LONGER { 2048 } else { 4096 });
    let chips = row.num_gpus.map_or_else(|| chips_for(row, known), Ok)?;
    let recomputed = stack.kernel == Kernel::Unfused && row.params_b.is_some_and(|params| params > RECOMPUTED_B);
    Ok(StepRow {
        id: row.id.clone(),
        source: row.date.clone(),
        params_b: row.params_b,
        layers: row.layers,
        hidden: row.hidden,
        ffn_hidden: row.ffn_hidden,
        heads: row.heads,
        kv_heads: row.kv_heads,
        head_dim: row.head_dim,
        vocab: row.vocab,
        seq_len: Some(seq_len),
        experts: row.experts,
        experts_active: row.experts_active,
        expert_ffn: row.expert_ffn,
        gpu: row.gpu.clone(),
        num_gpus: Some(chips),
        tp: row.tp,
        pp: row.pp,
        cp: row.cp,
        ep: row.ep,
        global_batch_seqs: Some(batch(row, seq_len, chips)),
        precision: row.precision,
        recompute: recomputed.then_some(Recompute::Full),
        stack: stack.id,
        metric: Some(Metric::Seconds),
        value: Some(1.0),
        model: row.model.to_lowercase().replace(' ', "-"),
        ..StepRow::default()
    })
}

/// Sequences of a step, rounded so that the chips share them evenly.
fn batch(row: &RunRow, seq_len: u32, chips: u32) -> u32 {
    let (stages, seq_len) = (row.pp.unwrap_or(1), f64::from(seq_len));
    let replicas = row.dp.unwrap_or(chips / stages.saturating_mul(row.tp.unwrap_or(1))).max(1);
    let usual = BATCH_TOKENS.max(f64::from(replicas) * f64::from(stages) * 4.0 * seq_len);
    let sequences = row.global_batch_tokens.unwrap_or(usual) / seq_len;
    let rounds = sequences / f64::from(replicas);
    if rounds >= 0.7 {
        replicas.saturating_mul(rounds.round().max(1.0) as u32)
    } else {
        sequences.log2().round().max(0.0).exp2() as u32
    }
}

/// Chips that finish in about a month at 40 % of the peak, as a power of two.
fn chips_for(row: &RunRow, known: &mut Known<'_>) -> Result<u32, String> {
    let machine = known.chip(&row.gpu)?.machine;
    let params = row.active_params_b.or(row.params_b).ok_or("num_gpus and params_b are blank")? * 1e9;
    let flop = 6.0 * params * row.tokens_b.unwrap_or(0.0) * 1e9;
    let month = crate::units::Seconds::from_days(30.0).get();
    let chips = flop / (0.4 * machine.peak_16.get() * month);
    Ok(chips.max(8.0).log2().round().exp2() as u32)
}
