//! Numbers against rules: a chip, and a run.

use super::policy_to;
use super::view::{Records, Section, Shown, View};
use crate::answer::thresholds::NO_ADVICE;
use crate::ask::policy::PolicyReply;
use crate::catalog::rule::RuleProfile;
use crate::hardware::accelerator::Accelerator;
use crate::policy::rule::{Condition, Rule, Status, Subject, Verdict, findings, training_thresholds};
use crate::policy::{Metric, Pace, chip_facts, chips_to_peak, gpu_hours_to};
use crate::ruling::rows::{BillRow, RuleRow};
use crate::ruling::{Asked, in_force, says, standing_text};
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

/// A chip against the rules of a day, on its way to a destination where one is named; with every numeric test on demand.
pub fn view(reply: &PolicyReply, tests: bool) -> View {
    let asked = &reply.made_from;
    let chip = &asked.chip.chip;
    let to = asked.to.as_ref().map(|to| format!(" to {}", to.place.name)).unwrap_or_default();
    let mut view = View {
        title: format!("{}{to} under the rules of {}", chip.name, asked.day),
        summary: policy_to::summary(reply),
        ..View::with_reply(reply)
    };
    view.sections.extend(policy_to::sections(reply));
    if asked.to.is_none() {
        view.sections.push(chip_section(chip));
        view.sections.push(rules(reply));
    }
    view.sections.extend(tests.then(|| every_test(asked)));
    if asked.to.is_none() {
        view.sections.extend(thresholds(asked));
    }
    view.note_on("bills", "Bills (none of them counts)", bills(&reply.bills));
    view.note_on("notes", "Read this with", std::iter::once(NO_ADVICE.to_owned()).chain(remarks(reply)).collect());
    view.note_on("sources", "Sources", sources(reply));
    view.records = records(asked);
    view
}

/// The rules on chips, with what each says of this one.
fn rules(reply: &PolicyReply) -> Section {
    let mut section = Section::new("Rules on chips", &["Rule", "On that day", "Says"]).on("rules");
    section.numeric.clear();
    let asked = &reply.made_from;
    for (row, found) in shown(reply).filter(|(_, found)| found.rule.subject == Subject::Chip) {
        let says = says(asked, &found.rule, &findings(&found.rule, &asked.item()));
        let says = if row.in_force { says } else { format!("({says})") };
        section.row([row.name.clone(), row.standing.clone(), says]);
    }
    section
}

/// The rules that people see, each with its row: with a destination, those that say something on the way there.
fn shown(reply: &PolicyReply) -> impl Iterator<Item = (&RuleRow, &RuleProfile)> {
    let all = reply.made_from.rules.iter().filter(|found| found.rule.status != Status::Bill);
    let deciding = policy_to::deciding(reply);
    let says = move |row: &RuleRow| row.reaches.is_none() || deciding.contains(&row.id.as_str());
    reply.rules.iter().zip(all).filter(move |(row, _)| says(row))
}

/// Every numeric test of the rules on chips, beside what the chip has.
fn every_test(asked: &Asked) -> Section {
    let mut section = Section::new("Every numeric test", &["Rule", "Asks", "Chip", "Verdict"]).shown(Shown::Asked);
    section.numeric.clear();
    let item = asked.item();
    for found in asked.rules.iter().filter(|found| found.rule.subject == Subject::Chip) {
        for finding in findings(&found.rule, &item).iter().filter(|finding| !finding.test.all.is_empty()) {
            let asks = finding.test.all.iter().map(policy_to::bounds).collect::<Vec<_>>().join("; ");
            let value = |condition: &Condition| {
                let value = item.facts.get(condition.metric);
                value.map_or_else(|| "not known".into(), |value| show::number(value, 5))
            };
            let has = finding.test.all.iter().map(value).collect::<Vec<_>>().join("; ");
            section.row([found.rule.id.clone(), asks, has, asked.verdict(&found.rule, finding)]);
        }
    }
    section
}

/// Bills, which decide nothing.
fn bills(bills: &[BillRow]) -> Vec<String> {
    bills.iter().map(|bill| format!("{} ({}): {}", bill.name, bill.standing, bill.summary)).collect()
}

/// Hours and dollars to the training thresholds, and chips to those of clusters.
fn thresholds(asked: &Asked) -> Option<Section> {
    let pace = asked.pace?;
    let Pace { peak, mfu, goodput } = pace;
    let columns = ["Threshold", "On that day", "From", "GPU-hours", "Cost"];
    let heading = format!(
        "Thresholds on this chip, at {} of {}, goodput {}",
        show::percent(mfu.get()),
        show::prefixed(peak.get(), "FLOP/s", 4),
        show::percent(goodput.get())
    );
    let mut section = Section::new(heading, &columns);
    section.numeric = vec![2, 3, 4];
    for found in &asked.rules {
        for (test, bound) in training_thresholds(&found.rule) {
            let Ok(hours) = gpu_hours_to(Flop::new(bound), &pace) else { continue };
            section.row([
                format!("{}: {}", found.rule.name, test.outcome),
                standing_text(&found.rule, asked.day),
                format!("{} FLOP", show::number(bound, 3)),
                show::count(hours.gpu_hours(), 3),
                asked.price.map_or_else(|| "not priced".into(), |price| show::usd(hours * price)),
            ]);
        }
        for bound in cluster_bounds(&found.rule) {
            let Ok(chips) = chips_to_peak(bound, peak) else { continue };
            section.row([
                format!("{}: cluster", found.rule.name),
                standing_text(&found.rule, asked.day),
                format!("{} OP/s", show::number(bound, 3)),
                show::counted(show::chips(Chips::new(chips.get().ceil())), "chip"),
                String::new(),
            ]);
        }
    }
    Some(section)
}

fn cluster_bounds(rule: &Rule) -> impl Iterator<Item = f64> {
    let conditions = rule.tests.iter().flat_map(|test| &test.all);
    let peaks = conditions.filter(|condition: &&Condition| condition.metric == Metric::ClusterPeak);
    peaks.filter_map(|condition| condition.above.or(condition.at_least))
}

/// What the rules say whose tests the chip meets, and what they ask beside their numbers: those that decide, where a
/// destination is named.
fn remarks(reply: &PolicyReply) -> Vec<String> {
    let asked = &reply.made_from;
    let decides = policy_to::deciding(reply);
    let mut lines = Vec::new();
    for (found, findings) in in_force(asked) {
        let rule = &found.rule;
        let met = findings.iter().any(|finding| finding.verdict == Verdict::Met);
        let beside = asked.beside(rule).is_some() && !decides.contains(&rule.id.as_str());
        if !met || beside || (asked.to.is_some() && !decides.contains(&rule.id.as_str())) {
            continue;
        }
        lines.push(format!("{}: {}", rule.name, rule.summary));
        let more = |what: &str, list: &[String]| (!list.is_empty()).then(|| format!("{what}: {}", list.join("; ")));
        lines.extend(more("it also asks", &rule.conditions));
        lines.extend(more("it is for", &rule.end_use));
    }
    lines.extend(policy_to::remarks(reply));
    lines
}

fn sources(reply: &PolicyReply) -> Vec<String> {
    let line = |(_, found): (&RuleRow, &RuleProfile)| {
        let source = found.sources.of("test").or_else(|| found.sources.of("*"))?;
        let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
        Some(format!("{}: {} ({}, {}){url}", found.rule.id, source.title, source.as_of, source.kind))
    };
    let on_chips = |found: &RuleProfile| reply.made_from.to.is_none() || found.rule.subject == Subject::Chip;
    shown(reply).filter(|(_, found)| on_chips(found)).filter_map(line).collect()
}

fn records(asked: &Asked) -> Records {
    let columns =
        ["rule", "jurisdiction", "standing", "test", "scope", "conditions", "outcome", "verdict", "effective", "until"]
            .map(str::to_owned)
            .to_vec();
    let mut rows = Vec::new();
    for found in asked.rules.iter().filter(|found| found.rule.subject == Subject::Chip) {
        for (index, finding) in findings(&found.rule, &asked.item()).iter().enumerate() {
            let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
            rows.push(vec![
                found.rule.id.clone(),
                found.rule.jurisdiction.clone(),
                standing_text(&found.rule, asked.day),
                (index + 1).to_string(),
                finding.test.scope.clone(),
                conditions_text(&finding.test.all),
                finding.test.outcome.clone(),
                asked.verdict(&found.rule, finding),
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
        let name = condition.metric.name();
        policy_to::signs(condition)
            .map(|(sign, bound)| bound.map(|bound| format!("{name} {sign} {bound}")))
            .into_iter()
            .flatten()
    };
    all.iter().flat_map(bounds).collect::<Vec<_>>().join("; ")
}

/// The numbers of a chip that export rules look at.
pub fn chip_section(chip: &Accelerator) -> Section {
    let facts = chip_facts(chip);
    let mut section = Section::facts("As export rules count it");
    for (name, unit, about, metric) in CHIP_METRICS {
        let value = match facts.get(metric) {
            Some(value) => format!("{} {unit}", show::number(value, 5)).trim_end().to_owned(),
            None => "not known".into(),
        };
        section.fact(name, value, about);
    }
    section
}
