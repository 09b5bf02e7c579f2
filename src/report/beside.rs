//! What stands beside an estimate where it is asked for: the interrupts to expect, and the power of a site.

use super::view::Section;
use crate::ask::estimate::expected::{CauseReply, ExpectedReply};
use crate::ask::estimate::site::SiteReply;
use crate::units::{Chips, Seconds, Usd, show};

/// The interrupts that a run has to expect, and the days that it loses.
pub fn failures(found: &ExpectedReply) -> Section {
    let mut section = Section::facts("Interrupts to expect (a model beside the hours above)").on("failures");
    let days = |days: f64| show::duration(Seconds::from_days(days));
    let rests = format!("rests on {}", found.model.rests_on);
    match (found.interrupts, found.interrupts_p10, found.interrupts_p90) {
        (Some(middle), Some(low), Some(high)) => {
            let range =
                if low == high { "as given".to_owned() } else { format!("{} to {} (80 %)", few(low), few(high)) };
            section.fact("interrupts", few(middle), format!("{range}; {rests}"));
        }
        _ => section.fact("interrupts", "not known", rests),
    }
    if let Some(from) = &found.causes_from {
        let one = |cause: &CauseReply| format!("{} {}", cause.cause, few(cause.interrupts));
        let all: Vec<String> = found.causes.iter().map(one).collect();
        section.fact("of which", all.join(", "), from.clone());
    }
    if let Some(lost) = found.lost_days {
        let parts = [
            ("planned stops, stragglers, roll-backs and evaluation", found.lost_to_other_days),
            ("work done again", found.lost_to_work_redone_days),
            ("restarts", found.lost_to_restarts_days),
            ("detection", found.lost_to_detection_days),
            ("checkpoints", found.lost_to_checkpoints_days),
        ];
        let shown = parts.iter().filter_map(|(name, part)| part.map(|part| format!("{name} {}", days(part))));
        section.fact("days lost", days(lost), shown.collect::<Vec<_>>().join(", "));
        let one = |cause: &CauseReply| cause.lost_days.map(|lost| format!("{} {}", cause.cause, days(lost)));
        let by: Vec<String> = found.causes.iter().filter_map(one).collect();
        if !by.is_empty() {
            let what = "detection, restarts and work done again; each interrupt taken to cost as much as another";
            section.fact("by cause", by.join(", "), what);
        }
    }
    for lacking in &found.lacks {
        section.fact("not known", "-", lacking.clone());
    }
    section
}

/// Interrupts, with a digit behind the point where they are few.
fn few(number: f64) -> String {
    if number >= 10.0 { show::whole(number.round()) } else { show::number(number, 2) }
}

/// The chips that a site feeds, and what the run takes on them.
pub fn site(found: &SiteReply) -> Section {
    let chips = |chips: f64| show::chips(Chips::new(chips));
    let mut section = Section::facts(format!("A site of {} MW", show::number(found.power_mw, 4)));
    section.fact("a chip at the meter", format!("{} W", show::number(found.chip_watts, 4)), found.rests_on.join("; "));
    let asked = found.chips_asked.map(|asked| format!("of {} asked for", chips(asked))).unwrap_or_default();
    section.fact("chips it feeds", chips(found.chips_fed), format!("{asked}, in whole nodes").trim_matches([',', ' ']));
    if let Some(days) = found.wall_clock_days {
        let cost = found.cost_usd.map(|cost| show::usd(Usd::new(cost))).unwrap_or_default();
        section.fact("the run on those", show::duration(Seconds::from_days(days)), cost);
    }
    if let Some(why) = &found.reason {
        section.fact("the run on those", "no answer", why.clone());
    }
    section
}
