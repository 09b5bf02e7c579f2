//! The chain of formulas with one run's numbers, each with its source.

use super::view::{Records, Section, View};
use crate::ask::explain::ExplainReply;

/// Shows the chain.
pub fn view(reply: &ExplainReply) -> View {
    View::in_currency(&reply.head, || view_of(reply))
}

fn view_of(reply: &ExplainReply) -> View {
    let mut view = View::with_reply(reply);
    view.title = match (reply.result.is_empty(), &reply.model) {
        (true, Some(model)) => format!("{}, term by term", model.model),
        _ => format!("How {} is computed", reply.head.name),
    };
    for (index, link) in reply.result.iter().enumerate() {
        let mut section = Section::facts(format!("{}. {}", index + 1, link.what));
        section.numeric.clear();
        section.fact("formula", link.formula.clone(), "");
        section.fact("here", link.numbers.clone(), "");
        section.fact("source", link.source.clone(), "");
        view.sections.push(section);
    }
    if let Some(model) = &reply.model {
        super::model::show(&mut view, model);
    }
    view.note_on("assumptions", "Assumptions", reply.head.assumptions.clone());
    view.records = match (&reply.model, reply.result.is_empty()) {
        (Some(model), true) => Records::of(&model.terms),
        _ => Records::of(&reply.result),
    };
    view
}
