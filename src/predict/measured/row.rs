//! A measured row as a question: what it states over what is asked, predicted in the layout it ran in, and its published
//! number as the time of a step.

use crate::catalog::Catalog;
use crate::error::{Error, Kind};
use crate::input::batch::Batch;
use crate::input::file::{Entry, Origin, Spec};
use crate::input::measured::{MEASURED, MeasuredStep};
use crate::layout::fixed::Fixed;
use crate::layout::parallelism::{Layout, Schedule};
use crate::model::architecture::Architecture;
use crate::model::flops::{Causality, Choice, Counting, Kernel, Recompute, per_token, train_work};
use crate::predict::{Prediction, Setting};
use crate::rows::steps::{FlopCounting, Metric, StepRow};
use crate::step::machine::Machine;
use crate::units::{Bytes, BytesPerSecond, Chips, FlopPerSecond, Seconds, Tokens, Watts, show};

/// More memory than any chip has.
const UNBOUNDED: Bytes = Bytes::new(1e18);

/// A row's setting, and its step in the layout it ran in.
#[derive(Debug, Clone)]
pub(super) struct OnRow {
    pub setting: Setting,
    pub predicted: Prediction,
}

/// Predicts a row: what it leaves out is that of `home`, the question that it stands beside; why it tells nothing of the
/// software that is asked about.
///
/// # Errors
/// Names that no profile has; a number of chips that nobody says.
pub(super) fn on_row(
    step: &MeasuredStep,
    home: &Spec,
    asked: &Setting,
    catalog: &Catalog,
) -> Result<Result<OnRow, String>, Error> {
    let row = &step.row;
    let (profile, held) = match (row.gpu.as_str(), &home.gpu) {
        ("", None) => return Err(unsaid(step, "on which chip", "gpu")),
        ("", Some(own)) => catalog.chip_of_a_table(&own.value).map_err(|error| own.origin.locate(error))?,
        (name, _) => catalog.chip_of_a_table(name).map_err(|error| step.locate(error))?,
    };
    let mut model = match (row.model.as_str(), &home.model) {
        ("", None) => return Err(unsaid(step, "of which model", "model")),
        ("", Some(own)) => catalog.model(&own.value).map_err(|error| own.origin.locate(error))?,
        (name, _) => catalog.model(name).map_err(|error| step.locate(error))?,
    };
    let differs = |given: Option<u32>, known: u32| given.is_some_and(|given| given != known);
    if differs(row.layers, model.shape.layers.counted()) || differs(row.hidden, model.shape.hidden) {
        return Ok(Err(format!("its layers or its width are not those of `{}`", model.name)));
    }
    // Padding and modules beside the model are the row's own.
    model.shape.vocab = row.vocab.unwrap_or(model.shape.vocab);
    model.shape.mtp_modules = row.mtp_modules.unwrap_or(model.shape.mtp_modules);
    model.shape.check().map_err(|error| step.locate(error))?;
    let chips = row.num_gpus.map(|chips| Chips::new(f64::from(chips))).or(home.chips.as_ref().map(|chips| chips.value));
    let Some(chips) = chips else { return Err(unsaid(step, "on how many chips", "chips")) };
    let setting =
        Setting::of_model(model, &laid_over(step, home), &profile, catalog).map_err(|error| step.locate(error))?;
    if (&setting.stack.id, &setting.stack.file) != (&asked.stack.id, &asked.stack.file) {
        let (own, other) = (&setting.stack.id, &asked.stack.id);
        return Ok(Err(format!("it ran on the stack `{own}`, and `{other}` is asked about: name it as `stack`")));
    }
    let setting = as_stated(setting, row, home, held, profile.chip.power.tdp);
    let ran = as_it_ran(setting, chips, row.recompute);
    Ok(ran.map(|(setting, predicted)| OnRow { setting, predicted }).map_err(|error| error.message().to_owned()))
}

/// A row without what the question does not say either.
fn unsaid(step: &MeasuredStep, what: &str, column: &str) -> Error {
    let error = Error::bad_input(format!("{} does not say {what} it was measured", step.name));
    step.locate(error.with_hint(format!("write a measured row with a column `{column}`")))
}

/// The row over the question, as far as fields say it.
fn laid_over(step: &MeasuredStep, home: &Spec) -> Spec {
    let row = &step.row;
    fn or<T: Clone>(own: Option<T>, home: &Option<Entry<T>>) -> Option<Entry<T>> {
        own.map(|value| Entry::new(value, Origin::Flag(MEASURED.to_owned()))).or_else(|| home.clone())
    }
    let batch = step.batch.or(row.global_batch_seqs.map(|sequences| Batch::Sequences(f64::from(sequences))));
    let other = !row.model.is_empty();
    let own = |entry: &Option<Entry<crate::units::Params>>| entry.clone().filter(|_| !other);
    let stack = Some(row.stack.clone()).filter(|stack| !stack.is_empty());
    Spec {
        measured: None,
        tokens_per_second: None,
        step_time: None,
        home: None,
        stack: or(stack, &home.stack),
        precision: or(row.precision, &home.precision),
        states: or(row.states, &home.states),
        sequence_length: or(row.seq_len.map(|tokens| Tokens::new(f64::from(tokens))), &home.sequence_length),
        document_length: or(row.document_len.map(|tokens| Tokens::new(f64::from(tokens))), &home.document_length),
        global_batch: or(batch, &home.global_batch),
        params: own(&home.params),
        active_params: own(&home.active_params),
        // Towers are those of the question's own model.
        towers: home.towers.clone().filter(|_| !other),
        patches_per_token: home.patches_per_token.clone().filter(|_| !other),
        frames_per_token: home.frames_per_token.clone().filter(|_| !other),
        picture_patches: home.picture_patches.clone().filter(|_| !other),
        ..home.clone()
    }
}

/// The setting with what no field says, and with the row's degrees over the question's.
fn as_stated(setting: Setting, row: &StepRow, home: &Spec, held: Option<f64>, sheet: Option<Watts>) -> Setting {
    let mut setting = setting;
    setting.stack.kernel = row.attention_kernel.unwrap_or(setting.stack.kernel);
    let same_chips =
        row.num_gpus.is_none_or(|chips| home.chips.as_ref().is_none_or(|own| own.value.get() == f64::from(chips)));
    // Replicas follow from the chips: those of another number of chips are not the row's.
    let own = if same_chips { setting.given } else { Fixed { dp: None, ..setting.given } };
    setting.given = given(row, own);
    (setting.machine, _) = as_built(setting.machine, row, held, sheet);
    setting.release = row.released().or(setting.release);
    setting
}

/// The degrees that a row states, over those that hold without it.
pub fn given(row: &StepRow, own: Fixed) -> Fixed {
    let pp = row.pp.or(own.pp);
    let vpp = row.vpp.or(own.vpp).filter(|_| pp != Some(1));
    let plain = |schedule: &Schedule| *schedule == Schedule::OneFOneB;
    let schedule = row.schedule.or(own.schedule).filter(|schedule| !(plain(schedule) && vpp > Some(1)));
    Fixed {
        tp: row.tp.or(own.tp),
        pp,
        vpp,
        dp: row.dp.or(own.dp),
        cp: row.cp.or(own.cp),
        ep: row.ep.or(own.ep),
        micro_batch: row.micro_batch.or(own.micro_batch),
        zero: row.zero.or(own.zero),
        cut: own.cut,
        schedule,
        recompute: row.recompute.or(own.recompute),
        sequence_parallel: row.seq_parallel.or(own.sequence_parallel),
        shard_group: row.fsdp_group.or(own.shard_group),
    }
}

/// The chip with the power, the network and the server that a row says, and what was made of the power.
///
/// # Formula
/// every peak times the share of the clock, which falls with the root of the power
/// # Source
/// An assumption: power falls with the square of the clock or faster.
pub fn as_built(
    mut machine: Machine,
    row: &StepRow,
    held: Option<f64>,
    sheet: Option<Watts>,
) -> (Machine, Option<String>) {
    let limit = power_limit(row.power_w.or(held), sheet);
    if let Some(limit) = limit {
        for peak in [&mut machine.peak_16, &mut machine.peak_8, &mut machine.peak_4] {
            *peak = *peak * limit;
        }
    }
    if let Some(rate) = row.nic_gb_s_per_gpu.filter(|&rate| rate > 0.0) {
        machine.nic = BytesPerSecond::from_gb_per_s(rate);
    }
    machine.node = row.gpus_per_node.unwrap_or(machine.node);
    (machine, limit.map(|limit| format!("clocks at {} for the power of the part", show::percent_to(limit, 2))))
}

/// Share of the peak that a part of less power than its sheet's sustains.
fn power_limit(held: Option<f64>, sheet: Option<Watts>) -> Option<f64> {
    let share = held.filter(|&watts| watts > 0.0)? / sheet?.get();
    (share < 0.95).then(|| share.max(0.25).sqrt())
}

/// Predicts what ran. A layout that is given whole ran, so that the memory does not decide; nor does it where the memory
/// model finds every layout too large, with all recomputed where nobody says.
///
/// # Errors
/// Why no layout of these chips is legal.
pub fn as_it_ran(
    mut setting: Setting,
    chips: Chips,
    recompute: Option<Recompute>,
) -> Result<(Setting, Prediction), Error> {
    let whole = setting.given.is_whole(&setting.model.shape);
    let held = if whole { None } else { Some(setting.on(chips)) };
    let predicted = match held {
        Some(Err(error)) if error.kind() != Kind::DoesNotFit => Err(error),
        Some(Ok(predicted)) => Ok(predicted),
        Some(Err(_)) | None => {
            setting.machine.memory = UNBOUNDED;
            setting.given.recompute = recompute.or(setting.given.recompute).or(Some(Recompute::Full));
            setting.on(chips)
        }
    };
    predicted.map(|predicted| (setting, predicted))
}

/// The time of a step that a row's number means.
///
/// # Formula
/// seconds as they are; `tokens / (rate x chips)`; `FLOPs of a chip / rate`, by the way the row counts them
/// # Source
/// Definitions; the ways to count: Chowdhery et al. 2022, arXiv:2204.02311, appendix B.
///
/// # Errors
/// A row without a number.
pub fn step_time(row: &StepRow, setting: &Setting, predicted: &Prediction) -> Result<Seconds, String> {
    let value = row.value.filter(|&value| value > 0.0).ok_or("value is blank or zero")?;
    let (layout, tokens) = (&predicted.layout, predicted.tokens_per_step().get());
    let (chips, peak) = (f64::from(predicted.chips), setting.machine.peak_16);
    // Published counts leave multi-token prediction out.
    let main = Architecture { mtp_modules: 0, ..setting.model.shape.clone() };
    let one = || match counting(row, layout) {
        Some(choice) => per_token(&main, layout.seq_len, choice).total(),
        None => train_work(setting.active, Tokens::new(1.0)),
    };
    let flop = || one() * (tokens / chips);
    Ok(match row.metric.ok_or("metric is blank")? {
        Metric::Seconds => Seconds::new(value),
        Metric::Tokens => Seconds::new(tokens / (value * chips)),
        Metric::TokensOfAll => Seconds::new(tokens / value),
        Metric::Tflops => flop().time_at(FlopPerSecond::from_tflops(value)),
        Metric::Mfu => flop().time_at(peak * value),
    })
}

/// How a row's FLOPs were counted. Where it does not say: before fused attention, most counted what the chip does
/// (BLOOM, OPT, NeoX, MT-NLG), and since, what a causal model needs. `None` is 6ND.
fn counting(row: &StepRow, layout: &Layout) -> Option<Choice> {
    let unsaid = if layout.kernel == Kernel::Unfused { FlopCounting::Hardware } else { FlopCounting::Causal };
    let (causality, counting) = match row.flop_counting.unwrap_or(unsaid) {
        FlopCounting::Causal => (Causality::Causal, Counting::Model),
        FlopCounting::Full => (Causality::Full, Counting::Model),
        FlopCounting::Hardware => {
            (Causality::Full, Counting::Hardware { recompute: layout.recompute, kernel: Kernel::Unfused })
        }
        FlopCounting::SixNd => return None,
    };
    Some(Choice::Terms { causality, counting })
}
