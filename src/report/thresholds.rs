//! How a run stands against training-compute rules: those it reaches, and the next.

use super::view::Section;
use crate::answer::thresholds::{ThresholdLine, Thresholds};
use crate::units::{Usd, show};

/// The rules that a run reaches and the next one; all of them beside a bill.
pub fn section(rules: &Thresholds, all: bool) -> Option<Section> {
    rules.all().next()?;
    Some(if all { table(rules) } else { nearest(rules) })
}

fn nearest(rules: &Thresholds) -> Section {
    let day = &rules.as_of;
    let mut section =
        Section::facts(format!("Training-compute rules in force on {day} (not legal advice)")).on("rules");
    for line in &rules.reached {
        section.fact("reached", format!("{} FLOP", show::number(line.flop, 3)), named(line));
    }
    if let Some(line) = &rules.next {
        let short = line.gpu_hours_left.map(|hours| format!("; {} GPU-hours short", show::count(hours, 3)));
        let share = format!("{} of {}", show::percent(line.reached), show::number(line.flop, 3));
        section.fact("next", share, named(line) + &short.unwrap_or_default());
    }
    if let (Some(six), Some(length)) = (rules.six_nd_flop, rules.sequence_length) {
        let [exact, six] = [rules.flop, six].map(|flop| show::number(flop, 4));
        section.fact(
            "counted",
            format!("{exact} FLOP"),
            format!(
                "exactly, in sequences of {}, without what is recomputed; 6ND gives {six}",
                show::whole(f64::from(length))
            ),
        );
    }
    section
}

fn table(rules: &Thresholds) -> Section {
    let columns = ["Threshold", "FLOP", "Reached", "GPU-hours left", "Cost left"];
    let heading = format!("Training-compute rules in force on {} (not legal advice)", rules.as_of);
    let mut section = Section::new(heading, &columns).on("rules");
    for line in rules.all() {
        let left = |text: Option<String>, otherwise: &str| match line.reached >= 1.0 {
            true => "reached".to_owned(),
            false => text.unwrap_or_else(|| otherwise.to_owned()),
        };
        section.row([
            named(line),
            show::number(line.flop, 3),
            show::percent(line.reached),
            left(line.gpu_hours_left.map(|hours| show::count(hours, 3)), "not known"),
            left(line.cost_left_usd.map(|cost| show::usd(Usd::new(cost))), "not priced"),
        ]);
    }
    section
}

pub(super) fn named(line: &ThresholdLine) -> String {
    format!("{}: {}", line.jurisdiction, line.outcome)
}
