//! Batch and sequence of a model's training step, where they are not given: those of its own published run.

use crate::Error;
use crate::catalog::{Catalog, Kind, normal};
use crate::input::file::{Spec, spec};
use crate::units::Tokens;
use crate::units::parse::parse;

/// Tokens of a step where nobody says: what models of these years use. An assumption.
const BATCH_TOKENS: f64 = 4e6;

/// Tokens of a sequence where nobody says. An assumption.
const SEQ_LEN: u32 = 4096;

/// How far a batch given in tokens may be moved so that the chips share it evenly.
const MOST_MOVED: f64 = 0.05;

/// Most sequences of a step, so that no product of degrees overflows.
const MOST_SEQUENCES: f64 = (1 << 20) as f64;

/// A batch as it is written: `2048` sequences, or `4M tokens`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Batch {
    /// A number of sequences.
    Sequences(f64),
    /// A number of tokens.
    Tokens(f64),
}

impl Batch {
    /// Reads a batch.
    ///
    /// # Errors
    /// A text that is no number, with or without `tokens` or `sequences` behind it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lower = text.trim().to_lowercase();
        let strip = |units: &[&str]| units.iter().find_map(|unit| lower.strip_suffix(unit)).map(str::trim_end);
        let number = |text: &str| {
            let wrong = |_| {
                Error::bad_input(format!("--global-batch: `{}` is no batch", lower))
                    .with_hint("write sequences (2048) or tokens ('4M tokens')")
            };
            parse::<Tokens>(&text.to_uppercase()).map(Tokens::get).map_err(wrong)
        };
        match (strip(&["tokens", "token", "tok"]), strip(&["sequences", "sequence", "seqs"])) {
            (Some(rest), _) => Ok(Self::Tokens(number(rest)?)),
            (_, Some(rest)) => Ok(Self::Sequences(number(rest)?)),
            _ => Ok(Self::Sequences(number(&lower)?)),
        }
    }
}

/// One step's size, and where it is from.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSize {
    /// Tokens of a sequence.
    pub seq_len: u32,
    /// Sequences of a step.
    pub sequences: u32,
    /// What was not given, and what was taken.
    pub said: Vec<String>,
}

/// What is given, and for the rest the model's own published run, or the usual.
///
/// # Errors
/// A batch that is no whole number of sequences, or too large to be one.
pub fn usual(
    model: &str,
    catalog: &Catalog,
    seq_len: Option<u32>,
    batch: Option<Batch>,
    chips: u32,
) -> Result<StepSize, Error> {
    let mut said = Vec::new();
    let run = if seq_len.is_none() || batch.is_none() { run_of(model, catalog) } else { None };
    let published = |tokens: Option<f64>| tokens.zip(run.as_ref().map(|(id, _)| id.as_str()));
    let seq_len = seq_len.unwrap_or_else(|| {
        let own = run.as_ref().and_then(|(_, spec)| Some(spec.sequence_length.as_ref()?.value.get()));
        match published(own.filter(|tokens| (1.0..=1e6).contains(tokens))) {
            Some((tokens, id)) => {
                said.push(format!("sequences of {tokens} tokens, as in the run {id}"));
                tokens as u32
            }
            None => {
                said.push(format!("sequences of {SEQ_LEN} tokens, assumed"));
                SEQ_LEN
            }
        }
    });
    let batch = batch.unwrap_or_else(|| {
        let own = run.as_ref().and_then(|(_, spec)| Some(spec.global_batch_tokens.as_ref()?.value.get()));
        match published(own) {
            Some((tokens, id)) => {
                said.push(format!("a batch of {tokens} tokens, as in the run {id}"));
                Batch::Tokens(tokens)
            }
            None => {
                said.push(format!("a batch of {BATCH_TOKENS} tokens, assumed"));
                Batch::Tokens(BATCH_TOKENS)
            }
        }
    });
    let sequences = match batch {
        Batch::Sequences(sequences) => sequences,
        Batch::Tokens(tokens) => even(tokens / f64::from(seq_len), chips),
    };
    if !(1.0..=MOST_SEQUENCES).contains(&sequences) || sequences.fract() != 0.0 {
        let message = format!("--global-batch: {sequences} is not a whole number of sequences from 1 to 1048576");
        return Err(Error::bad_input(message).with_hint("write sequences (2048) or tokens ('4M tokens')"));
    }
    if let Batch::Tokens(tokens) = batch
        && (tokens - sequences * f64::from(seq_len)).abs() > 0.5
    {
        said.push(format!("rounded to {sequences} sequences, which the chips share evenly"));
    }
    Ok(StepSize { seq_len, sequences: sequences as u32, said })
}

/// A number of sequences near this one that as many chips as possible share evenly.
fn even(sequences: f64, chips: u32) -> f64 {
    if sequences.fract() == 0.0 {
        return sequences;
    }
    let mut share = f64::from(chips);
    while share > 1.0 {
        let near = (sequences / share).round() * share;
        if near > 0.0 && (near / sequences - 1.0).abs() <= MOST_MOVED {
            return near;
        }
        share = (share / 2.0).floor();
    }
    sequences.round().max(1.0)
}

/// The published run of a model: the one with its name, or the first of those that name it.
fn run_of(model: &str, catalog: &Catalog) -> Option<(String, Spec)> {
    let named = |id: &str| {
        let spec = spec(&catalog.find(Kind::Runs, id).ok()?).ok()?;
        let same = spec.model.as_ref().is_some_and(|entry| normal(&entry.value) == normal(model));
        (same && spec.sequence_length.is_some()).then(|| (id.to_owned(), spec))
    };
    named(model).or_else(|| catalog.ids(Kind::Runs).iter().find_map(|id| named(id)))
}
