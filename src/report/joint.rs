//! The planner's answer for people: yes or no, how surely, what would have to change.

use super::view::{Section, Shown, View};
use crate::ask::estimate::places::PlaceRow;
use crate::planner::levers::ChangeRow;
use crate::planner::reply::{JointReply, Levels, Share};
use crate::units::{Seconds, Usd, show};

/// Changes that are shown; the machine formats have all.
const CHANGES: usize = 4;
/// Those on the first screen.
const SHORT_CHANGES: usize = 3;

/// Which of several places an answer is for, and that the chip may not go there.
fn in_place(places: &[PlaceRow]) -> String {
    let Some(best) = places.first() else { return String::new() };
    match best.export_outcome {
        Some("denied") => format!(", in {}, where the export of the chip is denied", best.region),
        _ => format!(", in {}", best.region),
    }
}

/// The answer in a sentence; of several places the first is the one that it is for.
pub fn summary(joint: &JointReply, places: &[PlaceRow]) -> String {
    let days = |days: f64| show::duration(Seconds::from_days(days));
    let by = joint.due_days.map(|due| match (&joint.due, joint.start.as_ref()) {
        (Some(date), Some(_)) => format!("done by {date} ({})", days(due)),
        _ => format!("done within {}", days(due)),
    });
    let of = match joint.budget_of {
        "final-run" => " for the run",
        "programme" => " for the run and the work around it",
        _ => "",
    };
    let money = joint.budget_usd.map(|money| format!("within {}{of}", show::usd(Usd::new(money))));
    let limits: Vec<String> = by.into_iter().chain(money).collect();
    let (Some(holds), Some(both)) = (joint.holds, joint.both) else {
        let [low, middle, high] =
            [joint.days.p10, joint.days.p50, joint.days.p90].map(|at| at.map_or("never".into(), days));
        return format!("Done {middle} after the start, {low} to {high} (p10 to p90).");
    };
    let binding = match (holds, joint.binding.filter(|_| joint.due_days.is_some() && joint.budget_usd.is_some())) {
        (false, Some("date and budget")) => "; date and budget bind alike".to_owned(),
        (false, Some(binding)) => format!("; the {binding} binds"),
        _ => String::new(),
    };
    let verdict = if holds { "Yes" } else { "No" }.to_owned() + &in_place(places);
    if !joint.uncertain {
        let not = if holds { "is" } else { "is not" };
        return format!("{verdict}: no value is a range, and the run {not} {}{binding}.", limits.join(" and "));
    }
    format!(
        "{verdict}: {} of the draws are {}, and {} is asked{binding}.",
        share(both.probability),
        limits.join(" and "),
        show::percent(joint.confidence),
    )
}

/// A share of the draws; one that few draws make is not told to its digits.
fn share(share: f64) -> String {
    match share {
        few if few > 0.0 && few < 1e-3 => "under 0.1 %".to_owned(),
        most if most < 1.0 && most > 0.999 => "over 99.9 %".to_owned(),
        share => show::percent(share),
    }
}

/// The places that were asked about.
pub fn places(view: &mut View, rows: &[PlaceRow]) {
    if rows.is_empty() {
        return;
    }
    let mut short = Section::new("", &["place", "kept", "cost p50", "rent", "power", "export"]).shown(Shown::Brief);
    short.numeric = vec![1, 2, 3, 4];
    for row in rows {
        let share = row.both.map_or_else(String::new, share);
        let cost = row.cost_usd_p50.map_or_else(String::new, |cost| show::money(Usd::new(cost), 3));
        let power = row.electricity_usd_per_kwh.map_or_else(String::new, |price| format!("${price:.3}/kWh"));
        let rules = row
            .own_rules
            .first()
            .map_or_else(String::new, |_| format!(", {}", show::counted(row.own_rules.len() as u64, "own rule")));
        let export = row.export_outcome.unwrap_or("no rule").to_owned() + &rules;
        short.rows.push(vec![row.region.clone(), share, cost, row.rent(), power, export]);
    }
    view.sections.push(short);
    let mut section = Section::new("Places", &["", "kept", "cost p50", "rent", "power", "border", "export"]);
    section.numeric = vec![1, 2, 3, 4];
    let mut section = section.on("places");
    for row in rows {
        let share = row.both.map_or_else(String::new, share);
        let cost = row.cost_usd_p50.map_or_else(String::new, |cost| show::money(Usd::new(cost), 3));
        let power = row.electricity_usd_per_kwh.map_or_else(String::new, |price| format!("${price:.3}/kWh"));
        let border = if row.border.is_empty() { "none known".to_owned() } else { row.border.join("; ") };
        let rules = row.own_rules.first().map_or_else(String::new, |_| format!("; {} of its own", row.own_rules.len()));
        let export = row.export.clone().unwrap_or_else(|| "no rule".into()) + &rules;
        section.rows.push(vec![row.region.clone(), share, cost, row.rent(), power, border, export]);
    }
    view.sections.push(section);
    let mut lines = Vec::new();
    for row in rows {
        let say =
            |what: &str, from: &Option<String>| from.as_ref().map(|from| format!("{}: {what}: {from}", row.region));
        lines.extend(say("rent", &row.rent_from));
        lines.extend(say("power", &row.electricity_from));
        lines.extend(say("export", &row.export_rule));
        lines.extend(row.own_rules.iter().map(|rule| format!("{}: its own rule: {rule}", row.region)));
    }
    view.note("The places", lines);
}

/// Its tables.
pub fn add(view: &mut View, joint: &JointReply) {
    view.sections.push(figures(joint, true).on("deliveries"));
    view.sections.push(short(joint));
    let all = Some(changes(joint)).filter(|section| !section.rows.is_empty());
    view.sections.extend(all.map(|section| section.on("changes")));
    view.sections.extend(Some(short_changes(joint)).filter(|section| !section.rows.is_empty()));
    view.sections.extend(Some(options(joint)).filter(|section| !section.rows.is_empty()));
    view.sections.extend(missed(joint));
    view.note("The deliveries", notes(joint));
}

/// The same in a few lines.
fn short(joint: &JointReply) -> Section {
    Section { heading: String::new(), ..figures(joint, false) }.shown(Shown::Brief)
}

fn figures(joint: &JointReply, all: bool) -> Section {
    let mut section = Section::new("Time and money on the draws", &["", "p10", "p50", "p90", "kept"]);
    let row =
        |section: &mut Section, label: &str, levels: &Levels, show: &dyn Fn(f64) -> String, kept: Option<Share>| {
            let [low, middle, high] =
                [levels.p10, levels.p50, levels.p90].map(|at| at.map_or_else(|| "never".into(), show));
            let kept = kept.map_or_else(String::new, |kept| share(kept.probability));
            section.row([label.to_owned(), low, middle, high, kept]);
        };
    let from = joint.start.as_ref().map_or_else(|| "days".to_owned(), |start| format!("days from {start}"));
    row(&mut section, &from, &joint.days, &|days| show::number(days, 3), joint.by_date);
    if let Some([low, middle, high]) = &joint.done {
        section.row(["done".into(), low.clone(), middle.clone(), high.clone(), String::new()]);
    }
    let money = |dollars: f64| show::usd(Usd::new(dollars));
    let of = match joint.budget_of {
        "rent" => "rent".to_owned(),
        of => format!("bill, {of}"),
    };
    if joint.cost_usd.p50.is_some() {
        row(&mut section, &of, &joint.cost_usd, &money, joint.in_budget);
    }
    if !all {
        return section;
    }
    row(&mut section, "GPU-hours held", &joint.gpu_hours, &|hours| show::count(hours, 3), None);
    if let (Some(both), Some(_), Some(_)) = (joint.both, joint.by_date, joint.in_budget) {
        let blank = String::new;
        section.row(["date and money".into(), blank(), blank(), blank(), share(both.probability)]);
    }
    section
}

fn changes(joint: &JointReply) -> Section {
    let asked = show::percent(joint.confidence);
    let mut section = Section {
        numeric: vec![2],
        ..Section::new(
            format!("One change that reaches {asked}, each asked again"),
            &["Change", "to", "kept", "type instead"],
        )
    };
    let row = |change: &ChangeRow| {
        vec![change.lever.to_owned(), change.to.clone(), show::percent(change.probability), change.flags.clone()]
    };
    section.rows.extend(joint.changes.iter().take(CHANGES).map(row));
    section
}

/// The first of them, each in a line.
fn short_changes(joint: &JointReply) -> Section {
    let heading = format!("One change that reaches {}, each asked again", show::percent(joint.confidence));
    let mut section = Section::new(heading, &["change", "kept", "type"]).shown(Shown::Brief);
    section.numeric = vec![1];
    for change in joint.changes.iter().take(SHORT_CHANGES) {
        let export = change.export.map(|export| format!("  (export: {export})")).unwrap_or_default();
        section.row([change.lever.to_owned(), show::percent(change.probability), change.flags.clone() + &export]);
    }
    section
}

fn options(joint: &JointReply) -> Section {
    let mut section =
        Section::new("Ways to use the deliveries", &["Way", "kept", "days p50", "cost p50", ""]).on("deliveries");
    for option in &joint.options {
        let share = option.probability.filter(|_| joint.both.is_some()).map_or_else(String::new, self::share);
        let days = option.days_p50.map_or_else(|| "never".into(), |days| show::number(days, 3));
        let cost = option.cost_usd_p50.map_or_else(String::new, |cost| show::usd(Usd::new(cost)));
        let best = if option.best { "best" } else { "" };
        section.row([option.name.clone(), share, days, cost, best.into()]);
    }
    section
}

fn missed(joint: &JointReply) -> Option<Section> {
    let miss = joint.miss?;
    let mut section = Section::facts("If the date is missed, in the median of those draws").on("miss");
    section.fact("how often", show::percent(miss.probability), "");
    section.fact("trained by then", show::percent(miss.share_trained), "of the run, if it is stopped there");
    if let Some(spent) = miss.spent_usd {
        section.fact("spent by then", show::usd(Usd::new(spent)), "rent of what was delivered");
    }
    if let Some(late) = miss.days_late {
        section.fact("late by", show::duration(Seconds::from_days(late)), "");
    }
    if let Some(week) = miss.week_usd {
        section.fact("each week late", show::usd(Usd::new(week)), "rent of the chips that are there");
    }
    Some(section)
}

fn notes(joint: &JointReply) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(start), Some(from)) = (&joint.start, joint.start_from) {
        lines.push(format!("days count from {start}, {from}"));
    }
    let days = |days: f64| show::duration(Seconds::from_days(days));
    if joint.chips.p50.is_some() && !joint.options.is_empty() {
        lines.push(format!(
            "burn-in of a delivery {}, standstill when chips join {} (--burn-in, --joining; assumptions where not given)",
            days(joint.burn_in_days),
            days(joint.joining_days)
        ));
    }
    lines.extend(joint.assumptions.iter().cloned());
    if let (Some(run), Some(programme)) = (joint.final_run_usd, joint.programme_usd) {
        let [run, programme] = [run, programme].map(|dollars| show::usd(Usd::new(dollars)));
        lines.push(format!(
            "at the median the final run is {run}, with the work around it {programme}; the money is held against the {} \
             (--budget-of)",
            if joint.budget_of == "rent" { "rent of the final run" } else { joint.budget_of }
        ));
    }
    let strong = joint.drivers.iter().filter(|driver| driver.spearman.abs() >= 0.1);
    let drivers: Vec<String> =
        strong.map(|driver| format!("{} ({})", driver.path, show::number(driver.spearman, 2))).collect();
    if !drivers.is_empty() {
        lines.push(format!("what drives a miss (rank correlation): {}", drivers.join(", ")));
    }
    if let Some(spare) = joint.spare {
        let days = spare.days.map(|spare| format!("{} of the time", days(spare)));
        let money = spare.usd.map(|spare| format!("{} of the money", show::usd(Usd::new(spare))));
        let spare: Vec<String> = days.into_iter().chain(money).collect();
        lines.extend((!spare.is_empty()).then(|| format!("to spare, each alone: {}", spare.join(", "))));
    }
    lines.extend(joint.not_enough.iter().map(|lever| format!("{} alone is not enough: {}", lever.lever, lever.why)));
    lines
}
