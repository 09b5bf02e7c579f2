//! `profiles/prices/`: TOML to [`PriceList`].

use super::read::{Reader, Sources};
use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::hardware::price::{PriceList, Quote, TERMS};
use crate::source::SOURCE_KINDS;
use crate::units::Usd;

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
        self.remembered(accelerator, |memo| &memo.prices, read)
    }
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
