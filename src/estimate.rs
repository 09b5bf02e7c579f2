//! From a scenario to its answer, in two stages: [`perform`] knows models and chips, [`account`] knows
//! goodput, chips and prices. A change of terms never runs the first again.

use crate::error::Error;
use crate::scenario::{Phase, Scenario, Terms, Work};
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Seconds, Usd, parse::check};

/// What the chips do in one phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Performance {
    /// Chip-time in which the job computes.
    pub busy: ChipSeconds,
    /// Model FLOPs, where they are known.
    pub flop: Option<Flop>,
    /// Model FLOPs utilisation while computing, where it is known.
    pub mfu: Option<Fraction>,
}

/// What one phase takes and costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Account {
    /// Chip-time held, downtime included: what a bill counts.
    pub held: ChipSeconds,
    /// Wall-clock time; unknown without a number of chips.
    pub wall_clock: Option<Seconds>,
    /// Rent; unknown without a price.
    pub cost: Option<Usd>,
}

/// The answer for a whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The whole run.
    pub total: Account,
    /// Model FLOPs of the phases that have them.
    pub flop: Option<Flop>,
    /// MFU of the phase with the most model FLOPs.
    pub mfu: Option<Fraction>,
    /// Chips held.
    pub chips: Option<Chips>,
    /// Chips held, up to whole nodes.
    pub chips_in_whole_nodes: Option<Chips>,
    /// The phases in order, with their names' index in the scenario.
    pub phases: Vec<(Performance, Account)>,
}

/// Answers a scenario.
///
/// # Errors
/// A quantity that is not finite or not positive, an MFU or goodput above 1, no phases.
///
/// ```
/// use flopbill::internals::{estimate::*, scenario::*, units::*};
///
/// let v3 = Scenario {
///     name: "DeepSeek-V3".into(),
///     peak: FlopPerSecond::from_tflops(989.5),
///     node_chips: 8,
///     phases: vec![Phase {
///         name: "pre-training".into(),
///         work: Work::Flop { flop: Flop::new(6.0 * 37e9 * 14.8e12), mfu: Fraction::new(0.346) },
///     }],
///     terms: Terms {
///         goodput: Fraction::new(1.0),
///         chips: Some(Chips::new(2048.0)),
///         price: Some(Price::from_usd_per_hour(2.0)),
///     },
/// };
/// let answer = estimate(&v3)?;
/// // By hand: 3.2856e24 / (989.5e12 * 0.346) / 3600 = 2.6658e6 GPU-hours
/// assert!((answer.total.held.gpu_hours() - 2.6658e6).abs() < 1e2);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn estimate(scenario: &Scenario) -> Result<Estimate, Error> {
    validate(scenario)?;
    let phases: Vec<(Performance, Account)> = scenario
        .phases
        .iter()
        .map(|phase| perform(phase, scenario.peak))
        .map(|performance| (performance, account(&performance, &scenario.terms)))
        .collect();
    let largest = phases.iter().filter(|(p, _)| p.flop.is_some()).max_by(|a, b| by_flop(&a.0, &b.0));
    Ok(Estimate {
        total: sum(phases.iter().map(|(_, account)| *account)),
        flop: largest.map(|_| phases.iter().filter_map(|(performance, _)| performance.flop).sum()),
        mfu: largest.and_then(|(performance, _)| performance.mfu),
        chips: scenario.terms.chips,
        chips_in_whole_nodes: scenario.terms.chips.map(|chips| whole_nodes(chips, scenario.node_chips)),
        phases,
    })
}

/// How long one phase keeps the chips computing.
///
/// # Formula
/// `busy = flop / (peak * MFU)`
/// # Source
/// The definition of MFU: Chowdhery et al. 2022, arXiv:2204.02311, appendix B.
#[inline]
pub fn perform(phase: &Phase, peak: FlopPerSecond) -> Performance {
    match phase.work {
        Work::Flop { flop, mfu } => Performance { busy: flop / (peak * mfu.get()), flop: Some(flop), mfu: Some(mfu) },
        Work::Busy(busy) => Performance { busy, flop: None, mfu: None },
    }
}

/// What holding the chips for that long takes and costs.
///
/// # Formula
/// `held = busy / goodput`, `wall = held / chips`, `cost = held * price`
/// # Source
/// Definitions; GPU-hours are hours held, because those are what is billed and what labs publish.
#[inline]
pub fn account(performance: &Performance, terms: &Terms) -> Account {
    let held = performance.busy / terms.goodput.get();
    Account { held, wall_clock: terms.chips.map(|chips| held / chips), cost: terms.price.map(|price| held * price) }
}

/// Chips, up to whole nodes.
///
/// # Formula
/// `ceil(chips / node) * node`; a billionth of a node over is float noise, not a node
/// # Source
/// Definition.
/// ```
/// use flopbill::internals::{estimate::whole_nodes, units::Chips};
/// assert_eq!(whole_nodes(Chips::new(1936.1), 8), Chips::new(1944.0)); // by hand: 243 nodes
/// assert_eq!(whole_nodes(Chips::new(2048.0000000001), 8), Chips::new(2048.0));
/// ```
pub fn whole_nodes(chips: Chips, node_chips: u32) -> Chips {
    let node = f64::from(node_chips.max(1));
    let nodes = chips.get() / node;
    Chips::new((nodes - nodes.abs() * 1e-9).ceil().max(1.0) * node)
}

fn sum(accounts: impl Iterator<Item = Account>) -> Account {
    let nothing = Account { held: ChipSeconds::ZERO, wall_clock: Some(Seconds::ZERO), cost: Some(Usd::ZERO) };
    accounts.fold(nothing, |total, phase| Account {
        held: total.held + phase.held,
        wall_clock: total.wall_clock.zip(phase.wall_clock).map(|(a, b)| a + b),
        cost: total.cost.zip(phase.cost).map(|(a, b)| a + b),
    })
}

fn by_flop(a: &Performance, b: &Performance) -> std::cmp::Ordering {
    let size = |performance: &Performance| performance.flop.map_or(0.0, Flop::get);
    size(a).total_cmp(&size(b))
}

fn validate(scenario: &Scenario) -> Result<(), Error> {
    if scenario.phases.is_empty() {
        return Err(Error::bad_input("a scenario needs at least one phase"));
    }
    check(scenario.peak)?;
    share("goodput", scenario.terms.goodput)?;
    scenario.terms.chips.map(check).transpose()?;
    scenario.terms.price.map(check).transpose()?;
    for phase in &scenario.phases {
        match phase.work {
            Work::Flop { flop, mfu } => check(flop).and(share("MFU", mfu))?,
            Work::Busy(busy) => check(busy).map(|_| ())?,
        }
    }
    Ok(())
}

/// A share of all may be this much more than one by rounding.
const ROUNDING: f64 = 1e-9;

/// A share above zero and up to one.
pub(crate) fn share(what: &str, share: Fraction) -> Result<(), Error> {
    check(share)?;
    if share.get() > 0.0 && share.get() <= 1.0 + ROUNDING {
        return Ok(());
    }
    let percent = crate::units::show::percent(share.get());
    Err(Error::bad_input(format!("{what} is {percent}: it must be above 0 and at most 100 %")))
}
