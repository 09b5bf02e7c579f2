//! What a checkpoint weighs, and how long the job stands still for it.

use crate::error::Error;
use crate::units::check::{not_negative, positive};
use crate::units::{Bytes, BytesPerSecond, Chips, Params, Seconds};

/// How the state leaves the chips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Save {
    /// The job waits until shared storage has everything.
    ToStorage {
        /// Write bandwidth of the shared storage.
        bandwidth: BytesPerSecond,
    },
    /// The job waits only for the copy into host memory.
    ToHost {
        /// Copy bandwidth of one chip to its host.
        per_chip: BytesPerSecond,
        /// Fixed cost: barrier, serialisation.
        overhead: Seconds,
    },
}

/// Where a job waits for its checkpoint to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On shared storage.
    Storage,
    /// In host memory; it reaches the storage while the job goes on.
    Host,
}

/// The ways and how they are written.
pub const WAYS: [(&str, Way); 2] = [("storage", Way::Storage), ("host", Way::Host)];

/// What the rates of shared storage and of published failures are counted for.
pub const NODE: f64 = 8.0;

/// Write bandwidth of the shared storage of a cluster.
///
/// # Formula
/// `min(n / 8 * b, cap)`: b the bandwidth for a node of 8 chips
/// # Source
/// BLOOM wrote 57.5 GB/s on 384 chips, Llama 3 2 TB/s on 16,384 (arXiv:2407.21783).
///
/// ```
/// use flopbill::internals::reliability::checkpoint::shared;
/// use flopbill::internals::units::{BytesPerSecond, Chips};
/// let (node, cap) = (BytesPerSecond::new(1e9), BytesPerSecond::new(7e12));
/// assert_eq!(shared(Chips::new(16384.0), node, cap)?.get(), 2.048e12); // by hand: 2048 nodes
/// assert_eq!(shared(Chips::new(100_000.0), node, cap)?.get(), 7e12);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn shared(chips: Chips, per_node: BytesPerSecond, cap: BytesPerSecond) -> Result<BytesPerSecond, Error> {
    positive("the number of chips", chips)?;
    let all = positive("the storage bandwidth", per_node)? * (chips.get() / NODE);
    Ok(all.min(positive("the cap of the storage bandwidth", cap)?))
}

/// Size of a checkpoint.
///
/// # Formula
/// `S = N * b`: N all parameters (of a mixture: every expert), b bytes a parameter
/// # Source
/// 14 B = 2 (bf16) + 4 (master copy) + 8 (Adam moments); BLOOM's 2.3 TB of 176e9 is 13.07.
///
/// ```
/// use flopbill::internals::reliability::checkpoint::size;
/// use flopbill::internals::units::Params;
/// assert_eq!(size(Params::new(671e9), 14.0)?.get(), 9.394e12); // by hand
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn size(params: Params, bytes_per_param: f64) -> Result<Bytes, Error> {
    positive("the number of parameters", params)?;
    positive("the checkpoint bytes per parameter", bytes_per_param)?;
    Ok(Bytes::new(params.get() * bytes_per_param))
}

/// Time that the job stands still for one checkpoint.
///
/// # Formula
/// to storage: `S / BW`; to host memory: `S / (n * BW_chip) + overhead`
/// # Source
/// Definition; ByteRobust (arXiv:2509.16293) table 8 measures both kinds.
///
/// ```
/// use flopbill::internals::reliability::checkpoint::{Save, pause};
/// use flopbill::internals::units::{Bytes, BytesPerSecond, Chips};
///
/// let size = Bytes::new(9.394e12);
/// let storage = Save::ToStorage { bandwidth: BytesPerSecond::new(2e12) };
/// assert!((pause(size, Chips::new(2048.0), &storage)?.get() - 4.697).abs() < 1e-12); // by hand
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn pause(size: Bytes, chips: Chips, save: &Save) -> Result<Seconds, Error> {
    positive("the checkpoint size", size)?;
    match *save {
        Save::ToStorage { bandwidth } => Ok(size / positive("the storage bandwidth", bandwidth)?),
        Save::ToHost { per_chip, overhead } => {
            positive("the number of chips", chips)?;
            positive("the copy bandwidth of a chip", per_chip)?;
            Ok(size / (per_chip * chips.get()) + not_negative("the checkpoint overhead", overhead)?)
        }
    }
}
