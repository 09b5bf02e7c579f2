//! flopbill: what will this training run cost, and how sure are you?
//!
//! Hardware profiles and training specs combine in an estimator that turns GPU-hours into wall-clock time,
//! cost and chip counts, and back. Each question is a request, which `ask` answers with a reply; a reply is a struct that
//! serializes to the JSON of the command line.
//!
//! ```
//! use flopbill::{Catalog, EstimateRequest, Input};
//!
//! let catalog = Catalog::built_in();
//! let reply = EstimateRequest::new(Input::about("deepseek-v3").mfu("30%..42%")).ask(&catalog)?;
//! let result = &reply.result;
//! assert!(result.gpu_hours_p10 < result.gpu_hours && result.gpu_hours < result.gpu_hours_p90);
//! # Ok::<(), flopbill::Error>(())
//! ```
//!
//! | question | request | reply |
//! |---|---|---|
//! | hours, time, chips and cost of a run | [`EstimateRequest`] | [`EstimateReply`] |
//! | the best layouts on some chips | [`LayoutRequest`] | [`LayoutReply`] |
//! | the same run on another chip | [`ConvertRequest`] | [`ConvertReply`] |
//! | answers side by side | [`CompareRequest`] | [`CompareReply`] |
//! | the formulas with a run's numbers | [`ExplainRequest`] | [`ExplainReply`] |
//! | chips for a date, tokens for a budget | [`PlanRequest`] | [`PlanReply`] |
//! | the best model for a budget | [`OptimalRequest`] | [`OptimalReply`] |
//! | a question with other values in some fields | [`SweepRequest`] | [`SweepReply`] |
//! | deliveries in tranches | [`FleetRequest`] | [`FleetReply`] |
//! | predictions against what was measured | [`BacktestRequest`] | [`BacktestReply`] |
//! | the factors, fitted again | [`CalibrateRequest`] | [`CalibrateReply`] |
//! | a chip against dated rules | [`PolicyRequest`] | [`PolicyReply`] |
//! | a run of reinforcement learning | [`RlRequest`] | [`RlReply`] |
//! | profiles: names, values, checks | [`ProfilesRequest`] | [`ProfilesReply`] |
//!
//! # The way of a question
//!
//! `text -> input -> setting -> predict -> solve -> answer -> reply -> view -> text`, one way. The rooms stand in this
//! order, each uses only those before it, and a test holds them to that: `error`, `source`, `units`; the physics and the
//! accounting (`hardware`, `model`, `layout`, `step`, `reliability`, `cost`, `policy`); `uncertainty`, `read`, `rollout`, `config`,
//! `rows`, `catalog`, `ruling`, `prices`, `practice`, `input`, `assume`, `audit`; `predict`, `solve`, `answer`, `rl`;
//! `calibration`, `fleet`, `scaling`, `planner`; `reply`, `sides`, `ask`, `sweep`, `report`; and the command line.
//!
//! # Invariants
//!
//! - Nothing up to the scenario's estimate sees TOML, files, the clock, the environment, randomness or text output.
//! - No formula knows about ranges; a view contains no formula and decides nothing.
//! - Only `units` converts; only the command line prints or exits.

mod answer;
mod ask;
mod assume;
mod audit;
mod calibration;
mod catalog;
mod config;
mod cost;
mod error;
mod estimate;
mod fleet;
mod hardware;
mod input;
mod layout;
mod model;
mod planner;
mod policy;
mod practice;
mod predict;
mod prices;
mod read;
mod reliability;
mod reply;
mod report;
mod rl;
mod rollout;
mod rows;
mod ruling;
mod scaling;
mod scenario;
mod sides;
mod solve;
mod source;
mod step;
mod sweep;
mod uncertainty;
mod units;

pub use ask::backtest::{BacktestReply, BacktestRequest};
pub use ask::calibrate::{CalibrateReply, CalibrateRequest};
pub use ask::compare::{CompareReply, CompareRequest};
pub use ask::convert::{ConvertReply, ConvertRequest};
pub use ask::estimate::{Driven, EstimateReply, EstimateRequest};
pub use ask::explain::{ExplainReply, ExplainRequest};
pub use ask::fleet::{FleetReply, FleetRequest};
pub use ask::layout::{LayoutReply, LayoutRequest};
pub use ask::optimal::{OptimalReply, OptimalRequest};
pub use ask::plan::{Goal, PlanReply, PlanRequest};
pub use ask::policy::{PolicyReply, PolicyRequest};
pub use ask::profiles::{ProfilesReply, ProfilesRequest};
pub use ask::reply::{ReplyHead, ResultBlock};
pub use ask::request::About;
pub use ask::rl::{RlReply, RlRequest};
pub use catalog::Catalog;
pub use error::{Error, Kind as ErrorKind};
pub use input::question::{Input, Question};
pub use sweep::{SweepReply, SweepRequest};
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
    pub mod assume {
        pub use crate::assume::*;
    }
    pub mod audit {
        pub use crate::audit::*;
    }
    pub mod calibration {
        pub use crate::calibration::*;
    }
    pub mod catalog {
        pub use crate::catalog::*;
    }
    pub mod config {
        pub use crate::config::*;
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
    pub mod planner {
        pub use crate::planner::*;
    }
    pub mod policy {
        pub use crate::policy::*;
    }
    pub mod practice {
        pub use crate::practice::*;
    }
    pub mod prices {
        pub use crate::prices::*;
    }
    pub mod predict {
        pub use crate::predict::*;
    }
    pub mod read {
        pub use crate::read::*;
    }
    pub mod reliability {
        pub use crate::reliability::*;
    }
    pub mod report {
        pub use crate::report::*;
    }
    pub mod rl {
        pub use crate::rl::*;
    }
    pub mod rollout {
        pub use crate::rollout::*;
    }
    pub mod rows {
        pub use crate::rows::*;
    }
    pub mod ruling {
        pub use crate::ruling::*;
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
    pub mod sweep {
        pub use crate::sweep::*;
    }
    pub mod uncertainty {
        pub use crate::uncertainty::*;
    }
    pub mod units {
        pub use crate::units::*;
    }
}
