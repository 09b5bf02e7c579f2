//! Calendar dates: when a rule takes effect, a price was offered, a tranche arrives.

use std::fmt;
use std::str::FromStr;

use super::Seconds;
use crate::error::Error;

/// A day of the Gregorian calendar, without a time or a zone.
///
/// ```
/// use flopbill::internals::units::Seconds;
/// use flopbill::internals::units::date::Date;
///
/// let start: Date = "2026-02-01".parse()?;
/// let finish = start.after(Seconds::from_days(28.5))?; // by hand: 2026 is no leap year
/// assert_eq!(finish.to_string(), "2026-03-01");
/// assert_eq!(start.until(finish), Seconds::from_days(28.0));
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// The earliest date there is, for a rule that was always there.
    pub const MIN: Self = Self(jiff::civil::Date::MIN);

    /// A date from its parts; refuses a day the calendar does not have.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, Error> {
        jiff::civil::Date::new(year, month, day)
            .map(Self)
            .map_err(|_| Error::bad_input(format!("no such date: {year:04}-{month:02}-{day:02}")))
    }

    /// The day reached when this much time has passed since the start of this day.
    pub fn after(self, time: Seconds) -> Result<Self, Error> {
        let days = time.days().floor();
        if days.is_nan() || days.abs() > 4e6 {
            return Err(Error::bad_input(format!("{} days from {self} is beyond the calendar", time.days())));
        }
        let span = jiff::Span::new().try_days(days as i64);
        span.and_then(|span| self.0.checked_add(span))
            .map(Self)
            .map_err(|_| Error::bad_input(format!("{days} days from {self} is beyond the calendar")))
    }

    /// The time from the start of this day to the start of another; negative if that is earlier.
    pub fn until(self, other: Date) -> Seconds {
        let days = |date: jiff::civil::Date| date.duration_since(jiff::civil::Date::ZERO).as_hours() as f64 / 24.0;
        Seconds::from_days(days(other.0) - days(self.0))
    }

    /// Years of the calendar, with their part: 2025.5 is the start of July 2025.
    pub fn in_years(self) -> f64 {
        f64::from(self.0.year()) + (f64::from(self.0.day_of_year()) - 1.0) / f64::from(self.0.days_in_year())
    }

    /// The first day of the month that these years of the calendar lie in.
    ///
    /// # Errors
    /// Years beyond the calendar.
    pub fn of_years(years: f64) -> Result<Self, Error> {
        let month = ((years - years.floor()) * 12.0 + 0.5).floor();
        Self::new(years.floor() as i16, (month as i8 + 1).min(12), 1)
    }

    /// Year, month and day.
    pub fn parts(self) -> (i16, i8, i8) {
        (self.0.year(), self.0.month(), self.0.day())
    }
}

impl FromStr for Date {
    type Err = Error;

    /// Reads `2026-02-01`; `2026-02` and `2026` mean the first day of that month or year.
    fn from_str(text: &str) -> Result<Self, Error> {
        let whole = match text.len() {
            4 => format!("{text}-01-01"),
            7 => format!("{text}-01"),
            _ => text.to_owned(),
        };
        let looks_right = whole.len() == 10
            && whole.bytes().enumerate().all(|(at, c)| if at == 4 || at == 7 { c == b'-' } else { c.is_ascii_digit() });
        match whole.parse() {
            Ok(date) if looks_right => Ok(Self(date)),
            _ => {
                Err(Error::bad_input(format!("`{text}` is not a date")).with_hint("write it as 2026-02-01 or 2026-02"))
            }
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_months_and_years() {
        let date = |text: &str| text.parse::<Date>();
        assert_eq!(date("2024-02-29").unwrap(), Date::new(2024, 2, 29).unwrap());
        assert_eq!(date("2026-02").unwrap(), Date::new(2026, 2, 1).unwrap());
        assert_eq!(date("2026").unwrap(), Date::new(2026, 1, 1).unwrap());
        for wrong in
            ["2023-02-29", "2026-13", "26-02-01", "2026/02/01", "", "soon", "2026-2-1", "+026-02-01", "20260201"]
        {
            assert!(date(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_month_in_years_is_that_month() {
        for text in ["2024-01-01", "2024-02-01", "2025-09-01", "2026-12-01"] {
            let date: Date = text.parse().unwrap();
            assert_eq!(Date::of_years(date.in_years()).unwrap(), date, "{text}");
        }
        assert!((Date::new(2025, 7, 2).unwrap().in_years() - 2025.5).abs() < 0.01);
    }

    #[test]
    fn counts_across_leap_years_and_refuses_the_end_of_time() {
        let day = Date::new(2023, 12, 31).unwrap();
        assert_eq!(day.after(Seconds::from_days(366.0)).unwrap().to_string(), "2024-12-31");
        assert_eq!(day.until(Date::new(2025, 1, 1).unwrap()).days(), 367.0);
        assert!(day.after(Seconds::from_days(1e12)).is_err());
        assert!(day.after(Seconds::new(f64::NAN)).is_err());
    }
}
