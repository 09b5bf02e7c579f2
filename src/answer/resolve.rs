//! From what was asked to what is computed: profiles looked up, relations solved, every value with its origin.

use crate::Error;
pub use crate::answer::given::active;
use crate::answer::given::knowns;
use crate::answer::moved::{Move, Pair};
use crate::answer::phases::Baseline;
use crate::answer::predicted::{self, Outcome};
use crate::answer::prepared::Prepared;
use crate::answer::price::price;
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::estimate::{Estimate, estimate};
use crate::hardware::precision::Precision;
use crate::input::file::{Entry, Origin, Spec};
use crate::model::flops::train_work;
use crate::scenario::{Phase, Scenario, Terms, Work};
use crate::solve::{Knowns, Rank, Solved, Var, solve};
use crate::source::Source;
use crate::units::date::Date;
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Price, Quantity, show};

/// One flag laid over a spec: the field's path, the text, and the flag's name.
#[derive(Debug, Clone)]
pub struct Override {
    /// Dotted path of the field.
    pub path: &'static str,
    /// The value as typed.
    pub text: String,
    /// The flag it was typed for.
    pub flag: String,
}

/// What is asked: a spec or run, and what is laid over it.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The spec or published run; empty for a question of flags alone.
    pub base: Spec,
    /// Flags, in order.
    pub overrides: Vec<Override>,
    /// `--set` assignments, in order; they outrank the flags.
    pub assignments: Vec<String>,
    /// The day of asking, if prices older than a year are to be warned of.
    pub today: Option<Date>,
    /// On another chip keep the run's MFU, rather than convert it by the step model.
    pub keep_mfu: bool,
}

/// A question with its answer and everything that led to it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked, flags laid over the file.
    pub spec: Spec,
    /// The chip, if one was named.
    pub chip: Option<AcceleratorProfile>,
    /// The precision whose dense peak the MFU is a share of.
    pub basis: Option<Precision>,
    /// The solved relations.
    pub solved: Solved,
    /// The scenario that was estimated.
    pub scenario: Scenario,
    /// Its estimate.
    pub estimate: Estimate,
    /// The predicted step, if the MFU came from one.
    pub outcome: Option<Outcome>,
    /// The price used and where it came from.
    pub price: Option<Entry<Price>>,
    /// The date of a price that came from a price list.
    pub price_date: Option<String>,
    /// Where the MFU came from.
    pub mfu_origin: Option<Origin>,
    /// The chip that the run was moved from.
    pub moved_from: Option<String>,
    /// How its step changes there, where the step model can tell.
    pub moved: Option<Move>,
    /// Relations that the given values over-determine, and satisfy.
    pub confirmed: Vec<&'static str>,
    /// What was assumed, in sentences.
    pub assumptions: Vec<String>,
    /// What a reader should know before using the numbers, in sentences.
    pub warnings: Vec<String>,
    /// Sources of the profile values used, with the path of the value.
    pub sources: Vec<(String, Source)>,
    /// The same question with its uncertain fields left open.
    pub prepared: Prepared,
}

impl Question {
    /// A question about a published run, or about a spec file by its path.
    ///
    /// # Errors
    /// An unknown name, a file that cannot be read or is wrong.
    pub fn about(name: &str, catalog: &Catalog) -> Result<Self, Error> {
        let base = crate::input::file::spec(&catalog.find(crate::catalog::Kind::Runs, name)?)?;
        Ok(Self { base, ..Self::default() })
    }

    /// The same question with a value laid over the spec, as a flag would: `("run.chips", "4096")`.
    #[must_use]
    pub fn with(mut self, path: &'static str, text: impl Into<String>) -> Self {
        self.overrides.push(Override { path, text: text.into(), flag: path.into() });
        self
    }

    /// The spec with the overrides in it.
    ///
    /// # Errors
    /// Every value that does not read, each with its flag.
    pub fn spec(&self) -> Result<Spec, Error> {
        let mut spec = self.base.clone();
        let mut errors = Vec::new();
        for over in &self.overrides {
            if let Err(error) = spec.set(over.path, &over.text, Origin::Flag(over.flag.clone())) {
                errors.push(crate::input::field::prefix(&over.flag, &error));
            }
        }
        for assignment in &self.assignments {
            if let Err(error) = spec.assign(assignment) {
                errors.push(crate::input::field::prefix("--set", &error));
            }
        }
        Error::all(errors).map_or(Ok(spec), Err)
    }
}

/// Looks up, solves and estimates.
///
/// # Errors
/// Unknown names, values that do not read or contradict each other, too few of them: with what would settle it.
pub fn answer(question: &Question, catalog: &Catalog) -> Result<Answer, Error> {
    let mut spec = question.spec()?;
    predicted::complete(&mut spec, catalog)?;
    let target = spec.gpu.as_ref().map(|gpu| chip_of(gpu, catalog)).transpose()?;
    let basis = target.as_ref().map(|chip| basis(&spec, chip));
    let peak = target.as_ref().zip(basis).map(|(chip, basis)| peak_of(chip, basis)).transpose()?;
    let (baseline, moved_from, moved) = baseline(question, &spec, target.as_ref().zip(peak), catalog)?;
    if let Some((moved, implied)) = moved.zip(baseline.implied_mfu).filter(|_| spec.mfu.is_none()) {
        spec.ranges.push(predicted::moved_range(&moved, implied)?);
    }
    let mut knowns = knowns(&spec, &baseline, peak, moved_from.is_some());
    let mut solved = solve_phases(&mut knowns, &baseline)?;
    let on = target.as_ref().zip(peak);
    let mut outcome = predicted::predict_and_solve(&mut spec, on, &mut knowns, &mut solved, &baseline, catalog)?;
    let (price, price_date) = price(&spec, moved_from.is_some(), &mut knowns, &mut solved, target.as_ref(), catalog)?;
    if outcome.is_none() {
        // A budget gives hours only once the chip has a price.
        outcome = predicted::predict_and_solve(&mut spec, on, &mut knowns, &mut solved, &baseline, catalog)?;
    }
    if solved.knowns.get(Var::GpuHours).is_none() {
        return Err(underdetermined(&solved.knowns, target.is_some()));
    }
    let prepared = prepared(&spec, knowns, &baseline)?;
    let scenario = scenario(&spec, &baseline, &solved, target.as_ref(), peak);
    let estimate = estimate(&scenario)?;
    let mut answer = Answer {
        mfu_origin: mfu_origin(&spec, &baseline, &solved, moved_from.as_deref(), moved.map(|step| step.ratio)),
        spec,
        chip: target,
        basis,
        solved,
        scenario,
        estimate,
        outcome,
        price,
        price_date,
        moved_from,
        moved,
        confirmed: Vec::new(),
        assumptions: Vec::new(),
        warnings: Vec::new(),
        sources: Vec::new(),
        prepared,
    };
    crate::answer::remarks::remark(&mut answer, &knowns, question.today);
    Ok(answer)
}

/// The chip of an entry.
///
/// # Errors
/// An unknown chip, located where it was named; a profile that is wrong.
pub fn chip_of(gpu: &Entry<String>, catalog: &Catalog) -> Result<AcceleratorProfile, Error> {
    catalog.accelerator(&gpu.value).map_err(|error| match &gpu.origin {
        Origin::File(at) if error.place().is_none() => at.locate(error),
        Origin::Flag(flag) if error.place().is_none() => crate::input::field::prefix(flag, &error),
        _ => error,
    })
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
        let (usual, has) = (chip.chip.training_precision(), error.hint().unwrap_or_default().to_owned());
        error.with_hint(format!("{has}; quote the MFU on one of these, as in --mfu-basis {usual}"))
    })
}

type Moved = (Baseline, Option<String>, Option<Move>);

/// The file's run, moved to the chip that is asked about where that is another one.
fn baseline(
    question: &Question,
    spec: &Spec,
    target: Option<(&AcceleratorProfile, FlopPerSecond)>,
    catalog: &Catalog,
) -> Result<Moved, Error> {
    let base = &question.base;
    let peak_of = |chip: &AcceleratorProfile| chip.chip.peak_of(basis(spec, chip));
    if spec.gpu == base.gpu {
        let own_peak = target.map(|(chip, _)| peak_of(chip)).transpose()?;
        return Ok((Baseline::of(base, own_peak)?, None, None));
    }
    let own = base.gpu.as_ref().map(|gpu| chip_of(gpu, catalog)).transpose()?;
    let own_peak = own.as_ref().map(peak_of).transpose()?;
    let mut baseline = Baseline::of(base, own_peak)?;
    let (Some(own), Some(from), Some((target, to))) = (own, own_peak, target) else {
        return Ok((baseline, None, None));
    };
    if own.chip.id == target.chip.id {
        return Ok((baseline, None, None));
    }
    let kept = question.keep_mfu || spec.mfu.is_some(); // an MFU that is given needs no conversion
    let step = if kept { None } else { step_between(base, spec, &own, target, catalog)? };
    let mfu_ratio = step.map_or(1.0, |step| step.mfu_ratio(from, to));
    baseline.moved((from / to) / mfu_ratio, mfu_ratio, &target.chip.name);
    Ok((baseline, Some(own.chip.name), step))
}

/// The step on both chips, in the run's own layout where it can be kept; `None` where the model cannot tell.
fn step_between(
    base: &Spec,
    spec: &Spec,
    own: &AcceleratorProfile,
    target: &AcceleratorProfile,
    catalog: &Catalog,
) -> Result<Option<Move>, Error> {
    let Some(own_chips) = base.chips.as_ref().map(|entry| entry.value) else { return Ok(None) };
    let chips = spec.chips.as_ref().map_or(own_chips, |entry| entry.value);
    // A model nobody has a profile of keeps its MFU; that is no reason to refuse the question.
    let Ok(Some(pair)) = Pair::of(base, own, target, (own_chips, chips), catalog) else { return Ok(None) };
    Ok(pair.same_layout().or_else(|_| pair.best_layouts()).ok())
}

/// The rank of a value by where it came from.
pub(super) fn rank(origin: &Origin) -> Rank {
    match origin {
        Origin::Flag(_) => Rank::Flag,
        Origin::File(_) | Origin::Profile(_) | Origin::Solved(_) => Rank::File,
        Origin::Assumed(_) => Rank::Default,
    }
}

/// Solves with the phases tied together: where the main phase's hours follow from its work, the others keep
/// theirs; where they follow from chips, time or money, all phases scale alike.
pub(super) fn solve_phases(knowns: &mut Knowns, baseline: &Baseline) -> Result<Solved, Error> {
    if baseline.other_hours() == ChipSeconds::ZERO {
        knowns.set(Var::PhaseShare, 1.0, Rank::Default);
        return solve(knowns);
    }
    knowns.clear(Var::PhaseShare); // one from an earlier solve would settle the total
    let alone = solve(knowns)?;
    let own = baseline.parts[baseline.main].hours.as_ref().map(|hours| hours.value);
    let from_work = alone.knowns.get(Var::PhaseHours).map(ChipSeconds::new).filter(|_| !knows_total(&alone.knowns));
    let Some(main) = from_work.or(own) else { return Ok(alone) };
    knowns.set(Var::PhaseShare, baseline.share(main).base(), Rank::Default);
    solve(knowns)
}

fn knows_total(knowns: &Knowns) -> bool {
    knowns.get(Var::GpuHours).is_some()
}

/// Leaves the fields open whose value is a range.
fn prepared(spec: &Spec, knowns: Knowns, baseline: &Baseline) -> Result<Prepared, Error> {
    let mut open = Vec::new();
    for range in &spec.ranges {
        let var = match range.path {
            "run.gpu_hours" if knowns.get(Var::GpuHours).is_some() => Var::GpuHours,
            "run.gpu_hours" => Var::PhaseHours,
            path => var_of(path).ok_or_else(|| Error::bad_input(format!("`{path}` takes no range yet")))?,
        };
        if knowns.get(var).is_some() {
            open.push((var, range.clone()));
        }
    }
    Ok(Prepared::new(knowns, baseline.clone(), open))
}

/// The variable of the relations that a field sets.
pub fn var_of(path: &str) -> Option<Var> {
    Some(match path {
        "run.params" | "run.active_params" => Var::Params,
        "run.tokens" => Var::Tokens,
        "run.flop" => Var::Flop,
        "run.gpu_hours" => Var::GpuHours,
        "run.wall_clock" => Var::WallClock,
        "run.mfu" => Var::Mfu,
        "run.goodput" => Var::Goodput,
        "run.cost" => Var::Cost,
        "run.chips" => Var::Chips,
        "price.rent" => Var::Price,
        _ => return None,
    })
}

fn scenario(
    spec: &Spec,
    baseline: &Baseline,
    solved: &Solved,
    chip: Option<&AcceleratorProfile>,
    peak: Option<FlopPerSecond>,
) -> Scenario {
    let get = |var| solved.knowns.get(var);
    let goodput = Fraction::new(get(Var::Goodput).unwrap_or(1.0));
    let total = ChipSeconds::new(get(Var::GpuHours).unwrap_or(0.0));
    let main = get(Var::PhaseHours).map_or(total, ChipSeconds::new);
    let others = baseline.other_hours();
    let scale = if others == ChipSeconds::ZERO { 1.0 } else { (total - main) / others };
    let parameters = active(spec).map(|entry| entry.value);
    let phases = baseline.parts.iter().enumerate().map(|(index, part)| {
        let is_main = index == baseline.main;
        let hours = if is_main { main } else { part.hours.as_ref().map_or(ChipSeconds::ZERO, |h| h.value) * scale };
        let stated = part.flop.as_ref().map(|entry| entry.value);
        let six_nd = || Some(train_work(parameters?, part.tokens.as_ref()?.value));
        let flop = if is_main { get(Var::Flop).map(Flop::new) } else { stated.or_else(six_nd) };
        Phase { name: part.name.clone(), work: work(hours * goodput.get(), flop, peak) }
    });
    Scenario {
        name: spec.name.clone().unwrap_or_else(|| "this run".into()),
        peak: peak.unwrap_or(FlopPerSecond::new(1.0)),
        node_chips: chip.map_or(8, |chip| chip.chip.node_chips),
        phases: phases.collect(),
        terms: Terms { goodput, chips: get(Var::Chips).map(Chips::new), price: get(Var::Price).map(Price::new) },
    }
}

fn work(busy: ChipSeconds, flop: Option<Flop>, peak: Option<FlopPerSecond>) -> Work {
    match flop.zip(peak) {
        Some((flop, peak)) => Work::Flop { flop, mfu: Fraction::new(flop / (busy * peak)) },
        None => Work::Busy(busy),
    }
}

fn mfu_origin(
    spec: &Spec,
    baseline: &Baseline,
    solved: &Solved,
    moved_from: Option<&str>,
    converted: Option<f64>,
) -> Option<Origin> {
    let mfu = solved.knowns.get(Var::Mfu)?;
    if solved.knowns.is_solved(Var::Mfu) {
        return Some(Origin::Solved(format!("from {}", solved.solved_from(Var::Mfu))));
    }
    if spec.mfu.is_none() && baseline.implied_mfu.is_none() {
        return Some(Origin::Solved("predicted from the model's shape, layout and chip".into()));
    }
    if let (None, Some(ratio), Some(chip)) = (&spec.mfu, converted, moved_from) {
        let ratio = show::number(ratio, 3);
        return Some(Origin::Solved(format!("converted by the step model: {ratio} x the hours on {chip}")));
    }
    match (&spec.mfu, baseline.implied_mfu, moved_from) {
        (Some(given), _, _) if given.value.base() == mfu => Some(given.origin.clone()),
        (_, Some(_), Some(chip)) => Some(Origin::Assumed(format!("not converted: the one implied on {chip}"))),
        _ => Some(Origin::Solved("implied by the published hours and tokens".into())),
    }
}

/// Says what is missing on each way to the hours, the shortest way first.
fn underdetermined(knowns: &Knowns, has_chip: bool) -> Error {
    let ways: [&[Var]; 4] = [
        &[Var::GpuHours],
        &[Var::Chips, Var::WallClock],
        &[Var::Cost, Var::Price],
        &[Var::Peak, Var::Params, Var::Tokens, Var::Mfu],
    ];
    let missing = |way: &&[Var]| -> Vec<&str> {
        let open = way.iter().filter(|var| knowns.get(**var).is_none() && !(has_chip && **var == Var::Peak));
        open.map(|var| crate::solve::flag(*var)).collect()
    };
    let mut open: Vec<Vec<&str>> = ways.iter().map(missing).collect();
    open.sort_by_key(Vec::len);
    let shown: Vec<String> = open.iter().map(|flags| flags.join(" and ")).collect();
    Error::no_solution("the GPU-hours do not follow from what is given")
        .with_hint(format!("add {}", shown.join("; or ")))
}
