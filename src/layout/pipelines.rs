//! The ways to run a model's layers that a search tries: stages, virtual stages and the order of their passes.

use crate::layout::fixed::{Fixed, either};
use crate::layout::parallelism::{Layout, Schedule, ShardGroup, ZeroStage};
use crate::layout::search::Space;
use crate::layout::stages::{Cut, CutBy, Stages};
use crate::layout::timing::Timing;

/// Most virtual stages that are tried where they do not share the layers of a stage evenly.
const MOST_UNEVEN: u32 = 8;

/// Stages, virtual stages, the order of their passes, and whether the replicas split the weights too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pipeline {
    pub(super) pp: u32,
    pub(super) vpp: u32,
    pub(super) cut: Cut,
    pub(super) schedule: Schedule,
    pub(super) sharded: bool,
}

impl Pipeline {
    /// A family's layers run in this way.
    pub(super) fn of(&self, family: &Layout, fixed: &Fixed) -> Layout {
        let Self { pp, vpp, cut, schedule, sharded } = *self;
        let shard_group = fixed.shard_group.map_or(ShardGroup::All, ShardGroup::Chips);
        let zero = if sharded { ZeroStage::Weights } else { family.zero };
        Layout { pp, vpp, cut, schedule, shard_group, zero, ..*family }
    }

    /// These stages cut evenly and by cost, as far as either is not settled and they differ.
    pub(super) fn cuts(
        &self,
        family: &Layout,
        fixed: &Fixed,
        space: &Space<'_>,
        timing: &mut impl Timing,
    ) -> [Option<Self>; 2] {
        let by = fixed.cut.unwrap_or(space.cut);
        let uneven = (by == CutBy::Cost && self.pp > 1).then(|| {
            let layout = self.of(family, fixed);
            Stages::by_cost(&layout, space.shape.layers.len(), timing.ends(&layout))
        });
        let uneven = uneven.filter(|cut| *cut != Cut::Even).map(|cut| Self { cut, ..*self });
        let even = (uneven.is_none() || fixed.cut.is_none()).then_some(*self);
        [even, uneven]
    }
}

/// Layers of a stage up to which one stage more is tried: it has room for both ends of the network.
const SHALLOW: u32 = 3;

/// The stages into which layers may be cut, most first: the fewest for each number of layers in the largest, and where
/// those are few one more, which leaves both ends a layer short.
fn stages(layers: u32) -> impl Iterator<Item = u32> {
    let more =
        move |pp: u32| (2..=SHALLOW).contains(&layers.div_ceil(pp)) && layers.div_ceil(pp + 1) == layers.div_ceil(pp);
    parts(layers).flat_map(move |pp| more(pp).then_some(pp + 1).into_iter().chain([pp]))
}

/// The parts into which layers may be cut, most first: the fewest for each number of layers in the largest.
fn parts(layers: u32) -> impl Iterator<Item = u32> {
    let parts = move |each: u32| layers.div_ceil(each);
    (1..=layers).filter(move |each| *each == 1 || parts(*each) != parts(*each - 1)).map(parts)
}

/// Every choice of stages, virtual stages and schedule; one stage has none.
pub(super) fn pipelines(layers: u32, fixed: &Fixed) -> Vec<Pipeline> {
    let plain = fixed.schedule.filter(|schedule| *schedule != Schedule::Interleaved);
    let mut all: Vec<Pipeline> = Vec::new();
    let paired = fixed.schedule == Some(Schedule::DualPipe);
    let stages = stages(layers).map(|pp| if paired && pp > 1 { pp.next_multiple_of(2) } else { pp });
    for pp in either(fixed.pp, stages).filter(|pp| *pp <= layers) {
        let deep = layers.div_ceil(pp);
        // Embedding and head may stand for a layer each, as `Layout::check` has it.
        let tried = |vpp: &u32| pp * vpp <= layers + 2 && (deep.is_multiple_of(*vpp) || *vpp <= MOST_UNEVEN);
        for vpp in either(fixed.vpp, parts(deep).filter(tried)) {
            let schedule = match (pp, vpp) {
                (1, _) => Schedule::OneFOneB,
                (_, 1) => plain.unwrap_or(Schedule::OneFOneB),
                _ => Schedule::Interleaved,
            };
            if (pp > 1 || vpp == 1) && (pp == 1 || Fixed::admits(fixed.schedule, schedule)) {
                all.push(Pipeline { pp, vpp, cut: Cut::Even, schedule, sharded: false });
            }
        }
        // Sharded weights are gathered for every micro-batch of every stage: nobody pipelines them.
        if pp == 1 && fixed.zero.is_none() && fixed.vpp.is_none_or(|vpp| vpp == 1) {
            all.push(Pipeline { pp, vpp: 1, cut: Cut::Even, schedule: Schedule::OneFOneB, sharded: true });
        }
    }
    // Numbers of stages that pair up may come twice.
    all.dedup();
    all
}
