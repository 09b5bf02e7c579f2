//! flopbill: what will this training run cost, and how sure are you?
pub mod catalog;
pub mod cost;
pub mod error;
pub mod hardware;
pub mod model;
pub mod policy;
pub mod reliability;
pub mod source;
pub mod study;
pub mod units;

pub use error::Error;
