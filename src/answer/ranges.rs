//! A question with uncertain inputs: what its answers have in common.

use crate::answer::Answer;
use crate::answer::prepared::{OUTPUTS, Prepared};
use crate::answer::recipe::Recipe;
use crate::error::Error;
use crate::input::field::find;
use crate::uncertainty::montecarlo::{Draws, Estimate, Inputs, Plan, Summary, run};
use crate::units::{Fraction, Seconds, Usd};

/// Where each answer stands in [`OUTPUTS`].
pub const GPU_HOURS: usize = 0;
/// Wall-clock days.
pub const DAYS: usize = 1;
/// US dollars.
pub const COST: usize = 2;
/// Chips.
pub const CHIPS: usize = 3;
/// Model FLOPs utilisation.
pub const MFU: usize = 4;

/// What the names of the deliveries' own uncertain values begin with.
const OF_DELIVERIES: &str = "deliveries.";

/// The spread of every answer.
#[derive(Debug, Clone)]
pub struct Spread {
    /// How the draws were made.
    pub plan: Plan,
    /// One summary for each of [`OUTPUTS`].
    pub summaries: Vec<Summary>,
    /// The probability of finishing within the time that was asked for.
    pub by: Option<(Seconds, Estimate)>,
    /// The probability of staying within the money that was asked for.
    pub budget: Option<(Budget, Estimate)>,
    /// What had to be changed about the correlations, in a sentence.
    pub repair: Option<String>,
}

/// What to ask of the draws.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// How the draws are made.
    pub plan: Plan,
    /// A time to finish within.
    pub by: Option<Seconds>,
    /// Money to stay within.
    pub budget: Option<Budget>,
}

/// Money to stay within, and which output keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// The money.
    pub money: Usd,
    /// What it has to pay for.
    pub of: &'static str,
    /// The output that it limits, one of [`OUTPUTS`].
    pub output: usize,
    /// The most that this may be; not a number where that is not known.
    pub limit: f64,
}

impl Budget {
    /// A budget for the rent of the chips.
    pub fn of_rent(money: Usd) -> Self {
        Self { money, of: "the rent of the chips", output: COST, limit: money.get() }
    }

    /// How often it is kept.
    fn share(self, within: impl Fn(usize, f64) -> Estimate) -> Estimate {
        let unknown = Estimate { value: f64::NAN, se: f64::NAN };
        if self.limit.is_nan() { unknown } else { within(self.output, self.limit) }
    }
}

/// The uncertain inputs of an answer, correlated as its spec says.
///
/// # Errors
/// A correlation of a field that is not uncertain.
pub fn inputs(answer: &Answer) -> Result<(Inputs, Option<String>), Error> {
    let open = answer.prepared.ranges().map(|range| (range.path.to_owned(), range.dist.clone()));
    let inputs = Inputs::new(open.collect())?;
    // What moves together in the bill or the deliveries alone is drawn with them.
    let of_bill =
        |path: &str| path.starts_with(OF_DELIVERIES) || find(path).is_ok_and(|field| Recipe::takes(field.path));
    let pairs = answer.spec.correlations.iter().filter(|(a, b, _)| !of_bill(a) && !of_bill(b));
    let pairs = pairs.map(|(a, b, spearman)| (a.as_str(), b.as_str(), *spearman));
    let (inputs, repair) = inputs.correlated(&pairs.collect::<Vec<_>>())?;
    Ok((inputs, repair.map(|repair| repair.sentence())))
}

/// Draws, answers each draw, and sums up; `None` when nothing is uncertain.
///
/// # Errors
/// As [`inputs`].
pub fn spread(answer: &Answer, asked: &Asked) -> Result<Option<Spread>, Error> {
    if answer.prepared.ranges().len() == 0 {
        return Ok(None);
    }
    let (inputs, repair) = inputs(answer)?;
    let draws = draw(&inputs, &answer.prepared, &asked.plan);
    let within = |output, limit: f64| draws.probability_at_most(output, edge(limit));
    Ok(Some(Spread {
        plan: draws.plan(),
        summaries: (0..OUTPUTS.len()).map(|output| draws.summary(output)).collect(),
        by: asked.by.map(|time| (time, within(DAYS, time.days()))),
        budget: asked.budget.map(|budget| (budget, budget.share(within))),
        repair,
    }))
}

/// A limit with room for the last digits: a figure that was written down and is given back is kept.
pub fn edge(limit: f64) -> f64 {
    limit * (1.0 + 1e-9)
}

/// The draws themselves.
pub fn draw<'a>(inputs: &'a Inputs, prepared: &Prepared, plan: &Plan) -> Draws<'a, { OUTPUTS.len() }> {
    run(inputs, plan, |values| prepared.evaluate(values))
}

/// The value that an output stays below with a probability, over all draws: those without an answer count as above, so
/// that it is infinite where too few have one.
///
/// # Errors
/// As [`inputs`].
pub fn level(answer: &Answer, plan: &Plan, output: usize, probability: Fraction) -> Result<f64, Error> {
    levels(answer, plan, output, [probability]).map(|[level]| level)
}

/// As [`level`], for several probabilities of the same draws.
///
/// # Errors
/// As [`inputs`].
pub fn levels<const N: usize>(
    answer: &Answer,
    plan: &Plan,
    output: usize,
    probabilities: [Fraction; N],
) -> Result<[f64; N], Error> {
    if answer.prepared.ranges().len() == 0 {
        return Ok([answer.prepared.evaluate(&[]).get(output).copied().unwrap_or(f64::NAN); N]);
    }
    let (inputs, _) = inputs(answer)?;
    let draws = draw(&inputs, &answer.prepared, plan);
    let found = draws.quantiles(output, &probabilities.map(Fraction::get));
    let mut levels = [f64::NAN; N];
    levels.iter_mut().zip(found).for_each(|(level, found)| *level = found.value);
    Ok(levels)
}
