//! The best layouts of a model on a number of chips, by the one prediction.

use serde::Serialize;

use super::reply::{Figure, ReplyHead, ResultBlock, SourceLine, StepPart};
use super::request::About;
use crate::answer::layouts::{Layouts, layouts, words};
use crate::answer::looked_up::chip_of;
use crate::answer::narrowed::Narrowed;
use crate::answer::remarks;
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::error::Error;
use crate::input::file::Spec;
use crate::input::question::Question;
use crate::layout::parallelism::SCHEDULES;
use crate::layout::stages::{CUTS, Cut};
use crate::predict::headroom::reserved;
use crate::predict::{Setting, Unsaid};
use crate::reply::result::{inputs, unheard};
use crate::units::Chips;

/// Most layouts that are kept.
const MOST: usize = 1000;

/// A search with its answer.
#[derive(Debug, Clone)]
pub struct Found {
    /// What was asked.
    pub spec: Spec,
    /// What was searched in.
    pub setting: Setting,
    /// The chip.
    pub chip: AcceleratorProfile,
    /// Chips held.
    pub chips: Chips,
    /// The layouts.
    pub layouts: Layouts,
}

/// The answer of `layout`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LayoutReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// The best layout, as it is stated.
    pub result: ResultBlock,
    /// What the settings that nobody gave take over the best layout, in the hours that `estimate` gives: 1 where all is said.
    pub unsaid: f64,
    /// Legal layouts there are.
    pub considered: u64,
    /// Those that were found to fit.
    pub fit: u64,
    /// Those that were timed.
    pub timed: u64,
    /// The fastest first.
    pub layouts: Vec<LayoutRow>,
    /// Where the time of the best one's step goes, on the software that the factors were fitted to.
    pub step: Vec<StepPart>,
    /// What the reply was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Box<Found>,
}

/// One layout.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)] // the degrees, as everybody calls them
pub struct LayoutRow {
    /// In words.
    pub layout: String,
    pub tp: u32,
    pub pp: u32,
    pub vpp: u32,
    pub cp: u32,
    pub ep: u32,
    pub dp: u32,
    pub micro_batch: u32,
    /// What the replicas split.
    pub zero: u8,
    /// none, selective or full.
    pub recompute: String,
    /// The order of passes.
    pub schedule: &'static str,
    /// How the layers are cut into stages.
    pub stages: &'static str,
    /// Chips in use.
    pub chips_used: u32,
    /// Seconds of a step in this very layout.
    pub step_seconds: f64,
    /// Tokens a second, all chips.
    pub tokens_per_second: f64,
    /// By 6ND.
    pub mfu: f64,
    /// With causal attention.
    pub mfu_causal: f64,
    /// Of the fullest chip.
    pub memory_bytes: f64,
    /// What it has.
    pub memory_capacity_bytes: f64,
    /// What a caching allocator is likely to report as its peak (`max_memory_reserved` of PyTorch).
    pub memory_peak_reserved_bytes: f64,
    /// What is left of it beside what is set aside.
    pub memory_margin_bytes: f64,
    /// The chance that the layout runs and does not run out.
    pub memory_fit_probability: f64,
    pub weights_bytes: f64,
    pub gradients_bytes: f64,
    pub optimizer_bytes: f64,
    pub activations_bytes: f64,
    pub logits_bytes: f64,
    /// Set aside, assumed.
    pub reserve_bytes: f64,
    /// The largest part of the step, by the key that it has among `step`.
    pub limited_by: Option<&'static str>,
    /// Its share of the step.
    pub limited_by_share: Option<f64>,
    /// The second largest.
    pub then_by: Option<&'static str>,
    pub then_by_share: Option<f64>,
}

/// The question of `layout`.
///
/// ```
/// use flopbill::{Catalog, Input, LayoutRequest};
///
/// let input = Input::new().model("llama-3-8b").gpu("h100").chips(64);
/// let reply = LayoutRequest::new(input).top(3).ask(&Catalog::built_in())?;
/// assert_eq!(reply.layouts.len(), 3);
/// assert!(reply.layouts[0].step_seconds <= reply.layouts[1].step_seconds);
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LayoutRequest {
    /// The model, the chips and what is settled of the layout.
    pub about: About,
    /// How many layouts are kept.
    pub top: usize,
}

impl LayoutRequest {
    /// Asks for the five fastest.
    pub fn new(about: impl Into<About>) -> Self {
        Self { about: about.into(), top: 5 }
    }

    /// Asks for so many.
    #[must_use]
    pub fn top(self, top: usize) -> Self {
        Self { top, ..self }
    }
}

impl LayoutRequest {
    /// Searches the layouts of a model on its chips.
    ///
    /// # Errors
    /// As [`search`].
    pub fn ask(&self, catalog: &Catalog) -> Result<LayoutReply, Error> {
        Ok(search(&self.about.question(catalog)?, self.top, catalog)?.reply())
    }
}

/// Searches the layouts of a question's model on its chips.
///
/// # Errors
/// No model, chip or number of chips; no layout that is legal or fits.
pub fn search(question: &Question, top: usize, catalog: &Catalog) -> Result<Found, Error> {
    if !(1..=MOST).contains(&top) {
        let error = Error::bad_input(format!("top: {top} layouts are asked for, and from 1 to {MOST} are kept"));
        return Err(error.with_hint("write it like `--top 5`"));
    }
    let spec = question.spec()?;
    let missing =
        |what: &str, hint: &str| Error::bad_input(format!("the {what} is missing")).with_hint(hint.to_owned());
    if let Some(range) = spec.ranges.first() {
        let error = Error::bad_input(format!("`{}` is a range, and one layout is of one value", range.path));
        return Err(error.with_hint("give a number, or ask `flopbill estimate`"));
    }
    let gpu = spec.gpu.as_ref().ok_or_else(|| missing("chip", "give --gpu h800"))?;
    let chips = spec.chips.as_ref().ok_or_else(|| missing("number of chips", "give --chips 2048"))?.value;
    let chip = chip_of(gpu, catalog)?;
    let setting = Setting::of(&spec, &chip, catalog)?.ok_or_else(|| missing("model", "name one"))?;
    let peak = chip.chip.peak_of(chip.chip.training_precision())?;
    let layouts = layouts(&setting, chips, peak, top)?;
    Ok(Found { spec, setting, chip, chips, layouts })
}

impl Found {
    /// The layouts as a reply.
    pub fn reply(self) -> LayoutReply {
        let mut head = ReplyHead::new("layout", self.setting.model.name.clone());
        head.inputs = inputs(&self.spec);
        let unsaid = self.unsaid();
        head.assumptions = self.assumptions();
        head.assumptions.extend(remarks::unsaid(&self.setting, unsaid));
        head.warnings.extend(unheard("layout", &self.spec));
        if let Some(narrowed) = Narrowed::of_step(&self.setting) {
            head.tell(&narrowed);
        }
        let source = self.chip.peak_source(self.chip.chip.training_precision());
        head.sources = source.map(|(path, source)| SourceLine::new(path, source)).into_iter().collect();
        let rows: Vec<LayoutRow> = self.layouts.best.iter().map(row).collect();
        let mut result = ResultBlock::default().chips(self.chips.get());
        let mut step = Vec::new();
        if let (Some(best), Some(first)) = (self.layouts.best.first(), rows.first()) {
            result = result
                .chips_used(f64::from(first.chips_used))
                .step_seconds(Figure::from(first.step_seconds * unsaid.factor))
                .tokens_per_second(first.tokens_per_second / unsaid.factor)
                .mfu(first.mfu / unsaid.factor)
                .mfu_causal(first.mfu_causal / unsaid.factor)
                .layout(first.layout.clone());
            step = best.parts.iter().map(StepPart::of).collect();
        }
        let Layouts { considered, fit, timed, .. } = self.layouts;
        let made_from = Box::new(self);
        LayoutReply { head, result, unsaid: unsaid.factor, considered, fit, timed, layouts: rows, step, made_from }
    }

    /// What nobody said of the best layout.
    pub fn unsaid(&self) -> Unsaid {
        let best = self.layouts.best.first().map(|best| &best.prediction);
        best.map_or(Unsaid::NOTHING, |best| {
            self.setting.unsaid(&self.setting.workload(), &best.layout, best.step.total())
        })
    }

    /// What was taken because nobody said, in sentences.
    pub fn assumptions(&self) -> Vec<String> {
        let setting = &self.setting;
        let mut lines = setting.chosen.clone();
        lines.push(crate::answer::remarks::software(setting));
        lines.push("MFU: of the dense 16-bit peak of the chips held; by 6ND, and with causal attention".into());
        let of = crate::units::show::percent(crate::predict::RESERVE.share.get());
        lines.push(format!("{of} of the memory and 2 GB are set aside, assumed"));
        lines.push(format!("factors `{}`", setting.family));
        lines.extend(crate::answer::remarks::borrowed(setting));
        lines.extend(self.chip.assumed());
        lines
    }
}

fn row(candidate: &crate::answer::layouts::Candidate) -> LayoutRow {
    let prediction = &candidate.prediction;
    let (own, fit) = (&prediction.layout, &prediction.fit);
    let limits = candidate.limits();
    let [limit, next] = [limits.first(), limits.get(1)];
    LayoutRow {
        layout: words(own),
        tp: own.tp,
        pp: own.pp,
        vpp: own.vpp,
        cp: own.cp,
        ep: own.ep,
        dp: own.dp,
        micro_batch: own.micro_batch,
        zero: own.zero as u8,
        recompute: format!("{:?}", own.recompute).to_lowercase(),
        schedule: SCHEDULES.iter().find(|(_, of)| *of == own.schedule).map_or("", |(name, _)| name),
        stages: CUTS[usize::from(own.cut != Cut::Even)].0,
        chips_used: prediction.used(),
        step_seconds: prediction.step_time().get(),
        tokens_per_second: prediction.tokens_per_second(),
        mfu: candidate.mfu[0].get(),
        mfu_causal: candidate.mfu[1].get(),
        memory_bytes: fit.total.get(),
        memory_capacity_bytes: fit.capacity.get(),
        memory_peak_reserved_bytes: reserved(fit).get(),
        memory_margin_bytes: prediction.headroom.margin.get(),
        memory_fit_probability: prediction.headroom.probability,
        weights_bytes: fit.weights.get(),
        gradients_bytes: fit.gradients.get(),
        optimizer_bytes: fit.optimizer.get(),
        activations_bytes: fit.activations.get(),
        logits_bytes: fit.logits.get(),
        reserve_bytes: fit.reserve.get(),
        limited_by: limit.map(|(part, _)| part.key),
        limited_by_share: limit.map(|(_, share)| *share),
        then_by: next.map(|(part, _)| part.key),
        then_by_share: next.map(|(_, share)| *share),
    }
}
