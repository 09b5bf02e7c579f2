//! A row as the question that a user would ask: what it states is given, what it leaves blank is chosen as for everyone.

use super::known::{Known, KnownChip};
use super::shape;
use crate::error::Error;
use crate::input::batch::Batch;
use crate::input::file::{Entry, Origin, Spec};
use crate::predict::measured::row::{as_built, as_it_ran, given};
use crate::predict::{Prediction, Setting};
use crate::rows::steps::StepRow;
use crate::units::show::counted;
use crate::units::{Chips, Tokens};

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
        document_length: entry(row, row.document_len.map(|tokens| Tokens::new(f64::from(tokens)))),
        global_batch: entry(row, batch),
        stack: entry(row, Some(stack.id)),
        ..Spec::default()
    };
    let setting = Setting::of_model(model, &spec, &profile, &known.catalog).map_err(said)?;
    let mut setting = Setting { calibration: *known.calibration(&setting.family)?, ..setting };
    setting.stack.kernel = row.attention_kernel.unwrap_or(setting.stack.kernel);
    setting.given = given(row, setting.given);
    setting.release = row.released().or(setting.release);
    choices.append(&mut setting.chosen);
    let (machine, clocks) = as_built(setting.machine, row, held, profile.chip.power.tdp);
    choices.extend(clocks);
    setting.machine = machine;
    Ok(Asked { setting, choices })
}

fn entry<T>(row: &StepRow, value: Option<T>) -> Option<Entry<T>> {
    value.map(|value| Entry::new(value, Origin::Profile(row.id.clone())))
}

fn said(error: Error) -> String {
    error.to_string()
}

impl Asked {
    /// Predicts. A layout that the row gives ran, so that the memory does not decide; nor does it where the memory model
    /// finds every layout too large, with all recomputed where the row does not say.
    ///
    /// # Errors
    /// Why no layout of these chips is legal.
    pub(super) fn predict(&mut self, chips: Chips, row: &StepRow) -> Result<Prediction, String> {
        let memory = self.setting.machine.memory;
        let (setting, predicted) = as_it_ran(self.setting.clone(), chips, row.recompute).map_err(said)?;
        self.setting = setting;
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
