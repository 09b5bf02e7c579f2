//! Reading whole texts: prompts before they are answered, and responses by whoever scores them.

use super::decode::peak;
use super::efficiency::Efficiency;
use crate::hardware::precision::Precision;
use crate::model::architecture::Architecture;
use crate::model::flops::{Causality, forward};
use crate::step::machine::Machine;
use crate::units::{Chips, Flop, Seconds};

/// Time of a forward pass over so many tokens of texts of this length.
///
/// # Formula
/// `(F_matrices / P + F_cores / P_16) tokens / (chips e)`
/// # Source
/// Kaplan et al. 2020, arXiv:2001.08361, section 2.1, with the causal half of attention; the share is an assumption.
///
/// ```
/// use flopbill::Catalog;
/// use flopbill::internals::hardware::precision::Precision;
/// use flopbill::internals::rollout::efficiency::Efficiency;
/// use flopbill::internals::rollout::forward::pass;
/// use flopbill::internals::step::machine::Machine;
/// use flopbill::internals::units::Chips;
///
/// let catalog = Catalog::built_in();
/// let (llama, chip) = (catalog.model("llama-3-8b")?, catalog.accelerator("h100")?);
/// let efficiency = Efficiency::of(&[0.8, 0.6, 0.5, 0.4, 0.0, 1.0, 1.0, 2e10]);
/// let machine = Machine::of(&chip.chip)?;
/// let time = pass(&llama.shape, &machine, Precision::Bf16, &efficiency, Chips::new(8.0), 1e6, 1.0);
/// // by hand: 1e6 tokens x 2 x 7.504e9 FLOPs / (8 x 0.4 x 989.5e12)
/// assert!((time.get() / (1e6 * 2.0 * 7.504e9 / (8.0 * 0.4 * 989.5e12)) - 1.0).abs() < 1e-3);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn pass(
    shape: &Architecture,
    machine: &Machine,
    precision: Precision,
    efficiency: &Efficiency,
    chips: Chips,
    tokens: f64,
    length: f64,
) -> Seconds {
    let length = length.clamp(1.0, f64::from(u32::MAX)) as u32;
    let one = forward(shape, length, Causality::Causal);
    let products = one.layer_matrices() + one.head;
    let time = products.time_at(peak(machine, precision)) + Flop::new(one.cores().get()).time_at(machine.peak_16);
    time * (tokens / (chips.get() * efficiency.forward))
}
