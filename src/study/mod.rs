//! Studies.
pub mod backtest;
pub mod calibrate;
