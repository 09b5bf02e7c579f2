//! flopbill: what will this training run cost, and how sure are you?
//!
//! Hardware profiles and training specs combine in an estimator that turns GPU-hours into wall-clock time,
//! cost and chip counts, and back. Each question is a request that one function answers with a reply; a reply is a
//! struct that serializes to the JSON of the command line.
//!
//! ```
//! use flopbill::{Catalog, EstimateRequest, Input, estimate};
//!
//! let catalog = Catalog::built_in();
//! let reply = estimate(&EstimateRequest::new(Input::about("deepseek-v3").mfu("30%..42%")), &catalog)?;
//! let result = &reply.result;
//! assert!(result.gpu_hours_p10 < result.gpu_hours && result.gpu_hours < result.gpu_hours_p90);
//! # Ok::<(), flopbill::Error>(())
//! ```
//!
//! | question | request | function |
//! |---|---|---|
//! | hours, time, chips and cost of a run | [`EstimateRequest`] | [`estimate()`] |
//! | the best layouts on some chips | [`LayoutRequest`] | [`layout()`] |
//! | the same run on another chip | [`ConvertRequest`] | [`convert`] |
//! | answers side by side | [`CompareRequest`] | [`compare`] |
//! | the formulas with a run's numbers | [`ExplainRequest`] | [`explain`] |
//! | chips for a date, tokens for a budget | [`PlanRequest`] | [`plan`] |
//! | the best model for a budget | [`OptimalRequest`] | [`optimal`] |
//! | a question with other values in some fields | [`SweepRequest`] | [`sweep`] |
//! | deliveries in tranches | [`FleetRequest`] | [`fleet()`] |
//! | predictions against what was measured | [`BacktestRequest`] | [`backtest`] |
//! | the factors, fitted again | [`CalibrateRequest`] | [`calibrate`] |
//! | a chip against dated rules | [`PolicyRequest`] | [`policy()`] |
//! | profiles: names, values, checks | [`ProfilesRequest`] | [`profiles`] |
//!
//! # The way of a question
//!
//! `text -> input -> setting -> predict -> solve -> answer -> reply -> view -> text`, one way. The rooms stand in this
//! order, each uses only those before it, and a test holds them to that: `error`, `source`, `units`; the physics and the
//! accounting (`hardware`, `model`, `layout`, `step`, `reliability`, `cost`, `policy`); `uncertainty`, `catalog`, `input`;
//! `predict`, `solve`, `answer`; `calibration`, `fleet`, `scaling`; `ask`, `report`; and the command line.
//!
//! # Invariants
//!
//! - Nothing up to the scenario's estimate sees TOML, files, the clock, the environment, randomness or text output.
//! - No formula knows about ranges; a view contains no formula and decides nothing.
//! - Only `units` converts; only the command line prints or exits.

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

pub use ask::backtest::{BacktestReply, BacktestRequest, backtest};
pub use ask::calibrate::{CalibrateReply, CalibrateRequest, calibrate};
pub use ask::compare::{CompareReply, CompareRequest, compare};
pub use ask::convert::{ConvertReply, ConvertRequest, convert};
pub use ask::estimate::{Driven, EstimateReply, EstimateRequest, estimate};
pub use ask::explain::{ExplainReply, ExplainRequest, explain};
pub use ask::fleet::{FleetReply, FleetRequest, fleet};
pub use ask::layout::{LayoutReply, LayoutRequest, layout};
pub use ask::optimal::{OptimalReply, OptimalRequest, optimal};
pub use ask::plan::{Goal, PlanReply, PlanRequest, plan};
pub use ask::policy::{PolicyReply, PolicyRequest, policy};
pub use ask::profiles::{ProfilesReply, ProfilesRequest, profiles};
pub use ask::reply::{ReplyHead, ResultBlock};
pub use ask::request::About;
pub use ask::sweep::{SweepReply, SweepRequest, sweep};
pub use catalog::Catalog;
pub use error::Error;
pub use input::question::{Input, Question};
pub use uncertainty::montecarlo::{Method as Sampler, Plan as Draws};

/// The quantities that requests are made of.
pub mod quantities {
    pub use crate::units::date::Date;
    pub use crate::units::{Chips, Fraction, Price, Seconds, Tokens, Usd};
}

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
