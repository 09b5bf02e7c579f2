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
/// flopbill::internals::report::digits::push(&mut text, 5576000.000000001);
/// assert_eq!(text, b"5576000");
/// ```
pub fn push(text: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return;
    }
    if value <= 0.0 {
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
    if !(1e-7..1e37).contains(&value) {
        return None;
    }
    // The binary exponent times log10(2): the decimal one, or one less.
    let binary = (value.to_bits() >> 52) as i32 - 1023;
    let power = ((binary * 1233) >> 12) - (DIGITS - 1);
    let (digits, power) = match rounded(value, power)? {
        // The exponent was one too low, or rounding reached the next power.
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

/// Two digits of every number below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// The 15 digits of a number, and a zero before them.
fn spelled(digits: u64) -> [u8; DIGITS as usize + 1] {
    let (high, low) = ((digits / 100_000_000) as u32, (digits % 100_000_000) as u32);
    let mut text = [b'0'; DIGITS as usize + 1];
    for (half, mut number) in text.as_chunks_mut::<8>().0.iter_mut().zip([high, low]) {
        for pair in half.as_chunks_mut::<2>().0.iter_mut().rev() {
            *pair = PAIRS.get((number % 100) as usize).copied().unwrap_or(*pair);
            number /= 100;
        }
    }
    text
}

/// Writes `digits * 10^power` without an exponent and without zeros at the end of a fraction.
fn plain(text: &mut Vec<u8>, digits: u64, power: i32) {
    let spelled = spelled(digits);
    let digits = spelled.get(1..).unwrap_or_default();
    if power >= 0 {
        text.extend_from_slice(digits);
        text.extend(std::iter::repeat_n(b'0', power as usize));
        return;
    }
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    let kept = digits.len() - zeros;
    match digits.len().checked_sub(power.unsigned_abs() as usize).filter(|whole| *whole > 0) {
        // A whole number keeps the zeros that stand before its point.
        Some(whole) if kept <= whole => text.extend_from_slice(digits.get(..whole).unwrap_or_default()),
        Some(whole) => {
            text.extend_from_slice(digits.get(..whole).unwrap_or_default());
            text.push(b'.');
            text.extend_from_slice(digits.get(whole..kept).unwrap_or_default());
        }
        None => {
            text.extend_from_slice(b"0.");
            text.extend(std::iter::repeat_n(b'0', power.unsigned_abs() as usize - digits.len()));
            text.extend_from_slice(digits.get(..kept).unwrap_or_default());
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
        values.extend([0.5, 1e-7, -2.5, f64::NAN, f64::INFINITY, 123_456_789_012_345.5]);
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
