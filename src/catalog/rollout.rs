//! `profiles/assumptions/rollout.toml`: what engines that write responses reach, and how long those are.

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::{Reader, Sources};
use crate::rollout::efficiency::{COUNT, NAMES};
use crate::uncertainty::dist::Dist;

/// What is assumed of writing.
#[derive(Debug, Clone)]
pub struct RolloutProfile {
    /// What engines reach, in the order of [`NAMES`].
    pub reached: [Dist; COUNT],
    /// The standard deviation of the logarithm of a response's length.
    pub length_spread: Dist,
    /// Tokens of a question.
    pub prompt_tokens: Dist,
    /// Where the values are from.
    pub sources: Sources,
}

impl Catalog {
    /// What is assumed of writing: the user's `assumptions/rollout.toml`, or the built-in one.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn rollout(&self) -> Result<RolloutProfile, Error> {
        rollout(&self.find(Kind::Assumptions, "rollout")?)
    }
}

/// Reads the profile.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn rollout(found: &Found) -> Result<RolloutProfile, Error> {
    found.document.read(|r| {
        let (_, _, sources) = (r.text("name"), r.texts("aliases"), r.sources());
        let (length_spread, prompt_tokens) = (range(r, "length_spread"), range(r, "prompt_tokens"));
        let reached = r.need("reached", r.table("reached", |inner| Some(NAMES.map(|name| range(inner, name)))));
        r.require_sources(&sources, &[]);
        let reached: Vec<Dist> = reached?.into_iter().flatten().collect();
        Some(RolloutProfile {
            reached: reached.try_into().ok()?,
            length_spread: length_spread?,
            prompt_tokens: prompt_tokens?,
            sources,
        })
    })
}

/// A range from its 5th to its 95th percentile, of values above zero.
fn range(r: &Reader<'_>, key: &'static str) -> Option<Dist> {
    let ends = r.need(key, r.numbers(key))?;
    match ends[..] {
        [low, high] if low > 0.0 && high >= low => Dist::range90(low, high).map_err(|error| r.fail(key, error)).ok(),
        _ => {
            let error = Error::bad_input(format!("`{key}` is a list of two numbers above zero, the smaller first"));
            r.fail(key, error.with_hint("write it like `[0.5, 0.8]`: the 5th and the 95th percentile"));
            None
        }
    }
}
