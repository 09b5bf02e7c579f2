//! What would make a layout fit: one change at a time, the mildest first.

use crate::layout::fit::{Fit, Reserve, fit};
use crate::layout::parallelism::{Layout, ZeroStage};
use crate::model::architecture::Architecture;
use crate::model::flops::Recompute;
use crate::units::Bytes;

/// One change to a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Split the activations between tensor-parallel regions along the sequence.
    SequenceParallel,
    /// Split more among the replicas.
    Zero(ZeroStage),
    /// Fewer sequences in a micro-batch.
    MicroBatch(u32),
    /// Compute more again.
    Recompute(Recompute),
    /// More expert parallelism.
    Ep(u32),
    /// More context parallelism, less data parallelism.
    Cp(u32),
    /// More pipeline stages, less data parallelism.
    Pp(u32),
    /// More tensor parallelism, less data parallelism.
    Tp(u32),
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SequenceParallel => f.write_str("sequence parallelism"),
            Self::Zero(stage) => write!(f, "ZeRO stage {}", *stage as u8),
            Self::MicroBatch(size) => write!(f, "micro-batch {size}"),
            Self::Recompute(Recompute::Full) => f.write_str("full recompute"),
            Self::Recompute(Recompute::Selective) => f.write_str("selective recompute"),
            Self::Recompute(Recompute::None) => f.write_str("no recompute"),
            Self::Ep(ways) => write!(f, "EP {ways}"),
            Self::Cp(ways) => write!(f, "CP {ways}"),
            Self::Pp(ways) => write!(f, "PP {ways}"),
            Self::Tp(ways) => write!(f, "TP {ways}"),
        }
    }
}

/// A change, and what comes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Remedy {
    /// What is changed.
    pub change: Change,
    /// The layout with the change and all before it.
    pub layout: Layout,
    /// What it holds.
    pub fit: Fit,
}

/// Single changes that make the layout fit, the mildest first; where no single one does, the shortest way found:
/// a chain of changes, each building on the one before, of which the last fits if any way was found.
///
/// Doubling a degree halves data parallelism, so that no more chips are needed.
///
/// # Formula
/// every legal single change that lowers [`fit`]'s total; chained by the largest saving
/// # Source
/// By construction: a greedy search, not the optimum.
pub fn remedies(shape: &Architecture, layout: &Layout, capacity: Bytes, reserve: &Reserve) -> Vec<Remedy> {
    let singles: Vec<Remedy> = single_changes(shape, layout, capacity, reserve).filter(|one| one.fit.fits()).collect();
    if !singles.is_empty() {
        return singles;
    }
    let mut chain: Vec<Remedy> = Vec::new();
    let mut current = *layout;
    while let Some(best) = single_changes(shape, &current, capacity, reserve)
        .min_by(|a, b| a.fit.total.get().total_cmp(&b.fit.total.get()))
    {
        chain.push(best);
        current = best.layout;
        if best.fit.fits() {
            break;
        }
    }
    chain
}

/// Every legal single change that lowers the memory, the mildest first.
fn single_changes(
    shape: &Architecture,
    layout: &Layout,
    capacity: Bytes,
    reserve: &Reserve,
) -> impl Iterator<Item = Remedy> {
    let chips = layout.chips();
    let before = fit(shape, layout, capacity, reserve).total;
    let changed = changes(layout).into_iter().flatten();
    changed.filter(move |(_, layout)| layout.is_legal(shape, chips)).filter_map(move |(change, layout)| {
        let fit = fit(shape, &layout, capacity, reserve);
        (fit.total < before).then_some(Remedy { change, layout, fit })
    })
}

/// The changes one could try, legal or not, in order of what they cost in speed.
fn changes(layout: &Layout) -> [Option<(Change, Layout)>; 9] {
    let halved = (layout.dp > 1).then_some(layout.dp / 2);
    let doubled = |degree: u32| degree.checked_mul(2).zip(halved);
    let zero = match layout.zero {
        ZeroStage::None => Some(ZeroStage::Optimizer),
        ZeroStage::Optimizer => Some(ZeroStage::Gradients),
        ZeroStage::Gradients => Some(ZeroStage::Weights),
        ZeroStage::Weights => None,
    };
    let smaller = layout.micro_batch.is_multiple_of(2).then_some(layout.micro_batch / 2);
    let ep = layout.ep.checked_mul(2);
    [
        (layout.tp > 1 && !layout.sequence_parallel)
            .then_some((Change::SequenceParallel, Layout { sequence_parallel: true, ..*layout })),
        zero.map(|zero| (Change::Zero(zero), Layout { zero, ..*layout })),
        (layout.recompute == Recompute::None).then(|| with_recompute(layout, Recompute::Selective)),
        smaller.map(|micro_batch| (Change::MicroBatch(micro_batch), Layout { micro_batch, ..*layout })),
        ep.map(|ep| (Change::Ep(ep), Layout { ep, ..*layout })),
        doubled(layout.pp).map(|(pp, dp)| (Change::Pp(pp), Layout { pp, dp, ..*layout })),
        doubled(layout.tp).map(|(tp, dp)| (Change::Tp(tp), Layout { tp, dp, sequence_parallel: true, ..*layout })),
        (layout.recompute != Recompute::Full).then(|| with_recompute(layout, Recompute::Full)),
        doubled(layout.cp).map(|(cp, dp)| (Change::Cp(cp), Layout { cp, dp, ..*layout })),
    ]
}

fn with_recompute(layout: &Layout, recompute: Recompute) -> (Change, Layout) {
    (Change::Recompute(recompute), Layout { recompute, ..*layout })
}
