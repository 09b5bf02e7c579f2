//! From a row of a table to a question with one answer.

use super::choose::Open;
use super::known::{Known, KnownChip};
use super::{shape, stack};
use crate::catalog::steps::StepRow;
use crate::hardware::precision::{PRECISIONS, Precision, States};
use crate::layout::parallelism::{Layout, Schedule, ShardGroup, ZeroStage};
use crate::model::architecture::Architecture;
use crate::model::flops::{Causality, Choice, Counting, Kernel, per_token};
use crate::step::efficiency::Factors;
use crate::step::machine::Machine;
use crate::step::perform;
use crate::step::stack::Stack;
use crate::units::{BytesPerSecond, FlopPerSecond, Seconds, Watts};

/// A row with everything decided.
#[derive(Debug, Clone)]
pub struct Case {
    /// The row's identifier.
    pub id: String,
    /// The source: the identifier up to its number.
    pub source: String,
    /// Rows that weigh as one: same source, model and chip.
    pub group: String,
    /// The chip's name in the row.
    pub gpu: String,
    /// The model.
    pub shape: Architecture,
    /// The layout.
    pub layout: Layout,
    /// The machine.
    pub machine: Machine,
    /// The family whose factors time it.
    pub family: String,
    /// The software.
    pub stack: Stack,
    /// Measured time of one step.
    pub measured: Seconds,
    /// What the row left open, and what was chosen.
    pub choices: Vec<String>,
}

impl Case {
    /// The step's time under these factors.
    pub fn predicted(&self, factors: &Factors) -> Seconds {
        perform(&self.shape, &self.layout, &self.machine, &self.stack, factors).total()
    }

    /// The signed error under these factors: predicted over measured, less one.
    pub fn error(&self, factors: &Factors) -> f64 {
        self.predicted(factors) / self.measured - 1.0
    }
}

/// A count in a cell.
pub(super) fn whole(x: Option<f64>) -> Option<u32> {
    x.filter(|x| x.is_finite() && *x >= 1.0 && *x <= 1e9).map(|x| x.round() as u32)
}

/// Decides what a row leaves open: by the fastest choice that fits.
///
/// # Errors
/// The reason why the row cannot be read.
pub fn resolve(row: &StepRow, known: &mut Known<'_>) -> Result<Case, String> {
    let mut choices = Vec::new();
    let KnownChip { mut machine, family, power } = known.chip(&row.gpu)?;
    if let Some(limit) = power_limit(row, power) {
        machine.peak_16 = machine.peak_16 * limit;
        machine.peak_8 = machine.peak_8 * limit;
        machine.peak_4 = machine.peak_4 * limit;
        choices.push(format!("clocks at {:.0} % for the power of the part", 100.0 * limit));
    }
    if let Some(rate) = row.nic_gb_s_per_gpu.filter(|&rate| rate > 0.0) {
        machine.nic = BytesPerSecond::from_gb_per_s(rate);
    }
    if let Some(node) = whole(row.gpus_per_node) {
        machine.node = node;
    }
    let profile = known.shape(&row.model);
    let shape = shape::shape(row, profile, &mut choices)?;
    let stack = stack::stack(row);
    let factors = known.calibration(&family)?.factors;
    let start = start(row, &mut choices)?;
    let chips = whole(row.num_gpus);
    let open = Open { row, shape: &shape, machine: &machine, stack: &stack, factors: &factors, chips, start };
    let layout = open.best(&mut choices)?;
    let measured = measured(row, &shape, &layout, machine.peak_16)?;
    let source = row.id.rsplit_once('-').map_or(row.id.as_str(), |(source, _)| source).to_owned();
    let group = format!("{source}|{}|{}", row.model, row.gpu);
    let (id, gpu) = (row.id.clone(), row.gpu.clone());
    Ok(Case { id, source, group, gpu, shape, layout, machine, family, stack, measured, choices })
}

/// Share of the peak that a part of less power than its sheet's sustains, where the row names its power: `500 W`.
///
/// Power falls with the square of the clock or faster, so that the clock falls with its root.
fn power_limit(row: &StepRow, sheet: Option<Watts>) -> Option<f64> {
    let text = format!("{} {}", row.gpu, row.notes).replace('W', " W ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let pairs = words.iter().zip(words.iter().skip(1));
    let mut named = pairs.filter(|(_, unit)| **unit == "W").filter_map(|(number, _)| number.parse::<f64>().ok());
    let share = named.find(|watts| (100.0..3000.0).contains(watts))? / sheet?.get();
    (share < 0.95).then(|| share.max(0.25).sqrt())
}

/// What the row says of its layout outside the degrees that may be blank.
fn start(row: &StepRow, choices: &mut Vec<String>) -> Result<Layout, String> {
    let seq_len = whole(row.seq_len).ok_or("seq_len is blank")?;
    let text = format!("{} {}", row.framework, row.notes).to_lowercase();
    let kernel = if row.attention_kernel == "unfused" { Kernel::Unfused } else { Kernel::Fused };
    let staged = whole(row.pp).is_some_and(|pp| pp > 1);
    let zero = match (text.contains("fsdp"), kernel) {
        (true, _) if staged => ZeroStage::Gradients, // weights stay gathered from one micro-batch to the next
        (true, _) => ZeroStage::Weights,
        (false, Kernel::Unfused) if !text.contains("zero-1") => ZeroStage::None,
        (false, _) => ZeroStage::Optimizer,
    };
    let group = text.split("fsdp group ").nth(1).and_then(|rest| rest.split(')').next()?.trim().parse().ok());
    let own = text.contains("dualpipe") || text.contains("hai-llm");
    let precision = precision(row, choices);
    Ok(Layout {
        cp: whole(row.cp).unwrap_or(1),
        zero,
        shard_group: group.map_or(ShardGroup::All, ShardGroup::Chips),
        kernel,
        precision,
        states: states(row, precision),
        schedule: if own { Schedule::DualPipe } else { Schedule::OneFOneB },
        ..Layout::single(seq_len)
    })
}

fn precision(row: &StepRow, choices: &mut Vec<String>) -> Precision {
    let name = row.precision.to_lowercase();
    if let Some((_, precision)) = PRECISIONS.iter().find(|(known, _)| *known == name) {
        return *precision;
    }
    if name.contains("fp4") {
        return Precision::Fp4;
    }
    if name.contains("fp8") {
        return Precision::Fp8;
    }
    choices.push("precision bf16".into());
    Precision::Bf16
}

fn states(row: &StepRow, precision: Precision) -> States {
    let pure = row.notes.to_lowercase().contains("mp_mode=pure");
    let early = row.attention_kernel == "unfused" && precision == Precision::Fp16;
    if pure || early { States::MixedGradients16 } else { States::Mixed }
}

/// How a row's FLOPs were counted.
fn counting(row: &StepRow, layout: &Layout) -> Choice {
    let note = format!("{} {}", row.notes, row.source).to_lowercase();
    let hardware = note.contains("hardware") || note.contains("hfu");
    // The first mention is the printed number's; a second one compares.
    let first = note.find("causal").and_then(|at| note.get(..at)).is_some_and(|before| before.ends_with("non-"));
    let full = hardware || first || row.attention_kernel == "unfused";
    let causality = if full { Causality::Full } else { Causality::Causal };
    let counting = if hardware {
        Counting::Hardware { recompute: layout.recompute, kernel: Kernel::Unfused }
    } else {
        Counting::Model
    };
    Choice::Terms { causality, counting }
}

fn measured(row: &StepRow, shape: &Architecture, layout: &Layout, peak: FlopPerSecond) -> Result<Seconds, String> {
    let value = row.value.filter(|&value| value > 0.0).ok_or("value is blank or not positive")?;
    let tokens = f64::from(layout.global_batch) * f64::from(layout.seq_len);
    let chips = layout.chips() as f64;
    // Published counts leave multi-token prediction out.
    let main = Architecture { mtp_modules: 0, ..*shape };
    let flop = || per_token(&main, layout.seq_len, counting(row, layout)).total() * (tokens / chips);
    match row.metric.as_str() {
        "iter_time_s" => Ok(Seconds::new(value)),
        "tokens_per_s_per_gpu" => Ok(Seconds::new(tokens / (value * chips))),
        "tflops_per_gpu" => Ok(flop().time_at(FlopPerSecond::from_tflops(value))),
        "mfu" => Ok(flop().time_at(peak * value)),
        other => Err(format!("metric: `{other}` is none of iter_time_s, tokens_per_s_per_gpu, tflops_per_gpu, mfu")),
    }
}
