//! A stack in one line: of when it is, and what its measured steps take.

use serde::Serialize;

use super::stack::{Residual, StackProfile};

/// A stack with what its measured steps take.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct StackRow {
    /// Its name among profiles.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The year it is of.
    pub era: String,
    /// The month of the release that its residual is stated for.
    pub release: Option<String>,
    /// What its steps take beyond the model, where dense models were measured on it.
    pub dense: Option<StackResidual>,
    /// The same of mixtures of experts.
    pub moe: Option<StackResidual>,
}

/// Time of a stack's steps over that of the model, as it was fitted.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct StackResidual {
    /// The median factor.
    pub factor: f64,
    /// What is left open of it: the standard deviation of its logarithm.
    pub spread: f64,
    /// Rows that it was fitted to.
    pub rows: u32,
    /// Sources that they are from.
    pub sources: u32,
}

impl StackRow {
    /// The line of a stack.
    pub fn of(stack: StackProfile) -> Self {
        let residual = |found: Residual| {
            let Residual { value: factor, spread, rows, sources, .. } = found;
            StackResidual { factor, spread, rows, sources }
        };
        let [dense, moe] = stack.residual.map(|found| found.map(residual));
        Self { id: stack.id, name: stack.name, era: stack.era, release: stack.release, dense, moe }
    }
}
