//! Layouts that ran must fit, layouts that cannot run must say why, and advice must help.

use flopbill::internals::catalog::Catalog;
use flopbill::internals::error::Kind;
use flopbill::internals::hardware::precision::{Precision, States};
use flopbill::internals::layout::fit::{Reserve, fit};
use flopbill::internals::layout::parallelism::{Layout, Schedule, ShardGroup, ZeroStage};
use flopbill::internals::layout::remedies::remedies;
use flopbill::internals::model::architecture::Architecture;
use flopbill::internals::model::flops::{Kernel, Recompute};
use flopbill::internals::units::{Bytes, Fraction};

const RESERVE: Reserve = Reserve { share: Fraction::new(0.0), workspace: Bytes::new(3e9) };

fn shape(id: &str) -> Architecture {
    Catalog::built_in().model(id).unwrap_or_else(|error| panic!("{id}: {error}")).shape
}

fn gib(gib: f64) -> Bytes {
    Bytes::new(gib * 1024f64.powi(3))
}

/// Korthikanti et al. ran these on 80 GB chips; with neither technique none of them fits (their figure 1).
/// What is wrong with a layout is said in the same words wherever it is asked for.
#[test]
fn one_diagnosis_for_every_door() {
    for (chips, field, value) in
        [(64.0, "layout.tp", "3"), (8.0, "layout.tp", "16"), (8.0, "layout.pp", "1"), (64.0, "layout.pp", "200")]
    {
        let asked = flopbill::Input::new().model("llama-3-70b").gpu("h100").chips(chips).set(field, value);
        let by_layout = flopbill::LayoutRequest::new(asked.clone()).ask(super::doors::catalog());
        let estimate = flopbill::EstimateRequest::new(asked.tokens("1T"));
        let by_estimate = estimate.ask(super::doors::catalog());
        let says = |error: &flopbill::Error| {
            error.each().map(|one| (one.message().to_owned(), one.hint().map(str::to_owned))).collect::<Vec<_>>()
        };
        let (one, other) = (by_layout.map(drop).unwrap_err(), by_estimate.map(drop).unwrap_err());
        assert_eq!(says(&one), says(&other), "{field} = {value} on {chips}");
    }
}

#[test]
fn layouts_that_are_asked_for_are_from_one_to_a_thousand() {
    let input = || flopbill::Input::new().model("llama-3-8b").gpu("h100").chips(64);
    for top in [0, 1001] {
        let error = flopbill::LayoutRequest::new(input()).top(top).ask(super::doors::catalog()).unwrap_err();
        assert!(error.message().contains("from 1 to 1000"), "{error}");
    }
}

#[test]
fn korthikanti_fits_with_selective_recompute_and_not_without() {
    let old = Layout {
        tp: 8,
        kernel: Kernel::Unfused,
        precision: Precision::Fp16,
        sequence_parallel: true,
        recompute: Recompute::Selective,
        ..Layout::single(2048)
    };
    let interleaved = Schedule::Interleaved;
    let cases = [
        ("megatron-22b", Layout { micro_batch: 4, global_batch: 4, ..old }),
        ("megatron-175b", Layout { pp: 8, vpp: 3, schedule: interleaved, global_batch: 64, ..old }),
        ("mt-nlg-530b", Layout { pp: 35, vpp: 3, schedule: interleaved, global_batch: 280, ..old }),
        ("megatron-1t", Layout { pp: 64, global_batch: 512, ..old }),
    ];
    for (id, layout) in cases {
        let shape = shape(id);
        layout.check(&shape, layout.chips()).unwrap_or_else(|error| panic!("{id}: {error}"));
        let ran = fit(&shape, &layout, gib(80.0), &RESERVE);
        assert!(ran.fits(), "{id}: {ran:?}");
        let none = Layout { recompute: Recompute::None, sequence_parallel: false, ..layout };
        let without = fit(&shape, &none, gib(80.0), &RESERVE);
        // The paper's figure 7: both techniques together cut activations about fivefold.
        let saved = without.activations / ran.activations;
        assert!((3.5..6.5).contains(&saved), "{id}: {saved}");
        assert!(!without.fits(), "{id}: {without:?}");
    }
}

/// Published layouts of whole runs, which evidently fitted.
#[test]
fn published_runs_fit() {
    let v3 = Layout {
        pp: 16,
        dp: 128,
        ep: 64,
        global_batch: 15_360,
        zero: ZeroStage::Optimizer,
        schedule: Schedule::DualPipe,
        precision: Precision::Fp8,
        states: States::Fp8Moments16,
        recompute: Recompute::Selective,
        ..Layout::single(4096)
    };
    let llama = Layout {
        tp: 8,
        pp: 16,
        dp: 128,
        global_batch: 2048,
        zero: ZeroStage::Gradients,
        sequence_parallel: true,
        ..Layout::single(8192)
    };
    for (id, layout, chips) in [("deepseek-v3", v3, 2048), ("llama-3.1-405b", llama, 16_384)] {
        let shape = shape(id);
        layout.check(&shape, chips).unwrap_or_else(|error| panic!("{id}: {error}"));
        let held = fit(&shape, &layout, gib(80.0), &RESERVE);
        assert!(held.fits(), "{id}: {held:?}");
        assert!(held.total > gib(40.0), "{id} fills most of the chip: {held:?}");
    }
}

#[test]
fn a_layout_that_cannot_be_names_its_field() {
    let dense = shape("llama-3-70b");
    let mixture = shape("deepseek-v3");
    let base = Layout { dp: 8, global_batch: 64, ..Layout::single(4096) };
    let wrong = [
        ("layout: 8 chips", &dense, base, 7),
        ("layout.tp: 0", &dense, Layout { tp: 0, ..base }, 8),
        ("layout.tp: 4294967295", &dense, Layout { tp: u32::MAX, ..base }, 8),
        ("layout.tp: 3", &dense, Layout { tp: 3, ..base }, 24),
        ("layout.pp: 128", &dense, Layout { pp: 128, ..base }, 1024),
        ("layout.vpp: 50", &dense, Layout { pp: 2, vpp: 50, schedule: Schedule::Interleaved, ..base }, 16),
        ("layout.vpp: 2", &dense, Layout { pp: 2, vpp: 2, ..base }, 16),
        ("layout.pp: 1 stage cannot", &dense, Layout { vpp: 2, schedule: Schedule::Interleaved, ..base }, 8),
        ("layout.pp: 5", &dense, Layout { pp: 5, schedule: Schedule::DualPipe, ..base }, 40),
        ("layout.cp: 3", &dense, Layout { cp: 3, ..base }, 24),
        ("layout.ep: 2", &dense, Layout { ep: 2, ..base }, 8),
        ("layout.ep: 3", &mixture, Layout { ep: 3, ..base }, 8),
        ("layout.ep: 16", &mixture, Layout { ep: 16, ..base }, 8),
        ("layout.etp: 3", &mixture, Layout { etp: 3, ..base }, 8),
        ("layout.global_batch: 64", &dense, Layout { micro_batch: 9, ..base }, 8),
        ("layout.micro_batch: 0", &dense, Layout { micro_batch: 0, ..base }, 8),
        ("layout.seq_len: 0", &dense, Layout { seq_len: 0, ..base }, 8),
        ("layout.shard_group: 3", &dense, Layout { shard_group: ShardGroup::Chips(3), ..base }, 8),
        ("layout.shard_group: 0", &dense, Layout { shard_group: ShardGroup::Chips(0), ..base }, 8),
    ];
    for (says, shape, layout, chips) in wrong {
        let error = layout.check(shape, chips).expect_err(says);
        assert_eq!(error.kind(), Kind::BadInput);
        assert!(error.each().any(|error| error.message().starts_with(says)), "{says}: {error}");
        assert!(!layout.is_legal(shape, chips), "{says}");
    }
    // Chips may idle, and replicas may have unequal batches.
    for layout in [base, Layout { dp: 7, ..base }, Layout { micro_batch: 3, ..base }] {
        assert!(layout.is_legal(&dense, 8) && layout.check(&dense, 16).is_ok());
    }
}

#[test]
fn advice_makes_it_fit_with_the_same_chips() {
    for (id, layout) in [
        ("llama-3-70b", Layout { dp: 64, global_batch: 256, micro_batch: 4, ..Layout::single(8192) }),
        ("llama-3.1-405b", Layout { tp: 8, dp: 128, global_batch: 512, ..Layout::single(8192) }),
        ("deepseek-v3", Layout { dp: 512, ep: 8, global_batch: 4096, ..Layout::single(4096) }),
        (
            "llama-3-8b",
            Layout { dp: 8, global_batch: 64, zero: ZeroStage::Optimizer, micro_batch: 2, ..Layout::single(8192) },
        ),
    ] {
        let shape = shape(id);
        let before = fit(&shape, &layout, gib(80.0), &RESERVE);
        assert!(!before.fits() && before.over().get() > 0.0, "{id}: {before:?}");
        let advice = remedies(&shape, &layout, gib(80.0), &RESERVE);
        let last = advice.last().unwrap_or_else(|| panic!("{id}: no advice"));
        assert!(last.fit.fits(), "{id}: {last:?}");
        for remedy in &advice {
            assert!(remedy.layout.is_legal(&shape, layout.chips()), "{id}: {}", remedy.change);
            assert!(remedy.fit.total < before.total, "{id}: {}", remedy.change);
        }
    }
}

#[test]
fn no_advice_where_nothing_helps() {
    let layout = Layout { recompute: Recompute::Full, ..Layout::single(4096) };
    assert!(remedies(&shape("deepseek-v3"), &layout, gib(80.0), &RESERVE).is_empty());
}

#[test]
fn splitting_more_never_holds_more() {
    let shape = shape("mixtral-8x22b");
    let base = Layout { tp: 2, pp: 4, dp: 8, global_batch: 64, sequence_parallel: true, ..Layout::single(4096) };
    let total = |layout: Layout| fit(&shape, &layout, gib(80.0), &RESERVE).total;
    let zero = |zero| Layout { zero, ..base };
    assert!(total(zero(ZeroStage::Optimizer)) < total(base));
    assert!(total(zero(ZeroStage::Gradients)) < total(zero(ZeroStage::Optimizer)));
    assert!(total(zero(ZeroStage::Weights)) < total(zero(ZeroStage::Gradients)));
    let hybrid = Layout { shard_group: ShardGroup::Chips(2), ..zero(ZeroStage::Optimizer) };
    assert!(total(hybrid) > total(zero(ZeroStage::Optimizer)) && total(hybrid) < total(base));
    assert!(total(Layout { ep: 8, ..base }) < total(base));
    let again = |recompute| Layout { recompute, ..base };
    assert!(total(again(Recompute::Full)) < total(again(Recompute::Selective)));
    assert!(total(again(Recompute::Selective)) < total(again(Recompute::None)));
}
