//! Where a number came from.

use std::fmt;

/// The day up to which the facts that ship were gathered: whoever brings them up to date moves it.
pub const FACTS: &str = "2026-11-30";

/// How well a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Read in the vendor's own sheet.
    Datasheet,
    /// Measured, with the conditions in the note.
    Measured,
    /// A price that anybody is offered.
    ListPrice,
    /// Read in the paper, model card, report or article that says it.
    Published,
    /// Read where a third party quotes it.
    Quoted,
    /// Nobody published it: a guess, said so wherever it is used.
    Assumption,
}

/// The kinds and how a profile writes them.
pub const SOURCE_KINDS: [(&str, SourceKind); 6] = [
    ("datasheet", SourceKind::Datasheet),
    ("measured", SourceKind::Measured),
    ("list_price", SourceKind::ListPrice),
    ("published", SourceKind::Published),
    ("quoted", SourceKind::Quoted),
    ("assumption", SourceKind::Assumption),
];

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = SOURCE_KINDS.iter().find(|(_, kind)| kind == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

/// One source of one value or group of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it is called.
    pub title: String,
    /// Where it can be read, if it is public.
    pub url: Option<String>,
    /// The day, month or year it speaks of: `2024-11`, `2024-11-01`.
    pub as_of: String,
    /// How well the value is known.
    pub kind: SourceKind,
    /// What to know before using it.
    pub note: Option<String>,
}
