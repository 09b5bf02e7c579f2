//! What has been published, to hold a run against: the highest rate of a chip, the time between generations of chips, the
//! tokens that models of a size have seen. Judgements, no formulas of a run.

pub mod generation;
pub mod records;
pub mod scale;
pub mod tokens;
