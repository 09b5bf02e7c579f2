//! Dated rules: a rule is a list of tests, and a test is met when all of its conditions are.

use crate::units::Fraction;
use crate::units::date::Date;

use super::outcome::{Effect, Part, Reach};
use super::{Facts, Metric};

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Chips.
    Chip,
    /// Training runs.
    Training,
    /// Clusters.
    Cluster,
}

/// The subjects and how a rule file names them.
pub const SUBJECTS: [(&str, Subject); 3] =
    [("chip", Subject::Chip), ("training", Subject::Training), ("cluster", Subject::Cluster)];

/// What became of a rule, as its file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Binding, or binding from a day that is set.
    InForce,
    /// Not yet binding.
    Pending,
    /// Replaced by another rule.
    Repealed,
    /// Withdrawn.
    Revoked,
    /// Passed, and stopped before it took effect.
    Vetoed,
    /// Printed, and not applied.
    NotEnforced,
    /// Stopped by a court.
    Enjoined,
    /// Says how another text is read, or what is wished: followed, and no law.
    Guidance,
    /// The press reports it; no official text was found.
    Reported,
    /// Before a parliament: it never decides anything.
    Bill,
}

/// The statuses and how a rule file names them.
pub const STATUSES: [(&str, Status); 10] = [
    ("in force", Status::InForce),
    ("pending", Status::Pending),
    ("repealed", Status::Repealed),
    ("revoked", Status::Revoked),
    ("vetoed", Status::Vetoed),
    ("not enforced", Status::NotEnforced),
    ("enjoined", Status::Enjoined),
    ("guidance", Status::Guidance),
    ("reported", Status::Reported),
    ("bill", Status::Bill),
];

impl Status {
    /// How a rule file names it.
    pub fn name(self) -> &'static str {
        STATUSES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

/// A rule on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It applies.
    InForce,
    /// It takes effect later, on this day if one is set.
    NotYet(Option<Date>),
    /// It ended on this day, in the way its status says.
    Ended(Date, Status),
    /// It never took effect.
    Never,
    /// It is a bill.
    Proposed,
}

/// A bound on one metric. Each end that is set must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// What is measured.
    pub metric: Metric,
    /// It must be this or more.
    pub at_least: Option<f64>,
    /// It must be more than this.
    pub above: Option<f64>,
    /// It must be less than this.
    pub below: Option<f64>,
    /// It must be this or less.
    pub at_most: Option<f64>,
}

/// Conditions that must all hold, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What follows when all conditions hold.
    pub outcome: String,
    /// The same for a machine, where it decides something.
    pub effect: Option<Effect>,
    /// Whom or what it is limited to; empty for everything.
    pub scope: String,
    /// Chips that it names: it is about them alone. Without any it is about all.
    pub chips: Vec<String>,
    /// The conditions; none where the name alone decides.
    pub all: Vec<Condition>,
    /// What to know.
    pub note: String,
}

/// A dated rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The profile's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub subject: Subject,
    /// Which of the questions about a destination it answers.
    pub part: Part,
    /// Whose rule it is.
    pub jurisdiction: String,
    /// What became of it.
    pub status: Status,
    /// First day.
    pub effective: Option<Date>,
    /// First day on which it must be followed, where that is later.
    pub compliance: Option<Date>,
    /// First day on which it no longer applies; of a bill, on which it was dropped.
    pub until: Option<Date>,
    /// Day on which a bill was introduced.
    pub introduced: Option<Date>,
    /// Where goods must go for it to apply.
    pub reach: Vec<Reach>,
    /// It is about chips from abroad alone.
    pub foreign: bool,
    /// The rule whose denial it changes; it decides nothing by itself.
    pub amends: Option<String>,
    /// Chips that fail one of its conditions in words, so that it does not help them, and why.
    pub spares: (Vec<String>, String),
    /// What it costs at the border: a duty or a share of revenue.
    pub rate: Option<Fraction>,
    /// What it says, in short.
    pub summary: String,
    /// What to know when reading its numbers.
    pub notes: String,
    /// Further conditions that are not numbers.
    pub conditions: Vec<String>,
    /// Uses that it is limited to or leaves out, in words.
    pub end_use: Vec<String>,
    /// Figures of the rule beside its tests: caps, tariffs.
    pub figures: Vec<(&'static str, String)>,
    /// The tests.
    pub tests: Vec<Test>,
}

/// Whether a condition or a test holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Met,
    /// It does not.
    NotMet,
    /// It depends on an unpublished value.
    Unknown(Metric),
}

/// Whether one condition holds.
///
/// # Formula
/// `at_least <= x`, `above < x`, `x < below`, `x <= at_most`, each where it is set
/// # Source
/// The rule's own words: "or more", "more than", "less than".
///
/// ```
/// use flopbill::internals::policy::rule::{Condition, Verdict, holds};
/// use flopbill::internals::policy::{Facts, Metric};
/// let line = Condition { metric: Metric::Tpp, at_least: Some(4800.0), above: None, below: None, at_most: None };
/// let tpp = |value| Facts::default().with(Metric::Tpp, value);
/// assert_eq!(holds(&line, &tpp(Some(4800.0))), Verdict::Met);
/// assert_eq!(holds(&line, &tpp(Some(4799.9))), Verdict::NotMet);
/// assert_eq!(holds(&line, &tpp(None)), Verdict::Unknown(Metric::Tpp));
/// ```
pub fn holds(condition: &Condition, facts: &Facts) -> Verdict {
    let Some(value) = facts.get(condition.metric) else { return Verdict::Unknown(condition.metric) };
    let held = condition.at_least.is_none_or(|bound| value >= bound)
        && condition.above.is_none_or(|bound| value > bound)
        && condition.below.is_none_or(|bound| value < bound)
        && condition.at_most.is_none_or(|bound| value <= bound);
    if held { Verdict::Met } else { Verdict::NotMet }
}

/// Whether a test is met: a condition that fails settles it, even where another is unknown.
///
/// # Formula
/// conjunction in three-valued logic
/// # Source
/// Kleene's strong logic; the H800 fails the rule of 2022 on I/O alone.
pub fn met(test: &Test, facts: &Facts) -> Verdict {
    test.all.iter().map(|condition| holds(condition, facts)).fold(Verdict::Met, |so_far, verdict| {
        match (so_far, verdict) {
            (Verdict::NotMet, _) | (_, Verdict::NotMet) => Verdict::NotMet,
            (Verdict::Unknown(metric), _) | (_, Verdict::Unknown(metric)) => Verdict::Unknown(metric),
            (Verdict::Met, Verdict::Met) => Verdict::Met,
        }
    })
}

/// How a rule stands on a day.
///
/// # Formula
/// `effective <= day < until`
/// # Source
/// The rule's dates; a rule without a first day is pending, a vetoed one never was, a bill is none yet. What must be
/// followed from a later day on counts from then.
pub fn standing(rule: &Rule, day: Date) -> Standing {
    if rule.status == Status::Vetoed {
        return Standing::Never;
    }
    match (rule.compliance.or(rule.effective), rule.until) {
        (_, Some(end)) if day >= end => Standing::Ended(end, rule.status),
        _ if rule.status == Status::Bill => Standing::Proposed,
        (None, _) => Standing::NotYet(None),
        (Some(first), _) if day < first => Standing::NotYet(Some(first)),
        _ => Standing::InForce,
    }
}

/// A chip as rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Its profile.
    pub chip: &'a str,
    /// Its numbers.
    pub facts: Facts,
    /// What it is sold for: `datacentre` or `other`.
    pub scopes: &'a [&'a str],
}

/// One test of a rule, against facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    /// The test.
    pub test: &'a Test,
    /// Whether it is met.
    pub verdict: Verdict,
}

/// The tests of a rule that are about a chip, each with its verdict.
///
/// # Formula
/// [`met`] for every test whose scope is empty or listed, and that names the chip or none
/// # Source
/// The rule's own scopes: a chip marketed for datacentres falls under `datacentre`, others under `other`.
pub fn findings<'a>(rule: &'a Rule, item: &Item<'_>) -> Vec<Finding<'a>> {
    let of_scope = |test: &Test| test.scope.is_empty() || item.scopes.contains(&test.scope.as_str());
    let named = |test: &Test| test.chips.is_empty() || test.chips.iter().any(|chip| chip == item.chip);
    let about = rule.tests.iter().filter(|test| of_scope(test) && named(test));
    about.map(|test| Finding { test, verdict: met(test, &item.facts) }).collect()
}

/// Whether a rule names a chip.
///
/// # Formula
/// a test with the chip in its list
/// # Source
/// The rule.
pub fn names(rule: &Rule, chip: &str) -> bool {
    rule.tests.iter().flat_map(|test| &test.chips).any(|known| known == chip)
}

/// The thresholds of training work in a rule, with what follows from each.
///
/// # Formula
/// the lower bound of each `training_flop` condition
/// # Source
/// The rule.
pub fn training_thresholds(rule: &Rule) -> impl Iterator<Item = (&Test, f64)> {
    rule.tests.iter().flat_map(|test| {
        let of_work = test.all.iter().filter(|condition| condition.metric == Metric::TrainingFlop);
        of_work.filter_map(move |condition| condition.above.or(condition.at_least).map(|bound| (test, bound)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(metric: Metric, at_least: f64) -> Condition {
        Condition { metric, at_least: Some(at_least), above: None, below: None, at_most: None }
    }

    fn rule(status: Status, effective: Option<&str>, until: Option<&str>) -> Rule {
        let date = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        Rule {
            id: "us-2022".into(),
            name: "US 2022".into(),
            subject: Subject::Chip,
            part: Part::Export,
            jurisdiction: "US".into(),
            status,
            effective: date(effective),
            compliance: None,
            until: date(until),
            introduced: None,
            reach: Vec::new(),
            foreign: false,
            amends: None,
            spares: Default::default(),
            rate: None,
            summary: String::new(),
            notes: String::new(),
            conditions: Vec::new(),
            end_use: Vec::new(),
            figures: Vec::new(),
            tests: vec![Test {
                outcome: "3A090".into(),
                effect: Some(Effect::Licence),
                scope: String::new(),
                chips: Vec::new(),
                all: vec![line(Metric::IoBidirectional, 600.0), line(Metric::Tpp, 4800.0)],
                note: String::new(),
            }],
        }
    }

    #[test]
    fn both_numbers_of_the_2022_rule_must_be_reached() {
        let of = |io, tpp| Facts::default().with(Metric::IoBidirectional, io).with(Metric::Tpp, tpp);
        let rule = rule(Status::Repealed, Some("2022-10-07"), Some("2023-11-17"));
        let verdict = |facts| findings(&rule, &Item { chip: "a chip", facts, scopes: &[] })[0].verdict;
        assert_eq!(verdict(of(Some(1028.0), Some(15_832.0))), Verdict::Met); // H100
        assert_eq!(verdict(of(Some(528.0), Some(15_832.0))), Verdict::NotMet); // H800
        assert_eq!(verdict(of(Some(528.0), None)), Verdict::NotMet); // settled without the TPP
        assert_eq!(verdict(of(None, Some(15_832.0))), Verdict::Unknown(Metric::IoBidirectional));
    }

    #[test]
    fn a_rule_stands_by_its_dates() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let old = rule(Status::Repealed, Some("2022-10-07"), Some("2023-11-17"));
        assert_eq!(standing(&old, day("2022-10-08")), Standing::InForce);
        assert_eq!(standing(&old, day("2022-10-06")), Standing::NotYet(Some(day("2022-10-07"))));
        assert_eq!(standing(&old, day("2023-11-17")), Standing::Ended(day("2023-11-17"), Status::Repealed));
        assert_eq!(standing(&rule(Status::Vetoed, None, None), day("2026-01-01")), Standing::Never);
        assert_eq!(standing(&rule(Status::Pending, None, None), day("2026-01-01")), Standing::NotYet(None));
        assert_eq!(standing(&rule(Status::Bill, None, None), day("2026-01-01")), Standing::Proposed);
        let stopped = rule(Status::Enjoined, Some("2026-01-01"), Some("2026-06-01"));
        assert_eq!(standing(&stopped, day("2026-05-31")), Standing::InForce);
        assert_eq!(standing(&stopped, day("2026-06-01")), Standing::Ended(day("2026-06-01"), Status::Enjoined));
        let late = Some(day("2025-05-15"));
        let late = Rule { compliance: late, ..rule(Status::NotEnforced, Some("2025-01-15"), Some("2025-05-13")) };
        assert_eq!(standing(&late, day("2025-03-01")), Standing::NotYet(Some(day("2025-05-15"))));
        assert_eq!(standing(&late, day("2025-05-14")), Standing::Ended(day("2025-05-13"), Status::NotEnforced));
    }
}
