//! Renting: on demand, reserved for a term, spot with preemption, tiers of a volume discount.

use crate::error::Error;
use crate::reliability::{self, Stops, interval};
use crate::units::check::{not_negative, positive, share_below_one};
use crate::units::{ChipSeconds, Chips, Fraction, Price, Seconds, Usd};

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
    /// Cheap, and preempted at short notice.
    Spot {
        /// Wall-clock with preemption over wall-clock without: see [`spot_slowdown`].
        slowdown: f64,
    },
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
}

impl Rent {
    /// Refuses a price of zero, discounts of 100 % and more, tiers out of order.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(price) = self.price {
            positive("the price of a GPU-hour", price)?;
        }
        share_below_one("the discount", self.discount)?;
        not_negative("the uplift", self.uplift)?;
        match &self.offer {
            Offer::OnDemand => Ok(()),
            Offer::Reserved { term } => positive("the term of the reservation", *term).map(drop),
            Offer::Spot { slowdown } if slowdown.is_finite() && *slowdown >= 1.0 => Ok(()),
            Offer::Spot { slowdown } => {
                Err(Error::bad_input(format!("preemption can only slow a run down, got a factor of {slowdown}")))
            }
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

/// Chip-time that a run pays for.
///
/// # Formula
/// held; on spot chips `held * slowdown`
/// # Source
/// Preempted work is done again. A reservation is paid to its end, but one run answers only for the hours it holds:
/// see [`commitment`] for the rest.
///
/// ```
/// use flopbill::internals::cost::rent::{Offer, paid};
/// use flopbill::internals::units::ChipSeconds;
/// let run = ChipSeconds::from_gpu_hours(2.788e6);
/// assert_eq!(paid(run, &Offer::Spot { slowdown: 1.25 }).gpu_hours(), 3.485e6); // by hand
/// ```
pub fn paid(held: ChipSeconds, offer: &Offer) -> ChipSeconds {
    match offer {
        Offer::OnDemand | Offer::Tiered(_) | Offer::Reserved { .. } => held,
        Offer::Spot { slowdown } => held * *slowdown,
    }
}

/// What a reservation binds its buyer to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Commitment {
    /// Its length.
    pub term: Seconds,
    /// What it costs over the whole term.
    pub total: Usd,
    /// The part of it that the run holds; 1 for a run that outlasts the term.
    pub used: Fraction,
}

/// The commitment behind a rent; `None` for other offers, and where chips or price are not known.
///
/// # Formula
/// `total = max(term * chips, held) * price * (1 - discount) * (1 + uplift)`, `used = held / max(term * chips, held)`
/// # Source
/// A reservation is paid to its end, used or not; a run beyond the term goes on at the same price.
///
/// ```
/// use flopbill::internals::cost::rent::{Offer, Rent, commitment};
/// use flopbill::internals::units::{ChipSeconds, Chips, Fraction, Price, Seconds};
/// let terms = Rent { price: Some(Price::from_usd_per_hour(2.0)), offer: Offer::Reserved { term: Seconds::from_years(1.0) },
///     discount: Fraction::ZERO, uplift: Fraction::ZERO };
/// let found = commitment(ChipSeconds::from_gpu_hours(2.788e6), Some(Chips::new(2048.0)), &terms)?.unwrap();
/// // by hand: 2048 chips for a year are 17,940,480 hours, of which the run holds 15.54 %
/// assert!((found.total.get() - 35_880_960.0).abs() < 1e-6);
/// assert!((found.used.get() - 2.788e6 / 17_940_480.0).abs() < 1e-12);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn commitment(held: ChipSeconds, chips: Option<Chips>, terms: &Rent) -> Result<Option<Commitment>, Error> {
    let (Offer::Reserved { term }, Some(chips), Some(hour)) = (&terms.offer, chips, per_held_hour(terms)?) else {
        return Ok(None);
    };
    let whole = (chips * *term).max(held);
    Ok(Some(Commitment { term: *term, total: whole * hour, used: Fraction::new(held / whole) }))
}

/// The whole rent.
///
/// # Formula
/// `paid hours * price * (1 - discount) * (1 + uplift)`; tiers: piecewise linear in the hours
/// # Source
/// The provider's price list.
///
/// ```
/// use flopbill::internals::cost::rent::{Offer, Rent, rent};
/// use flopbill::internals::units::{ChipSeconds, Fraction, Price};
/// let terms = Rent { price: Some(Price::from_usd_per_hour(2.0)), offer: Offer::OnDemand,
///     discount: Fraction::ZERO, uplift: Fraction::ZERO };
/// let bill = rent(ChipSeconds::from_gpu_hours(2.788e6), &terms)?;
/// assert!((bill.unwrap().get() - 5.576e6).abs() < 1e-6); // by hand; DeepSeek-V3's figure
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn rent(held: ChipSeconds, terms: &Rent) -> Result<Option<Usd>, Error> {
    terms.check()?;
    not_negative("the GPU-hours", held)?;
    let Some(list) = terms.price else { return Ok(None) };
    let factor = (1.0 - terms.discount.get()) * (1.0 + terms.uplift.get());
    let hours = paid(held, &terms.offer);
    let charged = match &terms.offer {
        Offer::Tiered(tiers) => discounted_hours(hours, tiers),
        _ => hours,
    };
    Ok(Some(charged * list * factor))
}

/// What an hour held costs: with preemption and uplift, in the first tier; `None` without a price.
///
/// # Formula
/// `p * (1 - discount) * (1 + uplift)`, times the slowdown on spot chips
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

/// How much longer a run takes on chips that can be preempted.
///
/// # Formula
/// `eta(M) / eta(M')` with `1/M' = 1/M + 1/M_preempt`, both at their best checkpoint interval
/// # Source
/// Failures and preemptions as independent exponentials; the room `reliability` adds their rates.
pub fn spot_slowdown(stops: &Stops, preemption: Seconds) -> Result<f64, Error> {
    positive("the time between preemptions", preemption)?;
    let best = |stops: &Stops| {
        let tau = interval::optimum(stops.checkpoint, stops.mtbf)?;
        reliability::goodput(stops, tau)
    };
    let both = Seconds::new(1.0 / (1.0 / stops.mtbf.get() + 1.0 / preemption.get()));
    Ok(best(stops)? / best(&Stops { mtbf: both, ..*stops })?)
}

/// The rent as a line of the bill.
pub(super) fn line(context: &Context) -> Result<CostLine, Error> {
    let (usage, terms) = (context.usage, &context.terms.rent);
    let hours = paid(usage.held, &terms.offer);
    let label = match terms.offer {
        Offer::OnDemand => "Rent, on demand",
        Offer::Reserved { .. } => "Rent, reserved",
        Offer::Spot { .. } => "Rent, spot with preemption",
        Offer::Tiered(_) => "Rent, with volume discount",
    };
    let charge = match rent(usage.held, terms)? {
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
        let terms = Rent { price: None, offer: Offer::OnDemand, discount: Fraction::ZERO, uplift: Fraction::ZERO };
        assert_eq!(rent(ChipSeconds::new(1.0), &terms), Ok(None));
    }
}
