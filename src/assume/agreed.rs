//! What a question says of the contract behind a rent, and what that is for a run.

use crate::cost::View;
use crate::cost::contract::{Contract, Includes};
use crate::cost::rent::Offer;
use crate::error::Error;
use crate::input::field::{Field, field, idle};
use crate::input::file::{Entry, Origin};
use crate::input::table::Spec;
use crate::units::date::Date;
use crate::units::{Chips, Fraction, Price, Seconds, show};

/// How far a length and two dates may differ and still be one term: months are counted in two ways.
const SAME_TERM: Seconds = Seconds::from_days(3.0);

/// The fields of a contract, which are of a rent alone.
const OF_A_RENT: [&str; 10] = [
    "rent.provider",
    "rent.commitment",
    "rent.chips",
    "rent.from",
    "rent.until",
    "rent.minimum",
    "rent.upfront_discount",
    "rent.leaving",
    "rent.after",
    "rent.includes",
];

/// What a question says of the contract behind its rent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Agreed {
    /// Who rents the chips out.
    pub provider: Option<String>,
    /// How long it binds.
    pub commitment: Option<Entry<Seconds>>,
    /// Chips that it is for.
    pub chips: Option<Chips>,
    /// The days between which it holds.
    pub days: [Option<Entry<Date>>; 2],
    /// The shortest time that is paid.
    pub minimum: Option<Seconds>,
    /// Discount on what is paid at the start.
    pub upfront_discount: Option<Fraction>,
    /// What leaving early costs.
    pub leaving: Option<Fraction>,
    /// Rent of hours that it does not cover.
    pub after: Option<Price>,
    /// What it includes.
    pub includes: Includes,
    /// The day on which the run starts, where that is said.
    pub start: Option<Date>,
    /// It is a quote, which nobody else uses.
    pub quoted: bool,
    /// Which of the fields are given, with who says them.
    given: Vec<(&'static str, Origin)>,
}

impl Agreed {
    /// Of a spec.
    pub fn of(spec: &Spec) -> Self {
        let includes = spec.includes.as_ref().map(|entry| entry.value.as_str()).unwrap_or_default();
        let has = |what: &str| includes.split(", ").any(|one| one == what);
        let first = || spec.deliveries.as_ref().and_then(|entry| entry.value.first());
        let given = |path: &&'static str| Some((*path, (field(path)?.origin)(spec)?.clone()));
        Self {
            provider: spec.provider.as_ref().map(|entry| entry.value.clone()),
            commitment: spec.commitment.clone(),
            chips: spec.rented_chips.as_ref().map(|entry| entry.value),
            days: [spec.rent_from.clone(), spec.rent_until.clone()],
            minimum: spec.minimum_rent.as_ref().map(|entry| entry.value),
            upfront_discount: spec.upfront_discount.as_ref().map(|entry| entry.value),
            leaving: spec.leaving.as_ref().map(|entry| entry.value),
            after: spec.rent_after.as_ref().map(|entry| entry.value),
            includes: Includes { storage: has("storage"), egress: has("egress"), support: has("support") },
            start: spec.start.as_ref().map(|entry| entry.value).or_else(first),
            quoted: spec.quote.is_some(),
            given: OF_A_RENT.iter().filter_map(given).collect(),
        }
    }

    /// The contract of an offer, for a run; `after` is what hours cost that it does not cover, where nobody says it.
    ///
    /// # Errors
    /// A term, a length and dates that disagree; an end without a beginning; spot chips that are bound.
    pub fn contract(&self, offer: &Offer, after: Option<Price>) -> Result<Contract, Error> {
        let (begins, dated) = self.between()?;
        let said = self.commitment.as_ref().map(|entry| (entry.value, &entry.origin));
        let term = match (offer, said, dated) {
            (Offer::Spot, Some((_, origin)), _) => {
                let error = Error::bad_input("spot chips are not bound to a term");
                return Err(origin.locate(error.with_hint("leave the commitment out, or --term spot")));
            }
            (Offer::Reserved { term }, Some((own, origin)), _) if off(*term, own) => {
                return Err(origin.locate(disagree("the reservation", *term, own)));
            }
            (_, Some((own, origin)), Some(dated)) if off(dated, own) => {
                return Err(origin.locate(disagree("the time between its days", dated, own)));
            }
            (Offer::Reserved { term }, ..) => Some(dated.unwrap_or(*term)),
            (_, own, dated) => dated.or(own.map(|(own, _)| own)),
        };
        let contract = Contract {
            chips: self.chips,
            begins,
            term,
            minimum: self.minimum.unwrap_or(Seconds::ZERO),
            upfront: Fraction::ZERO,
            upfront_discount: self.upfront_discount.unwrap_or(Fraction::ZERO),
            // What is quoted is paid by this run: nobody else is said to use it.
            leaving: self.leaving.or((self.quoted && term.is_some()).then_some(Fraction::new(1.0))),
            after: self.after.or(after),
            includes: self.includes,
        };
        contract.check().map(|()| contract)
    }

    /// From the start of the run until the contract holds, and how long it does by its dates.
    fn between(&self) -> Result<(Seconds, Option<Seconds>), Error> {
        let [from, until] = &self.days;
        let Some(first) = from.as_ref().map(|entry| entry.value).or(self.start) else {
            let Some(until) = until else { return Ok((Seconds::ZERO, None)) };
            let error =
                Error::bad_input(format!("the contract ends on {}, and no day says when it begins", until.value));
            return Err(until.origin.locate(error.with_hint("give rent.from, or the start of the run")));
        };
        let begins = match self.start {
            Some(start) if start <= first => start.until(first),
            Some(start) => Seconds::ZERO - first.until(start),
            None => Seconds::ZERO,
        };
        let begins = if from.is_some() { begins } else { Seconds::ZERO };
        match until {
            Some(until) if until.value <= first => {
                let error = Error::bad_input(format!("the contract ends on {}, and begins on {first}", until.value));
                Err(until.origin.locate(error.with_hint("give a later rent.until")))
            }
            Some(until) => Ok((begins, Some(first.until(until.value)))),
            None => Ok((begins, None)),
        }
    }

    /// What of it changes nothing in a bill, in sentences.
    pub fn idle(&self, view: View, contract: &Contract, upfront: bool) -> Vec<String> {
        let why = |path: &str| match path {
            _ if view != View::Rent => Some("it is of --bill rent"),
            "rent.leaving" if contract.term.is_none() => Some("nothing binds: give rent.commitment or dates"),
            "rent.upfront_discount" if contract.term.is_none() || !upfront => Some("nothing is paid at the start"),
            "rent.from" if self.start.is_none() && self.days[1].is_none() && contract.term.is_none() => {
                Some("no term begins then")
            }
            _ => None,
        };
        let fields = self.given.iter().filter_map(|(path, _)| Some((field(path)?, why(path)?)));
        let fields: Vec<(&Field, &str)> = fields.collect();
        let one = |(field, why): &(&'static Field, &str)| idle(std::iter::once(*field), why);
        fields.iter().filter_map(one).collect()
    }
}

fn off(one: Seconds, other: Seconds) -> bool {
    (one - other).max(other - one) > SAME_TERM
}

fn disagree(what: &str, one: Seconds, other: Seconds) -> Error {
    let [one, other] = [one, other].map(show::duration);
    Error::bad_input(format!("the commitment is {other}, and {what} {one}")).with_hint("leave one of them out")
}
