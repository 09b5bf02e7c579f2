//! The step model: one step, a layout search, a back-test, a calibration.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a bench ends where something is wrong

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

use flopbill::Catalog;
use flopbill::internals::calibration::backtest::{self, Known};
use flopbill::internals::calibration::calibrate::calibrate;
use flopbill::internals::hardware::optimizer::{Offload, Optimizer};
use flopbill::internals::hardware::precision::{Precision, States};
use flopbill::internals::input::question::Question;
use flopbill::internals::layout::fit::Reserve;
use flopbill::internals::layout::fixed::Fixed;
use flopbill::internals::layout::search::Space;
use flopbill::internals::layout::stages::CutBy;
use flopbill::internals::model::flops::Kernel;
use flopbill::internals::model::memory::Autograd;
use flopbill::internals::predict::Setting;
use flopbill::internals::rows::{runs as run_rows, steps};
use flopbill::internals::step::machine::Machine;
use flopbill::internals::step::perform;
use flopbill::internals::step::ranking::rank_within;
use flopbill::internals::step::stack::Stack;
use flopbill::internals::units::{Bytes, Chips, Fraction};

fn one_step(c: &mut Criterion) {
    let catalog = Catalog::built_in();
    let (Ok(rows), Ok(mut known)) = (steps::shipped(), Known::new(&catalog)) else { return };
    for (name, id) in [("step, dense", "dgxc-141"), ("step, mixture of experts", "ds-001")] {
        let Some(Ok(case)) = rows.iter().find(|row| row.id == id).map(|row| backtest::resolve(row, &mut known)) else {
            continue;
        };
        let Ok(factors) = known.calibration(&case.setting.family).map(|known| known.factors) else { continue };
        let setting = &case.setting;
        let (model, stack) = (&case.model, &setting.stack.stack);
        let step = || perform(black_box(model), black_box(&case.layout), &setting.machine, stack, &factors);
        c.bench_function(name, |b| b.iter(step));
    }
}

fn layouts(c: &mut Criterion) {
    let catalog = Catalog::built_in();
    let mut group = c.benchmark_group("layouts a second");
    for (model, chip, chips, batch, precision) in
        [("llama-3.1-405b", "h100", 1024, 512, Precision::Bf16), ("deepseek-v3", "h200", 2048, 15_360, Precision::Fp8)]
    {
        let (Ok(model), Ok(chip)) = (catalog.model(model), catalog.accelerator(chip)) else { continue };
        let Ok(machine) = Machine::of(&chip.chip) else { continue };
        let Ok(factors) = catalog.factors(&chip.chip.factors).map(|profile| profile.calibration.factors) else {
            continue;
        };
        let space = Space {
            shape: &model.shape,
            chips,
            global_batch: batch,
            seq_len: 4096,
            precision,
            states: States::MixedGradients16,
            optimizer: Optimizer::Adam,
            offload: Offload::None,
            kernel: Kernel::Fused,
            autograd: Autograd::Fused,
            ends_stay: false,
            cut: CutBy::Even,
            domain: machine.domain,
            node: machine.node,
            memory: machine.memory,
            reserve: Reserve { share: Fraction::new(0.05), workspace: Bytes::from_gb(2.0) },
        };
        let Ok(found) = rank_within(&space, &Fixed::default(), &machine, &Stack::CURRENT, &factors, 10) else {
            continue;
        };
        group.throughput(Throughput::Elements(found.considered));
        group.bench_function(&model.id, |b| {
            b.iter(|| rank_within(black_box(&space), &Fixed::default(), &machine, &Stack::CURRENT, &factors, 10))
        });
    }
    group.finish();
}

/// A setting with its range: all of it stated, and with recompute, micro-batch and virtual stages to weigh.
fn settings(c: &mut Criterion) {
    let catalog = Catalog::built_in();
    let whole = Question::default()
        .with("model", "llama-3-70b")
        .with("run.gpu", "h100")
        .with("run.chips", 512.0)
        .with("layout.tp", 4.0)
        .with("layout.pp", 4.0)
        .with("layout.dp", 32.0)
        .with("layout.cp", 1.0);
    let stated =
        ["layout.vpp", "layout.micro_batch"].iter().fold(whole.clone(), |question, path| question.with(path, 1.0));
    let stated = stated.with("layout.recompute", "none");
    for (name, question) in [("setting stated", stated), ("setting weighed", whole)] {
        let spec = question.spec().unwrap();
        let chip = catalog.accelerator("h100").unwrap();
        let setting = Setting::of(&spec, &chip, &catalog).unwrap().unwrap();
        let one = || (setting.on(black_box(Chips::new(512.0))), setting.software().spread());
        c.bench_function(name, |b| b.iter(one));
    }
}

fn history(c: &mut Criterion) {
    let catalog = Catalog::built_in();
    let (Ok(rows), Ok(runs)) = (steps::shipped(), run_rows::shipped()) else { return };
    let mut group = c.benchmark_group("history");
    group.sample_size(10);
    group.bench_function("back-test, steps and runs", |b| {
        b.iter_batched(
            || Known::new(&catalog),
            |known| known.map(|mut known| (backtest::steps(&rows, &mut known), backtest::runs(&runs, &mut known))),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("calibration with every source left out in turn", |b| b.iter(|| calibrate(&rows, &catalog)));
    group.finish();
}

criterion_group!(benches, one_step, layouts, settings, history);
criterion_main!(benches);
