//! How a run stands against training-compute rules: those it reaches, and the next.

use serde::Serialize;

use super::Answer;
use crate::catalog::Catalog;
use crate::catalog::rule::{RuleProfile, known_until};
use crate::error::Error;
use crate::policy::rule::{Standing, Test, standing, training_thresholds};
use crate::policy::{Pace, distance};
use crate::units::date::Date;
use crate::units::{Flop, Price};

/// What numbers against rules are not.
pub const NO_ADVICE: &str = "numbers against the text of rules, with date and source; this is not legal advice";

/// The rules on training compute in force, by their bounds.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Thresholds {
    /// The day.
    pub as_of: String,
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
    /// # Errors
    /// A rule that does not read.
    pub fn of(answer: &Answer, catalog: &Catalog) -> Result<Option<Self>, Error> {
        let Some(work) = answer.estimate.flop else { return Ok(None) };
        let rules = catalog.training_rules()?;
        let asked = answer.spec.as_of.as_ref().map(|day| day.value);
        let known = known_until(&rules);
        let on = |day| Self { too_late: too_late(known, day), ..Self::on(answer, work, &rules, day) };
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
        Self { as_of: day.to_string(), reached, next, later, note: NO_ADVICE, too_late: None }
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

fn line(answer: &Answer, work: Flop, rule: &RuleProfile, test: &Test, bound: f64) -> ThresholdLine {
    let pace = answer.chip.as_ref().zip(answer.estimate.mfu).map(|(_, mfu)| Pace {
        peak: answer.scenario.peak,
        mfu,
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
