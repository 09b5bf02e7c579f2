//! A chip on its way to a destination: the export, the border, the destination's own rule.

use serde::Serialize;

use super::{Asked, standing_text, verdict_text};
use crate::catalog::rule::RuleProfile;
use crate::error::Error;
use crate::policy::outcome::{Case, EFFECTS, Export, HOME, Outcome, Part, Place, REVIEWS, Ruling, reaches};
use crate::policy::outcome::{export, other, rulings, waiting_for};
use crate::policy::rule::{Condition, Finding, Item, Rule, Verdict};
use crate::policy::{Facts, METRICS, Metric, chip_facts};

/// Where a chip goes.
#[derive(Debug, Clone)]
pub struct To {
    /// The place.
    pub place: Place,
    /// Where the buyer has its headquarters.
    pub headquarters: Place,
}

/// What becomes of the export.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ExportReply {
    /// `denied`, `review`, `licence`, `free`, `not a US export` or `unclear`.
    pub outcome: &'static str,
    /// The mildest that it can be, where it is unclear.
    pub at_least: Option<&'static str>,
    /// The strictest that it can be, where it is unclear.
    pub at_most: Option<&'static str>,
    /// The same in words.
    pub says: String,
    /// The rule that decides.
    pub rule: Option<String>,
    /// The rule whose denial it changes.
    pub amends: Option<String>,
    /// What the rule asks beside its numbers.
    pub conditions: Vec<String>,
    /// Uses that it is limited to or leaves out.
    pub end_use: Vec<String>,
    /// Why a rule that helps other chips does not help this one.
    pub spared: Option<String>,
    /// Values that would decide it, and are not published.
    pub waits_for: Vec<&'static str>,
    /// The tests behind it.
    pub tests: Vec<BehindRow>,
    /// Milder rules that ask for a licence too.
    pub also: Vec<AlsoRow>,
    /// The outcome if the chip were sold for another use, where that differs.
    pub otherwise: Option<Otherwise>,
}

/// The outcome on the other market.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Otherwise {
    /// `datacentre` or `other`.
    pub market: &'static str,
    /// The outcome there.
    pub outcome: &'static str,
    /// The rule that decides there.
    pub rule: Option<String>,
}

/// A milder rule that asks for a licence too.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AlsoRow {
    /// The rule.
    pub rule: String,
    /// Its outcome.
    pub outcome: &'static str,
}

/// A test behind an outcome.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct BehindRow {
    /// Its rule.
    pub rule: String,
    /// What follows from it.
    pub outcome: String,
    /// Whether the chip meets it.
    pub verdict: String,
    /// What it asks, and what the chip has.
    pub conditions: Vec<ConditionRow>,
}

/// A bound of a test beside the chip's value.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ConditionRow {
    /// What is measured.
    pub metric: &'static str,
    /// It must be this or more.
    pub at_least: Option<f64>,
    /// It must be more than this.
    pub above: Option<f64>,
    /// It must be less than this.
    pub below: Option<f64>,
    /// It must be this or less.
    pub at_most: Option<f64>,
    /// What the chip has; nothing where that is not published.
    pub value: Option<f64>,
}

/// A cost at the border, or a rule of the destination's own.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct OtherReply {
    /// The rule.
    pub rule: String,
    /// What it says of the chip.
    pub says: String,
    /// The same for a machine: `approval`, `end use`, `stopped`.
    pub effect: Option<&'static str>,
    /// A duty or a share of revenue.
    pub rate: Option<f64>,
    /// `met`, or what it depends on.
    pub verdict: String,
    /// Since when, and with what status.
    pub standing: String,
    /// Uses that it is limited to or leaves out.
    pub end_use: Vec<String>,
    /// What it asks beside its numbers.
    pub conditions: Vec<String>,
}

/// The outcome of one destination among several.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PlaceRow {
    /// The destination.
    pub to: String,
    /// Its country groups.
    pub groups: Vec<String>,
    /// The outcome.
    pub outcome: &'static str,
    /// The same in words.
    pub says: String,
    /// The rule that decides.
    pub rule: Option<String>,
}

impl To {
    /// A destination, and a buyer that is at home there unless another place is named.
    ///
    /// # Errors
    /// A place that nobody knows, or more than one country.
    pub fn read(to: &str, headquarters: Option<&str>, catalog: &crate::catalog::Catalog) -> Result<Self, Error> {
        let destinations = catalog.destinations()?;
        let place = destinations.place(to, catalog)?;
        let headquarters = headquarters.map(|name| destinations.place(name, catalog)).transpose()?;
        Ok(Self { headquarters: headquarters.unwrap_or_else(|| place.clone()), place })
    }
}

/// What becomes of the export to a place.
pub fn export_of(asked: &Asked, to: &To) -> ExportReply {
    let scopes = &asked.scopes;
    let mut reply = on_market(asked, to, scopes);
    let card = asked.chip.chip.memory.kind.starts_with("GDDR");
    let other = if scopes.contains(&"other") { "datacentre" } else { "other" };
    let there = on_market(asked, to, &[other]);
    if card && there.outcome != reply.outcome {
        reply.otherwise = Some(Otherwise { market: other, outcome: there.outcome, rule: there.rule });
    }
    reply
}

fn on_market(asked: &Asked, to: &To, scopes: &[&'static str]) -> ExportReply {
    let facts = chip_facts(&asked.chip.chip);
    let case = case(asked, to, facts, scopes);
    let rules: Vec<&Rule> = asked.rules.iter().map(|found| &found.rule).collect();
    let found = rulings(&rules, &case);
    let what = export(&found, &case);
    let deciding = deciding(what, &found);
    let waits_for = if matches!(what, Export::Between(..)) { waiting_for(&found, &facts) } else { Vec::new() };
    // What cannot be decided says nothing where another test of the rule is met.
    let hangs =
        |ruling: &Ruling<'_>, finding: &Finding<'_>| ruling.low < ruling.high || finding.verdict == Verdict::Met;
    let behind = deciding.iter().flat_map(|ruling| ruling.behind.iter().filter(|(_, finding)| hangs(ruling, finding)));
    let tests = behind.map(|(rule, finding)| BehindRow::of(rule, finding, &facts)).collect();
    // Where a value is missing, no rule decides yet.
    let first = deciding.first().filter(|_| matches!(what, Export::Is(_)));
    let beside = |ruling: &&Ruling<'_>| first.is_some_and(|first| first.rule.id != ruling.rule.id);
    let also = found.iter().filter(beside).filter(|_| matches!(what, Export::Is(_)));
    let (at_least, at_most) = match what {
        Export::Between(low, high) => (Some(name(low)), Some(name(high))),
        _ => (None, None),
    };
    let of_rule = |list: fn(&Rule) -> &Vec<String>| first.map(|ruling| list(ruling.rule).clone()).unwrap_or_default();
    ExportReply {
        outcome: outcome_name(what),
        at_least,
        at_most,
        says: words(what, &deciding, asked, to, &waits_for),
        rule: first.map(|ruling| ruling.rule.id.clone()),
        amends: first.and_then(|ruling| ruling.amended).map(|rule| rule.id.clone()),
        conditions: of_rule(|rule| &rule.conditions),
        end_use: of_rule(|rule| &rule.end_use),
        spared: first.and_then(|ruling| ruling.spared).map(|rule| format!("{}: {}", rule.id, rule.spares.1)),
        waits_for: waits_for.iter().map(|metric| metric.name()).collect(),
        tests,
        also: also.map(|ruling| AlsoRow { rule: ruling.rule.id.clone(), outcome: name(ruling.low) }).collect(),
        otherwise: None,
    }
}

/// The case that the rules are asked about.
fn case<'a>(asked: &'a Asked, to: &'a To, facts: Facts, scopes: &'a [&'static str]) -> Case<'a> {
    Case {
        item: Item { chip: &asked.chip.chip.id, facts, scopes },
        maker: asked.maker.as_ref(),
        to: &to.place,
        headquarters: &to.headquarters,
        day: asked.day,
    }
}

/// The rulings that decide: the strictest one, or all where that is open; none where no rule is asked.
fn deciding<'a, 'b>(what: Export, found: &'b [Ruling<'a>]) -> Vec<&'b Ruling<'a>> {
    match what {
        Export::Is(outcome) => found.iter().filter(|ruling| ruling.low == outcome).take(1).collect(),
        Export::Between(..) => found.iter().collect(),
        Export::NotUs | Export::MakerUnknown => Vec::new(),
    }
}

fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Free => "free",
        Outcome::Denied => "denied",
        other => REVIEWS.iter().find(|(_, known)| *known == other).map_or("", |(name, _)| name),
    }
}

fn outcome_name(what: Export) -> &'static str {
    match what {
        Export::Is(outcome) => name(outcome),
        Export::Between(..) | Export::MakerUnknown => "unclear",
        Export::NotUs => "not a US export",
    }
}

fn in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Free => "no licence by these rules",
        Outcome::Licence => "a licence is needed",
        Outcome::Review => "a licence is needed, decided case by case",
        Outcome::Denied => "a licence is needed, with a presumption of denial",
    }
}

fn words(what: Export, deciding: &[&Ruling<'_>], asked: &Asked, to: &To, waits_for: &[Metric]) -> String {
    let (chip, home) = (&asked.chip.chip, asked.maker.as_ref().map(|place| place.name.as_str()));
    match what {
        Export::NotUs => format!("not a US export: {} is at home in {}", chip.vendor, home.unwrap_or_default()),
        Export::MakerUnknown => format!("unclear: where {} is at home is not known", chip.vendor),
        Export::Is(_) if to.place.id == HOME => "free: no export".into(),
        Export::Is(outcome) => {
            let exception = deciding.iter().any(|ruling| ruling.excepted());
            let unless = if exception { ", unless the exception NAC is used" } else { "" };
            format!("{}: {}{unless}", name(outcome), in_words(outcome))
        }
        Export::Between(low, high) => {
            let missing: Vec<&str> = waits_for.iter().map(|metric| label(*metric)).collect();
            let [low, high] = [low, high].map(name);
            format!("unclear, from {low} to {high}: nobody published its {}", missing.join(", "))
        }
    }
}

/// What the border costs, or what the destination says itself.
pub fn others(asked: &Asked, to: &To, part: Part) -> Vec<OtherReply> {
    let facts = chip_facts(&asked.chip.chip);
    let case = case(asked, to, facts, &asked.scopes);
    // A US duty or share of revenue is for what leaves the US.
    if part == Part::Border && case.maker.is_some_and(|maker| maker.id != HOME) {
        return Vec::new();
    }
    let rules: Vec<&Rule> = asked.rules.iter().map(|found| &found.rule).collect();
    other(part, &rules, &case).into_iter().map(|(rule, finding)| OtherReply::of(rule, &finding, asked)).collect()
}

/// The outcome at each place that stands for its groups.
///
/// # Errors
/// A place that nobody knows.
pub fn examples(asked: &Asked, catalog: &crate::catalog::Catalog) -> Result<Vec<PlaceRow>, Error> {
    let row = |id: &String| {
        let to = To::read(id, None, catalog)?;
        let ExportReply { outcome, says, rule, .. } = export_of(asked, &to);
        Ok(PlaceRow { to: to.place.name, groups: to.place.groups, outcome, says, rule })
    };
    catalog.destinations()?.examples.iter().map(row).collect()
}

/// Whether a rule says anything of the way to a place.
pub fn speaks(asked: &Asked, found: &RuleProfile, to: &To) -> bool {
    reaches(&found.rule, &case(asked, to, Facts::default(), &asked.scopes))
}

impl OtherReply {
    fn of(rule: &Rule, finding: &Finding<'_>, asked: &Asked) -> Self {
        let met = finding.verdict == Verdict::Met;
        let says = if met { finding.test.outcome.clone() } else { format!("unclear: {}", finding.test.outcome) };
        let effect = finding.test.effect.and_then(|effect| EFFECTS.iter().find(|(_, known)| *known == effect));
        Self {
            rule: rule.id.clone(),
            says,
            effect: effect.map(|(name, _)| *name),
            rate: rule.rate.map(|rate| rate.get()),
            verdict: verdict_text(finding.verdict),
            standing: standing_text(rule, asked.day),
            end_use: rule.end_use.clone(),
            conditions: rule.conditions.clone(),
        }
    }
}

impl BehindRow {
    fn of(rule: &Rule, finding: &Finding<'_>, facts: &Facts) -> Self {
        Self {
            rule: rule.id.clone(),
            outcome: finding.test.outcome.clone(),
            verdict: verdict_text(finding.verdict),
            conditions: finding.test.all.iter().map(|condition| ConditionRow::of(condition, facts)).collect(),
        }
    }
}

impl ConditionRow {
    /// A bound, and what the chip has.
    pub fn of(condition: &Condition, facts: &Facts) -> Self {
        let Condition { metric, at_least, above, below, at_most } = *condition;
        Self { metric: metric.name(), at_least, above, below, at_most, value: facts.get(metric) }
    }
}

/// A metric in a few words.
pub fn label(metric: Metric) -> &'static str {
    match metric {
        Metric::Tpp => "TPP",
        Metric::PerformanceDensity => "TPP/mm2",
        Metric::IoBidirectional => "I/O in GB/s",
        Metric::DramBandwidth => "memory in GB/s",
        Metric::DramPlusIo => "memory and I/O in GB/s",
        other => METRICS.iter().find(|(_, known)| *known == other).map_or("", |(name, _)| name),
    }
}
