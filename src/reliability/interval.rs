//! How often to save the state.

use crate::error::Error;
use crate::units::Seconds;
use crate::units::check::{not_negative, positive};

/// Young's interval.
///
/// # Formula
/// `tau = sqrt(2 * delta * M)`
/// # Source
/// Young 1974, CACM 17(9). Assumes that the pause and the restart are short against the MTBF.
///
/// ```
/// use flopbill::internals::reliability::interval::young;
/// use flopbill::internals::units::Seconds;
/// // by hand: sqrt(2 * 5 min * 24 h) = sqrt(14400 min^2) = 120 min
/// assert_eq!(young(Seconds::new(300.0), Seconds::from_hours(24.0)), Seconds::from_hours(2.0));
/// ```
pub fn young(checkpoint: Seconds, mtbf: Seconds) -> Seconds {
    Seconds::new((2.0 * checkpoint.get() * mtbf.get()).sqrt())
}

/// Daly's higher-order interval.
///
/// # Formula
/// `tau = sqrt(2 delta M) * (1 + sqrt(delta / 2M) / 3 + (delta / 2M) / 9) - delta` if `delta < 2M`, else `M`
/// # Source
/// Daly 2006, FGCS 22(3).
///
/// ```
/// use flopbill::internals::reliability::interval::daly;
/// use flopbill::internals::units::Seconds;
/// // Daly's own example: 5 min and 24 h, where the paper prints 117 min
/// let minutes = daly(Seconds::new(300.0), Seconds::from_hours(24.0)).get() / 60.0;
/// assert!((minutes - 116.689815).abs() < 1e-6);
/// ```
pub fn daly(checkpoint: Seconds, mtbf: Seconds) -> Seconds {
    let ratio = checkpoint / (mtbf * 2.0);
    if ratio >= 1.0 {
        return mtbf;
    }
    young(checkpoint, mtbf) * (1.0 + ratio.sqrt() / 3.0 + ratio / 9.0) - checkpoint
}

/// Daly's first-order interval, which adds the restart to the time between failures.
///
/// # Formula
/// `tau = sqrt(2 * delta * (M + R))`
/// # Source
/// Daly 2003, ICCS, LNCS 2660; the exact optimum does not move with the restart: see [`optimum`].
///
/// ```
/// use flopbill::internals::reliability::interval::daly_first_order;
/// use flopbill::internals::units::Seconds;
/// let tau = daly_first_order(Seconds::new(10.0), Seconds::new(6000.0), Seconds::new(600.0));
/// assert!((tau.get() - 132_000f64.sqrt()).abs() < 1e-9); // by hand: sqrt(2 * 10 * 6600) = 363.3 s
/// ```
pub fn daly_first_order(checkpoint: Seconds, mtbf: Seconds, restart: Seconds) -> Seconds {
    young(checkpoint, mtbf + restart)
}

/// The interval with the least expected wall-clock; independent of restart and detection.
///
/// # Formula
/// `tau = M * x` with `1 - x = e^(-x - delta/M)`, that is `x = 1 + W0(-e^(-1 - delta/M))`
/// # Source
/// Stationary point of [`expected_segment`](super::expected_segment) over `tau`. Newton from `sqrt(2 delta/M)`
/// falls to the root from above; where Newton would lose digits to cancellation, Daly's series has them all.
///
/// ```
/// use flopbill::internals::reliability::interval::optimum;
/// use flopbill::internals::units::Seconds;
/// let minutes = optimum(Seconds::new(300.0), Seconds::from_hours(24.0))?.get() / 60.0;
/// assert!((minutes - 116.690073).abs() < 1e-6);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn optimum(checkpoint: Seconds, mtbf: Seconds) -> Result<Seconds, Error> {
    not_negative("the checkpoint pause", checkpoint)?;
    positive("the mean time between failures", mtbf)?;
    let pause = checkpoint / mtbf;
    if pause < 1e-8 {
        return Ok(daly(checkpoint, mtbf));
    }
    let mut x = (2.0 * pause).sqrt().min(1.0);
    for _ in 0..60 {
        let decay = (-x - pause).exp_m1(); // e^(-x - pause) - 1
        let step = (x + decay) / decay;
        x += step;
        if step.abs() <= 1e-16 * x {
            break;
        }
    }
    Ok(mtbf * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_optimum_satisfies_its_equation_and_beats_the_approximations() {
        for (pause, mtbf) in [(30.0, 84375.0), (10.0, 11135.08), (300.0, 900.0), (5e4, 900.0), (1e-3, 1e5)] {
            let tau = optimum(Seconds::new(pause), Seconds::new(mtbf)).unwrap().get();
            let x = tau / mtbf;
            assert!((1.0 - x - (-x - pause / mtbf).exp()).abs() < 1e-12, "{pause} {mtbf}");
            let wall = |tau: f64| ((tau + pause) / mtbf).exp_m1() / tau;
            for other in [young(Seconds::new(pause), Seconds::new(mtbf)), daly(Seconds::new(pause), Seconds::new(mtbf))]
            {
                assert!(wall(tau) <= wall(other.get()) * (1.0 + 1e-12), "{pause} {mtbf}");
            }
        }
    }

    #[test]
    fn series_and_newton_meet() {
        let at = |pause: f64| optimum(Seconds::new(pause), Seconds::new(1.0)).unwrap().get() / pause.sqrt();
        assert!((at(0.999e-8) / at(1.001e-8) - 1.0).abs() < 1e-6);
        assert_eq!(optimum(Seconds::ZERO, Seconds::new(1.0)).unwrap(), Seconds::ZERO);
    }
}
