//! The chain of formulas with one run's numbers, each with its source.

use super::view::{Records, Section, View};
use crate::ask::explain::ExplainReply;

/// Shows the chain.
pub fn view(reply: &ExplainReply) -> View {
    let mut view = View::with_reply(reply);
    view.title = format!("How {} is computed", reply.head.name);
    for (index, link) in reply.result.iter().enumerate() {
        let mut section = Section::facts(format!("{}. {}", index + 1, link.what));
        section.numeric.clear();
        section.fact("formula", link.formula.clone(), "");
        section.fact("here", link.numbers.clone(), "");
        section.fact("source", link.source.clone(), "");
        view.sections.push(section);
    }
    view.note("Assumptions", reply.head.assumptions.clone());
    view.records = Records::of(&reply.result);
    view
}
