//! `profiles/prices/`: TOML to [`PriceList`]. `profiles/prices.md` describes the format.

use super::{Catalog, Found, Kind};
use crate::cost::currency::{DatedRate, rate};
use crate::error::Error;
use crate::hardware::price::{Amount, PriceList, Purchase, Quote, TERMS, Term};
use crate::read::{Reader, Sources};
use crate::source::{SOURCE_KINDS, SourceKind};
use crate::units::{Price, Usd, show};

/// Hours of a month, as price lists count it: 30 days.
const MONTH: f64 = 720.0;

/// What a rent may be for, and the hours in it.
const PERIODS: [(&str, f64); 2] = [("hour", 1.0), ("month", MONTH)];

/// Dollars an hour that a rent of a chip can be, and dollars that a chip can cost; what is beyond is a mistake of units.
const RENTS: [f64; 2] = [0.01, 1_000.0];
const PRICES: [f64; 2] = [50.0, 1e7];

/// A chip's prices with their sources.
#[derive(Debug, Clone)]
pub struct PriceProfile {
    /// The prices.
    pub list: PriceList,
    /// Where the stated ones came from.
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
            true => prices(&self.find(Kind::Prices, accelerator)?, self).map(Some),
            false => Ok(None),
        };
        self.remembered(accelerator, |memo| &memo.prices, read)
    }
}

/// What the values of a price list are held against.
struct Known<'a> {
    catalog: &'a Catalog,
    rates: &'a [DatedRate],
}

/// Reads one price list.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn prices(found: &Found, catalog: &Catalog) -> Result<PriceProfile, Error> {
    let rates = catalog.rates()?;
    let known = Known { catalog, rates: &rates };
    found.document.read(|r| {
        r.need("name", r.text("name"));
        r.texts("aliases");
        let accelerator = r.need("accelerator", r.text("accelerator"));
        let sources = r.sources();
        let mut list = PriceList::default();
        r.table("typical", |typical| {
            for (name, term) in TERMS {
                list.quotes.extend(stated(typical, (name, term), &sources));
            }
            list.purchase_per_chip = typical.quantity("purchase_per_chip");
            Some(())
        });
        list.quotes.extend(r.tables("quote", |r| quote(r, &known)).into_iter().flatten());
        list.servers = r.tables("purchase", |r| purchase(r, &known)).into_iter().flatten().collect();
        r.require_sources(&sources, &["accelerator", "quote", "purchase"]);
        list.accelerator = accelerator?;
        Some(PriceProfile { list, sources, file: found.document.file.clone() })
    })
}

/// A rent of the file's `[typical]`, of the date of its source.
fn stated(r: &Reader<'_>, (name, term): (&'static str, Term), sources: &Sources) -> Option<Quote> {
    let price: Price = r.quantity(name)?;
    plausible(r, name, price.usd_per_hour(), RENTS, "a rent of a chip");
    let source = sources.of(&format!("typical.{name}"))?;
    Some(Quote {
        term,
        amount: Amount { per_chip: price.usd_per_hour(), currency: "USD".into(), words: None },
        provider: source.title.clone(),
        region: String::new(),
        place: None,
        date: source.as_of.clone(),
        kind: source.kind,
        url: source.url.clone(),
        stated: true,
    })
}

/// A quote; `None` inside for one that says why it does not count.
fn quote(r: &Reader<'_>, known: &Known<'_>) -> Option<Option<Quote>> {
    let term = r.need("term", r.choice("term", &TERMS));
    let price: Option<Price> = r.quantity("price");
    let amount = match price {
        Some(price) => {
            plausible(r, "price", price.usd_per_hour(), RENTS, "a rent of a chip");
            Some(Amount { per_chip: price.usd_per_hour(), currency: "USD".into(), words: None })
        }
        None if r.value("price").is_some() => None, // it does not read
        None => amount(r, known, true),
    };
    let provider = r.text("provider").unwrap_or_default();
    let region = r.text("region").unwrap_or_default();
    let place = place(r, known);
    let date = r.need("date", r.date("date"));
    let counted = r.text("left_out").is_none();
    let (url, kind) = (r.text("url"), quoted_source(r));
    let found =
        Quote { term: term?, amount: amount?, provider, region, place, date: date?, kind: kind?, url, stated: false };
    Some(counted.then_some(found))
}

/// A price of a purchase; `None` inside for one that is not of a whole server, or not one number.
fn purchase(r: &Reader<'_>, known: &Known<'_>) -> Option<Option<Purchase>> {
    r.need("what", r.text("what"));
    let one = r.quantity::<Usd>("price");
    let (low, high) = (r.quantity::<Usd>("low"), r.quantity::<Usd>("high"));
    let native = r.value("amount").is_some();
    if !native && one.is_none() && (low.is_none() || high.is_none()) {
        let error = "a purchase needs `price`, or `low` and `high`, or `amount` and `currency`";
        r.fail("price", Error::bad_input(error));
    }
    let amount = if native { Some(amount(r, known, false)) } else { None };
    let chips = if native { None } else { chips(r, None) };
    let place = place(r, known);
    // A purchase without a date stands, but is not used where the age of a price counts.
    let date = if r.value("date").is_some() { r.need("date", r.date("date")) } else { None };
    let source = r.text("source").unwrap_or_default();
    let kind = quoted_source(r);
    r.text("provider");
    r.text("region");
    let whole = |usd: Usd, chips: f64| Amount {
        per_chip: usd.get() / chips,
        currency: "USD".into(),
        words: Some(format!("{} for {}", show::usd(usd), of_chips(chips))),
    };
    let amount = match (amount, one, chips) {
        (Some(amount), ..) => Some(amount?),
        (None, Some(usd), Some(chips)) => Some(whole(usd, chips)),
        _ => None,
    };
    let whole = amount.zip(date).zip(kind);
    Some(whole.map(|((amount, date), kind)| Purchase { amount, place, date, source, kind }))
}

/// `amount`, `currency`, `chips` and, for a rent, `per`: for one chip, and an hour.
fn amount(r: &Reader<'_>, known: &Known<'_>, rent: bool) -> Option<Amount> {
    let said = r.number("amount");
    let currency = r.text("currency");
    let chips = chips(r, Some(1.0))?;
    let period =
        if rent { r.choice("per", &PERIODS.map(|(name, hours)| (name, (name, hours)))) } else { Some(("", 1.0)) };
    if said.is_none() && currency.is_none() {
        let error = Error::bad_input("a quote needs `price`, or `amount`, `currency` and `per`");
        r.fail(
            "price",
            error.with_hint("price = \"$2/h\", or amount = 140000, currency = \"CNY\", chips = 8, per = \"month\""),
        );
        return None;
    }
    let (said, currency) = (r.need("amount", said)?, r.need("currency", currency)?);
    let (name, hours) = r.need("per", period)?;
    let rate = rate(&currency, None, known.rates).map_err(|error| r.fail("currency", error)).ok()?;
    let per_chip = said / chips / hours;
    let (range, what) = if rent { (RENTS, "a rent of a chip") } else { (PRICES, "the price of a chip") };
    plausible(r, "amount", per_chip * rate.usd_per_unit, range, what)?;
    let per = if rent { format!(" a {name}").replace("a hour", "an hour") } else { String::new() };
    let words = format!("{} {} for {}{per}", rate.currency, show::number(said, 9), of_chips(chips));
    Some(Amount { per_chip, currency: rate.currency.clone(), words: Some(words) })
}

/// How many chips an amount is for.
fn chips(r: &Reader<'_>, without: Option<f64>) -> Option<f64> {
    let Some(chips) = r.integer("chips") else { return without };
    if chips == 0 {
        r.fail("chips", Error::bad_input("an amount is for at least one chip"));
        return None;
    }
    Some(f64::from(chips))
}

fn of_chips(chips: f64) -> String {
    show::counted(show::whole(chips), "chip")
}

/// Refuses what no chip costs: a slip of the unit, of thousands, of the currency.
fn plausible(r: &Reader<'_>, key: &'static str, usd: f64, [low, high]: [f64; 2], what: &str) -> Option<()> {
    if (low..=high).contains(&usd) {
        return Some(());
    }
    let usd = show::number(usd, 3);
    let error = Error::bad_input(format!("{what} of ${usd} is absurd: it is from ${low} to ${high}"));
    r.fail(key, error.with_hint("look at the unit, the currency and the number of chips"));
    None
}

/// The region profile of a place.
fn place(r: &Reader<'_>, known: &Known<'_>) -> Option<String> {
    let name = r.text("place")?;
    if !known.catalog.has(Kind::Regions, &name) {
        r.fail("place", known.catalog.unknown(Kind::Regions, &name));
        return None;
    }
    Some(name)
}

/// Where a listed value is from.
pub(super) fn quoted_source(r: &Reader<'_>) -> Option<SourceKind> {
    r.need("source", r.text("source"));
    r.text("note");
    r.text("url");
    r.need("kind", r.choice("kind", &SOURCE_KINDS))
}
