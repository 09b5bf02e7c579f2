//! Every value behind an estimate with its origin: what was given, and what was filled in.

use std::borrow::Cow;

use serde::Serialize;

use crate::answer::failures::Assumed;
use crate::answer::given::outranked_by;
use crate::answer::settled::Step;
use crate::answer::whole_bill::WholeBill;
use crate::answer::{Answer, prepared::var_of};
use crate::assume;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::field::{FIELDS, Field, field};
use crate::input::file::Origin;
use crate::reply::Ordered;
use crate::solve::Var;
use crate::units::show;

/// One value: its field's path, the value as a user would write it, and where it came from.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Resolved {
    /// The field's path, or the key of an assumption that no field lays a value over.
    pub path: Cow<'static, str>,
    /// As a user would write it.
    pub text: String,
    /// Where it came from.
    pub origin: String,
    /// The flag that says it, where it has one.
    pub flag: Option<String>,
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

impl Resolved {
    fn new(path: &'static str, text: String, origin: String) -> Self {
        Self { path: path.into(), text, origin, flag: field(path).map(Field::typed_flag) }
    }
}

/// Every value; those of a bill with the assumptions that nobody laid a value over.
///
/// # Errors
/// Assumptions that do not read.
pub fn all(answer: &Answer, whole: Option<&WholeBill>, catalog: &Catalog) -> Result<Vec<Resolved>, Error> {
    let mut found: Vec<Resolved> = given(answer).into_iter().chain(filled_in(answer)).chain(of_bill(whole)).collect();
    let Some(whole) = whole else { return Ok(found) };
    let known = |found: &[Resolved], path: &str| found.iter().any(|one| one.path == path);
    for value in assume::values("bill", catalog)? {
        let path = value.field.map_or(Cow::Owned(value.path.clone()), Cow::Borrowed);
        if !value.value.is_empty() && !known(&found, &path) && !UNUSED.iter().any(|table| path.starts_with(table)) {
            let text = if value.unit.is_empty() { value.value } else { format!("{} {}", value.value, value.unit) };
            found.push(Resolved { path, text, origin: value.origin, flag: value.flag });
        }
    }
    let place = whole.place.source("electricity.price").map(|source| source.title.clone());
    if let Some(price) = whole.place.region().electricity.filter(|_| !known(&found, "electricity.price")) {
        let origin = format!("{}: {}", whole.place.region().name, place.unwrap_or_default());
        found.push(Resolved::new("electricity.price", show::exact(price), origin));
    }
    if let Some(pue) = whole.place.pue().filter(|_| !known(&found, "bill.pue")) {
        found.push(Resolved::new("bill.pue", show::number(pue, 4), whole.place.region().name.clone()));
    }
    Ok(found)
}

/// Assumptions that are of other questions.
const UNUSED: [&str; 3] = ["fleet.", "fx.", "goodput."];

/// The values that nobody gave.
pub fn defaults(answer: &Answer, whole: Option<&WholeBill>) -> Ordered<Filled> {
    let one = |value: Resolved| (value.path.into_owned(), Filled { text: value.text, origin: value.origin });
    filled_in(answer).into_iter().chain(of_bill(whole)).map(one).collect()
}

/// What the whole bill takes for failures and storage.
fn of_bill(whole: Option<&WholeBill>) -> impl Iterator<Item = Resolved> + '_ {
    let one = |one: &Assumed| Resolved::new(one.path, one.text.clone(), format!("default: {}", one.origin));
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
        found.push(Resolved::new(field.path, text, from));
    }
    found
}

/// What stands in for values that nobody gave.
fn filled_in(answer: &Answer) -> Vec<Resolved> {
    let (spec, mut found) = (&answer.spec, Vec::new());
    let mut fill = |path, text: String, from: String| found.push(Resolved::new(path, text, from));
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
