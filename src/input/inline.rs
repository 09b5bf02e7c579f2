//! TOML that was typed for a flag: a table, or rows.

use crate::error::Error;
use crate::read::{Document, Value};

/// The key under which it is read.
const KEY: &str = "v";

/// Reads what was typed for a flag; what is wrong has a caret under the typed text.
///
/// # Errors
/// What does not parse as TOML, and everything that `build` records.
pub(super) fn read<T>(flag: &str, text: &str, build: impl FnOnce(&Value<'_>) -> Option<T>) -> Result<T, Error> {
    let before = format!("{KEY}=");
    let read = Document::new(flag, format!("{before}{text}")).read(|r| build(&r.value(KEY)?));
    let back = |at: usize| at.saturating_sub(before.len()).min(text.len());
    read.map_err(|error| {
        let shifted = error.each().map(|one| {
            let span = one.place().map_or(0..text.len(), |place| place.span.clone());
            one.with_message(one.message()).in_typed(flag, text, back(span.start)..back(span.end))
        });
        Error::all(shifted.collect()).unwrap_or(error)
    })
}
