//! The view of measured steps that are kept as a stack.

use super::view::{Records, Section, View};
use crate::ask::keep::KeepReply;
use crate::units::show::{counted, number};

/// Shows what is kept.
pub fn view(reply: &KeepReply) -> View {
    let residual = &reply.residual;
    let mut view = View::with_reply(reply);
    view.title = format!("{}, a copy of the stack `{}`", reply.head.name, residual.of);
    let value = number(residual.value, 4);
    view.summary = format!(
        "{} of a {} model: a step takes {value} x the one that the factors were fitted to.",
        counted(residual.rows, "measured step"),
        if residual.kind == "moe" { "mixture" } else { residual.kind },
    );
    let mut section = Section::facts("Its residual".to_owned());
    section.fact("value", value, "median factor on a step");
    section.fact("spread", number(residual.spread, 3), "standard deviation of its logarithm: what is left open");
    section.fact("rows", residual.rows.to_string(), "steps that tell it");
    view.sections.push(section);
    let hint =
        || vec!["nothing: give -o stacks/mine.toml to keep it, and --stack stacks/mine.toml to use it".to_owned()];
    view.say("Written", reply.written.clone().map_or_else(hint, |file| vec![file]));
    view.records = Records::of(std::slice::from_ref(residual));
    view.head_notes(&reply.head);
    view
}
