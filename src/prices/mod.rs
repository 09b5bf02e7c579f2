//! The rent and the purchase price of a chip, on a term, at a place, on a day: where every answer takes them from.

use std::collections::BTreeMap;

use toml::de::DeTable;

use crate::catalog::region::MOST_PARENTS;
use crate::catalog::{Catalog, Kind};
use crate::cost::currency::rate;
use crate::cost::defaults::Commitment;
use crate::cost::market::{self, Chosen, FRESH, Offered, YEAR_ALONE};
use crate::error::Error;
use crate::hardware::price::{Amount, PriceList, Purchase, Quote, Term};
use crate::source::{Source, SourceKind};
use crate::units::date::Date;
use crate::units::{Price, Usd, show};

/// The place that all others lie in.
const WORLD: &str = "world";
/// Steps to a place that the asked one does not lie in.
const ELSEWHERE: usize = 10;
/// The terms of which a chip's newest rent is looked for.
const OWN_TERMS: [Term; 5] = [Term::OnDemand, Term::ReservedShort, Term::Reserved1y, Term::Reserved3y, Term::Spot];
/// Days of a month, in the mean.
const DAYS_OF_MONTH: f64 = 30.44;
/// Quotes of a median that a note names.
const NAMED: usize = 6;

/// A place and those that it lies in, itself first and the world last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    ids: Vec<String>,
    name: String,
}

/// A rent out of a price list.
#[derive(Debug, Clone, PartialEq)]
pub struct Rent {
    /// Rent of one chip.
    pub price: Price,
    /// The term that it is of.
    pub term: Term,
    /// It is of another term than the one that was asked for.
    pub stands_in: bool,
    /// Its date.
    pub date: String,
    /// It is of a later day than the one that is asked about: none is known so early.
    pub later: bool,
    /// Where it is from.
    pub source: Source,
    /// The price list.
    pub file: String,
    /// How it is not what was asked for, in sentences.
    pub said: Vec<String>,
}

/// A purchase price out of a price list.
#[derive(Debug, Clone, PartialEq)]
pub struct Bought {
    /// For one chip with its part of the server.
    pub price: Usd,
    /// Where it is from.
    pub source: Source,
    /// The price list.
    pub file: String,
    /// How it is not what was asked for, in a sentence.
    pub said: Option<String>,
}

impl Catalog {
    /// The rent of a chip on a term at a place; anywhere without one. A term, a place or a day that no quote is of takes the
    /// nearest, and says so; a commitment that only rents on demand are known beside is their average discount off them.
    ///
    /// # Formula
    /// [`market::rent`], each quote in dollars at the rate of the day that is asked about
    /// # Source
    /// `profiles/prices`, `profiles/assumptions/currencies.toml`; for discounts Cottier et al. 2024 (arXiv:2405.21015).
    ///
    /// # Errors
    /// A profile that does not hold what it should; an unknown place.
    pub fn rent(&self, chip: &str, term: Term, place: Option<&str>) -> Result<Option<Rent>, Error> {
        let Some(profile) = self.prices(chip)? else { return Ok(None) };
        let asked = self.place(place.unwrap_or(WORLD))?;
        let offers = self.offers(&profile.list, &asked)?;
        let Some(found) = market::rent(&offers, term, self.day()) else { return Ok(None) };
        let (quote, mut price) = (found.quote, found.price);
        let mut said = Vec::new();
        let at = || if asked.is_world() { String::new() } else { format!(" in {}", asked.name) };
        let discount = if quote.term == Term::OnDemand { self.discount(term)? } else { None };
        if let Some(share) = discount {
            price = price * (1.0 - share);
            let off = show::percent(share);
            let wanted = term.rents();
            said.push(format!("no recent {wanted} are known{}: {off} off the rent on demand, the average", at()));
        } else if quote.term != term {
            let (wanted, used) = (term.rents(), quote.term.rents());
            said.push(format!("no recent {wanted} are known{}: {used}, the nearest term, are used", at()));
        }
        said.extend(self.place_used(&found, &asked)?);
        let source = self.source_of(&found)?;
        let stands_in = quote.term != term && discount.is_none();
        let (term, date, later) = (quote.term, quote.date.clone(), found.later);
        Ok(Some(Rent { price, term, stands_in, date, later, source, file: profile.file, said }))
    }

    /// The purchase price of a chip with its part of the server: of the place that is asked about where one is known, else
    /// what the price list states, else of another place.
    ///
    /// # Errors
    /// As [`Catalog::rent`].
    pub fn bought(&self, chip: &str, place: Option<&str>) -> Result<Option<Bought>, Error> {
        let Some(profile) = self.prices(chip)? else { return Ok(None) };
        let asked = self.place(place.unwrap_or(WORLD))?;
        let stated = profile.list.purchase_per_chip.zip(profile.sources.of("typical.purchase_per_chip").cloned());
        let day = self.day().map(|day| day.to_string());
        let early = |found: &&Purchase| day.as_deref().is_none_or(|day| market::known(&found.date, day));
        let newest = |within: usize| -> Result<Option<&Purchase>, Error> {
            let mut best: Option<&Purchase> = None;
            for server in &profile.list.servers {
                if self.away(server.place.as_deref(), &asked)? < within
                    && best.is_none_or(|best| server.date > best.date)
                {
                    best = Some(server);
                }
            }
            Ok(best.filter(early).or(best))
        };
        let own = if asked.is_world() { None } else { newest(asked.ids.len() - 1)? };
        let file = profile.file.clone();
        let none_there = |used: &str| {
            let place = &asked.name;
            (!asked.is_world()).then(|| format!("no purchase price in {place} is known: one {used} is used"))
        };
        let (server, said) = match (own, stated) {
            (Some(own), _) => (own, None),
            (None, Some((price, source))) => {
                return Ok(Some(Bought { price, source, file, said: none_there("of no particular place") }));
            }
            (None, None) => {
                let Some(server) = newest(usize::MAX)? else { return Ok(None) };
                let used = match &server.place {
                    Some(place) => format!("of {}", self.place(place)?.name),
                    None => "of no particular place".to_owned(),
                };
                (server, none_there(&used))
            }
        };
        let (usd, at_rate) = self.dollars(&server.amount)?;
        let words = server.amount.words.clone().unwrap_or_default();
        let title = format!("{}: {words}{at_rate}", server.source);
        let (as_of, kind) = (server.date.clone(), server.kind);
        let source = Source { title, url: None, as_of, kind, note: None };
        Ok(Some(Bought { price: Usd::new(usd), source, file, said }))
    }

    /// What is wrong with the age of a price, in a sentence; nothing of one that is recent, or of which the year is all
    /// that is known. Age is up to the day, else up to the day that the catalog is asked about, else up to the newest of
    /// the facts.
    ///
    /// # Errors
    /// As [`Catalog::rates`].
    pub fn aged(&self, what: &str, date: &str, day: Option<Date>) -> Result<Option<String>, Error> {
        let Some(day) = day.or(self.day()).map_or_else(|| self.priced_until(), |day| Ok(Some(day)))? else {
            return Ok(None);
        };
        let old = |of: &Date| date.len() > YEAR_ALONE && of.until(day) > FRESH;
        let Some(of) = market::first_day(date).filter(old) else { return Ok(None) };
        let months = show::counted((of.until(day).days() / DAYS_OF_MONTH).round(), "month");
        Ok(Some(format!("the {what} is of {date}, {months} old")))
    }

    /// The newest rent after a date: of the chip, else of a chip whose steps are timed as its own are.
    ///
    /// # Errors
    /// As [`Catalog::rent`].
    pub fn newest_rent(&self, chip: &str, date: &str) -> Result<Option<String>, Error> {
        let newest = |id: &str, terms: &[Term]| -> Result<Option<Rent>, Error> {
            let mut best: Option<Rent> = None;
            for term in terms {
                let after = best.as_ref().map_or(date, |best| best.date.as_str());
                let newer = |rent: &Rent| rent.date.as_str() > after && !rent.later && rent.term == *term;
                let found = self.rent(id, *term, None)?.filter(newer);
                best = found.or(best);
            }
            Ok(best)
        };
        let words =
            |rent: &Rent, of: &str| format!("{}{of} {}, of {}", show::price(rent.price), rent.term.words(), rent.date);
        // The chip's own settles it: the lists of its family are not read then.
        if let Some(own) = newest(chip, &OWN_TERMS)? {
            return Ok(Some(words(&own, "")));
        }
        let family = self.accelerator(chip)?.chip.factors;
        let mut best: Option<(Rent, String)> = None;
        for id in self.ids(Kind::Prices) {
            let other = self.accelerator(&id)?.chip;
            if id == chip || other.factors != family {
                continue;
            }
            let newer = |rent: &Rent| best.as_ref().is_none_or(|(best, _)| rent.date > best.date);
            if let Some(rent) = newest(&id, &OWN_TERMS[..1])?.filter(newer) {
                best = Some((rent, other.name));
            }
        }
        Ok(best.map(|(rent, name)| words(&rent, &format!(" for {name}"))))
    }

    /// The quotes in dollars, each with how far it is from the place.
    fn offers<'q>(&self, list: &'q PriceList, asked: &Place) -> Result<Vec<Offered<'q>>, Error> {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let mut offered = |quote: &'q Quote| {
            let (usd, _) = self.dollars(&quote.amount)?;
            let place = quote.place.as_deref();
            let away = match place.and_then(|place| known.get(place)) {
                Some(away) => *away,
                None => self.away(place, asked)?,
            };
            known.extend(place.map(|place| (place, away)));
            Ok(Offered { quote, price: Price::from_usd_per_hour(usd), away })
        };
        list.quotes.iter().map(&mut offered).collect()
    }

    /// An amount in dollars, and the rate that made it so, in words.
    fn dollars(&self, amount: &Amount) -> Result<(f64, String), Error> {
        if amount.currency == "USD" {
            return Ok((amount.per_chip, String::new()));
        }
        let rates = self.rates()?;
        let rate = rate(&amount.currency, self.day(), &rates)?;
        let each = show::number(rate.usd_per_unit, 4);
        let words = format!(", at {each} USD per {} of {}", rate.currency, rate.as_of);
        Ok((amount.per_chip * rate.usd_per_unit, words))
    }

    /// How many steps a place is from the one that is asked about; what names no place is of the world.
    fn away(&self, place: Option<&str>, asked: &Place) -> Result<usize, Error> {
        let Some(place) = place else { return Ok(asked.ids.len() - 1) };
        if let Some(steps) = asked.ids.iter().position(|id| id == place) {
            return Ok(steps);
        }
        let inside = !asked.is_world()
            && asked.ids.first().is_some_and(|id| self.place(place).is_ok_and(|own| own.ids.contains(id)));
        Ok(if inside { 0 } else { ELSEWHERE })
    }

    /// A place with all that it lies in.
    fn place(&self, name: &str) -> Result<Place, Error> {
        if name == WORLD {
            return Ok(Place { ids: vec![WORLD.into()], name: "the world".into() });
        }
        let mut place = Place { ids: Vec::new(), name: String::new() };
        let mut next = Some(name.to_owned());
        while let Some(name) = next.take().filter(|_| place.ids.len() < MOST_PARENTS) {
            let found = self.find(Kind::Regions, &name)?;
            let table = DeTable::parse(&found.document.text).ok();
            let text = |key: &str| table.as_ref()?.get_ref().get(key)?.get_ref().as_str().map(str::to_owned);
            if place.ids.is_empty() {
                place.name = text("name").unwrap_or_else(|| found.id.clone());
            }
            next = text("parent");
            place.ids.push(found.id);
        }
        if place.ids.last().is_none_or(|last| last != WORLD) {
            place.ids.push(WORLD.into());
        }
        Ok(place)
    }

    /// That the quotes are not of the place that was asked about, in a sentence.
    fn place_used(&self, found: &Chosen<'_>, asked: &Place) -> Result<Option<String>, Error> {
        let used = match (&found.quote.place, found.away) {
            (_, 0) | (None, _) if asked.is_world() || found.away == 0 => return Ok(None),
            (None, _) => "rents that name no place".to_owned(),
            (Some(place), _) => format!("rents in {}", self.place(place)?.name),
        };
        Ok(Some(match asked.is_world() {
            true => format!("no recent rent of no particular place is known: {used} are used"),
            false => format!("no recent rent in {} is known: {used} are used", asked.name),
        }))
    }

    /// Where a rent is from: its one quote, or the median of several.
    fn source_of(&self, found: &Chosen<'_>) -> Result<Source, Error> {
        let quote = found.quote;
        let (_, at_rate) = self.dollars(&quote.amount)?;
        let amount = quote.amount.words.as_ref().map_or_else(String::new, |words| format!(": {words}{at_rate}"));
        let region = if quote.place.is_none() { String::new() } else { format!(" in {}", quote.region) };
        let many = found.list.len();
        let (title, note, kind, url) = match many {
            _ if quote.stated => (quote.provider.clone(), None, quote.kind, quote.url.clone()),
            1 => (format!("{}{region}{amount}", quote.provider), None, quote.kind, quote.url.clone()),
            _ => {
                let month = market::month(&quote.date);
                let title = format!("Lower median over {many} providers of their latest quotes of {month}{amount}");
                let each = |quote: &&Quote| {
                    let said = quote.amount.words.clone();
                    format!("{} {}", quote.provider, said.unwrap_or_else(|| show::number(quote.amount.per_chip, 4)))
                };
                let note = (many <= NAMED).then(|| found.list.iter().map(each).collect::<Vec<_>>().join(", "));
                (
                    title,
                    note,
                    if quote.kind == SourceKind::ListPrice { SourceKind::Published } else { quote.kind },
                    None,
                )
            }
        };
        Ok(Source { title, url, as_of: quote.date.clone(), kind, note })
    }

    /// The average discount off rents on demand for a commitment; nothing for other terms.
    fn discount(&self, term: Term) -> Result<Option<f64>, Error> {
        let of: fn(&Commitment) -> f64 = match term {
            Term::Reserved1y => |found| found.one_year.get(),
            Term::Reserved3y => |found| found.three_years.get(),
            _ => return Ok(None),
        };
        let defaults = self.bill()?.defaults;
        Ok(defaults.commitments.iter().find(|found| found.provider == "other").map(of))
    }
}

impl Place {
    fn is_world(&self) -> bool {
        self.ids.len() == 1
    }
}
