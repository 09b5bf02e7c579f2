//! A question with everything looked up, ready to be answered again and again with other numbers.

use crate::Error;
use crate::answer::phases::Baseline;
use crate::answer::resolve::solve_phases;
use crate::input::range::Range;
use crate::solve::replay::{Program, Values};
use crate::solve::{Knowns, Rank, Var};
use crate::units::{ChipSeconds, Price, Quantity as _, Seconds};

/// What one evaluation gives, in this order.
pub const OUTPUTS: [&str; 6] = ["gpu_hours", "wall_clock_days", "cost_usd", "chips", "mfu", "flop"];

/// A question whose uncertain fields are left open.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) knowns: Knowns,
    pub(super) baseline: Baseline,
    /// The open fields, in the order [`evaluate`](Self::evaluate) takes their values.
    pub(super) open: Vec<(Var, Range)>,
    /// How the open fields' medians were solved, to be run again.
    quick: Option<Quick>,
}

/// The way from given values to [`OUTPUTS`], recorded: the solve of all phases without deciding anything.
#[derive(Debug, Clone)]
pub struct Quick {
    alone: Program,
    given: Values,
    phases: Option<Phases>,
}

/// The second solve of a run with phases, once the hours of the main one are known.
#[derive(Debug, Clone)]
struct Phases {
    together: Program,
    others: f64,
    /// The main phase's hours as its file has them, where they do not follow from its work.
    own: Option<f64>,
}

impl Quick {
    fn of(mut knowns: Knowns, baseline: &Baseline) -> Option<Self> {
        let others = baseline.other_hours();
        if others == ChipSeconds::ZERO {
            knowns.set(Var::PhaseShare, 1.0, Rank::Default);
            let (alone, given) = Program::of(&knowns)?;
            return Some(Self { alone, given, phases: None });
        }
        knowns.clear(Var::PhaseShare);
        let (alone, given) = Program::of(&knowns)?;
        let mut values = given;
        alone.run(&mut values);
        let from_work = values.get(Var::GpuHours).is_nan() && !values.get(Var::PhaseHours).is_nan();
        let own = baseline.parts.get(baseline.main)?.hours.as_ref().map(|hours| hours.value.base());
        let main = if from_work { values.get(Var::PhaseHours) } else { own? };
        knowns.set(Var::PhaseShare, share(main, others.base()), Rank::Default);
        let (together, _) = Program::of(&knowns)?;
        let phases = Phases { together, others: others.base(), own: own.filter(|_| !from_work) };
        Some(Self { alone, given, phases: Some(phases) })
    }

    /// Answers with some variables set; `None` where the recorded way does not hold.
    #[inline]
    pub fn run(&self, settings: impl IntoIterator<Item = (Var, f64)>) -> Option<[f64; OUTPUTS.len()]> {
        let mut values = self.given;
        for (var, value) in settings {
            values.set(var, base(var, value));
        }
        let Some(Phases { together, others, own }) = &self.phases else {
            return self.alone.run(&mut values).then(|| outputs(|var| values.get(var)));
        };
        let mut again = values;
        let main = match own {
            // Even so the first solve may refuse what it is given.
            Some(own) => self.alone.run(&mut values).then_some(*own)?,
            None => self.alone.run(&mut values).then(|| values.get(Var::PhaseHours))?,
        };
        again.set(Var::PhaseShare, share(main, *others));
        together.run(&mut again).then(|| outputs(|var| again.get(var)))
    }
}

/// The main phase's share of all hours, by the operations of [`Baseline::share`].
fn share(main: f64, others: f64) -> f64 {
    main / (main + others)
}

/// What is answered, from the variables in base units.
#[inline]
fn outputs(get: impl Fn(Var) -> f64) -> [f64; OUTPUTS.len()] {
    [
        ChipSeconds::new(get(Var::GpuHours)).gpu_hours(),
        Seconds::new(get(Var::WallClock)).days(),
        get(Var::Cost),
        get(Var::Chips),
        get(Var::Mfu),
        get(Var::Flop),
    ]
}

impl Prepared {
    /// A question with these values known and these fields open.
    pub(super) fn new(knowns: Knowns, baseline: Baseline, open: Vec<(Var, Range)>) -> Self {
        let mut medians = knowns;
        for (var, range) in &open {
            medians.set(*var, base(*var, range.dist.median()), Rank::Flag);
        }
        let quick = Quick::of(medians, &baseline);
        Self { knowns, baseline, open, quick }
    }

    /// The fields that are open, with their distributions in the field's unit.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = &Range> {
        self.open.iter().map(|(_, range)| range)
    }

    /// Answers the question for one value of each open field, in its unit: see [`OUTPUTS`]. A value that does
    /// not follow is NaN; where there is no solution at all, such as an MFU above 100 %, the hours never end:
    /// everything is infinite. Allocates nothing where there is a solution.
    pub fn evaluate(&self, values: &[f64]) -> [f64; OUTPUTS.len()] {
        let settings = self.open.iter().zip(values).map(|((var, _), value)| (*var, *value));
        if let Some(answer) = self.quick.as_ref().and_then(|quick| quick.run(settings.clone())) {
            return answer;
        }
        self.evaluate_at(settings).unwrap_or([f64::INFINITY; OUTPUTS.len()])
    }

    /// Answers a slice of questions at once: one value of each open field after the other, then those of the next
    /// question. As many are answered as there are both inputs and places for outputs; their number is given back.
    ///
    /// ```
    /// use flopbill::{answer, Catalog, Question};
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
        let mut done = 0;
        for (values, answer) in inputs.chunks_exact(self.open.len().max(1)).zip(outputs) {
            *answer = self.evaluate(values);
            done += 1;
        }
        done
    }

    /// Answers the question with some variables set as a flag would, each in the unit of its field.
    ///
    /// # Errors
    /// Values that contradict each other, or a result that cannot be.
    pub fn evaluate_at(&self, settings: impl IntoIterator<Item = (Var, f64)>) -> Result<[f64; OUTPUTS.len()], Error> {
        let mut knowns = self.knowns;
        for (var, value) in settings {
            knowns.set(var, base(var, value), Rank::Flag);
        }
        let solved = solve_phases(&mut knowns, &self.baseline)?;
        Ok(outputs(|var| solved.knowns.get(var).unwrap_or(f64::NAN)))
    }

    /// The same for variables whose other values do not change which relation gives what; `None` where they do
    /// already. A `None` of the recorded way itself sends one question back to [`evaluate_at`](Self::evaluate_at).
    pub fn quick(&self, settings: impl IntoIterator<Item = (Var, f64)>) -> Option<Quick> {
        let mut knowns = self.knowns;
        for (var, value) in settings {
            knowns.set(var, base(var, value), Rank::Flag);
        }
        Quick::of(knowns, &self.baseline)
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

/// A value in the unit of its field, in base units.
fn base(var: Var, value: f64) -> f64 {
    match var {
        Var::GpuHours | Var::PhaseHours => ChipSeconds::from_gpu_hours(value).base(),
        Var::WallClock => Seconds::from_days(value).base(),
        Var::Price => Price::from_usd_per_hour(value).base(),
        _ => value,
    }
}
