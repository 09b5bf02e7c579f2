//! How often nodes and jobs fail.

use crate::error::Error;
use crate::units::check::positive;
use crate::units::{Chips, Seconds};

/// What a published failure rate counts. The three differ by a factor of ten: they are never averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// Failures traced to hardware.
    Hardware,
    /// Every unexpected interruption of one flagship job.
    Job,
    /// Every cause on a whole fleet, user code included.
    Fleet,
}

/// The bands and how a profile writes them.
pub const BANDS: [(&str, Band); 3] = [("hardware", Band::Hardware), ("job", Band::Job), ("fleet", Band::Fleet)];

/// Failures of one node, and what multiplies them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FailureRate {
    /// Failures per 1000 node-days.
    pub per_1000_node_days: f64,
    /// All-cause failures over the failures counted in the rate; 1 if the rate counts all.
    pub all_cause: f64,
    /// More memory stacks than the chips of the source, or worse ones; 1 if alike.
    pub hbm: f64,
}

/// Mean time between failures of a job.
///
/// # Formula
/// `M = 1000 days / (nodes * r * k_all * k_hbm)`: r failures per 1000 node-days
/// # Source
/// Failures of nodes as independent exponentials (Kokolis et al. 2025, arXiv:2410.21680).
///
/// ```
/// use flopbill::internals::reliability::rate::{FailureRate, mtbf};
/// use flopbill::internals::units::Chips;
///
/// let rate = FailureRate { per_1000_node_days: 6.5, all_cause: 1.0, hbm: 1.0 };
/// // by hand: 24000 h / (2048 nodes * 6.5); the paper prints 1.8 h
/// assert!((mtbf(Chips::new(16384.0), 8, &rate)?.hours() - 1.802885).abs() < 1e-6);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn mtbf(chips: Chips, chips_per_node: u32, rate: &FailureRate) -> Result<Seconds, Error> {
    positive("the number of chips", chips)?;
    positive("the chips of a node", f64::from(chips_per_node))?;
    positive("the failure rate", rate.per_1000_node_days)?;
    positive("the all-cause factor", rate.all_cause)?;
    positive("the memory factor", rate.hbm)?;
    let nodes = chips.get() / f64::from(chips_per_node);
    let per_day = nodes * rate.per_1000_node_days / 1000.0 * rate.all_cause * rate.hbm;
    positive("the mean time between failures", Seconds::from_days(1.0 / per_day))
}
