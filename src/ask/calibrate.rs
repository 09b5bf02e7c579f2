//! The fitted factors: from the steps that come with flopbill, from a user's own, or from single operations of a chip.

use std::path::PathBuf;

use serde::Serialize;

use super::reply::ReplyHead;
use crate::calibration::fitted::{Fitted, Outcome, operations, own_steps, shipped};
use crate::catalog::{Catalog, Kind};
use crate::error::Error;
use crate::units::date::Date;

/// The factor that is refitted where none is named: the share of the peak that large products reach.
const USUAL: &str = "gemm";

/// The question of `calibrate`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CalibrateRequest {
    /// A CSV of measured steps, or the TOML of a chip's single operations; without it, the shipped steps.
    pub from: Option<PathBuf>,
    /// The factors to refit; the others stay.
    pub factors: Vec<String>,
    /// The day that new values are dated.
    pub today: Option<Date>,
}

/// The answer of `calibrate`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CalibrateReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// What was fitted.
    #[serde(flatten)]
    pub fitted: Fitted,
    /// The files that were written.
    pub written: Vec<String>,
    /// The profiles with the new values: kind, name and text.
    #[serde(skip)]
    pub profiles: Vec<(Kind, String, String)>,
}

impl CalibrateRequest {
    /// Refits.
    ///
    /// # Errors
    /// A file that cannot be read, names that no factor has, rows that cannot settle what is asked for.
    pub fn ask(&self, catalog: &Catalog) -> Result<CalibrateReply, Error> {
        let mut head = ReplyHead::new("calibrate", "factors");
        let outcome = match &self.from {
            None => shipped(catalog)?,
            Some(path) if path.extension().is_some_and(|extension| extension == "toml") => {
                operations(path, &self.factors, self.today, catalog)?
            }
            Some(path) if self.factors.is_empty() => {
                head.warnings.push(format!("no --factor: `{USUAL}` alone is refitted"));
                own_steps(path, &[USUAL.to_owned()], self.today, catalog)?
            }
            Some(path) => own_steps(path, &self.factors, self.today, catalog)?,
        };
        let Outcome { fitted, profiles, warnings } = outcome;
        head.warnings.extend(warnings);
        if let Fitted::Operations { measured, .. } = &fitted {
            head.name.clone_from(&measured.name);
        }
        Ok(CalibrateReply { head, fitted, written: Vec::new(), profiles })
    }
}
