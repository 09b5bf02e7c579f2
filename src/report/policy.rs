//! Numbers against rules: a chip, and a run.

use serde_json::{Value, json};

use super::json::{head, maybe, number};
use super::view::{Section, View};
use crate::answer::resolve::Answer;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::rule::RuleProfile;
use crate::hardware::accelerator::Accelerator;
use crate::policy::rule::{
    Condition, Finding, Rule, STATUSES, Standing, Status, Subject, Verdict, findings, standing, training_thresholds,
};
use crate::policy::{METRICS, Metric, Pace, chip_facts, chips_to_peak, distance, gpu_hours_to};
use crate::units::date::Date;
use crate::units::{Chips, Flop, Price, show};

/// What the answer is about.
pub struct Asked<'a> {
    /// The chip.
    pub chip: &'a AcceleratorProfile,
    /// Every rule.
    pub rules: &'a [RuleProfile],
    /// The day.
    pub day: Date,
    /// What the chip is sold for: `datacentre` or `other`.
    pub scopes: &'a [&'a str],
    /// The pace for hours to a threshold.
    pub pace: Pace,
    /// The price of an hour, where it is known.
    pub price: Option<Price>,
}

/// Label, unit, remark and metric of what rules on chips look at.
const CHIP_METRICS: [(&str, &str, &str, Metric); 5] = [
    ("total processing performance", "", "dense rate x bits, the largest over formats", Metric::Tpp),
    ("performance density", "TPP/mm2", "of logic die", Metric::PerformanceDensity),
    ("I/O", "GB/s", "all links, both ways", Metric::IoBidirectional),
    ("memory bandwidth", "GB/s", "", Metric::DramBandwidth),
    ("memory and I/O", "GB/s", "", Metric::DramPlusIo),
];

pub(super) const NO_ADVICE: &str = "numbers against the text of rules, with date and source; this is not legal advice";

/// A chip against every rule of a day.
pub fn view(asked: &Asked<'_>) -> View {
    let chip = &asked.chip.chip;
    let mut view = View {
        title: format!("{} against the rules of {}", chip.name, asked.day),
        summary: summary(asked),
        ..View::default()
    };
    view.sections.push(chip_section(chip));
    view.sections.push(rules(asked));
    view.sections.push(thresholds(asked));
    view.note("Read this with", std::iter::once(NO_ADVICE.to_owned()).chain(remarks(asked)).collect());
    view.note("Sources", sources(asked));
    records(asked, &mut view);
    view.json = machine(asked);
    view
}

/// The rules on chips in force, with the outcomes that are met.
fn in_force<'a>(asked: &'a Asked<'_>) -> impl Iterator<Item = (&'a RuleProfile, Vec<Finding<'a>>)> {
    let facts = chip_facts(&asked.chip.chip);
    let of_chips = asked.rules.iter().filter(|found| found.rule.subject == Subject::Chip);
    of_chips
        .filter(|found| standing(&found.rule, asked.day) == Standing::InForce)
        .map(move |found| (found, findings(&found.rule, &facts, asked.scopes)))
}

fn summary(asked: &Asked<'_>) -> String {
    let met = |findings: &[Finding<'_>]| findings.iter().any(|finding| finding.verdict == Verdict::Met);
    let named = |rule: &Rule| rule.chips.contains(&asked.chip.chip.id);
    let hit: Vec<String> = in_force(asked)
        .filter(|(found, findings)| met(findings) || named(&found.rule))
        .map(|(found, _)| found.rule.name.clone())
        .collect();
    if hit.is_empty() {
        return "No rule in force on that day has a test that this chip meets.".into();
    }
    format!("Meets a test of: {}.", hit.join("; "))
}

fn rules(asked: &Asked<'_>) -> Section {
    let facts = chip_facts(&asked.chip.chip);
    let mut section = Section::new("Rules on chips", &["Rule", "On that day", "Says"]);
    section.numeric.clear();
    for found in asked.rules.iter().filter(|found| found.rule.subject == Subject::Chip) {
        let stands = standing(&found.rule, asked.day);
        let says = says(asked, &found.rule, &findings(&found.rule, &facts, asked.scopes));
        let says = if stands == Standing::InForce { says } else { format!("({says})") };
        section.row([found.rule.name.clone(), standing_text(stands), says]);
    }
    section
}

/// What a rule says of the chip, in a few words.
fn says(asked: &Asked<'_>, rule: &Rule, findings: &[Finding<'_>]) -> String {
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

fn standing_text(standing: Standing) -> String {
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

/// Hours and dollars to the training thresholds, and chips to those of clusters.
fn thresholds(asked: &Asked<'_>) -> Section {
    let Pace { peak, mfu, goodput } = asked.pace;
    let columns = ["Threshold", "On that day", "From", "GPU-hours", "Cost"];
    let heading = format!(
        "Thresholds on this chip, at {} of {}, goodput {}",
        show::percent(mfu.get()),
        show::prefixed(peak.get(), "FLOP/s", 4),
        show::percent(goodput.get())
    );
    let mut section = Section::new(heading, &columns);
    section.numeric = vec![2, 3, 4];
    for found in asked.rules {
        for (test, bound) in training_thresholds(&found.rule) {
            let Ok(hours) = gpu_hours_to(Flop::new(bound), &asked.pace) else { continue };
            section.row([
                format!("{}: {}", found.rule.name, test.outcome),
                standing_text(standing(&found.rule, asked.day)),
                format!("{} FLOP", show::number(bound, 3)),
                show::count(hours.gpu_hours(), 3),
                asked.price.map_or_else(|| "not priced".into(), |price| show::usd(hours * price)),
            ]);
        }
        for bound in cluster_bounds(&found.rule) {
            let Ok(chips) = chips_to_peak(bound, peak) else { continue };
            section.row([
                format!("{}: cluster", found.rule.name),
                standing_text(standing(&found.rule, asked.day)),
                format!("{} OP/s", show::number(bound, 3)),
                format!("{} chips", show::chips(Chips::new(chips.get().ceil()))),
                String::new(),
            ]);
        }
    }
    section
}

fn cluster_bounds(rule: &Rule) -> impl Iterator<Item = f64> {
    let conditions = rule.tests.iter().flat_map(|test| &test.all);
    let peaks = conditions.filter(|condition: &&Condition| condition.metric == Metric::ClusterPeak);
    peaks.filter_map(|condition| condition.above.or(condition.at_least))
}

/// Conditions and notes of the rules in force.
fn remarks(asked: &Asked<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (found, findings) in in_force(asked) {
        let met = findings.iter().any(|finding| finding.verdict == Verdict::Met);
        if !met && !found.rule.chips.contains(&asked.chip.chip.id) {
            continue;
        }
        lines.push(format!("{}: {}", found.rule.name, found.rule.summary));
        lines.extend(found.rule.conditions.iter().map(|condition| format!("it also asks: {condition}")));
    }
    lines
}

fn sources(asked: &Asked<'_>) -> Vec<String> {
    let line = |found: &RuleProfile| {
        let source = found.sources.of("test").or_else(|| found.sources.of("*"))?;
        let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
        Some(format!("{}: {} ({}, {}){url}", found.rule.id, source.title, source.as_of, source.kind))
    };
    asked.rules.iter().filter_map(line).collect()
}

fn records(asked: &Asked<'_>, view: &mut View) {
    let facts = chip_facts(&asked.chip.chip);
    view.records.columns =
        ["rule", "jurisdiction", "standing", "test", "scope", "conditions", "outcome", "verdict", "effective", "until"]
            .map(str::to_owned)
            .to_vec();
    for found in asked.rules.iter().filter(|found| found.rule.subject == Subject::Chip) {
        for (index, finding) in findings(&found.rule, &facts, asked.scopes).iter().enumerate() {
            let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
            view.records.rows.push(vec![
                found.rule.id.clone(),
                found.rule.jurisdiction.clone(),
                standing_text(standing(&found.rule, asked.day)),
                (index + 1).to_string(),
                finding.test.scope.clone(),
                conditions_text(&finding.test.all),
                finding.test.outcome.clone(),
                verdict_text(finding.verdict),
                date(found.rule.effective),
                date(found.rule.until),
            ]);
        }
    }
}

/// Conditions as a line of a table: `tpp >= 4800; io_bidirectional_gb_s >= 600`.
fn conditions_text(all: &[Condition]) -> String {
    let bounds = |condition: &Condition| {
        let signs =
            [(">=", condition.at_least), (">", condition.above), ("<", condition.below), ("<=", condition.at_most)];
        let name = condition.metric.name();
        signs.map(|(sign, bound)| bound.map(|bound| format!("{name} {sign} {bound}"))).into_iter().flatten()
    };
    all.iter().flat_map(bounds).collect::<Vec<_>>().join("; ")
}

fn verdict_text(verdict: Verdict) -> String {
    match verdict {
        Verdict::Met => "met".into(),
        Verdict::NotMet => "not met".into(),
        Verdict::Unknown(metric) => format!("depends on {}", metric.name()),
    }
}

fn machine(asked: &Asked<'_>) -> Value {
    let facts = chip_facts(&asked.chip.chip);
    let metrics: serde_json::Map<String, Value> =
        METRICS.iter().take(5).map(|(name, metric)| ((*name).to_owned(), maybe(facts.get(*metric)))).collect();
    let rule = |found: &RuleProfile| {
        let tests = findings(&found.rule, &facts, asked.scopes);
        json!({
            "id": found.rule.id,
            "name": found.rule.name,
            "jurisdiction": found.rule.jurisdiction,
            "standing": standing_text(standing(&found.rule, asked.day)),
            "in_force": standing(&found.rule, asked.day) == Standing::InForce,
            "effective": found.rule.effective.map(|date| date.to_string()),
            "until": found.rule.until.map(|date| date.to_string()),
            "named": found.rule.chips.contains(&asked.chip.chip.id),
            "tests": tests.iter().map(|finding| json!({
                "outcome": finding.test.outcome, "scope": finding.test.scope, "verdict": verdict_text(finding.verdict),
            })).collect::<Vec<_>>(),
            "training_thresholds": training_thresholds(&found.rule).map(|(test, bound)| {
                let hours = gpu_hours_to(Flop::new(bound), &asked.pace).ok();
                json!({
                    "outcome": test.outcome, "flop": number(bound),
                    "gpu_hours": maybe(hours.map(|hours| hours.gpu_hours())),
                    "cost_usd": maybe(hours.zip(asked.price).map(|(hours, price)| (hours * price).get())),
                })
            }).collect::<Vec<_>>(),
        })
    };
    let mut json = head("policy");
    let body = json!({
        "chip": asked.chip.chip.id,
        "as_of": asked.day.to_string(),
        "metrics": metrics,
        "result": short(asked, &metrics),
        "rules": asked.rules.iter().map(rule).collect::<Vec<_>>(),
        "note": NO_ADVICE,
    });
    if let (Some(json), Value::Object(body)) = (json.as_object_mut(), body) {
        json.extend(body);
    }
    json
}

/// The chip's numbers and, for each rule on chips in force, what it says of them.
fn short(asked: &Asked<'_>, metrics: &serde_json::Map<String, Value>) -> Value {
    let said = |(found, findings): (&RuleProfile, Vec<Finding<'_>>)| {
        (found.rule.id.clone(), Value::from(says(asked, &found.rule, &findings)))
    };
    let rules: serde_json::Map<String, Value> = in_force(asked).map(said).collect();
    json!({ "chip": asked.chip.chip.id, "as_of": asked.day.to_string(), "metrics": metrics, "rules": rules })
}

/// Adds how far a run is from every training threshold in force on a day.
pub fn add_distances(view: &mut View, answer: &Answer, rules: &[RuleProfile], day: Date) {
    let estimate = &answer.estimate;
    let (Some(work), Some(pace)) = (estimate.flop, pace(answer)) else { return };
    let price = answer.price.as_ref().map(|price| price.value);
    let columns = ["Threshold", "FLOP", "Reached", "GPU-hours left", "Cost left"];
    let mut section = Section::new(format!("Training-compute rules in force on {day}"), &columns);
    let mut values = Vec::new();
    for found in rules.iter().filter(|found| standing(&found.rule, day) == Standing::InForce) {
        for (test, bound) in training_thresholds(&found.rule).filter(|(test, _)| test.scope.is_empty()) {
            let Ok(far) = distance(work, Flop::new(bound), &pace, price.unwrap_or(Price::ZERO)) else { continue };
            section.row([
                format!("{}: {}", found.rule.jurisdiction, test.outcome),
                show::number(bound, 3),
                show::percent(far.reached),
                left(far.reached, show::count(far.remaining.gpu_hours(), 3)),
                left(far.reached, price.map_or_else(|| "not priced".into(), |_| show::usd(far.remaining_cost))),
            ]);
            values.push(json!({
                "rule": found.rule.id, "outcome": test.outcome, "flop": number(bound), "reached": number(far.reached),
                "gpu_hours_left": number(far.remaining.gpu_hours()),
                "cost_left_usd": maybe(price.map(|_| far.remaining_cost.get())),
            }));
        }
    }
    if section.rows.is_empty() {
        return;
    }
    view.sections.push(section);
    view.note("Rules", vec![NO_ADVICE.to_owned()]);
    if let Some(json) = view.json.as_object_mut() {
        json.insert("training_rules".into(), values.into());
    }
}

/// How fast the chips of an answer work, where it has a chip and an MFU.
pub(super) fn pace(answer: &Answer) -> Option<Pace> {
    answer.chip.as_ref()?;
    Some(Pace { peak: answer.scenario.peak, mfu: answer.estimate.mfu?, goodput: answer.scenario.terms.goodput })
}

/// What is left to a threshold; nothing is left of one that is reached.
fn left(reached: f64, text: String) -> String {
    if reached >= 1.0 { "reached".into() } else { text }
}

/// What hours cost at an answer's price, where it has one.
pub(super) fn money_left(answer: &Answer, hours: Option<crate::units::ChipSeconds>) -> Option<f64> {
    Some((hours? * answer.price.as_ref()?.value).get())
}

/// The numbers of a chip that export rules look at.
pub fn chip_section(chip: &Accelerator) -> Section {
    let facts = chip_facts(chip);
    let mut section = Section::facts("As export rules count it");
    for (label, unit, about, metric) in CHIP_METRICS {
        let value = match facts.get(metric) {
            Some(value) => format!("{} {unit}", show::number(value, 5)).trim_end().to_owned(),
            None => "not known".into(),
        };
        section.fact(label, value, about);
    }
    section
}
