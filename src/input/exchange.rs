//! Dollars of what was typed in other money, and dollars for one chip of the price of a server.
//!
//! Values wait in the currency that they were typed in until the whole question is known: its day, its own rates and its chip may
//! stand anywhere in it. The rates are read only where something waits for them.

use std::borrow::Cow;

use crate::catalog::{Catalog, Kind};
use crate::cost::currency::rate;
use crate::error::Error;
use crate::input::field::Field;
use crate::input::file::{Origin, Spec};
use crate::input::question::Question;
use crate::input::range::{Range, within};
use crate::input::table::FIELDS;
use crate::input::typed::{AsTyped, Exchanged, Rate, Rates};
use crate::source::Source;
use crate::units::date::Date;
use crate::units::money::{Code, Shown};
use crate::units::{Usd, show};

/// The fields that money is exchanged by.
pub const EXCHANGES: [&str; 4] = ["as_of", "run.gpu", "money.rate", "region"];

/// The place whose money has the same sign as another's.
const JAPAN: &str = "japan";

/// A question with its money in dollars.
#[derive(Debug, Clone)]
pub struct InDollars<'q> {
    /// What was asked, flags laid over the file.
    pub spec: Spec,
    /// What the file alone says.
    pub base: Cow<'q, Spec>,
    /// What was taken for what, in sentences and with its source.
    pub said: Said,
}

/// What was taken for what.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// In sentences.
    pub assumptions: Vec<String>,
    /// What is wrong with the age of a rate, in sentences.
    pub warnings: Vec<String>,
    /// Where the rates are from.
    pub sources: Vec<(String, Source)>,
    /// The currency in which money is shown, where that is not the dollar.
    pub shown: Option<Rate>,
}

impl Said {
    /// The currency in which money is shown.
    pub fn currency(&self) -> Shown {
        self.shown.as_ref().map_or(Shown::DOLLARS, Rate::shown)
    }
}

impl Question {
    /// The spec with the overrides in it, and its money in dollars.
    ///
    /// # Errors
    /// As [`Question::spec`] and [`Question::in_dollars`].
    pub fn settled(&self, catalog: &Catalog) -> Result<Spec, Error> {
        Ok(self.in_dollars(catalog)?.spec)
    }

    /// The question with its money in dollars, and what was taken for that.
    ///
    /// # Errors
    /// As [`Question::spec`]; a currency without a rate; the price of a server where nothing says how many chips that has.
    pub fn in_dollars(&self, catalog: &Catalog) -> Result<InDollars<'_>, Error> {
        let (mut spec, mut base) = (self.spec()?, Cow::Borrowed(&self.base));
        let said = Exchange::of(&spec, self.today, catalog).settle(&mut spec)?;
        if waits(&base) {
            let own = Exchange {
                chip: base.gpu.as_ref().map(|gpu| gpu.value.clone()),
                ..Exchange::of(&spec, self.today, catalog)
            };
            own.settle(base.to_mut())?;
        }
        Ok(InDollars { spec, base, said })
    }
}

/// What money is exchanged by.
#[derive(Debug)]
pub struct Exchange<'c> {
    catalog: &'c Catalog,
    own: Option<(Rates, String)>,
    day: Option<Date>,
    today: Option<Date>,
    chip: Option<String>,
    region: Option<String>,
}

impl<'c> Exchange<'c> {
    /// By the rates, the day and the chip of a spec.
    pub fn of(spec: &Spec, today: Option<Date>, catalog: &'c Catalog) -> Self {
        Self {
            catalog,
            own: spec.rate.as_ref().map(|rates| (rates.value.clone(), rates.origin.to_string())),
            day: spec.as_of.as_ref().map(|day| day.value),
            today,
            chip: spec.gpu.as_ref().map(|gpu| gpu.value.clone()),
            region: spec.region.as_ref().map(|region| region.value.clone()),
        }
    }

    /// Makes dollars of all money of a spec.
    ///
    /// # Errors
    /// As [`Question::in_dollars`], each located where the value was written.
    pub fn settle(&self, spec: &mut Spec) -> Result<Said, Error> {
        let (mut said, mut errors) = (Said::default(), Vec::new());
        let mut rates: Vec<Rate> = Vec::new();
        for field in FIELDS {
            let Some((mut typed, origin)) = (field.typed)(spec).cloned().zip((field.origin)(spec).cloned()) else {
                continue;
            };
            if typed.waits() {
                match self.exchange(field, &typed, &origin, spec) {
                    Ok(exchanged) => typed.exchanged = Some(exchanged),
                    Err(error) => {
                        errors.push(origin.locate(error));
                        continue;
                    }
                }
                (field.keep)(spec, typed.clone());
            }
            said.assumptions.extend(sentence(field, &typed, spec));
            rates.extend(typed.exchanged.and_then(|exchanged| exchanged.rate));
        }
        if let Some(code) = spec.currency.as_ref().filter(|code| code.value != Code::USD) {
            match self.rate(code.value) {
                Ok(rate) => {
                    rates.push(rate.clone());
                    said.shown = Some(rate);
                }
                Err(error) => errors.push(code.origin.locate(error)),
            }
        }
        for (index, rate) in rates.iter().enumerate() {
            if rates.iter().take(index).any(|known| known.code == rate.code) {
                continue;
            }
            said.sources.extend(rate.source.clone().map(|source| (format!("money.rate {}", rate.code), source)));
            said.warnings.extend(self.aged(rate)?);
        }
        said.warnings.extend(self.idle(spec, &rates));
        Error::all(errors).map_or(Ok(said), Err)
    }

    /// That own rates change nothing: a price of a list may still be in their money.
    fn idle(&self, spec: &Spec, used: &[Rate]) -> Option<String> {
        let (rates, from) = self.own.as_ref()?;
        let listed = spec.price.is_none() && spec.cost.is_none();
        let idle = |(code, _): &&(Code, f64)| used.iter().all(|rate| rate.code != *code);
        let codes: Vec<String> = rates.0.iter().filter(idle).map(|(code, _)| code.to_string()).collect();
        let none = codes.is_empty() || listed;
        (!none).then(|| format!("{from} changes nothing for {}: no money is in it", codes.join(", ")))
    }

    /// Puts the dollars for one chip in the place of what waits.
    fn exchange(
        &self,
        field: &'static Field,
        typed: &AsTyped,
        origin: &Origin,
        spec: &mut Spec,
    ) -> Result<Exchanged, Error> {
        let exchanged = self.what_it_takes(typed)?;
        let factor = exchanged.factor();
        match spec.range(field.path).cloned() {
            Some(range) => {
                let dist = within(field, range.dist.scaled(factor)?)?;
                field.check(dist.median())?;
                spec.set_range(Range { dist, ..range }, field);
            }
            None => {
                let value = typed.amount * factor;
                let (low, high) = field.limits();
                if !(low..=high).contains(&value) {
                    let dollars = show::usd(Usd::new(value));
                    let error = Error::bad_input(format!(
                        "`{}` is {dollars} in the field's unit, and that cannot be",
                        typed.text
                    ));
                    return Err(error.with_hint(format!(
                        "`{}` is from ${} to ${}",
                        field.path,
                        show::number(low, 9),
                        show::number(high, 9)
                    )));
                }
                if let Some(put) = field.put {
                    put(spec, value, origin.clone());
                }
            }
        }
        Ok(exchanged)
    }

    fn what_it_takes(&self, typed: &AsTyped) -> Result<Exchanged, Error> {
        let (text, written) = (&typed.text, typed.written);
        if written.ambiguous && self.is_in_japan() {
            let error = Error::bad_input(format!(
                "`{text}`: its sign is that of the yuan and of the yen, and the region is Japan"
            ));
            return Err(error.with_hint("write the code: `JPY 300/h`, or `CNY 14/h`"));
        }
        let rate = (written.code != Code::USD).then(|| self.rate(written.code)).transpose()?;
        let chips = written.per.server.then(|| self.chips_of_a_server(text)).transpose()?;
        Ok(Exchanged { rate, chips })
    }

    fn is_in_japan(&self) -> bool {
        let region = self.region.as_deref().and_then(|name| self.catalog.find(Kind::Regions, name).ok());
        region.is_some_and(|region| region.id == JAPAN)
    }

    fn chips_of_a_server(&self, text: &str) -> Result<u32, Error> {
        let Some(chip) = &self.chip else {
            let error =
                Error::bad_input(format!("`{text}` is the price of a server, and no chip says how many it holds"));
            return Err(error.with_hint("name the chip (run.gpu), or write the price of one: `$2/h`"));
        };
        Ok(self.catalog.accelerator(chip)?.chip.node_chips.max(1))
    }

    /// The rate of a currency: the one that was given, else that of the day.
    ///
    /// # Errors
    /// A currency that has none.
    pub fn rate(&self, code: Code) -> Result<Rate, Error> {
        let given = self.own.as_ref().and_then(|(rates, from)| {
            let (_, usd) = rates.0.iter().find(|(known, _)| *known == code)?;
            Some(Rate { code, usd_per_unit: *usd, as_of: None, from: from.clone(), source: None })
        });
        if let Some(given) = given {
            return Ok(given);
        }
        let rates = self.catalog.rates()?;
        let found = rate(code.as_str(), self.day, &rates).map_err(|error| {
            let own = format!("give money.rate, like `{code}=1.10`");
            let hint = match error.hint() {
                Some(known) => format!("{known}; or {own}"),
                None => own,
            };
            error.with_hint(hint)
        })?;
        Ok(Rate {
            code,
            usd_per_unit: found.usd_per_unit,
            as_of: Some(found.as_of.clone()),
            from: "profiles/assumptions/currencies.toml".into(),
            source: found.source.clone(),
        })
    }

    /// What is wrong with the day of a rate.
    fn aged(&self, rate: &Rate) -> Result<Option<String>, Error> {
        let Some(as_of) = &rate.as_of else { return Ok(None) };
        let day = self.day.or(self.today);
        if let (Some(day), Ok(of)) = (self.day, as_of.parse::<Date>())
            && of > day
        {
            return Ok(Some(format!(
                "no rate of {} is known as early as {day}: the earliest is of {as_of}: give --rate",
                rate.code
            )));
        }
        let aged = self.catalog.aged(&format!("rate of {}", rate.code), as_of, day)?;
        Ok(aged.map(|aged| format!("{aged}: give --rate")))
    }
}

impl Rate {
    /// How money is shown in it.
    pub fn shown(&self) -> Shown {
        Shown { code: self.code, usd_per_unit: self.usd_per_unit }
    }
}

/// Whether something is not in dollars yet.
fn waits(spec: &Spec) -> bool {
    FIELDS.iter().any(|field| (field.typed)(spec).is_some_and(AsTyped::waits))
}

/// What was made of a value, in a sentence: none where it is as it was typed.
fn sentence(field: &Field, typed: &AsTyped, spec: &Spec) -> Option<String> {
    let words = typed.words();
    let yuan = typed.written.ambiguous.then(|| "its sign is read as the yuan's, not the yen's".to_owned());
    let time = typed.said_of_time().map(str::to_owned);
    if words.is_none() && time.is_none() {
        return None;
    }
    let value = match spec.range(field.path) {
        Some(_) => String::new(),
        None => format!(" is {}", field.counted(spec).unwrap_or_default()),
    };
    let why: Vec<String> = words.into_iter().chain(yuan).chain(time).collect();
    Some(format!("{}: {}{value}, {}", field.path, typed.text, why.join("; ")))
}
