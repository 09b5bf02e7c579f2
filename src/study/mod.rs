//! Questions that take many estimates: ranges, sensitivity, sweeps, fleets, history.

pub mod backtest;
pub mod calibrate;
pub mod check;
pub mod compare;
pub mod confidence;
pub mod convert;
pub mod copula;
pub mod decompose;
pub mod drivers;
pub mod failures;
pub mod fleet;
pub mod history;
pub mod layouts;
pub mod microbench;
pub mod montecarlo;
mod offer;
pub mod pareto;
pub mod ranges;
pub mod refit;
pub mod scaling;
pub mod score;
pub mod sensitivity;
pub mod sobol;
pub mod sweep;
pub mod sweep_plan;
pub mod usual;
pub mod whole_bill;
