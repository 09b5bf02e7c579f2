//! Every value behind an estimate with its origin: what was given, and what was filled in.

use serde_json::{Map, Value, json};

use super::view::{Section, View};
use crate::answer::resolve::{Answer, var_of};
use crate::input::field::FIELDS;
use crate::input::file::Origin;
use crate::solve::Var;
use crate::units::show;

/// One value: its field's path, the value as a user would write it, and where it came from.
struct Resolved {
    path: &'static str,
    text: String,
    from: String,
}

/// Adds the table of all values.
pub fn add(view: &mut View, answer: &Answer) {
    let mut section = Section::new("Resolved values", &["Field", "Value", "From"]);
    section.numeric = vec![1];
    for value in given(answer).into_iter().chain(filled_in(answer)) {
        section.row([value.path.to_owned(), value.text, value.from]);
    }
    view.sections.push(section);
}

/// The values that nobody gave, for machines.
pub fn machine(answer: &Answer) -> Value {
    let one = |value: Resolved| (value.path.to_owned(), json!({ "text": value.text, "origin": value.from }));
    filled_in(answer).into_iter().map(one).collect::<Map<_, _>>().into()
}

/// The values of the file and the flags; a range as it was written.
fn given(answer: &Answer) -> Vec<Resolved> {
    let gone: Vec<Var> = answer.solved.set_aside().collect();
    let mut found = Vec::new();
    for field in FIELDS {
        let Some((text, origin)) = (field.get)(&answer.spec) else { continue };
        let range = answer.spec.ranges.iter().find(|range| range.path == field.path);
        let text = range.map_or(text, |range| format!("{} ({})", range.text, range.dist.name()));
        let mut from = origin.to_string();
        if var_of(field.path).is_some_and(|var| gone.contains(&var)) {
            from += ", gave way to the flags";
        }
        found.push(Resolved { path: field.path, text, from });
    }
    found
}

/// What stands in for values that nobody gave.
fn filled_in(answer: &Answer) -> Vec<Resolved> {
    let (spec, mut found) = (&answer.spec, Vec::new());
    let mut fill = |path, text: String, from: String| found.push(Resolved { path, text, from });
    if let Some(basis) = answer.basis.filter(|_| spec.mfu_basis.is_none()) {
        fill("run.mfu_basis", basis.to_string(), "default: the chip's 16-bit format".into());
    }
    if let (None, Some(mfu), Some(origin)) = (&spec.mfu, answer.estimate.mfu, &answer.mfu_origin) {
        fill("run.mfu", show::percent(mfu.get()), origin.to_string());
    }
    if spec.goodput.is_none() {
        let from = match answer.outcome {
            Some(_) => "default: the prior of the step model",
            None => "default: the hours or the MFU are taken to contain the downtime",
        };
        fill("run.goodput", show::percent(answer.scenario.terms.goodput.get()), from.into());
    }
    if let Some(price) = answer.price.as_ref().filter(|_| spec.price.is_none()) {
        let from = match &price.origin {
            Origin::Profile(from) => format!("default: {from}"),
            other => other.to_string(),
        };
        fill("price.rent", show::price(price.value), from);
    }
    if let Some(outcome) = &answer.outcome {
        let usual = || "default: usual, not given".to_owned();
        if spec.sequence_length.is_none() {
            fill("run.sequence_length", outcome.setting.seq_len.to_string(), usual());
        }
        if spec.global_batch_tokens.is_none() {
            fill("run.global_batch_tokens", show::count(outcome.setting.batch_tokens, 4), usual());
        }
    }
    found
}
