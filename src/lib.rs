//! flopbill: what will this training run cost, and how sure are you?
//!
//! Hardware profiles and training specs combine in an estimator that turns GPU-hours into wall-clock time,
//! cost and chip counts, and back.
//!
//! ```
//! use flopbill::{answer, Catalog, Question};
//!
//! let catalog = Catalog::built_in();
//! let question = Question::about("deepseek-v3", &catalog)?.with("run.chips", "4096");
//! let v3 = answer(&question, &catalog)?.estimate;
//! assert_eq!(v3.total.held.gpu_hours().round(), 2_788_000.0);
//! assert!((v3.total.wall_clock.unwrap().days() - 28.36).abs() < 0.01);
//! # Ok::<(), flopbill::Error>(())
//! ```
//!
//! # The way of a question
//!
//! `TOML -> spec (+ catalog) -> scenario -> model -> layout -> step -> reliability -> cost -> estimate -> study
//! -> view -> text`. A module uses only what stands above it in this list, and a test holds it to that:
//!
//! - [`error`], [`source`], [`units`]: refusals, provenance, quantities
//! - [`hardware`], [`model`], [`layout`]: plain checked structs and what can be counted on them
//! - [`step`], [`predict`]: the time of one training step, of the given layout or the best
//! - [`reliability`], [`cost`], [`policy`]: goodput, every charge, rules
//! - [`scenario`], [`mod@estimate`], [`solve`]: the question, its answer, and the relations run backwards
//! - [`dist`]: a value or a range
//! - [`catalog`], [`spec`]: profiles by name, and what a user wrote
//! - [`study`]: questions that take many estimates
//! - [`report`]: views in every format
//!
//! # Invariants
//!
//! - Nothing up to [`mod@estimate`] sees TOML, files, the clock, the environment, randomness or text output.
//! - No formula knows about ranges; [`report`] contains no formula.
//! - Only [`units`] converts; only the command line prints or exits.
//! - JSON types are separate from domain types.

mod answer;
mod ask;
mod calibration;
mod catalog;
mod cost;
mod error;
mod estimate;
mod fleet;
mod hardware;
mod input;
mod layout;
mod model;
mod policy;
mod predict;
mod reliability;
mod report;
mod scaling;
mod scenario;
mod solve;
mod source;
mod step;
mod uncertainty;
mod units;

pub use answer::resolve::{Answer, Question, answer};
pub use catalog::Catalog;
pub use error::Error;
pub use estimate::{Estimate, estimate};
pub use scenario::Scenario;

/// What tests, benches and doctests reach: no promises.
#[doc(hidden)]
#[allow(missing_docs)]
pub mod internals {
    pub mod answer {
        pub use crate::answer::*;
    }
    pub mod ask {
        pub use crate::ask::*;
    }
    pub mod calibration {
        pub use crate::calibration::*;
    }
    pub mod catalog {
        pub use crate::catalog::*;
    }
    pub mod cost {
        pub use crate::cost::*;
    }
    pub mod error {
        pub use crate::error::*;
    }
    pub mod estimate {
        pub use crate::estimate::*;
    }
    pub mod fleet {
        pub use crate::fleet::*;
    }
    pub mod hardware {
        pub use crate::hardware::*;
    }
    pub mod input {
        pub use crate::input::*;
    }
    pub mod layout {
        pub use crate::layout::*;
    }
    pub mod model {
        pub use crate::model::*;
    }
    pub mod policy {
        pub use crate::policy::*;
    }
    pub mod predict {
        pub use crate::predict::*;
    }
    pub mod reliability {
        pub use crate::reliability::*;
    }
    pub mod report {
        pub use crate::report::*;
    }
    pub mod scaling {
        pub use crate::scaling::*;
    }
    pub mod scenario {
        pub use crate::scenario::*;
    }
    pub mod solve {
        pub use crate::solve::*;
    }
    pub mod source {
        pub use crate::source::*;
    }
    pub mod step {
        pub use crate::step::*;
    }
    pub mod uncertainty {
        pub use crate::uncertainty::*;
    }
    pub mod units {
        pub use crate::units::*;
    }
}
