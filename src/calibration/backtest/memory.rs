//! Predicted against measured memory: peaks, and layouts that ran or ran out.

use super::ask::{Asked, ask};
use super::known::Known;
use super::{Skipped, summary};
use crate::error::Kind;
use crate::input::batch::Batch;
use crate::layout::fit::{Fit, fit};
use crate::layout::parallelism::{Layout, Schedule};
use crate::model::flops::Recompute;
use crate::predict::headroom::{Headroom, held, on_device, reserved};
use crate::rows::memory::{Basis, MemoryRow};
use crate::units::{Bytes, Chips};

/// Bytes of a GiB.
const GIB: f64 = 1_073_741_824.0;

/// More memory than any chip has.
const UNBOUNDED: Bytes = Bytes::new(1e18);

/// Micro-batches for each stage of a pipeline, where the row says nothing of the batch.
const ROUNDS: u32 = 4;

/// One row's prediction.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct MemoryResult {
    /// The row.
    pub id: String,
    /// Its source.
    pub source: String,
    /// Its chip.
    pub gpu: String,
    /// The profile of its software.
    pub stack: String,
    /// The peak predicted, counted as the measured one is.
    pub predicted_gib: f64,
    /// The peak measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured_gib: Option<f64>,
    /// Predicted over measured, less one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
    /// What the chip has.
    pub of_gib: f64,
    /// The chance that it runs.
    pub fit_probability: f64,
    /// Whether it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ran: Option<bool>,
    /// What the row left open, and what was chosen.
    pub choices: Vec<String>,
}

impl MemoryResult {
    /// Whether it is more likely than not that it runs.
    pub fn fits(&self) -> bool {
        self.fit_probability >= 0.5
    }

    /// Whether it ran where it was to run out, or the other way round.
    pub fn is_wrong(&self) -> bool {
        self.ran.is_some_and(|ran| ran != self.fits())
    }
}

/// A back-test of memory.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct MemoryReport {
    /// Every row that could be read, in the order given.
    pub rows: Vec<MemoryResult>,
    /// Mean of the absolute errors of the peaks.
    pub mean_abs_error: f64,
    /// Mean of the signed errors of the peaks.
    pub bias: f64,
    /// Layouts that ran or ran out.
    pub verdicts: usize,
    /// Those of which it is predicted wrongly.
    pub wrong: usize,
    /// Rows that could not be read.
    pub skipped: Vec<Skipped>,
}

/// Predicts every row.
pub fn memory(rows: &[MemoryRow], known: &mut Known) -> MemoryReport {
    let mut report = MemoryReport::default();
    for row in rows {
        match one(row, known) {
            Ok(result) => report.rows.push(result),
            Err(reason) => report.skipped.push(Skipped { id: row.id.clone(), reason }),
        }
    }
    let errors: Vec<f64> = report.rows.iter().filter_map(|row| row.error).collect();
    [report.mean_abs_error, _, _, report.bias] = summary(&errors);
    report.verdicts = report.rows.iter().filter(|row| row.ran.is_some()).count();
    report.wrong = report.rows.iter().filter(|row| row.is_wrong()).count();
    report
}

fn one(row: &MemoryRow, known: &mut Known) -> Result<MemoryResult, String> {
    let mut step = row.as_step();
    let (model, layers) = row.cut();
    if known.model(&row.model).is_none() {
        model.clone_into(&mut step.model);
    }
    let chips = row.num_gpus.ok_or("num_gpus is blank")?;
    let given = batch(row, chips);
    let degrees = [step.tp, step.pp, step.dp].map(|degree| degree.unwrap_or(1).max(1));
    let rest = chips / degrees.into_iter().fold(1, u32::saturating_mul);
    let idle = step.dp.is_some() && step.cp.unwrap_or(1) == 1 && rest > 1;
    step.cp = if idle { Some(rest) } else { step.cp };
    let mut asked = ask(&step, Some(Batch::Sequences(f64::from(given))), known)?;
    if let Some(layers) = layers {
        cut(&mut asked, layers);
    }
    usual(&mut asked, row, given);
    if let Some(gib) = row.of_gib {
        asked.setting.machine.memory = Bytes::new(gib * GIB);
    }
    let (layout, found) = place(&mut asked, Chips::new(f64::from(chips)))?;
    if idle {
        asked.choices.push(format!("cp {rest}, which the other degrees leave"));
    }
    if row.recompute.is_none() {
        asked.choices.push(format!("recompute {:?}", layout.recompute).to_lowercase());
    }
    Ok(result(row, &asked, &found))
}

/// Sequences of a step: as the row says, else enough to fill its pipeline.
fn batch(row: &MemoryRow, chips: u32) -> u32 {
    let [tp, pp, cp, micro] = [row.tp, row.pp, row.cp, row.micro_batch].map(|degree| degree.unwrap_or(1).max(1));
    let dp = row.dp.unwrap_or(chips / tp.saturating_mul(pp).saturating_mul(cp)).max(1);
    let rounds = if pp > 1 { pp.saturating_mul(ROUNDS) } else { 1 };
    row.global_batch_seqs.unwrap_or(dp.saturating_mul(micro).saturating_mul(rounds))
}

/// The model with so many layers, the same share of them dense but for a rounding up, and no modules for later tokens.
fn cut(asked: &mut Asked, layers: u32) {
    let shape = &mut asked.setting.model.shape;
    shape.layers = shape.layers.cut(layers);
    shape.mtp_modules = 0;
}

/// What a row leaves blank and no search decides: no degree that is not named, and one sequence a micro-batch, or in a
/// pipeline whose batch is known as many micro-batches as stages.
fn usual(asked: &mut Asked, row: &MemoryRow, batch: u32) {
    let given = &mut asked.setting.given;
    let pp = given.pp.unwrap_or(1);
    let interleaved = pp > 1 && given.schedule == Some(Schedule::Interleaved);
    given.vpp = given.vpp.filter(|_| pp > 1).or(Some(if interleaved { 2 } else { 1 }));
    for degree in [&mut given.tp, &mut given.pp, &mut given.cp, &mut given.ep] {
        *degree = Some(degree.unwrap_or(1));
    }
    if given.micro_batch.is_none() {
        let own = batch / row.dp.unwrap_or(1).max(1);
        let size = if pp > 1 && row.global_batch_seqs.is_some() { (own / pp).max(1) } else { 1 };
        given.micro_batch = Some(size);
        asked.choices.push(format!("micro_batch {size}"));
    }
}

/// The layout as the search finds it, and what it holds; where nothing fits, with all recomputed that the row leaves open.
fn place(asked: &mut Asked, chips: Chips) -> Result<(Layout, Fit), String> {
    let memory = asked.setting.machine.memory;
    let layout = match asked.setting.on(chips) {
        Ok(found) => found.layout,
        Err(error) if error.kind() == Kind::DoesNotFit => {
            let mut free = asked.setting.clone();
            free.machine.memory = UNBOUNDED;
            free.given.recompute = free.given.recompute.or(Some(Recompute::Full));
            free.on(chips).map_err(|error| error.to_string())?.layout
        }
        Err(error) => return Err(error.to_string()),
    };
    let sequences = asked.setting.batch.sequences();
    let space = asked.setting.space(chips, sequences).map_err(|error| error.to_string())?;
    Ok((layout, fit(space.shape, &layout, memory, &space.reserve)))
}

fn result(row: &MemoryRow, asked: &Asked, found: &Fit) -> MemoryResult {
    let counted = match row.basis.unwrap_or(Basis::Reserved) {
        Basis::Allocated => held(found),
        Basis::Reserved => reserved(found),
        Basis::Device => on_device(found),
    };
    let predicted_gib = counted.get() / GIB;
    let measured_gib = row.peak_gib.filter(|&gib| gib > 0.0);
    MemoryResult {
        id: row.id.clone(),
        source: row.source.clone(),
        gpu: row.gpu.clone(),
        stack: asked.setting.stack.id.clone(),
        predicted_gib,
        measured_gib,
        error: measured_gib.map(|measured| predicted_gib / measured - 1.0),
        of_gib: found.capacity.get() / GIB,
        fit_probability: Headroom::of(found, asked.setting.memory_spread).probability,
        ran: row.fits,
        choices: asked.choices.clone(),
    }
}
