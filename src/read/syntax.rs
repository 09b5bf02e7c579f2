//! What to say when a text is not TOML.

use std::ops::Range;

/// A bare value such as `14.8T` or `$2/h` on the line of a syntax error.
pub(super) fn unquoted(text: &str, at: usize) -> Option<(&str, Range<usize>)> {
    let at = text.floor_char_boundary(at.min(text.len()));
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next()?;
    let (key, value) = line.split_once('=')?;
    let value = value.split('#').next()?.trim();
    let quantity = value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '$' | '€' | '£' | '¥' | '.'))
        && value.contains(|c: char| c.is_alphabetic() || matches!(c, '%' | '$' | '/'));
    let offset = start + key.len() + 1 + line[key.len() + 1..].find(value)?;
    (quantity && !value.contains(['"', '[', '{'])).then_some((value, offset..offset + value.len()))
}
