//! Renting: on demand, reserved for a term, spot with preemption, tiers of a volume discount.

use crate::error::Error;
use crate::units::check::{not_negative, positive, share_below_one};
use crate::units::{ChipSeconds, Chips, Fraction, Price, Seconds, Usd};

use super::contract::{Charged, Contract};
use super::{Charge, Context, CostLine, Scope};

/// What the provider offers.
#[derive(Debug, Clone, PartialEq)]
pub enum Offer {
    /// Paid by the hour.
    OnDemand,
    /// Cheaper, for a commitment to the full term, used or not.
    Reserved {
        /// Length of the commitment.
        term: Seconds,
    },
    /// Cheap, and preempted at short notice: the hours that are held contain what that takes.
    Spot,
    /// The first hours at the list price, later ones cheaper; sorted by `from`.
    Tiered(Vec<Tier>),
}

/// A step of a volume discount.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tier {
    /// Hours from which it applies.
    pub from: ChipSeconds,
    /// Discount on the list price for the hours beyond.
    pub discount: Fraction,
}

/// The terms of renting.
#[derive(Debug, Clone, PartialEq)]
pub struct Rent {
    /// List price of a chip-hour; `None` where none is known.
    pub price: Option<Price>,
    /// What kind of offer it is.
    pub offer: Offer,
    /// Discount on the list price.
    pub discount: Fraction,
    /// What comes on top, relative to the price: hosts, support, taxes.
    pub uplift: Fraction,
    /// What it binds to.
    pub contract: Contract,
}

impl Rent {
    /// Refuses a price of zero, discounts of 100 % and more, tiers out of order.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(price) = self.price {
            positive("the price of a GPU-hour", price)?;
        }
        share_below_one("the discount", self.discount)?;
        not_negative("the uplift", self.uplift)?;
        self.contract.check()?;
        match &self.offer {
            Offer::OnDemand | Offer::Spot => Ok(()),
            Offer::Reserved { term } => positive("the term of the reservation", *term).map(drop),
            Offer::Tiered(tiers) => check_tiers(tiers),
        }
    }
}

/// Tiers in the order of the hours they start from, each with a discount below 100 %.
fn check_tiers(tiers: &[Tier]) -> Result<(), Error> {
    for tier in tiers {
        not_negative("the hours from which a tier applies", tier.from)?;
        share_below_one("the discount of a tier", tier.discount)?;
    }
    if tiers.windows(2).all(|pair| pair[0].from < pair[1].from) {
        return Ok(());
    }
    Err(Error::bad_input("the tiers are out of order").with_hint("sort them by the hours they start from"))
}

/// What a reservation binds its buyer to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Commitment {
    /// Its length.
    pub term: Seconds,
    /// What it costs over the whole term.
    pub total: Usd,
    /// The part of it that the run holds.
    pub used: Fraction,
    /// What it charges to the run.
    pub charged: Charged,
}

/// The commitment behind a rent; `None` where nothing binds, and where chips or price are not known.
///
/// # Formula
/// `total = C * price * (1 - discount) * (1 + uplift) * (1 - u d)`, `used = covered / C`: C the chip-time of the whole term,
/// u the part paid at its start, d the discount on that
/// # Source
/// A reservation is paid to its end, used or not.
///
/// ```
/// use flopbill::internals::cost::contract::Contract;
/// use flopbill::internals::cost::rent::{Offer, Rent, commitment};
/// use flopbill::internals::units::{ChipSeconds, Chips, Fraction, Price, Seconds};
/// let year = Seconds::from_years(1.0);
/// let terms = Rent { price: Some(Price::from_usd_per_hour(2.0)), offer: Offer::Reserved { term: year },
///     discount: Fraction::ZERO, uplift: Fraction::ZERO, contract: Contract { term: Some(year), ..Contract::default() } };
/// let held = ChipSeconds::from_gpu_hours(2.788e6);
/// let found = commitment(held, Some(Chips::new(2048.0)), Some(held / Chips::new(2048.0)), &terms)?.unwrap();
/// // by hand: 2048 chips for a year are 17,940,480 hours, of which the run holds 15.54 %
/// assert!((found.total.get() - 35_880_960.0).abs() < 1e-6);
/// assert!((found.used.get() - 2.788e6 / 17_940_480.0).abs() < 1e-12);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn commitment(
    held: ChipSeconds,
    chips: Option<Chips>,
    wall: Option<Seconds>,
    terms: &Rent,
) -> Result<Option<Commitment>, Error> {
    let (Some(term), Some(hour)) = (terms.contract.term, per_held_hour(terms)?) else { return Ok(None) };
    let charged = terms.contract.charge(held, chips, wall)?;
    if charged.whole == ChipSeconds::ZERO {
        return Ok(None);
    }
    let total = charged.whole * hour * terms.contract.prepaid_price();
    Ok(Some(Commitment { term, total, used: Fraction::new(charged.covered / charged.whole), charged }))
}

/// The whole rent.
///
/// # Formula
/// `paid hours * price * (1 - discount) * (1 + uplift)`; tiers: piecewise linear in the hours
/// # Source
/// The provider's price list.
///
/// ```
/// use flopbill::internals::cost::contract::Contract;
/// use flopbill::internals::cost::rent::{Offer, Rent, rent};
/// use flopbill::internals::units::{ChipSeconds, Fraction, Price};
/// let terms = Rent { price: Some(Price::from_usd_per_hour(2.0)), offer: Offer::OnDemand,
///     discount: Fraction::ZERO, uplift: Fraction::ZERO, contract: Contract::default() };
/// let bill = rent(ChipSeconds::from_gpu_hours(2.788e6), &terms)?;
/// assert!((bill.unwrap().get() - 5.576e6).abs() < 1e-6); // by hand; DeepSeek-V3's figure
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn rent(held: ChipSeconds, terms: &Rent) -> Result<Option<Usd>, Error> {
    terms.check()?;
    not_negative("the GPU-hours", held)?;
    let Some(list) = terms.price else { return Ok(None) };
    let factor = (1.0 - terms.discount.get()) * (1.0 + terms.uplift.get());
    let charged = match &terms.offer {
        Offer::Tiered(tiers) => discounted_hours(held, tiers),
        _ => held,
    };
    Ok(Some(charged * list * factor))
}

/// What an hour held costs: with uplift, in the first tier; `None` without a price.
///
/// # Formula
/// `p * (1 - discount) * (1 + uplift)`
/// # Source
/// [`rent`] of one hour.
pub fn per_held_hour(terms: &Rent) -> Result<Option<Price>, Error> {
    let hour = ChipSeconds::from_gpu_hours(1.0);
    Ok(rent(hour, terms)?.map(|usd| usd / hour))
}

/// Hours at the list price that cost as much as these hours under the tiers.
fn discounted_hours(hours: ChipSeconds, tiers: &[Tier]) -> ChipSeconds {
    let mut charged = hours;
    let mut before = 0.0;
    for tier in tiers {
        // Each tier takes its further discount off all the hours beyond its start.
        let beyond = (hours - tier.from).max(ChipSeconds::ZERO);
        charged = charged - beyond * (tier.discount.get() - before);
        before = tier.discount.get();
    }
    charged
}

/// The rent as a line of the bill.
pub(super) fn line(context: &Context) -> Result<CostLine, Error> {
    let (usage, terms) = (context.usage, &context.terms.rent);
    let hours = terms.contract.charge(usage.held, usage.chips, usage.wall)?.covered;
    let label = match terms.offer {
        Offer::OnDemand if terms.contract.term.is_some() => "Rent, by contract",
        Offer::OnDemand => "Rent, on demand",
        Offer::Reserved { .. } => "Rent, reserved",
        Offer::Spot => "Rent, spot with preemption",
        Offer::Tiered(_) => "Rent, with volume discount",
    };
    let charge = match rent(hours, terms)? {
        Some(amount) => Charge::of(amount, hours.gpu_hours()),
        None => Charge::NotPriced("no rent of this chip is known"),
    };
    Ok(CostLine {
        label,
        quantity: hours.gpu_hours(),
        unit: "GPU-hours",
        price_unit: "USD/GPU-hour",
        charge,
        source: "rent.price",
        scope: Scope::Chips,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_piecewise_linear_and_must_be_in_order() {
        let tier = |hours: f64, discount: f64| Tier {
            from: ChipSeconds::from_gpu_hours(hours),
            discount: Fraction::new(discount),
        };
        let terms = |tiers: Vec<Tier>| Rent {
            price: Some(Price::from_usd_per_hour(2.0)),
            offer: Offer::Tiered(tiers),
            discount: Fraction::ZERO,
            uplift: Fraction::ZERO,
            contract: Contract::default(),
        };
        let bill = |hours: f64, tiers| rent(ChipSeconds::from_gpu_hours(hours), &terms(tiers));
        // By hand: 100 h at $2, 100 h at $1.80, 50 h at $1.
        let found = bill(250.0, vec![tier(100.0, 0.1), tier(200.0, 0.5)]).unwrap().unwrap();
        assert!((found.get() - (200.0 + 180.0 + 50.0)).abs() < 1e-9);
        assert!(bill(250.0, vec![tier(200.0, 0.1), tier(100.0, 0.5)]).is_err());
        assert!(bill(250.0, vec![tier(100.0, 1.0)]).is_err());
    }

    #[test]
    fn a_chip_without_a_price_has_no_rent() {
        let (discount, uplift, contract) = (Fraction::ZERO, Fraction::ZERO, Contract::default());
        let terms = Rent { price: None, offer: Offer::OnDemand, discount, uplift, contract };
        assert_eq!(rent(ChipSeconds::new(1.0), &terms), Ok(None));
    }
}
