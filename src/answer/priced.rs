//! The price of a question: given, solved, or typical of the chip.

use super::given::{is_flag, rank};
use super::looked_up::LookedUp;
use super::pacing::Pacing;
use super::settled::Settled;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::input::file::{Entry, Origin};
use crate::prices::Rent;
use crate::solve::{Rank, Var};
use crate::units::date::Date;
use crate::units::{Price, Quantity as _, show};

/// The relations with a price among them, if there is one.
#[derive(Debug, Clone)]
pub struct Priced {
    /// Everything solved.
    pub settled: Settled,
    /// The price, and where it came from.
    pub price: Option<Entry<Price>>,
    /// The rent of the chip's price list, where that is the price.
    pub rent: Option<Rent>,
    /// What is wrong with its age, in a sentence.
    pub aged: Option<String>,
    /// What a term that was asked for does to the price, in a sentence.
    pub said: Option<String>,
}

impl Priced {
    /// The given price; else, when neither a price nor a cost was given, the typical one of the chip. A term that is asked
    /// for takes the typical price of that term, before what the run itself paid.
    ///
    /// # Errors
    /// A price list that is wrong; values that contradict each other.
    pub fn of(
        looked: &LookedUp<'_>,
        pacing: &Pacing,
        settled: Settled,
        catalog: &Catalog,
        today: Option<Date>,
    ) -> Result<Self, Error> {
        let mut found = Self::undated(looked, pacing, settled, catalog)?;
        if let (Some(rent), Some(on)) = (&found.rent, &looked.on)
            && !rent.later
        {
            let what = format!("rent {}", rent.term.words());
            found.aged = match catalog.aged(&what, &rent.date, looked.day().or(today))? {
                Some(aged) => {
                    let newest = catalog.newest_rent(&on.profile.chip.id, &rent.date)?;
                    Some(newest.map_or(aged.clone(), |newest| format!("{aged}; the newest known is {newest}")))
                }
                None => None,
            };
        }
        Ok(found)
    }

    fn undated(looked: &LookedUp<'_>, pacing: &Pacing, settled: Settled, catalog: &Catalog) -> Result<Self, Error> {
        let spec = &looked.spec;
        // A place that nobody knows is an error, also where the price is not of a place.
        if let Some(region) = spec.region.as_ref().filter(|region| !region.value.contains(',')) {
            catalog.region(&region.value).map_err(|error| region.origin.locate(error))?;
        }
        let moved = looked.from.is_some();
        let term = spec.term.as_ref().filter(|term| is_flag(Some(*term)));
        if let Some(term) = term.filter(|_| !is_flag(spec.price.as_ref()) && !is_flag(spec.cost.as_ref())) {
            let own = spec.price.as_ref().filter(|_| !moved);
            let listed = Typical::of(looked, term.value, catalog)?;
            // What the run itself paid gives way to a rent of the term, not to one that only stands in for it.
            if let Some(typical) = listed.filter(|listed| own.is_none() || !listed.rent.stands_in) {
                return typical.before(own, &term.origin, settled, pacing);
            }
            let found = Self::without_term(looked, pacing, settled, catalog)?;
            let other = if found.price.is_some() { ": the price is of other terms" } else { "" };
            let said = format!("no typical price of `{}` is known for this chip{other}", term.value.name());
            return Ok(Self { said: Some(said), ..found });
        }
        Self::without_term(looked, pacing, settled, catalog)
    }

    fn without_term(
        looked: &LookedUp<'_>,
        pacing: &Pacing,
        settled: Settled,
        catalog: &Catalog,
    ) -> Result<Self, Error> {
        let moved = looked.from.is_some();
        let known = |settled, price| Ok(Self { settled, price, rent: None, aged: None, said: None });
        let given = looked.spec.price.as_ref().filter(|price| !moved || rank(&price.origin) == Rank::Flag);
        if let Some(price) = given.filter(|_| !settled.solved.set_aside().any(|var| var == Var::Price)) {
            return known(settled, Some(price.clone()));
        }
        if let Some(value) = settled.get(Var::Price) {
            let from = Origin::Solved(format!("from {}", settled.solved.solved_from(Var::Price)));
            return known(settled, Some(Entry::new(Price::new(value), from)));
        }
        match Typical::of(looked, Term::OnDemand, catalog)? {
            Some(typical) => typical.into(settled, pacing),
            None => known(settled, None),
        }
    }
}

/// A rent out of the chip's price list.
struct Typical {
    price: Entry<Price>,
    rent: Rent,
}

impl Typical {
    /// On these terms, or the nearest; `None` where the chip has no price list.
    fn of(looked: &LookedUp<'_>, term: Term, catalog: &Catalog) -> Result<Option<Self>, Error> {
        let Some(on) = &looked.on else { return Ok(None) };
        let region = looked.spec.region.as_ref();
        let place = region.map(|region| region.value.as_str());
        let located = |error: Error| region.map_or(error.clone(), |region| region.origin.locate(error));
        let Some(rent) = catalog.rent(&on.profile.chip.id, term, place).map_err(located)? else { return Ok(None) };
        let (file, terms, source) = (&rent.file, rent.term.words(), &rent.source);
        let origin = Origin::Profile(format!("{file}, {terms}: {} ({}, {})", source.title, source.as_of, source.kind));
        Ok(Some(Self { price: Entry::new(rent.price, origin), rent }))
    }

    fn into(self, settled: Settled, pacing: &Pacing) -> Result<Priced, Error> {
        let settled = settled.with(Var::Price, self.price.value.base(), pacing)?;
        Ok(Priced { settled, price: Some(self.price), rent: Some(self.rent), aged: None, said: None })
    }

    /// In the place of what the run itself paid.
    fn before(
        self,
        own: Option<&Entry<Price>>,
        by: &Origin,
        mut settled: Settled,
        pacing: &Pacing,
    ) -> Result<Priced, Error> {
        if !settled.solved.rests_on(Var::GpuHours, Var::Cost) {
            settled.forget(Var::Cost); // it is of the price that gives way
        }
        let now = show::price(self.price.value);
        let said =
            own.map(|own| format!("price: {} ({}) gave way to {by}, now {now}", show::price(own.value), own.origin));
        Ok(Priced { said, ..self.into(settled, pacing)? })
    }
}
