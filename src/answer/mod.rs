//! From what was asked to what is answered, stage by stage; each stage is a value of its own.

pub mod bill_ranges;
mod choices;
pub mod confirm;
pub mod drivers;
pub mod failures;
pub mod footprint;
pub mod given;
pub mod layouts;
pub mod looked_up;
pub mod model_terms;
pub mod narrowed;
pub mod owning;
pub mod pacing;
pub mod phases;
pub mod place;
pub mod practice;
pub mod prepared;
mod priced;
pub mod published;
mod quick;
pub mod ranges;
pub mod recipe;
pub(crate) mod remarks;
mod rented;
mod scenario;
pub mod settled;
pub mod stages;
pub mod thresholds;
mod vars;
pub mod whole_bill;

use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::error::Error;
use crate::estimate::{Estimate, estimate};
use crate::hardware::precision::Precision;
use crate::input::file::{Entry, Origin, Spec};
use crate::input::question::Question;
use crate::input::typed::Rate;
use crate::predict::transfer::Moved;
use crate::predict::{Prediction, Setting};
use crate::scenario::Scenario;
use crate::solve::{Solved, Var};
use crate::units::money::{Shown, shown_in};
use crate::units::{Fraction, Price, Seconds, Tokens, show};
use confirm::Confirmation;
use failures::spot::{OnSpot, Spot};
use looked_up::LookedUp;
use pacing::Pacing;
use prepared::Prepared;
use priced::Priced;
use remarks::Remarks;
use settled::{Settled, Step};

/// A question with its answer and everything that led to it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked, flags laid over the file.
    pub spec: Spec,
    /// The chip, if one was named.
    pub chip: Option<AcceleratorProfile>,
    /// The precision whose dense peak the MFU is a share of.
    pub basis: Option<Precision>,
    /// Where the speed comes from.
    pub pacing: Pacing,
    /// The step behind the hours, if there is one.
    pub step: Step,
    /// The solved relations.
    pub solved: Solved,
    /// What the spot market leaves to the job, where its chips are rented there.
    pub on_spot: Option<OnSpot>,
    /// The scenario that was estimated.
    pub scenario: Scenario,
    /// Its estimate.
    pub estimate: Estimate,
    /// The price used and where it came from.
    pub price: Option<Entry<Price>>,
    /// Where the MFU came from.
    pub mfu_origin: Option<Origin>,
    /// The chip that the run was moved from.
    pub moved_from: Option<AcceleratorProfile>,
    /// What the step model says of a time that was given.
    pub confirmation: Option<Confirmation>,
    /// Relations that the given values over-determine, and satisfy.
    pub confirmed: Vec<&'static str>,
    /// What was assumed, in sentences.
    pub assumptions: Vec<String>,
    /// What a reader should know before using the numbers, in sentences.
    pub warnings: Vec<String>,
    /// Sources of the profile values used, with the path of the value.
    pub sources: Vec<(String, crate::source::Source)>,
    /// The same question with its uncertain fields left open.
    pub prepared: Prepared,
    /// The rate of the currency in which money is shown, where that is not the dollar.
    pub shown: Option<Rate>,
}

/// Answers a question.
///
/// # Errors
/// Unknown names, values that do not read or contradict each other, too few of them: with what would settle it.
pub fn answer(question: &Question, catalog: &Catalog) -> Result<Answer, Error> {
    let mut looked = LookedUp::of(question, catalog)?;
    let catalog = &*catalog.as_of(looked.day());
    let catalog = &*catalog.by_rates(looked.spec.own_rates());
    let pacing = Pacing::of(&looked, catalog)?;
    let spot = Spot::of(&looked, &pacing, catalog)?;
    let settled = Settled::of(&looked, &pacing, spot)?;
    let confirmation = Confirmation::of(question, &looked, &pacing, &settled, catalog)?;
    let priced = Priced::of(&looked, &pacing, settled, catalog, question.today)?;
    if priced.settled.get(Var::GpuHours).is_none() {
        return Err(underdetermined(&priced.settled, &looked));
    }
    if priced.price.as_ref().is_some_and(|price| matches!(price.origin, Origin::Profile(_))) {
        looked.spec.ranges.retain(|range| range.path != "price.rent"); // the run's own price is not the one used
    }
    let prepared = Prepared::of(&looked.spec, &priced.settled, &pacing)?;
    let scenario = scenario::scenario(&looked, &priced.settled);
    let estimate = estimate(&scenario)?;
    let mfu_origin = mfu_origin(&looked, &pacing, &priced.settled);
    let passed = practice::rate(&looked, &pacing, &priced.settled, &estimate)?;
    let say = || Remarks::of(&looked, &pacing, &priced, &estimate, mfu_origin.as_ref(), passed);
    let remarks = shown_in(looked.money.currency(), say);
    let idle = narrowed::idle(&looked.spec, &pacing, priced.settled.step, confirmation.is_some());
    let Priced { settled, price, .. } = priced;
    let (chip, basis) = looked.on.map(|on| (on.profile, on.basis)).unzip();
    Ok(Answer {
        spec: looked.spec,
        chip,
        basis,
        pacing,
        step: settled.step,
        on_spot: settled.on_spot,
        solved: settled.solved,
        scenario,
        estimate,
        price,
        mfu_origin,
        moved_from: looked.from.map(|from| from.profile),
        confirmation,
        confirmed: remarks.confirmed,
        assumptions: remarks.assumptions,
        warnings: remarks.warnings.into_iter().chain(idle).collect(),
        sources: remarks.sources,
        prepared,
        shown: looked.money.shown,
    })
}

impl Answer {
    /// The currency in which money is shown.
    pub fn currency(&self) -> Shown {
        self.shown.as_ref().map_or(Shown::DOLLARS, Rate::shown)
    }

    /// The predicted step, or the step of a run that was moved, on the chips that are asked about.
    pub fn prediction(&self) -> Option<(&Setting, Prediction)> {
        let prediction = match self.step {
            Step::Given => return None,
            Step::Moved(moved) => moved.after,
            Step::Predicted(prediction) => prediction,
        };
        self.pacing.setting().map(|setting| (setting, prediction))
    }

    /// What the time of a step has over the modelled one: settings that nobody gave, and the rest. Of a run that was
    /// moved, all of it is its own, carried over; else the rest is the software's.
    ///
    /// # Formula
    /// `step time = modelled step * settings * rest`
    /// # Source
    /// Definition.
    pub fn over_model(&self) -> Option<[f64; 2]> {
        let (_, prediction) = self.prediction()?;
        let unsaid = if self.moved().is_some() { 1.0 } else { prediction.unsaid.factor };
        Some([unsaid, self.step_time()? / prediction.step.total() / unsaid])
    }

    /// How the run's step changes on the chips that are asked about.
    pub fn moved(&self) -> Option<Moved> {
        match self.step {
            Step::Moved(moved) => Some(moved),
            Step::Given | Step::Predicted(_) => None,
        }
    }

    /// Time of a step: predicted, or what the hours make of it where the batch is known.
    pub fn step_time(&self) -> Option<Seconds> {
        let own = || {
            let length = self.spec.sequence_length.as_ref().map_or(Tokens::ZERO, |entry| entry.value);
            Some(self.spec.global_batch.as_ref()?.value.tokens(length)).filter(|tokens| *tokens > Tokens::ZERO)
        };
        let tokens = self.prediction().map(|(_, prediction)| prediction.tokens_per_step()).or_else(own)?;
        Some(Seconds::new(tokens.get() / self.tokens_per_second()?))
    }

    /// Tokens a second while the job computes, all chips together.
    pub fn tokens_per_second(&self) -> Option<f64> {
        Some(self.estimate.chips?.get() / self.pace()?)
    }

    /// Whether one of these fields is among what is uncertain.
    pub fn varies(&self, paths: &[&str]) -> bool {
        self.prepared.ranges().any(|range| paths.contains(&range.path))
    }

    /// Chip-time held for one token while the job computes, where the tokens are known.
    pub fn pace(&self) -> Option<f64> {
        let get = |var| self.solved.knowns.get(var);
        get(Var::Pace)
            .or_else(|| Some(get(Var::PhaseHours)? * get(Var::Goodput)? * get(Var::Left)? / get(Var::Tokens)?))
    }

    /// MFU with causal attention counted, where the model's shape is known.
    pub fn mfu_causal(&self) -> Option<Fraction> {
        let (setting, prediction) = self.prediction()?;
        let [six, causal] = prediction.mfu(setting, self.scenario.peak);
        Some(Fraction::new(self.estimate.mfu?.get() * causal.get() / six.get()))
    }
}

fn mfu_origin(looked: &LookedUp<'_>, pacing: &Pacing, settled: &Settled) -> Option<Origin> {
    let mfu = settled.get(Var::Mfu)?;
    let given = looked.spec.mfu.as_ref();
    match settled.step {
        Step::Predicted(_) => return Some(Origin::Solved("predicted from the model's shape, layout and chip".into())),
        Step::Moved(moved) if moved.ratio == 1.0 => {
            return Some(Origin::Solved("implied by the published hours and tokens".into()));
        }
        Step::Moved(moved) => {
            let ratio = show::number(moved.ratio, 3);
            let from = match (&looked.from, pacing) {
                (Some(from), _) => from.profile.chip.name.clone(),
                (None, Pacing::Relaid(transfer)) => show::counted(show::chips(transfer.own_chips), "chip"),
                _ => "the run's own chips".into(),
            };
            return Some(Origin::Solved(format!("moved by the step model: {ratio} x the hours on {from}")));
        }
        Step::Given => {}
    }
    if settled.solved.knowns.is_solved(Var::Mfu) {
        return Some(Origin::Solved(format!("from {}", settled.solved.solved_from(Var::Mfu))));
    }
    match (given, looked.baseline.implied_mfu, &looked.from) {
        (Some(given), _, _) if given.value.get() == mfu => Some(given.origin.clone()),
        (_, Some(_), Some(from)) => {
            Some(Origin::Assumed(format!("not converted: the one implied on {}", from.profile.chip.name)))
        }
        _ => Some(Origin::Solved("implied by the published hours and tokens".into())),
    }
}

/// Says what is missing on each way to the hours, the shortest way first.
fn underdetermined(settled: &Settled, looked: &LookedUp) -> Error {
    let has_chip = looked.on.is_some();
    let predicted: [&[Var]; 2] = [&[Var::Peak, Var::Tokens, Var::Chips], &[Var::Peak, Var::Tokens, Var::WallClock]];
    let stated: [&[Var]; 4] = [
        &[Var::GpuHours],
        &[Var::Chips, Var::WallClock],
        &[Var::Cost, Var::Price],
        &[Var::Peak, Var::Params, Var::Tokens, Var::Mfu],
    ];
    let of_work = [Var::Peak, Var::Flop, Var::Mfu];
    let of_work = settled.get(Var::Flop).map(|_| &of_work[..]);
    let measured = looked.spec.model.is_none() && looked.spec.is_measured() && looked.spec.measured.is_none();
    let by_rate: [&[Var]; 1] = [&[Var::Tokens, Var::Chips]];
    let by_rate = by_rate.into_iter().filter(|_| measured);
    let ways = predicted.into_iter().filter(|_| looked.spec.model.is_some());
    let ways = ways.chain(by_rate).chain(stated).chain(of_work);
    let missing = |way: &[Var]| -> Vec<&str> {
        let open = way.iter().filter(|var| settled.get(**var).is_none() && !(has_chip && **var == Var::Peak));
        open.map(|var| crate::solve::flag(*var)).collect()
    };
    let mut open: Vec<Vec<&str>> = ways.map(missing).collect();
    let error = Error::no_solution("the GPU-hours do not follow from what is given");
    let keeps = [(&looked.spec.keep_mfu, "run.keep_mfu"), (&looked.spec.hold_hours, "run.hold_hours")];
    let keeps = keeps.into_iter().find_map(|(entry, path)| entry.as_ref().map(|_| path));
    if let Some(kept) = keeps.filter(|_| open.iter().any(Vec::is_empty)) {
        // A model on its chips would be predicted, but for this field.
        return error.with_hint(format!("leave {kept} out: there is no run whose MFU or hours it could keep"));
    }
    open.sort_by_key(Vec::len);
    let mut least: Vec<Vec<&str>> = Vec::new();
    for way in open {
        if !least.iter().any(|known| known.iter().all(|flag| way.contains(flag))) {
            least.push(way);
        }
    }
    let shown: Vec<String> = least.iter().map(|flags| flags.join(" and ")).collect();
    error.with_hint(format!("add {}", shown.join("; or ")))
}
