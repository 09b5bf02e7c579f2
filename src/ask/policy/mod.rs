//! A chip's numbers against dated rules, and what they make of it on its way to a destination.

pub mod rows;
pub mod to;

use serde::Serialize;

use super::optimal::goodput_prior;
use super::reply::{ReplyHead, SourceLine};
use rows::{BillRow, Found, RuleRow, TestRow, ThresholdRow};
use to::{ConditionRow, PlaceRow, To};

use crate::answer::thresholds::{NO_ADVICE, too_late};
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::rule::{RuleProfile, known_until};
use crate::error::Error;
use crate::hardware::price::Term;
use crate::input::field::check_all;
use crate::policy::outcome::{Beside, PARTS, Part, Place, Reach, beside};
use crate::policy::rule::{Finding, Item, Rule, Standing, Status, Subject, Verdict};
use crate::policy::rule::{findings, names, standing, training_thresholds};
use crate::policy::{METRICS, Pace, chip_facts, gpu_hours_to};
use crate::units::date::Date;
use crate::units::{Flop, Fraction, Price};

/// Metrics of chips: the first of [`METRICS`].
const OF_CHIPS: usize = 5;

/// The question of `policy`.
///
/// ```
/// use flopbill::{Catalog, PolicyRequest};
///
/// let request = PolicyRequest::new("h200").as_of("2026-02-01".parse()?);
/// let reply = request.ask(&Catalog::built_in())?;
/// assert_eq!(reply.result.metrics.get("tpp"), Some(&Some(15_832.0)));
/// let reply = request.to("china").ask(&Catalog::built_in())?;
/// assert_eq!(reply.result.export.map(|export| export.outcome), Some("review"));
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PolicyRequest {
    /// The chip.
    pub chip: String,
    /// The day whose rules count; without it, the day up to which they are known.
    pub as_of: Option<Date>,
    /// Where the chip goes: a country by name.
    pub to: Option<String>,
    /// Where the buyer or its ultimate parent has its headquarters; the destination without it.
    pub headquarters: Option<String>,
    /// Not designed or marketed for datacentres.
    pub not_datacentre: bool,
    /// Share of the dense 16-bit peak, for hours to a threshold.
    pub mfu: Fraction,
    /// Share of the held time that computes; a prior of the chip's family without it.
    pub goodput: Option<Fraction>,
    /// Rent of a chip; its typical one without it.
    pub price: Option<Price>,
}

/// The MFU of hours to a threshold where nobody says. An assumption.
pub const MFU: Fraction = Fraction::new(0.4);

impl PolicyRequest {
    /// A chip against the rules as they are known.
    pub fn new(chip: impl Into<String>) -> Self {
        Self {
            chip: chip.into(),
            as_of: None,
            to: None,
            headquarters: None,
            not_datacentre: false,
            mfu: MFU,
            goodput: None,
            price: None,
        }
    }

    /// The same against the rules of a day.
    #[must_use]
    pub fn as_of(self, day: Date) -> Self {
        Self { as_of: Some(day), ..self }
    }

    /// The same on its way to a country.
    #[must_use]
    pub fn to(self, country: impl Into<String>) -> Self {
        Self { to: Some(country.into()), ..self }
    }

    /// The same for a buyer with headquarters in a country.
    #[must_use]
    pub fn headquarters(self, country: impl Into<String>) -> Self {
        Self { headquarters: Some(country.into()), ..self }
    }
}

/// The answer of `policy`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PolicyReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// The chip's numbers, and what each rule on chips in force says of them.
    pub result: Found,
    /// Every rule, but for bills.
    pub rules: Vec<RuleRow>,
    /// Bills that were introduced by that day. None of them decides anything.
    pub bills: Vec<BillRow>,
    /// What this is not.
    pub note: &'static str,
    /// What the reply was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Asked,
}

/// What a reply was made from.
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

impl PolicyRequest {
    /// Holds a chip against the rules.
    ///
    /// # Errors
    /// A number out of its field's range; an unknown chip or place, a place of several countries, headquarters without a
    /// destination; an MFU or goodput that no hours follow from.
    pub fn ask(&self, catalog: &Catalog) -> Result<PolicyReply, Error> {
        check_all(&[
            ("run.mfu", Some(self.mfu.get())),
            ("run.goodput", self.goodput.map(Fraction::get)),
            ("price.rent", self.price.map(Price::usd_per_hour)),
        ])?;
        let catalog = &*catalog.as_of(self.as_of);
        let chip = catalog.accelerator(&self.chip)?;
        let rules = catalog.rules()?;
        let known = known_until(&rules);
        let day = self.as_of.or(known).unwrap_or(Date::MIN);
        let goodput = match self.goodput {
            Some(goodput) => goodput,
            None => goodput_prior(&chip.chip, catalog)?,
        };
        let peak = chip.chip.peak_of(chip.chip.training_precision());
        let no_hours =
            peak.as_ref().err().map(|error| format!("no hours to a threshold are given: {}", error.message()));
        let pace = peak.ok().map(|peak| Pace { peak, mfu: self.mfu, goodput });
        pace.iter().try_for_each(|pace| gpu_hours_to(Flop::new(1.0), pace).map(drop))?;
        let price = match self.price {
            Some(price) => Some(price),
            None => catalog.prices(&chip.chip.id)?.and_then(|found| found.list.typical(Term::OnDemand)),
        };
        let other = self.not_datacentre || chip.chip.form.contains("consumer");
        let scopes = if other { vec!["other"] } else { vec!["datacentre"] };
        let mut head = ReplyHead::new("policy", chip.chip.name.as_str());
        if self.as_of.is_none() {
            head.warnings.push(format!("no --as-of: the rules as they are known on {day}"));
        }
        head.warnings.extend(too_late(known, day));
        head.warnings.extend(no_hours);
        let sources = rules.iter().filter_map(|found| {
            let source = found.sources.of("test").or_else(|| found.sources.of("*"))?;
            Some(SourceLine::new(found.rule.id.as_str(), source))
        });
        head.sources = sources.collect();
        let maker = catalog.destinations()?.home(&chip.chip.vendor, catalog)?;
        let mut asked =
            Asked { chip, rules, day, scopes, pace, price, maker, to: self.place(catalog)?, examples: Vec::new() };
        if asked.to.is_none() {
            asked.examples = to::examples(&asked, catalog)?;
            head.unknown =
                ["to", "export"].map(|key| (key.to_owned(), NO_DESTINATION.to_owned())).into_iter().collect();
        }
        let result = result(&asked);
        let bill = |found: &&RuleProfile| found.rule.status == Status::Bill;
        let rows = asked.rules.iter().filter(|found| !bill(found)).map(|found| row(&asked, found)).collect();
        let bills = asked.rules.iter().filter(bill).filter_map(|found| bill_row(&found.rule, day)).collect();
        Ok(PolicyReply { head, result, rules: rows, bills, note: NO_ADVICE, made_from: asked })
    }

    fn place(&self, catalog: &Catalog) -> Result<Option<To>, Error> {
        match (self.to.as_deref(), self.headquarters.as_deref()) {
            (None, Some(_)) => Err(Error::bad_input("headquarters are of a buyer: the destination is missing")
                .with_hint("--to singapore --headquarters china")),
            (to, headquarters) => to.map(|to| To::read(to, headquarters, catalog)).transpose(),
        }
    }
}

/// Why nothing is said of a destination.
const NO_DESTINATION: &str = "no destination is named: --to china";

fn bill_row(rule: &Rule, day: Date) -> Option<BillRow> {
    rule.introduced.is_none_or(|first| first <= day).then(|| BillRow {
        id: rule.id.clone(),
        name: rule.name.clone(),
        introduced: rule.introduced.map(|date| date.to_string()),
        standing: standing_text(rule, day),
        summary: rule.summary.clone(),
    })
}

fn result(asked: &Asked) -> Found {
    let facts = chip_facts(&asked.chip.chip);
    let metrics = METRICS.iter().take(OF_CHIPS).map(|(name, metric)| ((*name).to_owned(), facts.get(*metric)));
    let said = |(found, findings): (&RuleProfile, Vec<Finding<'_>>)| {
        (found.rule.id.clone(), says(asked, &found.rule, &findings))
    };
    Found {
        chip: asked.chip.chip.id.clone(),
        as_of: asked.day.to_string(),
        made_in: asked.maker.as_ref().map(|place| place.id.clone()),
        to: asked.to.as_ref().map(|to| to.place.id.clone()),
        headquarters: asked.to.as_ref().map(|to| to.headquarters.id.clone()),
        export: asked.to.as_ref().map(|to| to::export_of(asked, to)),
        border: asked.to.as_ref().map(|to| to::others(asked, to, Part::Border)),
        own_rules: asked.to.as_ref().map(|to| to::others(asked, to, Part::Destination)),
        metrics: metrics.collect(),
        rules: in_force(asked).map(said).collect(),
    }
}

fn row(asked: &Asked, found: &RuleProfile) -> RuleRow {
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

impl Asked {
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
