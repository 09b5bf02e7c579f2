//! Solving the main relations for whatever is missing.
//!
//! All of them are products, so one table of exponents states each once, and every inversion follows from
//! it. Values from flags outrank values from files: where the two disagree, the file's value gives way, in a
//! fixed order, and the answer says so. Two values of the same rank that disagree are an error with both numbers.

pub mod replay;
mod words;

use words::{contradiction, plausible};
pub use words::{display, flag, name};

use crate::error::Error;

/// What the relations speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Var {
    /// Parameters at work for one token.
    Params,
    /// Training tokens.
    Tokens,
    /// Model FLOPs.
    Flop,
    /// Dense peak of one chip.
    Peak,
    /// Model FLOPs utilisation.
    Mfu,
    /// Share of held time in which the job computes.
    Goodput,
    /// Chip-time held in the phase whose tokens and MFU are meant.
    PhaseHours,
    /// Chip-time held, all phases.
    GpuHours,
    /// Chips.
    Chips,
    /// Wall-clock time.
    WallClock,
    /// Price of chip-time.
    Price,
    /// Cost.
    Cost,
    /// Share of the hours that the phase takes.
    PhaseShare,
    /// Chip-time held for one token while the job computes.
    Pace,
    /// Share of the held time that a market which takes chips away leaves: 1 where it takes none.
    Left,
}

const VARS: usize = 15;

/// The variables that can be given or asked for, with what a user calls them, and the flag that sets each.
pub const NAMES: [(Var, &str, &str); VARS - 1] = [
    (Var::Params, "parameters", "--params"),
    (Var::Tokens, "tokens", "--tokens"),
    (Var::Flop, "FLOP", "--flop"),
    (Var::Peak, "the chip", "--gpu"),
    (Var::Mfu, "MFU", "--mfu"),
    (Var::Goodput, "goodput", "--goodput"),
    (Var::PhaseHours, "GPU-hours of the main phase", "--gpu-hours"),
    (Var::GpuHours, "GPU-hours", "--gpu-hours"),
    (Var::Chips, "chips", "--chips"),
    (Var::WallClock, "wall-clock time", "--days"),
    (Var::Price, "price", "--price"),
    (Var::Cost, "cost", "--cost"),
    (Var::PhaseShare, "share of the phase", ""),
    (Var::Pace, "time of a step", ""),
];

/// Each relation says that a constant times this product is one.
struct Relation {
    text: &'static str,
    constant: f64,
    powers: &'static [(Var, i32)],
}

/// FLOPs a parameter costs per token, forward and backward: Kaplan et al. 2020, arXiv:2001.08361.
const SIX: f64 = 6.0;
/// Tokens that published rates are often quoted for.
const TRILLION: f64 = 1e12;

const RELATIONS: [Relation; 6] = [
    Relation {
        text: "FLOP = 6 x active parameters x tokens",
        constant: SIX,
        powers: &[(Var::Params, 1), (Var::Tokens, 1), (Var::Flop, -1)],
    },
    Relation {
        text: "FLOP = GPU-hours x goodput x peak x MFU",
        constant: 1.0,
        powers: &[
            (Var::PhaseHours, 1),
            (Var::Goodput, 1),
            (Var::Left, 1),
            (Var::Peak, 1),
            (Var::Mfu, 1),
            (Var::Flop, -1),
        ],
    },
    Relation {
        text: "GPU-hours x goodput = tokens x chip-time of a token",
        constant: 1.0,
        powers: &[(Var::Tokens, 1), (Var::Pace, 1), (Var::PhaseHours, -1), (Var::Goodput, -1), (Var::Left, -1)],
    },
    Relation {
        text: "the phases add up to the GPU-hours",
        constant: 1.0,
        powers: &[(Var::GpuHours, 1), (Var::PhaseShare, 1), (Var::PhaseHours, -1)],
    },
    Relation {
        text: "GPU-hours = chips x wall-clock time",
        constant: 1.0,
        powers: &[(Var::Chips, 1), (Var::WallClock, 1), (Var::GpuHours, -1)],
    },
    Relation {
        text: "cost = GPU-hours x price",
        constant: 1.0,
        powers: &[(Var::GpuHours, 1), (Var::Price, 1), (Var::Cost, -1)],
    },
];

/// Which file value gives way first when a flag contradicts it.
const GIVES_WAY: [Var; 12] = [
    Var::WallClock,
    Var::Cost,
    Var::Chips,
    Var::Price,
    Var::PhaseShare,
    Var::GpuHours,
    Var::PhaseHours,
    Var::Mfu,
    Var::Flop,
    Var::Tokens,
    Var::Params,
    Var::Goodput,
];

/// How far two values of the same rank may differ and still be one value, rounded twice.
pub const SAME: f64 = 5e-3;
/// How far values of different rank may differ: float noise only.
const NOISE: f64 = 1e-9;

/// How a value came to be known; a higher rank outranks a lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Assumed because nobody said otherwise.
    Default,
    /// From a profile or spec, or implied by one.
    File,
    /// From a flag, an environment variable or `--set`.
    Flag,
}

/// What is known before solving, and after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knowns {
    values: [Option<(f64, Option<Rank>)>; VARS],
}

impl Default for Knowns {
    /// Nothing is known, and nobody takes chips away.
    fn default() -> Self {
        let mut knowns = Self { values: [None; VARS] };
        knowns.set(Var::Left, 1.0, Rank::Default);
        knowns
    }
}

impl Knowns {
    /// Sets a value in base units.
    pub fn set(&mut self, var: Var, base: f64, rank: Rank) {
        self.values[var as usize] = Some((base, Some(rank)));
    }
    /// Forgets a value.
    pub fn clear(&mut self, var: Var) {
        self.values[var as usize] = None;
    }
    /// The value in base units, given or solved.
    #[inline]
    pub fn get(&self, var: Var) -> Option<f64> {
        self.values[var as usize].map(|(value, _)| value)
    }
    /// The rank of a given value; `None` for one that is unknown or was solved.
    pub fn rank(&self, var: Var) -> Option<Rank> {
        self.values[var as usize].and_then(|(_, rank)| rank)
    }
    /// Whether a value was solved from others.
    pub fn is_solved(&self, var: Var) -> bool {
        matches!(self.values[var as usize], Some((_, None)))
    }
    fn put_solved(&mut self, var: Var, base: f64) {
        self.values[var as usize] = Some((base, None));
    }
}

/// The outcome of a solve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solved {
    /// All values that the relations give.
    pub knowns: Knowns,
    /// For each variable, the given ones that its value rests on, as bits.
    roots: [u16; VARS],
    /// File values that gave way to flags, as bits.
    aside: u16,
    /// Relations that the given values over-determine, and satisfy, as bits.
    held: u8,
}

impl Solved {
    /// File values that gave way to flags.
    pub fn set_aside(&self) -> impl Iterator<Item = Var> + '_ {
        NAMES.iter().map(|(var, _, _)| *var).filter(|var| self.aside & (1 << *var as usize) != 0)
    }
    /// Relations that the given values over-determine, and satisfy.
    pub fn confirmed(&self) -> impl Iterator<Item = &'static str> + '_ {
        let held = RELATIONS.iter().enumerate().filter(|(index, _)| self.held & (1 << index) != 0);
        held.map(|(_, relation)| relation.text)
    }
    /// Whether the value of `var` rests on the given value of `on`.
    pub fn rests_on(&self, var: Var, on: Var) -> bool {
        self.roots[var as usize] & (1 << on as usize) != 0
    }
    /// The given values that `var` was solved from, as people call them.
    pub fn solved_from(&self, var: Var) -> String {
        let hidden = |on: Var| {
            on == var || on == Var::PhaseShare || (on == Var::Goodput && self.knowns.rank(on) == Some(Rank::Default))
        };
        let from = NAMES.iter().filter(|(on, _, _)| !hidden(*on) && self.rests_on(var, *on));
        let said = |on: Var, name: &'static str| if on == Var::PhaseHours { "GPU-hours" } else { name };
        from.map(|(on, name, _)| said(*on, name)).collect::<Vec<_>>().join(", ")
    }
}

/// Solves the relations.
///
/// # Errors
/// Values of the same rank that contradict each other, with both numbers; a result that cannot be,
/// such as an MFU above 100 %.
///
/// ```
/// use flopbill::internals::solve::{solve, Knowns, Rank, Var};
/// use flopbill::internals::units::{ChipSeconds, Seconds};
///
/// let mut given = Knowns::default();
/// given.set(Var::GpuHours, ChipSeconds::from_gpu_hours(2.788e6).get(), Rank::Flag);
/// given.set(Var::WallClock, Seconds::from_days(60.0).get(), Rank::Flag);
/// let chips = solve(&given)?.knowns.get(Var::Chips).unwrap();
/// assert!((chips - 1936.1).abs() < 0.05); // by hand: 2.788e6 / (60 * 24)
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn solve(given: &Knowns) -> Result<Solved, Error> {
    let mut given = *given;
    let mut aside = 0;
    loop {
        let reached = propagate(&given);
        let Some(index) = reached.broken else {
            plausible(&reached.knowns)?;
            let Reached { knowns, roots, held, .. } = reached;
            return Ok(Solved { knowns, roots, aside, held });
        };
        let bits = rests_on(&reached, index);
        let loser = weakest(&given, bits).ok_or_else(|| contradiction(&given, index, bits))?;
        given.clear(loser);
        aside |= 1 << loser as usize;
    }
}

/// What follows from the given values.
struct Reached {
    knowns: Knowns,
    /// For each variable, the given ones that its value rests on, as bits.
    roots: [u16; VARS],
    /// Relations that were met with nothing missing, and hold, as bits.
    held: u8,
    /// The first relation that does not hold.
    broken: Option<usize>,
}

/// Fills in what follows, until nothing more does or a relation is broken.
fn propagate(given: &Knowns) -> Reached {
    trace(given, |_, _| {})
}

/// The same, telling of every relation that is used, and of the variable with its power that it solves.
fn trace(given: &Knowns, mut used: impl FnMut(usize, Option<(Var, i32)>)) -> Reached {
    let own = |var: usize| if given.values[var].is_some() { 1 << var } else { 0 };
    let roots = std::array::from_fn(own);
    let mut reached = Reached { knowns: *given, roots, held: 0, broken: None };
    let mut done = [false; RELATIONS.len()];
    let mut moved = true;
    while std::mem::take(&mut moved) {
        for (index, relation) in RELATIONS.iter().enumerate() {
            if done[index] {
                continue;
            }
            let mut missing = relation.powers.iter().filter(|(var, _)| reached.knowns.get(*var).is_none());
            match (missing.next(), missing.next()) {
                (None, _) => {
                    let off = product(&reached.knowns, relation, None).ln().abs();
                    if off.is_nan() || off > tolerance(given, rests_on(&reached, index)) {
                        reached.broken = Some(index);
                        return reached;
                    }
                    reached.held |= 1 << index;
                    used(index, None);
                }
                (Some(&(var, power)), None) => {
                    let rest = product(&reached.knowns, relation, Some(var));
                    reached.roots[var as usize] = rests_on(&reached, index);
                    used(index, Some((var, power)));
                    reached.knowns.put_solved(var, if power > 0 { 1.0 / rest } else { rest });
                    moved = true;
                }
                _ => continue,
            }
            done[index] = true;
        }
    }
    reached
}

/// The given values that a relation rests on, as bits.
fn rests_on(reached: &Reached, index: usize) -> u16 {
    RELATIONS[index].powers.iter().fold(0, |bits, (var, _)| bits | reached.roots[*var as usize])
}

/// The product of a relation, all powers being one or minus one, without one of its variables.
fn product(knowns: &Knowns, relation: &Relation, without: Option<Var>) -> f64 {
    let factors = relation.powers.iter().filter(|(var, _)| Some(*var) != without);
    factors.fold(relation.constant, |product, (var, power)| {
        let value = knowns.get(*var).unwrap_or(1.0);
        if *power > 0 { product * value } else { product / value }
    })
}

/// The values behind these bits that can give way or contradict, first to give way first. An assumed
/// goodput does neither: it says how the MFU was meant.
fn ranked(given: &Knowns, bits: u16) -> impl Iterator<Item = (Var, Rank)> + '_ {
    let counts = |var: Var| Some((var, given.rank(var).filter(|rank| *rank > Rank::Default)?));
    GIVES_WAY.into_iter().filter(move |var| bits & (1 << *var as usize) != 0).filter_map(counts)
}

fn tolerance(given: &Knowns, bits: u16) -> f64 {
    let mut ranks = ranked(given, bits).map(|(_, rank)| rank);
    let first = ranks.next();
    if ranks.all(|rank| Some(rank) == first) { SAME } else { NOISE }
}

/// The value that gives way: of the lowest rank, if a higher one is there; earliest in the order.
fn weakest(given: &Knowns, bits: u16) -> Option<Var> {
    let highest = ranked(given, bits).map(|(_, rank)| rank).max()?;
    let lowest = ranked(given, bits).map(|(_, rank)| rank).min().filter(|lowest| *lowest < highest)?;
    let losers = || ranked(given, bits).filter(|(_, rank)| *rank == lowest).map(|(var, _)| var);
    // Published hours contain their downtime: a goodput says how much of them the MFU was reached in.
    let only_goodput = ranked(given, bits).all(|(var, rank)| rank < highest || var == Var::Goodput);
    if only_goodput && losers().any(|var| var == Var::Mfu) {
        return Some(Var::Mfu);
    }
    losers().next()
}

/// What would settle a variable: the smallest sets of further values that lead to it.
pub fn would_settle(knowns: &Knowns, wanted: Var) -> Vec<Vec<Var>> {
    let inputs = [Var::GpuHours, Var::Chips, Var::WallClock, Var::Price, Var::Cost, Var::Mfu, Var::Tokens, Var::Params];
    let settles = |extra: &[Var]| {
        let mut tried = *knowns;
        extra.iter().for_each(|var| tried.set(*var, 1.0, Rank::Flag));
        propagate(&tried).knowns.get(wanted).is_some()
    };
    let open: Vec<Var> = inputs.into_iter().filter(|var| *var != wanted && knowns.get(*var).is_none()).collect();
    let singles: Vec<Vec<Var>> = open.iter().map(|var| vec![*var]).filter(|set| settles(set)).collect();
    if !singles.is_empty() {
        return singles;
    }
    let pairs = open.iter().enumerate().flat_map(|(i, a)| open.iter().skip(i + 1).map(move |b| vec![*a, *b]));
    pairs.filter(|set| settles(set)).collect()
}
