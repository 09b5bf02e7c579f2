//! What measured steps tell of the software: each is predicted as the question is, and the software's effect is updated
//! by how much longer it took.

pub mod evidence;
pub mod repeats;
pub mod row;

use std::sync::Arc;

use super::prediction::Prediction;
use super::setting::Setting;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::file::Spec;
use crate::input::measured::{Beside, MEASURED, MeasuredStep, RATE, STEP_TIME};
use crate::model::flops::{Causality, Choice, Counting, per_token};
use crate::rows::steps::{Metric, StepRow};
use crate::units::{Chips, Seconds, show};
pub use evidence::{Evidence, Seen};
use repeats::{apart_by, kept};
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

impl Setting {
    /// What the steps of another setting do not share with those of this one, settings apart: a standard deviation.
    pub fn apart_from(&self, own: &Self) -> f64 {
        let same = self.model.shape == own.model.shape;
        let ground = if same { Ground { model: &self.model.id, ..own.ground() } } else { own.ground() };
        apart(self, (&ground, own.model.shape.is_moe()))
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
        let steps = steps(spec)?;
        let groups = groups(&steps);
        let origin = spec.measured.as_ref().map(|entry| &entry.origin);
        let (mut seen, mut left_out, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
        for group in &groups {
            let told = of_group(group, &self, spec, catalog);
            match told.map_err(|error| origin.map_or_else(|| error.clone(), |origin| origin.locate(error.clone())))? {
                Ok(told) => {
                    seen.push(told.seen);
                    left_out.extend(told.left_out);
                    doubts.extend(told.doubt);
                }
                Err(reason) => left_out.extend(group.iter().map(|step| (step.name.clone(), reason.clone()))),
            }
        }
        if seen.is_empty() {
            let (name, reason) = left_out.first().cloned().unwrap_or_default();
            let error = Error::bad_input(format!("no measured step can be used: {name}: {reason}"))
                .with_hint("a row needs how fast it was, and the software, model and chips of the question");
            return Err(origin.map_or_else(|| error.clone(), |origin| origin.locate(error.clone())));
        }
        let alike = self.prior();
        let of_one = seen.iter().any(|seen| seen.same);
        let before = if of_one { alike.of_one_setting(self.believed.spreads.repeat) } else { alike };
        let evidence = Evidence { before, after: before, steps: steps.len(), seen, left_out, doubts };
        Ok(Self { measured: Some(Arc::new(evidence.updated(alike))), ..self })
    }
}

/// Every step of a spec, a rate or a time that stands beside the question among them.
///
/// # Errors
/// As [`Spec::beside`].
fn steps(spec: &Spec) -> Result<Vec<MeasuredStep>, Error> {
    let rows = spec.measured.iter().flat_map(|entry| entry.value.steps.iter().cloned());
    let one = |name: &str, metric: Metric, value: f64| {
        MeasuredStep::named(name, StepRow { metric: Some(metric), value: Some(value), ..StepRow::default() })
    };
    let beside = spec.beside()?.map(|(of, value)| match of {
        Beside::Rate => one(RATE, Metric::TokensOfAll, value),
        Beside::Time => one(STEP_TIME, Metric::Seconds, value),
    });
    Ok(rows.chain(beside).collect())
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

/// What the steps of one setting tell.
struct Told {
    seen: Seen,
    /// Those of them that tell nothing, each with the reason.
    left_out: Vec<(String, String)>,
    /// That they disagree.
    doubt: Option<String>,
}

/// What the steps of one setting tell, or why none does.
type OfGroup = Result<Told, String>;

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
    let doubt = apart_by(&times).map(|(low, high)| {
        let one = |place: usize| {
            let time = times.get(place).copied().unwrap_or(f64::NAN);
            let name = names.get(place).map_or("", String::as_str);
            format!("{name} ({})", show::duration(Seconds::new(time)))
        };
        let median = show::duration(found.median);
        format!("{} and {} are of one setting and disagree: their median counts, {median}", one(high), one(low))
    });
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
        other: other(asked, &setting),
        by_6nd: group.iter().any(|step| step.row.is_by_6nd()),
        counts: true,
    };
    Ok(Ok(Told { seen, left_out, doubt }))
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
    same_chips && asked.chip == own.chip && asked.stack.kernel == own.stack.kernel && asked.same_step(own)
}

/// What a setting has apart from the one that is asked about, in words.
fn other(asked: &Setting, own: &Setting) -> &'static str {
    let model = asked.model.id != own.model.id && asked.model.shape != own.model.shape;
    match (asked.model.shape.is_moe(), own.model.shape.is_moe()) {
        (true, false) if model => "a dense model beside a mixture",
        (false, true) if model => "a mixture beside a dense model",
        _ if model => "another model",
        _ => "another chip",
    }
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
    let model = match (asked.model.shape.is_moe(), mixture) {
        _ if ground.model == own.model => 0.0,
        (false, false) | (true, true) => spreads.model,
        _ => OTHER_KIND,
    };
    chip.hypot(model)
}

/// The field that a spec's measured steps came by.
pub fn field(spec: &Spec) -> Option<&'static str> {
    match (&spec.measured, &spec.tokens_per_second, &spec.step_time) {
        (Some(_), ..) => Some(MEASURED),
        (None, Some(_), _) => Some(RATE),
        (None, None, Some(_)) => Some(STEP_TIME),
        (None, None, None) => None,
    }
}
