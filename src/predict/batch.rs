//! Sequences of a step: as given, as in the model's own published run, or as published models of its size used.

use crate::catalog::Catalog;
use crate::catalog::batches::{BatchSizes, batches};
use crate::error::Error;
use crate::input::batch::Batch;
use crate::model::architecture::Architecture;
use crate::uncertainty::dist::Dist;
use crate::units::{Params, Tokens, show};

/// Tokens of a sequence where nobody says. An assumption.
pub const SEQUENCE: u32 = 4096;

/// Tokens of a sequence where nothing says them.
///
/// # Formula
/// [`SEQUENCE`], or the model's learned positions where there are fewer
/// # Source
/// An assumption.
pub fn usual_length(shape: &Architecture) -> u32 {
    let positions = shape.learned_positions;
    if (1..SEQUENCE).contains(&positions) { positions } else { SEQUENCE }
}

/// Most sequences of a step.
const MOST: f64 = (1u32 << 20) as f64;

/// Sequences of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepBatch {
    /// A number that was given, or that the model's own run had.
    Known(u32),
    /// Tokens of a step that published models of this size used, with how many did, from few to many.
    Unknown {
        /// Tokens and weights.
        tokens: Vec<(Tokens, f64)>,
        /// The sequences of the median.
        sequences: u32,
    },
}

impl StepBatch {
    /// A batch that was given.
    ///
    /// # Errors
    /// Less than one sequence, or more than a million.
    pub fn given(batch: Batch, seq_len: u32) -> Result<Self, Error> {
        let sequences = match batch {
            Batch::Sequences(sequences) => sequences,
            Batch::Tokens(tokens) => tokens.get() / f64::from(seq_len),
        };
        Ok(Self::Known(whole(sequences)?))
    }

    /// What published models of this size used.
    ///
    /// # Errors
    /// A profile of batches that is wrong.
    pub fn by_size(params: Params, seq_len: u32, catalog: &Catalog) -> Result<(Self, String), Error> {
        let BatchSizes { sizes, .. } = batches(catalog)?;
        let Some(size) = sizes.into_iter().find(|size| size.up_to.is_none_or(|most| params <= most)) else {
            return Err(Error::bad_file("the profile of batches has no entry for models of every size"));
        };
        let (few, many) = (size.tokens.first(), size.tokens.last());
        let ends = few.zip(many).map(|(few, many)| format!("{} to {}", of(few.0), of(many.0))).unwrap_or_default();
        let found = Self::of(size.tokens, seq_len)?;
        let said = format!("tokens of a step: {ends}, as {} published models of this size used", size.models);
        Ok((found, said))
    }

    fn of(tokens: Vec<(Tokens, f64)>, seq_len: u32) -> Result<Self, Error> {
        let median = distribution(&tokens)?.median();
        let sequences = whole(median / f64::from(seq_len))?;
        Ok(Self::Unknown { tokens, sequences })
    }

    /// Sequences of a step; of an unknown batch, the median.
    pub fn sequences(&self) -> u32 {
        match self {
            Self::Known(sequences) | Self::Unknown { sequences, .. } => *sequences,
        }
    }

    /// The tokens of a step as a range, where nobody said them.
    ///
    /// # Errors
    /// Weights that are none.
    pub fn range(&self) -> Result<Option<Dist>, Error> {
        match self {
            Self::Known(_) => Ok(None),
            Self::Unknown { tokens, .. } => distribution(tokens).map(Some),
        }
    }
}

fn distribution(tokens: &[(Tokens, f64)]) -> Result<Dist, Error> {
    let part = |(tokens, weight): &(Tokens, f64)| Ok((*weight, Dist::point(tokens.get())?));
    Dist::mixture(tokens.iter().map(part).collect::<Result<_, Error>>()?, 0.0)
}

fn of(tokens: Tokens) -> String {
    show::count(tokens.get(), 4)
}

/// A whole number of sequences.
///
/// # Errors
/// Less than one, or more than a million.
pub fn whole(sequences: f64) -> Result<u32, Error> {
    let near = sequences.round();
    if (0.5..=MOST).contains(&sequences) {
        return Ok(near.max(1.0) as u32);
    }
    let message =
        format!("a step of {} is not one from 1 to {MOST}", show::counted(show::number(sequences, 4), "sequence"));
    Err(Error::bad_input(message).with_hint("write --global-batch 1024seq or 4Mtok"))
}
