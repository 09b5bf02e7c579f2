//! `profiles/assumptions/batch.toml`: tokens of a step that published models used, by their size.

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::{Reader, Sources};
use crate::units::{Params, Tokens};

/// Batches of published models.
#[derive(Debug, Clone)]
pub struct BatchSizes {
    /// From small models to large ones; the last has no upper end.
    pub sizes: Vec<Size>,
    /// Where they come from.
    pub sources: Sources,
}

/// Models of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// Largest number of parameters.
    pub up_to: Option<Params>,
    /// How many models were counted.
    pub models: u32,
    /// Tokens of a step, to the nearest power of two, with how many models used them.
    pub tokens: Vec<(Tokens, f64)>,
}

/// The shipped batches, or a user's.
///
/// # Errors
/// A profile that does not hold what it should.
pub fn batches(catalog: &Catalog) -> Result<BatchSizes, Error> {
    batch_sizes(&catalog.find(Kind::Assumptions, "batch")?)
}

/// Reads the profile.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn batch_sizes(found: &Found) -> Result<BatchSizes, Error> {
    found.document.read(|r| {
        let (_, _, sources) = (r.text("name"), r.texts("aliases"), r.sources());
        let sizes = r.tables("size", size);
        if sizes.last().is_none_or(|last| last.up_to.is_some()) {
            r.fail("size", Error::bad_input("the last `size` has no `up_to`: it holds every larger model"));
        }
        r.require_sources(&sources, &[]);
        Some(BatchSizes { sizes, sources })
    })
}

fn size(r: &Reader<'_>) -> Option<Size> {
    let up_to = r.quantity("up_to");
    let tokens = r.numbers("tokens").unwrap_or_default();
    let models = r.numbers("models").unwrap_or_default();
    let usable = |values: &[f64]| !values.is_empty() && values.iter().all(|value| *value >= 1.0);
    if tokens.len() != models.len() || !usable(&tokens) || !usable(&models) || !tokens.is_sorted() {
        let error =
            Error::bad_input("`tokens`, from few to many, and `models` are lists of the same length, from 1 up");
        r.fail("tokens", error.with_hint("tokens = [2097152, 4194304], models = [13, 6]"));
        return None;
    }
    let all: f64 = models.iter().sum();
    let tokens = tokens.into_iter().map(Tokens::new).zip(models.iter().map(|count| count / all)).collect();
    Some(Size { up_to, models: all as u32, tokens })
}
