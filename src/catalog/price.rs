//! `profiles/prices/`: TOML to [`PriceList`].

use std::collections::BTreeMap;

use super::read::{Reader, Sources};
use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::hardware::price::{PriceList, Quote, TERMS};
use crate::source::{SOURCE_KINDS, Source, SourceKind};
use crate::units::date::Date;
use crate::units::{Price, Quantity as _, Usd};

/// A chip's prices with their sources.
#[derive(Debug, Clone)]
pub struct PriceProfile {
    /// The prices.
    pub list: PriceList,
    /// Where the typical ones came from.
    pub sources: Sources,
    /// The file, or the built-in profile's name.
    pub file: String,
}

impl Catalog {
    /// The prices of a chip by its id, if there are any.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn prices(&self, accelerator: &str) -> Result<Option<PriceProfile>, Error> {
        let read = || match self.has(Kind::Prices, accelerator) {
            true => prices(&self.find(Kind::Prices, accelerator)?).map(Some),
            false => Ok(None),
        };
        let found = self.remembered(accelerator, |memo| &memo.prices, read)?;
        Ok(found.map(|found| match self.day {
            Some(day) => found.known_on(day),
            None => found,
        }))
    }
}

impl PriceProfile {
    /// The same with the typical prices of a day: those of the list where nothing they may rest on is later, else the
    /// lower median over providers of their latest quotes of the year until then, cheapest region of each. Where no quote
    /// is surely so early, the list's own stay, with their date.
    fn known_on(mut self, day: Date) -> Self {
        let day = day.to_string();
        for (name, term) in TERMS {
            let path = format!("typical.{name}");
            let early = |date: &str| day.get(..date.len()).is_some_and(|day| day >= date);
            let past = |date: &str| day.get(..date.len()).is_some_and(|day| day > date) || day == date;
            let quotes = || self.list.quotes.iter().filter(|quote| quote.term == term);
            let stands = self.sources.of(&path).is_some_and(|source| {
                past(&source.as_of) || (early(&source.as_of) && quotes().all(|quote| early(&quote.date)))
            });
            let until: Vec<&Quote> = quotes().filter(|quote| past(&quote.date)).collect();
            let Some((price, providers, date)) = lower_median(&until).filter(|_| !stands) else { continue };
            let (year, many) = (date.get(..4).unwrap_or(&date), if providers == 1 { "" } else { "s" });
            let title = format!(
                "Lower median over {providers} provider{many} of their latest quotes of {year} until {day}, cheapest region of each"
            );
            self.list.typical.retain(|(other, _)| *other != term);
            self.list.typical.push((term, price));
            let source = Source { title, url: None, as_of: date, kind: SourceKind::Published, note: None };
            self.sources = self.sources.with(path, source);
        }
        self
    }
}

/// The lower median over providers of their latest quotes of the last year that has any, cheapest region of each, with
/// the number of providers and the latest date.
fn lower_median(quotes: &[&Quote]) -> Option<(Price, usize, String)> {
    let date = quotes.iter().map(|quote| quote.date.as_str()).max()?;
    let year = date.get(..4)?;
    let mut best: BTreeMap<&str, (&str, Price)> = BTreeMap::new();
    for quote in quotes.iter().filter(|quote| quote.date.starts_with(year)) {
        let known = best.entry(&quote.provider).or_insert((&quote.date, quote.price));
        if quote.date.as_str() > known.0 || (quote.date == known.0 && quote.price < known.1) {
            *known = (&quote.date, quote.price);
        }
    }
    let mut prices: Vec<Price> = best.values().map(|(_, price)| *price).collect();
    prices.sort_by(|a, b| a.base().total_cmp(&b.base()));
    Some((*prices.get((prices.len() - 1) / 2)?, prices.len(), date.to_owned()))
}

/// Reads one price list.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn prices(found: &Found) -> Result<PriceProfile, Error> {
    found.document.read(|r| {
        r.need("name", r.text("name"));
        r.texts("aliases");
        let accelerator = r.need("accelerator", r.text("accelerator"));
        let sources = r.sources();
        let mut list = PriceList::default();
        r.table("typical", |typical| {
            for (name, term) in TERMS {
                list.typical.extend(typical.quantity(name).map(|price| (term, price)));
            }
            list.purchase_per_chip = typical.quantity("purchase_per_chip");
            Some(())
        });
        list.quotes = r.tables("quote", quote);
        r.tables("purchase", purchase);
        r.require_sources(&sources, &["accelerator", "quote", "purchase"]);
        list.accelerator = accelerator?;
        Some(PriceProfile { list, sources, file: found.document.file.clone() })
    })
}

fn quote(r: &Reader<'_>) -> Option<Quote> {
    let term = r.need("term", r.choice("term", &TERMS));
    let price = r.need("price", r.quantity("price"));
    let provider = r.text("provider").unwrap_or_default();
    let region = r.text("region").unwrap_or_default();
    let date = r.need("date", r.date("date"));
    quoted_source(r);
    Some(Quote { term: term?, price: price?, provider, region, date: date? })
}

fn purchase(r: &Reader<'_>) -> Option<()> {
    r.need("what", r.text("what"));
    let one = r.quantity::<Usd>("price");
    let (low, high) = (r.quantity::<Usd>("low"), r.quantity::<Usd>("high"));
    if one.is_none() && (low.is_none() || high.is_none()) {
        r.fail("price", Error::bad_input("a purchase needs `price`, or `low` and `high`"));
    }
    r.date("date");
    quoted_source(r);
    r.text("provider");
    r.text("region");
    Some(())
}

fn quoted_source(r: &Reader<'_>) {
    r.need("source", r.text("source"));
    r.need("kind", r.choice("kind", &SOURCE_KINDS));
    r.text("note");
    r.text("url");
}
