//! The deliveries of a fleet as a table.

use super::view::Section;
use crate::fleet::approval::{STATES, State};
use crate::fleet::{Condition, Fleet, Tranche};
use crate::units::show;

/// What is delivered when, and what it waits for.
pub fn section(fleet: &Fleet) -> Section {
    let mut section = Section::new("Tranches", &["Tranche", "Chips", "Chip", "Delivered", "Waits for"]).on("tranches");
    section.numeric = vec![1];
    for tranche in &fleet.tranches {
        section.row([
            tranche.name.clone(),
            show::chips(tranche.chips),
            tranche.chip.clone(),
            tranche.date.to_string(),
            waits_for(fleet, tranche),
        ]);
    }
    section
}

/// What others decide, with the odds; `None` where nothing waits for approval.
pub fn approvals(fleet: &Fleet) -> Option<Section> {
    let mut section =
        Section::new("Approvals", &["Approval", "Approved", "Conditional", "Never", "Median wait"]).on("tranches");
    for approval in &fleet.approvals {
        let (yes, perhaps) = (approval.approved.get(), approval.conditional.get());
        let never = (1.0 - yes - perhaps).max(0.0);
        let [yes, perhaps, never] = [yes, perhaps, never].map(show::percent);
        section.row([approval.name.clone(), yes, perhaps, never, show::duration(approval.median)]);
    }
    (!section.rows.is_empty()).then_some(section)
}

/// An approval in some state, and the odds of a delivery.
fn waits_for(fleet: &Fleet, tranche: &Tranche) -> String {
    let name = |index: usize| fleet.approvals.get(index).map_or("", |approval| approval.name.as_str());
    let state = |wanted: State| STATES.iter().find(|(_, state)| *state == wanted).map_or("", |(name, _)| name);
    let approval = match tranche.condition {
        Condition::None => None,
        Condition::Granted(index) => Some(format!("{}: granted", name(index))),
        Condition::State(index, wanted) => Some(format!("{}: {}", name(index), state(wanted))),
    };
    let odds =
        (tranche.probability.get() < 1.0).then(|| format!("{} likely", show::percent(tranche.probability.get())));
    let both: Vec<String> = approval.into_iter().chain(odds).collect();
    if both.is_empty() { "nothing".into() } else { both.join(", ") }
}
