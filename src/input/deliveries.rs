//! Chips that are delivered in parts: how many, of which kind, on which day, and how surely.

mod part;
mod rows;
mod scaled;

pub use part::Part;

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::input::due::is_day;
use crate::input::field::find;
use crate::input::file::{Entry, Origin, Spec};
use crate::input::text::{date, is_fleet, portion, wait};
use crate::read::At;
use crate::uncertainty::dist::Dist;
use crate::units::date::Date;
use crate::units::parse::{parse, parse_fleet};
use crate::units::{Chips, Fraction, Price, Seconds, show};

/// The field's path.
pub const DELIVERIES: &str = "deliveries";

/// The most deliveries of a question.
pub const MOST: usize = 16;

/// How one is written.
const EXAMPLE: &str = "2048@2027-03-01..2027-04-15:80%";

/// Deliveries, in the order they were written; at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Deliveries {
    text: String,
    /// Each of them.
    pub each: Arc<[Delivery]>,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// How many chips; whole ones are delivered where this is a range.
    pub chips: Dist,
    /// As that was written.
    pub chips_text: String,
    /// Which chips, where that is not the question's chip.
    pub gpu: Option<String>,
    /// The first and the last day on which they may come, each as likely.
    pub on: [When; 2],
    /// Probability that they come at all.
    pub probability: Fraction,
    /// Rent of one of them, where that is not the question's price.
    pub price: Option<Price>,
    /// Burn-in and qualification between delivery and use, where that is not the usual.
    pub burn_in: Option<Seconds>,
    /// Where it stands.
    place: Option<At>,
}

/// A day of delivery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// So long after the start.
    After(Seconds),
    /// A date.
    On(Date),
}

impl When {
    fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("start") {
            return Ok(Self::After(Seconds::ZERO));
        }
        if is_day(text) {
            return date(text).map(Self::On);
        }
        let hint = "write a day like `2027-03-01`, a time after the start like `20d`, or `start`";
        let time = wait(text).map_err(|error| error.with_hint(hint))?;
        if time.days() <= 36_500.0 { Ok(Self::After(time)) } else { Err(far(text)) }
    }

    /// The time after a start.
    ///
    /// # Errors
    /// A date before it, or without one.
    pub fn after(self, start: Option<Date>) -> Result<Seconds, Error> {
        match (self, start) {
            (Self::After(time), _) => Ok(time),
            (Self::On(day), Some(start)) if day >= start && start.until(day).days() <= 36_500.0 => Ok(start.until(day)),
            (Self::On(day), Some(start)) if day >= start => Err(far(&day.to_string())),
            (Self::On(day), start) => {
                let start = start.map_or_else(String::new, |start| format!(" on {start}"));
                let error = Error::bad_input(format!("chips are delivered on {day}, before the start{start}"));
                Err(error.with_hint("chips that are there already are delivered on `start`"))
            }
        }
    }

    /// The date, where it is one.
    pub fn date(self) -> Option<Date> {
        if let Self::On(day) = self { Some(day) } else { None }
    }
}

fn far(text: &str) -> Error {
    Error::bad_input(format!("a delivery at {text} is over a century away"))
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(time) if *time == Seconds::ZERO => f.write_str("start"),
            Self::After(time) => write!(f, "{}d", show::number(time.days(), 9)),
            Self::On(day) => write!(f, "{day}"),
        }
    }
}

impl Delivery {
    /// So many chips on a day, surely.
    ///
    /// # Errors
    /// No chips.
    pub fn new(chips: f64, on: When) -> Result<Self, Error> {
        Ok(Self { on: [on, on], ..Self::of_chips(&show::exact(Chips::new(chips)))? })
    }

    fn of_chips(text: &str) -> Result<Self, Error> {
        let (on, sure) = ([When::After(Seconds::ZERO); 2], Fraction::new(1.0));
        let (chips, chips_text) = (count(text)?, text.to_owned());
        Ok(Self { chips, chips_text, gpu: None, on, probability: sure, price: None, burn_in: None, place: None })
    }

    /// Reads `2048xh200@2027-03-01..2027-04-15:80%`.
    fn parse(text: &str) -> Result<Self, Error> {
        let hint = || format!("write a delivery like `{EXAMPLE}`: chips, days between which they come, how surely");
        let Some((chips, rest)) = text.split_once('@') else {
            return Err(Error::bad_input(format!("`{}` is no delivery", text.trim())).with_hint(hint()));
        };
        let (on, probability) = match rest.split_once(':') {
            Some((on, probability)) => (on, Some(probability)),
            None => (rest, None),
        };
        let mut found = Self::of_chips("1")?;
        found.set("chips", chips)?;
        found.set("on", on)?;
        probability.map_or(Ok(()), |probability| found.set("probability", probability))?;
        Ok(found)
    }

    /// Sets what a key says.
    fn set(&mut self, key: &str, text: &str) -> Result<(), Error> {
        let text = text.trim();
        match key {
            "chips" if is_fleet(text) => {
                // Of a range the second end says which chips.
                let (low, last) = text.split_once("..").map_or(("", text), |(low, high)| (low, high.trim()));
                let (chips, gpu) = parse_fleet(last)?;
                self.gpu = Some(gpu.to_owned());
                let range = if low.is_empty() { String::new() } else { format!("{low}..") };
                return self.set("chips", &format!("{range}{}", show::exact(chips)));
            }
            "chips" => (self.chips, self.chips_text) = (count(text)?, text.to_owned()),
            "gpu" | "chip" => self.gpu = Some(text.to_owned()),
            "on" | "date" => {
                let (low, high) = text.split_once("..").unwrap_or((text, text));
                self.on = [When::parse(low)?, When::parse(high)?];
                let late = match self.on {
                    [When::On(low), When::On(high)] => low > high,
                    [When::After(low), When::After(high)] => low > high,
                    _ => false, // told apart once the start is known
                };
                if late {
                    return Err(Error::bad_input(format!("`{text}` ends before it begins")));
                }
            }
            "probability" => self.probability = portion(text)?,
            "price" => self.price = Some(positive(text)?),
            "burn_in" => {
                let time = wait(text)?;
                if !(0.0..=365.0).contains(&time.days()) {
                    return Err(Error::bad_input(format!("a burn-in of `{text}` is over a year")));
                }
                self.burn_in = Some(time);
            }
            other => return Err(Error::unknown_name("key of a delivery", other, KEYS)),
        }
        Ok(())
    }

    /// As a flag would write it.
    pub fn words(&self) -> String {
        let gpu = self.gpu.as_ref().map_or_else(String::new, |gpu| format!("x{gpu}"));
        let [low, high] = self.on;
        let on = if low == high { low.to_string() } else { format!("{low}..{high}") };
        let sure = match self.probability.get() {
            1.0 => String::new(),
            probability => format!(":{}", show::percent_to(probability, 6).replace(' ', "")),
        };
        format!("{}{gpu}@{on}{sure}", self.chips_text)
    }

    /// The error, pointing at where it was written.
    pub fn locate(&self, error: Error) -> Error {
        match &self.place {
            Some(at) if error.place().is_none() => at.locate(error),
            _ => error,
        }
    }
}

const KEYS: [&str; 6] = ["chips", "gpu", "on", "probability", "price", "burn_in"];

/// A count of chips, or its range: from the 5th to the 95th percentile.
fn count(text: &str) -> Result<Dist, Error> {
    let one = |text: &str| {
        let chips: Chips = parse(text.trim())?;
        if (1.0..=1e8).contains(&chips.get()) {
            Ok(chips.get())
        } else {
            Err(Error::bad_input(format!("`{text}` chips cannot be delivered")))
        }
    };
    match text.split_once("..") {
        Some((low, high)) => Dist::range90(one(low)?, one(high)?)?.truncated(1.0, 1e8),
        None => Dist::point(one(text)?.round()),
    }
}

fn positive(text: &str) -> Result<Price, Error> {
    let price: Price = parse(text)?;
    if price.get() > 0.0 { Ok(price) } else { Err(Error::bad_input("a rent of nothing is not known to anybody")) }
}

impl Deliveries {
    /// Deliveries of a setter.
    ///
    /// # Errors
    /// None, or too many.
    pub fn of(each: Vec<Delivery>) -> Result<Self, Error> {
        if each.is_empty() || each.len() > MOST {
            let error = Error::bad_input(format!("{} deliveries, and there are from 1 to {MOST}", each.len()));
            return Err(error.with_hint("put those of one month together"));
        }
        let text = if each.iter().any(|one| one.price.is_some() || one.burn_in.is_some()) {
            rows::listed(&each)
        } else {
            each.iter().map(Delivery::words).collect::<Vec<_>>().join("; ")
        };
        Ok(Self { text, each: each.into() })
    }

    /// Reads `2048@2027-01-15; 2048@2027-03-01..2027-04-15:80%`, or rows such as `[{ chips = 2048, on = "start" }]`.
    ///
    /// # Errors
    /// What is no delivery, with its place.
    pub fn parse(text: &str, origin: &Origin) -> Result<Self, Error> {
        if text.trim_start().starts_with(['[', '{']) {
            return rows::typed(text, &origin.to_string());
        }
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let (mut each, mut errors) = (Vec::new(), Vec::new());
        for part in parts {
            match Delivery::parse(part) {
                Ok(one) => each.push(one),
                Err(error) => errors.push(error),
            }
        }
        Error::all(errors).map_or_else(|| Self::of(each), Err)
    }

    /// Chips of all that can come, each at its median.
    pub fn chips(&self) -> f64 {
        let can_come = self.each.iter().filter(|one| one.probability > Fraction::ZERO);
        can_come.map(|one| one.chips.median().round()).sum()
    }

    /// The earliest date on which something is delivered.
    pub fn first(&self) -> Option<Date> {
        self.each.iter().filter_map(|one| one.on[0].date()).min()
    }
}

impl fmt::Display for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Spec {
    /// Deliveries say how many chips there are: all of them. Where each says of which kind, the first one's is the question's.
    pub(super) fn hold_deliveries(&mut self) -> Result<(), Error> {
        let Some(found) = self.deliveries.clone() else { return Ok(()) };
        let same = |origin: &Origin| *origin == found.origin;
        if self.chips.as_ref().is_some_and(|chips| matches!(chips.origin, Origin::Flag(_)) && !same(&chips.origin)) {
            let error = Error::bad_input(format!("`run.chips` and `{DELIVERIES}` both say how many chips there are"));
            let hint = "leave run.chips out: chips that are there already are delivered on `start`";
            return Err(error.with_hint(hint));
        }
        let chips = found.value.chips();
        if chips == 0.0 {
            let error = Error::bad_input("no delivery can come: each has a probability of zero");
            return Err(found.origin.locate(error));
        }
        find("run.chips")?.check(chips)?;
        let asked = found.origin.as_asked();
        self.ranges.retain(|range| range.path != "run.chips");
        self.chips = Some(Entry::new(Chips::new(chips), asked.clone()));
        let gpus: Vec<&String> = found.value.each.iter().filter_map(|one| one.gpu.as_ref()).collect();
        let all = gpus.len() == found.value.each.len();
        let open = !self.gpu.as_ref().is_some_and(|gpu| matches!(gpu.origin, Origin::Flag(_)));
        if let (true, true, Some(gpu)) = (all, open, gpus.first()) {
            self.gpu = Some(Entry::new((*gpu).clone(), asked));
        }
        Ok(())
    }

    /// The time from the start within which it has to be done, where that is asked.
    ///
    /// # Errors
    /// A date without a start, or before it.
    pub fn due(&self, today: Option<Date>) -> Result<Option<Seconds>, Error> {
        let start = self.starts(today).map(|(day, _)| day);
        self.by.as_ref().map(|by| by.value.from(start).map_err(|error| by.origin.locate(error))).transpose()
    }

    /// The day from which a question counts, and where that is from: `start`, the first delivery, the day of asking.
    pub fn starts(&self, today: Option<Date>) -> Option<(Date, &'static str)> {
        let own = self.start.as_ref().map(|day| (day.value, "as given"));
        let first = || Some((self.deliveries.as_ref()?.value.first()?, "the first delivery"));
        let asked = || Some((self.as_of.as_ref()?.value, "the day of asking"));
        own.or_else(first).or_else(asked).or(today.map(|day| (day, "today")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Deliveries, Error> {
        Deliveries::parse(text, &Origin::Flag("--deliver".into()))
    }

    #[test]
    fn what_is_written_is_read_and_written_again() {
        for text in [
            "2048@2027-01-15",
            "1024xh800@start; 2048@20d..40d:80%",
            "1.5K@2027-03-01..2027-04-15:70%",
            "512..1Kxh200@5d",
        ] {
            let found = read(text).unwrap();
            assert_eq!(read(&found.to_string()).unwrap().each, found.each, "{text}");
        }
        let rows =
            r#"[{ chips = 2048, on = "20d", price = "$3/h", burn_in = "7d" }, { chips = "1000..2000", on = "start" }]"#;
        let found = read(rows).unwrap();
        assert_eq!(found.each[0].burn_in, Some(Seconds::from_days(7.0)));
        assert_eq!(read(&found.to_string()).unwrap().each, found.each);
    }

    #[test]
    fn what_is_no_delivery_is_refused() {
        for text in [
            "",
            "2048",
            "0@start",
            "-5@start",
            "NaN@start",
            "2048@",
            "2048@soon",
            "2048@2027-13-01",
            "2048@40d..20d",
            "2048@start:120%",
            "2048@start:x",
            "2048@99999999d",
            "[{ chips = 2048 }]",
            "[{ on = \"start\" }]",
            "[{ chips = 1, on = \"start\", colour = 2 }]",
            "[1]",
            "1e12@start",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&vec!["8@start"; 17].join(";")).is_err());
    }
}
