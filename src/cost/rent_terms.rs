//! On what terms chips are rented: by the hour, reserved for some years, or spot.

use crate::error::Error;
use crate::hardware::price::Term;
use crate::units::Seconds;

use super::rent::Offer;

/// The terms a chip can be rented on, and how a user writes them.
pub const RENT_TERMS: [(&str, Term); 4] = [
    ("on_demand", Term::OnDemand),
    ("reserved_1y", Term::Reserved1y),
    ("reserved_3y", Term::Reserved3y),
    ("spot", Term::Spot),
];

/// What kind of offer a term is.
///
/// # Errors
/// A term that is not a way to rent.
pub fn offer(term: Term) -> Result<Offer, Error> {
    let reserved = |years| Ok(Offer::Reserved { term: Seconds::from_years(years) });
    match term {
        Term::OnDemand => Ok(Offer::OnDemand),
        Term::Reserved1y => reserved(1.0),
        Term::Reserved3y => reserved(3.0),
        Term::Spot => Ok(Offer::Spot),
        Term::ReservedShort | Term::Reserved5y | Term::Ownership | Term::Assumed => {
            let names: Vec<&str> = RENT_TERMS.iter().map(|(name, _)| *name).collect();
            Err(Error::bad_input(format!("`{}` is not a way to rent chips", term.name()))
                .with_hint(format!("one of: {}", names.join(", "))))
        }
    }
}
