//! A chip's numbers against dated rules.

use serde::Serialize;

use super::optimal::goodput_prior;
use super::reply::{Ordered, ReplyHead, SourceLine};
use crate::answer::thresholds::{NO_ADVICE, too_late};
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::rule::{RuleProfile, known_until};
use crate::error::Error;
use crate::hardware::price::Term;
use crate::input::field::check_all;
use crate::policy::rule::{Finding, Rule, STATUSES, Standing, Status, Subject, Verdict};
use crate::policy::rule::{findings, standing, training_thresholds};
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
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PolicyRequest {
    /// The chip.
    pub chip: String,
    /// The day whose rules count; without it, the day up to which they are known.
    pub as_of: Option<Date>,
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
        Self { chip: chip.into(), as_of: None, not_datacentre: false, mfu: MFU, goodput: None, price: None }
    }

    /// The same against the rules of a day.
    #[must_use]
    pub fn as_of(self, day: Date) -> Self {
        Self { as_of: Some(day), ..self }
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
    /// Every rule.
    pub rules: Vec<RuleRow>,
    /// What this is not.
    pub note: &'static str,
    /// What the reply was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Asked,
}

/// A chip's numbers, and what is said of them.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Found {
    /// The chip's profile.
    pub chip: String,
    /// The day.
    pub as_of: String,
    /// The numbers that rules look at.
    pub metrics: Ordered<Option<f64>>,
    /// What each rule on chips in force says.
    pub rules: Ordered<String>,
}

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
    /// How it stands on the day.
    pub standing: String,
    /// Whether it is in force on the day.
    pub in_force: bool,
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
    /// The pace for hours to a threshold.
    pub pace: Pace,
    /// The price of an hour, where it is known.
    pub price: Option<Price>,
}

impl PolicyRequest {
    /// Holds a chip against the rules.
    ///
    /// # Errors
    /// A number out of its field's range; an unknown chip, a peak, MFU or goodput that no hours follow from.
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
        let pace = Pace { peak: chip.chip.peak_of(chip.chip.training_precision())?, mfu: self.mfu, goodput };
        gpu_hours_to(Flop::new(1.0), &pace)?;
        let price = match self.price {
            Some(price) => Some(price),
            None => catalog.rent(&chip.chip.id, Term::OnDemand, None)?.map(|found| found.price),
        };
        let other = self.not_datacentre || chip.chip.form.contains("consumer");
        let scopes = if other { vec!["other"] } else { vec!["datacentre"] };
        let mut head = ReplyHead::new("policy", chip.chip.name.as_str());
        if self.as_of.is_none() {
            head.warnings.push(format!("no --as-of: the rules as they are known on {day}"));
        }
        head.warnings.extend(too_late(known, day));
        let sources = rules.iter().filter_map(|found| {
            let source = found.sources.of("test").or_else(|| found.sources.of("*"))?;
            Some(SourceLine::new(found.rule.id.as_str(), source))
        });
        head.sources = sources.collect();
        let asked = Asked { chip, rules, day, scopes, pace, price };
        let result = result(&asked);
        let rows = asked.rules.iter().map(|found| row(&asked, found)).collect();
        Ok(PolicyReply { head, result, rules: rows, note: NO_ADVICE, made_from: asked })
    }
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
        metrics: metrics.collect(),
        rules: in_force(asked).map(said).collect(),
    }
}

fn row(asked: &Asked, found: &RuleProfile) -> RuleRow {
    let rule = &found.rule;
    let tests = findings(rule, &chip_facts(&asked.chip.chip), &asked.scopes);
    let test = |finding: &Finding<'_>| TestRow {
        outcome: finding.test.outcome.clone(),
        scope: finding.test.scope.clone(),
        verdict: verdict_text(finding.verdict),
    };
    let thresholds = training_thresholds(rule).map(|(test, bound)| {
        let hours = gpu_hours_to(Flop::new(bound), &asked.pace).ok();
        ThresholdRow {
            outcome: test.outcome.clone(),
            flop: bound,
            gpu_hours: hours.map(|hours| hours.gpu_hours()),
            cost_usd: hours.zip(asked.price).map(|(hours, price)| (hours * price).get()),
        }
    });
    let stands = standing(rule, asked.day);
    RuleRow {
        id: rule.id.clone(),
        name: rule.name.clone(),
        jurisdiction: rule.jurisdiction.clone(),
        standing: standing_text(stands),
        in_force: stands == Standing::InForce,
        effective: rule.effective.map(|date| date.to_string()),
        until: rule.until.map(|date| date.to_string()),
        named: rule.chips.contains(&asked.chip.chip.id),
        tests: tests.iter().map(test).collect(),
        training_thresholds: thresholds.collect(),
    }
}

/// The rules on chips in force, with the outcomes that are met.
pub fn in_force(asked: &Asked) -> impl Iterator<Item = (&RuleProfile, Vec<Finding<'_>>)> {
    let facts = chip_facts(&asked.chip.chip);
    let of_chips = asked.rules.iter().filter(|found| found.rule.subject == Subject::Chip);
    of_chips
        .filter(|found| standing(&found.rule, asked.day) == Standing::InForce)
        .map(move |found| (found, findings(&found.rule, &facts, &asked.scopes)))
}

/// What a rule says of the chip, in a few words.
pub fn says(asked: &Asked, rule: &Rule, findings: &[Finding<'_>]) -> String {
    if rule.chips.contains(&asked.chip.chip.id) {
        return "named".into();
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
        None => "no test met".into(),
    }
}

/// How a rule stands, in a few words.
pub fn standing_text(standing: Standing) -> String {
    match standing {
        Standing::InForce => "in force".into(),
        Standing::NotYet(Some(day)) => format!("from {day}"),
        Standing::NotYet(None) => "not yet".into(),
        Standing::Ended(day, status) => format!("{} {day}", status_text(status)),
        Standing::Never => "never in force".into(),
    }
}

fn status_text(status: Status) -> &'static str {
    match status {
        Status::InForce => "ended",
        other => STATUSES.iter().find(|(_, known)| *known == other).map_or("", |(name, _)| name),
    }
}

/// A verdict, in a few words.
pub fn verdict_text(verdict: Verdict) -> String {
    match verdict {
        Verdict::Met => "met".into(),
        Verdict::NotMet => "not met".into(),
        Verdict::Unknown(metric) => format!("depends on {}", metric.name()),
    }
}
