//! Training that is not only pre-training: adapters, optimizers, what waits on the host.

use flopbill::internals::ask::layout::search as layout;
use flopbill::internals::input::question::Question;
use flopbill::internals::model::flops::{Causality, Choice, Counting, per_token};
use flopbill::internals::model::tuning::Tuning;

use super::doors::{catalog, of_model, through_every_door};

/// The leanest known layout's bytes on a chip, or why none fits.
fn gigabytes(question: &Question) -> Result<f64, String> {
    let found = layout(question, 1, catalog()).map_err(|error| error.to_string())?.reply();
    Ok(found.layouts[0].memory_bytes / 1e9)
}

fn on(model: &str, chip: &str, chips: f64) -> Question {
    Question::default().with("model", model).with("run.gpu", chip).with("run.chips", chips)
}

/// Dettmers et al. 2023, arXiv:2305.14314: a 65B model is tuned on one 48 GB card with weights of four bits, and its
/// 16-bit weights alone take 130 GB.
#[test]
fn qlora_of_65b_fits_on_one_48_gb_card_and_its_16_bit_lora_does_not() {
    let card = || {
        let one = on("llama-65b", "l40s", 1.0).with("run.optimizer", "paged-adam-8bit");
        one.with("run.sequence_length", "512").with("run.global_batch", "1seq").with("layout.micro_batch", "1")
    };
    let held = gigabytes(&card().with("run.tuning", "qlora")).expect("fits");
    assert!((33.0..48.0).contains(&held), "{held}");
    let refused = gigabytes(&card().with("run.tuning", "lora")).expect_err("130 GB do not fit");
    assert!(refused.contains("no layout on 1 chip fits"), "{refused}");
}

/// torchtune's recipe of a full 70B on eight A100: 16-bit weights, states paged to the host, the optimizer run in the
/// backward pass (51 GB are printed, without a length); with 16 bytes a parameter on the chip it does not fit.
#[test]
fn a_full_70b_fits_on_eight_cards_with_its_states_on_the_host() {
    let eight = |states: &str| {
        let one = on("llama-2-70b", "a100", 8.0).with("run.states", states).with("stack", "torchtitan-eager");
        let one = one.with("run.sequence_length", "4096").with("run.global_batch", "16seq");
        one.with("layout.zero", "3")
            .with("layout.tp", "1")
            .with("layout.micro_batch", "1")
            .with("layout.recompute", "full")
    };
    let held = gigabytes(&eight("weights-16bit")).expect("fits");
    assert!((25.0..60.0).contains(&held), "{held}");
    // By hand: 69 billion parameters on eight chips, two moments of 2 bytes each way over PCIe 4.0 at 32 GB/s.
    let optimizer = |question: &Question| {
        let reply = layout(question, 1, catalog()).unwrap().reply();
        reply.step.iter().find(|part| part.part == "optimizer").map_or(0.0, |part| part.seconds)
    };
    let paged = optimizer(&eight("weights-16bit"));
    assert!((2.1..2.3).contains(&paged), "{paged}");
    let eighth = optimizer(&eight("weights-16bit").with("run.optimizer", "adam-8bit"));
    assert!((1.05..1.25).contains(&eighth), "{eighth}");
    assert!(gigabytes(&eight("mixed-16bit-gradients")).is_err());
    let full = on("llama-2-70b", "a100", 8.0).with("run.states", "mixed-16bit-gradients");
    assert!(gigabytes(&full.clone().with("run.global_batch", "16seq")).is_err());
    // What waits on the host is not on the chip.
    assert!(gigabytes(&full.with("run.global_batch", "16seq").with("run.offload", "all")).is_ok());
}

#[test]
fn frozen_weights_take_two_passes_of_three() {
    let mut shape = catalog().model("llama-3-8b").unwrap().shape;
    let choice = Choice::Terms { causality: Causality::Causal, counting: Counting::Model };
    let full = per_token(&shape, 4096, choice);
    shape.tuning = Tuning::Lora(16);
    let lora = per_token(&shape, 4096, choice);
    assert_eq!(lora.mlp, full.mlp * (2.0 / 3.0));
    assert_eq!(lora.head, full.head * (2.0 / 3.0));
    assert_eq!(lora.attention_core, full.attention_core);
    // by hand: 16 (n + k) for queries, keys, values, out, and three matrices of 14336; six FLOPs each
    let adapters = 32.0 * 16.0 * (8192.0 + 2.0 * 5120.0 + 8192.0 + 3.0 * (4096.0 + 14_336.0));
    assert!((lora.beside.get() / (6.0 * adapters) - 1.0).abs() < 1e-12, "{:?}", lora.beside);
}

/// Less is kept and moved, and nothing else changes: each is at most as long, and holds at most as much.
#[test]
fn what_is_not_trained_costs_no_time_and_no_memory() {
    let of = |path: &'static str, value: &str| {
        let one = on("llama-3-8b", "h100", 8.0).with("run.sequence_length", "4096").with("run.global_batch", "64seq");
        let one = one.with("layout.tp", "1").with("layout.zero", "1").with("layout.micro_batch", "1");
        let one = one.with("layout.recompute", "full").with("layout.pp", "1");
        let found = layout(&one.with(path, value), 1, catalog()).unwrap().reply();
        (found.layouts[0].memory_bytes, found.layouts[0].step_seconds)
    };
    let full = of("run.tuning", "full");
    let lora = of("run.tuning", "lora");
    assert!(lora.0 < full.0 && lora.1 < full.1, "{lora:?} {full:?}");
    let qlora = of("run.tuning", "qlora");
    assert!(qlora.0 < lora.0 && qlora.1 > lora.1, "four bits are widened: {qlora:?} {lora:?}");
    let eight_bits = of("run.optimizer", "adam-8bit");
    let factored = of("run.optimizer", "adafactor");
    assert!(factored.0 < eight_bits.0 && eight_bits.0 < full.0);
    let muon = of("run.optimizer", "muon");
    assert!(muon.0 < full.0 && muon.1 > full.1 * 0.999, "{muon:?} {full:?}");
    let offloaded = of("run.offload", "optimizer");
    assert!(offloaded.0 < full.0 && offloaded.1 > full.1);
    let on_host = of("run.offload", "activations");
    assert!(on_host.0 < full.0 && on_host.1 >= full.1);
}

#[test]
fn tuning_is_answered_alike_through_every_door() {
    let tuned = [
        ("run.tuning", "lora"),
        ("run.tuning", "qlora"),
        ("run.optimizer", "adam-8bit"),
        ("run.optimizer", "muon"),
        ("run.offload", "optimizer"),
        ("run.offload", "activations"),
    ];
    for (model, tokens) in [("llama-3-8b", "10B"), ("mixtral-8x7b", "10B"), ("qwen3.5-35b-a3b", "10B")] {
        for (path, value) in tuned {
            let question = of_model(model, tokens, "h100", 64.0).with(path, value);
            assert!(through_every_door(&format!("{model}, {path} {value}"), &question).is_some());
        }
    }
}

#[test]
fn a_rank_without_adapters_is_refused() {
    let error = layout(&on("llama-3-8b", "h100", 8.0).with("run.lora_rank", "8"), 1, catalog()).expect_err("refused");
    assert!(
        error.to_string().contains("run.lora_rank") && error.hint().is_some_and(|hint| hint.contains("--tuning lora"))
    );
}
