//! What a run's own phases hold of the programme around it.

use super::Answer;
use crate::cost::shares::STAGES;
use crate::units::{ChipSeconds, Fraction};

/// The part of the run's hours that its phases say to be a stage of the programme; a phase of several stages counts for the
/// first, and the others are in it.
pub fn held_stages(answer: &Answer) -> [Option<Fraction>; 5] {
    let total = answer.estimate.total.held;
    STAGES.map(|(_, stage)| {
        let mut held = None::<ChipSeconds>;
        for (phase, (_, account)) in answer.scenario.phases.iter().zip(&answer.estimate.phases) {
            let own = answer.spec.phases.iter().find(|own| own.name == phase.name && own.holds.contains(&stage));
            let Some(own) = own else { continue };
            let hours = if own.holds.first() == Some(&stage) { account.held } else { ChipSeconds::ZERO };
            held = Some(held.unwrap_or(ChipSeconds::ZERO) + hours);
        }
        held.map(|held| Fraction::new(held / total))
    })
}
