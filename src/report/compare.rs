//! The view of a comparison.

use super::view::{Records, Section, Shown, View};
use crate::ask::compare::{CompareReply, DifferenceRow, Side, SideRow, Target};
use crate::ask::reply::Input;
use crate::units::{Chips, Price, Usd, show};

/// One line of the table: its label, how a side's value is shown, and the value behind it.
type Line = (&'static str, fn(&Side) -> Option<f64>, fn(f64) -> String);

const LINES: [Line; 16] = [
    ("GPU-hours", |side| side.result.gpu_hours, |value| show::count(value, 4)),
    ("days", |side| side.result.wall_clock_days, |value| show::number(value, 4)),
    ("cost", |side| side.result.cost_usd, |value| show::money(Usd::new(value), 4)),
    ("whole bill", |side| side.bill.as_ref().map(|bill| bill.total_usd), |value| show::money(Usd::new(value), 4)),
    ("done by the date", |side| side.planned?.by_date_probability, |value| show::percent_to(value, 4)),
    ("within the money", |side| side.planned?.in_budget_probability, |value| show::percent_to(value, 4)),
    ("both", |side| side.planned?.both_probability, |value| show::percent_to(value, 4)),
    ("chips", |side| side.result.chips, |value| show::chips(Chips::new(value))),
    ("seconds of a step", |side| side.result.step_seconds, |value| show::number(value, 4)),
    ("price", |side| side.usd_per_gpu_hour, |value| show::price(Price::from_usd_per_hour(value))),
    ("tokens", |side| side.tokens, |value| show::count(value, 4)),
    ("active parameters", |side| side.active_params, |value| show::count(value, 4)),
    ("model FLOPs", |side| side.flop, |value| show::number(value, 4)),
    ("peak of the chip", |side| side.peak_flop_per_second, |value| show::prefixed(value, "FLOP/s", 4)),
    ("MFU", |side| side.result.mfu, show::percent),
    ("goodput", |side| side.goodput, show::percent),
];

/// The lines of one screen.
const BRIEF: [&str; 8] = ["GPU-hours", "days", "cost", "whole bill", "both", "chips", "price", "MFU"];

/// A range below a line: what the line is called, and the p10 and p90 of a side.
type Range = (&'static str, &'static str, fn(&Side) -> Option<[f64; 2]>);

const RANGES: [Range; 3] = [
    ("GPU-hours", "p10 to p90", |side| Some([side.result.gpu_hours_p10?, side.result.gpu_hours_p90?])),
    ("days", "p10 to p90", |side| Some([side.result.wall_clock_days_p10?, side.result.wall_clock_days_p90?])),
    ("cost", "p10 to p90", |side| Some([side.result.cost_usd_p10?, side.result.cost_usd_p90?])),
];

/// Shows answers side by side, each against the first.
pub fn view(reply: &CompareReply) -> View {
    View::in_currency(&reply.head, || view_of(reply))
}

fn view_of(reply: &CompareReply) -> View {
    let mut view = View::with_reply(reply);
    view.title = format!("{} answers side by side", reply.sides.len());
    view.summary.clone_from(&reply.result.verdict);
    view.sections.push(Section { heading: String::new(), ..table(&reply.sides, &BRIEF) }.shown(Shown::Brief));
    let all: Vec<&str> = LINES.iter().map(|(label, _, _)| *label).collect();
    view.sections.push(table(&reply.sides, &all).on("sides"));
    // The rent of chips says little beside two whole bills.
    let billed = reply.result.differences.iter().any(|found| found.target == Target::Bill);
    let unsaid = |found: &&DifferenceRow| found.target == Target::Hours || (billed && found.target == Target::Cost);
    let told = reply.result.differences.iter().filter(|found| !unsaid(found));
    view.sections.extend(told.flat_map(|found| [why(found), steps(found)].into_iter().flatten()));
    let named = |row: &SideRow| {
        let on = row.answer.gpu.as_ref().map(|gpu| format!(" on {gpu}")).unwrap_or_default();
        format!("{}: {}{on}{}", row.side, row.answer.name, apart(row, &reply.sides))
    };
    view.note("Sides", reply.sides.iter().map(named).collect());
    view.head_notes(&reply.head);
    view.records = Records::of(&reply.sides);
    view
}

/// What was typed for this side and not for all: of a list, its own name.
fn apart(row: &SideRow, all: &[SideRow]) -> String {
    let own = |(path, input): &&(String, Input)| {
        let shared = |other: &SideRow| other.answer.inputs.get(path).is_some_and(|there| there.text == input.text);
        path != "run.gpu" && input.origin.starts_with("--") && !all.iter().all(shared)
    };
    let inputs = row.answer.inputs.0.iter().filter(own);
    inputs.map(|(path, input)| format!(", {path} {}", input.text)).collect()
}

fn table(rows: &[SideRow], lines: &[&str]) -> Section {
    let mut columns = vec![""];
    columns.extend(rows.iter().map(|row| row.side));
    columns.extend((rows.len() == 2).then_some("B / A"));
    let mut section = Section::new("Side by side", &columns);
    let sides: Vec<&Side> = rows.iter().map(|row| &row.answer).collect();
    let cells = |label: &str, cell: &dyn Fn(&Side) -> Option<String>, last: String| {
        let mut row = vec![label.to_owned()];
        row.extend(sides.iter().map(|side| cell(side).unwrap_or_else(|| "-".into())));
        row.extend((rows.len() == 2).then_some(last));
        row
    };
    let named = sides.iter().any(|side| Some(&side.name) != sides.first().map(|first| &first.name));
    if named {
        section.rows.push(cells("run", &|side| Some(side.name.clone()), String::new()));
    }
    section.rows.push(cells("chip", &|side| side.gpu.clone(), String::new()));
    for (label, value, show) in LINES.into_iter().filter(|(label, _, _)| lines.contains(label)) {
        if sides.iter().all(|side| value(side).is_none()) {
            continue;
        }
        let ratio = match sides.as_slice() {
            [from, to] => value(from).zip(value(to)).map(|(from, to)| show::number(to / from, 4)),
            _ => None,
        };
        section.rows.push(cells(label, &|side| value(side).map(show), ratio.unwrap_or_default()));
        let range = RANGES.iter().find(|(of, _, _)| *of == label);
        if let Some((_, name, range)) = range.filter(|(_, _, range)| sides.iter().any(|side| range(side).is_some())) {
            let ends = |side: &Side| range(side).map(|[low, high]| format!("{} to {}", show(low), show(high)));
            section.rows.push(cells(name, &ends, String::new()));
        }
    }
    section
}

/// How the value of a factor is shown: as its line is, where it has one.
fn shown_as(factor: &str) -> fn(f64) -> String {
    let line = LINES.iter().find(|(label, _, _)| *label == factor);
    match line {
        Some((_, _, show)) => *show,
        None if factor.ends_with("at work") => show::percent,
        None => |value| show::number(value, 4),
    }
}

/// Which factors make the ratio, the largest first.
fn why(found: &DifferenceRow) -> Option<Section> {
    if found.factors.is_empty() || found.target == Target::Bill {
        return None; // a bill is a sum, which its steps say
    }
    let heading = format!("Why the {} of {} is {} x that of A", found.of, found.to, show::number(found.ratio, 4));
    let mut section = Section::new(heading, &["Factor", "A", "other", "x", "log-share"]).on("why");
    for factor in &found.factors {
        let show = shown_as(factor.factor);
        let (from, to) = factor.values.map(|(from, to)| (show(from), show(to))).unwrap_or_default();
        let share = if factor.log_share.is_finite() { show::percent(factor.log_share) } else { "-".into() };
        section.row([factor.factor.into(), from, to, show::number(factor.ratio, 4), share]);
    }
    Some(section)
}

/// The difference in steps that add up to it, in the order in which they are taken.
fn steps(found: &DifferenceRow) -> Option<Section> {
    let (Some(first), Some(last)) = (found.steps.first(), found.steps.last()) else { return None };
    let days = |value: f64| show::number(value, 4);
    let money = |value: f64| show::money(Usd::new(value), 4);
    let (unit, target): (&'static str, fn(f64) -> String) =
        if found.target == Target::Time { ("days", days) } else { ("cost", money) };
    let signed = |value: f64| if value < 0.0 { target(value) } else { format!("+{}", target(value)) };
    let heading = format!("The {} of {} less that of A, step by step", found.of, found.to);
    let mut section = Section::new(heading, &["Step", "A", "other", unit, "then"]);
    for step in &found.steps {
        let value = if found.target == Target::Bill { target } else { shown_as(&step.name) };
        let unknown = if found.target == Target::Bill { "-" } else { "" };
        let [from, to] = step.values.map(|known| known.map_or_else(|| unknown.to_owned(), value));
        section.row([step.name.clone(), from, to, signed(step.change()), target(step.to)]);
    }
    let change = signed(last.to - first.from);
    section.row(["In all".into(), String::new(), String::new(), change, String::new()]);
    Some(section)
}
