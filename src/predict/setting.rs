//! Everything that decides the time of a step, looked up once.

use std::sync::Arc;

use super::batch::{SEQUENCE, StepBatch, usual_length};
use super::measured::Evidence;
use super::prediction::usual_states;
use super::software::Software;
use super::trained::{as_asked, offloaded, tuned_batch};
use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::memory_spread::memory_spread;
use crate::catalog::model::ModelProfile;
use crate::catalog::software::{GoodputPrior, SoftwareProfile, Spreads};
use crate::catalog::stack::StackProfile;
use crate::catalog::{Catalog, Kind, normal};
use crate::error::Error;
use crate::hardware::optimizer::{Offload, Optimizer};
use crate::hardware::precision::{Precision, States};
use crate::input::file::{Entry, Origin, Spec, spec as read_spec};
use crate::layout::fixed::Fixed;
use crate::layout::parallelism::{SCHEDULES, ZERO_STAGES};
use crate::layout::stages::CUTS;
use crate::model::flops::RECOMPUTES;
use crate::model::params::{Embeddings, count};
use crate::step::efficiency::Calibration;
use crate::step::machine::Machine;
use crate::units::date::Date;
use crate::units::{FlopPerSecond, Params, Quantity as _, show};

/// Years over which releases of a stack drift.
const FAR: f64 = 2.0;

/// What is believed of the software of a kind of model, named or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Believed {
    /// What stacks, sources and settings differ by.
    pub spreads: Spreads,
    /// What a family whose factors are another's adds.
    pub borrowed: f64,
    /// What software that nobody names adds.
    pub unnamed: f64,
    /// What people lose who do not run the fastest layout.
    pub layout_gap: [f64; 2],
    /// Share of held time that computes.
    pub goodput: GoodputPrior,
}

impl Believed {
    /// Of a model on a stack.
    fn of(profile: &SoftwareProfile, model: &ModelProfile, stack: &StackProfile) -> Self {
        let moe = usize::from(model.shape.is_moe());
        Self {
            spreads: profile.kinds[moe],
            borrowed: profile.borrowed,
            unnamed: if stack.ordinary { profile.unnamed[moe] } else { 0.0 },
            layout_gap: profile.layout_gap,
            goodput: profile.goodput[usize::from(stack.ordinary)],
        }
    }
}

/// What a prediction needs to know.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The model.
    pub model: ModelProfile,
    /// The chip's profile.
    pub chip: String,
    /// Its vendor.
    pub vendor: String,
    /// How many of them are asked about, where that is given.
    pub chips: Option<f64>,
    /// The chip and its links.
    pub machine: Machine,
    /// The fitted family whose factors time it.
    pub family: String,
    /// Its factors.
    pub calibration: Calibration,
    /// The software.
    pub stack: StackProfile,
    /// Time of a step over that of the software the factors were fitted to, where it was given.
    pub factor: Option<f64>,
    /// What is believed of software before any step is measured.
    pub believed: Believed,
    /// The day of the software in years, where it is not that of the stack's own release.
    pub release: Option<f64>,
    /// The release that the residual of the stack is stated for, in years.
    pub stack_release: Option<f64>,
    /// What measured steps tell of the software, where there are any.
    pub measured: Option<Arc<Evidence>>,
    /// The settled part of the layout.
    pub given: Fixed,
    /// Format of the matrix work.
    pub precision: Precision,
    /// What is kept for each parameter.
    pub states: States,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// What waits in the host's memory.
    pub offload: Offload,
    /// Tokens of a sequence.
    pub seq_len: u32,
    /// Sequences of a step.
    pub batch: StepBatch,
    /// Parameters at work for one token, as FLOPs are counted.
    pub active: Params,
    /// The standard deviation of the logarithm of memory predicted over measured.
    pub memory_spread: f64,
    /// What was taken because nobody said, in sentences.
    pub chosen: Vec<String>,
}

/// The model that a spec names, if it names one.
///
/// # Errors
/// An unknown model, located where it was named.
pub fn model_of(spec: &Spec, catalog: &Catalog) -> Result<Option<ModelProfile>, Error> {
    let Some(model) = &spec.model else { return Ok(None) };
    let found = catalog.model(&model.value).and_then(|found| found.timed().map(|()| found));
    found.map(Some).map_err(|error| model.origin.locate(error))
}

/// A published run of a model.
#[derive(Debug, Clone)]
pub struct PublishedRun {
    /// Its id.
    pub id: String,
    /// What its file says.
    pub spec: Spec,
}

impl Setting {
    /// Looks up what a prediction on a chip needs; `None` where no model is named.
    ///
    /// # Errors
    /// An unknown model or stack, a layout field that is none of its values.
    pub fn of(spec: &Spec, chip: &AcceleratorProfile, catalog: &Catalog) -> Result<Option<Self>, Error> {
        let Some(model) = model_of(spec, catalog)? else { return Ok(None) };
        Self::of_model(model, spec, chip, catalog).map(Some)
    }

    /// The same of a model that need not be in the catalog, whatever the spec names.
    ///
    /// # Errors
    /// As [`Setting::of`], an unknown model apart.
    pub fn of_model(
        model: ModelProfile,
        spec: &Spec,
        chip: &AcceleratorProfile,
        catalog: &Catalog,
    ) -> Result<Self, Error> {
        let catalog = &*catalog.as_of(spec.as_of.as_ref().map(|day| day.value));
        let mut chosen = Vec::new();
        let open = spec.sequence_length.is_none() || spec.global_batch.is_none() || spec.precision.is_none();
        let recipe = if open { published_run(&model.id, catalog) } else { None };
        let machine = Machine::of(&chip.chip)?;
        let precision = precision(spec, chip, &machine, recipe.as_ref(), &mut chosen);
        let seq_len = seq_len(spec, recipe.as_ref(), &model, &mut chosen);
        let model = as_asked(model, spec, &mut chosen)?;
        let counted = count(&model.shape);
        let batch = batch(spec, recipe.as_ref(), counted.total(), seq_len, catalog, &mut chosen)?;
        let stack = stack(spec, catalog, &mut chosen)?;
        let believed = Believed::of(&catalog.software()?, &model, &stack);
        let stack_release = stack.release.as_deref().and_then(|month| month.parse().ok()).map(Date::in_years);
        // What releases newer than any that was measured take is not known.
        let release = spec.as_of.as_ref().map(|day| day.value.in_years());
        let release = release.zip(stack_release).filter(|(asked, own)| asked < own).map(|(asked, _)| asked);
        if let Some((asked, own)) = release.zip(stack_release)
            && spec.stack_factor.is_none()
        {
            let moved = (believed.spreads.drift * (asked - own).max(-FAR)).exp();
            let months = show::number(((own - asked) * 12.0).round(), 4);
            chosen.push(format!(
                "stack `{}` {months} months before the release that was measured: {} x its factor, as releases drift",
                stack.id,
                show::number(moved, 3)
            ));
        }
        let setting = Self {
            believed,
            release,
            stack_release,
            chip: chip.chip.name.clone(),
            vendor: chip.chip.vendor.clone(),
            chips: spec.chips.as_ref().map(|entry| entry.value.get()),
            machine,
            family: chip.chip.factors.clone(),
            calibration: catalog.calibration(&chip.chip.factors)?,
            given: offloaded(Self::degrees(spec, &stack)?, spec, &mut chosen),
            factor: spec.stack_factor.as_ref().map(|entry| entry.value.base()),
            states: spec.states.as_ref().map_or(usual_states(precision, stack.states), |entry| entry.value),
            optimizer: spec.optimizer.as_ref().map_or(Optimizer::Adam, |entry| entry.value),
            offload: spec.offload.as_ref().map_or(Offload::None, |entry| entry.value),
            memory_spread: memory_spread(catalog)?.of(&stack.id),
            stack,
            precision,
            seq_len,
            batch,
            active: active(spec).map_or(counted.active(Embeddings::Counted), |entry| entry.value),
            chosen,
            model,
            measured: None,
        };
        setting.after_measured(spec, catalog)
    }

    /// The settled degrees; where none says it, what the stack implies.
    ///
    /// # Errors
    /// A name that is none of a field's values.
    pub fn degrees(spec: &Spec, stack: &StackProfile) -> Result<Fixed, Error> {
        let whole = |entry: &Option<Entry<u32>>| entry.as_ref().map(|entry| entry.value);
        let text = |entry: &Option<Entry<String>>| entry.as_ref().map(|entry| entry.value.clone());
        let zero = spec.zero.as_ref().map(|entry| entry.value.to_string());
        Ok(Fixed {
            tp: whole(&spec.tp),
            pp: whole(&spec.pp),
            vpp: whole(&spec.vpp),
            dp: whole(&spec.dp),
            cp: whole(&spec.cp),
            ep: whole(&spec.ep),
            micro_batch: whole(&spec.micro_batch),
            zero: named("layout.zero", zero, &ZERO_STAGES)?.or(stack.zero),
            recompute: named("layout.recompute", text(&spec.recompute), &RECOMPUTES)?,
            cut: named("layout.stages", text(&spec.stages), &CUTS)?,
            schedule: named("layout.schedule", text(&spec.schedule), &SCHEDULES)?.or(stack.schedule),
            ..Fixed::default()
        })
    }

    /// Time of a step on this software over that of the software the factors were fitted to, after what was measured.
    pub fn software(&self) -> Software {
        self.measured.as_ref().map_or_else(|| self.prior(), |evidence| evidence.after)
    }

    /// The same before any step is measured.
    ///
    /// # Formula
    /// as given, exactly; else the fitted residual of the stack, moved by the drift of its releases; the effect's
    /// variance is that of the residual, that between sources, that of the drift, and that of a borrowed family; a stack
    /// that nobody measured is one of all stacks, about the one that it is a later release of
    /// # Source
    /// `profiles/stacks/`, `[residual]`; `profiles/assumptions/software.toml`
    pub fn prior(&self) -> Software {
        if let Some(median) = self.factor {
            return Software { median, effect: 0.0, row: 0.0 };
        }
        let Believed { spreads, borrowed, unnamed, layout_gap: [_, gap], .. } = self.believed;
        let kind = usize::from(self.model.shape.is_moe());
        let fitted = self.stack.residual[kind];
        if let Some((kept, found)) = self.stack.kept[kind].as_ref().zip(fitted) {
            return self.on_kept(kept, found);
        }
        let nobody_s = self.stack.followed[kind].unwrap_or(spreads.mean);
        let (mean, own) = fitted.map_or((nobody_s, spreads.stack), |found| (found.value.ln(), found.spread));
        let later = self.release.zip(self.stack_release).map_or(0.0, |(asked, own)| (asked - own).clamp(-FAR, FAR));
        let borrowed = if self.machine.borrowed { borrowed } else { 0.0 };
        let gap = if self.given.is_open() { gap } else { 0.0 };
        let parts = [own, spreads.source, spreads.model, spreads.drift_spread * later, borrowed, unnamed, gap];
        let effect = parts.into_iter().fold(0.0, f64::hypot);
        Software { median: (mean + spreads.drift * later).exp(), effect, row: spreads.row }
    }

    /// Whether a step takes the same time in both, chips apart.
    pub fn same_step(&self, other: &Self) -> bool {
        self.machine == other.machine
            && self.model.shape == other.model.shape
            && self.stack.id == other.stack.id
            && (self.given, self.precision, self.states) == (other.given, other.precision, other.states)
            && (self.optimizer, self.offload) == (other.optimizer, other.offload)
            && (self.seq_len, self.batch.sequences()) == (other.seq_len, other.batch.sequences())
    }

    /// The same with every degree open that was not asked for by itself.
    #[must_use]
    pub fn with_degrees(mut self, given: Fixed) -> Self {
        self.given = given;
        self
    }
}

/// Active parameters where the model has idle ones, else all.
pub fn active(spec: &Spec) -> Option<&Entry<Params>> {
    if active_path(spec) == "run.params" { spec.params.as_ref() } else { spec.active_params.as_ref() }
}

/// The field that the operations follow from: all parameters take the place of active ones that they outrank.
pub fn active_path(spec: &Spec) -> &'static str {
    match (&spec.active_params, &spec.params) {
        (Some(active), Some(all)) if all.origin.weight() > active.origin.weight() => "run.params",
        (Some(_), _) => "run.active_params",
        (None, _) => "run.params",
    }
}

/// The published run of a model: the one with its name, else the first that names it.
pub fn published_run(model: &str, catalog: &Catalog) -> Option<PublishedRun> {
    if !catalog.has(Kind::Models, model) {
        return None;
    }
    let named = |id: &str| {
        let spec = read_spec(&catalog.find(Kind::Runs, id).ok()?).ok()?;
        let same = spec.model.as_ref().is_some_and(|entry| normal(&entry.value) == normal(model));
        same.then(|| PublishedRun { id: id.to_owned(), spec })
    };
    named(model).or_else(|| catalog.runs_of(model).iter().find_map(|run| named(run)))
}

/// Format of the matrix work: as given, as in the model's own run where the chip has it, else 16 bits.
fn precision(
    spec: &Spec,
    chip: &AcceleratorProfile,
    machine: &Machine,
    recipe: Option<&PublishedRun>,
    chosen: &mut Vec<String>,
) -> Precision {
    let usual = chip.chip.training_precision();
    let own = recipe.and_then(|recipe| Some((recipe.spec.precision.as_ref()?.value, recipe.id.as_str())));
    let has = |precision: Precision| machine.peak(precision) > FlopPerSecond::ZERO;
    match (&spec.precision, own) {
        // What a file says of another chip gives way where this one has no such units.
        (Some(entry), _) if !has(entry.value) && !matches!(entry.origin, Origin::Flag(_)) => {
            chosen.push(format!("{} has no {}: the matrix work is done in {usual}", chip.chip.name, entry.value));
            usual
        }
        (Some(entry), _) => entry.value,
        (None, Some((own, run))) if has(own) => {
            if own != usual {
                chosen.push(format!("precision {own}: that of the published run {run}"));
            }
            own
        }
        (None, _) => usual,
    }
}

/// The software that is named, else the usual one of the day.
fn stack(spec: &Spec, catalog: &Catalog, chosen: &mut Vec<String>) -> Result<StackProfile, Error> {
    if let Some(entry) = &spec.stack {
        return catalog.stack(&entry.value).map_err(|error| entry.origin.locate(error));
    }
    let (stack, day) = catalog.default_stack()?;
    chosen.extend(day.map(|day| format!("stack `{}`: the usual software on {day}", stack.id)));
    Ok(stack)
}

fn seq_len(spec: &Spec, recipe: Option<&PublishedRun>, model: &ModelProfile, chosen: &mut Vec<String>) -> u32 {
    let whole = |tokens: f64| tokens.clamp(1.0, f64::from(u32::MAX)) as u32;
    if let Some(entry) = &spec.sequence_length {
        return whole(entry.value.get());
    }
    let own = recipe.and_then(|recipe| Some((recipe.spec.sequence_length.as_ref()?.value.get(), recipe.id.as_str())));
    let Some((tokens, run)) = own else {
        let length = usual_length(&model.shape);
        let why = if length < SEQUENCE { ": the model has no more positions" } else { ", assumed" };
        chosen.push(format!("sequences of {length} tokens{why}"));
        return length;
    };
    chosen.push(format!(
        "sequences of {}: those of the published run {run}",
        show::counted(show::whole(tokens), "token")
    ));
    whole(tokens)
}

fn batch(
    spec: &Spec,
    recipe: Option<&PublishedRun>,
    params: Params,
    seq_len: u32,
    catalog: &Catalog,
    chosen: &mut Vec<String>,
) -> Result<StepBatch, Error> {
    if let Some(entry) = &spec.global_batch {
        return StepBatch::given(entry.value, seq_len).map_err(|error| entry.origin.locate(error));
    }
    if let Some(found) = tuned_batch(spec, chosen) {
        return Ok(found);
    }
    if let Some((own, run)) = recipe.and_then(|recipe| Some((recipe.spec.global_batch.as_ref()?.value, &recipe.id))) {
        let found = StepBatch::given(own, seq_len)?;
        let tokens = f64::from(found.sequences()) * f64::from(seq_len);
        chosen.push(format!("tokens of a step {}: those of the published run {run}", show::count(tokens, 4)));
        return Ok(found);
    }
    let (found, said) = StepBatch::by_size(params, seq_len, catalog)?;
    chosen.push(said);
    Ok(found)
}

fn named<T: Copy>(field: &str, given: Option<String>, names: &[(&str, T)]) -> Result<Option<T>, Error> {
    let Some(given) = given else { return Ok(None) };
    let wanted = normal(&given);
    let found = names.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    found.map(Some).ok_or_else(|| Error::unknown_of(field, &given, known))
}
