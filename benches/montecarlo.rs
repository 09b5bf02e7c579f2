//! What a draw costs, and a whole study of a million draws against the numpy script that a planner would write.
//!
//! `cargo bench --bench montecarlo`; with numpy beside python3 (or `PYTHON=...`), the last lines compare the two.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a bench ends where something is wrong

use criterion::{Criterion, Throughput, criterion_group};
use flopbill::internals::planner::Prepared as Planned;
use flopbill::internals::uncertainty::dist::{Dist, Prepared};
use flopbill::internals::uncertainty::montecarlo::{Inputs, Method, Plan, Uniforms, run};
use flopbill::internals::uncertainty::sensitivity::first_and_total;
use flopbill::{Catalog, Input};
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

const MILLION: usize = 1 << 20;

/// Whole processes of each kind whose median is told.
const ROUNDS: usize = 21;

/// Two betas and a lognormal: MFU, goodput, price.
fn inputs() -> Inputs {
    let named = [
        ("mfu", Dist::pert(0.25, 0.38, 0.52)),
        ("goodput", Dist::pert(0.80, 0.93, 0.98)),
        ("price", Dist::range90(1.8, 3.2)),
    ];
    Inputs::new(named.map(|(name, dist)| (name.into(), dist.unwrap())).into()).unwrap()
}

/// 3.3e24 FLOP on chips of 989.5 TFLOP/s: US dollars.
fn cost(x: &[f64]) -> [f64; 1] {
    [3.3e24 / (989.5e12 * x[0] * x[1]) / 3600.0 * x[2]]
}

/// What cannot be left out: uniform numbers made and turned into draws.
fn generate_and_transform(prepared: &[Prepared], plan: &Plan) -> f64 {
    let uniforms = Uniforms::new(plan, prepared.len());
    let mut column = [0.0; 1024];
    let mut last = 0.0;
    for chunk in 0..MILLION / 1024 {
        for (dimension, quantile) in prepared.iter().enumerate() {
            uniforms.fill(dimension, chunk, &mut column);
            quantile.transform(&mut column);
            last += black_box(&column)[0];
        }
    }
    last
}

fn one_draw(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("draw");
    group.throughput(Throughput::Elements(1024));
    let mut uniforms = [0.0; 1024];
    Uniforms::new(&Plan::default(), 1).fill(0, 0, &mut uniforms);
    let dists = [
        ("uniform", Dist::uniform(1.0, 2.0)),
        ("triangular", Dist::triangular(0.25, 0.38, 0.52)),
        ("pert", Dist::pert(0.25, 0.38, 0.52)),
        ("gamma", Dist::gamma(2.0, 2.2)),
        ("lognormal", Dist::range90(1.8, 3.2)),
        ("never", Dist::lognormal(60.0, 0.6).and_then(|dist| dist.with_never(0.25))),
        (
            "mixture",
            Dist::mixture(vec![(0.5, Dist::range90(1.8, 3.2).unwrap()), (0.5, Dist::range90(3.0, 5.0).unwrap())], 0.0),
        ),
    ];
    for (name, dist) in dists.map(|(name, dist)| (name, dist.unwrap())) {
        let prepared = dist.prepare();
        group.bench_function(format!("{name}/prepared"), |b| {
            b.iter(|| {
                let mut values = uniforms;
                prepared.transform(&mut values);
                black_box(values)
            });
        });
        group.bench_function(format!("{name}/exact"), |b| b.iter(|| black_box(uniforms.map(|u| dist.quantile(u)))));
    }
    for (name, method) in [("sobol", Method::Sobol), ("random", Method::Random)] {
        let source = Uniforms::new(&Plan::new(MILLION, 1, method).unwrap(), 3);
        let mut chunk = 0;
        group.bench_function(format!("uniform numbers/{name}"), |b| {
            b.iter(|| {
                chunk = (chunk + 1) % 1024;
                source.fill(2, chunk, &mut uniforms);
                black_box(uniforms[7])
            });
        });
    }
    group.finish();
    criterion.bench_function("prepare/pert", |b| b.iter(|| Dist::pert(0.25, 0.38, 0.52).unwrap().prepare()));
    criterion.bench_function("prepare/lognormal", |b| b.iter(|| Dist::range90(1.8, 3.2).unwrap().prepare()));
}

fn whole_study(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("study");
    group.sample_size(20);
    let inputs = inputs();
    let correlated = inputs.clone().correlated(&[("mfu", "price", -0.3)]).unwrap().0;
    for (name, method) in [("sobol", Method::Sobol), ("random", Method::Random)] {
        let plan = Plan::new(MILLION, 1, method).unwrap();
        let prepared: Vec<_> = inputs.dists().iter().map(Dist::prepare).collect();
        group.throughput(Throughput::Elements(MILLION as u64));
        group.bench_function(format!("{name}/floor"), |b| b.iter(|| generate_and_transform(&prepared, &plan)));
        group.bench_function(format!("{name}/draws"), |b| b.iter(|| run(&inputs, &plan, cost)));
        group.bench_function(format!("{name}/draws and summary"), |b| b.iter(|| run(&inputs, &plan, cost).summary(0)));
        group.bench_function(format!("{name}/correlated"), |b| b.iter(|| run(&correlated, &plan, cost).summary(0)));
    }
    group.throughput(Throughput::Elements(1 << 14));
    group.bench_function("default", |b| b.iter(|| run(&inputs, &Plan::default(), cost).summary(0)));
    group.bench_function("sobol indices", |b| b.iter(|| first_and_total(&inputs, &Plan::default(), |x| cost(x)[0])));
    group.finish();
}

/// The fastest of several goes.
fn fastest(mut go: impl FnMut()) -> Duration {
    let time = |()| {
        let start = Instant::now();
        go();
        start.elapsed()
    };
    std::iter::repeat_n((), 60).map(time).min().unwrap_or_default()
}

/// One run of everything, as a user gets it, on one thread, against numpy and against the floor.
fn compare() {
    let inputs = inputs();
    let plan = Plan::new(MILLION, 1, Method::Sobol).unwrap();
    let prepared: Vec<_> = inputs.dists().iter().map(Dist::prepare).collect();
    let floor = fastest(|| _ = black_box(generate_and_transform(&prepared, &plan)));
    let ours = fastest(|| _ = black_box(run(&inputs, &plan, cost).summary(0)));
    let draws = fastest(|| drop(black_box(run(&inputs, &plan, cost))));
    println!("draws without their summary {draws:.2?}");
    println!("floor {floor:.2?}, study {ours:.2?}: {:.2} x the floor", ours.as_secs_f64() / floor.as_secs_f64());
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/montecarlo_baseline.py");
    match Command::new(&python).args([script, &MILLION.to_string()]).output() {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            let seconds = text.lines().find_map(|line| line.strip_prefix("seconds ")?.parse::<f64>().ok());
            let ratio = seconds.map(|seconds| seconds / ours.as_secs_f64());
            println!(
                "numpy: {}; this is {:.1} times as fast",
                text.trim().replace('\n', ", "),
                ratio.unwrap_or(f64::NAN)
            );
        }
        _ => println!("numpy: not measured, {python} has none"),
    }
}

/// A question with a million draws on one thread, against its numpy script: whole processes, one after the other.
fn whole_process() {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/estimate_baseline.py");
    let question = ["estimate", "deepseek-v3", "--mfu", "30%..42%", "--draws", "1000000"];
    let ran = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let threads = [("RAYON_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")];
        let start = Instant::now();
        let done = command.args(arguments).envs(threads).output().is_ok_and(|output| output.status.success());
        done.then(|| start.elapsed().as_secs_f64())
    };
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let pair = (ran(env!("CARGO_BIN_EXE_flopbill"), &question), ran(&python, &[script]));
        let (Some(own), Some(numpy)) = pair else { return println!("{}: numpy is not there", question.join(" ")) };
        times[0].push(own);
        times[1].push(numpy);
    }
    let [own, numpy] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    println!("{}: {own:.3} s; numpy {numpy:.3} s: {:.1} times as fast", question.join(" "), numpy / own);
}

/// A run of stated hours and rent on two deliveries, the second of an uncertain day and not for certain: what
/// `tests/planner/joint.py` draws too.
fn planned() -> Planned {
    let input =
        Input::new().set("run.gpu_hours", "2.6M..3.4M").price("$3/h..$4/h").set("by", "62d").set("budget", "$14M");
    let input = input.set("deliveries", "2048@start; 2048@20d..40d:80%").set("start", "2027-01-15");
    let catalog = Catalog::built_in();
    Planned::of(&input.question(&catalog).unwrap(), &catalog).unwrap()
}

fn planners_question(criterion: &mut Criterion) {
    let asked = planned();
    let plan = Plan::new(MILLION, 1, Method::Sobol).unwrap();
    let mut group = criterion.benchmark_group("planner");
    group.sample_size(10);
    group.bench_function("a million draws: date, money and both", |b| b.iter(|| asked.kept(black_box(&plan)).unwrap()));
    group.finish();
}

/// The same against numpy's script, which tells its own time.
fn beside_numpy() {
    let (asked, plan) = (planned(), Plan::new(MILLION, 1, Method::Sobol).unwrap());
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let start = Instant::now();
            black_box(asked.kept(&plan).unwrap());
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/planner/joint.py");
    let Ok(output) = Command::new(python).arg(script).envs(THREADS.map(|name| (name, "1"))).output() else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    let told = text.lines().last().and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    let Some(numpy) = told else { return println!("the planner's question: numpy is not there") };
    let own = times[times.len() / 2];
    println!(
        "the planner's question, a million draws: {own:.3} s; numpy {numpy:.3} s: {:.1} times as fast",
        numpy / own
    );
}

/// What keeps numpy on one thread.
const THREADS: [&str; 2] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"];

criterion_group!(benches, one_draw, whole_study, planners_question);

fn main() {
    // One thread: the comparison is core against core.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    let only_compare = std::env::args().any(|argument| argument == "--compare");
    if !only_compare {
        benches();
        Criterion::default().configure_from_args().final_summary();
    }
    compare();
    beside_numpy();
    whole_process();
}
