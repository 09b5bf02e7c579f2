//! A rent that is not by the hour: reserved to the full term, or spot.

use crate::Error;
use crate::answer::whole_bill::{Choices, Failures};
use crate::catalog::read::Sources;
use crate::cost::Terms;
use crate::cost::defaults::Defaults;
use crate::cost::rent::{Offer, spot_slowdown};
use crate::hardware::price::{PriceList, Term};
use crate::source::Source;
use crate::units::{Price, Seconds};

/// A rent that is not on demand.
pub(super) struct Offered {
    term: Term,
    price: Option<Price>,
    /// No quote is known: the average discount on the on-demand price.
    by_discount: bool,
}

/// The rent on the chosen terms; `None` for the answer's own price by the hour.
pub(super) fn offer(
    choices: &Choices,
    defaults: &Defaults,
    list: Option<&PriceList>,
) -> Result<Option<Offered>, Error> {
    let Some(term) = choices.term.filter(|term| *term != Term::OnDemand) else { return Ok(None) };
    let quoted = list.and_then(|list| list.typical(term));
    let average = defaults.commitments.iter().find(|found| found.provider == "other");
    let discount = match term {
        Term::Reserved1y => average.map(|found| found.one_year),
        Term::Reserved3y => average.map(|found| found.three_years),
        Term::Spot => None,
        Term::OnDemand | Term::ReservedShort | Term::Ownership | Term::Assumed => {
            return Err(Error::bad_input(format!("`{}` is no way to rent", term.name()))
                .with_hint("one of: on_demand, reserved_1y, reserved_3y, spot"));
        }
    };
    let on_demand = list.and_then(|list| list.typical(Term::OnDemand));
    let discounted = on_demand.zip(discount).map(|(price, discount)| price * (1.0 - discount.get()));
    Ok(Some(Offered { term, price: quoted.or(discounted), by_discount: quoted.is_none() }))
}

impl Offered {
    /// Puts the offer into the terms, and says where its price is from.
    pub(super) fn apply(
        &self,
        terms: &mut Terms,
        failures: Option<&Failures>,
        defaults: &Defaults,
        (prices, bill): (Option<&Sources>, &Sources),
    ) -> Result<Option<Source>, Error> {
        terms.rent.price = self.price;
        terms.rent.offer = match self.term {
            Term::Reserved1y => Offer::Reserved { term: Seconds::from_years(1.0) },
            Term::Reserved3y => Offer::Reserved { term: Seconds::from_years(3.0) },
            _ => {
                let Some(found) = failures else {
                    let error = Error::no_solution("what preemption costs depends on the chips and the checkpoint");
                    return Err(error.with_hint("give --chips and --params"));
                };
                Offer::Spot { slowdown: spot_slowdown(&found.stops, defaults.spot_preemption)? }
            }
        };
        if self.by_discount && self.price.is_some() {
            return Ok(bill.of("commitment").cloned());
        }
        Ok(prices.and_then(|sources| sources.of(&format!("typical.{}", self.term.name()))).cloned())
    }
}
