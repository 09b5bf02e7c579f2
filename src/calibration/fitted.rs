//! What was fitted to what, with the profiles that hold the new values.

use std::path::Path;

use serde::Serialize;

use super::backtest::{Known, Skipped, runs, unreadable};
use super::beyond::unnamed_goodput;
use super::calibrate::Report;
use super::history::ErrorTables;
use super::microbench::{Settled, settle};
use super::pool::{Pool, StackEffect};
use super::refit::{Generated, Refitted, refit, reproduce};
use crate::catalog::measurement::{Measurement, measurement};
use crate::catalog::software::{SoftwareProfile, Spreads};
use crate::catalog::stack::Residual;
use crate::catalog::{Catalog, Kind};
use crate::error::Error;
use crate::rows::{runs as run_rows, steps, table};
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
        /// What steps and runs differ by beyond the factors.
        software: Box<FittedSoftware>,
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

/// What steps and runs differ by, beyond what the factors tell.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct FittedSoftware {
    /// Whether that gives the values in the profiles.
    pub reproduced: bool,
    /// Dense models and mixtures.
    pub kinds: Vec<FittedKind>,
    /// Each stack.
    pub stacks: Vec<FittedStack>,
    /// What the layouts that people run take over the fastest: the mean, in logarithm.
    pub layout_gap: f64,
    /// Its standard deviation.
    pub layout_gap_spread: f64,
    /// Goodput on one node of software that nobody names.
    pub goodput_one_node: f64,
    /// What each doubling of the nodes takes of it, in logarithm.
    pub goodput_per_doubling: f64,
    /// Its standard deviation, in logarithm.
    pub goodput_spread: f64,
}

/// What the steps of one kind of model differ by, in logarithm.
#[derive(Debug, Clone, Serialize)]
pub struct FittedKind {
    /// `dense` or `moe`.
    pub kind: &'static str,
    /// The mean of all stacks.
    pub mean: f64,
    /// Between stacks.
    pub stack: f64,
    /// Between the sources of one stack.
    pub source: f64,
    /// The part of it that is between families of chips.
    pub chip: f64,
    /// Between the models and chips of one source.
    pub model: f64,
    /// Between the settings of one model on one chip.
    pub row: f64,
    /// Of a stack from year to year.
    pub drift: f64,
    /// Its standard deviation.
    pub drift_spread: f64,
}

/// What a stack takes beyond the step model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedStack {
    /// The stack.
    pub stack: String,
    /// `dense` or `moe`.
    pub kind: &'static str,
    /// Time over that of the step model.
    pub factor: f64,
    /// What is left open of it: the standard deviation of its logarithm.
    pub spread: f64,
    /// Rows that it was fitted to.
    pub rows: u32,
    /// Sources that they are from.
    pub sources: u32,
}

/// A fit with what follows from it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was fitted.
    pub fitted: Fitted,
    /// The profiles with the new values: kind, name and text.
    pub profiles: Vec<(Kind, String, String)>,
    /// Factors that lie on a bound, in sentences.
    pub warnings: Vec<String>,
}

/// Refits all factors to the shipped steps, and what stacks, sources and runs differ by.
///
/// # Errors
/// Factors profiles that are missing or wrong.
pub fn shipped(catalog: &Catalog) -> Result<Outcome, Error> {
    let (report, generations) = reproduce(&steps::shipped()?, catalog)?;
    let text = |one: &Generated| {
        Ok((Kind::Factors, one.name.clone(), catalog.factors_with(&one.name, &one.factors, &NAMES, None)?))
    };
    let mut profiles: Vec<_> = generations.iter().map(text).collect::<Result<_, Error>>()?;
    let refitted = software_of(&report, catalog)?;
    profiles.push((Kind::Assumptions, "software".to_owned(), catalog.software_with(&refitted)?));
    for (name, residual, release) in stacks_of(&report.pools, catalog) {
        profiles.push((Kind::Stacks, name.clone(), catalog.stack_fitted(&name, residual, release)?));
    }
    let same = |(kind, name, text): &(Kind, String, String)| {
        *kind == Kind::Factors || catalog.find(*kind, name).is_ok_and(|found| *found.document.text == **text)
    };
    let software = FittedSoftware::of(&refitted, &report.pools, profiles.iter().all(same));
    let fitted = Fitted::Shipped {
        reproduced: generations.iter().all(|one| one.reproduced) && software.reproduced,
        generations,
        software: Box::new(software),
        in_sample: ErrorTables::of(&report.in_sample.rows),
        leave_one_out: ErrorTables::of(&report.leave_one_out.rows),
        skipped: report.leave_one_out.skipped,
    };
    Ok(Outcome { fitted, profiles, warnings: Vec::new() })
}

/// What steps and runs differ by, as the shipped rows give it.
fn software_of(report: &Report, catalog: &Catalog) -> Result<SoftwareProfile, Error> {
    let known = catalog.software()?;
    let spreads = |kind: usize| report.pools[kind].as_ref().map_or(known.kinds[kind], |pool| pool.spreads);
    let runs = runs(&run_rows::shipped()?, &mut Known::new(catalog)?);
    let unnamed = unnamed_goodput(&runs.rows).unwrap_or(known.goodput[1]);
    Ok(SoftwareProfile {
        kinds: [spreads(0), spreads(1)],
        layout_gap: report.layout_gap.unwrap_or(known.layout_gap),
        goodput: [known.goodput[0], unnamed],
        ..known
    })
}

/// The residuals of every stack that has rows, or has a residual that none gives, with the release they are stated for.
fn stacks_of(pools: &[Option<Pool>; 2], catalog: &Catalog) -> Vec<(String, [Option<Residual>; 2], Option<Date>)> {
    let of = |kind: usize, name: &str| pools[kind].as_ref().and_then(|pool| pool.stacks.get(name));
    let mut found = Vec::new();
    for name in catalog.ids(Kind::Stacks) {
        let effects = [of(0, &name), of(1, &name)];
        let newest = effects.iter().flatten().filter_map(|effect| effect.release).reduce(f64::max);
        // The profile has one release: what the other kind takes is moved to it by its own drift.
        let residual = [0, 1].map(|kind| {
            let (effect, drift) = (effects[kind]?, pools[kind].as_ref()?.spreads.drift);
            let later = newest.zip(effect.release).map_or(0.0, |(newest, own)| newest - own);
            Some(Residual { value: effect.residual.value * (drift * later).exp(), ..effect.residual })
        });
        let had = catalog.stack(&name).is_ok_and(|stack| stack.residual != [None, None]);
        if had || residual != [None, None] {
            found.push((name, residual, newest.and_then(|years| Date::of_years(years).ok())));
        }
    }
    found
}

impl FittedSoftware {
    fn of(profile: &SoftwareProfile, pools: &[Option<Pool>; 2], reproduced: bool) -> Self {
        const KINDS: [&str; 2] = ["dense", "moe"];
        let kind = |(kind, spreads): (&'static str, Spreads)| {
            let Spreads { mean, stack, source, chip, model, row, drift, drift_spread, .. } = spreads.rounded();
            FittedKind { kind, mean, stack, source, chip, model, row, drift, drift_spread }
        };
        let stacks = KINDS.into_iter().zip(pools).flat_map(|(kind, pool)| {
            let one = move |(stack, effect): (&String, &StackEffect)| {
                let Residual { value, spread, rows, sources, .. } = effect.residual.rounded();
                FittedStack { stack: stack.clone(), kind, factor: value, spread, rows, sources }
            };
            pool.iter().flat_map(move |pool| pool.stacks.iter().map(one))
        });
        let [layout_gap, layout_gap_spread] = profile.layout_gap;
        let unnamed = profile.goodput[1].rounded();
        Self {
            reproduced,
            kinds: KINDS.into_iter().zip(profile.kinds).map(kind).collect(),
            stacks: stacks.collect(),
            layout_gap,
            layout_gap_spread,
            goodput_one_node: unnamed.one_node,
            goodput_per_doubling: unnamed.per_doubling,
            goodput_spread: unnamed.spread,
        }
    }
}

/// Refits these factors to a user's steps.
///
/// # Errors
/// A file that cannot be read, names that no factor has, rows that cannot settle what is asked for.
pub fn own_steps(path: &Path, names: &[String], today: Option<Date>, catalog: &Catalog) -> Result<Outcome, Error> {
    let rows = table::file::<steps::StepRow>(path)?;
    let (generations, unread) = refit(&rows.read, catalog, names)?;
    let source = source(path, today);
    let text = |one: &Refitted| {
        Ok((Kind::Factors, one.name.clone(), new_text(catalog, &one.name, &one.factors, names, &source)?))
    };
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
    let (factors, settled) = settle(&measured, &Machine::of(&chip)?, &base, names)?;
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
    Ok(Outcome { fitted, profiles: vec![(Kind::Factors, chip.factors, text)], warnings })
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
        let Self::Shipped { generations, software, .. } = self else { return Vec::new() };
        let mut sentences = Vec::new();
        if !software.reproduced {
            sentences.push("what stacks and runs differ by is not what the shipped rows give".to_owned());
        }
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
