//! Memory against what was measured: peaks on one chip, and layouts that ran or ran out.

use flopbill::internals::calibration::backtest::{Known, MemoryReport, MemoryResult, memory};
use flopbill::internals::catalog::Catalog;
use flopbill::internals::catalog::memory_spread::memory_spread;
use flopbill::internals::hardware::precision::{Precision, States};
use flopbill::internals::layout::fit::fit;
use flopbill::internals::layout::parallelism::{Layout, ZeroStage};
use flopbill::internals::model::architecture::Architecture;
use flopbill::internals::model::flops::{Kernel, Recompute};
use flopbill::internals::model::memory::{Autograd, Keeping, MicroBatch, layer, logits, unused_blocks};
use flopbill::internals::predict::RESERVE;
use flopbill::internals::predict::headroom::{Headroom, held, reserved};
use flopbill::internals::rows::memory as memory_rows;
use flopbill::internals::units::{Bytes, Quantity as _};

fn report() -> MemoryReport {
    let rows = memory_rows::shipped().expect("the table reads");
    let mut known = Known::new(&Catalog::built_in()).expect("the factors read");
    let report = memory(&rows, &mut known);
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    report
}

/// The rows as a table.
fn table(rows: &[&MemoryResult]) -> String {
    let mut text = String::from("\n");
    for row in rows {
        let measured = row.measured_gib.map_or(String::new(), |gib| format!("{gib:.1}"));
        let error = row.error.map_or(String::new(), |error| format!("{:+.1} %", 100.0 * error));
        let ran = row.ran.map_or("", |ran| if ran { "ran" } else { "ran out" });
        let wrong = if row.is_wrong() { "WRONG" } else { "" };
        text += &format!(
            "{:8} {:24} {:8.1} {measured:>8} {error:>8} of {:5.1} fits {:4.0} % {ran:8} {wrong:6} {}\n",
            row.id,
            row.stack,
            row.predicted_gib,
            row.of_gib,
            100.0 * row.fit_probability,
            row.choices.join(", "),
        );
    }
    text
}

fn mean(rows: &[&MemoryResult]) -> f64 {
    let errors: Vec<f64> = rows.iter().filter_map(|row| row.error).map(f64::abs).collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}

#[test]
fn peaks_and_verdicts_are_as_measured() {
    let report = report();
    let of = |sources: &[&str]| -> Vec<&MemoryResult> {
        report.rows.iter().filter(|row| sources.iter().any(|source| row.source.starts_with(source))).collect()
    };
    let all: Vec<&MemoryResult> = report.rows.iter().collect();
    let eager = of(&["pytorch/torchtitan", "meta-pytorch/torchtune"]);
    let megatron = of(&["MooreThreads/SimuMax"]);
    println!("{}eager {:.3}, Megatron {:.3}, wrong {}", table(&all), mean(&eager), mean(&megatron), report.wrong);
    assert_eq!((eager.len(), megatron.len(), report.verdicts), (24, 9, 42));
    assert!(mean(&eager) <= 0.10, "{}", table(&eager));
    assert!(mean(&megatron) <= 0.04, "{}", table(&megatron));
    assert!(report.wrong <= 1, "{}", table(&all));
}

#[test]
fn the_shipped_spread_is_that_of_the_residuals() {
    let spread = memory_spread(&Catalog::built_in()).unwrap();
    let logs: Vec<f64> = report().rows.iter().filter_map(|row| Some(row.error?.ln_1p().powi(2))).collect();
    let found = (logs.iter().sum::<f64>() / logs.len() as f64).sqrt();
    assert!((0.7..=1.0).contains(&(found / spread.measured)), "{found} beside {}", spread.measured);
    assert!(spread.other > spread.measured);
    let stacks = Catalog::built_in().ids(flopbill::internals::catalog::Kind::Stacks);
    assert!(spread.stacks.iter().all(|stack| stacks.contains(stack)), "{:?}", spread.stacks);
}

fn llama_8b() -> Architecture {
    Catalog::built_in().model("llama-3-8b").unwrap().shape
}

fn plain(autograd: Autograd, tp: u32, recompute: Recompute) -> Keeping {
    let (kernel, precision) = (Kernel::Fused, Precision::Bf16);
    Keeping { autograd, tp, etp: 1, sequence_parallel: tp > 1, kernel, recompute, precision }
}

#[test]
fn a_layer_of_llama_under_pytorch_by_hand() {
    let batch = MicroBatch { tokens: 1.0, seq_len: 8192.0 };
    let of = |autograd, tp, recompute| {
        layer(4096, &llama_8b().layers.kinds()[0], batch, &plain(autograd, tp, recompute)).get()
    };
    // input 4096, q 4096, v 1024, gate 14336, down 4096 and the core's output 4096 in 16 bits, a logarithm a head
    assert_eq!(of(Autograd::Eager, 1, Recompute::Selective), 2.0 * 31_744.0 + 4.0 * 32.0);
    // without the last product's output
    assert_eq!(of(Autograd::Compiled, 1, Recompute::Selective), 2.0 * 27_648.0 + 4.0 * 32.0);
    // split eight ways: input and two scattered 512 each, q and the core's output 512, v 128, gate 1792, down whole
    assert_eq!(
        of(Autograd::Eager, 8, Recompute::Selective),
        2.0 * (3.0 * 512.0 + 1024.0 + 128.0 + 1792.0 + 4096.0) + 16.0
    );
    assert_eq!(of(Autograd::Eager, 1, Recompute::Full), 2.0 * 4096.0);
    // two norms of 4 + 2 bytes between their operations, and a gate's output, beyond compiled code
    let more = of(Autograd::Eager, 1, Recompute::None) - of(Autograd::Compiled, 1, Recompute::None);
    assert_eq!(more, 2.0 * 6.0 * 4096.0 + 2.0 * 14_336.0);
}

#[test]
fn the_loss_of_plain_pytorch_holds_twelve_bytes_a_score_and_sixteen_where_the_vocabulary_is_split() {
    let (vocab, hidden) = (128_256.0, 4096.0);
    let of = |tp| logits(&llama_8b(), vocab, 1.0, &plain(Autograd::Eager, tp, Recompute::Full)).get();
    assert_eq!(of(1), 12.0 * vocab + 4.0 * hidden);
    assert_eq!(of(8), 16.0 * vocab / 8.0 + 2.0 * hidden * (1.0 + 1.0 / 8.0));
    assert_eq!(unused_blocks(vocab, 1.0, &plain(Autograd::Eager, 8, Recompute::Full)).get(), 2.0 * vocab / 8.0);
    assert_eq!(unused_blocks(vocab, 1.0, &plain(Autograd::Fused, 8, Recompute::Full)), Bytes::ZERO);
}

/// Llama 3 8B on eight chips under FSDP: states and what is gathered.
fn fsdp(micro_batches: u32, zero: ZeroStage, ends_stay: bool) -> Layout {
    Layout {
        dp: 8,
        global_batch: 8 * micro_batches,
        zero,
        autograd: Autograd::Compiled,
        ends_stay,
        states: States::Fp32,
        recompute: Recompute::Full,
        ..Layout::single(8192)
    }
}

#[test]
fn fsdp_holds_sixteen_bytes_a_parameter_and_gathers_two_layers_and_the_ends() {
    let (params, layer, ends) = (8.030e9, 218.1e6, 2.0 * 128_256.0 * 4096.0);
    let of = |layout: &Layout| fit(&llama_8b(), layout, Bytes::from_gb(80.0), &RESERVE);
    let near = |found: Bytes, by_hand: f64| assert!((found.get() / by_hand - 1.0).abs() < 2e-3, "{found:?} {by_hand}");
    let split = of(&fsdp(1, ZeroStage::Weights, true));
    // fullest at the loss: the ends and one layer in 16 bits
    assert!(split.logits > Bytes::ZERO);
    near(split.weights, params * 4.0 / 8.0 + 2.0 * (ends + layer));
    near(split.gradients, params * 4.0 / 8.0);
    near(split.optimizer, params * 8.0 / 8.0);
    // weights that stay gathered, and gradients that add up whole
    let kept = of(&fsdp(2, ZeroStage::Gradients, true));
    near(kept.weights, params * (4.0 / 8.0 + 2.0));
    near(kept.gradients, params * (4.0 / 8.0 + 4.0) + 6.0 * layer);
    let released = of(&fsdp(1, ZeroStage::Weights, false));
    near(split.weights - released.weights, ends); // half of it, in 16 bits
}

#[test]
fn the_chance_of_a_fit_is_even_where_what_is_needed_is_what_there_is() {
    let found = fit(&llama_8b(), &fsdp(1, ZeroStage::Weights, true), Bytes::from_gb(80.0), &RESERVE);
    let needed = held(&found) * 1.025 + RESERVE.workspace;
    let chance = |capacity: Bytes, spread: f64| {
        let found = fit(&llama_8b(), &fsdp(1, ZeroStage::Weights, true), capacity, &RESERVE);
        Headroom::of(&found, spread).probability
    };
    assert!((chance(needed, 0.06) - 0.5).abs() < 1e-9);
    // one standard deviation more
    let more = held(&found) * 1.025 * 0.06f64.exp() + RESERVE.workspace;
    assert!((chance(more, 0.06) - 0.841_344_7).abs() < 1e-6);
    assert!(chance(more, 0.12) < chance(more, 0.06));
    assert!(chance(Bytes::from_base(1.0), 0.06) < 1e-9);
    assert!(reserved(&found) > held(&found) + found.unused);
    assert_eq!(Headroom::of(&found, 0.06).margin, found.capacity - found.total);
}
