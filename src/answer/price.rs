//! The price of a question: given, solved, or typical of the chip.

use crate::Error;
use crate::answer::resolve::rank;
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::hardware::price::Term;
use crate::input::file::{Entry, Origin, Spec};
use crate::solve::{Knowns, Rank, Solved, Var, solve};
use crate::units::{Price, Quantity as _};

/// The given price, or the typical one of the chip when neither a price nor a cost was given.
pub(super) fn price(
    spec: &Spec,
    moved: bool,
    knowns: &mut Knowns,
    solved: &mut Solved,
    chip: Option<&AcceleratorProfile>,
    catalog: &Catalog,
) -> Result<(Option<Entry<Price>>, Option<String>), Error> {
    let given = spec.price.as_ref().filter(|price| !moved || rank(&price.origin) == Rank::Flag);
    if let Some(price) = given.filter(|_| !solved.set_aside().any(|var| var == Var::Price)) {
        return Ok((Some(price.clone()), None));
    }
    if let Some(value) = solved.knowns.get(Var::Price) {
        let from = Origin::Solved(format!("from {}", solved.solved_from(Var::Price)));
        return Ok((Some(Entry::new(Price::new(value), from)), None));
    }
    let Some(chip) = chip else { return Ok((None, None)) };
    let Some(profile) = catalog.prices(&chip.chip.id)? else { return Ok((None, None)) };
    let Some((term, price)) = profile.list.typical.iter().find(|(term, _)| *term == Term::OnDemand) else {
        return Ok((None, None));
    };
    let source = profile.sources.of(&format!("typical.{}", term.name()));
    let origin =
        source.map_or_else(String::new, |source| format!(": {} ({}, {})", source.title, source.as_of, source.kind));
    knowns.set(Var::Price, price.base(), Rank::Default);
    *solved = solve(knowns)?;
    let entry = Entry::new(*price, Origin::Profile(format!("{}, on demand{origin}", profile.file)));
    Ok((Some(entry), source.map(|source| source.as_of.clone())))
}
