//! The most tokens, or the most work, with which all that is asked holds.

use super::few;
use super::nearest::{Candidate, refused};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::field::field;
use crate::input::question::Question;
use crate::planner::trial::Trial;
use crate::uncertainty::montecarlo::Plan;
use crate::units::show;

/// Steps towards it: a cost and a time in proportion to the tokens take two.
const STEPS: usize = 60;

/// How near the limit is near enough.
const NEAR: f64 = 1e-6;

/// Digits that are kept, so that what is shown can be typed.
const DIGITS: i32 = 7;

/// How often what was found is lowered until it holds on all draws.
const LOWER: i32 = 24;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sought {
    /// The field.
    pub path: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Where the search begins.
    pub first: f64,
}

/// Training tokens.
pub const TOKENS: Sought = Sought { path: "run.tokens", name: "tokens", first: 1e12 };

/// Model FLOPs.
pub const FLOP: Sought = Sought { path: "run.flop", name: "FLOPs", first: 1e24 };

/// What is known of the way: the most that holds, the least that does not.
#[derive(Debug, Clone, Copy)]
struct Bracket {
    low: f64,
    high: f64,
}

/// The most of what is sought with which every limit is kept, to seven digits.
///
/// # Formula
/// `x <- x / r^(1/s)`, r how far the tightest limit is missed with the confidence, s its slope on logarithmic scales by the
/// last two tries, until r is one; a step that leaves what is known halves that on a logarithmic scale
/// # Source
/// By construction; a safeguarded secant (Brent 1973, chapter 4).
///
/// # Errors
/// A cost that is not known or does not depend on it; limits that even the least does not keep: which, and what holds nearby.
pub fn most(question: &Question, sought: Sought, plan: &Plan, catalog: &Catalog) -> Result<(Trial, f64), Error> {
    let first = tried(question, sought, sought.first, plan, catalog)?;
    if !first.verdict.has_room() {
        return Err(too_much(question, sought, sought.first, plan, catalog)); // so many chips with any work
    }
    let near = approach(question, sought, sought.first, 1e-3, &few(plan), catalog)?;
    let found = approach(question, sought, near, NEAR, plan, catalog)?;
    let mut value = rounded(found);
    for time in 0..LOWER {
        let trial = tried(question, sought, value, plan, catalog)?;
        if trial.verdict.holds() {
            return Ok((trial, value));
        }
        value = rounded(found * (1.0 - 2f64.powi(time) * NEAR));
    }
    Err(Error::no_solution(format!("no number of {} is found that holds", sought.name)))
}

fn tried(question: &Question, sought: Sought, value: f64, plan: &Plan, catalog: &Catalog) -> Result<Trial, Error> {
    Trial::of(&question.clone().with(sought.path, value), plan, catalog)
}

/// A value at which the tightest limit is just kept.
fn approach(
    question: &Question,
    sought: Sought,
    first: f64,
    near: f64,
    plan: &Plan,
    catalog: &Catalog,
) -> Result<f64, Error> {
    let mut known = Bracket { low: 0.0, high: f64::INFINITY };
    let (mut value, mut before) = (first, None::<(f64, f64)>);
    for _ in 0..STEPS {
        let trial = tried(question, sought, value, plan, catalog)?;
        let over = trial.verdict.over();
        priced(&trial, over)?;
        if (0.0..=near).contains(&(1.0 - over)) || known.high / known.low - 1.0 < near {
            return Ok(if over <= 1.0 { value } else { known.low });
        }
        if before.is_some_and(|(value_then, over_then)| over == over_then && value != value_then) && over.is_finite() {
            return Err(unmoved(sought, &trial));
        }
        if over <= 1.0 {
            known.low = value
        } else {
            known.high = value
        }
        // A hair below, so that what is found is within the limit and not on its edge.
        let aimed = slope(before, (value, over)).map(|slope| value * over.powf(-1.0 / slope) * (1.0 - 1e-8));
        let aimed = aimed.filter(|aimed| *aimed > known.low && *aimed < known.high);
        before = Some((value, over));
        value = match (aimed, known.low > 0.0, known.high.is_finite()) {
            (Some(aimed), _, _) => aimed,
            (None, true, true) => (known.low * known.high).sqrt(),
            (None, false, _) => value / 10.0,
            (None, _, false) => value * 10.0,
        };
        if field(sought.path).is_some_and(|field| field.check(value).is_err()) {
            return if known.low > 0.0 {
                Ok(known.low)
            } else {
                Err(too_much(question, sought, known.high, plan, catalog))
            };
        }
    }
    if known.low > 0.0 { Ok(known.low) } else { Err(too_much(question, sought, known.high, plan, catalog)) }
}

/// Percent of what is limited for one percent of what is sought, by the last two tries: one before there are two, none where
/// it is too flat or too steep to be followed.
fn slope(before: Option<(f64, f64)>, now: (f64, f64)) -> Option<f64> {
    let Some(before) = before else { return Some(1.0) };
    Some((now.1 / before.1).ln() / (now.0 / before.0).ln()).filter(|slope| (0.05..=5.0).contains(slope))
}

/// A cost that is limited has to be known, and the draws to have an answer.
fn priced(trial: &Trial, over: f64) -> Result<(), Error> {
    let spec = &trial.answer.spec;
    let limited = spec.budget.is_some() || spec.max_cost.is_some() || spec.max_cost_p90.is_some();
    let unknown = trial.verdict.cost.p10.is_none() && trial.verdict.cost.p50.is_none();
    if limited && unknown && trial.answer.estimate.total.cost.is_none() {
        return Err(Error::no_solution("the cost is not known").with_hint("give --price, or a --gpu that has one"));
    }
    if over == f64::INFINITY && trial.verdict.limits.due.is_none() && unknown {
        let asked = show::percent(trial.verdict.confidence.get());
        let message = format!("fewer of the draws have an answer at all than the {asked} that are asked");
        return Err(Error::no_solution(message));
    }
    Ok(())
}

/// That what is limited does not follow from what is sought.
fn unmoved(sought: Sought, trial: &Trial) -> Error {
    let what = if trial.verdict.limits.due.is_some() { "what is limited" } else { "the cost" };
    let error = Error::no_solution(format!("{what} does not depend on the {}", sought.name));
    error.with_hint("give --params, --gpu and --mfu instead of the hours")
}

/// Why not even the least holds.
fn too_much(question: &Question, sought: Sought, value: f64, plan: &Plan, catalog: &Catalog) -> Error {
    let least = if value.is_finite() { value } else { sought.first };
    let no = || format!("no number of {} is small enough", sought.name);
    let Ok(trial) = tried(question, sought, least, plan, catalog) else { return Error::no_solution(no()) };
    let why = trial.verdict.broken().join("; ");
    let near = [Candidate { question: trial.question.clone(), typed: Vec::new(), verdict: trial.verdict }];
    let message = format!("{}: with {} {why}", no(), show::count(least, 3));
    let hint = "its other phases may take more than there is, or its deliveries come too late";
    refused(Error::no_solution(message), hint, &near, plan, catalog)
}

/// So many digits, not more than the value.
fn rounded(value: f64) -> f64 {
    let unit = 10f64.powi(value.log10().floor() as i32 - DIGITS + 1);
    let digits = (value / unit * (1.0 + 1e-12)).floor() * unit;
    format!("{digits:.*e}", DIGITS as usize - 1).parse().unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept_and_never_raised() {
        for (value, kept) in [(1.234_567_89e13, 1.234_567e13), (9.999_999_99e24, 9.999_999e24), (2e12, 2e12)] {
            assert_eq!(rounded(value), kept);
        }
    }
}
