//! How layers lie on stages: all of them, in order, and about as well as any cut could.

use flopbill::internals::catalog::Kind;
use flopbill::internals::layout::parallelism::{Layout, Schedule};
use flopbill::internals::layout::stages::{Cut, Stages};
use flopbill::internals::model::architecture::{Architecture, Ends};
use flopbill::internals::model::flops::{Causality, forward};
use flopbill::internals::model::layers::Layers;
use proptest::prelude::{TestCaseError, prop_assert, prop_assert_eq, proptest};

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

/// What the head and the modules beside it multiply for a token.
fn head(shape: &Architecture) -> f64 {
    let all = forward(shape, SEQ_LEN, Causality::Causal);
    (all.head + all.mtp).get()
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

/// Stages are cut by count, and the ends by what stands there: where FLOPs are what a layer costs, no model's slowest stage
/// has over a twentieth and a bit more to do than under the best cut in order. With as many layers on each, a head may
/// double it.
#[test]
fn a_cut_is_near_the_best_one() {
    let catalog = super::doors::catalog();
    let mut worst = [1.0f64; 2];
    for id in catalog.ids(Kind::Models) {
        let shape = catalog.model(&id).unwrap().shape;
        let layers = shape.layers.len();
        let (costs, head) = (costs(&shape), head(&shape));
        let mean = costs.iter().sum::<f64>() / f64::from(layers);
        for pp in [2, 4, 8, 16].into_iter().filter(|pp| *pp <= layers / 2) {
            let best = best(pp, &costs, head);
            let even = Layout { pp, ..Layout::single(SEQ_LEN) };
            let by_cost = Layout { cut: Stages::by_cost(&even, layers, [0.0, head / mean]), ..even };
            for (layout, worst) in [even, by_cost].into_iter().zip(&mut worst) {
                let over = slowest(&Stages::of(&layout, layers), pp, &costs, head) / best;
                assert!(over >= 1.0 - 1e-9, "{id} on {pp} stages, {:?}: {over} of the best", layout.cut);
                *worst = worst.max(over);
            }
        }
    }
    let [even, by_cost] = worst;
    assert!(even > 1.5 && by_cost < 1.06, "{even} {by_cost}");
}

/// A cut by cost is worth it for every schedule, and has what virtual stages need.
fn is_sound(pp: u32, layers: u32, vpp: u32, schedule: Schedule, ends: [f64; 2]) -> Result<(), TestCaseError> {
    let even = Layout { pp, vpp, schedule, ..Layout::single(SEQ_LEN) };
    let cut = Layout { cut: Stages::by_cost(&even, layers, ends), ..even };
    let chips = |layout: &Layout| {
        let stages = Stages::of(layout, layers);
        let on = |stage: u32| match stage {
            0 => f64::from(stages.on(0)) + ends[0],
            _ if stage + 1 == pp => f64::from(stages.on(stage)) + ends[1],
            _ => f64::from(stages.on(stage)),
        };
        let held = |stage| match schedule {
            Schedule::DualPipe => 0.5 * (on(stage) + on(pp - 1 - stage)),
            _ => on(stage),
        };
        (0..pp).map(held).fold(0.0, f64::max)
    };
    prop_assert!(cut.cut == Cut::Even || chips(&cut) < 0.95 * chips(&even) + 1e-9, "{:?}", cut.cut);
    let stages = Stages::of(&cut, layers);
    let mut before = 0;
    for stage in 0..pp {
        prop_assert_eq!(stages.before(stage), before);
        prop_assert!(stages.on(stage) <= stages.most());
        if let Cut::Ends { first, last } = cut.cut {
            prop_assert!(stages.on(stage) > 0 && first >= vpp.max(2) - 1 && last >= vpp.max(2) - 1);
        }
        before += stages.on(stage);
    }
    prop_assert_eq!((before, stages.before(pp)), (layers, layers));
    Ok(())
}

proptest! {
    #[test]
    fn every_layer_is_on_one_stage(
        layers in 1u32..300, pp in 2u32..100, vpp in 1u32..5, first in 0.0..20.0f64, last in 0.0..30.0f64, dual: bool,
    ) {
        let schedule = if dual { Schedule::DualPipe } else { Schedule::OneFOneB };
        is_sound(pp.min(layers).max(2), layers.max(2), vpp, schedule, [first, last])?;
    }
}
