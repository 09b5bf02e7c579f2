//! The rent on the terms of a whole bill.

use super::whole_bill::{BillQuestion, Choices};
use crate::catalog::Catalog;
use crate::cost::defaults::Defaults;
use crate::cost::rent::Offer;
use crate::cost::rent_terms::offer;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::reliability::Stops;
use crate::source::Source;
use crate::units::Price;

/// What kind of offer it is, the rent of a chip, and where that is from.
pub(super) struct Rented {
    pub offer: Offer,
    pub price: Option<Price>,
    pub source: Option<Source>,
}

impl Rented {
    /// The rent of the term that is asked for; what the run itself paid where another one only stands in for that.
    ///
    /// # Errors
    /// As [`offer`]; a price list that is wrong.
    pub fn of(
        question: &BillQuestion<'_>,
        choices: &Choices,
        defaults: &Defaults,
        stops: Option<&Stops>,
        catalog: &Catalog,
    ) -> Result<Self, Error> {
        let term = choices.term.unwrap_or(Term::OnDemand);
        let offer = offer(term, defaults, stops)?;
        let listed = || catalog.rent(&question.chip.id, term, choices.region.as_deref());
        let of = |(price, source): (Price, Option<Source>)| (Some(price), source);
        let (price, source) = match (term, question.rent.clone()) {
            // Of a price list: the one that the answer has.
            (Term::OnDemand, Some((price, None))) => (Some(price), listed()?.map(|found| found.source)),
            (Term::OnDemand, rent) => rent.map_or((None, None), of),
            (_, rent) => {
                let found = listed()?;
                let stands_in = found.as_ref().is_none_or(|found| found.stands_in);
                let own = rent.filter(|(_, source)| source.is_some() && (stands_in || question.rent_is_asked));
                own.map_or_else(
                    || (found.as_ref().map(|found| found.price), found.clone().map(|found| found.source)),
                    of,
                )
            }
        };
        Ok(Self { offer, price, source })
    }
}
