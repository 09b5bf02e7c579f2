//! One rent out of many dated quotes: one rule for every chip, term, place and day.

use std::collections::BTreeMap;

use crate::hardware::price::{Quote, Term};
use crate::units::date::Date;
use crate::units::{Price, Quantity as _, Seconds};

/// A price older than this is aged.
pub const FRESH: Seconds = Seconds::from_days(183.0);

/// Letters of a date of which the year alone is known.
pub const YEAR_ALONE: usize = 4;

/// A quote in dollars, and how far its place is from the one that is asked about: 0 for there.
#[derive(Debug, Clone, Copy)]
pub struct Offered<'q> {
    /// The quote.
    pub quote: &'q Quote,
    /// Rent of one chip.
    pub price: Price,
    /// Steps from the place that is asked about.
    pub away: usize,
}

/// The rent that the rule finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen<'q> {
    /// The quote that is the median.
    pub quote: &'q Quote,
    /// Its rent.
    pub price: Price,
    /// How far its place is from the one that is asked about.
    pub away: usize,
    /// The quotes of the list, one of each provider, cheapest first.
    pub list: Vec<&'q Quote>,
    /// Nothing is known as early as the day: the earliest quotes are taken.
    pub later: bool,
}

/// The rent on a term, at a place, on a day.
///
/// # Formula
/// Of the quotes known on the day, those within six months of the newest come first; of them the nearest place, there the
/// nearest term, there the newest month. Of that list the lower median over providers, each with its latest quote and the
/// cheapest of its regions. A rent that the file states stands in the place of the quotes beside it. Where nothing is known
/// as early as the day, the same with the earliest in the place of the newest.
/// # Source
/// Definition. Prices move by 10 to 50 % in a year: old ones are kept for their own time, and not mixed with new ones.
///
/// ```
/// use flopbill::internals::cost::market::{Offered, rent};
/// use flopbill::internals::hardware::price::{Amount, Quote, Term};
/// use flopbill::internals::source::SourceKind;
/// use flopbill::internals::units::Price;
/// let quote = |provider: &str, per_chip, date: &str| Quote {
///     term: Term::OnDemand, amount: Amount { per_chip, currency: "USD".into(), words: None }, provider: provider.into(),
///     region: String::new(), place: None, date: date.into(), kind: SourceKind::ListPrice, url: None, stated: false };
/// let quotes = [quote("A", 3.2, "2026-10-01"), quote("B", 3.49, "2026-10-01"), quote("C", 3.99, "2026-10-01"),
///     quote("A", 1.2, "2025-03-01")];
/// let offers: Vec<_> = quotes.iter().map(|quote|
///     Offered { quote, price: Price::from_usd_per_hour(quote.amount.per_chip), away: 0 }).collect();
/// let on = |day: &str| Ok::<_, flopbill::Error>(rent(&offers, Term::OnDemand, Some(day.parse()?)).unwrap().quote.amount.per_chip);
/// assert_eq!(on("2026-11-01")?, 3.49); // by hand: the middle of three
/// assert_eq!(on("2025-06-01")?, 1.2); // the newest that was known then
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn rent<'q>(offers: &[Offered<'q>], term: Term, day: Option<Date>) -> Option<Chosen<'q>> {
    let day = day.map(|day| day.to_string());
    let rents = || offers.iter().filter(|offer| offer.quote.term.away_from(term).is_some());
    let early = |offer: &&Offered<'_>| day.as_deref().is_none_or(|day| known(&offer.quote.date, day));
    let before: Vec<&Offered<'q>> = rents().filter(early).collect();
    let later = before.is_empty();
    let all: Vec<&Offered<'q>> = if later { rents().collect() } else { before };
    let dates = all.iter().filter_map(|offer| first_day(&offer.quote.date));
    let (first, last) = (dates.clone().min()?, dates.max()?);
    let aged = |offer: &Offered<'_>| {
        let from = |date: Date| if later { first.until(date) } else { date.until(last) };
        first_day(&offer.quote.date).is_none_or(|date| from(date) > FRESH)
    };
    let rank = |offer: &Offered<'_>| (aged(offer), offer.away, offer.quote.term.away_from(term));
    let best = all.iter().map(|offer| rank(offer)).min()?;
    let mut group: Vec<&Offered<'q>> = all.into_iter().filter(|offer| rank(offer) == best).collect();
    if group.iter().any(|offer| offer.quote.stated) {
        group.retain(|offer| offer.quote.stated);
    }
    let months = group.iter().map(|offer| month(&offer.quote.date));
    let month_taken = if later { months.min() } else { months.max() }?.to_owned();
    group.retain(|offer| month(&offer.quote.date) == month_taken);
    let list = one_each(&group);
    let median = list.get((list.len().checked_sub(1)?) / 2)?;
    let (quote, price, away) = (median.quote, median.price, median.away);
    Some(Chosen { quote, price, away, list: list.iter().map(|offer| offer.quote).collect(), later })
}

/// Whether a date, of which a part may be missing, is not after a day; what is known of a year alone is known at its end.
pub fn known(date: &str, day: &str) -> bool {
    let whole_year = date.len() == YEAR_ALONE && !day.ends_with("-12-31");
    day.get(..date.len()).is_some_and(|day| date < day || (date == day && !whole_year))
}

/// The first day of a date of which a part may be missing.
pub fn first_day(date: &str) -> Option<Date> {
    date.parse().ok()
}

/// The month of a date, or its year where no more is known.
pub fn month(date: &str) -> &str {
    date.get(..7).unwrap_or(date)
}

/// One offer of each provider: its latest, of those the cheapest; cheapest first.
fn one_each<'o, 'q>(offers: &[&'o Offered<'q>]) -> Vec<&'o Offered<'q>> {
    let mut best: BTreeMap<&str, &'o Offered<'q>> = BTreeMap::new();
    for offer in offers {
        let kept = best.entry(&offer.quote.provider).or_insert(offer);
        let (date, before) = (&offer.quote.date, &kept.quote.date);
        if date > before || (date == before && offer.price < kept.price) {
            *kept = offer;
        }
    }
    let mut list: Vec<&Offered<'q>> = best.into_values().collect();
    list.sort_by(|a, b| a.price.base().total_cmp(&b.price.base()));
    list
}
