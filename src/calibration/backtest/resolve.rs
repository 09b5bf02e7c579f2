//! From a row of a table to a question with one answer.

use super::choose::Open;
use super::known::{Known, KnownChip};
use super::shape;
use crate::catalog::stack::StackProfile;
use crate::catalog::steps::{FlopCounting, Metric, StepRow};
use crate::hardware::precision::{Precision, States};
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
    if let Some(node) = row.gpus_per_node {
        machine.node = node;
    }
    let profile = known.shape(&row.model);
    let shape = shape::shape(row, profile, &mut choices)?;
    let stack = known.stack(row)?;
    let factors = known.calibration(&family)?.factors;
    let start = start(row, &stack, &mut choices)?;
    let chips = row.num_gpus;
    let open = Open { row, shape: &shape, machine: &machine, stack: &stack.stack, factors: &factors, chips, start };
    let layout = open.best(&mut choices)?;
    let measured = measured(row, &shape, &layout, machine.peak_16)?;
    let source = row.id.rsplit_once('-').map_or(row.id.as_str(), |(source, _)| source).to_owned();
    let group = format!("{source}|{}|{}", row.model, row.gpu);
    let (id, gpu) = (row.id.clone(), row.gpu.clone());
    let stack = stack.stack;
    Ok(Case { id, source, group, gpu, shape, layout, machine, family, stack, measured, choices })
}

/// Share of the peak that a part of less power than its sheet's sustains.
///
/// Power falls with the square of the clock or faster, so that the clock falls with its root.
fn power_limit(row: &StepRow, sheet: Option<Watts>) -> Option<f64> {
    let share = row.power_w.filter(|&watts| watts > 0.0)? / sheet?.get();
    (share < 0.95).then(|| share.max(0.25).sqrt())
}

/// What the row and its stack say of the layout outside the degrees that may be blank.
fn start(row: &StepRow, stack: &StackProfile, choices: &mut Vec<String>) -> Result<Layout, String> {
    let seq_len = row.seq_len.ok_or("seq_len is blank")?;
    let kernel = row.attention_kernel.unwrap_or(stack.kernel);
    let precision = row.precision.unwrap_or_else(|| {
        choices.push("precision bf16".into());
        Precision::Bf16
    });
    let early = kernel == Kernel::Unfused && precision == Precision::Fp16;
    let states = if early { States::MixedGradients16 } else { States::Mixed };
    Ok(Layout {
        cp: row.cp.unwrap_or(1),
        zero: row.zero.or(stack.zero).unwrap_or(ZeroStage::Optimizer),
        shard_group: row.fsdp_group.map_or(ShardGroup::All, ShardGroup::Chips),
        kernel,
        precision,
        states: row.states.unwrap_or(states),
        schedule: row.schedule.or(stack.schedule).unwrap_or(Schedule::OneFOneB),
        ..Layout::single(seq_len)
    })
}

/// How a row's FLOPs were counted. Where it does not say: before fused attention, most counted what the chip does
/// (BLOOM, OPT, NeoX, MT-NLG), and since, what a causal model needs.
fn counting(row: &StepRow, layout: &Layout) -> Choice {
    let unsaid = if layout.kernel == Kernel::Unfused { FlopCounting::Hardware } else { FlopCounting::Causal };
    let (causality, counting) = match row.flop_counting.unwrap_or(unsaid) {
        FlopCounting::Causal => (Causality::Causal, Counting::Model),
        FlopCounting::Full => (Causality::Full, Counting::Model),
        FlopCounting::Hardware => {
            (Causality::Full, Counting::Hardware { recompute: layout.recompute, kernel: Kernel::Unfused })
        }
    };
    Choice::Terms { causality, counting }
}

fn measured(row: &StepRow, shape: &Architecture, layout: &Layout, peak: FlopPerSecond) -> Result<Seconds, String> {
    let value = row.value.filter(|&value| value > 0.0).ok_or("value is blank or zero")?;
    let tokens = f64::from(layout.global_batch) * f64::from(layout.seq_len);
    let chips = layout.chips() as f64;
    // Published counts leave multi-token prediction out.
    let main = Architecture { mtp_modules: 0, ..*shape };
    let flop = || per_token(&main, layout.seq_len, counting(row, layout)).total() * (tokens / chips);
    Ok(match row.metric.ok_or("metric is blank")? {
        Metric::Seconds => Seconds::new(value),
        Metric::Tokens => Seconds::new(tokens / (value * chips)),
        Metric::Tflops => flop().time_at(FlopPerSecond::from_tflops(value)),
        Metric::Mfu => flop().time_at(peak * value),
    })
}
