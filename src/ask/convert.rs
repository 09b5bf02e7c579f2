//! The hours of a run on another chip, with reasons: the same question asked on both, and what the step model says of it.

use serde::Serialize;

use super::reply::{ReplyHead, ResultBlock, StepPart};
use super::request::About;
use crate::answer::given::is_flag;
use crate::answer::layouts::{parts, words};
use crate::answer::looked_up::chip_of;
use crate::answer::pacing::Pacing;
use crate::answer::ranges::{Asked, Spread, spread};
use crate::answer::settled::Step;
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::error::Error;
use crate::estimate::whole_nodes;
use crate::input::field::{Field, find};
use crate::input::file::Spec;
use crate::input::question::Question;
use crate::input::text::is_fleet;
use crate::layout::fixed::Fixed;
use crate::predict::Prediction;
use crate::predict::setting::Setting;
use crate::predict::transfer::{Moved, Transfer};
use crate::reply::result::{block, head};
use crate::solve::Var;
use crate::uncertainty::montecarlo::Plan;
use crate::units::parse::parse_fleet;
use crate::units::{ChipSeconds, Chips, Price, Seconds, Tokens, Usd};

/// A run moved to another chip.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The run as it was asked about, on its own chip.
    pub before: Answer,
    /// The same on the other chip: what `estimate` answers there.
    pub after: Answer,
    /// What the answer there is uncertain by.
    pub spread: Option<Spread>,
    /// The chip it ran on.
    pub from: AcceleratorProfile,
    /// The chip it is moved to.
    pub to: AcceleratorProfile,
    /// What the step model says of both; nothing where the hours or the MFU are held.
    pub reasons: Option<Reasons>,
}

/// Why the hours are what they are.
#[derive(Debug, Clone)]
pub struct Reasons {
    /// The step on both chips, each in its best layout.
    pub step: Moved,
    /// Published hours of the main phase over those of its steps: software, layout, downtime, everything the model
    /// does not know. Carried over.
    pub residual: f64,
    /// Between two predictions, what software, settings that nobody gave and downtime there are over those here.
    pub beyond: f64,
    /// In the run's own layout on both chips; why not, where it is not legal or does not fit.
    pub same: Result<Moved, Error>,
    /// Hours there in the run's own layout.
    pub same_hours: Option<ChipSeconds>,
}

/// Where a run is moved to.
#[derive(Debug, Clone, PartialEq)]
pub struct To {
    /// The chip, or a fleet such as `1024xH200`.
    pub chip: String,
    /// Chips there; as many as before without it.
    pub chips: Option<Chips>,
    /// Rent of a chip there, as typed; its typical price without it.
    pub price: Option<String>,
}

/// The question of `convert`.
///
/// ```
/// use flopbill::{Catalog, ConvertRequest};
///
/// let reply = ConvertRequest::new("deepseek-v3", "h200").ask(&Catalog::built_in())?;
/// assert!(reply.ratio < 1.0 && reply.from.gpu == "h800-sxm");
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConvertRequest {
    /// The run on its own chip, and the values laid over it.
    pub about: About,
    /// Where it is moved to.
    pub to: To,
    /// How the draws are made.
    pub draws: Plan,
}

impl ConvertRequest {
    /// Moves a run to as many of another chip.
    pub fn new(about: impl Into<About>, chip: impl Into<String>) -> Self {
        let to = To { chip: chip.into(), chips: None, price: None };
        Self { about: about.into(), to, draws: Plan::default() }
    }

    /// The same to so many chips.
    #[must_use]
    pub fn chips(self, chips: impl Into<f64>) -> Self {
        Self { to: To { chips: Some(Chips::new(chips.into())), ..self.to }, ..self }
    }

    /// The same at this rent there, as a user would type it.
    #[must_use]
    pub fn price(self, price: impl Into<String>) -> Self {
        Self { to: To { price: Some(price.into()), ..self.to }, ..self }
    }

    /// The same with its draws made like this.
    #[must_use]
    pub fn draws(self, draws: Plan) -> Self {
        Self { draws, ..self }
    }
}

impl ConvertRequest {
    /// Moves a run to another chip.
    ///
    /// # Errors
    /// As [`moved`].
    pub fn ask(&self, catalog: &Catalog) -> Result<ConvertReply, Error> {
        let asked = Asked { plan: self.draws, ..Asked::default() };
        Ok(moved(&self.about.question(catalog)?, &self.to, &asked, catalog)?.reply())
    }
}

/// A run moved to another chip, with both answers.
///
/// # Errors
/// A run without a model, chip or number of chips; a chip nobody knows; no layout that fits.
pub fn moved(question: &Question, to: &To, asked: &Asked, catalog: &Catalog) -> Result<Conversion, Error> {
    let (counted, chip) = match is_fleet(&to.chip) {
        true => parse_fleet(&to.chip).map(|(chips, chip)| (Some(chips), chip))?,
        false => (None, to.chip.as_str()),
    };
    if counted.is_some() && to.chips.is_some() {
        let error = Error::bad_input(format!("`{}` and a number of chips both say how many there are", to.chip));
        return Err(error.with_hint(format!("name the chip alone: `{chip}`")));
    }
    let asked_chips = to.chips.or(counted);
    let mut question = question.clone().at_home(&[])?;
    let mut before = answer(&question, catalog);
    // Where nobody says on how many chips it ran, it is as many as there.
    if let Some(chips) = asked_chips.filter(|_| before.as_ref().map_or(true, |found| found.estimate.chips.is_none())) {
        question = question.with("run.chips", chips.get());
        before = answer(&question, catalog);
    }
    let before = before?;
    let from = before.chip.clone().ok_or_else(|| missing("its chip", "--gpu"))?;
    let own_chips = before.estimate.chips;
    if before.spec.model.is_none() {
        return Err(missing("its model's shape", "--model"));
    }
    let mut there = question.with("run.gpu", chip);
    // A time that asks for the chips asks for them there too; beside chips it is what those make of it.
    let for_a_time =
        asked_chips.is_none() && is_flag(before.spec.wall_clock.as_ref()) && !is_flag(before.spec.chips.as_ref());
    let dropped = |field: &Field| field.path == "price.rent" || (field.path == "run.wall_clock" && !for_a_time);
    there.overrides.retain(|over| !find(&over.path).is_ok_and(dropped));
    if let Some(price) = &to.price {
        there = there.with("price.rent", price);
    }
    // A solved number of chips may have a fraction, and so many cannot be asked for.
    if let Some(chips) = asked_chips.or(own_chips.map(|own| whole_nodes(own, 1))).filter(|_| !for_a_time) {
        there = there.with("run.chips", chips.get());
    }
    let after = answer(&there, catalog)?;
    let to = after.chip.clone().ok_or_else(|| missing("a chip", "--to"))?;
    let reasons = Reasons::of(&before, &after, &from, own_chips, catalog)?;
    Ok(Conversion { spread: spread(&after, asked)?, before, after, from, to, reasons })
}

impl Reasons {
    fn of(
        before: &Answer,
        after: &Answer,
        from: &AcceleratorProfile,
        own_chips: Option<Chips>,
        catalog: &Catalog,
    ) -> Result<Option<Self>, Error> {
        if after.step == Step::Given && !after.pacing.depends_on_chips() {
            return Ok(None);
        }
        let transfer = transfer(before, after, from, own_chips, catalog)?;
        let there_chips = after.estimate.chips.or(own_chips).unwrap_or(transfer.own_chips);
        let hours = before.estimate.total.held;
        let step = side_by_side(before, transfer.at(there_chips)?);
        // What two predictions differ by beyond their modelled steps.
        let predicted = |answer: &Answer| matches!(answer.step, Step::Predicted(_));
        let both = (predicted(before) && predicted(after)).then(|| after.estimate.total.held / hours / step.ratio);
        let beyond = both.filter(|beyond| beyond.is_finite()).unwrap_or(1.0);
        let with_it = |moved: Moved| Moved { ratio: moved.ratio * beyond, ..moved };
        let step = with_it(step);
        let same = transfer.in_layout(own_degrees(&before.spec, &transfer)?, there_chips).map(with_it);
        let same_hours = same.as_ref().map(|same| hours * same.ratio).ok();
        Ok(Some(Self { residual: residual(before, &step), same_hours, step, same, beyond }))
    }
}

/// The answer of `convert`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ConvertReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// The run on the chip it is moved to, each side in its best layout.
    pub result: ResultBlock,
    /// Hours there over hours here.
    pub ratio: f64,
    /// Geometric spread of that ratio; none where the hours or the MFU are held.
    pub ratio_spread: Option<f64>,
    /// Published hours over those of the run's steps alone.
    pub residual: Option<f64>,
    /// The run as it was.
    pub from: Place,
    /// Where it is moved to.
    pub to: Place,
    /// In the run's own layout on both chips.
    pub same_layout: SameLayout,
    /// What the reply was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Box<Conversion>,
}

/// A chip and the run on it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// The chip's profile.
    pub gpu: String,
    /// Chip-hours held.
    pub gpu_hours: f64,
    /// Chips held.
    pub chips: Option<f64>,
    /// Days.
    pub wall_clock_days: Option<f64>,
    /// Dollars.
    pub cost_usd: Option<f64>,
    /// Rent of a chip.
    pub usd_per_gpu_hour: Option<f64>,
    /// Where the time of a step goes, on the software that the factors were fitted to.
    pub step: Vec<StepPart>,
}

/// The run's own layout on both chips.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SameLayout {
    /// Chip-hours there.
    pub gpu_hours: Option<f64>,
    /// Hours there over hours here.
    pub ratio: Option<f64>,
    /// The layout.
    pub layout: Option<String>,
    /// Why it cannot be kept.
    pub reason: Option<String>,
}

impl Conversion {
    /// The conversion as a reply.
    pub fn reply(self) -> ConvertReply {
        let mut head = head("convert", &self.after);
        head.name = self.before.scenario.name.clone();
        let why = self.reasons.as_ref();
        let same = why.and_then(|why| why.same.as_ref().ok());
        let hours = |answer: &Answer| answer.estimate.total.held.gpu_hours();
        ConvertReply {
            head,
            result: block(&self.after, self.spread.as_ref()),
            ratio: why.map_or_else(|| hours(&self.after) / hours(&self.before), |why| why.step.ratio),
            ratio_spread: why.map(|why| why.step.spread),
            residual: why.map(|why| why.residual),
            from: place(&self.before, &self.from, why.map(|why| &why.step.before)),
            to: place(&self.after, &self.to, why.map(|why| &why.step.after)),
            same_layout: SameLayout {
                gpu_hours: why.and_then(|why| why.same_hours).map(ChipSeconds::gpu_hours),
                ratio: same.map(|same| same.ratio),
                layout: same.map(|same| words(&same.after.layout)),
                reason: why.and_then(|why| why.same.as_ref().err()).map(|error| error.message().to_owned()),
            },
            made_from: Box::new(self),
        }
    }

    /// What an output is: one in ten below, half below, nine in ten below; the point, three times, where nothing is
    /// uncertain.
    pub fn levels(&self, output: usize) -> [f64; 3] {
        let point = || self.after.prepared.evaluate(&self.after.prepared.medians()).get(output).copied();
        match self.spread.as_ref().and_then(|spread| spread.summaries.get(output)) {
            Some(summary) => [0.1, 0.5, 0.9].map(|level| summary.quantile(level).value),
            None => [point().unwrap_or(f64::NAN); 3],
        }
    }
}

fn place(answer: &Answer, chip: &AcceleratorProfile, step: Option<&Prediction>) -> Place {
    let total = &answer.estimate.total;
    Place {
        gpu: chip.chip.id.clone(),
        gpu_hours: total.held.gpu_hours(),
        chips: answer.estimate.chips.map(Chips::get),
        wall_clock_days: total.wall_clock.map(Seconds::days),
        cost_usd: total.cost.map(Usd::get),
        usd_per_gpu_hour: answer.scenario.terms.price.map(Price::usd_per_hour),
        step: step.map(|step| parts(&step.step).iter().map(StepPart::of).collect()).unwrap_or_default(),
    }
}

/// The steps of both questions: a run that is asked about on other chips than its own was moved before.
fn side_by_side(before: &Answer, step: Moved) -> Moved {
    let Some((_, own)) = before.prediction() else { return step };
    let told = |moved: Option<Moved>| moved.and_then(|moved| moved.told).map_or(1.0, |[_, after]| after.median);
    let ratio = step.after.pace_at(1.0) / own.pace_at(1.0);
    Moved { before: own, ratio: ratio * told(Some(step)) / told(before.moved()), ..step }
}

/// Both sides, as the answer there was made, or would be if the hours were not held.
fn transfer(
    before: &Answer,
    after: &Answer,
    from: &AcceleratorProfile,
    own_chips: Option<Chips>,
    catalog: &Catalog,
) -> Result<Transfer, Error> {
    if let (Pacing::Relaid(transfer), Step::Moved(_)) = (&after.pacing, after.step) {
        return Ok((**transfer).clone());
    }
    let own_chips =
        own_chips.ok_or_else(|| missing("a number of chips", "--chips, or --to-chips for as many on both"))?;
    let none = || missing("its model's shape", "--model");
    let own = Setting::of(&before.spec, from, catalog)?.ok_or_else(none)?;
    let gpu = after.spec.gpu.as_ref().ok_or_else(none)?;
    let asked = Setting::of(&after.spec, &chip_of(gpu, catalog)?, catalog)?.ok_or_else(none)?;
    Transfer::new(own, own_chips, asked)
}

/// The run's own degrees, but for the number of replicas.
fn own_degrees(spec: &Spec, transfer: &Transfer) -> Result<Fixed, Error> {
    let degrees = Setting::degrees(spec, &transfer.own.stack)?;
    Ok(Fixed { dp: None, ..degrees })
}

/// Published hours of the main phase over those of its steps alone.
fn residual(before: &Answer, step: &Moved) -> f64 {
    let get = |var| before.solved.knowns.get(var);
    match (get(Var::PhaseHours), get(Var::Tokens)) {
        (Some(hours), Some(tokens)) => ChipSeconds::new(hours) / step.steps_before(Tokens::new(tokens)),
        _ => f64::NAN,
    }
}

fn missing(what: &str, flag: &str) -> Error {
    Error::no_solution(format!("the hours of a run cannot be moved without {what}")).with_hint(format!("give {flag}"))
}
