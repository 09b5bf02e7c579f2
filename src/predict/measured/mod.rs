//! What measured steps tell of the software: each is predicted as the question is, and the software's effect is updated
//! by how much longer it took.

pub mod repeats;
pub mod row;

use std::sync::Arc;

use super::prediction::Prediction;
use super::setting::Setting;
use super::software::{Shared, Software};
use crate::catalog::Catalog;
use crate::catalog::steps::{Metric, StepRow};
use crate::error::Error;
use crate::input::file::Spec;
use crate::input::measured::{MEASURED, MeasuredStep, RATE};
use crate::model::flops::{Causality, Choice, Counting, per_token};
use crate::units::{Chips, Seconds, show};
use repeats::kept;
use row::{OnRow, on_row, step_time};

/// Another chip of the same family: the standard deviation, in logarithm, of what its steps do not share. An assumption.
pub const OTHER_CHIP: f64 = 0.05;

/// A chip of another vendor: the standard deviation, in logarithm, of what its compilers and kernels do not share. As wide
/// as a family whose factors are another's. An assumption.
pub const OTHER_VENDOR: f64 = 0.25;

/// A mixture where the question's model is dense, or a dense model where it is a mixture. An assumption.
pub const OTHER_KIND: f64 = 0.25;

/// A step that takes so many times the prediction is of another unit, batch or number of chips.
const MOST: f64 = 30.0;

/// What measured steps tell of the software of a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The software before any step is measured.
    pub before: Software,
    /// The software after them.
    pub after: Software,
    /// Steps that were given.
    pub steps: usize,
    /// The settings that they settle it by.
    pub seen: Vec<Seen>,
    /// Steps that were given and tell nothing: what each is found by, and why.
    pub left_out: Vec<(String, String)>,
}

/// The measured steps of one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What the first of them is found by.
    pub name: String,
    /// How many they are.
    pub steps: usize,
    /// The chip.
    pub chip: String,
    /// The model.
    pub model: String,
    /// The median of their times.
    pub measured: Seconds,
    /// The time that was predicted.
    pub predicted: Seconds,
    /// The median of the software's factor in that.
    software: f64,
    /// The standard deviation, in logarithm, of what they do not share with the question.
    pub apart: f64,
    /// What settings like it differ by beyond their software, in logarithm.
    row: f64,
    /// It is the setting that is asked about.
    pub same: bool,
    mixture: bool,
}

impl Evidence {
    /// The share of the surprise that the steps settle.
    ///
    /// # Formula
    /// `k = 1 - (effect after / effect before)^2`
    /// # Source
    /// The conjugate normal update (Gelman et al., Bayesian Data Analysis, section 2.5).
    pub fn settled(&self) -> f64 {
        if self.before.effect == 0.0 { 0.0 } else { 1.0 - (self.after.effect / self.before.effect).powi(2) }
    }

    /// What the steps took over what was predicted for them, each by its weight.
    ///
    /// # Formula
    /// `f^k` is the factor that is applied, so that `f = factor^(1 / k)`
    /// # Source
    /// As [`Evidence::settled`].
    pub fn factor_seen(&self) -> f64 {
        let settled = self.settled();
        if settled == 0.0 { 1.0 } else { self.factor().powf(1.0 / settled) }
    }

    /// The factor on every predicted step.
    ///
    /// # Formula
    /// `median after / median before`
    /// # Source
    /// Definition.
    pub fn factor(&self) -> f64 {
        self.after.median / self.before.median
    }

    /// Steps that tell something.
    pub fn used(&self) -> usize {
        self.seen.iter().map(|seen| seen.steps).sum()
    }
}

impl Setting {
    /// What the steps of another setting do not share with those of this one, settings apart: a standard deviation.
    pub fn apart_from(&self, own: &Self) -> f64 {
        let same = self.model.shape == own.model.shape;
        let ground = if same { Ground { model: &self.model.id, ..own.ground() } } else { own.ground() };
        apart(self, (&ground, own.model.shape.experts.is_some()))
    }

    /// The same with what the measured steps of a spec tell of its software.
    ///
    /// # Errors
    /// Steps that contradict a factor that is given, that name what nobody knows, or of which none can be used.
    pub(super) fn after_measured(self, spec: &Spec, catalog: &Catalog) -> Result<Self, Error> {
        if !spec.is_measured() {
            return Ok(self);
        }
        if let Some(factor) = &spec.stack_factor {
            let error = Error::bad_input("the software's factor is given, and steps were measured that tell it");
            return Err(factor.origin.locate(error.with_hint("leave stack.factor or the measured steps out")));
        }
        let steps = steps(spec);
        let groups = groups(&steps);
        let origin = spec.measured.as_ref().map(|entry| &entry.origin);
        let (mut seen, mut left_out) = (Vec::new(), Vec::new());
        for group in &groups {
            let told = of_group(group, &self, spec, catalog);
            match told.map_err(|error| origin.map_or_else(|| error.clone(), |origin| origin.locate(error.clone())))? {
                Ok((found, without)) => {
                    seen.push(found);
                    left_out.extend(without);
                }
                Err(reason) => left_out.extend(group.iter().map(|step| (step.name.clone(), reason.clone()))),
            }
        }
        if seen.is_empty() {
            let (name, reason) = left_out.first().cloned().unwrap_or_default();
            let error = Error::bad_input(format!("no measured step can be used: {name}: {reason}"));
            return Err(origin.map_or_else(|| error.clone(), |origin| origin.locate(error.clone())));
        }
        let alike = self.prior();
        let of_one = seen.iter().any(|seen| seen.same);
        let before = if of_one { alike.of_one_setting(self.believed.spreads.repeat) } else { alike };
        let after = before.after_shared(&shared(&seen, alike, before));
        let evidence = Evidence { before, after, steps: steps.len(), seen, left_out };
        Ok(Self { measured: Some(Arc::new(evidence)), ..self })
    }
}

impl Evidence {
    /// What the steps tell of other settings than the one that is asked about, of its chip and model.
    pub fn of_others(&self, alike: Software) -> Software {
        let others: Vec<Seen> = self.seen.iter().map(|seen| Seen { same: false, ..seen.clone() }).collect();
        alike.after_shared(&shared(&others, alike, alike))
    }

    /// The same of a run's software on other chips, whose factor is carried over from where it ran: what the steps tell of
    /// the transfer.
    #[must_use]
    pub fn of_transfer(&self, carried: f64, spread: f64) -> Self {
        let one = |seen: &Seen| Seen {
            predicted: seen.predicted * (carried / seen.software),
            software: carried,
            ..seen.clone()
        };
        let seen: Vec<Seen> = self.seen.iter().map(one).collect();
        let before = Software { median: 1.0, effect: spread, row: self.before.row };
        Self { before, after: before.after_shared(&shared(&seen, before, before)), seen, ..self.clone() }
    }
}

/// Every step of a spec, a rate that stands beside the question among them.
fn steps(spec: &Spec) -> Vec<MeasuredStep> {
    let rows = spec.measured.iter().flat_map(|entry| entry.value.steps.iter().cloned());
    let rate = spec.tokens_per_second.as_ref().map(|entry| {
        let row = StepRow { metric: Some(Metric::TokensOfAll), value: Some(entry.value), ..StepRow::default() };
        MeasuredStep::named(RATE, row)
    });
    rows.chain(rate).collect()
}

/// The steps of each setting, in the order of their first.
fn groups(steps: &[MeasuredStep]) -> Vec<Vec<&MeasuredStep>> {
    let setting = |step: &MeasuredStep| {
        let blank = StepRow {
            id: String::new(),
            source: String::new(),
            notes: String::new(),
            metric: None,
            value: None,
            flop_counting: None,
            ..step.row.clone()
        };
        (blank, step.batch)
    };
    let mut found: Vec<((StepRow, Option<_>), Vec<&MeasuredStep>)> = Vec::new();
    for step in steps {
        let own = setting(step);
        match found.iter_mut().rev().find(|(known, _)| *known == own) {
            Some((_, group)) => group.push(step),
            None => found.push((own, vec![step])),
        }
    }
    found.into_iter().map(|(_, group)| group).collect()
}

/// What the steps of one setting tell with those of them that tell nothing, or why none does.
type OfGroup = Result<(Seen, Vec<(String, String)>), String>;

fn of_group(group: &[&MeasuredStep], asked: &Setting, spec: &Spec, catalog: &Catalog) -> Result<OfGroup, Error> {
    let Some(first) = group.first() else { return Ok(Err("there is none".into())) };
    if group.iter().all(|step| step.row.value.is_none()) {
        return Ok(Err("it does not say how fast it was".into()));
    }
    let home = spec.home.as_deref().unwrap_or(spec);
    let OnRow { setting, predicted } = match on_row(first, home, asked, catalog)? {
        Ok(found) => found,
        Err(reason) => return Ok(Err(reason)),
    };
    let (mut times, mut names, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for step in group {
        match step_time(&step.row, &setting, &predicted) {
            Ok(time) => {
                times.push(time.get());
                names.push(step.name.clone());
            }
            Err(_) => left_out.push((step.name.clone(), "it does not say how fast it was".to_owned())),
        }
    }
    let found = kept(&times);
    let why = |(place, why): (usize, String)| (names.get(place).cloned().unwrap_or_default(), why);
    left_out.extend(found.left_out.into_iter().map(why));
    let software = setting.prior();
    let expected = predicted.step.total() * (predicted.unsaid.factor * software.median);
    possible(found.median, expected, &setting, &predicted).map_err(|error| first.locate(error))?;
    let seen = Seen {
        name: first.name.clone(),
        steps: found.used,
        chip: setting.chip.clone(),
        model: setting.model.name.clone(),
        measured: found.median,
        predicted: expected,
        software: software.median,
        apart: asked.apart_from(&setting),
        row: software.row,
        same: is_asked(asked, &setting, spec, predicted.chips),
        mixture: setting.model.shape.experts.is_some(),
    };
    Ok(Ok((seen, left_out)))
}

/// Refuses a time that no chip or no software makes.
fn possible(measured: Seconds, expected: Seconds, setting: &Setting, predicted: &Prediction) -> Result<(), Error> {
    let counting = Choice::Terms { causality: Causality::Causal, counting: Counting::Model };
    let work = per_token(&setting.model.shape, setting.seq_len, counting).total();
    let share = predicted.tokens_per_step().get() / f64::from(predicted.chips);
    let least = (work * share).time_at(setting.machine.peak(setting.precision));
    let shown = |time: Seconds| show::duration(time);
    let hint =
        |error: Error| Err(error.with_hint("check its unit, its chips, its batch and the length of its sequences"));
    let chips = show::counted(show::chips(Chips::new(f64::from(predicted.chips))), "chip");
    if measured < least {
        return hint(Error::bad_input(format!(
            "a measured step of {} is less than the peak of {chips} allows: {}",
            shown(measured),
            shown(least)
        )));
    }
    if measured > expected * MOST {
        return hint(Error::bad_input(format!(
            "a measured step of {} is {} times the {} that are predicted on {chips}",
            shown(measured),
            show::number(measured / expected, 2),
            shown(expected)
        )));
    }
    Ok(())
}

/// Whether a measured setting is the one that is asked about.
fn is_asked(asked: &Setting, own: &Setting, spec: &Spec, chips: u32) -> bool {
    let same_chips = spec.chips.as_ref().is_some_and(|entry| entry.value.get() == f64::from(chips));
    same_chips && asked.chip == own.chip && asked.same_step(own)
}

/// What tells a chip and a model from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ground<'a> {
    /// Who makes the chip.
    pub vendor: &'a str,
    /// Its family.
    pub family: &'a str,
    /// The chip.
    pub chip: &'a str,
    /// The model.
    pub model: &'a str,
}

/// What the steps of a chip and a model, a mixture or not, do not share with those that are asked about: a standard
/// deviation.
pub fn apart(asked: &Setting, (own, mixture): (&Ground<'_>, bool)) -> f64 {
    let spreads = &asked.believed.spreads;
    let ground = asked.ground();
    let other = spreads.model.max(OTHER_CHIP);
    let chip = match (ground.chip == own.chip, ground.family == own.family, ground.vendor == own.vendor) {
        (true, ..) => 0.0,
        (_, true, true) => other,
        (_, false, true) => other.hypot(spreads.chip),
        (.., false) => other.hypot(OTHER_VENDOR),
    };
    let model = match (asked.model.shape.experts.is_some(), mixture) {
        _ if ground.model == own.model => 0.0,
        (false, false) | (true, true) => spreads.model,
        _ => OTHER_KIND,
    };
    chip.hypot(model)
}

/// The settings of one chip and model as one observation: what they have apart from the question is the same for all of
/// them, so that their mean holds all that they tell. What two such groups share is not counted.
///
/// Where the asked setting is measured too, its own difference is part of the effect; the others tell of the rest alone.
///
/// # Formula
/// with T the effect that holds the setting's own difference, E the one without, s the noise of another setting:
/// `n = T s / E`, so that `E^2 / (E^2 + s^2) = T^2 / (T^2 + n^2)`
/// # Source
/// The conditional normal distribution.
fn shared(seen: &[Seen], alike: Software, before: Software) -> Vec<Shared> {
    let widened = if alike.effect > 0.0 { before.effect / alike.effect } else { 1.0 };
    let mut groups: Vec<(&Seen, Vec<&Seen>)> = Vec::new();
    for one in seen {
        match groups
            .iter_mut()
            .find(|(first, _)| (&first.chip, &first.model, first.same) == (&one.chip, &one.model, one.same))
        {
            Some((_, group)) => group.push(one),
            None => groups.push((one, vec![one])),
        }
    }
    let observed = |(first, group): (&Seen, Vec<&Seen>)| {
        let count = group.len() as f64;
        let sum: f64 = group.iter().map(|one| (one.measured / one.predicted).ln()).sum();
        let row = if first.same { before.row } else { widened * first.row / count.sqrt() };
        Shared { log_ratio: sum / count, row, apart: widened * first.apart }
    };
    groups.into_iter().map(observed).collect()
}

/// The field that a spec's measured steps came by.
pub fn field(spec: &Spec) -> Option<&'static str> {
    match (&spec.measured, &spec.tokens_per_second) {
        (Some(_), _) => Some(MEASURED),
        (None, Some(_)) => Some(RATE),
        (None, None) => None,
    }
}
