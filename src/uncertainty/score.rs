//! How good ranges were, once the truth is known.
//!
//! Costs and hours differ by orders of magnitude between runs: score their logarithms.

use crate::error::Error;
use crate::uncertainty::dist::{Dist, Prepared, normal_cdf, normal_pdf};
use std::f64::consts::{PI, SQRT_2};

/// How often intervals held the truth, and how sure that share is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// Intervals that held the truth.
    pub hits: u64,
    /// Intervals in all.
    pub of: u64,
    /// The lower end of the 95 % confidence band of the share.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Coverage {
    /// The share of the intervals that held the truth; 0 without intervals.
    pub fn share(&self) -> f64 {
        if self.of == 0 { 0.0 } else { self.hits as f64 / self.of as f64 }
    }

    /// Whether intervals meant to hold this share can have done as these did.
    pub fn agrees_with(&self, share: f64) -> bool {
        self.low <= share && share <= self.high
    }
}

/// The share of intervals that held the truth, with its exact (Clopper-Pearson) 95 % band.
///
/// # Formula
/// `low = BetaInv(2.5 %; k, n - k + 1)`, `high = BetaInv(97.5 %; k + 1, n - k)`
/// # Source
/// Clopper and Pearson 1934, Biometrika 26.
pub fn coverage(hits: u64, of: u64) -> Result<Coverage, Error> {
    if hits > of || of > 9_000 {
        return Err(Error::bad_input(format!("{hits} hits of {of} intervals"))
            .with_hint("at most as many hits as intervals, and at most 9000"));
    }
    let end =
        |alpha: u64, beta: u64, u: f64| Ok::<_, Error>(Dist::beta(alpha as f64, beta as f64, 0.0, 1.0)?.quantile(u));
    let misses = of - hits;
    let low = if hits == 0 { 0.0 } else { end(hits, misses + 1, 0.025)? };
    let high = if misses == 0 { 1.0 } else { end(hits + 1, misses, 0.975)? };
    Ok(Coverage { hits, of, low, high })
}

/// How many of the intervals, each with the truth, held it.
pub fn coverage_of(intervals: &[(f64, f64, f64)]) -> Result<Coverage, Error> {
    let held = intervals.iter().filter(|(low, high, truth)| low <= truth && truth <= high).count();
    coverage(held as u64, intervals.len() as u64)
}

/// The share of an ensemble below the truth, half of those equal to it included: uniform over many predictions if the ranges are right.
///
/// # Source
/// Dawid 1984, the probability integral transform.
pub fn pit(ensemble: &[f64], truth: f64) -> f64 {
    let below = ensemble.iter().filter(|&&x| x < truth).count() as f64;
    let equal = ensemble.iter().filter(|&&x| x == truth).count() as f64;
    (below + equal / 2.0) / ensemble.len() as f64
}

/// Counts of probability integral transforms in bins of equal width: flat if the ranges are right, high at the ends if
/// they are too narrow, high in the middle if they are too wide.
pub fn pit_histogram<const BINS: usize>(values: &[f64]) -> [u64; BINS] {
    let mut bins = [0; BINS];
    for &value in values.iter().filter(|value| !value.is_nan()) {
        let bin = ((value.clamp(0.0, 1.0) * BINS as f64) as usize).min(BINS.saturating_sub(1));
        if let Some(count) = bins.get_mut(bin) {
            *count += 1;
        }
    }
    bins
}

/// The continuous ranked probability score of a normal prediction: less is better, in the unit of the truth.
///
/// # Formula
/// `sd [w (2 Phi(w) - 1) + 2 phi(w) - 1 / sqrt(pi)]`, `w = (truth - mean) / sd`; the absolute error where sd is 0
/// # Source
/// Gneiting and Raftery 2007, JASA 102, section 4.2.
pub fn crps_normal(mean: f64, sd: f64, truth: f64) -> f64 {
    if sd <= 0.0 {
        return (truth - mean).abs();
    }
    let w = (truth - mean) / sd;
    sd * (w * (2.0 * normal_cdf(w) - 1.0) + 2.0 * normal_pdf(w) - 1.0 / PI.sqrt())
}

/// The same of a lognormal prediction with this mean and deviation of the logarithm.
///
/// # Formula
/// `y (2 Phi(w) - 1) - 2 exp(mu + sigma^2 / 2) [Phi(w - sigma) + Phi(sigma / sqrt 2) - 1]`, `w = (ln y - mu) / sigma`
/// # Source
/// Baran and Lerch 2015, Quarterly Journal of the Royal Meteorological Society 141.
pub fn crps_lognormal(mu: f64, sigma: f64, truth: f64) -> f64 {
    if sigma <= 0.0 {
        return (truth - mu.exp()).abs();
    }
    // A truth of zero or less lies below the whole prediction.
    let w = if truth > 0.0 { (truth.ln() - mu) / sigma } else { f64::NEG_INFINITY };
    let mean = (mu + sigma * sigma / 2.0).exp();
    truth * (2.0 * normal_cdf(w) - 1.0) - 2.0 * mean * (normal_cdf(w - sigma) + normal_cdf(sigma / SQRT_2) - 1.0)
}

/// The same of an ensemble of draws, which is sorted here.
///
/// # Formula
/// `mean |x - y| - sum |x_i - x_j| / (2 m^2)`; fair, without the penalty for few draws: `/ (2 m (m - 1))`
/// # Source
/// Ferro 2014, Quarterly Journal of the Royal Meteorological Society 140. NaN without draws, or where a fair score has only one.
pub fn crps_ensemble(ensemble: &mut [f64], truth: f64, fair: bool) -> f64 {
    ensemble.sort_by(f64::total_cmp);
    let m = ensemble.len() as f64;
    let distance = ensemble.iter().map(|x| (x - truth).abs()).sum::<f64>() / m;
    // Over the sorted draws, sum |x_i - x_j| / 2 = sum of (2 i - m + 1) x_i.
    let ranked = ensemble.iter().enumerate().map(|(i, x)| (2.0 * i as f64 - m + 1.0) * x);
    let spread = ranked.sum::<f64>();
    distance - spread / (m * if fair { m - 1.0 } else { m })
}

/// The score of a central interval of the share `1 - alpha`: its width, and a fine for missing the truth. Less is better.
///
/// # Formula
/// `(high - low) + 2 / alpha * (low - y)+ + 2 / alpha * (y - high)+`
/// # Source
/// Gneiting and Raftery 2007, JASA 102, section 6.2.
pub fn interval_score(alpha: f64, low: f64, high: f64, truth: f64) -> f64 {
    (high - low) + 2.0 / alpha * ((low - truth).max(0.0) + (truth - high).max(0.0))
}

/// Draws of a distribution at evenly spaced probabilities, as an ensemble for the scores.
pub fn ensemble_of(dist: &Dist, draws: usize) -> Vec<f64> {
    let prepared: Prepared = dist.prepare();
    let mut values: Vec<f64> = (0..draws).map(|i| (i as f64 + 0.5) / draws as f64).collect();
    prepared.transform(&mut values);
    values
}
