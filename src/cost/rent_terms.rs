//! On what terms chips are rented: by the hour, reserved for some years, or spot; and what an hour then costs.

use crate::error::Error;
use crate::hardware::price::{PriceList, Term};
use crate::reliability::Stops;
use crate::units::{Price, Seconds};

use super::defaults::Defaults;
use super::rent::{Offer, spot_slowdown};

/// The terms a chip can be rented on, and how a user writes them.
pub const RENT_TERMS: [(&str, Term); 4] = [
    ("on_demand", Term::OnDemand),
    ("reserved_1y", Term::Reserved1y),
    ("reserved_3y", Term::Reserved3y),
    ("spot", Term::Spot),
];

/// A rent that is not by the hour.
#[derive(Debug, Clone, PartialEq)]
pub struct RentTerms {
    /// Price of a chip-hour; `None` where none is known.
    pub price: Option<Price>,
    /// What kind of offer it is.
    pub offer: Offer,
    /// No quote is known: the price is the on-demand one less the average discount for the commitment.
    pub by_discount: bool,
}

/// The rent on these terms: the typical quote, else the average discount for such a commitment.
///
/// # Formula
/// without a quote: `on-demand price * (1 - average discount of the term)`
/// # Source
/// Cottier et al. 2024 (arXiv:2405.21015) for the discounts, in `profiles/assumptions`.
///
/// # Errors
/// A term that is not a way to rent; spot without the failures of the job, since preempted work is done again.
pub fn rent_terms(
    term: Term,
    list: Option<&PriceList>,
    defaults: &Defaults,
    stops: Option<&Stops>,
) -> Result<RentTerms, Error> {
    let average = defaults.commitments.iter().find(|found| found.provider == "other");
    let reserved = |years| Offer::Reserved { term: Seconds::from_years(years) };
    let (offer, discount) = match term {
        Term::OnDemand => (Offer::OnDemand, None),
        Term::Reserved1y => (reserved(1.0), average.map(|found| found.one_year)),
        Term::Reserved3y => (reserved(3.0), average.map(|found| found.three_years)),
        Term::Spot => {
            let Some(stops) = stops else {
                let error = Error::no_solution("what preemption costs depends on the chips and the checkpoint");
                return Err(error.with_hint("give --chips and --params"));
            };
            (Offer::Spot { slowdown: spot_slowdown(stops, defaults.spot_preemption)? }, None)
        }
        Term::ReservedShort | Term::Ownership | Term::Assumed => {
            let names: Vec<&str> = RENT_TERMS.iter().map(|(name, _)| *name).collect();
            return Err(Error::bad_input(format!("`{}` is not a way to rent chips", term.name()))
                .with_hint(format!("one of: {}", names.join(", "))));
        }
    };
    let typical = |term| list.and_then(|list| list.typical(term));
    let discounted = typical(Term::OnDemand).zip(discount).map(|(price, discount)| price * (1.0 - discount.get()));
    let quoted = typical(term);
    Ok(RentTerms { price: quoted.or(discounted), offer, by_discount: quoted.is_none() && discounted.is_some() })
}
