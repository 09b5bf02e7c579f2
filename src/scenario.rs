//! The fully resolved question: points only. What is `None` here is unknown, never "use the default".

use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Price};

/// One training run on one kind of chip.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What people call the run.
    pub name: String,
    /// Dense peak of one chip, in the precision that the MFU is quoted on.
    pub peak: FlopPerSecond,
    /// Chips in a node: what chips are bought and rented in.
    pub node_chips: u32,
    /// The parts of the run, one after the other on the same chips.
    pub phases: Vec<Phase>,
    /// Everything that turns work into time and money.
    pub terms: Terms,
}

/// One part of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// Pre-training, context extension, post-training.
    pub name: String,
    /// What there is to do.
    pub work: Work,
}

/// The work of a phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
    /// Operations of the model, done at this share of the peak.
    Flop {
        /// Model FLOPs of the phase.
        flop: Flop,
        /// Model FLOPs utilisation while the job computes.
        mfu: Fraction,
    },
    /// Chip-time while the job computes, for a phase whose operations nobody published.
    Busy(ChipSeconds),
}

/// What turns chip-time into wall-clock time and money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Share of the held time in which the job computes.
    pub goodput: Fraction,
    /// Chips held; without them there is no wall-clock time.
    pub chips: Option<Chips>,
    /// Price of holding a chip; without it there is no cost.
    pub price: Option<Price>,
}
