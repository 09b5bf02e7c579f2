//! Golden values of distributions, sampling, sensitivity and scores, computed with numpy and scipy.

use flopbill::dist::Dist;
use flopbill::study::sobol::Sobol;

/// Asserts equality to a relative tolerance.
#[track_caller]
fn close(value: f64, golden: f64, tolerance: f64) {
    let error = (value - golden).abs() / golden.abs().max(f64::MIN_POSITIVE);
    assert!(error <= tolerance, "{value} should be {golden}: off by {error:e}, allowed {tolerance:e}");
}

#[test]
fn lognormal_from_a_90_percent_interval() {
    let price = Dist::lognormal_interval(0.9, 1.8, 3.2).unwrap();
    close(price.mean(), 2.436989441, 1e-9);
    close(price.median(), 2.4, 1e-14);
    close(price.median().ln(), 0.875468737, 1e-9);
    let one_sigma = 0.158_655_253_931_457_05;
    close((price.quantile(1.0 - one_sigma) / price.median()).ln(), 0.174898281, 1e-8);
    close(price.quantile(0.05), 1.8, 1e-14);
    close(price.quantile(0.95), 3.2, 1e-14);
    let research = Dist::range90(1.2, 4.0).unwrap();
    close(research.quantile(0.05), 1.2, 1e-14);
}

#[test]
fn pert_and_triangular_quantiles() {
    let pert = Dist::pert(0.25, 0.38, 0.52).unwrap();
    close(pert.mean(), 0.381666667, 1e-9);
    let beta = Dist::beta(2.925925926, 3.074074074, 0.25, 0.52).unwrap();
    for (u, golden) in [(0.05, 0.298472141), (0.5, 0.381273112), (0.95, 0.466216002)] {
        close(pert.quantile(u), golden, 2e-9);
        close(beta.quantile(u), golden, 2e-9);
    }
    // The standard deviation, by the mean of the squares over a fine grid of probabilities.
    let n = 20_000;
    let squares: f64 = (0..n).map(|i| (pert.quantile((f64::from(i) + 0.5) / f64::from(n)) - pert.mean()).powi(2)).sum();
    close((squares / f64::from(n)).sqrt(), 0.051009647, 1e-5);
    let triangular = Dist::triangular(0.25, 0.38, 0.52).unwrap();
    for (u, golden) in [(0.05, 0.291892720), (0.5, 0.382522729), (0.95, 0.476525870)] {
        close(triangular.quantile(u), golden, 2e-9);
    }
}

#[test]
fn truncated_normal() {
    let cut = Dist::normal(0.40, 0.06).unwrap().truncated(0.20, 0.55).unwrap();
    close(cut.quantile(0.95), 0.4954211268, 1e-9);
    close(cut.mean(), 0.399_034_428_546_18, 1e-9); // scipy.stats.truncnorm
}

#[test]
fn gamma_takes_a_scale() {
    let rate = Dist::gamma(2.0, 2.2).unwrap();
    close(rate.mean(), 4.4, 1e-15);
    close(rate.quantile(0.95), 10.436501940459, 1e-9);
    // Posterior after 12 failures in 3 thousand node-days, by hand: shape 14, scale 1 / (1 / 2.2 + 3).
    let updated = Dist::gamma_updated(2.0, 2.2, 12.0, 3.0).unwrap();
    close(updated.mean(), 14.0 / (1.0 / 2.2 + 3.0), 1e-14);
}

#[test]
fn approval_that_may_never_come() {
    let approval = Dist::lognormal(60.0, 0.6).unwrap().with_never(0.25).unwrap();
    close(approval.cdf(30.0), 0.09299624569, 1e-9);
    close(approval.cdf(90.0), 0.5628062268, 1e-9);
    close(approval.median(), 77.69422589, 1e-9);
    assert_eq!(approval.never(), 0.25);
    assert_eq!(approval.quantile(0.76), f64::INFINITY);
    assert!(approval.quantile(0.7499).is_finite());
}

#[test]
fn goldens_hold_for_the_tables_too() {
    for (dist, u, golden) in [
        (Dist::pert(0.25, 0.38, 0.52), 0.05, 0.298472141),
        (Dist::pert(0.25, 0.38, 0.52), 0.95, 0.466216002),
        (Dist::gamma(2.0, 2.2), 0.95, 10.436501940459),
        (Dist::range90(1.8, 3.2), 0.95, 3.2),
        (Dist::normal(0.40, 0.06).unwrap().truncated(0.20, 0.55), 0.95, 0.4954211268),
    ] {
        close(dist.unwrap().prepare().quantile(u), golden, 2e-8);
    }
}

#[test]
fn sobol_points() {
    let point = |index: u64, dimensions: usize| -> Vec<f64> {
        let sobol = Sobol::unscrambled(dimensions);
        (0..dimensions).map(|d| sobol.bits(index, d) as f64 / 2f64.powi(64)).collect()
    };
    let two = [
        [0.0, 0.0],
        [0.5, 0.5],
        [0.75, 0.25],
        [0.25, 0.75],
        [0.375, 0.375],
        [0.875, 0.875],
        [0.625, 0.125],
        [0.125, 0.625],
    ];
    for (index, golden) in (0..).zip(two) {
        assert_eq!(point(index, 2), golden);
    }
    let five =
        [[0.5; 5], [0.75, 0.25, 0.25, 0.25, 0.75], [0.25, 0.75, 0.75, 0.75, 0.25], [0.375, 0.375, 0.625, 0.875, 0.375]];
    for (index, golden) in (1..).zip(five) {
        assert_eq!(point(index, 5), golden);
    }
}
