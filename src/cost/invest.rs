//! The investor's view: annuities, net present value, internal rate of return.

use crate::error::Error;
use crate::units::check::positive;
use crate::units::{Fraction, Seconds, Usd};

/// The yearly payment that repays one dollar with interest.
///
/// # Formula
/// `CRF = i (1 + i)^n / ((1 + i)^n - 1)`, and `1 / n` without interest
/// # Source
/// Capital recovery factor, any text on engineering economics.
///
/// ```
/// use flopbill::internals::cost::invest::recovery_factor;
/// use flopbill::internals::units::{Fraction, Seconds};
/// // by hand: 0.1 * 1.4641 / 0.4641
/// let factor = recovery_factor(Fraction::new(0.10), Seconds::from_years(4.0))?;
/// assert!((factor - 0.3154708037).abs() < 1e-10);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn recovery_factor(interest: Fraction, life: Seconds) -> Result<f64, Error> {
    let years = positive("the life of the hardware", life)?.years();
    let rate = check_rate(interest)?;
    if rate == 0.0 {
        return Ok(1.0 / years);
    }
    Ok(rate / -(-years * rate.ln_1p()).exp_m1())
}

/// A dollar paid at the end of the life, in dollars of today.
///
/// # Formula
/// `(1 + i)^-n`
/// # Source
/// Discounting.
///
/// ```
/// use flopbill::internals::cost::invest::discount_factor;
/// use flopbill::internals::units::{Fraction, Seconds};
/// // by hand: 1 / 1.1^2
/// assert!((discount_factor(Fraction::new(0.1), Seconds::from_years(2.0))? - 0.8264462810).abs() < 1e-9);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn discount_factor(interest: Fraction, life: Seconds) -> Result<f64, Error> {
    Ok((-life.years() * check_rate(interest)?.ln_1p()).exp())
}

/// A plausible cost of capital.
fn check_rate(interest: Fraction) -> Result<f64, Error> {
    let rate = interest.get();
    if (0.0..10.0).contains(&rate) {
        return Ok(rate);
    }
    Err(Error::bad_input(format!("a cost of capital lies between 0% and 1000% a year, got {rate}")))
}

/// Net present value of yearly cash flows, the first of them today.
///
/// # Formula
/// `NPV = sum over t of CF_t / (1 + i)^t`
/// # Source
/// Definition.
///
/// ```
/// use flopbill::internals::cost::invest::net_present_value;
/// use flopbill::internals::units::{Fraction, Usd};
/// // by hand: -100 + 110 / 1.1
/// let value = net_present_value(&[Usd::new(-100.0), Usd::new(110.0)], Fraction::new(0.1));
/// assert!(value.get().abs() < 1e-12);
/// ```
pub fn net_present_value(cash: &[Usd], interest: Fraction) -> Usd {
    // Horner's scheme from the last year back: no powers.
    cash.iter().rev().fold(Usd::ZERO, |later, &now| later / (1.0 + interest.get()) + now)
}

/// The cost of capital at which the net present value is zero.
///
/// # Formula
/// the root of `NPV(i) = 0` above -100 %
/// # Source
/// Definition. Cash flows that change sign more than once may have several roots: they are refused.
///
/// ```
/// use flopbill::internals::cost::invest::internal_rate_of_return;
/// use flopbill::internals::units::Usd;
/// let rate = internal_rate_of_return(&[Usd::new(-100.0), Usd::new(125.0)])?;
/// assert!((rate.get() - 0.25).abs() < 1e-12); // by hand
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn internal_rate_of_return(cash: &[Usd]) -> Result<Fraction, Error> {
    if cash.iter().any(|flow| !flow.get().is_finite()) {
        return Err(Error::bad_input("a cash flow is not a number"));
    }
    let signs = cash.iter().map(|flow| flow.get()).filter(|&flow| flow != 0.0).map(f64::signum);
    let changes = signs.clone().zip(signs.skip(1)).filter(|(a, b)| a != b).count();
    if changes != 1 {
        return Err(Error::no_solution(format!("the cash flows change sign {changes} times: no single return"))
            .with_hint("a return needs money out first and money in later"));
    }
    let value = |rate: f64| net_present_value(cash, Fraction::new(rate)).get();
    let (mut low, mut high) = (-0.999_999, 1.0);
    while value(low).signum() == value(high).signum() {
        high *= 4.0;
        if high > 1e9 {
            return Err(Error::no_solution("the cash flows have no return between -100% and a billion"));
        }
    }
    let sign_low = value(low).signum();
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if value(middle).signum() == sign_low {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(Fraction::new(0.5 * (low + high)))
}
