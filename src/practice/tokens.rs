//! How many tokens models of a size have seen.

use std::sync::OnceLock;

use crate::error::Error;
use crate::rows::runs::{RunRow, with_tokens};
use crate::units::{Params, Tokens, show};

/// Models with from a third to three times the active parameters are of a size. An assumption.
const ALIKE: f64 = 3.0;

/// Fewer published models of a size say nothing.
const ENOUGH: usize = 3;

/// Beyond the published range by this factor is far outside. An assumption.
const FAR: f64 = 2.0;

/// A published model with its tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The row.
    pub id: String,
    /// Active parameters.
    pub params: f64,
    /// Tokens of an active parameter.
    pub ratio: f64,
}

/// Tokens of an active parameter of every published model that was trained from its start, in the order of the rows; read
/// once.
///
/// # Errors
/// None in a build whose tests pass.
pub fn published() -> Result<&'static [Seen], Error> {
    static READ: OnceLock<Vec<Seen>> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(read);
    }
    let seen = |row: RunRow| {
        let whole = matches!(row.phase.as_str(), "pretrain" | "total") && row.tier != "X";
        let params = row.active_params_b.or(row.params_b).filter(|_| whole)? * 1e9;
        Some(Seen { id: row.id, params, ratio: row.tokens_b? * 1e9 / params })
    };
    let all = with_tokens()?.into_iter().filter_map(seen).collect();
    Ok(READ.get_or_init(|| all))
}

/// That a run has far more or fewer tokens for an active parameter than published models of its size.
///
/// # Errors
/// As [`published`].
pub fn far(params: Params, tokens: Tokens) -> Result<Option<String>, Error> {
    let (params, ratio) = (params.get(), tokens.get() / params.get());
    let apart = |seen: &Seen| (seen.params / params).ln().abs();
    let mut alike: Vec<&Seen> = published()?.iter().filter(|seen| apart(seen) <= ALIKE.ln()).collect();
    alike.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let (Some(least), Some(most)) = (alike.first(), alike.last()) else { return Ok(None) };
    let outside = ratio > most.ratio * FAR || ratio < least.ratio / FAR;
    if !outside || alike.len() < ENOUGH {
        return Ok(None);
    }
    let nearest = alike.iter().min_by(|a, b| apart(a).total_cmp(&apart(b)));
    let say = |seen: &Seen| format!("{} ({})", show::number(seen.ratio, 3), seen.id);
    let more = if ratio > most.ratio { "more" } else { "fewer" };
    let size = nearest.map(|seen| format!("; nearest in size {}", say(seen))).unwrap_or_default();
    Ok(Some(format!(
        "{} tokens for an active parameter are far {more} than published: of {} models from a third to three times as large, \
         {} to {}{size}",
        show::number(ratio, 3),
        alike.len(),
        say(least),
        say(most)
    )))
}
