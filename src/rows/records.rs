//! The highest published rates: rows of a CSV file, one for a chip, a width of the matrix work and a kind of model.

use std::sync::OnceLock;

use serde::Deserialize;

use super::table::{Row, shipped as all};
use crate::error::Error;
use crate::units::FlopPerSecond;

/// One record. Its rate counts 6 FLOPs for each parameter at work and token, as answers count their MFU.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordRow {
    /// The row of measured steps, or the published run, that it is of.
    pub id: String,
    /// The chip's profile.
    pub chip: String,
    /// Its family.
    pub family: String,
    /// Width of the matrix work: `16-bit`, `8-bit`, `4-bit`.
    pub width: String,
    /// `dense` or `mixture`.
    pub kind: String,
    /// TFLOP/s of a chip, by 6ND.
    pub tflops_6nd: f64,
    /// The same over the chip's dense 16-bit peak.
    pub mfu_6nd: f64,
    /// With causal attention counted and the embeddings' look-up left out, where the shape is known.
    pub mfu_causal: Option<f64>,
    /// The model.
    pub model: String,
    /// Chips.
    pub chips: Option<f64>,
    /// `step` or `run`.
    pub what: String,
    /// The month of its software, or of the publication.
    pub date: String,
    /// Published rates of this chip, width and kind, of which it is the highest.
    pub rows: u32,
    /// Their sources.
    pub sources: u32,
    /// Publication.
    pub source: String,
}

impl Row for RecordRow {
    const NEEDED: &'static [&'static str] = &["id", "chip", "family", "width", "kind", "tflops_6nd", "mfu_6nd"];
    const UNUSED: &'static [&'static str] = &[];
    fn id(&mut self) -> &mut String {
        &mut self.id
    }
}

impl RecordRow {
    /// The rate of a chip.
    pub fn rate(&self) -> FlopPerSecond {
        FlopPerSecond::from_tflops(self.tflops_6nd)
    }
}

/// The records that come with flopbill, read once.
///
/// # Errors
/// None in a build whose tests pass.
pub fn shipped() -> Result<&'static [RecordRow], Error> {
    static READ: OnceLock<Vec<RecordRow>> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(read);
    }
    let found = super::shipped_files().find(|(name, _)| *name == "records");
    let rows = found.map_or(Ok(Vec::new()), |(name, text)| all(name, text))?;
    Ok(READ.get_or_init(|| rows))
}
