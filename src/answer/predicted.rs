//! The MFU of a question that names a model and gives none: predicted from its shape, its layout and the chip.

use crate::Error;
use crate::answer::moved::Move;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::model::ModelProfile;
use crate::catalog::{Catalog, Kind};
use crate::hardware::precision::Precision;
use crate::input::file::{Entry, Origin, Spec};
use crate::input::range::Range;
use crate::layout::fixed::Fixed;
use crate::layout::parallelism::{SCHEDULES, Schedule, ZERO_STAGES};
use crate::model::flops::Recompute;
use crate::model::params::{Embeddings, count};
use crate::predict::{Job, Predicted, predict};
use crate::solve::{Knowns, Rank, Solved, Var};
use crate::step::efficiency::Calibration;
use crate::step::machine::Machine;
use crate::step::stack::Stack;
use crate::uncertainty::dist::Dist;
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Params, Quantity as _, Seconds, Tokens, show};

/// Sequence length of a question that gives none.
const SEQUENCE: f64 = 4096.0;
/// Tokens of a step of a question that gives none: what models of these years use.
const BATCH_TOKENS: f64 = 4e6;
/// A batch that shares this divisor with the chips leaves enough ways to lay them out.
const SHARED: u32 = 64;

/// What a prediction needs to know, looked up once.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The model.
    pub model: ModelProfile,
    /// The chip.
    pub machine: Machine,
    /// Its factors.
    pub calibration: Calibration,
    /// The family they were fitted to.
    pub family: String,
    /// Factors of another chip family stand in: nobody published steps on this one.
    pub borrowed: bool,
    /// The software.
    pub stack: Stack,
    /// The settled part of the layout.
    pub given: Fixed,
    /// Format of the matrix work.
    pub precision: Precision,
    /// Tokens of a sequence.
    pub seq_len: u32,
    /// Tokens of a step, before it is cut into whole sequences.
    pub batch_tokens: f64,
    /// Parameters at work for one token, as FLOPs are counted.
    pub active: Params,
    /// What was chosen because nobody said, in sentences.
    pub chosen: Vec<String>,
}

/// A prediction in the solver's terms.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The setting it was made in.
    pub setting: Setting,
    /// The step.
    pub predicted: Predicted,
}

/// The model that a spec names, if it names one.
///
/// # Errors
/// An unknown model, located where it was named.
pub fn model_of(spec: &Spec, catalog: &Catalog) -> Result<Option<ModelProfile>, Error> {
    let Some(model) = &spec.model else { return Ok(None) };
    catalog.model(&model.value).map(Some).map_err(|error| match &model.origin {
        Origin::File(at) if error.place().is_none() => at.locate(error),
        Origin::Flag(flag) if error.place().is_none() => crate::input::field::prefix(flag, &error),
        _ => error,
    })
}

/// Parameters from the model's shape, where the spec gives none.
pub(super) fn complete(spec: &mut Spec, catalog: &Catalog) -> Result<(), Error> {
    if spec.params.is_some() || spec.active_params.is_some() || spec.flop.is_some() || spec.model.is_none() {
        return Ok(());
    }
    let Some(model) = model_of(spec, catalog)? else { return Ok(()) };
    let counted = count(&model.shape);
    let from = || Origin::Profile(format!("{}, counted from its shape", model.file));
    spec.params = Some(Entry::new(counted.total(), from()));
    if model.shape.experts.is_some() {
        spec.active_params = Some(Entry::new(counted.active(Embeddings::Counted), from()));
    }
    Ok(())
}

/// Looks up what a prediction on a chip needs.
///
/// # Errors
/// An unknown model, a layout field that is none.
pub fn setting(spec: &Spec, chip: &AcceleratorProfile, catalog: &Catalog) -> Result<Option<Setting>, Error> {
    let Some(model) = model_of(spec, catalog)? else { return Ok(None) };
    let machine = Machine::of(&chip.chip);
    let mut chosen = Vec::new();
    let mut usual = |value: Option<f64>, usual: f64, what: &str| {
        if value.is_none() {
            chosen.push(format!("{what} {}: usual, not given", show::count(usual, 4)));
        }
        value.unwrap_or(usual)
    };
    let seq_len = usual(spec.sequence_length.as_ref().map(|e| e.value.base()), SEQUENCE, "sequence length");
    let given = spec.global_batch_tokens.as_ref().map(|e| e.value.base());
    let published = given.is_none().then(|| published_batch(&model.id, catalog)).flatten();
    let batch = usual(given.or(published), BATCH_TOKENS, "tokens of a step");
    if let Some(batch) = published {
        chosen.push(format!("tokens of a step {}: those of the model's published run", show::count(batch, 4)));
    }
    let given = degrees(spec)?;
    let stack = if given.schedule == Some(Schedule::DualPipe) { Stack::DEEPSEEK } else { Stack::CURRENT };
    let counted = count(&model.shape).active(Embeddings::Counted);
    Ok(Some(Setting {
        machine,
        calibration: catalog.factors(&chip.chip.factors)?.calibration,
        family: chip.chip.factors.clone(),
        borrowed: machine.borrowed,
        stack,
        given,
        precision: spec.precision.as_ref().map_or(chip.chip.training_precision(), |entry| entry.value),
        seq_len: seq_len.clamp(1.0, f64::from(u32::MAX)) as u32,
        batch_tokens: batch,
        active: crate::answer::given::active(spec).map_or(counted, |entry| entry.value),
        chosen,
        model,
    }))
}

/// Tokens of a step of the run that is named like the model, if one is published.
fn published_batch(model: &str, catalog: &Catalog) -> Option<f64> {
    if !catalog.has(Kind::Runs, model) {
        return None;
    }
    let run = crate::input::file::spec(&catalog.find(Kind::Runs, model).ok()?).ok()?;
    run.global_batch_tokens.map(|entry| entry.value.base())
}

fn degrees(spec: &Spec) -> Result<Fixed, Error> {
    let whole = |entry: &Option<Entry<u32>>| entry.as_ref().map(|entry| entry.value);
    let recomputes = [("none", Recompute::None), ("selective", Recompute::Selective), ("full", Recompute::Full)];
    Ok(Fixed {
        tp: whole(&spec.tp),
        pp: whole(&spec.pp),
        vpp: whole(&spec.vpp),
        dp: whole(&spec.dp),
        cp: whole(&spec.cp),
        ep: whole(&spec.ep),
        micro_batch: whole(&spec.micro_batch),
        zero: named("layout.zero", spec.zero.as_ref().map(|entry| entry.value.to_string()), &ZERO_STAGES)?,
        recompute: named("layout.recompute", spec.recompute.as_ref().map(|entry| entry.value.clone()), &recomputes)?,
        schedule: named("layout.schedule", spec.schedule.as_ref().map(|entry| entry.value.clone()), &SCHEDULES)?,
    })
}

fn named<T: Copy>(field: &str, given: Option<String>, names: &[(&str, T)]) -> Result<Option<T>, Error> {
    let Some(given) = given else { return Ok(None) };
    let wanted = crate::catalog::normal(&given);
    let found = names.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    found.map(Some).ok_or_else(|| Error::unknown_of(field, &given, known))
}

impl Setting {
    /// Predicts on a number of chips. The batch is cut into sequences that the chips can share.
    ///
    /// # Errors
    /// No legal layout, or none that fits; a precision the chip does not have.
    pub fn on(&self, chips: Chips) -> Result<Predicted, Error> {
        let peak = self.machine.peak(self.precision);
        if peak.base() <= 0.0 {
            let message = format!("this chip has no published {} peak to predict with", self.precision);
            return Err(Error::bad_input(message).with_hint("choose another --precision"));
        }
        let count = chips.get();
        if count.fract() != 0.0 || !(1.0..=f64::from(1u32 << 24)).contains(&count) {
            let message = format!("{} chips cannot be laid out: a whole number is needed", show::number(count, 7));
            return Err(Error::bad_input(message));
        }
        let chips = count as u32;
        let job = Job {
            shape: &self.model.shape,
            machine: &self.machine,
            calibration: &self.calibration,
            stack: self.stack,
            chips,
            seq_len: self.seq_len,
            global_batch: self.sequences(chips),
            precision: self.precision,
            given: self.given,
        };
        predict(&job)
    }

    /// Sequences of a step: as asked where the replicas can share them, else the nearest number that they can.
    fn sequences(&self, chips: u32) -> u32 {
        let wanted = (self.batch_tokens / f64::from(self.seq_len)).round().clamp(1.0, f64::from(u32::MAX)) as u32;
        let unit = match self.given.dp {
            Some(dp) => dp,
            None if common(wanted, chips) >= chips.min(SHARED) => 1,
            None => {
                let power = 1u32 << chips.trailing_zeros().min(12);
                let odd = chips >> chips.trailing_zeros();
                // As large a part of the chips as still leaves the batch near what was asked for.
                let units = [power.saturating_mul(odd), power, odd.saturating_mul(SHARED), odd, SHARED];
                units.into_iter().find(|unit| *unit <= wanted).unwrap_or(1)
            }
        };
        let rounds = (f64::from(wanted) / f64::from(unit.max(1))).round().max(1.0);
        (rounds * f64::from(unit.max(1))).min(f64::from(u32::MAX)) as u32
    }

    /// The fewest chips, in steps that lay out well, that finish so many FLOPs in so much time.
    ///
    /// # Errors
    /// No number of chips does, or no layout fits on any.
    pub fn chips_for(
        &self,
        flop: Flop,
        peak: FlopPerSecond,
        goodput: Option<f64>,
        time: Seconds,
    ) -> Result<Chips, Error> {
        let tokens = Tokens::new(flop.get() / (6.0 * self.active.get()));
        let node = self.machine.node.max(1);
        let mut last = Error::no_solution("no number of chips finishes in that time");
        // Whole nodes times powers of two and three halves of them: what clusters are built and split in.
        let sizes = (0..18u32).flat_map(|power| [node << power, (node << power) + (node << power) / 2]);
        for chips in sizes.map(|chips| Chips::new(f64::from(chips))) {
            // Not even the peak would do: no need to lay anything out.
            if flop / (chips * time) > peak {
                continue;
            }
            match self.on(chips) {
                Ok(predicted) => {
                    let held: ChipSeconds = predicted.computing(tokens) / goodput.unwrap_or(predicted.goodput);
                    if held / chips <= time {
                        return Ok(chips);
                    }
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// The range of an MFU that was converted to another chip.
pub(super) fn moved_range(moved: &Move, implied: Fraction) -> Result<Range, Error> {
    let dist = Dist::lognormal(implied.get(), moved.spread)?.truncated(0.0, 1.0)?;
    let (p10, p90) = dist.interval(0.8);
    let text = format!("{} to {} (80 %), converted", show::percent(p10), show::percent(p90));
    Ok(Range { path: "run.mfu", dist, text, origin: Origin::Solved("converted by the step model".into()) })
}

/// Predicts the MFU where it can and has to be, and solves again.
pub(super) fn predict_and_solve(
    spec: &mut Spec,
    on: Option<(&AcceleratorProfile, FlopPerSecond)>,
    knowns: &mut Knowns,
    solved: &mut Solved,
    baseline: &crate::answer::phases::Baseline,
    catalog: &Catalog,
) -> Result<Option<Outcome>, Error> {
    let Some((chip, peak)) = on else { return Ok(None) };
    let outcome = predict_mfu(spec, chip, peak, knowns, solved, catalog)?;
    if outcome.is_some() {
        *solved = crate::answer::resolve::solve_phases(knowns, baseline)?;
    }
    Ok(outcome)
}

/// Predicts the MFU where it is missing, the work is known and the spec names a model; settles the chips first
/// where a deadline asks for them.
fn predict_mfu(
    spec: &mut Spec,
    chip: &AcceleratorProfile,
    peak: FlopPerSecond,
    knowns: &mut Knowns,
    solved: &Solved,
    catalog: &Catalog,
) -> Result<Option<Outcome>, Error> {
    let get = |var| solved.knowns.get(var);
    let flop = get(Var::Flop).map(Flop::new);
    if get(Var::Mfu).is_some() || (flop.is_none() && get(Var::GpuHours).is_none()) {
        return Ok(None);
    }
    let Some(setting) = setting(spec, chip, catalog)? else { return Ok(None) };
    let goodput = knowns.get(Var::Goodput).filter(|_| knowns.rank(Var::Goodput) != Some(Rank::Default));
    let chips = match (get(Var::Chips).map(Chips::new), get(Var::WallClock).map(Seconds::new), flop) {
        (Some(chips), _, _) => chips,
        (None, Some(time), Some(flop)) => setting.chips_for(flop, peak, goodput, time)?,
        _ => return Ok(None),
    };
    let predicted = setting.on(chips)?;
    let outcome = Outcome { setting, predicted };
    let range = range(&outcome, peak)?;
    knowns.set(Var::Mfu, range.dist.median(), Rank::Default);
    if goodput.is_none() {
        knowns.set(Var::Goodput, outcome.predicted.goodput, Rank::Default);
    }
    if get(Var::Chips).is_none() {
        // The time was a limit; the chips that keep it come in steps, and finish a little early.
        knowns.set(Var::Chips, chips.base(), Rank::Default);
        knowns.clear(Var::WallClock);
    }
    spec.ranges.retain(|range| range.path != "run.mfu");
    spec.ranges.push(range);
    Ok(Some(outcome))
}

/// The greatest common divisor.
fn common(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common(b, a % b) }
}

/// The prediction as a range of the MFU, in place of a number that nobody gave.
pub(super) fn range(outcome: &Outcome, peak: FlopPerSecond) -> Result<Range, Error> {
    let median = outcome.predicted.mfu(outcome.setting.active, peak).get();
    let dist = Dist::lognormal(median, outcome.predicted.spread)?.truncated(0.0, 1.0)?;
    let (p10, p90) = dist.interval(0.8);
    let text = format!("{} to {} (80 %), predicted", show::percent(p10), show::percent(p90));
    Ok(Range { path: "run.mfu", dist, text, origin: Origin::Solved("predicted by the step model".into()) })
}
