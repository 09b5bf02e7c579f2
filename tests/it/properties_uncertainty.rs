//! Properties that hold for every distribution, plan and thread count.

use flopbill::internals::input::sweep_plan;
use flopbill::internals::scaling::pareto;
use flopbill::internals::uncertainty::dist::Dist;
use flopbill::internals::uncertainty::montecarlo::{Inputs, Method, Plan, run};
use flopbill::internals::uncertainty::sensitivity::first_and_total;
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
    // Each case makes a table, which takes a while without optimization.
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn quantiles_never_fall(dist in smooth(), a in 0.0..1.0_f64, b in 0.0..1.0_f64) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(dist.quantile(low) <= dist.quantile(high));
        let table = dist.prepare();
        // A table may fall by its own error between neighbours, never by more.
        prop_assert!(table.quantile(low) <= table.quantile(high) + 1e-12 * table.quantile(high).abs());
    }

    #[test]
    fn tables_agree_with_the_exact_quantile(dist in smooth(), u in 1e-9..0.999_999_999_f64) {
        let (exact, table) = (dist.quantile(u), dist.prepare().quantile(u));
        let error = (table - exact).abs();
        // Either in the value, or in the probability it stands for.
        let shift = (dist.cdf(table) - u).abs();
        prop_assert!(error <= 5e-7 * exact.abs() || shift <= 5e-7 * u.min(1.0 - u), "{dist:?} at {u}: {table} for {exact}");
    }
}

proptest! {
    #[test]
    fn a_mixture_of_points_steps_as_the_exact_quantile_does(
        parts in proptest::collection::vec((1..20_u32, 1..9_u32), 1..9), u in 0.0..1.0_f64,
    ) {
        let all: u32 = parts.iter().map(|(weight, _)| weight).sum();
        let part = |(weight, value): &(u32, u32)| (f64::from(*weight) / f64::from(all), Dist::point(f64::from(*value)).unwrap());
        let dist = Dist::mixture(parts.iter().map(part).collect(), 0.0).unwrap();
        // On a step itself either side is right.
        let edge = |value: u32| (dist.cdf(f64::from(value)) - u).abs() < 1e-9;
        prop_assume!(!(1..9).any(edge));
        prop_assert_eq!(dist.prepare().quantile(u), dist.quantile(u));
    }

    #[test]
    fn cdf_undoes_the_quantile(dist in smooth(), u in 1e-6..0.999_999_f64) {
        let back = dist.cdf(dist.quantile(u));
        prop_assert!((back - u).abs() < 1e-9, "{dist:?}: {u} came back as {back}");
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

/// Texts that look like an axis, more or less.
fn axis_text() -> impl Strategy<Value = String> {
    "[a-z.]{0,4}=?[-0-9a-zA-Z$%.,:x/\"{}\\[\\] _]{0,30}".prop_map(String::from)
}

/// A plan of a few short axes.
fn plans() -> impl Strategy<Value = sweep_plan::Plan> {
    prop::collection::vec((1..20u32, 0..3u32), 1..5).prop_map(|axes| {
        let axis = |(place, (count, kind)): (usize, (u32, u32))| {
            let text = match kind {
                0 => format!("k{place}=10T..{}T:2T", 10 + 2 * (count - 1)),
                1 => format!("k{place}=1..{}:x2", 2u64.pow(count - 1)),
                _ => format!("k{place}={}", vec!["v"; count as usize].join(",")),
            };
            sweep_plan::Axis::parse(&text).unwrap()
        };
        sweep_plan::Plan::new(axes.into_iter().enumerate().map(axis).collect()).unwrap()
    })
}

proptest! {
    #[test]
    fn every_point_of_a_sweep_has_one_number(plan in plans(), at in any::<prop::sample::Index>()) {
        let point = at.index(plan.points() as usize) as u64;
        let mut places = vec![0; plan.axes().len()];
        plan.place(point, &mut places).unwrap();
        let mut next = places.clone();
        match plan.advance(&mut next) {
            Some(changed) => {
                let mut after = vec![0; next.len()];
                plan.place(point + 1, &mut after).unwrap();
                prop_assert_eq!(&after, &next);
                prop_assert_eq!(&next[..changed], &places[..changed]);
                prop_assert_ne!(next[changed], places[changed]);
            }
            None => prop_assert_eq!(point + 1, plan.points()),
        }
        prop_assert!(plan.place(plan.points(), &mut places).is_none());
    }

    #[test]
    fn no_text_panics_an_axis(text in axis_text()) {
        if let Ok(axis) = sweep_plan::Axis::parse(&text) {
            prop_assert!(axis.values() > 0);
            axis.value(0);
            axis.value(axis.values() - 1);
            axis.value(u64::MAX);
        }
    }

    #[test]
    fn a_streamed_front_is_what_comparing_all_pairs_gives(points in prop::collection::vec((0..12u8, 0..12u8), 0..60)) {
        let points: Vec<(f64, f64)> = points.into_iter().map(|(a, b)| (f64::from(a), f64::from(b))).collect();
        let beats = |a: &(f64, f64), b: &(f64, f64)| a.0 <= b.0 && a.1 <= b.1 && a != b;
        let by_pairs: Vec<bool> = points.iter().map(|point| !points.iter().any(|other| beats(other, point))).collect();
        let mut front = pareto::Front::new();
        for &(first, second) in &points {
            front.offer(first, second, ());
        }
        let on_front: Vec<bool> = points.iter().map(|&(first, second)| !front.dominates(first, second)).collect();
        prop_assert_eq!(on_front, by_pairs);
        let seconds: Vec<f64> = front.points().map(|point| point.second).collect();
        prop_assert!(seconds.windows(2).all(|pair| pair[0] > pair[1]));
        let equal = |point: &pareto::Point<()>| points.iter().filter(|other| **other == (point.first, point.second)).count();
        let counted = front.points().all(|point| equal(point) == point.ties + 1);
        prop_assert!(counted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn draws_do_not_change_with_the_order_of_inputs(seed in any::<u64>(), random in any::<bool>(), correlated in any::<bool>()) {
        let method = if random { Method::Random } else { Method::Sobol };
        let plan = Plan::new(2000, seed, method).unwrap();
        let dists = [("a", Dist::range90(1.0, 2.0)), ("b", Dist::pert(1.0, 2.0, 5.0)), ("c", Dist::uniform(1.0, 2.0))];
        let dists = dists.map(|(name, dist)| (name, dist.unwrap()));
        let answers = |order: [usize; 3]| {
            let inputs = Inputs::new(order.map(|i| (dists[i].0.to_string(), dists[i].1.clone())).into()).unwrap();
            let pairs: &[_] = if correlated { &[("a", "b", 0.6), ("c", "a", -0.4)] } else { &[] };
            let (inputs, _) = inputs.correlated(pairs).unwrap();
            let place = |i: usize| order.iter().position(|&o| o == i).unwrap();
            let (a, b, c) = (place(0), place(1), place(2));
            let draws = run(&inputs, &plan, |x| [x[a] * x[b] + x[c]]);
            draws.answers(0).map(f64::to_bits).collect::<Vec<_>>()
        };
        let first = answers([0, 1, 2]);
        prop_assert_eq!(&answers([2, 0, 1]), &first);
        prop_assert_eq!(&answers([1, 2, 0]), &first);
    }
}

#[cfg(feature = "parallel")]
#[test]
fn the_same_bits_on_any_number_of_threads() {
    let named = [("a", Dist::range90(1.0, 2.0)), ("b", Dist::pert(1.0, 2.0, 5.0))];
    let inputs = Inputs::new(named.map(|(name, dist)| (name.to_string(), dist.unwrap())).into()).unwrap();
    let (inputs, _) = inputs.correlated(&[("a", "b", 0.5)]).unwrap();
    for method in [Method::Sobol, Method::Random] {
        let plan = Plan::new(100_000, 3, method).unwrap();
        let all = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let draws = run(&inputs, &plan, |x| [x[0] * x[1], x[0]]);
                let bits: Vec<u64> = draws.answers(0).chain(draws.answers(1)).map(f64::to_bits).collect();
                let independent = Inputs::new(vec![("a".into(), inputs.dists()[0].clone())]).unwrap();
                (bits, draws.summary(0), first_and_total(&independent, &plan, |x| x[0]).unwrap())
            })
        };
        let one = all(1);
        assert!(one == all(2) && one == all(7), "{method:?}");
    }
}

#[test]
fn standard_errors_tell_how_far_off_a_figure_is() {
    // A product of three lognormals, whose quantiles are known; 100 seeds tell how often it lies within one and two errors.
    let sigma: f64 = 0.26;
    let factor = || Dist::lognormal(1.0, sigma / 3f64.sqrt()).unwrap();
    let inputs = Inputs::new(["a", "b", "c"].map(|name| (name.to_string(), factor())).into()).unwrap();
    for method in [Method::Sobol, Method::Random] {
        let (mut one, mut two, seeds) = (0.0, 0.0, 100);
        for seed in 0..seeds {
            let draws = run(&inputs, &Plan::new(4096, seed, method).unwrap(), |x| [x[0] * x[1] * x[2]]);
            let summary = draws.summary(0);
            let errors = [
                (summary.quantile(0.5), 1.0),
                (summary.quantile(0.9), (1.281_551_565_544_600_4 * sigma).exp()),
                (summary.mean, (sigma * sigma / 2.0).exp()),
                (draws.probability_at_most(0, 1.2), Dist::lognormal(1.0, sigma).unwrap().cdf(1.2)),
            ];
            for (estimate, exact) in errors {
                let off = (estimate.value - exact).abs() / estimate.se;
                one += f64::from(u8::from(off < 1.0)) / (4.0 * seeds as f64);
                two += f64::from(u8::from(off < 2.0)) / (4.0 * seeds as f64);
            }
        }
        assert!(
            (0.6..0.78).contains(&one) && (0.9..0.985).contains(&two),
            "{method:?}: {one} within one, {two} within two"
        );
    }
}

#[test]
fn the_default_plan_gives_p50_to_half_a_percent() {
    // Two standard errors, for answers uncertain by up to a factor of 4.4 between p5 and p95.
    for sigma in [0.05, 0.2, 0.45] {
        let factor = |share: f64| Dist::lognormal(1.0, sigma * f64::sqrt(share)).unwrap();
        let shares = [("flops", 0.09), ("mfu", 0.1), ("price", 0.15), ("goodput", 0.01), ("research", 0.65)];
        let inputs = Inputs::new(shares.map(|(name, share)| (name.to_string(), factor(share))).into()).unwrap();
        for seed in 0..8 {
            let plan = Plan::new(Plan::default().draws(), seed, Method::Sobol).unwrap();
            let p50 = run(&inputs, &plan, |x| [x.iter().product::<f64>()]).summary(0).quantile(0.5);
            assert!((p50.value - 1.0).abs() < 0.005 && 2.0 * p50.se < 0.005, "sigma {sigma}, seed {seed}: {p50:?}");
        }
    }
}

#[test]
fn answers_that_never_come_or_fail_are_told_apart() {
    let approval = Dist::lognormal(60.0, 0.6).unwrap().with_never(0.25).unwrap();
    let inputs =
        Inputs::new(vec![("approval".into(), approval), ("run".into(), Dist::range90(50.0, 70.0).unwrap())]).unwrap();
    for method in [Method::Sobol, Method::Random] {
        let plan = Plan::new(1 << 16, 1, method).unwrap();
        let draws = run(&inputs, &plan, |x| [x[0], if x[1] > 58.0 { x[0] } else { f64::NAN }]);
        let summary = draws.summary(0);
        assert!((summary.never.value - 0.25).abs() < 4.0 * summary.never.se + 1e-12, "{summary:?}");
        // By hand: half of all is two thirds of what comes, 0.430727 standard deviations above its median.
        let half = 60.0 * f64::exp(0.6 * 0.430727);
        assert!((summary.quantile(0.5).value / half - 1.0).abs() < 0.01 && summary.failed == 0, "{summary:?}");
        assert_eq!(summary.quantile(0.9).value, f64::INFINITY);
        let by_90 = draws.probability_at_most(0, 90.0);
        assert!((by_90.value - 0.5628062268).abs() < 4.0 * by_90.se, "{by_90:?}");
        let partly = draws.summary(1);
        assert!(partly.failed > 0 && partly.quantile(0.5).value.is_finite());
        let mut rows = 0;
        let stopped = draws.rows(|index, inputs, answers| {
            assert_eq!((index, inputs[0].to_bits()), (rows, answers[0].to_bits()));
            rows += 1;
            if rows == 5000 { Err("full") } else { Ok(()) }
        });
        assert_eq!((stopped, rows), (Err("full"), 5000));
    }
    let none = run(&inputs, &Plan::default(), |_| [f64::NAN]).summary(0);
    assert_eq!((none.failed, none.draws), (1 << 14, 1 << 14));
    assert!(none.quantile(0.5).se == f64::INFINITY);
}
