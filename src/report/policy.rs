//! Numbers against rules: a chip, and a run.

use super::view::{Records, Section, View};
use crate::answer::thresholds::NO_ADVICE;
use crate::ask::policy::{Asked, PolicyReply, in_force, says, standing_text, verdict_text};
use crate::catalog::rule::RuleProfile;
use crate::hardware::accelerator::Accelerator;
use crate::policy::rule::{
    Condition, Finding, Rule, Standing, Subject, Verdict, findings, standing, training_thresholds,
};
use crate::policy::{Metric, Pace, chip_facts, chips_to_peak, gpu_hours_to};
use crate::units::date::Date;
use crate::units::{Chips, Flop, show};

/// Label, unit, remark and metric of what rules on chips look at.
const CHIP_METRICS: [(&str, &str, &str, Metric); 5] = [
    ("total processing performance", "", "dense rate x bits, the largest over formats", Metric::Tpp),
    ("performance density", "TPP/mm2", "of logic die", Metric::PerformanceDensity),
    ("I/O", "GB/s", "all links, both ways", Metric::IoBidirectional),
    ("memory bandwidth", "GB/s", "", Metric::DramBandwidth),
    ("memory and I/O", "GB/s", "", Metric::DramPlusIo),
];

/// A chip against every rule of a day.
pub fn view(reply: &PolicyReply) -> View {
    let asked = &reply.made_from;
    let chip = &asked.chip.chip;
    let mut view = View {
        title: format!("{} against the rules of {}", chip.name, asked.day),
        summary: summary(asked),
        ..View::with_reply(reply)
    };
    view.sections.push(chip_section(chip));
    view.sections.push(rules(asked));
    view.sections.push(thresholds(asked));
    view.note("Read this with", std::iter::once(NO_ADVICE.to_owned()).chain(remarks(asked)).collect());
    view.note("Sources", sources(asked));
    view.records = records(asked);
    view
}

fn summary(asked: &Asked) -> String {
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

fn rules(asked: &Asked) -> Section {
    let facts = chip_facts(&asked.chip.chip);
    let mut section = Section::new("Rules on chips", &["Rule", "On that day", "Says"]);
    section.numeric.clear();
    for found in asked.rules.iter().filter(|found| found.rule.subject == Subject::Chip) {
        let stands = standing(&found.rule, asked.day);
        let says = says(asked, &found.rule, &findings(&found.rule, &facts, &asked.scopes));
        let says = if stands == Standing::InForce { says } else { format!("({says})") };
        section.row([found.rule.name.clone(), standing_text(stands), says]);
    }
    section
}

/// Hours and dollars to the training thresholds, and chips to those of clusters.
fn thresholds(asked: &Asked) -> Section {
    let Pace { peak, mfu, goodput } = asked.pace;
    let columns = ["Threshold", "On that day", "From", "GPU-hours", "Cost"];
    let known = format!(
        "Thresholds on this chip, at {} of {}, goodput {}",
        show::percent(mfu.get()),
        show::prefixed(peak.get(), "FLOP/s", 4),
        show::percent(goodput.get())
    );
    let unknown = "Thresholds on this chip: no hours, since its 16-bit peak is not known".to_owned();
    let mut section = Section::new(if asked.chip.chip.has_16_bit() { known } else { unknown }, &columns);
    section.numeric = vec![2, 3, 4];
    for found in &asked.rules {
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
                show::counted(show::chips(Chips::new(chips.get().ceil())), "chip"),
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
fn remarks(asked: &Asked) -> Vec<String> {
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

fn sources(asked: &Asked) -> Vec<String> {
    let line = |found: &RuleProfile| {
        let source = found.sources.of("test").or_else(|| found.sources.of("*"))?;
        let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
        Some(format!("{}: {} ({}, {}){url}", found.rule.id, source.title, source.as_of, source.kind))
    };
    asked.rules.iter().filter_map(line).collect()
}

fn records(asked: &Asked) -> Records {
    let facts = chip_facts(&asked.chip.chip);
    let columns =
        ["rule", "jurisdiction", "standing", "test", "scope", "conditions", "outcome", "verdict", "effective", "until"]
            .map(str::to_owned)
            .to_vec();
    let mut rows = Vec::new();
    for found in asked.rules.iter().filter(|found| found.rule.subject == Subject::Chip) {
        for (index, finding) in findings(&found.rule, &facts, &asked.scopes).iter().enumerate() {
            let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
            rows.push(vec![
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
    Records { columns, rows }
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
