//! How layers lie on stages: all of them, in order, and about as well as any cut could.

use flopbill::internals::catalog::Kind;
use flopbill::internals::layout::parallelism::{Layout, Schedule};
use flopbill::internals::layout::stages::{Cut, Stages};
use flopbill::internals::model::architecture::{Architecture, Ends};
use flopbill::internals::model::flops::{Causality, ends_in_layers, forward};
use flopbill::internals::model::layers::Layers;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

const SEQ_LEN: u32 = 4096;

/// What each layer multiplies for a token, first to last.
fn costs(shape: &Architecture) -> Vec<f64> {
    let alone = |layer| Architecture {
        layers: Layers::uniform(layer, 1),
        vocab: 1,
        mtp_modules: 0,
        ends: Ends::default(),
        ..shape.clone()
    };
    let cost = |layer| {
        let all = forward(&alone(layer), SEQ_LEN, Causality::Causal);
        (all.total() - all.head).get()
    };
    shape.layers.in_depth().map(|layer| cost(*layer)).collect()
}

/// The slowest of these stages, of layers that cost so much, with the head on the last.
fn slowest(stages: &Stages, pp: u32, costs: &[f64], head: f64) -> f64 {
    let on = |stage: u32| {
        let start = stages.before(stage) as usize;
        let own: f64 = costs[start..start + stages.on(stage) as usize].iter().sum();
        if stage + 1 == pp { own + head } else { own }
    };
    (0..pp).map(on).fold(0.0, f64::max)
}

/// The slowest stage of the best cut in order with a layer at least on each.
fn best(pp: u32, costs: &[f64], head: f64) -> f64 {
    let fits = |most: f64| {
        // From the back: the head takes its part of the last stage.
        let (mut stages, mut room) = (1, most - head);
        for (n, cost) in costs.iter().rev().enumerate() {
            if *cost > room && n > 0 {
                (stages, room) = (stages + 1, most);
            }
            room -= cost;
            if room < -1e-9 * most {
                return false;
            }
        }
        stages <= pp
    };
    let (mut low, mut high) = (0.0, costs.iter().sum::<f64>() + head);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if fits(middle) { high = middle } else { low = middle }
    }
    high
}

/// Stages are cut by count, and the last by its head: no model's slowest stage has over a twentieth and a bit more to do
/// than under the best cut in order. With as many layers on each, a head may double it.
#[test]
fn a_cut_is_near_the_best_one() {
    let catalog = super::doors::catalog();
    let mut worst = [1.0f64; 2];
    for id in catalog.ids(Kind::Models) {
        let shape = catalog.model(&id).unwrap().shape;
        let layers = shape.layers.len();
        let (costs, head) = (costs(&shape), ends_in_layers(&shape, SEQ_LEN)[1]);
        let mean = costs.iter().sum::<f64>() / f64::from(layers);
        for pp in [2, 4, 8, 16].into_iter().filter(|pp| *pp <= layers / 2) {
            let best = best(pp, &costs, head * mean);
            for (cut, worst) in [Cut::Even, Cut::ByCost].into_iter().zip(&mut worst) {
                let layout = Layout { pp, cut, ..Layout::single(SEQ_LEN) };
                let over = slowest(&Stages::of(&layout, layers, [0.0, head]), pp, &costs, head * mean) / best;
                assert!(over >= 1.0 - 1e-9, "{id} on {pp} stages, {cut:?}: {over} of the best");
                *worst = worst.max(over);
            }
        }
    }
    let [even, by_cost] = worst;
    assert!(even > 1.5 && by_cost < 1.06, "{even} {by_cost}");
}

proptest! {
    #[test]
    fn every_layer_is_on_one_stage(
        layers in 1u32..300, pp in 1u32..100, tower in 0.0..20.0f64, head in 0.0..30.0f64, by_cost: bool, dual: bool,
    ) {
        let cut = if by_cost { Cut::ByCost } else { Cut::Even };
        let schedule = if dual { Schedule::DualPipe } else { Schedule::OneFOneB };
        let pp = pp.min(layers);
        let stages = Stages::of(&Layout { pp, cut, schedule, ..Layout::single(SEQ_LEN) }, layers, [tower, head]);
        let mut before = 0;
        for stage in 0..pp {
            prop_assert_eq!(stages.before(stage), before);
            prop_assert!(stages.on(stage) <= stages.most());
            before += stages.on(stage);
        }
        prop_assert_eq!((before, stages.before(pp)), (layers, layers));
        prop_assert!((0..pp).any(|stage| stages.on(stage) == stages.most()));
    }
}
