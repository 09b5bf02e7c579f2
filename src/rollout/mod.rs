//! Writing responses: what one decode step of a model takes on a group of chips, how long a batch of responses of different
//! lengths takes, and what reading them again and handing on new weights does.
//!
//! Rooflines with a few assumed shares in them: nobody fitted these to measurements.

pub mod algorithm;
pub mod decode;
pub mod efficiency;
pub mod engine;
pub mod forward;
pub mod generate;
pub mod lengths;
pub mod sync;
