//! `profiles/rules/`: TOML to [`Rule`].

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::policy::outcome::{EFFECTS, PARTS, Part, REVIEWS, Reach};
use crate::policy::rule::{Condition, Rule, STATUSES, SUBJECTS, Status, Subject, Test};
use crate::policy::{METRICS, Metric};
use crate::read::{Reader, Sources};
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
            let ended = !matches!(status, Status::InForce | Status::Pending | Status::Guidance | Status::Reported);
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
    let introduced = r.day("introduced");
    r.day("decided");
    if let (Some(first), Some(end)) = (effective.or(introduced), until)
        && end <= first
    {
        r.fail("until", Error::bad_input(format!("the rule ends on {end}, before it starts on {first}")));
    }
    let part = r.choice("part", &PARTS);
    if part.is_none() && subject == Some(Subject::Chip) {
        r.need("part", part);
    }
    let export = part == Some(Part::Export);
    let tests = r.tables("test", |inner| test(inner, export));
    let summary = r.need("summary", r.text("summary"));
    Some(Rule {
        id: id.to_owned(),
        name: name?,
        subject: subject?,
        jurisdiction: jurisdiction?,
        status: status?,
        part: part.unwrap_or(Part::Reading),
        effective,
        compliance: r.day("compliance"),
        until,
        introduced,
        reach: r.tables("reach", reach),
        foreign: r.flag("foreign").unwrap_or(false),
        amends: r.text("amends"),
        spares: r.table("spares", spares).unwrap_or_default(),
        rate: r.quantity("rate"),
        summary: summary?,
        notes: r.text("notes").unwrap_or_default(),
        conditions: r.texts("conditions"),
        end_use: r.texts("end_use"),
        figures: figures(r),
        tests,
    })
}

/// Where goods must go: places and country groups by name.
fn reach(r: &Reader<'_>) -> Option<Reach> {
    let to = r.texts("to");
    if to.is_empty() {
        r.fail(
            "to",
            Error::bad_input("a reach needs a place or a country group").with_hint("to = [\"D:5\", \"macau\"]"),
        );
    }
    let (except, headquarters) = (r.texts("except"), r.flag("headquarters").unwrap_or(false));
    Some(Reach { to, except, headquarters, review: r.choice("review", &REVIEWS) })
}

/// Chips that a rule does not help, and why.
fn spares(r: &Reader<'_>) -> Option<(Vec<String>, String)> {
    let why = r.need("why", r.text("why"));
    Some((r.texts("chips"), why?))
}

/// Figures of a rule that are no tests, as they are written.
fn figures(r: &Reader<'_>) -> Vec<(&'static str, String)> {
    let names = ["country_cap_tpp", "consignee_year_cap_tpp", "china_tpp_share"];
    names.into_iter().filter_map(|name| Some((name, r.value(name)?.as_text()?.to_owned()))).collect()
}

/// A test; one of an export rule says what follows in a word that a machine knows.
fn test(r: &Reader<'_>, export: bool) -> Option<Test> {
    let outcome = r.need("outcome", r.text("outcome"));
    let (all, chips) = (r.tables("all", condition), r.texts("chips"));
    if all.is_empty() && chips.is_empty() && r.flag("everything") != Some(true) {
        r.fail(
            "all",
            Error::bad_input("a test needs at least one condition, chips that it names, or everything = true")
                .with_hint("all = [{ metric = \"tpp\", at_least = 4800 }]"),
        );
    }
    let effect = r.choice("effect", &EFFECTS);
    if export && effect.is_none() {
        r.need("effect", effect);
    }
    let (scope, note) = (r.text("scope").unwrap_or_default(), r.text("note").unwrap_or_default());
    Some(Test { outcome: outcome?, effect, scope, chips, all, note })
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
