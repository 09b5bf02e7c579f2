//! One file per question.

pub mod backtest;
pub mod calibrate;
pub mod check;
pub mod compare;
pub mod convert;
pub mod estimate;
pub mod explain;
pub mod fleet;
pub mod full;
pub mod keep;
pub mod layout;
pub mod optimal;
pub mod plan;
pub mod policy;
pub mod profiles;
pub mod request;
pub mod rl;

/// What every reply has in common.
pub mod reply {
    pub use crate::reply::*;
}
