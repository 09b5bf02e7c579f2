//! What dated rules make of a chip: their standing, what they say, the way to a destination.

pub mod destination;
pub mod rows;
pub mod to;

use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::rule::{RuleProfile, known_until};
use crate::error::Error;
use crate::hardware::accelerator::Accelerator;
use crate::policy::outcome::{Beside, Place, Reach, beside};
use crate::policy::rule::{Finding, Item, Rule, Standing, Status, Subject, Verdict, findings, standing};
use crate::policy::{Pace, chip_facts};
use crate::units::Price;
use crate::units::date::Date;
use to::{ExportReply, PlaceRow, To, export_of};

/// A chip and the rules that are held against it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The chip.
    pub chip: AcceleratorProfile,
    /// Every rule.
    pub rules: Vec<RuleProfile>,
    /// The day.
    pub day: Date,
    /// What the chip is sold for: `datacentre` or `other`.
    pub scopes: Vec<&'static str>,
    /// The pace for hours to a threshold, where the chip's peak is known.
    pub pace: Option<Pace>,
    /// The price of an hour, where it is known.
    pub price: Option<Price>,
    /// Where the maker has its headquarters, if that is known.
    pub maker: Option<Place>,
    /// Where the chip goes, if that is asked.
    pub to: Option<To>,
    /// The outcome at places that stand for their groups, where no destination is named.
    pub examples: Vec<PlaceRow>,
}

/// What a chip is sold for, as rules tell it apart: `datacentre` or `other`.
fn scopes(chip: &Accelerator, not_datacentre: bool) -> Vec<&'static str> {
    let elsewhere = ["consumer", "desktop", "workstation"].iter().any(|market| chip.form.contains(market));
    if not_datacentre || elsewhere { vec!["other"] } else { vec!["datacentre"] }
}

/// What becomes of the export of a chip to a place, by the rules of a day, else of the day up to which they are known.
///
/// # Errors
/// Rules or profiles that do not read, a place of several countries or that no rule knows.
pub fn export(chip: &str, to: &str, day: Option<Date>, catalog: &Catalog) -> Result<ExportReply, Error> {
    let catalog = &*catalog.as_of(day);
    let asked = Asked::about(chip, day, false, catalog)?;
    let to = To::read(to, None, catalog)?;
    Ok(export_of(&asked, &to))
}

impl Asked {
    /// A chip against all rules of a day, else of the day up to which they are known; on its way nowhere yet.
    ///
    /// # Errors
    /// An unknown chip, rules that do not read.
    pub fn about(chip: &str, day: Option<Date>, not_datacentre: bool, catalog: &Catalog) -> Result<Self, Error> {
        let (chip, rules) = (catalog.accelerator(chip)?, catalog.rules()?);
        let day = day.or(known_until(&rules)).unwrap_or(Date::MIN);
        let maker = catalog.destinations()?.home(&chip.chip.vendor, catalog)?;
        let scopes = scopes(&chip.chip, not_datacentre);
        Ok(Self { chip, rules, day, scopes, pace: None, price: None, maker, to: None, examples: Vec::new() })
    }

    /// The chip as rules look at it.
    pub fn item(&self) -> Item<'_> {
        Item { chip: &self.chip.chip.id, facts: chip_facts(&self.chip.chip), scopes: &self.scopes }
    }

    /// Why a rule is not about the chip, whatever its tests say of the numbers.
    pub fn beside(&self, rule: &Rule) -> Option<String> {
        let rules: Vec<&Rule> = self.rules.iter().map(|found| &found.rule).collect();
        // `rule` is one of them: what is found borrows from those.
        let rule = rules.iter().find(|known| known.id == rule.id)?;
        Some(match beside(rule, &rules, &self.item(), self.maker.as_ref())? {
            Beside::NotUs => "not about it: no US export".into(),
            Beside::Undenied(other) => format!("not about it: {} denies it nothing", other.id),
            Beside::Spared(why) => format!("does not help it: {why}"),
        })
    }

    /// A verdict in a few words: none on a rule that is not about the chip.
    pub fn verdict(&self, rule: &Rule, finding: &Finding<'_>) -> String {
        if self.beside(rule).is_some() { "not about it".into() } else { verdict_text(finding.verdict) }
    }
}

/// The rules on chips in force, with their tests.
pub fn in_force(asked: &Asked) -> impl Iterator<Item = (&RuleProfile, Vec<Finding<'_>>)> {
    let of_chips = asked.rules.iter().filter(|found| found.rule.subject == Subject::Chip);
    of_chips
        .filter(|found| standing(&found.rule, asked.day) == Standing::InForce)
        .map(move |found| (found, findings(&found.rule, &asked.item())))
}

/// What a rule says of the chip, in a few words.
pub fn says(asked: &Asked, rule: &Rule, findings: &[Finding<'_>]) -> String {
    if let Some(why) = asked.beside(rule) {
        return why;
    }
    let mut met: Vec<&str> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.verdict == Verdict::Met) {
        if !met.contains(&finding.test.outcome.as_str()) {
            met.push(&finding.test.outcome);
        }
    }
    if !met.is_empty() {
        return met.join(", ");
    }
    let unknown = findings.iter().find_map(|finding| match finding.verdict {
        Verdict::Unknown(metric) => Some(metric.name()),
        _ => None,
    });
    match unknown {
        Some(metric) => format!("depends on {metric}, which is not known"),
        None if findings.is_empty() => "not about it".into(),
        None => "no test met".into(),
    }
}

/// How a rule stands on a day, in a few words.
pub fn standing_text(rule: &Rule, day: Date) -> String {
    match (standing(rule, day), rule.status) {
        (Standing::InForce, status @ (Status::Guidance | Status::Reported)) => status.name().into(),
        (Standing::InForce, _) => "in force".into(),
        (Standing::NotYet(Some(day)), _) => format!("from {day}"),
        (Standing::NotYet(None), _) => "not yet".into(),
        (Standing::Ended(day, Status::Bill), _) => format!("dropped {day}"),
        (Standing::Ended(day, Status::InForce | Status::Guidance | Status::Reported), _) => format!("ended {day}"),
        (Standing::Ended(day, status), _) => format!("{} {day}", status.name()),
        (Standing::Never, _) => "never in force".into(),
        (Standing::Proposed, _) => "bill".into(),
    }
}

/// Where goods must go for a rule, in a few words.
pub fn destinations_text(rule: &Rule) -> String {
    let one = |reach: &Reach| {
        let except = if reach.except.is_empty() { String::new() } else { format!(" but {}", reach.except.join(", ")) };
        let firms = if reach.headquarters { ", and firms with headquarters there" } else { "" };
        format!("{}{except}{firms}", reach.to.join(", "))
    };
    rule.reach.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// A verdict, in a few words.
pub fn verdict_text(verdict: Verdict) -> String {
    match verdict {
        Verdict::Met => "met".into(),
        Verdict::NotMet => "not met".into(),
        Verdict::Unknown(metric) => format!("depends on {}", metric.name()),
    }
}
