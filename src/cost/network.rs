//! The network between the servers: its part of an owned cluster.

use crate::error::Error;
use crate::units::Fraction;
use crate::units::check::share_below_one;

/// Cost of the network relative to the servers it joins.
///
/// # Formula
/// `f / (1 - f)`: f the network's share of the whole cluster
/// # Source
/// Cottier et al. 2024 (arXiv:2405.21015): f = 19 %.
///
/// ```
/// use flopbill::internals::cost::network::over_servers;
/// use flopbill::internals::units::Fraction;
/// assert_eq!(over_servers(Fraction::new(0.2))?, 0.25); // by hand: 0.2 / 0.8
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn over_servers(share_of_cluster: Fraction) -> Result<f64, Error> {
    let share = share_below_one("the network's share of the cluster", share_of_cluster)?.get();
    Ok(share / (1.0 - share))
}
