//! Renting, owning and selling beside each other, as a reply says it.

use serde::Serialize;

use crate::answer::owning::Owning;
use crate::cost::holding::Holding;
use crate::units::{Seconds, Usd};

/// Chips held for a time.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct HoldingReply {
    /// How long.
    pub years: f64,
    /// Chips times that time.
    pub owned_gpu_hours: f64,
    /// The part of it in which they are used.
    pub used_gpu_hours: f64,
    /// Rent of the used hours.
    pub rent_usd: Option<f64>,
    /// Buying, running and selling.
    pub own_usd: f64,
    /// The purchase in it.
    pub purchase_usd: f64,
    /// What the sale brings.
    pub resale_usd: f64,
    /// The use above which owning is cheaper.
    pub break_even_utilisation: Option<f64>,
}

/// Renting and owning beside each other.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct OwningReply {
    /// For how many chips.
    pub chips: f64,
    /// Over the run.
    pub run: Option<HoldingReply>,
    /// Over the life of the hardware.
    pub life: HoldingReply,
    /// When the rent that is saved has paid for the purchase.
    pub break_even_years: Option<f64>,
}

impl OwningReply {
    /// Of a bill's.
    pub fn of(found: &Owning) -> Self {
        let one = |held: Holding, break_even_utilisation| HoldingReply {
            years: held.time.years(),
            owned_gpu_hours: held.owned.gpu_hours(),
            used_gpu_hours: held.used.gpu_hours(),
            rent_usd: held.rent.map(Usd::get),
            own_usd: held.cost.get(),
            purchase_usd: held.bought.get(),
            resale_usd: held.resale.get(),
            break_even_utilisation,
        };
        let [run, life] = found.break_even;
        Self {
            chips: found.chips.get(),
            run: found.run.map(|held| one(held, run)),
            life: one(found.life, life),
            break_even_years: found.pays_after.map(Seconds::years),
        }
    }
}
