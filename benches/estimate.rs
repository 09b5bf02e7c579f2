//! The core math: what one answer costs, from a quantity's text to a whole question.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a bench ends where something is wrong

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};

use flopbill::internals::answer::answer;
use flopbill::internals::estimate::{Performance, account, perform};
use flopbill::internals::scenario::{Phase, Terms, Work};
use flopbill::internals::solve::{Knowns, Rank, Var, solve};
use flopbill::internals::units::parse::parse;
use flopbill::internals::units::{
    BytesPerSecond, ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Price, Seconds, Tokens,
};
use flopbill::{Catalog, Question};

fn terms() -> Terms {
    let (chips, price) = (Chips::new(2048.0), Price::from_usd_per_hour(2.0));
    Terms { goodput: Fraction::new(0.93), chips: Some(chips), price: Some(price) }
}

fn core(c: &mut Criterion) {
    let work = Work::Flop { flop: Flop::new(3.2856e24), mfu: Fraction::new(0.346) };
    let phase = Phase { name: "pre-training".into(), work };
    let peak = FlopPerSecond::from_tflops(989.5);
    let performance: Performance = perform(&phase, peak);
    let terms = terms();
    c.bench_function("account", |b| b.iter(|| account(black_box(&performance), black_box(&terms))));
    let mut given = Knowns::default();
    given.set(Var::GpuHours, ChipSeconds::from_gpu_hours(2.788e6).get(), Rank::Flag);
    given.set(Var::WallClock, Seconds::from_days(60.0).get(), Rank::Flag);
    given.set(Var::Price, Price::from_usd_per_hour(2.0).get(), Rank::Flag);
    c.bench_function("solve", |b| b.iter(|| solve(black_box(&given))));
}

fn text(c: &mut Criterion) {
    c.bench_function("parse a count: 14.8T", |b| b.iter(|| parse::<Tokens>(black_box("14.8T"))));
    c.bench_function("parse a rate: 3.35 TB/s", |b| b.iter(|| parse::<BytesPerSecond>(black_box("3.35 TB/s"))));
}

fn questions(c: &mut Criterion) {
    let catalog = Catalog::built_in();
    c.bench_function("look a chip up by alias and read it", |b| b.iter(|| catalog.accelerator(black_box("h200"))));
    let Ok(question) = Question::about("deepseek-v3", &catalog) else { return };
    c.bench_function("answer deepseek-v3", |b| b.iter(|| answer(black_box(&question), &catalog)));
}

criterion_group!(benches, core, text, questions);
criterion_main!(benches);
