//! The price of a question: given, solved, or typical of the chip.

use super::given::rank;
use super::looked_up::LookedUp;
use super::pacing::Pacing;
use super::settled::Settled;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::input::file::{Entry, Origin};
use crate::solve::{Rank, Var};
use crate::units::{Price, Quantity as _};

/// The relations with a price among them, if there is one.
#[derive(Debug, Clone)]
pub struct Priced {
    /// Everything solved.
    pub settled: Settled,
    /// The price, and where it came from.
    pub price: Option<Entry<Price>>,
    /// The date of a price that came from a price list.
    pub date: Option<String>,
}

impl Priced {
    /// The given price, or the typical one of the chip when neither a price nor a cost was given.
    ///
    /// # Errors
    /// A price list that is wrong; values that contradict each other.
    pub fn of(looked: &LookedUp<'_>, pacing: &Pacing, settled: Settled, catalog: &Catalog) -> Result<Self, Error> {
        let moved = looked.from.is_some();
        let given = looked.spec.price.as_ref().filter(|price| !moved || rank(&price.origin) == Rank::Flag);
        if let Some(price) = given.filter(|_| !settled.solved.set_aside().any(|var| var == Var::Price)) {
            return Ok(Self { settled, price: Some(price.clone()), date: None });
        }
        if let Some(value) = settled.get(Var::Price) {
            let from = Origin::Solved(format!("from {}", settled.solved.solved_from(Var::Price)));
            return Ok(Self { settled, price: Some(Entry::new(Price::new(value), from)), date: None });
        }
        let unpriced = |settled| Ok(Self { settled, price: None, date: None });
        let Some(on) = &looked.on else { return unpriced(settled) };
        let Some(profile) = catalog.prices(&on.profile.chip.id)? else { return unpriced(settled) };
        let Some(price) = profile.list.typical(Term::OnDemand) else { return unpriced(settled) };
        let source = profile.sources.of("typical.on_demand");
        let said = |source: &crate::source::Source| format!(": {} ({}, {})", source.title, source.as_of, source.kind);
        let origin = Origin::Profile(format!("{}, on demand{}", profile.file, source.map(said).unwrap_or_default()));
        let settled = settled.with(Var::Price, price.base(), pacing)?;
        let date = source.map(|source| source.as_of.clone());
        Ok(Self { settled, price: Some(Entry::new(price, origin)), date })
    }
}
