//! Environment variables: each field has one, and one that names no field is an error.

use super::field::{Field, find};
use super::table::FIELDS;
use crate::error::Error;

/// What every variable begins with.
pub const VARIABLES: &str = "FLOPBILL_";

/// The variable of a path.
pub(super) fn variable(path: &str) -> String {
    format!("{VARIABLES}{}", path.replace('.', "_").to_uppercase())
}

/// The field that an environment variable sets, and the path that it is the name of: `FLOPBILL_STACK_NAME` is `stack.name`.
/// The others are variables that set no field.
///
/// # Errors
/// A variable of no field, with that of the field that its last words name, or the nearest.
pub fn of_variable(name: &str, others: &[&str]) -> Result<(&'static Field, &'static str), Error> {
    let known = || FIELDS.iter().flat_map(|field| field.paths().map(move |path| (field, path)));
    if let Some(found) = known().find(|(_, path)| variable(path) == name) {
        return Ok(found);
    }
    let words = name.strip_prefix(VARIABLES).unwrap_or(name);
    let tails = std::iter::once(words).chain(words.match_indices('_').map(|(at, _)| words.get(at + 1..).unwrap_or("")));
    let meant = tails.filter_map(|tail| find(tail).ok()).next().map(Field::variable);
    let all: Vec<String> = known().map(|(_, path)| variable(path)).collect();
    let error =
        Error::unknown_name("environment variable", name, all.iter().map(String::as_str).chain(others.iter().copied()));
    Err(match meant {
        Some(meant) => error.with_hint(format!("did you mean `{meant}`?")),
        None => error,
    })
}
