//! A quote for chips: one file with what a provider offers, whose values are laid over the fields that they are of.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeValue;

use crate::catalog::{normal, read_text};
use crate::cost::rent_terms::RENT_TERMS;
use crate::error::Error;
use crate::input::field::{Field, field};
use crate::input::file::{Entry, Origin, Spec, text_of};
use crate::input::inline;
use crate::input::question::Override;
use crate::input::text::prefix;
use crate::read::{Document, Reader, Value};
use crate::source::{Source, SourceKind};
use crate::units::date::Date;

/// The field's path.
pub const QUOTE: &str = "quote";

/// The keys of a quote, and the field that each sets.
const KEYS: [(&str, &str); 15] = [
    ("provider", "rent.provider"),
    ("chip", "run.gpu"),
    ("chips", "rent.chips"),
    ("rate", "price.rent"),
    ("term", "rent.commitment"),
    ("start", "rent.from"),
    ("end", "rent.until"),
    ("prepayment", "rent.upfront"),
    ("prepayment_discount", "rent.upfront_discount"),
    ("minimum", "rent.minimum"),
    ("leaving", "rent.leaving"),
    ("after", "rent.after"),
    ("includes", "rent.includes"),
    ("discount", "rent.discount"),
    ("region", "region"),
];

/// A quote as its file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    text: String,
    /// What people call it.
    pub name: String,
    /// The day it is of, where it says one.
    pub date: Option<Date>,
    /// Its values, each with its field and its place.
    values: Arc<[(&'static str, String, Origin)]>,
}

impl Quote {
    /// Reads the file, from the folder of a spec that names it.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown key, a value that its field does not take, each with its place; more than one
    /// file.
    pub fn parse(text: &str, origin: &Origin) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::bad_input("the name of a file is missing").with_hint("write it like `quote.toml`"));
        }
        if text.starts_with('{') {
            let read = |value: &Value<'_>| {
                Self::of_value(value).map_err(|error| error.each().for_each(|one| value.record(one.clone()))).ok()
            };
            return inline::read(&origin.to_string(), text, read).map(|found| found.by(origin));
        }
        if text.contains(';') {
            let error = Error::bad_input("several quotes are given, and this answers for one");
            return Err(error.with_hint("`flopbill compare` sets them side by side"));
        }
        let path = match origin {
            Origin::File(at) => Path::new(&at.file).parent().map_or_else(PathBuf::new, Path::to_path_buf).join(text),
            _ => PathBuf::from(text),
        };
        let found = Self::read(&path.display().to_string(), &read_text(&path)?)?;
        Ok(Self { text: text.to_owned(), ..found })
    }

    /// Reads the text of a file, which errors call `shown`.
    ///
    /// # Errors
    /// As [`Quote::parse`], but for the file itself.
    pub fn read(shown: &str, text: &str) -> Result<Self, Error> {
        Document::new(shown, text).read(|r| {
            for key in ["name", "provider"] {
                r.need(key, r.any(key).map(drop));
            }
            Some(Self { text: shown.to_owned(), ..body(r)? })
        })
    }

    /// Reads a table of a spec.
    ///
    /// # Errors
    /// As [`Quote::read`].
    pub fn of_value(value: &Value<'_>) -> Result<Self, Error> {
        let Some(inner) = value.table(QUOTE) else { return Err(value.at().locate(Error::bad_input("no quote"))) };
        let found = body(&inner);
        inner.finish();
        found.ok_or_else(|| value.at().locate(Error::bad_input("this is no quote").with_hint("give its rate")))
    }

    /// The same as if each value was said by one who names the quote.
    fn by(self, origin: &Origin) -> Self {
        let told = |(path, text, _): &(&'static str, String, Origin)| (*path, text.clone(), origin.as_asked());
        Self { values: self.values.iter().map(told).collect(), ..self }
    }

    /// Lays its values over a question; those of a file that names the quote itself say the same only once.
    ///
    /// # Errors
    /// A field that the spec which names the quote says too; a bill of other chips than rented ones.
    pub(super) fn lay(&self, named: &Origin, spec: &mut Spec) -> Result<(), Error> {
        let mut errors = Vec::new();
        for (path, text, origin) in self.values.iter() {
            let Some(field) = field(path) else { continue };
            let own = (field.origin)(spec).filter(|own| of_one_file(own, named));
            if let Some(own) = own {
                let message = format!("`{path}` is said here and in the quote ({origin})");
                errors.push(own.locate(Error::bad_input(message).with_hint("leave one out")));
                continue;
            }
            errors.extend(spec.set_field(field, text, origin.clone()).err().map(|error| origin.locate(error)));
        }
        if let (None, Some(field)) = (&spec.bill, field("bill.view")) {
            errors.extend(spec.set_field(field, "rent", Origin::Flag(format!("--quote {}", self.text))).err());
        }
        Error::all(errors).map_or(Ok(()), Err)
    }
}

impl Spec {
    /// Takes the quote that is named last, and lays its values over the spec.
    ///
    /// # Errors
    /// As [`Quote::parse`] and [`Quote::lay`].
    pub(super) fn lay_quote<'o>(&mut self, named: impl Iterator<Item = &'o Override>) -> Result<(), Error> {
        for over in named {
            self.set(&over.path, &over.text, Origin::Flag(over.flag.clone()))
                .map_err(|error| if error.place().is_some() { error } else { prefix(&over.flag, &error) })?;
        }
        let Some(Entry { value, origin, .. }) = self.quote.clone() else { return Ok(()) };
        value.lay(&origin, self)
    }

    /// The source of a value that the quote says: `None` where its origin is another.
    pub fn quote_of(&self, path: &str, origin: &Origin) -> Option<Source> {
        let quote = &self.quote.as_ref()?.value;
        quote.values.iter().find(|(own, _, from)| *own == path && from == origin)?;
        let as_of = quote.date.map(|day| day.to_string()).unwrap_or_default();
        let title = format!("{} ({origin})", quote.name);
        Some(Source { title, url: None, as_of, kind: SourceKind::Quoted, note: None })
    }

    /// A run that says neither its chips nor its time runs on the chips of its quote.
    pub(super) fn hold_quoted(&mut self) {
        let open = self.chips.is_none() && self.wall_clock.is_none() && self.deliveries.is_none();
        if let Some(chips) = self.rented_chips.as_ref().filter(|_| open && self.quote.is_some()) {
            self.chips = Some(chips.clone());
        }
    }
}

/// Whether both were written in one file.
fn of_one_file(own: &Origin, named: &Origin) -> bool {
    match (own, named) {
        (Origin::File(own), Origin::File(named)) => own.file == named.file,
        _ => false,
    }
}

/// The keys of a quote.
fn body(r: &Reader<'_>) -> Option<Quote> {
    let (name, date) = (r.text("name"), r.day("date"));
    let (mut values, mut written, mut known) = (Vec::new(), Vec::new(), Spec::default());
    for (key, path) in KEYS {
        let Some((value, field)) = r.value(key).zip(field(path)) else { continue };
        let found = one(key, field, &value, &mut known);
        written.extend(found.as_ref().map(|(_, text, _)| format!("{key} = '{text}'")));
        values.extend(found);
    }
    r.need("rate", r.any("rate").map(drop))?;
    dates(r, &known);
    let provider = known.provider.map(|entry| entry.value);
    let name = name.or(provider).unwrap_or_else(|| "a quote".into());
    Some(Quote { text: format!("{{ {} }}", written.join(", ")), name, date, values: values.into() })
}

/// One value, checked by its field.
fn one(
    key: &'static str,
    own: &'static Field,
    value: &Value<'_>,
    known: &mut Spec,
) -> Option<(&'static str, String, Origin)> {
    let listed = value.items();
    let texts: Vec<_> = if listed.is_empty() { vec![*value] } else { listed };
    let texts: Option<Vec<_>> = texts.iter().map(text_of).collect();
    let Some(text) = texts.filter(|_| !matches!(value.raw(), DeValue::Boolean(_))) else {
        let error = Error::bad_input(format!("`{key}` takes {}: {}", own.dimension, own.about.trim()));
        value.fail(error.with_hint(format!("write it like `{}`", own.example)));
        return None;
    };
    let text = text.join(", ");
    // A term is a length, or the name of a way to rent.
    let named = key == "term" && RENT_TERMS.iter().any(|(name, _)| normal(name) == normal(&text));
    let own = if named { field("bill.term")? } else { own };
    let origin = Origin::File(value.at());
    let set = known.set_field(own, &text, origin.clone()).and_then(|()| {
        let range = known.is_ranged(own.path) || text.contains("..");
        let error = || Error::bad_input(format!("`{key}` of a quote is one value, not a range"));
        if range { Err(error()) } else { Ok(()) }
    });
    if let Err(error) = set {
        value.fail(error);
        return None;
    }
    Some((own.path, text, origin.as_asked()))
}

/// Dates and a length that agree.
fn dates(r: &Reader<'_>, known: &Spec) {
    let day = |entry: &Option<Entry<Date>>| entry.as_ref().map(|entry| entry.value);
    if let Some((from, until)) = day(&known.rent_from).zip(day(&known.rent_until)).filter(|(from, until)| until <= from)
    {
        r.fail("end", Error::bad_input(format!("the quote ends on {until}, and begins on {from}")));
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
