//! A question with everything looked up, ready to be answered again and again with other numbers.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::pacing::Pacing;
use super::phases::Shares;
use super::quick::Open;
pub use super::quick::Quick;
use super::recipe::Recipe;
use super::settled::{Settled, Step, solve_phases};
pub use super::vars::{base, var_of};
use crate::error::Error;
use crate::input::file::{Origin, Spec};
use crate::input::range::Range;
use crate::predict::Software;
use crate::predict::batch::whole;
use crate::predict::setting::active_path;
use crate::solve::{Knowns, Rank, Var};
use crate::uncertainty::dist::Dist;
use crate::units::Chips;

/// What one evaluation gives, in this order.
pub const OUTPUTS: [&str; 6] = ["gpu_hours", "wall_clock_days", "cost_usd", "chips", "mfu", "flop"];

/// The field of the factor on the hours of a run that is moved.
pub const TRANSFER: &str = "transfer.ratio";

/// The field of the factor on a predicted step.
pub const SOFTWARE: &str = "stack.factor";

/// The field of the batch.
pub const BATCH: &str = "run.global_batch";
/// The field of goodput.
pub const GOODPUT: &str = "run.goodput";

/// What an open field changes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Slot {
    /// A variable of the relations.
    Var(Var),
    /// The chips, and with them the layout.
    Chips,
    /// Tokens of a step, and with them the layout.
    Batch,
    /// Time of a step, or hours of a run that is moved.
    Factor,
}

/// A question whose uncertain fields are left open.
#[derive(Debug, Clone)]
pub struct Prepared {
    knowns: Knowns,
    hours: Shares,
    /// The open fields, in the order [`evaluate`](Self::evaluate) takes their values.
    open: Vec<(Slot, Range)>,
    /// How the open fields' medians were solved, to be run again.
    quick: Option<Quick>,
    /// The speed, where a step is behind the hours.
    speed: Option<Speed>,
    /// Whether chips or batch are open, and the layout with them.
    laid_out: bool,
    /// Share of the held time that a market leaves: hours that are drawn are those on chips that stay.
    left: f64,
}

/// The speed of a step as a function of chips and batch.
#[derive(Debug, Clone)]
struct Speed {
    pacing: Pacing,
    chips: Chips,
    /// The factor at the point.
    factor: f64,
    /// The variable that carries the speed, and whether it falls as the factor rises.
    var: Var,
    inverse: bool,
    /// Its value at a factor of one, in the point's layout.
    base: f64,
    /// Chip-time of a token there, at a factor of one.
    pace: f64,
    seen: Arc<RwLock<HashMap<(u32, u32), f64>>>,
}

impl Prepared {
    /// Leaves the uncertain fields of a settled question open: those that were given as ranges, and those of its step.
    ///
    /// # Errors
    /// A field that takes no range.
    pub(super) fn of(spec: &Spec, settled: &Settled, pacing: &Pacing) -> Result<Self, Error> {
        let speed = Speed::of(spec, settled, pacing);
        let mut open = Vec::new();
        let drawn = spec.ranges.iter().filter(|range| counts(spec, range.path) && !Recipe::takes(range.path)).cloned();
        for range in drawn.chain(own_ranges(spec, settled, pacing)?) {
            let slot = slot(range.path, settled, speed.is_some())?;
            let known = match slot {
                Slot::Var(var) => settled.given.get(var).is_some(),
                Slot::Chips => settled.given.get(Var::Chips).is_some(),
                Slot::Batch | Slot::Factor => speed.is_some(),
            };
            if known && !open.iter().any(|(_, other): &(Slot, Range)| other.path == range.path) {
                open.push((slot, range));
            }
        }
        Ok(Self::new(settled.given, settled.baseline.shares(), open, speed))
    }

    fn new(knowns: Knowns, hours: Shares, open: Vec<(Slot, Range)>, speed: Option<Speed>) -> Self {
        let (mut medians, left) = (knowns, knowns.get(Var::Left).unwrap_or(1.0));
        for (slot, range) in &open {
            if let Slot::Var(var) = slot {
                medians.set(*var, held(*var, range.dist.median(), left), Rank::Flag);
            }
        }
        let var = |(slot, _): &(Slot, Range)| match slot {
            Slot::Var(var) => Some(*var),
            Slot::Chips => Some(Var::Chips),
            Slot::Batch | Slot::Factor => None,
        };
        let vars: Vec<Var> = open.iter().filter_map(var).chain(speed.as_ref().map(|speed| speed.var)).collect();
        let changes = Open { vars: &vars, scaled: speed.is_some() };
        let quick =
            if speed.is_none() { Quick::past(medians, hours, changes) } else { Quick::of(medians, hours, changes) };
        let laid_out = open.iter().any(|(slot, _)| matches!(slot, Slot::Chips | Slot::Batch));
        Self { knowns, hours, open, quick, speed, laid_out, left }
    }

    /// The same with the range of another factor, up to the chip's peak as before.
    ///
    /// # Errors
    /// A spread that is none.
    pub(super) fn with_software(&self, software: Software, unsaid: f64) -> Result<Self, Error> {
        let mut open = self.open.clone();
        for (_, range) in open.iter_mut().filter(|(slot, _)| *slot == Slot::Factor) {
            range.dist = software_range(software, unsaid, range.dist.support().0)?;
        }
        Ok(Self { open, ..self.clone() })
    }

    /// The fields that are open, with their distributions in the field's unit.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = &Range> {
        self.open.iter().map(|(_, range)| range)
    }

    /// Every open field at its median.
    pub fn medians(&self) -> Vec<f64> {
        self.open.iter().map(|(_, range)| range.dist.median()).collect()
    }

    /// Answers the question for one value of each open field, in its unit: see [`OUTPUTS`]. A value that does
    /// not follow is NaN; where there is no solution at all, such as an MFU above 100 %, the hours never end: they are
    /// infinite, as are days, cost and chips that follow, and there is no MFU. Allocates nothing where there is a solution and the
    /// layout stays.
    pub fn evaluate(&self, values: &[f64]) -> [f64; OUTPUTS.len()] {
        let Some(speed) = &self.speed else { return self.solved(values, None).unwrap_or_else(|| self.never(values)) };
        let ratio = if self.laid_out { self.ratio(speed, values) } else { Some(1.0) };
        let factor = self.value_of(Slot::Factor, values).unwrap_or(speed.factor);
        ratio.and_then(|ratio| self.solved(values, Some((speed, factor * ratio)))).unwrap_or_else(|| self.never(values))
    }

    /// No answer, on the chips that were given.
    fn never(&self, values: &[f64]) -> [f64; OUTPUTS.len()] {
        let drawn = [Slot::Chips, Slot::Var(Var::Chips)].into_iter().find_map(|slot| self.value_of(slot, values));
        let chips =
            drawn.map(|chips| base(Var::Chips, chips)).or_else(|| self.knowns.get(Var::Chips)).unwrap_or(f64::INFINITY);
        [f64::INFINITY, f64::INFINITY, f64::INFINITY, chips, f64::NAN, f64::NAN]
    }

    /// The value of an open field.
    fn value_of(&self, slot: Slot, values: &[f64]) -> Option<f64> {
        self.open.iter().zip(values).find(|((open, _), _)| *open == slot).map(|(_, value)| *value)
    }

    /// Chip-time of a token in the layout of these chips and this batch, over that of the point's layout.
    fn ratio(&self, speed: &Speed, values: &[f64]) -> Option<f64> {
        let chips = self.value_of(Slot::Chips, values).map_or(speed.chips, |chips| Chips::new(base(Var::Chips, chips)));
        let sequences = match (self.value_of(Slot::Batch, values), speed.pacing.seq_len()) {
            (Some(tokens), Some(seq_len)) => whole(tokens / f64::from(seq_len)).ok(),
            _ => None,
        };
        speed.pace(chips, sequences).map(|pace| pace / speed.pace)
    }

    /// Solves with the variables among the open fields and the speed at this factor.
    #[inline]
    fn solved(&self, values: &[f64], speed: Option<(&Speed, f64)>) -> Option<[f64; OUTPUTS.len()]> {
        let of_var = |((slot, _), value): (&(Slot, Range), &f64)| match slot {
            Slot::Var(var) => Some((*var, held(*var, *value, self.left))),
            Slot::Chips => Some((Var::Chips, base(Var::Chips, *value))),
            Slot::Batch | Slot::Factor => None,
        };
        let step = speed.map(|(speed, factor)| (speed.var, speed.at(factor)));
        let settings = self.open.iter().zip(values).filter_map(of_var).chain(step);
        let scale = speed.map_or(1.0, |(speed, factor)| factor / speed.factor);
        if let Some(answer) = self.quick.as_ref().and_then(|quick| quick.run(settings.clone(), scale)) {
            return Some(answer);
        }
        let mut knowns = self.knowns;
        settings.for_each(|(var, value)| knowns.set(var, value, self.rank_of(var)));
        self.solve(knowns, scale).ok()
    }

    /// What is drawn outranks what was given; a speed stays a default.
    fn rank_of(&self, var: Var) -> Rank {
        if self.speed.as_ref().is_some_and(|speed| speed.var == var) {
            self.knowns.rank(var).unwrap_or(Rank::Default)
        } else {
            Rank::Flag
        }
    }

    fn solve(&self, knowns: Knowns, scale: f64) -> Result<[f64; OUTPUTS.len()], Error> {
        let (_, solved) = solve_phases(knowns, self.hours.scaled(scale))?;
        Ok(super::quick::outputs(|var| solved.knowns.get(var).unwrap_or(f64::NAN)))
    }

    /// Answers a slice of questions at once: one value of each open field after the other, then those of the next
    /// question. As many are answered as there are both inputs and places for outputs; their number is given back.
    ///
    /// ```
    /// use flopbill::internals::answer::answer;
    /// use flopbill::{Catalog, Question};
    ///
    /// let question = Question::about("deepseek-v3", &Catalog::built_in())?.with("price.rent", "$1.8/h..$3.2/h");
    /// let prepared = answer(&question, &Catalog::built_in())?.prepared;
    /// let mut answers = [[0.0; 6]; 2];
    /// assert_eq!(prepared.evaluate_batch(&[2.0, 2.5], &mut answers), 2);
    /// // By hand: 2.788 M hours at $2.00 and at $2.50.
    /// assert_eq!(answers.map(|answer| answer[2].round()), [5_576_000.0, 6_970_000.0]);
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    pub fn evaluate_batch(&self, inputs: &[f64], outputs: &mut [[f64; OUTPUTS.len()]]) -> usize {
        let pairs = inputs.chunks_exact(self.open.len().max(1)).zip(outputs);
        pairs.map(|(values, answer)| *answer = self.evaluate(values)).count()
    }

    /// Every variable, with some of them set as a flag would, each in the unit of its field.
    ///
    /// # Errors
    /// Values that contradict each other, or a result that cannot be.
    pub fn solve_at(&self, settings: impl IntoIterator<Item = (Var, f64)>) -> Result<Knowns, Error> {
        let mut knowns = self.knowns;
        for (var, value) in settings {
            knowns.set(var, held(var, value, self.left), Rank::Flag);
        }
        Ok(solve_phases(knowns, self.hours)?.1.knowns)
    }

    /// The recorded way for variables whose other values do not change which relation gives what; `None` where they do
    /// already.
    pub fn quick(&self, settings: impl IntoIterator<Item = (Var, f64)>) -> Option<Quick> {
        let (mut knowns, mut vars) = (self.knowns, Vec::new());
        for (var, value) in settings {
            knowns.set(var, held(var, value, self.left), Rank::Flag);
            vars.push(var);
        }
        Quick::of(knowns, self.hours, Open { vars: &vars, scaled: false })
    }

    /// Whether a variable was given as a flag with this value, in the unit of its field: then other values may take its place.
    pub fn was_given(&self, var: Var, value: f64) -> bool {
        self.knowns.rank(var) == Some(Rank::Flag) && self.knowns.get(var) == Some(base(var, value))
    }

    /// Whether a variable was given by anybody.
    pub fn knows(&self, var: Var) -> bool {
        self.knowns.rank(var).is_some_and(|rank| rank > Rank::Default)
    }
}

impl Speed {
    fn of(spec: &Spec, settled: &Settled, pacing: &Pacing) -> Option<Self> {
        let (pace, factor) = match settled.step {
            Step::Given => return None,
            Step::Moved(moved) => {
                (moved.after.pace_at(1.0), spec.transfer_ratio.as_ref().map_or(1.0, |entry| entry.value))
            }
            Step::Predicted(prediction) => (prediction.pace_at(1.0), prediction.software),
        };
        let carries = |var: Var| settled.given.get(var).is_some();
        let (var, inverse) = match settled.step {
            Step::Predicted(_) => (Var::Pace, false),
            _ if carries(Var::Mfu) => (Var::Mfu, true),
            _ if carries(Var::PhaseHours) => (Var::PhaseHours, false),
            _ => (Var::GpuHours, false),
        };
        let value = settled.given.get(var)?;
        let base = if inverse { value * factor } else { value / factor };
        let chips = settled.get(Var::Chips).map_or(Chips::ZERO, Chips::new);
        Some(Self { pacing: pacing.clone(), chips, factor, var, inverse, base, pace, seen: Arc::default() })
    }

    /// The variable's value at a factor.
    #[inline]
    fn at(&self, factor: f64) -> f64 {
        if self.inverse { self.base / factor } else { self.base * factor }
    }

    /// Chip-time of a token on these chips with this batch, or the setting's own, at a factor of one.
    fn pace(&self, chips: Chips, sequences: Option<u32>) -> Option<f64> {
        let key = (chips.get() as u32, sequences.unwrap_or(0));
        if let Some(known) = self.seen.read().ok().and_then(|seen| seen.get(&key).copied()) {
            return known.is_finite().then_some(known);
        }
        let setting = self.pacing.setting()?;
        let sequences = sequences.unwrap_or(setting.batch.sequences());
        // Idle parts of a chip count as held: 1,936.1 chips hold what 1,936 do.
        let found =
            setting.on_with(chips, sequences).map(|found| found.pace_at(1.0) * chips.get() / f64::from(found.chips));
        let pace = found.unwrap_or(f64::INFINITY);
        if let Ok(mut seen) = self.seen.write() {
            seen.insert(key, pace);
        }
        pace.is_finite().then_some(pace)
    }
}

/// Whether a field has a say: of two counts of parameters, one has.
pub(super) fn counts(spec: &Spec, path: &str) -> bool {
    !["run.params", "run.active_params"].contains(&path) || path == active_path(spec)
}

/// A drawn value in base units: hours are longer where a market takes chips away.
fn held(var: Var, value: f64, left: f64) -> f64 {
    let own = base(var, value);
    if matches!(var, Var::GpuHours | Var::PhaseHours) { own / left } else { own }
}

/// What a field changes.
fn slot(path: &'static str, settled: &Settled, has_step: bool) -> Result<Slot, Error> {
    Ok(match path {
        "run.gpu_hours" if settled.given.get(Var::GpuHours).is_some() => Slot::Var(Var::GpuHours),
        "run.gpu_hours" => Slot::Var(Var::PhaseHours),
        "run.chips" if has_step => Slot::Chips,
        "run.chips" if settled.given.get(Var::Pace).is_some() => {
            let error =
                Error::bad_input("`run.chips` takes no range here: the measured step was on one number of chips");
            return Err(error.with_hint("name the model, and the step is moved to other chips"));
        }
        SOFTWARE | TRANSFER => Slot::Factor,
        BATCH => Slot::Batch,
        path => Slot::Var(var_of(path).ok_or_else(|| Error::bad_input(format!("`{path}` takes no range")))?),
    })
}

/// The ranges of the step itself: its software, the transfer to another chip, a batch that nobody said.
fn own_ranges(spec: &Spec, settled: &Settled, pacing: &Pacing) -> Result<Vec<Range>, Error> {
    let range = |path: &'static str, dist: Dist, origin: &str| {
        let (p10, p90) = dist.interval(0.8);
        let shown = |value: f64| crate::units::show::number(value, 3);
        let text = format!("{} to {} (80 %)", shown(p10), shown(p90));
        Range { path, dist, text, origin: Origin::Assumed(origin.into()) }
    };
    let mut found = Vec::new();
    match (pacing, settled.step) {
        (Pacing::Relaid(_), Step::Moved(moved)) if moved.spread > 0.0 && spec.transfer_ratio.is_none() => {
            let least = settled.get(Var::Mfu).unwrap_or(0.0);
            let dist = Dist::lognormal(1.0, moved.spread)?;
            let dist = if least > 0.0 { dist.truncated(least, f64::INFINITY)? } else { dist };
            found.push(range(TRANSFER, dist, "what is left of the model's error between the two settings"));
        }
        (Pacing::Predicted(setting), Step::Predicted(prediction)) => {
            let software = setting.software();
            let spread = software.spread().hypot(prediction.unsaid.spread);
            if spread > 0.0 {
                // No software makes more of the chip than its peak.
                let mfu = settled.get(Var::Mfu).unwrap_or(0.0) * prediction.software;
                let origin = match &setting.measured {
                    Some(told) if told.settled() > 0.0 => "software, narrowed by its measured steps",
                    _ => "software, before any of its steps is measured",
                };
                found.push(range(SOFTWARE, software_range(software, prediction.unsaid.spread, mfu)?, origin));
            }
            if spec.goodput.is_none() {
                let dist = setting.believed.goodput.around(prediction.goodput)?;
                let (p10, p90) = dist.interval(0.8);
                let [low, high] = [p10, p90].map(crate::units::show::percent);
                let text = format!("{low} to {high} (80 %)");
                let origin = Origin::Assumed("what runs lose beyond their steps".into());
                found.push(Range { path: GOODPUT, dist, text, origin });
            }
            if let Some(dist) = setting.batch.range()? {
                let (p10, p90) = dist.interval(0.8);
                let shown = |value: f64| crate::units::show::count(value, 3);
                let text = format!("{} to {} tokens (80 %)", shown(p10), shown(p90));
                let origin = Origin::Assumed("as published models of this size".into());
                found.push(Range { path: BATCH, dist, text, origin });
            }
        }
        _ => {}
    }
    Ok(found)
}

/// The factor of a software, at least what the chip's peak leaves.
fn software_range(software: Software, unsaid: f64, least: f64) -> Result<Dist, Error> {
    let dist = Dist::lognormal(software.median, software.spread().hypot(unsaid))?;
    if least > 0.0 { dist.truncated(least, f64::INFINITY) } else { Ok(dist) }
}
