//! What has to be planned so that it holds with some confidence: chips for a date, tokens for a budget.

use std::cell::Cell;

use crate::answer::looked_up::chip_of;
use crate::answer::ranges::{COST, DAYS, draw, edge, inputs, level};
use crate::answer::settled::Step;
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::field::field;
use crate::input::question::Question;
use crate::predict::chips::{fewest_near, fewest_where};
use crate::solve::Var;
use crate::uncertainty::montecarlo::{Estimate, Plan};
use crate::units::{Chips, Fraction, Seconds, Tokens, Usd, show};

/// Chips of a node of a chip that is not named.
const NODE: u32 = 8;

/// A plan that holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// The answer with the plan in place.
    pub answer: Answer,
    /// How often it holds.
    pub probability: Estimate,
    /// The draws it was settled with.
    pub plan: Plan,
}

/// How often an output is at most a limit.
fn probability(answer: &Answer, plan: &Plan, output: usize, limit: f64) -> Result<Estimate, Error> {
    if answer.prepared.ranges().len() == 0 {
        let value = answer.prepared.evaluate(&[]).get(output).copied().unwrap_or(f64::NAN);
        return Ok(Estimate { value: f64::from(u8::from(value <= edge(limit))), se: 0.0 });
    }
    let (inputs, _) = inputs(answer)?;
    Ok(draw(&inputs, &answer.prepared, plan).probability_at_most(output, edge(limit)))
}

fn sure(confidence: Fraction) -> Result<(), Error> {
    if confidence.get() > 0.0 && confidence.get() < 1.0 {
        return Ok(());
    }
    let said = show::percent_to(confidence.get(), 6);
    let error = Error::bad_input(format!("a confidence of {said} cannot be planned for"));
    Err(error.with_hint("write it like `90%`: above 0 and below 100 %"))
}

/// The fewest chips, in whole nodes, that finish within a time with a probability, counted on the draws of that very
/// number of chips.
///
/// # Errors
/// A confidence outside 0 to 1, hours that follow from the chips themselves, no number of chips that does.
pub fn chips(
    question: &Question,
    by: Seconds,
    confidence: Fraction,
    plan: &Plan,
    catalog: &Catalog,
) -> Result<Held, Error> {
    sure(confidence)?;
    if let Some(deliveries) = question.spec()?.deliveries {
        let error = Error::bad_input("the deliveries say how many chips there are: there is nothing to plan");
        return Err(deliveries.origin.locate(error.with_hint("ask `plan date`, or leave the deliveries out")));
    }
    let node = node(question, catalog)?;
    let of = |chips: Chips| answer(&question.clone().with("run.chips", chips.get()), catalog);
    if let Ok(answer) = of(Chips::new(f64::from(node)))
        && answer.solved.rests_on(Var::GpuHours, Var::Chips)
        && answer.step == Step::Given
    {
        let error = Error::no_solution("the GPU-hours were given as chips times time: there is nothing to plan");
        return Err(error.with_hint("give --gpu-hours, or --tokens with --params, --gpu and --mfu"));
    }
    let most = Cell::new(0.0_f64);
    let with = |chips: Chips, plan: &Plan| {
        let answer = of(chips)?;
        let probability = probability(&answer, plan, DAYS, by.days())?;
        most.set(most.get().max(probability.value));
        Ok::<_, Error>(Held { answer, probability, plan: *plan })
    };
    let enough = |chips: Chips, plan: &Plan| Ok(with(chips, plan)?.probability.value >= confidence.get());
    let few = plan.usual();
    let found = fewest_where(node, |chips| enough(chips, &few));
    let found = match (found, few == *plan) {
        (Ok(near), false) => fewest_near(node, near, |chips| enough(chips, plan)),
        (Err(_), false) => fewest_where(node, |chips| enough(chips, plan)),
        (found, true) => found,
    };
    let chips = found.map_err(|error| unsure(error, most.get(), by, confidence))?;
    with(chips, plan)
}

/// Why no number of chips is sure enough: how sure the most are.
fn unsure(error: Error, most: f64, by: Seconds, confidence: Fraction) -> Error {
    if most == 0.0 {
        return error;
    }
    let [reached, asked] = [most, confidence.get()].map(|share| show::percent_to(share, 6));
    let by = show::duration(by);
    Error::no_solution(format!(
        "no number of chips finishes within {by} in {asked} of the draws: the best reaches {reached}"
    ))
    .with_hint("ask for less confidence (--confidence), give more time (--by), less work, or faster chips")
}

/// Chips of a node of the question's chip.
fn node(question: &Question, catalog: &Catalog) -> Result<u32, Error> {
    let gpu = question.spec()?.gpu;
    Ok(gpu.map(|gpu| chip_of(&gpu, catalog)).transpose()?.map_or(NODE, |chip| chip.chip.node_chips))
}

/// Steps towards the tokens of a budget: a cost in proportion to them takes two.
const STEPS: usize = 60;

/// The most tokens whose cost stays within a budget with a probability.
///
/// # Errors
/// A confidence outside 0 to 1; a cost that is not known, or does not depend on the tokens; a budget that the other
/// phases alone use up.
pub fn tokens(
    question: &Question,
    budget: Usd,
    confidence: Fraction,
    plan: &Plan,
    catalog: &Catalog,
) -> Result<Held, Error> {
    sure(confidence)?;
    let with = |tokens: Tokens| answer(&question.clone().with("run.tokens", tokens), catalog);
    let mut tokens = Tokens::new(1e12);
    let mut before: Option<(f64, f64)> = None;
    for _ in 0..STEPS {
        let found = with(tokens)?;
        let cost = level(&found, plan, COST, confidence)?;
        if cost == f64::INFINITY {
            let asked = show::percent(confidence.get());
            let message = format!("fewer of the draws have an answer at all than the {asked} that are asked");
            return Err(Error::no_solution(message));
        }
        if !(cost.is_finite() && cost > 0.0) {
            return Err(Error::no_solution("the cost is not known").with_hint("give --price, or a --gpu that has one"));
        }
        let near = (budget.get() / cost - 1.0).abs();
        if near < 1e-6 {
            let probability = probability(&found, plan, COST, budget.get())?;
            return Ok(Held { answer: found, probability, plan: *plan });
        }
        if before.is_some_and(|(tokens_then, cost_then)| cost == cost_then && tokens.get() != tokens_then) {
            let error = Error::no_solution("the cost does not depend on the tokens");
            return Err(error.with_hint("give --params, --gpu and --mfu instead of the hours"));
        }
        before = Some((tokens.get(), cost));
        // A hair below, so that what is found is within the budget and not on its edge.
        tokens = Tokens::new(tokens.get() * (budget.get() / cost) * (1.0 - 1e-8));
        if field("run.tokens").is_some_and(|field| field.check(tokens.get()).is_err()) {
            break;
        }
    }
    let error = Error::no_solution("no number of tokens uses up that budget");
    Err(error.with_hint("its other phases may cost more than the budget, or the layout changes with the tokens"))
}
