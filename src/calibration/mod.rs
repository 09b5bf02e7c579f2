//! Measured steps: the back-test, the fit, and measurements of one chip.

pub mod after;
pub mod backtest;
pub mod beyond;
pub mod calibrate;
pub mod fitted;
pub mod history;
pub mod microbench;
pub mod pool;
pub mod refit;
