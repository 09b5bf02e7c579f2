//! Published causes of interrupts: rows of a CSV file, each one cause of one run with how often it was counted.

use serde::Deserialize;

use super::table::{Row, shipped as all};
use crate::error::Error;

/// How often one cause interrupted one run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CauseRow {
    /// Identifier, unique in its file.
    pub id: String,
    /// The row of `failures.csv` whose events are told apart.
    pub of: String,
    /// The family of the chip.
    pub family: String,
    /// The part that failed, one of a few: gpu, network, host, software, maintenance, unknown.
    pub cause: String,
    /// The cause as the source names it.
    pub as_named: String,
    /// How often.
    pub events: f64,
    /// How it is known: published, quoted by a third party.
    pub kind: String,
    /// Publication.
    pub source: String,
    /// Where it can be read.
    pub url: String,
}

impl Row for CauseRow {
    const NEEDED: &'static [&'static str] = &["id", "of", "cause", "events", "source"];
    const UNUSED: &'static [&'static str] = &[];
    fn id(&mut self) -> &mut String {
        &mut self.id
    }
}

/// The causes that come with flopbill.
///
/// # Errors
/// None in a build whose tests pass.
pub fn shipped() -> Result<Vec<CauseRow>, Error> {
    let causes = super::shipped_files().find(|(name, _)| *name == "causes");
    causes.map_or(Ok(Vec::new()), |(name, text)| all(name, text))
}
