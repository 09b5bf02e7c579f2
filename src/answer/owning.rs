//! Renting, owning and selling again beside each other: over the run, and over the life of the hardware.

use super::whole_bill::Owned;
use crate::cost::holding::{Holding, hold, payback};
use crate::cost::{Terms, Usage, own};
use crate::error::Error;
use crate::units::{Chips, Seconds};

/// The chips of a run, rented and owned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Owning {
    /// How many; one where their number is not known.
    pub chips: Chips,
    /// Whether that is their number.
    pub counted: bool,
    /// Bought for the run and sold after it; `None` where its time is not known.
    pub run: Option<Holding>,
    /// Held for their whole life, used as the terms say.
    pub life: Holding,
    /// The use above which owning is cheaper over each.
    pub break_even: [Option<f64>; 2],
    /// When the rent that is saved has paid for the purchase; `None` without a rent, and where it never does.
    pub pays_after: Option<Seconds>,
}

impl Owning {
    /// Of what a run uses, on the terms of its bill.
    ///
    /// # Errors
    /// As [`hold`].
    pub(super) fn of(usage: &Usage, terms: &Terms, owned: Option<&Owned>) -> Result<Option<Self>, Error> {
        let Some(Owned { rented, .. }) = owned.copied() else { return Ok(None) };
        let (of, chips) = (&terms.own, usage.chips.unwrap_or(Chips::new(1.0)));
        let all = chips * of.life;
        let Some(life) = hold(of, chips, of.life, all * of.utilisation.get(), rented)? else { return Ok(None) };
        let wall = usage.wall.filter(|wall| *wall > Seconds::ZERO && usage.chips.is_some());
        let run = match wall {
            Some(wall) => hold(of, chips, wall, usage.held.min(chips * wall), rented)?,
            None => None,
        };
        let even = |holding: Option<Holding>| holding.zip(rented).map(|(held, rent)| held.break_even(rent));
        let pays_after = match (own::annual(of)?, rented) {
            (Some(year), Some(rent)) => payback(of, &year, rent)?,
            _ => None,
        };
        Ok(Some(Self {
            chips,
            counted: usage.chips.is_some(),
            run,
            life,
            break_even: [even(run), even(Some(life))],
            pays_after,
        }))
    }
}
