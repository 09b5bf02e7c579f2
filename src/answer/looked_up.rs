//! A question with the names in it looked up: the chip, the precision its MFU is quoted on, the run as its file has it.

use std::borrow::Cow;

use super::given::{asked, is_flag};
use super::pacing::without_degrees;
use super::phases::Baseline;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::{Catalog, Kind, normal};
use crate::error::Error;
use crate::hardware::precision::Precision;
use crate::input::exchange::{InDollars, Said};
use crate::input::field::field;
use crate::input::file::{Entry, Origin, PhaseSpec, Spec};
use crate::input::question::Question;
use crate::input::range::Range;
use crate::model::params::{Embeddings, count};
use crate::predict::setting::model_of;
use crate::solve::SAME;
use crate::units::date::Date;
use crate::units::{FlopPerSecond, Fraction, Params, show};

/// The field of a measured rate, and that of what it says.
const RATE_OF_A_CHIP: &str = "run.tflops_per_chip";
const MFU: &str = "run.mfu";

/// How far nominal counts such as 70B may be from the exact ones.
const NOMINAL: f64 = 0.1;

/// A chip, and the peak that the MFU is a share of.
#[derive(Debug, Clone)]
pub struct OnChip {
    /// The chip.
    pub profile: AcceleratorProfile,
    /// The format whose dense peak is meant.
    pub basis: Precision,
    /// That peak.
    pub peak: FlopPerSecond,
}

/// What was asked, with everything found that it names.
#[derive(Debug, Clone)]
pub struct LookedUp<'q> {
    /// What was asked, flags laid over the file, parameters counted from the model's shape where none are given.
    pub spec: Spec,
    /// What the file alone says; for another model than its own the work alone.
    pub base: Cow<'q, Spec>,
    /// Whether the run is asked about with another model than its own.
    pub other_model: bool,
    /// The chip that is asked about, if one was named.
    pub on: Option<OnChip>,
    /// The chip of the file, where that is another one.
    pub from: Option<OnChip>,
    /// The run as its file has it, on its own chip.
    pub baseline: Baseline,
    /// What was taken for money that is not in dollars.
    pub money: Said,
}

impl<'q> LookedUp<'q> {
    /// Looks everything up.
    ///
    /// # Errors
    /// Values that do not read, unknown names, a peak that nobody published.
    pub fn of(question: &'q Question, catalog: &Catalog) -> Result<Self, Error> {
        let InDollars { mut spec, mut base, said: money } = question.in_dollars(catalog)?;
        let other_model = !as_the_file(&mut spec, &base, catalog);
        if other_model {
            base = Cow::Owned(work_alone(&base, Baseline::of(&base, None)?.main));
            spec = asked_of(&spec, &base);
        }
        let mut spec = completed(spec, catalog)?;
        let on = spec.gpu.as_ref().map(|gpu| OnChip::of(chip_of(gpu, catalog)?, &spec)).transpose()?;
        let own = match (&base.gpu, &on) {
            (Some(own), Some(on)) if spec.gpu.as_ref().is_some_and(|gpu| gpu.value != own.value) => {
                let profile = chip_of(own, catalog)?;
                (profile.chip.id != on.profile.chip.id).then(|| OnChip::of(profile, &spec)).transpose()?
            }
            _ => None,
        };
        let peak = on.as_ref().map(|on| on.peak);
        let own_peak = own.as_ref().map(|own| own.peak).or(peak);
        if base.tflops_per_chip.is_some() {
            measured_rate(base.to_mut(), own_peak)?;
        }
        measured_rate(&mut spec, peak)?;
        spec.measured_pace()?;
        let baseline = Baseline::of(&base, own_peak)?;
        Ok(Self { spec, base, other_model, on, from: own, baseline, money })
    }

    /// The day that is asked about, where one is named.
    pub fn day(&self) -> Option<Date> {
        self.spec.as_of.as_ref().map(|day| day.value)
    }

    /// The peak that the MFU is a share of.
    pub fn peak(&self) -> Option<FlopPerSecond> {
        self.on.as_ref().map(|on| on.peak)
    }
}

impl OnChip {
    fn of(profile: AcceleratorProfile, spec: &Spec) -> Result<Self, Error> {
        let basis = basis(spec, &profile);
        let peak = peak_of(&profile, basis)?;
        Ok(Self { profile, basis, peak })
    }
}

/// The MFU of a measured rate, by 6ND: the rate over the peak. It stands in the place of one that it outranks.
///
/// # Errors
/// No chip to have a peak; a rate above it; an MFU that says something else.
fn measured_rate(spec: &mut Spec, peak: Option<FlopPerSecond>) -> Result<(), Error> {
    let Some(rate) = &spec.tflops_per_chip else { return Ok(()) };
    let (origin, shown) = (rate.origin.clone(), show::prefixed(rate.value.get(), "FLOP/s", 4));
    let located = |error: Error, hint: &str| Err(origin.locate(error.with_hint(hint)));
    let Some(peak) = peak else {
        let error = Error::bad_input(format!("{shown} a chip says nothing without the chip's peak"));
        return located(error, "name the chip (run.gpu)");
    };
    let mfu = rate.value / peak;
    if mfu > 1.0 {
        let most = show::prefixed(peak.get(), "FLOP/s", 4);
        let error = Error::bad_input(format!("{shown} a chip is more than its dense peak of {most}"));
        return located(error, "give the rate of the model's FLOPs, 6 x parameters x tokens, without sparsity");
    }
    if let Some(given) = spec.mfu.as_ref().filter(|given| given.origin.weight() >= origin.weight()) {
        let [own, other] = [given.value.get(), mfu].map(show::percent);
        if given.origin.weight() > origin.weight() {
            return Ok(()); // what was asked for outranks the file's rate
        }
        if (given.value.get() / mfu - 1.0).abs() > SAME {
            let error =
                Error::bad_input(format!("an MFU of {own} is given, and {shown} a chip are {other} of the peak"));
            return located(error, "leave one of run.mfu and run.tflops_per_chip out");
        }
        return Ok(());
    }
    let range = spec.range(RATE_OF_A_CHIP).cloned();
    spec.mfu = Some(Entry::new(Fraction::new(mfu), origin));
    spec.ranges.retain(|range| range.path != RATE_OF_A_CHIP && range.path != MFU);
    if let (Some(range), Some(field)) = (range, field(MFU)) {
        let dist = range.dist.scaled(FlopPerSecond::from_tflops(1.0) / peak)?.truncated(0.0, 1.0)?;
        spec.set_range(Range { path: MFU, dist, ..range }, field);
    }
    Ok(())
}

/// What is asked for as the file has it stays the file's: its model and its number of parameters. Whether the model is
/// the file's.
fn as_the_file(spec: &mut Spec, base: &Spec, catalog: &Catalog) -> bool {
    if let (Some(asked), Some(own)) = (&spec.params, &base.params)
        && (asked.value / own.value - 1.0).abs() <= SAME
        && !spec.is_ranged("run.params")
    {
        spec.params = base.params.clone();
    }
    let (Some(asked), Some(own)) = (&spec.model, &base.model) else { return true };
    let id = |name: &str| catalog.find(Kind::Models, name).map_or_else(|_| normal(name), |found| found.id);
    if asked.value == own.value || id(&asked.value) == id(&own.value) {
        spec.model = base.model.clone();
        return true;
    }
    false
}

/// The work of a run without what is its own model's: hours, MFU, time, money, the phases after the main one.
fn work_alone(base: &Spec, main: usize) -> Spec {
    let main = base.phases.get(main).map(|phase| PhaseSpec { gpu_hours: None, ..phase.clone() });
    let left =
        Spec { gpu_hours: None, mfu: None, wall_clock: None, cost: None, reported: None, ..without_degrees(base) };
    Spec { phases: main.into_iter().collect(), ..left }
}

/// What was asked, over the work alone.
fn asked_of(spec: &Spec, base: &Spec) -> Spec {
    Spec {
        gpu_hours: asked(&spec.gpu_hours),
        mfu: asked(&spec.mfu),
        wall_clock: asked(&spec.wall_clock),
        cost: asked(&spec.cost),
        home: spec.home.clone(),
        phases: base.phases.clone(),
        reported: None,
        ..without_degrees(spec)
    }
}

/// Parameters from the model's shape, where the spec gives none.
fn completed(mut spec: Spec, catalog: &Catalog) -> Result<Spec, Error> {
    let Some(named) = spec.model.as_ref().map(|entry| entry.origin.weight()) else { return Ok(spec) };
    let weight = |entry: &Option<Entry<Params>>| entry.as_ref().map_or(0, |entry| entry.origin.weight());
    let asked = weight(&spec.params).max(weight(&spec.active_params));
    let known = spec.params.is_some() || spec.active_params.is_some();
    // What a file has stands for its own model; another one that is asked for counts anew.
    if known && (asked > named || (asked == named && !is_flag(spec.model.as_ref()))) {
        return Ok(spec);
    }
    let Some(model) = model_of(&spec, catalog)? else { return Ok(spec) };
    let counted = count(&model.shape);
    let from = || Origin::Profile(format!("{}, counted from its shape", model.file));
    let active = Entry::new(counted.active(Embeddings::Counted), from());
    if known && asked == named {
        agreed(&spec, [counted.total(), active.value], &model.name)?;
        // All of a mixture's parameters say nothing against its active ones.
        if spec.params.is_none() || model.shape.is_moe() {
            spec.params = Some(Entry::new(counted.total(), from()));
        }
    } else {
        (spec.params, spec.active_params) = (Some(Entry::new(counted.total(), from())), None);
    }
    if model.shape.is_moe() {
        spec.active_params.get_or_insert(active);
    }
    Ok(spec)
}

/// Whether parameters that were asked for beside a model are its own.
fn agreed(spec: &Spec, [all, active]: [Params; 2], model: &str) -> Result<(), Error> {
    let own = [(&spec.params, all, "parameters"), (&spec.active_params, active, "active parameters")];
    for (entry, counted, what) in own {
        let Some(entry) = entry.as_ref().filter(|entry| is_flag(Some(entry))) else { continue };
        if (entry.value / counted - 1.0).abs() > NOMINAL {
            let [given, has] = [entry.value, counted].map(|params| show::count(params.get(), 4));
            let error = Error::bad_input(format!("{given} {what} are given, and {model} has {has}"));
            return Err(entry.origin.locate(error.with_hint("leave one of them out")));
        }
    }
    Ok(())
}

/// The chip of an entry.
///
/// # Errors
/// An unknown chip, located where it was named; a profile that is wrong.
pub fn chip_of(gpu: &Entry<String>, catalog: &Catalog) -> Result<AcceleratorProfile, Error> {
    catalog.accelerator(&gpu.value).map_err(|error| gpu.origin.locate(error))
}

/// The precision whose peak the MFU is quoted on: as given, else the 16-bit one, which the field uses for
/// narrower arithmetic too.
fn basis(spec: &Spec, chip: &AcceleratorProfile) -> Precision {
    let given = spec.mfu_basis.as_ref().or(spec.precision.as_ref()).map(|entry| entry.value);
    match given {
        Some(precision) if spec.mfu_basis.is_some() => precision,
        Some(precision) if chip.chip.peak.of(precision.wide()).is_some() => precision.wide(),
        _ => chip.chip.training_precision(),
    }
}

/// The peak that the MFU is a share of.
fn peak_of(chip: &AcceleratorProfile, basis: Precision) -> Result<FlopPerSecond, Error> {
    chip.chip.peak_of(basis).map_err(|error| {
        if !chip.chip.has_16_bit() {
            return error;
        }
        let (usual, has) = (chip.chip.training_precision(), error.hint().unwrap_or_default().to_owned());
        error.with_hint(format!("{has}; quote the MFU on one of these, as in --mfu-basis {usual}"))
    })
}
