//! A chip on its way to a destination: the export, the border, the destination's own rule.

use super::view::Section;
use crate::ask::policy::PolicyReply;
use crate::policy::METRICS;
use crate::policy::rule::Condition;
use crate::ruling::rows::RuleRow;
use crate::ruling::to::{BehindRow, ConditionRow, ExportReply, OtherReply, label};
use crate::units::show;

/// The three things about a destination in as many sentences.
pub fn summary(reply: &PolicyReply) -> String {
    let Some((export, name)) = reply.result.export.as_ref().zip(destination(reply)) else {
        let first = reply.made_from.examples.first();
        let first = first.map(|row| format!("Export to {}: {}. ", row.to, row.says)).unwrap_or_default();
        return format!("{first}Name a destination with --to.");
    };
    let border = first_of(reply.result.border.as_deref(), "no cost known");
    let own = first_of(reply.result.own_rules.as_deref(), "none known");
    format!("Export: {}. Border: {border}. {name}'s own rule: {own}.", export.says)
}

fn destination(reply: &PolicyReply) -> Option<&str> {
    reply.made_from.to.as_ref().map(|to| to.place.name.as_str())
}

fn first_of(found: Option<&[OtherReply]>, none: &str) -> String {
    match found.unwrap_or_default() {
        [] => none.to_owned(),
        [one] => one.says.clone(),
        [one, others @ ..] => format!("{}, and {} more", one.says, others.len()),
    }
}

/// The answer with its rules, and the numbers behind it; several places where none is named.
pub fn sections(reply: &PolicyReply) -> Vec<Section> {
    let Some((export, name)) = reply.result.export.as_ref().zip(destination(reply)) else {
        return vec![examples(reply)];
    };
    let mut answer = Section::new(format!("On the way to {name}"), &["", "Answer", "By"]);
    answer.numeric.clear();
    answer.row(["export".into(), export.says.clone(), decided_by(reply, export)]);
    if let Some(why) = &export.spared {
        answer.row(["".into(), format!("not helped: {why}"), String::new()]);
    }
    for also in &export.also {
        answer.row(["".into(), format!("also {}", also.outcome), by_rule(reply, &also.rule)]);
    }
    if let Some(other) = &export.otherwise {
        let market = if other.market == "other" { "not sold for datacentres" } else { "sold for datacentres" };
        let by = other.rule.as_deref().map(|id| by_rule(reply, id)).unwrap_or_default();
        answer.row(["".into(), format!("if {market}: {}", other.outcome), by]);
    }
    let costs = reply.result.border.as_deref().unwrap_or_default();
    lines(&mut answer, reply, "border", costs, "no cost known");
    let own = reply.result.own_rules.as_deref().unwrap_or_default();
    lines(&mut answer, reply, "its own rule", own, "none known");
    let mut sections = vec![answer];
    sections.extend(behind(&export.tests));
    sections
}

fn lines(section: &mut Section, reply: &PolicyReply, what: &str, found: &[OtherReply], none: &str) {
    if found.is_empty() {
        section.row([what.into(), none.into(), String::new()]);
    }
    for (index, line) in found.iter().enumerate() {
        let what = if index == 0 { what } else { "" };
        section.row([what.into(), line.says.clone(), by_rule(reply, &line.rule)]);
    }
}

/// The rule that decides, or that none does.
fn decided_by(reply: &PolicyReply, export: &ExportReply) -> String {
    match &export.rule {
        Some(id) => by_rule(reply, id),
        None => match export.outcome {
            "free" => "no rule in force reaches it".into(),
            "unclear" if !export.waits_for.is_empty() => "the tests below, by what is not known".into(),
            _ => String::new(),
        },
    }
}

/// A rule by name, with its status and its first day.
fn by_rule(reply: &PolicyReply, id: &str) -> String {
    let Some(row) = reply.rules.iter().find(|row| row.id == id) else { return id.to_owned() };
    let since = row.effective.as_deref().map(|day| format!(" since {day}")).unwrap_or_default();
    format!("{} ({}{since})", row.name, row.standing)
}

/// The tests that decide, beside the chip's values.
fn behind(tests: &[BehindRow]) -> Option<Section> {
    let mut section = Section::new("What decides the export", &["Rule", "Asks", "Chip", "Then"]).on("why");
    section.numeric.clear();
    let again = |index: usize, test: &BehindRow| {
        let before = tests.iter().take(index);
        test.verdict == "met" && before.into_iter().any(|one| one.rule == test.rule && one.verdict == "met")
    };
    for (_, test) in tests.iter().enumerate().filter(|(index, test)| !again(*index, test)) {
        let asks = test.conditions.iter().map(row_bounds).collect::<Vec<_>>().join("; ");
        let has =
            test.conditions.iter().map(|row| row.value.map_or("not known".into(), |value| show::number(value, 5)));
        let has = has.collect::<Vec<_>>().join("; ");
        let asks = if asks.is_empty() { "its name".into() } else { asks };
        section.row([test.rule.clone(), asks, has, test.outcome.clone()]);
    }
    (!section.rows.is_empty()).then_some(section)
}

fn examples(reply: &PolicyReply) -> Section {
    let mut section = Section::new("Export, by destination (--to names one)", &["To", "In", "Export", "By"]);
    section.numeric.clear();
    for row in &reply.made_from.examples {
        let groups = if row.groups.is_empty() { "no group".into() } else { row.groups.join(", ") };
        let by = row.rule.as_deref().map(|id| by_rule(reply, id)).unwrap_or_default();
        section.row([row.to.clone(), groups, row.outcome.into(), by]);
    }
    section
}

/// The rules that say something on the way to the destination.
pub fn deciding(reply: &PolicyReply) -> Vec<&str> {
    let result = &reply.result;
    let tests = result.export.iter().flat_map(|export| export.tests.iter().map(|test| test.rule.as_str()));
    let also = result.export.iter().flat_map(|export| export.also.iter().map(|also| also.rule.as_str()));
    let spared = result.export.iter().filter(|export| export.spared.is_some());
    let spared = spared.flat_map(|_| reply.made_from.rules.iter()).filter(|found| found.rule.amends.is_some());
    let others = result.border.iter().chain(&result.own_rules).flatten().map(|line| line.rule.as_str());
    let says = |row: &&RuleRow| row.tests.iter().any(|test| test.verdict == "met");
    let reading =
        reply.rules.iter().filter(|row| row.part == Some("reading") && row.reaches == Some(true)).filter(says);
    tests
        .chain(also)
        .chain(spared.map(|found| found.rule.id.as_str()))
        .chain(others)
        .chain(reading.map(|row| row.id.as_str()))
        .collect()
}

/// What is taken for granted on the way to the destination.
pub fn remarks(reply: &PolicyReply) -> Vec<String> {
    let Some(to) = &reply.made_from.to else { return Vec::new() };
    let buyer = match to.headquarters.id == to.place.id {
        true => format!("the buyer is taken to have its headquarters in {}: --headquarters", to.place.name),
        false => format!("the buyer has its headquarters in {}", to.headquarters.name),
    };
    vec![buyer, "the Entity List, sanctions and military end use are not looked at".into()]
}

/// The bounds of a condition, each with its sign.
pub fn signs(condition: &Condition) -> [(&'static str, Option<f64>); 4] {
    [(">=", condition.at_least), (">", condition.above), ("<", condition.below), ("<=", condition.at_most)]
}

/// A condition as people read it: `TPP >= 4,800`.
pub fn bounds(condition: &Condition) -> String {
    bounds_of(label(condition.metric), signs(condition))
}

fn row_bounds(row: &ConditionRow) -> String {
    let metric = METRICS.iter().find(|(name, _)| *name == row.metric).map_or(row.metric, |(_, metric)| label(*metric));
    bounds_of(metric, [(">=", row.at_least), (">", row.above), ("<", row.below), ("<=", row.at_most)])
}

fn bounds_of(name: &str, signs: [(&str, Option<f64>); 4]) -> String {
    let bounds = signs.iter().filter_map(|(sign, bound)| Some(format!("{sign} {}", show::number((*bound)?, 5))));
    format!("{name} {}", bounds.collect::<Vec<_>>().join(", "))
}
