//! What drives an uncertain answer: swings, rank correlations, narrowing, Sobol indices.

use serde::Serialize;

use crate::answer::Answer;
use crate::answer::prepared::OUTPUTS;
use crate::answer::ranges::{Asked, draw, inputs};
use crate::error::Error;
use crate::uncertainty::montecarlo::{Estimate, Inputs, Plan};
use crate::uncertainty::sensitivity::{Index, Indices, Narrowing, Swing, first_and_total, halved, ranks, tornado};

/// Draws of each of the two sets that the Sobol indices are made of.
const INDEX_DRAWS: usize = 1 << 13;

/// One uncertain input.
#[derive(Debug, Clone)]
pub struct Driver {
    /// Its field.
    pub path: String,
    /// What the answer does when it alone goes from its p5 to its p95.
    pub swing: Swing,
    /// Spearman's rank correlation with the answer.
    pub spearman: f64,
    /// What halving its spread does to the width of the answer.
    pub narrowing: Narrowing,
}

/// The drivers of one output.
#[derive(Debug, Clone)]
pub struct Drivers {
    /// The output's place in [`OUTPUTS`].
    pub output: usize,
    /// The output with every input at its median.
    pub centre: f64,
    /// The inputs, the widest swing first.
    pub inputs: Vec<Driver>,
    /// Shares of the variance, or why there are none: correlated inputs, draws without an answer.
    pub indices: Result<Indices, Error>,
}

/// What drives an output of an answer; `None` when nothing is uncertain.
///
/// # Errors
/// A correlation of a field that is not uncertain, an output that is not known.
pub fn drivers(answer: &Answer, asked: &Asked, output: usize) -> Result<Option<Drivers>, Error> {
    if answer.prepared.ranges().len() == 0 {
        return Ok(None);
    }
    let (inputs, _) = inputs(answer)?;
    let of = |values: &[f64]| answer.prepared.evaluate(values).get(output).copied().unwrap_or(f64::NAN);
    let (centre, swings) = tornado(&inputs, of);
    if centre.is_nan() {
        let name = OUTPUTS.get(output).copied().unwrap_or_default();
        let error = Error::no_solution(format!("{name} is not known, so that nothing drives it"));
        return Err(error.with_hint("give a price for the cost, chips for the days"));
    }
    let draws = draw(&inputs, &answer.prepared, &asked.plan);
    let spearman = ranks(&draws, output);
    let narrowings = halved(&inputs, &asked.plan, output, |values| answer.prepared.evaluate(values));
    let driver = |swing: Swing| {
        Some(Driver {
            path: inputs.names().get(swing.input)?.clone(),
            swing,
            spearman: *spearman.get(swing.input)?,
            narrowing: *narrowings.get(swing.input)?,
        })
    };
    let found = swings.into_iter().filter_map(driver).collect();
    Ok(Some(Drivers { output, centre, inputs: found, indices: indices(&inputs, asked, of) }))
}

fn indices(inputs: &Inputs, asked: &Asked, of: impl Fn(&[f64]) -> f64 + Sync) -> Result<Indices, Error> {
    let plan = Plan::new(INDEX_DRAWS, asked.plan.seed(), asked.plan.method())?;
    first_and_total(inputs, &plan, of)
}

impl Drivers {
    /// The Sobol indices of an input, where there are any.
    pub fn index(&self, driver: &Driver) -> Option<Index> {
        let found = self.indices.as_ref().ok()?;
        found.inputs.iter().find(|index| index.input == driver.swing.input).copied()
    }
}

/// The drivers for machines.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DriversReply {
    /// What is driven.
    pub drivers_of: Option<&'static str>,
    /// The widest swing first.
    pub drivers: Vec<DriverRow>,
}

/// One driver for machines.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DriverRow {
    /// Its field.
    pub path: String,
    /// The answer with it alone at its p5.
    pub at_p5: f64,
    /// The answer with it alone at its p95.
    pub at_p95: f64,
    /// Rank correlation with the answer.
    pub spearman: f64,
    /// Its own share of the variance.
    pub sobol_first: Option<IndexReply>,
    /// With its interactions.
    pub sobol_total: Option<IndexReply>,
    /// Why there are no shares.
    pub no_sobol: Option<String>,
    /// What halving its spread takes off the width of the answer.
    pub halving_narrows_by: f64,
}

/// A share of the variance.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct IndexReply {
    /// The share.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl DriversReply {
    /// Of what was found.
    pub fn of(found: &Drivers) -> Self {
        let share = |estimate: Estimate| IndexReply { value: estimate.value, standard_error: estimate.se };
        let row = |driver: &Driver| DriverRow {
            path: driver.path.clone(),
            at_p5: driver.swing.at_p5,
            at_p95: driver.swing.at_p95,
            spearman: driver.spearman,
            sobol_first: found.index(driver).map(|index| share(index.first)),
            sobol_total: found.index(driver).map(|index| share(index.total)),
            no_sobol: found.indices.as_ref().err().map(|error| error.message().to_owned()),
            halving_narrows_by: driver.narrowing.share(),
        };
        Self { drivers_of: OUTPUTS.get(found.output).copied(), drivers: found.inputs.iter().map(row).collect() }
    }
}
