//! Golden values of distributions, sampling, sensitivity and scores, computed with numpy and scipy.

use flopbill::internals::uncertainty::copula::{cholesky, pearson_of_spearman, spearman_of_pearson};
use flopbill::internals::uncertainty::dist::Dist;
use flopbill::internals::uncertainty::montecarlo::{Inputs, Method, Plan, run};
use flopbill::internals::uncertainty::score;
use flopbill::internals::uncertainty::sensitivity::{Index, first_and_total, halved, ranks, tornado};
use flopbill::internals::uncertainty::sobol::{Sobol, unit};
use std::f64::consts::PI;

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
        close(dist.unwrap().prepare().quantile(u), golden, 2e-7);
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

#[test]
fn sobol_points_reach_the_last_dimension() {
    // scipy.stats.qmc.Sobol(32, scramble=False), point 1234, in units of 1/2048.
    let golden = [
        1771, 859, 1693, 925, 573, 505, 1047, 1083, 1403, 1127, 555, 1575, 1823, 1741, 903, 1683, 1295, 1821, 1655,
        877, 155, 1619, 1843, 1903, 827, 1349, 29, 447, 1181, 1825, 557, 323,
    ];
    let sobol = Sobol::unscrambled(32);
    for (dimension, golden) in golden.into_iter().enumerate() {
        assert_eq!(sobol.bits(1234, dimension) >> (64 - 11), golden, "dimension {dimension}");
    }
}

#[test]
fn copula_from_spearman_values() {
    close(pearson_of_spearman(0.5), 0.5176380902, 1e-9);
    close(pearson_of_spearman(-0.3), -0.3128689301, 1e-9);
    close(spearman_of_pearson(0.5176380902), 0.5, 1e-9);
    let matrix = [[1.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 1.0]].map(Vec::from);
    let factor = cholesky(&matrix).unwrap();
    let golden = [vec![1.0], vec![0.5, 0.866025404], vec![-0.3, 0.404145188, 0.864098760]];
    for (row, golden) in factor.iter().zip(golden) {
        row.iter().zip(golden).for_each(|(value, golden)| close(*value, golden, 2e-9));
    }
}

/// The cost spine: FLOP, 1 / MFU, price, 1 / goodput and research multiplier, all lognormal.
fn spine() -> Inputs {
    let ranges = [(0.8, 1.25), (1.0 / 0.48, 1.0 / 0.30), (1.8, 3.2), (1.0 / 0.97, 1.0 / 0.85), (1.2, 4.0)];
    let named = ["flops", "1/mfu", "price", "1/goodput", "research"].map(String::from);
    Inputs::new(named.into_iter().zip(ranges.map(|(low, high)| Dist::range90(low, high).unwrap())).collect()).unwrap()
}

fn product(x: &[f64]) -> f64 {
    x.iter().product()
}

#[test]
fn drawn_inputs_have_the_correlation_asked_for() {
    let pairs = [("flops", "price", 0.5), ("price", "research", -0.3)];
    let (inputs, repair) = spine().correlated(&pairs).unwrap();
    assert_eq!(repair, None);
    let draws = run(&inputs, &Plan::default(), |x| [x[2]]);
    let with_price = ranks(&draws, 0);
    for (value, golden) in with_price.iter().zip([0.5, 0.0, 1.0, 0.0, -0.3]) {
        assert!((value - golden).abs() < 0.01, "{with_price:?}");
    }
}

#[test]
fn scrambled_sobol_beats_random_draws_as_scipy_finds() {
    let inputs = spine();
    let sigma: f64 = 0.452724779;
    let exact = inputs.medians().iter().product::<f64>() * (sigma * sigma / 2.0).exp();
    let rms = |n: usize, replicates: u64| {
        let error = |seed: u64| {
            // One scramble of n points, as scipy does it.
            let sobol = Sobol::scrambled(5, seed, 0);
            let prepared: Vec<_> = inputs.dists().iter().map(Dist::prepare).collect();
            let point = |i: u64| -> f64 { (0..5).map(|d| prepared[d].quantile(unit(sobol.bits(i, d)))).product() };
            (0..n as u64).map(point).sum::<f64>() / n as f64 / exact - 1.0
        };
        ((0..replicates).map(|seed| error(seed).powi(2)).sum::<f64>() / replicates as f64).sqrt()
    };
    for (n, golden) in [(256, 0.002218), (1024, 0.000473), (4096, 0.000166)] {
        let found = rms(n, 64);
        assert!(found < 1.5 * golden && found > golden / 1.5, "{n}: {found} for {golden}");
    }
}

#[test]
fn ishigami() {
    let angle = || Dist::uniform(-PI, PI).unwrap();
    let inputs = Inputs::new(vec![("x1".into(), angle()), ("x2".into(), angle()), ("x3".into(), angle())]).unwrap();
    let function = |x: &[f64]| x[0].sin() + 7.0 * x[1].sin().powi(2) + 0.1 * x[2].powi(4) * x[0].sin();
    let plan = Plan::new(1 << 17, 1, Method::Sobol).unwrap();
    let indices = first_and_total(&inputs, &plan, function).unwrap();
    close(indices.variance.value, 13.844587941, 1e-3);
    let golden = [(0.313905191, 0.557588855), (0.442411145, 0.442411145), (0.0, 0.243683664)];
    for (index, (first, total)) in indices.inputs.iter().zip(golden) {
        assert!((index.first.value - first).abs() < 1e-3, "{index:?}");
        assert!((index.total.value - total).abs() < 1e-3, "{index:?}");
        assert!((index.first.value - first).abs() < 4.0 * index.first.se, "{index:?}");
        assert!((index.total.value - total).abs() < 4.0 * index.total.se, "{index:?}");
    }
}

#[test]
fn product_of_lognormals() {
    let inputs = spine();
    let plan = Plan::new(1 << 17, 1, Method::Sobol).unwrap();
    let indices = first_and_total(&inputs, &plan, product).unwrap();
    let first = [0.081654819, 0.090655262, 0.136551209, 0.007089920, 0.630077323];
    let total = [0.098401543, 0.109028749, 0.162563715, 0.008688691, 0.676450743];
    let mean = inputs.dists().iter().map(Dist::mean).product::<f64>();
    close(indices.variance.value / (mean * mean), 0.2274756277, 5e-3);
    for (index, (first, total)) in indices.inputs.iter().zip(first.into_iter().zip(total)) {
        assert!((index.first.value - first).abs() < 3e-3, "{index:?} for {first}");
        assert!((index.total.value - total).abs() < 3e-3, "{index:?} for {total}");
    }
    let sum = |part: fn(&Index) -> f64| indices.inputs.iter().map(part).sum::<f64>();
    assert!(sum(|index| index.first.value) < 1.0 && sum(|index| index.total.value) > 1.0);

    let summary = run(&inputs, &plan, |x| [product(x)]).summary(0);
    close(summary.quantile(0.95).value / summary.quantile(0.5).value, 2.105737989, 2e-3);
    close(summary.mean.value, mean, 1e-4);
}

#[test]
fn the_tornado_ranks_like_the_shares_of_the_logarithm() {
    let inputs = spine();
    let shares: [f64; 5] = [0.089793652, 0.099590838, 0.149245950, 0.007862447, 0.653507113];
    let (centre, swings) = tornado(&inputs, product);
    close(centre, inputs.medians().iter().product(), 1e-14);
    assert_eq!(swings.iter().map(|swing| swing.input).collect::<Vec<_>>(), [4, 2, 1, 0, 3]);
    let z = 1.644_853_626_951_472_7;
    for swing in swings {
        // p95 / p5 of one lognormal factor is exp(2 z sigma), and sigma^2 is its share of the whole.
        let sigma = shares[swing.input].sqrt() * 0.452724779;
        close(swing.at_p95 / swing.at_p5, (2.0 * z * sigma).exp(), 1e-8);
    }
}

#[test]
fn halving_a_spread_narrows_by_what_the_logarithm_says() {
    let inputs = spine();
    let narrowed = halved(&inputs, &Plan::default(), 0, |x| [product(x)]);
    let shares: [f64; 5] = [0.089793652, 0.099590838, 0.149245950, 0.007862447, 0.653507113];
    let width = |sigma: f64| 2.0 * (1.281_551_565_544_600_4 * sigma).sinh();
    for narrowing in narrowed {
        // By hand: halving one sigma leaves sigma_tot^2 (1 - 3/4 share).
        let rest = 0.452724779 * (1.0 - 0.75 * shares[narrowing.input]).sqrt();
        let golden = 1.0 - width(rest) / width(0.452724779);
        assert!((narrowing.share() - golden).abs() < 0.006, "{narrowing:?} for {golden}");
    }
}

#[test]
fn scores() {
    close(score::crps_normal(10.0, 2.0, 13.0), 1.988848008, 1e-9);
    close(score::crps_lognormal(1.0, 0.5, 4.0), 0.7280666244, 1e-9);
    let mut ensemble = [7.0, 1.0, 4.0, 2.0];
    close(score::crps_ensemble(&mut ensemble, 3.0, false), 0.75, 1e-12);
    close(score::crps_ensemble(&mut ensemble, 3.0, true), 0.3333333333, 1e-9);
    close(score::interval_score(0.1, 5.0, 9.0, 10.0), 24.0, 1e-12);
    close(score::interval_score(0.1, 5.0, 9.0, 7.0), 4.0, 1e-12);
    // The ensemble of a distribution scores as its formula does.
    let mut draws = score::ensemble_of(&Dist::normal(10.0, 2.0).unwrap(), 20_000);
    close(score::crps_ensemble(&mut draws, 13.0, false), 1.988848008, 1e-4);
    let mut draws = score::ensemble_of(&Dist::lognormal(1f64.exp(), 0.5).unwrap(), 20_000);
    close(score::crps_ensemble(&mut draws, 4.0, false), 0.7280666244, 1e-4);
}

#[test]
fn coverage_bands() {
    // scipy.stats.binomtest(17, 20).proportion_ci(method="exact")
    let band = score::coverage(17, 20).unwrap();
    close(band.low, 0.621073173455, 1e-9);
    close(band.high, 0.967929062814, 1e-9);
    assert!(band.agrees_with(0.9) && !band.agrees_with(0.5));
    // By hand: 1 - 0.025^(1/10) and 0.025^(1/10).
    let (none, all) = (score::coverage(0, 10).unwrap(), score::coverage(10, 10).unwrap());
    close(none.high, 1.0 - 0.025f64.powf(0.1), 1e-12);
    close(all.low, 0.025f64.powf(0.1), 1e-12);
    assert_eq!((none.low, all.high), (0.0, 1.0));
    assert!(score::coverage(3, 2).is_err());
    let seen = score::coverage_of(&[(1.0, 2.0, 1.5), (1.0, 2.0, 2.5), (1.0, 2.0, f64::NAN)]).unwrap();
    assert_eq!((seen.hits, seen.of), (1, 3));
}

#[test]
fn probability_integral_transform() {
    assert_eq!(score::pit(&[1.0, 2.0, 3.0, 4.0], 3.0), 0.625);
    assert_eq!(score::pit_histogram::<4>(&[0.0, 0.1, 0.3, 0.9, 1.0, f64::NAN]), [2, 1, 0, 2]);
}
