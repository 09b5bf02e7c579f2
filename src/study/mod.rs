//! Questions about many estimates at once.

pub mod failures;
pub mod fleet;
pub mod scaling;
