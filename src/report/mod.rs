//! From an answer to text. No formula stands here: views pick, label and round what was computed.

pub mod backtest;
pub mod beside;
pub mod bill;
pub mod brief;
pub mod calibrate;
pub mod compare;
pub mod convert;
pub mod digits;
pub mod drivers;
pub mod estimate;
pub mod explain;
pub mod fleet;
mod footprint;
pub mod formats;
pub mod grid;
mod html;
pub mod joint;
pub mod json;
pub mod keep;
pub mod layout;
pub mod listed;
mod model;
mod optimal;
mod owning;
pub mod plan;
pub mod policy;
mod policy_to;
pub mod profile;
pub mod ranges;
mod render;
pub mod resolved;
mod rests;
pub mod rl;
pub mod step;
pub mod sweep;
#[cfg(feature = "parquet")]
pub mod sweep_parquet;
pub mod thresholds;
pub mod tranches;
pub mod view;

pub use brief::Detail;
pub use formats::{FORMATS, Format};
pub use view::View;
