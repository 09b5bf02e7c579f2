//! Questions about many estimates at once.

pub mod failures;
