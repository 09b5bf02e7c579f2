use flopbill::dist::*;
use flopbill::study::montecarlo::*;
use std::hint::black_box;
use std::time::Instant;
fn best(n: usize, mut f: impl FnMut()) -> f64 {
    let mut b = f64::MAX;
    for _ in 0..n {
        let s = Instant::now();
        f();
        b = b.min(s.elapsed().as_secs_f64());
    }
    b
}
fn main() {
    let mut u = [0.0; 1024];
    let src = Uniforms::new(&Plan::new(1 << 20, 1, Method::Sobol).unwrap(), 3);
    src.fill(1, 5, &mut u);
    for (n, d) in [
        ("pert", Dist::pert(0.25, 0.38, 0.52)),
        ("ln", Dist::range90(1.8, 3.2)),
        ("tri", Dist::triangular(0.25, 0.38, 0.52)),
        ("uni", Dist::uniform(0.25, 0.38)),
        (
            "mix",
            Dist::mixture(vec![(0.5, Dist::range90(1.8, 3.2).unwrap()), (0.5, Dist::range90(3.0, 5.0).unwrap())], 0.0),
        ),
    ] {
        let d = d.unwrap();
        let p = d.prepare();
        let t = best(3000, || {
            let mut v = black_box(u);
            p.transform(&mut v);
            black_box(v);
        });
        println!("{n} {:.3} ns", t * 1e9 / 1024.0);
        let t = best(20, || {
            black_box(d.prepare());
        });
        println!("   prepare {:.1} us", t * 1e6);
        let t = best(20, || {
            black_box(u.map(|u| d.quantile(u)));
        });
        println!("   exact {:.1} ns", t * 1e9 / 1024.0);
    }
    let mut i = 0;
    let t = best(3000, || {
        i = (i + 1) % 64;
        src.fill(2, i, &mut u);
        black_box(u);
    });
    println!("sobol {:.3} ns", t * 1e9 / 1024.0);
    let rs = Uniforms::new(&Plan::new(1 << 20, 1, Method::Random).unwrap(), 3);
    let t = best(3000, || {
        i = (i + 1) % 64;
        rs.fill(2, i, &mut u);
        black_box(u);
    });
    println!("chacha {:.3} ns", t * 1e9 / 1024.0);
    let named = [
        ("mfu", Dist::pert(0.25, 0.38, 0.52)),
        ("goodput", Dist::pert(0.80, 0.93, 0.98)),
        ("price", Dist::range90(1.8, 3.2)),
    ];
    let inputs = Inputs::new(named.map(|(n, d)| (n.into(), d.unwrap())).into()).unwrap();
    let cor = inputs.clone().correlated(&[("mfu", "price", -0.3)]).unwrap().0;
    for n in [1 << 14, 1 << 16, 1 << 20] {
        let plan = Plan::new(n, 1, Method::Sobol).unwrap();
        let cost = |x: &[f64]| [3.3e24 / (989.5e12 * x[0] * x[1]) / 3600.0 * x[2]];
        let t = best(if n > 100000 { 30 } else { 300 }, || {
            black_box(run(&inputs, &plan, cost));
        });
        println!("n={n} draws {:.3} ns", t * 1e9 / n as f64);
        let t = best(if n > 100000 { 30 } else { 300 }, || {
            black_box(run(&inputs, &plan, |x| [x[0]]));
        });
        println!("n={n} trivial {:.3} ns", t * 1e9 / n as f64);
        let d = run(&inputs, &plan, cost);
        let t = best(if n > 100000 { 30 } else { 300 }, || {
            black_box(d.summary(0));
        });
        println!("n={n} summary {:.3} ns", t * 1e9 / n as f64);
        let t = best(if n > 100000 { 10 } else { 100 }, || {
            black_box(run(&cor, &plan, cost));
        });
        println!("n={n} cor draws {:.3} ns", t * 1e9 / n as f64);
    }
}
