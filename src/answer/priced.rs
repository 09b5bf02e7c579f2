//! The price of a question: given, solved, or typical of the chip.

use super::given::{is_flag, rank};
use super::looked_up::LookedUp;
use super::pacing::Pacing;
use super::settled::Settled;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::input::file::{Entry, Origin};
use crate::solve::{Rank, Var};
use crate::units::{Price, Quantity as _, show};

/// The relations with a price among them, if there is one.
#[derive(Debug, Clone)]
pub struct Priced {
    /// Everything solved.
    pub settled: Settled,
    /// The price, and where it came from.
    pub price: Option<Entry<Price>>,
    /// The date of a price that came from a price list.
    pub date: Option<String>,
    /// What a term that was asked for does to the price, in a sentence.
    pub said: Option<String>,
}

impl Priced {
    /// The given price; else, when neither a price nor a cost was given, the typical one of the chip. A term that is asked
    /// for takes the typical price of that term, before what the run itself paid.
    ///
    /// # Errors
    /// A price list that is wrong; values that contradict each other.
    pub fn of(looked: &LookedUp<'_>, pacing: &Pacing, settled: Settled, catalog: &Catalog) -> Result<Self, Error> {
        let spec = &looked.spec;
        let moved = looked.from.is_some();
        let term = spec.term.as_ref().filter(|term| is_flag(Some(*term)));
        if let Some(term) = term.filter(|_| !is_flag(spec.price.as_ref()) && !is_flag(spec.cost.as_ref())) {
            if let Some(typical) = Typical::of(looked, term.value, catalog)? {
                let own = spec.price.as_ref().filter(|_| !moved);
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
        let known = |settled, price| Ok(Self { settled, price, date: None, said: None });
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

/// A typical price of the chip, and its date.
struct Typical {
    price: Entry<Price>,
    date: Option<String>,
}

impl Typical {
    /// On these terms; `None` where the price list has none.
    fn of(looked: &LookedUp<'_>, term: Term, catalog: &Catalog) -> Result<Option<Self>, Error> {
        let Some(on) = &looked.on else { return Ok(None) };
        let Some(profile) = catalog.prices(&on.profile.chip.id)? else { return Ok(None) };
        let Some(price) = profile.list.typical(term) else { return Ok(None) };
        let source = profile.sources.of(&format!("typical.{}", term.name()));
        let said = |source: &crate::source::Source| format!(": {} ({}, {})", source.title, source.as_of, source.kind);
        let (file, terms) = (&profile.file, term.name().replace('_', " "));
        let origin = Origin::Profile(format!("{file}, {terms}{}", source.map(said).unwrap_or_default()));
        Ok(Some(Self { price: Entry::new(price, origin), date: source.map(|source| source.as_of.clone()) }))
    }

    fn into(self, settled: Settled, pacing: &Pacing) -> Result<Priced, Error> {
        let settled = settled.with(Var::Price, self.price.value.base(), pacing)?;
        Ok(Priced { settled, price: Some(self.price), date: self.date, said: None })
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
            settled.given.clear(Var::Cost); // it is of the price that gives way
        }
        let now = show::price(self.price.value);
        let said =
            own.map(|own| format!("price: {} ({}) gave way to {by}, now {now}", show::price(own.value), own.origin));
        Ok(Priced { said, ..self.into(settled, pacing)? })
    }
}
