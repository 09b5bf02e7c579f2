//! Whole runs: hours from the model's shape, tokens and chips, before anyone looks at the hours reported.

use super::Skipped;
use super::ask::ask;
use super::errors::interval;
use super::known::Known;
use crate::input::batch::Batch;
use crate::predict::Prediction;
use crate::predict::chips::fewest;
use crate::rows::runs::RunRow;
use crate::rows::steps::StepRow;
use crate::units::{Chips, Seconds, Tokens};

/// The time that a run may take where nobody says its chips. An assumption.
const MONTH: Seconds = Seconds::from_days(30.0);

/// One run's prediction.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
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
    /// The median over what is reported.
    pub ratio: f64,
    /// What the row left open, and what was chosen.
    pub choices: Vec<String>,
    /// Its software is named.
    #[serde(skip)]
    pub named: bool,
    /// Nodes that it is predicted on.
    #[serde(skip)]
    pub nodes: f64,
    /// The goodput that it is predicted with.
    #[serde(skip)]
    pub goodput: f64,
    /// What its software leaves open, in logarithm.
    #[serde(skip)]
    pub software_spread: f64,
}

/// How good the predictions of some runs are.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct RunSummary {
    /// Which runs.
    pub of: &'static str,
    /// How many; without any, the shares are not numbers.
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
pub fn runs(rows: &[RunRow], known: &mut Known) -> RunReport {
    let mut report = RunReport::default();
    for row in rows {
        let predicted = match row.gpu_hours.filter(|&hours| hours > 0.0) {
            None => Err("gpu_hours is blank".into()),
            Some(hours) => result(row, hours, known),
        };
        match predicted {
            Ok(result) => report.rows.push(result),
            Err(reason) => report.skipped.push(Skipped { id: row.id.clone(), reason }),
        }
    }
    report.summary = summarise("runs of tier A", report.rows.iter().filter(|row| row.tier == "A"));
    report
}

fn result(row: &RunRow, published_gpu_hours: f64, known: &mut Known) -> Result<RunResult, String> {
    let tokens = row.tokens_b.filter(|&tokens| tokens > 0.0).ok_or("tokens_b is blank")? * 1e9;
    let step = step_row(row, known)?;
    let batch = row.global_batch_tokens.map(|tokens| Batch::Tokens(Tokens::new(tokens)));
    let mut asked = ask(&step, batch, known)?;
    let hours = |predicted: &Prediction| predicted.computing(Tokens::new(tokens)) / predicted.goodput;
    let chips = match row.num_gpus {
        Some(chips) => Chips::new(f64::from(chips)),
        None => {
            let time = |chips: Chips| Ok(hours(&asked.setting.on(chips)?) / chips);
            asked.choices.push("the fewest chips that finish in a month".into());
            fewest(asked.setting.machine.node, MONTH, time).map_err(|error| error.to_string())?
        }
    };
    let predicted = asked.predict(chips, &step)?;
    let p50 = hours(&predicted).gpu_hours();
    let software_spread = asked.setting.software().spread().hypot(predicted.unsaid.spread);
    let [p10, p90] = interval(p50, software_spread.hypot(asked.setting.believed.goodput.spread));
    let (id, tier) = (row.id.clone(), row.tier.clone());
    let ratio = p50 / published_gpu_hours;
    let named = !asked.setting.stack.ordinary;
    let nodes = chips.get() / f64::from(asked.setting.machine.node.max(1));
    let (goodput, choices) = (predicted.goodput, asked.choices);
    Ok(RunResult {
        id,
        tier,
        published_gpu_hours,
        p10,
        p50,
        p90,
        ratio,
        choices,
        named,
        nodes,
        goodput,
        software_spread,
    })
}

/// How well these runs were predicted.
pub fn summarise<'a>(of: &'static str, rows: impl Iterator<Item = &'a RunResult> + Clone) -> RunSummary {
    let n = rows.clone().count();
    let share = |test: &dyn Fn(&RunResult) -> bool| rows.clone().filter(|row| test(row)).count() as f64 / n as f64;
    let within = |factor: f64| share(&|row| row.ratio.ln().abs() <= factor.ln());
    RunSummary {
        of,
        n,
        within_1_25: within(1.25),
        within_1_5: within(1.5),
        within_2: within(2.0),
        coverage_80: share(&|row| (row.p10..=row.p90).contains(&row.published_gpu_hours)),
    }
}

/// The run's step as a row of measured steps with blanks.
fn step_row(row: &RunRow, known: &Known) -> Result<StepRow, String> {
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
        seq_len: row.seq_len,
        experts: row.experts,
        experts_active: row.experts_active,
        expert_ffn: row.expert_ffn,
        gpu: row.gpu.clone(),
        num_gpus: row.num_gpus,
        tp: row.tp,
        pp: row.pp,
        cp: row.cp,
        ep: row.ep,
        dp: row.dp,
        precision: row.precision,
        stack: known.run_stack(row)?,
        model: row.model.to_lowercase().replace(' ', "-"),
        ..StepRow::default()
    })
}
