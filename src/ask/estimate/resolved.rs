//! Every value behind an estimate with its origin: what was given, and what was filled in.

use serde::Serialize;

use crate::answer::failures::Assumed;
use crate::answer::given::outranked_by;
use crate::answer::settled::Step;
use crate::answer::whole_bill::WholeBill;
use crate::answer::{Answer, prepared::var_of};
use crate::ask::reply::Ordered;
use crate::input::field::FIELDS;
use crate::input::file::Origin;
use crate::solve::Var;
use crate::units::show;

/// One value: its field's path, the value as a user would write it, and where it came from.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Resolved {
    /// The field's path.
    pub path: &'static str,
    /// As a user would write it.
    pub text: String,
    /// Where it came from.
    pub origin: String,
}

/// A value that nobody gave.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Filled {
    /// As a user would write it.
    pub text: String,
    /// Where it came from.
    pub origin: String,
}

/// Every value.
pub fn all(answer: &Answer, whole: Option<&WholeBill>) -> Vec<Resolved> {
    given(answer).into_iter().chain(filled_in(answer)).chain(of_bill(whole)).collect()
}

/// The values that nobody gave.
pub fn defaults(answer: &Answer, whole: Option<&WholeBill>) -> Ordered<Filled> {
    let one = |value: Resolved| (value.path.to_owned(), Filled { text: value.text, origin: value.origin });
    filled_in(answer).into_iter().chain(of_bill(whole)).map(one).collect()
}

/// What the whole bill takes for failures and storage.
fn of_bill(whole: Option<&WholeBill>) -> impl Iterator<Item = Resolved> + '_ {
    let one =
        |one: &Assumed| Resolved { path: one.path, text: one.text.clone(), origin: format!("default: {}", one.origin) };
    whole.into_iter().flat_map(|whole| &whole.failures.assumed).map(one)
}

/// The values of the file and the flags; a range as it was written.
fn given(answer: &Answer) -> Vec<Resolved> {
    let gone: Vec<Var> = answer.solved.set_aside().collect();
    let mut found = Vec::new();
    for field in FIELDS {
        let Some((text, origin)) = (field.get)(&answer.spec) else { continue };
        let dollars = (field.typed)(&answer.spec).and_then(|_| field.counted(&answer.spec));
        let text = match answer.spec.range(field.path) {
            Some(range) => format!("{} ({})", range.text, range.dist.name()),
            None => dollars.map_or(text.clone(), |dollars| format!("{text} = {dollars}")),
        };
        let mut from = origin.to_string();
        if let Some(var) = var_of(field.path).filter(|var| gone.contains(var)) {
            from += &format!(", gave way to {}", outranked_by(&answer.spec, &answer.solved, var));
        }
        found.push(Resolved { path: field.path, text, origin: from });
    }
    found
}

/// What stands in for values that nobody gave.
fn filled_in(answer: &Answer) -> Vec<Resolved> {
    let (spec, mut found) = (&answer.spec, Vec::new());
    let mut fill = |path, text: String, from: String| found.push(Resolved { path, text, origin: from });
    if let Some(basis) = answer.basis.filter(|_| spec.mfu_basis.is_none()) {
        fill("run.mfu_basis", basis.to_string(), "default: the chip's 16-bit format".into());
    }
    if let (None, Some(mfu), Some(origin)) = (&spec.mfu, answer.estimate.mfu, &answer.mfu_origin) {
        fill("run.mfu", show::percent(mfu.get()), origin.to_string());
    }
    if spec.goodput.is_none() {
        let from = match answer.step {
            Step::Predicted(_) => "default: the prior of the step model",
            Step::Given | Step::Moved(_) => "default: the hours or the MFU are taken to contain the downtime",
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
    if let Some((setting, step)) = answer.prediction() {
        let told = || "default: the assumptions say it".to_owned();
        if spec.sequence_length.is_none() {
            fill("run.sequence_length", setting.seq_len.to_string(), told());
        }
        if spec.global_batch.is_none() {
            fill("run.global_batch", format!("{}seq", step.layout.global_batch), told());
        }
    }
    found
}
