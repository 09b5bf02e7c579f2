//! How a run stands against training-compute rules: those it reaches, and the next.

use serde::Serialize;

use super::Answer;
use super::model_terms::ModelCounts;
use crate::catalog::Catalog;
use crate::catalog::rule::{RuleProfile, known_until};
use crate::error::Error;
use crate::policy::rule::{Standing, Test, standing, training_thresholds};
use crate::policy::{Pace, distance};
use crate::units::date::Date;
use crate::units::{Flop, Fraction, Price};

/// What numbers against rules are not.
pub const NO_ADVICE: &str = "numbers against the text of rules, with date and source; this is not legal advice";

/// The rules on training compute in force, by their bounds.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Thresholds {
    /// The day.
    pub as_of: String,
    /// The run's operations: every product and the causal half of the attention where the model's shape is known.
    pub flop: f64,
    /// The same by 6ND, where `flop` is not.
    pub six_nd_flop: Option<f64>,
    /// Tokens of the sequences that `flop` is counted in, where it is not by 6ND.
    pub sequence_length: Option<u32>,
    /// Those that the run reaches.
    pub reached: Vec<ThresholdLine>,
    /// The nearest that it does not reach.
    pub next: Option<ThresholdLine>,
    /// Those after it.
    pub later: Vec<ThresholdLine>,
    /// What this is not.
    pub note: &'static str,
    /// That the day is later than the rules are known.
    #[serde(skip)]
    pub too_late: Option<String>,
}

/// A threshold.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ThresholdLine {
    /// Its rule.
    pub rule: String,
    /// Where it holds.
    pub jurisdiction: String,
    /// What follows from it.
    pub outcome: String,
    /// The bound.
    pub flop: f64,
    /// The run's compute over the bound.
    pub reached: f64,
    /// Chip-hours up to it, on this chip at this MFU and goodput.
    pub gpu_hours_left: Option<f64>,
    /// What those cost.
    pub cost_left_usd: Option<f64>,
}

impl Thresholds {
    /// Of an answer, on the day that is asked about, else as the rules are known; `None` where its compute is not, or no rule.
    ///
    /// Rules count operations: a model's exact ones where its shape is known, else 6ND.
    ///
    /// # Errors
    /// A rule that does not read.
    pub fn of(answer: &Answer, model: Option<&ModelCounts>, catalog: &Catalog) -> Result<Option<Self>, Error> {
        let Some(six_nd) = answer.estimate.flop else { return Ok(None) };
        let exact = model.and_then(|model| model.exact_flop);
        let work = exact.map_or(six_nd, Flop::new);
        let rules = catalog.training_rules()?;
        let asked = answer.spec.as_of.as_ref().map(|day| day.value);
        let known = known_until(&rules);
        let on = |day| Self {
            too_late: too_late(known, day),
            six_nd_flop: exact.map(|_| six_nd.get()),
            sequence_length: model.filter(|_| exact.is_some()).map(|model| model.sequence_length),
            ..Self::on(answer, work, &rules, day)
        };
        Ok(asked.or(known).map(on))
    }

    fn on(answer: &Answer, work: Flop, rules: &[RuleProfile], day: Date) -> Self {
        let in_force = rules.iter().filter(|found| standing(&found.rule, day) == Standing::InForce);
        let mut lines: Vec<ThresholdLine> = in_force
            .flat_map(|rule| training_thresholds(&rule.rule).map(move |(test, bound)| (rule, test, bound)))
            .filter(|(_, test, _)| test.scope.is_empty())
            .map(|(rule, test, bound)| line(answer, work, rule, test, bound))
            .collect();
        lines.sort_by(|a, b| a.flop.total_cmp(&b.flop));
        let (reached, mut later): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.flop <= work.get());
        let next = if later.is_empty() { None } else { Some(later.remove(0)) };
        let (as_of, flop) = (day.to_string(), work.get());
        Self {
            as_of,
            flop,
            six_nd_flop: None,
            sequence_length: None,
            reached,
            next,
            later,
            note: NO_ADVICE,
            too_late: None,
        }
    }

    /// Every threshold, the lowest first.
    pub fn all(&self) -> impl Iterator<Item = &ThresholdLine> {
        self.reached.iter().chain(&self.next).chain(&self.later)
    }
}

/// That rules are not known up to a day.
pub fn too_late(known: Option<Date>, day: Date) -> Option<String> {
    let known = known.filter(|known| *known < day)?;
    Some(format!("the rules are known up to {known}: what came between then and {day} is not in them"))
}

/// That a day is before the first rule that is known.
pub fn too_early(rules: &[RuleProfile], day: Date) -> Option<String> {
    let first = rules.iter().filter_map(|found| found.rule.effective).min().filter(|first| day < *first)?;
    Some(format!("the rules are known from {first} on: what held on {day} is not in them"))
}

fn line(answer: &Answer, work: Flop, rule: &RuleProfile, test: &Test, bound: f64) -> ThresholdLine {
    // The MFU is by 6ND; operations counted exactly come at as many more a second.
    let more = answer.estimate.flop.map_or(1.0, |six_nd| work / six_nd);
    let pace = answer.chip.as_ref().zip(answer.estimate.mfu).map(|(_, mfu)| Pace {
        peak: answer.scenario.peak,
        mfu: Fraction::new(mfu.get() * more),
        goodput: answer.scenario.terms.goodput,
    });
    let price = answer.price.as_ref().map(|price| price.value);
    let far = pace.and_then(|pace| distance(work, Flop::new(bound), &pace, price.unwrap_or(Price::ZERO)).ok());
    ThresholdLine {
        rule: rule.rule.id.clone(),
        jurisdiction: rule.rule.jurisdiction.clone(),
        outcome: test.outcome.clone(),
        flop: bound,
        reached: work.get() / bound,
        gpu_hours_left: far.map(|far| far.remaining.gpu_hours()),
        cost_left_usd: far.zip(price).map(|(far, _)| far.remaining_cost.get()),
    }
}
