//! The rows of a reply about rules.

use serde::Serialize;

use super::to::{self, ConditionRow};
use super::{Asked, destinations_text, standing_text};
use crate::catalog::rule::RuleProfile;
use crate::policy::outcome::PARTS;
use crate::policy::rule::{Finding, Rule, Standing, Subject, findings, names, standing, training_thresholds};
use crate::policy::{chip_facts, gpu_hours_to};
use crate::units::Flop;
use crate::units::date::Date;

/// A rule.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RuleRow {
    /// Its profile.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it holds.
    pub jurisdiction: String,
    /// Which question it answers: `export`, `border`, `destination`, `reading`; nothing of rules that are not on chips.
    pub part: Option<&'static str>,
    /// What became of it: `in force`, `guidance`, `reported`, `repealed`, `enjoined`.
    pub status: &'static str,
    /// How it stands on the day.
    pub standing: String,
    /// Whether it is in force on the day.
    pub in_force: bool,
    /// Whether it speaks of the way to the destination, where one is named.
    pub reaches: Option<bool>,
    /// Where goods must go for it.
    pub destinations: String,
    /// What it says, in short.
    pub summary: String,
    /// What it asks beside its numbers.
    pub conditions: Vec<String>,
    /// Uses that it is limited to or leaves out.
    pub end_use: Vec<String>,
    /// A duty or a share of revenue.
    pub rate: Option<f64>,
    /// From when on.
    pub effective: Option<String>,
    /// Up to when.
    pub until: Option<String>,
    /// Whether it names the chip.
    pub named: bool,
    /// What it tests.
    pub tests: Vec<TestRow>,
    /// What it says of training compute.
    pub training_thresholds: Vec<ThresholdRow>,
}

/// A test of a rule.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct TestRow {
    /// What follows.
    pub outcome: String,
    /// What it is about.
    pub scope: String,
    /// Whether the chip meets it.
    pub verdict: String,
    /// What it asks, and what the chip has.
    pub conditions: Vec<ConditionRow>,
}

/// A bill.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct BillRow {
    /// Its profile.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was introduced.
    pub introduced: Option<String>,
    /// `bill`, or when it was dropped.
    pub standing: String,
    /// What it would do.
    pub summary: String,
}

/// A threshold on training compute.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ThresholdRow {
    /// What follows.
    pub outcome: String,
    /// The bound.
    pub flop: f64,
    /// Chip-hours up to it.
    pub gpu_hours: Option<f64>,
    /// What they cost.
    pub cost_usd: Option<f64>,
}

/// A rule, and what it says of the chip.
pub fn row(asked: &Asked, found: &RuleProfile) -> RuleRow {
    let rule = &found.rule;
    let facts = chip_facts(&asked.chip.chip);
    let tests = findings(rule, &asked.item());
    let test = |finding: &Finding<'_>| TestRow {
        outcome: finding.test.outcome.clone(),
        scope: finding.test.scope.clone(),
        verdict: asked.verdict(rule, finding),
        conditions: finding.test.all.iter().map(|condition| ConditionRow::of(condition, &facts)).collect(),
    };
    let thresholds = training_thresholds(rule).map(|(test, bound)| {
        let hours = asked.pace.and_then(|pace| gpu_hours_to(Flop::new(bound), &pace).ok());
        ThresholdRow {
            outcome: test.outcome.clone(),
            flop: bound,
            gpu_hours: hours.map(|hours| hours.gpu_hours()),
            cost_usd: hours.zip(asked.price).map(|(hours, price)| (hours * price).get()),
        }
    });
    let part = PARTS.iter().find(|(_, part)| *part == rule.part && rule.subject == Subject::Chip);
    RuleRow {
        id: rule.id.clone(),
        name: rule.name.clone(),
        jurisdiction: rule.jurisdiction.clone(),
        part: part.map(|(name, _)| *name),
        status: rule.status.name(),
        standing: standing_text(rule, asked.day),
        in_force: standing(rule, asked.day) == Standing::InForce,
        reaches: asked.to.as_ref().map(|to| to::speaks(asked, found, to)),
        destinations: destinations_text(rule),
        summary: rule.summary.clone(),
        conditions: rule.conditions.clone(),
        end_use: rule.end_use.clone(),
        rate: rule.rate.map(|rate| rate.get()),
        effective: rule.effective.map(|date| date.to_string()),
        until: rule.until.map(|date| date.to_string()),
        named: names(rule, &asked.chip.chip.id),
        tests: tests.iter().map(test).collect(),
        training_thresholds: thresholds.collect(),
    }
}

/// A bill that was introduced by a day.
pub fn bill_row(rule: &Rule, day: Date) -> Option<BillRow> {
    rule.introduced.is_none_or(|first| first <= day).then(|| BillRow {
        id: rule.id.clone(),
        name: rule.name.clone(),
        introduced: rule.introduced.map(|date| date.to_string()),
        standing: standing_text(rule, day),
        summary: rule.summary.clone(),
    })
}
