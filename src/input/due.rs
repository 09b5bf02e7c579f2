//! A day to be done by: a date, or so long after the start.

use std::fmt;

use crate::error::Error;
use crate::input::text::{date, days};
use crate::units::Seconds;
use crate::units::date::Date;
use crate::units::show::{duration, exact};

/// Until when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Due {
    /// So long after the start.
    In(Seconds),
    /// On this day.
    On(Date),
}

/// The least and the longest time, in days: a second, and ten thousand years.
const TIMES: std::ops::RangeInclusive<f64> = 1e-5..=3_650_000.0;

impl Due {
    /// Reads `2027-03-16`, or a time such as `60d`; a bare number is in days.
    ///
    /// # Errors
    /// What is neither; a time that nobody means.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if is_day(text) {
            return Ok(Self::On(date(text)?));
        }
        let time =
            days(text).map_err(|error| error.with_hint("write a date like `2027-03-16`, or a time like `60d`"))?;
        if TIMES.contains(&time.days()) {
            return Ok(Self::In(time));
        }
        Err(Error::bad_input(format!("`{text}` is no time to be done in")).with_hint("write it like `60d`"))
    }

    /// So many days after the start.
    pub fn of_days(days: f64) -> Self {
        Self::In(Seconds::from_days(days))
    }

    /// The time in days; `None` of a date.
    pub fn days(self) -> Option<f64> {
        if let Self::In(time) = self { Some(time.days()) } else { None }
    }

    /// `within 60 d`, `by 2027-03-16`.
    pub fn words(self) -> String {
        match self {
            Self::In(time) => format!("within {}", duration(time)),
            Self::On(day) => format!("by {day}"),
        }
    }

    /// The time from a start; a date needs one.
    ///
    /// # Errors
    /// A date without a start, or before it.
    pub fn from(self, start: Option<Date>) -> Result<Seconds, Error> {
        let day = match (self, start) {
            (Self::In(time), _) => return Ok(time),
            (Self::On(day), Some(start)) if day > start => return Ok(start.until(day)),
            (Self::On(day), Some(start)) => {
                let error = Error::bad_input(format!("`by` {day} is not after the start on {start}"));
                return Err(error.with_hint("give a later `by`, or an earlier `start`"));
            }
            (Self::On(day), None) => day,
        };
        let error = Error::bad_input(format!("`by` {day} is a date, and no day is known to count from"));
        Err(error.with_hint("give --start 2027-01-15, or a time such as --by 60d"))
    }
}

/// Whether a text is meant as a day of the calendar.
pub(super) fn is_day(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let year = parts.next().unwrap_or_default();
    year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) && parts.next().is_some()
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(time) => f.write_str(&exact(*time)),
            Self::On(day) => write!(f, "{day}"),
        }
    }
}
