//! What was fitted to what, with the profiles that hold the new values.

use std::path::Path;

use serde::Serialize;

use super::backtest::{Skipped, unreadable};
use super::history::ErrorTables;
use super::microbench::{Settled, settle};
use super::refit::{Generated, Refitted, refit, reproduce};
use crate::catalog::measurement::{Measurement, measurement};
use crate::catalog::{Catalog, steps, table};
use crate::error::Error;
use crate::step::efficiency::{Factors, NAMES};
use crate::step::machine::Machine;
use crate::units::date::Date;

/// What was fitted to what.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Fitted {
    /// All factors, to the shipped steps.
    Shipped {
        /// Whether that gives the values in the profiles.
        reproduced: bool,
        /// One entry a family.
        generations: Vec<Generated>,
        /// Errors of the rows the factors were fitted to.
        in_sample: ErrorTables,
        /// Errors of every row under factors that were not fitted to its source.
        leave_one_out: ErrorTables,
        /// Rows that could not be predicted.
        skipped: Vec<Skipped>,
    },
    /// Some factors, to a user's steps.
    Steps {
        /// One entry a family.
        generations: Vec<Refitted>,
        /// Rows that could not be predicted.
        skipped: Vec<Skipped>,
    },
    /// Some factors, to single operations.
    Operations {
        /// The chip.
        gpu: String,
        /// When it was measured.
        date: String,
        /// Its family.
        generation: String,
        /// Each factor.
        factors: Vec<Settled>,
        /// What was measured.
        #[serde(skip)]
        measured: Box<Measurement>,
    },
}

/// A fit with what follows from it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was fitted.
    pub fitted: Fitted,
    /// The profiles with the new values: name and text.
    pub profiles: Vec<(String, String)>,
    /// Factors that lie on a bound, in sentences.
    pub warnings: Vec<String>,
}

/// Refits all factors to the shipped steps.
///
/// # Errors
/// Factors profiles that are missing or wrong.
pub fn shipped(catalog: &Catalog) -> Result<Outcome, Error> {
    let (report, generations) = reproduce(&steps::shipped()?, catalog)?;
    let text = |one: &Generated| Ok((one.name.clone(), catalog.factors_with(&one.name, &one.factors, &NAMES, None)?));
    let profiles = generations.iter().map(text).collect::<Result<_, Error>>()?;
    let fitted = Fitted::Shipped {
        reproduced: generations.iter().all(|one| one.reproduced),
        generations,
        in_sample: ErrorTables::of(&report.in_sample.rows),
        leave_one_out: ErrorTables::of(&report.leave_one_out.rows),
        skipped: report.leave_one_out.skipped,
    };
    Ok(Outcome { fitted, profiles, warnings: Vec::new() })
}

/// Refits these factors to a user's steps.
///
/// # Errors
/// A file that cannot be read, names that no factor has, rows that cannot settle what is asked for.
pub fn own_steps(path: &Path, names: &[String], today: Option<Date>, catalog: &Catalog) -> Result<Outcome, Error> {
    let rows = table::file::<steps::StepRow>(path)?;
    let (generations, unread) = refit(&rows.read, catalog, names)?;
    let source = source(path, today);
    let text = |one: &Refitted| Ok((one.name.clone(), new_text(catalog, &one.name, &one.factors, names, &source)?));
    let profiles = generations.iter().map(text).collect::<Result<_, Error>>()?;
    let parked = generations.iter().flat_map(|one| &one.changed).filter(|changed| changed.on_bound);
    let warnings = parked.map(|changed| on_bound(changed.factor)).collect();
    let skipped = unreadable(rows.unreadable).chain(unread).collect();
    Ok(Outcome { fitted: Fitted::Steps { generations, skipped }, profiles, warnings })
}

/// Settles the factors that single operations of a chip measure.
///
/// # Errors
/// A file that cannot be read, operations that settle none of the factors.
pub fn operations(path: &Path, names: &[String], today: Option<Date>, catalog: &Catalog) -> Result<Outcome, Error> {
    let measured = measurement(path)?;
    let chip = catalog.accelerator(&measured.gpu)?.chip;
    let base = catalog.factors(&chip.factors)?.calibration;
    let (factors, settled) = settle(&measured, &Machine::of(&chip), &base, names)?;
    let names: Vec<String> = settled.iter().map(|one| one.factor.to_owned()).collect();
    let text = new_text(catalog, &chip.factors, &factors, &names, &source(path, today))?;
    let warnings = settled.iter().filter(|one| one.on_bound).map(|one| on_bound(one.factor)).collect();
    let fitted = Fitted::Operations {
        gpu: measured.gpu.clone(),
        date: measured.date.clone(),
        generation: chip.factors.clone(),
        factors: settled,
        measured: Box::new(measured),
    };
    Ok(Outcome { fitted, profiles: vec![(chip.factors, text)], warnings })
}

/// The source of new values: the file they are from.
fn source(from: &Path, today: Option<Date>) -> String {
    let file = from.file_name().map(|name| name.to_string_lossy().replace(['"', '\\'], "_")).unwrap_or_default();
    let file: String = file.chars().filter(|c| !c.is_control()).collect();
    let day = today.map(|day| day.to_string()).unwrap_or_default();
    let month = day.get(..7).unwrap_or("2026-11");
    format!("{{ title = \"Refitted to {file} by flopbill calibrate\", as_of = \"{month}\", kind = \"measured\" }}")
}

fn new_text(catalog: &Catalog, name: &str, factors: &Factors, names: &[String], source: &str) -> Result<String, Error> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    catalog.factors_with(name, factors, &names, Some(source))
}

impl Fitted {
    /// The shipped factors that the refit does not reproduce, in sentences.
    pub fn differences(&self) -> Vec<String> {
        let Self::Shipped { generations, .. } = self else { return Vec::new() };
        let mut sentences = Vec::new();
        for one in generations {
            for differing in one.compared.iter().filter(|compared| !compared.same) {
                let (name, factor, committed, refitted) =
                    (&one.name, differing.factor, differing.committed, differing.refitted);
                sentences
                    .push(format!("{name}: {factor} is {committed:.4e} in the profile and {refitted:.4e} refitted"));
            }
        }
        sentences
    }
}

fn on_bound(factor: &str) -> String {
    format!(
        "`{factor}` lies on a bound of what is physical: the model lacks a term, or the measurement is of something else"
    )
}
