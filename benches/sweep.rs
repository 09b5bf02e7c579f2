//! Points a second of a sweep, on one thread: answered alone, and written as CSV.
//!
//! `cargo bench --bench sweep`; `cargo bench --bench sweep -- --rows 10000000` times one long sweep into a file.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a bench ends where something is wrong

use criterion::{Criterion, Throughput, criterion_group};
use flopbill::internals::answer::answer;
use flopbill::internals::report::digits;
use flopbill::internals::report::sweep::{Last, STREAMS, Writer};
use flopbill::internals::sweep::Sweep;
use flopbill::{Catalog, Question};
use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

fn sweep(held: bool, vary: &[&str]) -> Sweep {
    let catalog = Catalog::built_in();
    let question = Question::about("deepseek-v3", &catalog).unwrap();
    let question = if held { question.with("run.hold_hours", true) } else { question };
    Sweep::new(question, vary, catalog).unwrap()
}

fn points(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sweep");
    let axes = ["chips=1000..1099:1", "price=$1/h..$1.99/h:$0.01/h"];
    let (numbers, laid_out) = (sweep(true, &axes), sweep(false, &axes));
    let chips = sweep(false, &["mfu=20%..69%:0.5%", "gpu=h800,h200,b200,h100,h20"]);
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("answered", |b| {
        b.iter(|| numbers.visit(0..10_000, |row| _ = black_box(row.answer.is_ok())));
    });
    group.bench_function("answered, each number of chips laid out before", |b| {
        b.iter(|| laid_out.visit(0..10_000, |row| _ = black_box(row.answer.is_ok())));
    });
    let writer = Writer::new(&numbers, &STREAMS[0], None);
    let (mut text, mut last) = (Vec::new(), Last::default());
    group.bench_function("csv", |b| {
        b.iter(|| {
            text.clear();
            numbers.visit(0..10_000, |row| writer.row(row, &mut last, &mut text));
            black_box(text.len())
        });
    });
    group.throughput(Throughput::Elements(chips.points()));
    group.bench_function("chips answered", |b| {
        b.iter(|| chips.visit(0..chips.points(), |row| _ = black_box(row.answer.is_ok())));
    });
    group.finish();
}

fn parts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("point");
    let catalog = Catalog::built_in();
    let question = Question::about("deepseek-v3", &catalog).unwrap().with("price.rent", "$1.8/h..$3.2/h");
    let prepared = answer(&question, &catalog).unwrap().prepared;
    let inputs: Vec<f64> = (0..1000).map(|index| 1.8 + f64::from(index) / 1000.0).collect();
    let mut outputs = vec![[0.0; 6]; 1000];
    group.throughput(Throughput::Elements(1000));
    group.bench_function("batch", |b| b.iter(|| prepared.evaluate_batch(black_box(&inputs), &mut outputs)));
    let mut text = Vec::new();
    group.bench_function("digits", |b| {
        b.iter(|| {
            text.clear();
            inputs.iter().for_each(|value| digits::push(&mut text, value * 1.234_567_891e6));
            black_box(text.len())
        });
    });
    group.throughput(Throughput::Elements(1));
    let remembering = catalog.clone().remembering();
    group.bench_function("whole question", |b| b.iter(|| answer(&question, &catalog).is_ok()));
    group.bench_function("whole question, profiles kept", |b| b.iter(|| answer(&question, &remembering).is_ok()));
    group.finish();
}

/// One sweep of so many rows into a file that is thrown away.
fn long(rows: u64) {
    let price = format!("price=$1/h..${}/h:$0.001/h", 1.0 + 0.001 * (rows / 1000) as f64 - 0.001);
    let sweep = sweep(true, &["chips=1001..2000:1", &price]);
    let writer = Writer::new(&sweep, &STREAMS[0], None);
    let mut file = std::io::BufWriter::with_capacity(1 << 20, tempfile::tempfile().unwrap());
    let start = Instant::now();
    let make = |points| {
        let (mut text, mut last) = (Vec::new(), Last::default());
        sweep.visit(points, |row| writer.row(row, &mut last, &mut text));
        text
    };
    sweep.blocks(0, make, |_, text| file.write_all(&text)).unwrap();
    file.flush().unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let rate = sweep.points() as f64 / seconds;
    println!("{} rows to CSV in {seconds:.2} s on one thread: {rate:.3e} rows a second", sweep.points());
}

criterion_group!(benches, points, parts);

fn main() {
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|argument| argument == "--rows") {
        return long(args.get(at + 1).and_then(|rows| rows.parse().ok()).unwrap_or(10_000_000));
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
