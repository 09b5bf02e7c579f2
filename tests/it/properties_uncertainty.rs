//! Properties that hold for every distribution, plan and thread count.

use flopbill::dist::Dist;
use proptest::prelude::*;

/// Any distribution with a continuous, increasing distribution function.
fn smooth() -> impl Strategy<Value = Dist> {
    let ordered = || (-1e3..1e3_f64, 0.01..1e3_f64, 0.01..1e3_f64);
    prop_oneof![
        ordered().prop_map(|(a, b, _)| Dist::uniform(a, a + b)),
        ordered().prop_map(|(a, b, c)| Dist::triangular(a, a + b, a + b + c)),
        ordered().prop_map(|(a, b, c)| Dist::pert(a, a + b, a + b + c)),
        (0.1..300.0_f64, 0.1..300.0_f64, 0.1..100.0_f64).prop_map(|(a, b, high)| Dist::beta(a, b, 0.0, high)),
        ordered().prop_map(|(mean, sd, _)| Dist::normal(mean, sd)),
        (1e-9..1e9_f64, 0.001..3.0_f64).prop_map(|(median, sigma)| Dist::lognormal(median, sigma)),
        (0.1..300.0_f64, 1e-6..1e6_f64).prop_map(|(shape, scale)| Dist::gamma(shape, scale)),
        (0.1..0.5_f64, 0.01..0.2_f64).prop_map(|(mean, sd)| Dist::normal(mean, sd)?.truncated(0.0, 1.0)),
        (0.1..0.9_f64, 1.0..5.0_f64, 5.0..20.0_f64).prop_map(|(share, low, high)| {
            Dist::mixture(
                vec![(share, Dist::range90(1.0, low + 0.1)?), (1.0 - share, Dist::range90(low, low + high)?)],
                0.0,
            )
        }),
    ]
    .prop_map(Result::unwrap)
}

proptest! {
    #[test]
    fn quantiles_never_fall(dist in smooth(), a in 0.0..1.0_f64, b in 0.0..1.0_f64) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(dist.quantile(low) <= dist.quantile(high));
        let table = dist.prepare();
        // A table may fall by its own error between neighbours, never by more.
        prop_assert!(table.quantile(low) <= table.quantile(high) + 1e-12 * table.quantile(high).abs());
    }

    #[test]
    fn cdf_undoes_the_quantile(dist in smooth(), u in 1e-6..0.999_999_f64) {
        let back = dist.cdf(dist.quantile(u));
        prop_assert!((back - u).abs() < 1e-9, "{dist:?}: {u} came back as {back}");
    }

    #[test]
    fn tables_agree_with_the_exact_quantile(dist in smooth(), u in 1e-9..0.999_999_999_f64) {
        let (exact, table) = (dist.quantile(u), dist.prepare().quantile(u));
        let error = (table - exact).abs();
        // Either in the value, or in the probability it stands for.
        let shift = (dist.cdf(table) - u).abs();
        prop_assert!(error <= 1e-7 * exact.abs() || shift <= 1e-7 * u.min(1.0 - u), "{dist:?} at {u}: {table} for {exact}");
    }

    #[test]
    fn the_mean_is_inside_and_the_interval_ordered(dist in smooth(), coverage in 0.01..0.999_f64) {
        let (low, high) = dist.support();
        prop_assert!(dist.mean() >= low && dist.mean() <= high);
        let (from, to) = dist.interval(coverage);
        prop_assert!(from <= dist.median() && dist.median() <= to);
    }

    #[test]
    fn no_parameters_panic(a in any::<f64>(), b in any::<f64>(), c in any::<f64>(), d in any::<f64>(), u in any::<f64>()) {
        let all = [
            Dist::point(a), Dist::range90(a, b), Dist::uniform(a, b), Dist::triangular(a, b, c), Dist::pert_with(a, b, c, d),
            Dist::normal(a, b), Dist::normal_interval(a, b, c), Dist::lognormal(a, b), Dist::lognormal_interval(a, b, c),
            Dist::lognormal_mean_sd(a, b), Dist::beta(a, b, c, d), Dist::gamma(a, b), Dist::gamma_updated(a, b, c, d),
            Dist::empirical(vec![a, b, c]), Dist::normal(0.0, 1.0).unwrap().truncated(a, b),
            Dist::mixture(vec![(a, Dist::point(1.0).unwrap())], b),
        ];
        for dist in all.into_iter().flatten() {
            prop_assert!(!dist.quantile(u).is_nan() && !dist.cdf(u).is_nan(), "{dist:?}");
        }
    }
}
