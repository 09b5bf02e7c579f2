//! From a row of measured steps to its prediction and the time that was measured.

use super::ask::{Asked, ask};
use super::known::Known;
use crate::input::batch::Batch;
use crate::layout::parallelism::Layout;
use crate::predict::measured::row::step_time;
use crate::predict::{Setting, Unsaid};
use crate::rows::steps::StepRow;
use crate::step::efficiency::Factors;
use crate::step::perform;
use crate::step::workload::Workload;
use crate::units::{Chips, Seconds};

/// Chips of a row that does not say.
const CHIPS: u32 = 512;

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
    /// What is predicted.
    pub setting: Setting,
    /// Its model as a step multiplies it.
    pub model: Workload,
    /// The layout.
    pub layout: Layout,
    /// Measured time of one step.
    pub measured: Seconds,
    /// What the row left open, and what was chosen.
    pub choices: Vec<String>,
    /// All its chips are in one server.
    pub single_node: bool,
    /// What the settings that the row leaves blank take over the layout.
    pub unsaid: Unsaid,
}

impl Case {
    /// The step's time under these factors, in the layout that was found, on the software the factors were fitted to.
    pub fn predicted(&self, factors: &Factors) -> Seconds {
        let Setting { machine, stack, .. } = &self.setting;
        perform(&self.model, &self.layout, machine, &stack.stack, factors).total() * self.unsaid.factor
    }

    /// The signed error under these factors: predicted over measured, less one.
    pub fn error(&self, factors: &Factors) -> f64 {
        self.predicted(factors) / self.measured - 1.0
    }

    /// Whether the model is a mixture of experts.
    pub fn is_moe(&self) -> bool {
        self.setting.model.shape.is_moe()
    }
}

/// Predicts a row's step as for a user who states what the row states.
///
/// # Errors
/// The reason why the row cannot be read.
pub fn resolve(row: &StepRow, known: &mut Known) -> Result<Case, String> {
    row.seq_len.ok_or("seq_len is blank")?;
    let batch = row.global_batch_seqs.map(|sequences| Batch::Sequences(f64::from(sequences)));
    let mut asked = ask(row, batch, known)?;
    let chips = Chips::new(f64::from(row.num_gpus.unwrap_or(CHIPS)));
    let predicted = asked.predict(chips, row)?;
    let Asked { setting, choices } = asked;
    let measured = step_time(row, &setting, &predicted)?;
    let source = row.id.rsplit_once('-').map_or(row.id.as_str(), |(source, _)| source).to_owned();
    let group = format!("{source}|{}|{}", row.model, row.gpu);
    let (id, gpu, layout) = (row.id.clone(), row.gpu.clone(), predicted.layout);
    let model = setting.workload();
    let single_node = layout.chips() <= u64::from(setting.machine.node);
    let unsaid = predicted.unsaid;
    Ok(Case { id, source, group, gpu, setting, model, layout, measured, choices, single_node, unsaid })
}
