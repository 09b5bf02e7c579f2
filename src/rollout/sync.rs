//! Handing new weights to the engines, and making room for them where training and writing share chips.

use super::efficiency::Efficiency;
use crate::step::efficiency::Factors;
use crate::step::machine::Machine;
use crate::units::{Bytes, Seconds};

/// Time until every chip of the engines has its new weights.
///
/// # Formula
/// `weights on a chip / (network B)`
/// # Source
/// Each chip fetches what it holds from those that trained it, over its own network card; the share is that of collectives.
///
/// ```
/// use flopbill::Catalog;
/// use flopbill::internals::rollout::sync::weights;
/// use flopbill::internals::step::machine::Machine;
/// use flopbill::internals::units::Bytes;
///
/// let catalog = Catalog::built_in();
/// let (chip, calibration) = (catalog.accelerator("h800")?, catalog.calibration("hopper")?);
/// // by hand: 20 GB at 0.8 x 50 GB/s
/// let time = weights(Bytes::from_gb(20.0), &Machine::of(&chip.chip)?, &calibration.factors);
/// assert!((time.get() - 0.5).abs() < 1e-12);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn weights(on_chip: Bytes, machine: &Machine, factors: &Factors) -> Seconds {
    on_chip / (machine.nic * factors.fabric)
}

/// Time to move what a chip trains with to its host and back.
///
/// # Formula
/// `2 states / host B`
/// # Source
/// DeepSeek-R1, arXiv:2501.12948v2, supplement B.1: each phase's models leave the chips' memory when it is over.
pub fn swap(states: Bytes, efficiency: &Efficiency) -> Seconds {
    Seconds::new(2.0 * states.get() / efficiency.host)
}
