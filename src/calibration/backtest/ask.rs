//! A row as the question that a user would ask: what it states is given, what it leaves blank is chosen as for everyone.

use super::known::{Known, KnownChip};
use super::shape;
use crate::catalog::stack::StackProfile;
use crate::catalog::steps::StepRow;
use crate::error::{Error, Kind};
use crate::input::batch::Batch;
use crate::input::file::{Entry, Origin, Spec};
use crate::layout::fixed::Fixed;
use crate::layout::parallelism::Schedule;
use crate::model::flops::Recompute;
use crate::predict::{Prediction, Setting};
use crate::step::machine::Machine;
use crate::units::show::counted;
use crate::units::{Bytes, BytesPerSecond, Chips, Tokens, Watts};

/// More memory than any chip has.
const UNBOUNDED: Bytes = Bytes::new(1e18);

/// A row's setting, with what was chosen for its blanks.
pub(super) struct Asked {
    pub(super) setting: Setting,
    pub(super) choices: Vec<String>,
}

/// What a row asks.
///
/// # Errors
/// The reason why the row cannot be read.
pub(super) fn ask(row: &StepRow, batch: Option<Batch>, known: &mut Known) -> Result<Asked, String> {
    let mut choices = Vec::new();
    let KnownChip { profile, held } = known.chip(&row.gpu)?;
    let model = shape::model(row, known.model(&row.model), &mut choices)?;
    let stack = known.stack(row)?;
    let spec = Spec {
        precision: entry(row, row.precision),
        states: entry(row, row.states),
        sequence_length: entry(row, row.seq_len.map(|tokens| Tokens::new(f64::from(tokens)))),
        global_batch: entry(row, batch),
        stack: entry(row, Some(stack.id)),
        ..Spec::default()
    };
    let setting = Setting::of_model(model, &spec, &profile, &known.catalog).map_err(said)?;
    let mut setting = Setting { calibration: *known.calibration(&setting.family)?, ..setting };
    setting.stack.kernel = row.attention_kernel.unwrap_or(setting.stack.kernel);
    setting.given = given(row, &setting.stack);
    setting.release = row.released().or(setting.release);
    choices.append(&mut setting.chosen);
    as_built(&mut setting.machine, row, held, profile.chip.power.tdp, &mut choices);
    Ok(Asked { setting, choices })
}

fn entry<T>(row: &StepRow, value: Option<T>) -> Option<Entry<T>> {
    value.map(|value| Entry::new(value, Origin::Profile(row.id.clone())))
}

fn said(error: Error) -> String {
    error.to_string()
}

/// The degrees that the row states, and what its software brings.
fn given(row: &StepRow, stack: &StackProfile) -> Fixed {
    let vpp = row.vpp.filter(|_| row.pp != Some(1));
    let plain = |schedule: &Schedule| *schedule == Schedule::OneFOneB;
    let schedule = row.schedule.or(stack.schedule).filter(|schedule| !(plain(schedule) && vpp > Some(1)));
    Fixed {
        tp: row.tp,
        pp: row.pp,
        vpp,
        dp: row.dp,
        cp: row.cp,
        ep: row.ep,
        micro_batch: row.micro_batch,
        zero: row.zero.or(stack.zero),
        schedule,
        recompute: row.recompute,
        sequence_parallel: row.seq_parallel,
        shard_group: row.fsdp_group,
    }
}

/// The chip with the power, the network and the server that the row says.
fn as_built(machine: &mut Machine, row: &StepRow, held: Option<f64>, sheet: Option<Watts>, choices: &mut Vec<String>) {
    if let Some(limit) = power_limit(row.power_w.or(held), sheet) {
        for peak in [&mut machine.peak_16, &mut machine.peak_8, &mut machine.peak_4] {
            *peak = *peak * limit;
        }
        choices.push(format!("clocks at {:.0} % for the power of the part", 100.0 * limit));
    }
    if let Some(rate) = row.nic_gb_s_per_gpu.filter(|&rate| rate > 0.0) {
        machine.nic = BytesPerSecond::from_gb_per_s(rate);
    }
    machine.node = row.gpus_per_node.unwrap_or(machine.node);
}

/// Share of the peak that a part of less power than its sheet's sustains.
///
/// Power falls with the square of the clock or faster, so that the clock falls with its root.
fn power_limit(held: Option<f64>, sheet: Option<Watts>) -> Option<f64> {
    let share = held.filter(|&watts| watts > 0.0)? / sheet?.get();
    (share < 0.95).then(|| share.max(0.25).sqrt())
}

impl Asked {
    /// Predicts. A layout that the row gives ran, so that the memory does not decide; nor does it where the memory model
    /// finds every layout too large, with all recomputed where the row does not say.
    ///
    /// # Errors
    /// Why no layout of these chips is legal.
    pub(super) fn predict(&mut self, chips: Chips, row: &StepRow) -> Result<Prediction, String> {
        let memory = self.setting.machine.memory;
        let whole = self.setting.given.is_whole(&self.setting.model.shape);
        let held = if whole { None } else { Some(self.setting.on(chips)) };
        let predicted = match held {
            Some(Err(error)) if error.kind() != Kind::DoesNotFit => Err(error),
            Some(Ok(predicted)) => Ok(predicted),
            Some(Err(_)) | None => {
                self.setting.machine.memory = UNBOUNDED;
                self.setting.given.recompute = row.recompute.or(Some(Recompute::Full));
                self.setting.on(chips)
            }
        };
        let predicted = predicted.map_err(said)?;
        if predicted.fit.total - predicted.fit.reserve > memory {
            self.choices.push(format!("not held to {:.0} GB of memory, as it ran", memory.gb()));
        }
        self.say(&predicted, row);
        Ok(predicted)
    }

    /// Says what the row left blank and what was chosen.
    fn say(&mut self, predicted: &Prediction, row: &StepRow) {
        let layout = &predicted.layout;
        let mut say = |blank: bool, what: String| {
            if blank {
                self.choices.push(what);
            }
        };
        say(row.num_gpus.is_none(), counted(predicted.chips, "chip"));
        say(predicted.idle() > 0, format!("{} idle", counted(predicted.idle(), "chip")));
        say(row.tp.is_none(), format!("tp {}", layout.tp));
        say(row.pp.is_none(), format!("pp {}", layout.pp));
        say(row.cp.is_none() && layout.cp > 1, format!("cp {}", layout.cp));
        say(row.ep.is_none() && layout.ep > 1, format!("ep {}", layout.ep));
        say(row.micro_batch.is_none(), format!("micro_batch {}", layout.micro_batch));
        say(row.vpp.is_none() && layout.pp > 1, format!("vpp {}", layout.vpp));
        say(row.recompute.is_none(), format!("recompute {:?}", layout.recompute).to_lowercase());
        say(row.seq_parallel.is_none() && layout.tp > 1, format!("seq_parallel {}", layout.sequence_parallel));
    }
}
