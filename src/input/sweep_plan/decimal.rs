//! Decimal numbers as people write them, with exact sums.

use std::fmt::{self, Write};

/// `digits * 10^power`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    pub digits: i128,
    pub power: i32,
}

/// The largest power of ten that is read.
const LARGEST_POWER: i32 = 60;

impl Decimal {
    /// Reads a number from the front of a text: `10`, `0.25`, `1_000`, `3.3e24`, `-5`. Gives the rest of the text.
    pub(super) fn read(text: &str) -> Option<(Self, &str)> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mut digits, mut power, mut any, mut point) = (0i128, 0i32, false, false);
        let mut end = 0;
        for (index, character) in unsigned.char_indices() {
            match character {
                '0'..='9' => {
                    any = true;
                    digits = digits.checked_mul(10)?.checked_add(i128::from(u32::from(character) - u32::from('0')))?;
                    power -= i32::from(point);
                }
                '_' if any => {}
                // Two points are the dots of a range.
                '.' if !point && !unsigned.get(index + 1..).is_some_and(|rest| rest.starts_with('.')) => point = true,
                _ => break,
            }
            end = index + character.len_utf8();
        }
        let mut rest = unsigned.get(end..)?;
        if let Some((exponent, after)) = exponent(rest) {
            power = power.checked_add(exponent)?;
            rest = after;
        }
        let sign = if negative { -1 } else { 1 };
        let decimal = Self { digits: sign * digits, power }.trimmed();
        (any && decimal.power.abs() <= LARGEST_POWER).then_some((decimal, rest))
    }

    /// The same number without zeros at the end of its digits.
    fn trimmed(mut self) -> Self {
        if self.digits == 0 {
            return Self { digits: 0, power: 0 };
        }
        while self.digits % 10 == 0 {
            self.digits /= 10;
            self.power += 1;
        }
        self
    }

    /// The digits at a lower power of ten.
    pub(super) fn at_power(self, power: i32) -> Option<i128> {
        let zeros = u32::try_from(self.power.checked_sub(power)?).ok()?;
        10i128.checked_pow(zeros)?.checked_mul(self.digits)
    }

    /// The number times a power of ten.
    pub(super) fn shifted(self, power: i32) -> Self {
        Self { power: self.power + power, ..self }
    }

    /// The nearest decimal of 15 digits, so that no float noise is shown.
    pub(super) fn of(value: f64) -> Option<Self> {
        Self::read(&format!("{value:.14e}")).map(|(decimal, _)| decimal)
    }

    pub(super) fn value(self) -> f64 {
        // The text is parsed once more, which rounds once; a product would round twice.
        format!("{}e{}", self.digits, self.power).parse().unwrap_or(f64::NAN)
    }
}

/// `e24`, `E-3` at the front of a text; a unit that begins with e is not one.
fn exponent(text: &str) -> Option<(i32, &str)> {
    let rest = text.strip_prefix(['e', 'E'])?;
    let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let digits = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
    let end = rest.len() - unsigned.len() + digits;
    let value = rest.get(..end)?.parse().ok()?;
    Some((value, rest.get(end..)?))
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digits, power } = self.trimmed();
        if power > 6 {
            return write!(f, "{digits}e{power}");
        }
        if digits < 0 {
            f.write_char('-')?;
        }
        let digits = digits.unsigned_abs();
        let scale = 10u128.checked_pow(power.unsigned_abs());
        match scale {
            Some(scale) if power >= 0 => write!(f, "{}", digits.saturating_mul(scale)),
            Some(scale) => {
                write!(f, "{}.{:0width$}", digits / scale, digits % scale, width = power.unsigned_abs() as usize)
            }
            None => write!(f, "{digits}e{power}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_shown_as_people_write_them() {
        for (text, shown, rest) in [
            ("10T", "10", "T"),
            ("0.250", "0.25", ""),
            ("1_000 GB", "1000", " GB"),
            ("3.3e24", "33e23", ""),
            ("-5%", "-5", "%"),
            ("2..4", "2", "..4"),
            ("0.05..1", "0.05", "..1"),
            ("1.5e-3", "0.0015", ""),
            ("5exa", "5", "exa"),
            ("0", "0", ""),
            (".5", "0.5", ""),
        ] {
            let (decimal, left) = Decimal::read(text).unwrap();
            assert_eq!((decimal.to_string().as_str(), left), (shown, rest), "{text}");
        }
        for text in ["", "T", "-", "1e99", "99999999999999999999999999999999999999999999"] {
            assert_eq!(Decimal::read(text), None, "{text}");
        }
    }
}
