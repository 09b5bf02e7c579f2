//! The search over layouts: more chips never take longer, what is found is legal, and a search over all finds no better.

use flopbill::internals::catalog::Catalog;
use flopbill::internals::hardware::optimizer::{Offload, Optimizer};
use flopbill::internals::hardware::precision::{Precision, States};
use flopbill::internals::layout::fit::{Reserve, fit};
use flopbill::internals::layout::fixed::Fixed;
use flopbill::internals::layout::parallelism::{Layout, Schedule, ZeroStage};
use flopbill::internals::layout::replicas::Replicas;
use flopbill::internals::layout::search::{Ranked, Space, Timing, search};
use flopbill::internals::model::architecture::Architecture;
use flopbill::internals::model::flops::{Kernel, Recompute};
use flopbill::internals::model::layers::Layer;
use flopbill::internals::model::memory::Autograd;
use flopbill::internals::model::mixer::grouped::Grouped;
use flopbill::internals::model::mlp::{Experts, Mlp};
use flopbill::internals::model::outline::{Attention, Mixtures, Outline};
use flopbill::internals::step::bound::LowerBound;
use flopbill::internals::step::efficiency::Factors;
use flopbill::internals::step::losses::{Loss, Losses};
use flopbill::internals::step::machine::Machine;
use flopbill::internals::step::perform;
use flopbill::internals::step::ranking::rank_within;
use flopbill::internals::step::stack::Stack;
use flopbill::internals::step::workload::Workload;
use flopbill::internals::units::{Bytes, Fraction};

use super::invariants::Dice;

const RECOMPUTES: [Recompute; 3] = [Recompute::None, Recompute::Selective, Recompute::Full];

/// A chip, its factors and what is searched on it.
struct Bed {
    machine: Machine,
    factors: Factors,
    shape: Architecture,
    batch: u32,
    memory: Bytes,
}

impl Bed {
    fn new(shape: Architecture, batch: u32) -> Self {
        let catalog = Catalog::built_in();
        let machine = Machine::of(&catalog.accelerator("h100").unwrap().chip).unwrap();
        let factors = catalog.factors("hopper").unwrap().calibration.factors;
        Self { machine, factors, shape, batch, memory: machine.memory }
    }

    fn space(&self, chips: u32) -> Space<'_> {
        Space {
            shape: &self.shape,
            chips,
            global_batch: self.batch,
            seq_len: 4096,
            precision: Precision::Bf16,
            states: States::MixedGradients16,
            optimizer: Optimizer::Adam,
            offload: Offload::None,
            kernel: Kernel::Fused,
            autograd: Autograd::Fused,
            ends_stay: false,
            cut: flopbill::internals::layout::stages::CutBy::Even,
            domain: 8,
            node: 8,
            memory: self.memory,
            reserve: Reserve { share: Fraction::new(0.05), workspace: Bytes::from_gb(2.0) },
        }
    }

    fn found(&self, chips: u32, fixed: &Fixed, keep: usize) -> Vec<Ranked> {
        let space = self.space(chips);
        rank_within(&space, fixed, &self.machine, &Stack::CURRENT, &self.factors, keep).map_or(vec![], |f| f.best)
    }

    fn time(&self, layout: &Layout) -> f64 {
        let model = Workload::of(&self.shape, layout.seq_len);
        perform(&model, layout, &self.machine, &Stack::CURRENT, &self.factors).total().get()
    }
}

/// A small model, dense or with experts, of any number of layers.
fn model(dice: &mut Dice) -> Architecture {
    let experts = (dice.below(2) == 1).then(|| {
        let routed = Experts::routed([8, 16, 60, 64][dice.below(4)], 1 + dice.below(4) as u32, 1024);
        let experts = Experts { shared_width: 1024 * dice.below(2) as u32, ..routed };
        (experts, Mixtures { leading_dense: dice.below(3) as u32, every: 1 })
    });
    let outline = Outline {
        layers: 4 + dice.below(60) as u32,
        hidden: 1024 * (1 + dice.below(8) as u32),
        vocab: 32_000 + 1000 * dice.below(100) as u32,
        attention: Attention::Grouped(Grouped::plain([16, 24, 32][dice.below(3)], 8, 128)),
        window: None,
        linear: None,
        ffn: 4096 * (1 + dice.below(4) as u32),
        gated: true,
        experts,
        tied_embeddings: false,
        learned_positions: 0,
        biases: false,
        mtp_modules: dice.below(2) as u32,
    };
    outline.build().expect("a model that can be")
}

/// The same with so many layers.
fn cut(shape: Architecture, layers: u32) -> Architecture {
    Architecture { layers: shape.layers.cut(layers), ..shape }
}

#[test]
fn more_chips_never_take_longer() {
    let mut dice = Dice(0x5eed);
    for _ in 0..40 {
        let bed = Bed::new(model(&mut dice), 1 << (4 + dice.below(7)));
        let schedule = [None, Some(Schedule::DualPipe), Some(Schedule::Interleaved)][dice.below(3)];
        let fixed = Fixed { schedule, ..Fixed::default() };
        let mut chips = 1 + dice.below(64) as u32;
        let mut before: Option<Ranked> = None;
        for _ in 0..12 {
            let best = bed.found(chips, &fixed, 1).first().copied();
            if let Some(before) = before {
                let best = best.unwrap_or_else(|| panic!("{chips} chips: nothing, but {before:?}"));
                assert!(best.step <= before.step, "{chips} chips: {best:?}\nbefore {before:?}");
            }
            if let Some(Ranked { layout, step, fit: held, .. }) = best {
                layout.check(&bed.shape, u64::from(chips)).unwrap();
                assert!(held.fits() && layout.chips() <= u64::from(chips));
                assert_eq!(step.get(), bed.time(&layout));
            }
            before = best.or(before);
            chips += 1 + dice.below(chips as usize) as u32;
        }
    }
}

/// Where more servers lose a part of what they bring, the search finds what a search that keeps everything ranks first,
/// and more chips take no longer, neither with what they lose nor without.
#[test]
fn losses_are_ranked_and_more_chips_never_take_longer() {
    let (mut dice, mut idle) = (Dice(0x105e), 0);
    for _ in 0..30 {
        let bed = Bed::new(model(&mut dice), 1 << (3 + dice.below(6)));
        let loss = |dice: &mut Dice, doublings| Loss { per_doubling: dice.below(30) as f64 * 0.01, doublings };
        let losses = Losses { node: 8, all: [loss(&mut dice, 3.0), loss(&mut dice, 6.0)] };
        let found = |chips: u32, keep: usize| {
            let model = Workload::of(&bed.shape, 4096);
            let timing = LowerBound::new(&model, &bed.machine, &Stack::CURRENT, &bed.factors).losing(losses);
            search(&bed.space(chips), &Fixed::default(), keep, timing).ok().map(|found| found.best[0])
        };
        let (mut chips, mut before) = (8 + dice.below(64) as u32, None::<Ranked>);
        for _ in 0..4 {
            let best = found(chips, 1);
            assert_eq!(best, found(chips, usize::MAX), "{chips} chips");
            if let (Some(before), Some(best)) = (before, best) {
                assert!(best.lasting <= before.lasting && best.step <= before.step, "{chips}: {best:?} {before:?}");
                assert_eq!(best.lasting.get(), best.step.get() * losses.factor(best.layout.chips() as f64));
                idle += usize::from(best.layout == before.layout);
            }
            before = best.or(before);
            chips += 1 + dice.below(chips as usize / 2) as u32;
        }
    }
    assert!(idle > 0);
}

/// One server more shortens a step by little beyond its share: one micro-batch, or one replica with all that share its
/// experts.
#[test]
fn no_cliffs_from_node_to_node() {
    let catalog = Catalog::built_in();
    for (id, batch, schedule) in [
        ("llama-2-7b", 1024, None),
        ("llama-3-70b", 1024, None),
        ("llama-3.1-405b", 2048, None),
        ("mixtral-8x22b", 1024, None),
        ("deepseek-v3", 15_360, None),
        ("deepseek-v3", 15_360, Some(Schedule::DualPipe)),
    ] {
        let bed = Bed::new(catalog.model(id).unwrap().shape, batch);
        let fixed = Fixed { schedule, ..Fixed::default() };
        for nodes in (65..=72).chain(125..=130).chain(189..=194).chain(250..=257).chain(510..=513) {
            let [before, after] = [nodes - 1, nodes].map(|nodes| bed.found(8 * nodes, &fixed, 1)[0]);
            let Ranked { layout, step, .. } = after;
            let coarse = |layout: &Layout| {
                let unit = Replicas::unit(layout) as f64 / f64::from(layout.dp);
                unit.max(1.0 / layout.micro_batches() as f64)
            };
            let allowed = coarse(&layout).max(coarse(&before.layout)).max(0.04);
            let fall = 1.0 - step.get() / before.step.get();
            assert!(fall <= allowed + 1.0 / f64::from(nodes), "{id} {nodes}: {fall} {before:?}\n{layout:?}");
        }
    }
}

/// Whatever is found on some chips is found on more of them too.
#[test]
fn candidates_are_nested() {
    let mut dice = Dice(0xce11);
    for _ in 0..12 {
        let bed = Bed::new(
            {
                let layers = 4 + dice.below(9) as u32;
                cut(model(&mut dice), layers)
            },
            16,
        );
        let chips = 4 + dice.below(12) as u32;
        let few = bed.found(chips, &Fixed::default(), usize::MAX);
        let more = bed.found(chips + 1 + dice.below(8) as u32, &Fixed::default(), usize::MAX);
        for Ranked { layout, step, .. } in &few {
            let alike = |other: &&Ranked| {
                let recompute = layout.recompute;
                let Layout { dp, .. } = *layout;
                Layout { dp, recompute, ..other.layout } == *layout
            };
            let other = more.iter().find(alike).unwrap_or_else(|| panic!("{layout:?} is lost"));
            assert!(other.step <= *step, "{layout:?} is slower as {:?}", other.layout);
        }
    }
}

/// Every layout there can be on a few chips, by loops that know nothing of the search.
fn fastest_of_all(bed: &Bed, chips: u32) -> Option<(f64, Layout)> {
    let space = bed.space(chips);
    let mut best: Option<(f64, Layout)> = None;
    let experts = bed.shape.experts().map_or(1, |experts| experts.count);
    let degrees = |most: u32| 1..=most;
    for tp in [1, 2, 4, 8] {
        for (pp, cp) in degrees(chips).flat_map(|pp| [1, 2, 4].map(|cp| (pp, cp))) {
            for (dp, ep) in degrees(chips / (tp * pp * cp)).flat_map(|dp| degrees(experts).map(move |ep| (dp, ep))) {
                for (micro_batch, recompute) in [1, 2, 4, 8, 16].into_iter().flat_map(|b| RECOMPUTES.map(|r| (b, r))) {
                    for vpp in degrees(bed.shape.layers.len().div_ceil(pp)) {
                        let schedule = if vpp > 1 { Schedule::Interleaved } else { Schedule::OneFOneB };
                        let zero = if pp == 1 { ZeroStage::Weights } else { ZeroStage::Optimizer };
                        let start = Layout {
                            tp,
                            pp,
                            cp,
                            dp,
                            ep,
                            micro_batch,
                            recompute,
                            vpp,
                            schedule,
                            ..Layout::single(4096)
                        };
                        let (global_batch, states) = (bed.batch, space.states);
                        for zero in [ZeroStage::Optimizer, zero] {
                            let layout = Layout { global_batch, states, zero, sequence_parallel: tp > 1, ..start };
                            if !layout.is_legal(&bed.shape, u64::from(chips))
                                || !fit(&bed.shape, &layout, space.memory, &space.reserve).fits()
                            {
                                continue;
                            }
                            let time = bed.time(&layout);
                            if best.is_none_or(|(least, _)| time < least) {
                                best = Some((time, layout));
                            }
                        }
                    }
                }
            }
        }
    }
    best
}

#[test]
fn a_search_over_everything_finds_no_better() {
    let mut dice = Dice(0xb0b);
    for round in 0..10 {
        let layers = 4 + dice.below(5) as u32;
        let shape = cut(model(&mut dice), layers);
        let eight = shape.layers.map(|layer| match layer.mlp {
            Mlp::Moe(experts) => Layer { mlp: Mlp::Moe(Experts { count: 8, ..experts }), ..layer },
            _ => layer,
        });
        let mut bed = Bed::new(Architecture { layers: eight, ..shape }, 8);
        if round % 2 == 0 {
            bed.memory = Bytes::from_gb(16.0);
        }
        let chips = 4 + dice.below(7) as u32;
        let best = bed.found(chips, &Fixed::default(), 1);
        match (best.first(), fastest_of_all(&bed, chips)) {
            (None, None) => {}
            (Some(found), Some((least, layout))) => {
                let slower = found.step.get() / least - 1.0;
                // The search leaves out replicas that only split the optimizer's states further.
                assert!((-1e-12..0.02).contains(&slower), "{slower}: {:?}\nthan {layout:?}", found.layout);
            }
            (found, other) => panic!("{found:?} {other:?}"),
        }
    }
}

/// A bound is below the time of its layout, of those with fewer replicas, and of those that recompute more.
#[test]
fn no_layout_beats_its_bounds() {
    let mut dice = Dice(0xb0);
    let mut tried = 0;
    while tried < 300 {
        let bed = Bed::new(model(&mut dice), 16 << dice.below(6));
        let pp = 1 + dice.below(bed.shape.layers.len() as usize) as u32;
        let vpp = if pp > 1 { 1 + dice.below(3) as u32 } else { 1 };
        let plain = [Schedule::OneFOneB, Schedule::ZeroBubble, Schedule::DualPipe][dice.below(3)];
        let layout = Layout {
            pp,
            vpp,
            tp: 1 << dice.below(4),
            cp: 1 << dice.below(3),
            dp: 1 + dice.below(64) as u32,
            ep: 1 << dice.below(4),
            micro_batch: 1 << dice.below(3),
            global_batch: bed.batch,
            schedule: if vpp > 1 { Schedule::Interleaved } else { plain },
            zero: if pp == 1 { ZeroStage::Weights } else { ZeroStage::Optimizer },
            sequence_parallel: true,
            ..Layout::single(4096)
        };
        let chips = layout.chips();
        if !layout.is_legal(&bed.shape, chips) {
            continue;
        }
        tried += 1;
        let stack = Stack::CURRENT;
        let model = Workload::of(&bed.shape, 4096);
        let mut bounds = LowerBound::new(&model, &bed.machine, &stack, &bed.factors);
        for recompute in RECOMPUTES {
            let (bound, least) = (bounds.bound(&Layout { recompute, ..layout }), bounds.least(&layout));
            for dp in 1..=layout.dp {
                let fewer = Layout { dp, recompute, ..layout };
                if fewer.is_legal(&bed.shape, chips) {
                    let time = bed.time(&fewer);
                    assert!(bound.get() <= time, "{bound:?} {time}: {fewer:?}");
                    assert!(least.get() <= time * fewer.chips() as f64, "{least:?} {time}: {fewer:?}");
                }
            }
        }
    }
}
