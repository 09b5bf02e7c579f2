//! What the fullest stage is, looked for at every stage.

use super::*;
use crate::model::architecture::Ends;
use crate::model::layers::{self, Layer};
use crate::model::mixer::Mixer;
use crate::model::mixer::grouped::Grouped;
use crate::model::mlp::{Dense, Experts, Mlp};
use crate::model::params;
use crate::model::tower::Towers;
use crate::model::tuning::Tuning;

const NONE: Reserve = Reserve { share: Fraction::ZERO, workspace: Bytes::ZERO };

/// Dense layers first, and then every so many with experts.
fn shape(layers: u32, experts: Option<(Experts, u32, u32)>) -> Architecture {
    let attention = Mixer::Grouped(Grouped::plain(32, 8, 128));
    let dense = Layer { norms: 8192, ..Layer::new(attention, Mlp::Dense(Dense { width: 14_336, gated: true })) };
    let layers = match experts {
        None => layers::Layers::uniform(dense, layers),
        Some((experts, leading, every)) => {
            let mut cycle = vec![dense; every as usize];
            *cycle.last_mut().expect("one at least") = Layer { mlp: Mlp::Moe(experts), ..dense };
            layers::Layers::repeated(dense, leading, &cycle, layers)
        }
    };
    Architecture {
        hidden: 4096,
        vocab: 128_000,
        layers,
        tied_embeddings: false,
        learned_positions: 0,
        ends: Ends { norms: 4096, ..Ends::default() },
        mtp_modules: 0,
        document: 0,
        tuning: Tuning::Full,
        towers: Towers::default(),
    }
}

fn parts<'a>(layers: &'a Layers<'a>, layout: &'a Layout) -> Parts<'a> {
    Parts::of(layers, layout, Bytes::ZERO, &NONE)
}

/// The stages that `fit` looks at hold the fullest of all stages.
#[test]
fn no_stage_is_fuller_than_the_one_returned() {
    let experts = Experts { shared_width: 2816, ..Experts::routed(64, 6, 1408) };
    let moe = |leading, every| Some((experts, leading, every));
    for experts in [None, moe(0, 1), moe(1, 1), moe(3, 1), moe(0, 2), moe(9, 1), moe(20, 1), moe(2, 3)] {
        for layers in [32, 61, 48, 47, 126, 80] {
            for (pp, schedule) in [
                (1, Schedule::OneFOneB),
                (2, Schedule::DualPipe),
                (8, Schedule::OneFOneB),
                (16, Schedule::DualPipe),
                (16, Schedule::ZeroBubble),
                (16, Schedule::OneFOneB),
                (26, Schedule::OneFOneB),
                (26, Schedule::DualPipe),
                (27, Schedule::ZeroBubble),
                (30, Schedule::OneFOneB),
            ] {
                let shape = shape(layers, experts);
                for ends in [[0.0, 0.0], [0.0, 3.0], [5.0, 2.0]] {
                    let layout = Layout { pp, schedule, global_batch: 64, ..Layout::single(4096) };
                    let cut = Stages::by_cost(&layout, layers, ends);
                    let layout = Layout { cut, ..layout };
                    // A head of some layers, beside which fewer lie.
                    let shape = Architecture { vocab: 500_000, ..shape.clone() };
                    let found = fit(&shape, &layout, Bytes::from_gb(80.0), &NONE).total;
                    let held = Layers::of(&shape, &layout);
                    let parts = parts(&held, &layout);
                    let all = (0..pp).map(|stage| parts.stage(stage).total);
                    let fullest = all.fold(Bytes::ZERO, Bytes::max);
                    let what = format!("{experts:?} {layers} on {pp} {schedule:?} {cut:?}");
                    assert!((found / fullest - 1.0).abs() < 1e-12, "{what}");
                }
            }
        }
    }
}

/// All stages together hold every parameter once.
#[test]
fn stages_hold_the_whole_model() {
    for layers in [32, 61] {
        let shape = shape(layers, Some((Experts::routed(8, 2, 2048), 3, 1)));
        let layout = Layout { pp: 16, global_batch: 16, ..Layout::single(4096) };
        let held = Layers::of(&shape, &layout);
        let parts = parts(&held, &layout);
        let held: f64 = (0..16).map(|stage| parts.held(stage).0).map(|held| held.shared + held.experts).sum();
        let last_norm = 4096.0;
        assert_eq!(held + last_norm, params::count(&shape).total().get());
    }
}
