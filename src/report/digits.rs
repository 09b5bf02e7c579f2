//! Numbers as text, fast: a sweep writes tens of millions of them.

use std::io::Write as _;

use super::json::clean;

/// Digits that machine formats show: the last bit's noise goes.
const DIGITS: i32 = 15;
/// The largest power of ten that is exact as a float.
const EXACT: i32 = 22;

/// Adds a number as [`cell`](super::json::cell) writes it: 15 significant digits, no exponent, nothing if it is not
/// finite.
///
/// The digits are those of the decimal expansion, correctly rounded: a product with an exact power of ten whose
/// rounding error is known decides which way. Numbers outside of 1e-7 to 1e37 take the slow way.
///
/// ```
/// let mut text = Vec::new();
/// flopbill::report::digits::push(&mut text, 5576000.000000001);
/// assert_eq!(text, b"5576000");
/// ```
pub fn push(text: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return;
    }
    if value < 0.0 || value == 0.0 {
        // Nothing that is counted here is negative.
        return slow(text, value);
    }
    match significant(value) {
        Some((digits, power)) => plain(text, digits, power),
        None => slow(text, value),
    }
}

fn slow(text: &mut Vec<u8>, value: f64) {
    let _ = write!(text, "{}", clean(value)); // into memory
}

/// The 15 leading digits, and the power of ten of the last of them.
fn significant(value: f64) -> Option<(u64, i32)> {
    let exponent = value.log10().floor();
    if !(-7.0..37.0).contains(&exponent) {
        return None;
    }
    let power = exponent as i32 - (DIGITS - 1);
    let (digits, power) = match rounded(value, power)? {
        // The logarithm was off by a hair, or rounding reached the next power.
        few if few < 100_000_000_000_000 => (rounded(value, power - 1)?, power - 1),
        many if many >= 1_000_000_000_000_000 => (rounded(value, power + 1)?, power + 1),
        digits => (digits, power),
    };
    (100_000_000_000_000..1_000_000_000_000_000).contains(&digits).then_some((digits, power))
}

/// `value / 10^power` to the nearest whole number; `None` on a tie, which only exact arithmetic can break.
fn rounded(value: f64, power: i32) -> Option<u64> {
    const POWERS: [f64; EXACT as usize + 1] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ];
    let ten = *POWERS.get(power.unsigned_abs() as usize)?;
    let (scaled, error) = if power <= 0 {
        let product = value * ten;
        (product, product_error(value, ten, product))
    } else {
        let quotient = value / ten;
        let back = quotient * ten;
        (quotient, ((value - back) - product_error(quotient, ten, back)) / ten)
    };
    let whole = scaled.floor();
    let over = (scaled - whole) - 0.5 + error;
    (over != 0.0).then_some(whole as u64 + u64::from(over > 0.0))
}

/// What a product lost by rounding: Dekker's splitting, which needs no fused multiplication.
fn product_error(a: f64, b: f64, product: f64) -> f64 {
    const SPLITTER: f64 = 134_217_729.0; // 2^27 + 1
    let halves = |x: f64| {
        let shifted = SPLITTER * x;
        let high = shifted - (shifted - x);
        (high, x - high)
    };
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
}

/// Writes `digits * 10^power` without an exponent and without zeros at the end of a fraction.
fn plain(text: &mut Vec<u8>, mut digits: u64, mut power: i32) {
    while power < 0 && digits % 10 == 0 {
        digits /= 10;
        power += 1;
    }
    let mut buffer = [b'0'; 20];
    let mut start = buffer.len();
    while digits > 0 {
        start = start.saturating_sub(1);
        if let Some(place) = buffer.get_mut(start) {
            *place = b'0' + (digits % 10) as u8;
        }
        digits /= 10;
    }
    let digits = buffer.get(start..).unwrap_or_default();
    if power >= 0 {
        text.extend_from_slice(digits);
        text.extend(std::iter::repeat_n(b'0', power as usize));
        return;
    }
    let fraction = power.unsigned_abs() as usize;
    match digits.len().checked_sub(fraction).filter(|whole| *whole > 0) {
        Some(whole) => {
            let (before, after) = digits.split_at(whole);
            text.extend_from_slice(before);
            text.push(b'.');
            text.extend_from_slice(after);
        }
        None => {
            text.extend_from_slice(b"0.");
            text.extend(std::iter::repeat_n(b'0', fraction - digits.len()));
            text.extend_from_slice(digits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::cell;

    #[test]
    fn numbers_are_written_as_the_slow_way_does() {
        let mut state = 88_172_645_463_325_252u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut values =
            vec![0.0, 1.0, 0.1, 0.346, 2.788e6, 3.2856e24, 1e22, 1e23, 999_999_999_999_999.9, 5e-324, f64::MAX];
        values.extend([0.5, 1e-7, 9.99999999999999999e14, -2.5, f64::NAN, f64::INFINITY, 123_456_789_012_345.5]);
        for _ in 0..200_000 {
            let unit = next() as f64 / u64::MAX as f64;
            values.push(10f64.powf(unit * 50.0 - 12.0));
            values.push((next() % 1_000_000) as f64 / 1000.0);
            values.push(f64::from_bits(next()).abs());
        }
        for value in values {
            let mut text = Vec::new();
            push(&mut text, value);
            assert_eq!(String::from_utf8(text).unwrap(), cell(Some(value)), "{value:e}");
        }
    }
}
