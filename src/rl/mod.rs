//! A run of reinforcement learning: responses written by rollouts, scored, learned from, and the new weights handed back.
//!
//! The learning is the answer that `estimate` gives for the same tokens on the same chips: its step, its software, its goodput
//! and its price. The writing is the roofline of [`crate::rollout`]. Nothing of the latter was fitted to a run.

pub mod asked;
pub mod chosen;
pub mod cycle;
pub mod job;
pub mod spread;

pub use asked::Asked;
pub use job::Job;

/// What every answer says.
pub const NOT_VALIDATED: &str = "not validated: the shares that writing reaches are assumed. DeepSeek-R1-Zero's 101K \
                                 GPU-hours lie in the range of that run, but its mean lengths are read off a figure, \
                                 R1's first stage does not publish its updates, and both are of one lab";
