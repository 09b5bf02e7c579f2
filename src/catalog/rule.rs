//! `profiles/rules/`: TOML to [`Rule`].

use super::read::{Reader, Sources};
use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::policy::rule::{Condition, Rule, STATUSES, SUBJECTS, Status, Test};
use crate::policy::{METRICS, Metric};
use crate::units::date::Date;

/// A rule with the sources of its values.
#[derive(Debug, Clone)]
pub struct RuleProfile {
    /// The rule.
    pub rule: Rule,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// Where each value came from.
    pub sources: Sources,
    /// The file, or the built-in profile's name.
    pub file: String,
}

impl Catalog {
    /// The rule of this name.
    ///
    /// # Errors
    /// An unknown name, or a profile that does not hold what it should.
    pub fn rule(&self, name: &str) -> Result<RuleProfile, Error> {
        rule(&self.find(Kind::Rules, name)?)
    }

    /// Every rule, by first day, then by name; those without a first day stand last.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn rules(&self) -> Result<Vec<RuleProfile>, Error> {
        self.rules_where(|_| true)
    }

    /// The rules on training compute that have not ended; the others are not even parsed, for an estimate has no
    /// time to read all.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn training_rules(&self) -> Result<Vec<RuleProfile>, Error> {
        let over = STATUSES.map(|(name, status)| {
            let ended = !matches!(status, Status::InForce | Status::Pending);
            (ended, format!("\nstatus = \"{name}\"\n"))
        });
        self.rules_where(|text| {
            text.contains(Metric::TrainingFlop.name())
                && !over.iter().any(|(ended, line)| *ended && text.contains(line))
        })
    }

    /// The rules whose text passes.
    fn rules_where(&self, passes: impl Fn(&str) -> bool) -> Result<Vec<RuleProfile>, Error> {
        let ids = self.ids(Kind::Rules);
        let found = ids.iter().map(|id| self.find(Kind::Rules, id));
        let passing = found.filter(|found| found.as_ref().map_or(true, |found| passes(&found.document.text)));
        let mut rules = passing.map(|found| rule(&found?)).collect::<Result<Vec<_>, _>>()?;
        rules.sort_by_key(|found| (found.rule.effective.is_none(), found.rule.effective, found.rule.id.clone()));
        Ok(rules)
    }
}

/// The day up to which the rules are known: the latest date that any of their sources speaks of.
pub fn known_until(rules: &[RuleProfile]) -> Option<Date> {
    let sources = rules.iter().flat_map(|found| found.sources.0.iter());
    sources.filter_map(|(_, source)| source.as_of.parse().ok()).max()
}

/// Reads one rule.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn rule(found: &Found) -> Result<RuleProfile, Error> {
    found.document.read(|r| {
        let (aliases, sources) = (r.texts("aliases"), r.sources());
        let rule = read(r, &found.id);
        r.require_sources(&sources, &[]);
        Some(RuleProfile { rule: rule?, aliases, sources, file: found.document.file.clone() })
    })
}

fn read(r: &Reader<'_>, id: &str) -> Option<Rule> {
    let name = r.need("name", r.text("name"));
    let subject = r.need("kind", r.choice("kind", &SUBJECTS));
    let jurisdiction = r.need("jurisdiction", r.text("jurisdiction"));
    let status = r.need("status", r.choice("status", &STATUSES));
    let (effective, until) = (r.day("effective"), r.day("until"));
    r.day("decided");
    if let (Some(first), Some(end)) = (effective, until)
        && end <= first
    {
        r.fail("until", Error::bad_input(format!("the rule ends on {end}, before it starts on {first}")));
    }
    let summary = r.need("summary", r.text("summary"));
    Some(Rule {
        id: id.to_owned(),
        name: name?,
        subject: subject?,
        jurisdiction: jurisdiction?,
        status: status?,
        binding: r.flag("binding").unwrap_or(true),
        effective,
        until,
        destinations: r.text("destinations").unwrap_or_default(),
        summary: summary?,
        notes: r.text("notes").unwrap_or_default(),
        chips: r.texts("chips"),
        conditions: r.texts("conditions"),
        figures: figures(r),
        tests: r.tables("test", test),
    })
}

/// Figures of a rule that are no tests, as they are written.
fn figures(r: &Reader<'_>) -> Vec<(&'static str, String)> {
    let names = ["country_cap_tpp", "consignee_year_cap_tpp", "china_tpp_share", "tariff"];
    names.into_iter().filter_map(|name| Some((name, r.value(name)?.as_text()?.to_owned()))).collect()
}

fn test(r: &Reader<'_>) -> Option<Test> {
    let outcome = r.need("outcome", r.text("outcome"));
    let all = r.tables("all", condition);
    if all.is_empty() {
        r.fail(
            "all",
            Error::bad_input("a test needs at least one condition")
                .with_hint("all = [{ metric = \"tpp\", at_least = 4800 }]"),
        );
    }
    let (scope, note) = (r.text("scope").unwrap_or_default(), r.text("note").unwrap_or_default());
    Some(Test { outcome: outcome?, scope, all, note })
}

fn condition(r: &Reader<'_>) -> Option<Condition> {
    let metric = r.need("metric", r.choice("metric", &METRICS));
    let condition = Condition {
        metric: metric?,
        at_least: r.number("at_least"),
        above: r.number("above"),
        below: r.number("below"),
        at_most: r.number("at_most"),
    };
    let bounds = [condition.at_least, condition.above, condition.below, condition.at_most];
    if bounds.iter().all(Option::is_none) {
        r.fail("metric", Error::bad_input("a condition needs a bound: at_least, above, below or at_most"));
    }
    Some(condition)
}
