//! flopbill: what will this training run cost, and how sure are you?
pub mod catalog;
pub mod dist;
pub mod error;
pub mod hardware;
pub mod model;
pub mod source;
pub mod study;
pub mod units;

pub use error::Error;
