//! The rent on the terms of a whole bill.

use super::whole_bill::{BillQuestion, Choices};
use crate::catalog::Catalog;
use crate::cost::View;
use crate::cost::contract::Contract;
use crate::cost::rent::{Commitment, Offer};
use crate::cost::rent_terms::offer;
use crate::cost::{Terms, Usage};
use crate::error::Error;
use crate::hardware::price::Term;
use crate::prices;
use crate::source::Source;
use crate::units::{ChipSeconds, Chips, Price, Seconds, show};

/// What kind of offer it is, the rent of a chip, and where that is from.
pub(super) struct Rented {
    pub offer: Offer,
    pub price: Option<Price>,
    pub source: Option<Source>,
    /// What it binds to; nothing where no rent is asked about.
    pub contract: Contract,
    /// What hours cost that it does not cover, where that is of a price list.
    pub after: Option<prices::Rent>,
}

impl Rented {
    /// The rent of the term that is asked for; what the run itself paid where another one only stands in for that.
    ///
    /// # Errors
    /// As [`offer`] and [`Agreed::contract`](crate::assume::Agreed::contract); a price list that is wrong.
    pub fn of(question: &BillQuestion<'_>, view: View, choices: &Choices, catalog: &Catalog) -> Result<Self, Error> {
        let term = choices.term.unwrap_or(Term::OnDemand);
        let offer = offer(term)?;
        let listed = |term| catalog.rent(&question.chip.id, term, choices.region.as_deref());
        let of = |(price, source): (Price, Option<Source>)| (Some(price), source);
        let (price, source) = match (term, question.rent.clone()) {
            // Of a price list: the one that the answer has.
            (Term::OnDemand, Some((price, None))) => (Some(price), listed(term)?.map(|found| found.source)),
            (Term::OnDemand, rent) => rent.map_or((None, None), of),
            (_, rent) => {
                let found = listed(term)?;
                let stands_in = found.as_ref().is_none_or(|found| found.stands_in);
                let own = rent.filter(|(_, source)| source.is_some() && (stands_in || question.rent_is_asked));
                own.map_or_else(
                    || (found.as_ref().map(|found| found.price), found.clone().map(|found| found.source)),
                    of,
                )
            }
        };
        let bare = choices.agreed.contract(&offer, None)?;
        let uncovered = bare.after.is_none() && (bare.term.is_some() || bare.chips.is_some());
        let after = if uncovered && view == View::Rent { listed(Term::OnDemand)? } else { None };
        let contract = match view {
            View::Rent => choices.agreed.contract(&offer, after.as_ref().map(|found| found.price))?,
            View::Own | View::Epoch => Contract::default(),
        };
        Ok(Self { offer, price, source, contract, after })
    }
}

/// What a contract makes of a run, in sentences: what is assumed, and what a reader should know.
pub(super) fn said(
    view: View,
    usage: &Usage,
    terms: &Terms,
    choices: &Choices,
    listed: Option<&prices::Rent>,
) -> Result<[Vec<String>; 2], Error> {
    if view != View::Rent {
        return Ok([Vec::new(), Vec::new()]);
    }
    let contract = &terms.rent.contract;
    let found = contract.charge(usage.held, usage.chips, usage.wall)?;
    let (mut assumed, mut warned) = (Vec::new(), Vec::new());
    let whose = whose(choices);
    if let Some((chips, own)) = contract.chips.zip(usage.chips).filter(|(chips, own)| chips < own) {
        let [chips, own] = [chips, own].map(show::chips);
        warned.push(format!("{whose} is for {chips} chips, and the run holds {own}"));
    }
    warned.extend(ends_before(contract, usage, choices));
    if found.beyond > ChipSeconds::ZERO {
        let hours = show::count(found.beyond.gpu_hours(), 4);
        let at = match (contract.after.or(terms.rent.price).map(show::price), choices.agreed.after, listed) {
            (Some(price), Some(_), _) => format!("{price} (rent.after)"),
            (Some(price), None, Some(rent)) => {
                format!("{price}, the typical price {} (--rent-after says another)", rent.term.words())
            }
            (Some(price), None, None) => format!("{price}, its own price: no other rent is known"),
            (None, ..) => "no known price".into(),
        };
        assumed.push(format!("{hours} GPU-hours outside the contract are rented at {at}"));
    }
    if choices.agreed.quoted && choices.agreed.leaving.is_none() && contract.term.is_some() {
        assumed.push("the quote names no way out: its term is paid to the end (leaving says otherwise)".into());
    }
    assumed.extend(choices.agreed.provider.as_ref().map(|name| format!("rented from {name}")));
    if contract.includes.support {
        assumed.push("the rent includes support: no line of the bill is for it".into());
    }
    Ok([assumed, warned])
}

/// What a sentence calls the contract: by who rents the chips out, where that is said.
fn whose(choices: &Choices) -> String {
    let name = choices.agreed.provider.as_ref();
    name.map_or_else(|| "the contract".to_owned(), |name| format!("the contract of {name}"))
}

/// A contract whose days do not cover the run.
fn ends_before(contract: &Contract, usage: &Usage, choices: &Choices) -> Option<String> {
    let (term, wall) = contract.term.zip(usage.wall)?;
    let late = contract.begins.max(Seconds::ZERO).min(wall);
    let short = (wall - (contract.begins + term).max(Seconds::ZERO)).max(Seconds::ZERO).min(wall);
    let days =
        |entry: usize| choices.agreed.days.get(entry).and_then(|day| day.as_ref()).map(|day| day.value.to_string());
    let whose = whose(choices);
    let what = match (days(0), days(1)) {
        (Some(from), Some(until)) => format!("{whose} holds from {from} to {until}"),
        (_, Some(until)) => format!("{whose} ends on {until}"),
        (Some(from), None) => format!("{whose} holds for {} from {from}", length(term)),
        (None, None) => format!("the term of {whose} ends after {}", length(term)),
    };
    let parts = [(late, "before it begins"), (short, "after it ends")];
    let parts = parts.iter().filter(|(time, _)| time.days() > 1e-9);
    let parts: Vec<String> = parts.map(|(time, when)| format!("{} {when}", show::duration(*time))).collect();
    let run = show::duration(wall);
    (!parts.is_empty()).then(|| format!("{what}, and the run takes {run}: {}", parts.join(", ")))
}

/// A reservation that is longer than the run, which other work is to use.
pub(super) fn outlives(found: &Commitment, terms: &Terms, chips: Option<Chips>) -> Option<String> {
    if terms.rent.contract.leaving.is_some() || found.used.get() >= 1.0 {
        return None;
    }
    let chips = show::chips(terms.rent.contract.chips.or(chips)?);
    let (term, total) = (length(found.term), show::usd(found.total));
    Some(format!(
        "the reservation outlives the run: {chips} chips for {term} are {total}, and the bill holds only the {} of it that \
         the run uses",
        show::percent(found.used.get())
    ))
}

/// Years where they are whole, else as any time.
pub fn length(term: Seconds) -> String {
    let years = term.years();
    if (years - years.round()).abs() < 1e-9 { format!("{} y", show::number(years, 3)) } else { show::duration(term) }
}
