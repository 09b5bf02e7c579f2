//! flopbill: what will this training run cost, and how sure are you?
pub mod catalog;
pub mod error;
pub mod estimate;
pub mod hardware;
pub mod layout;
pub mod model;
pub mod report;
pub mod scenario;
pub mod solve;
pub mod source;
pub mod spec;
pub mod step;
pub mod study;
pub mod units;

pub use error::Error;
pub use estimate::estimate;
