//! What the solver says: names, values, and why there is no answer.

use super::{Knowns, NAMES, RELATIONS, TRILLION, Var, propagate, ranked};
use crate::error::Error;
use crate::units::parse::{Grammar as _, check};
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Params, Price, Seconds, Tokens, Usd, show};

/// Two values of the same rank that disagree.
pub(super) fn contradiction(given: &Knowns, index: usize, bits: u16) -> Error {
    let relation = &RELATIONS[index];
    let involved: Vec<Var> = ranked(given, bits).map(|(var, _)| var).collect();
    // State it on the quantity people know best among those given: hours, then cost, then the others.
    let order = [Var::GpuHours, Var::PhaseHours, Var::Cost, Var::Chips, Var::WallClock, Var::Flop, Var::Mfu];
    let Some(stated) = order.into_iter().find(|var| involved.contains(var)) else {
        return Error::no_solution(format!("the given values contradict each other: {}", relation.text));
    };
    let mut without = *given;
    without.clear(stated);
    let implied = propagate(&without).knowns.get(stated).unwrap_or(f64::NAN);
    let own = given.get(stated).unwrap_or(f64::NAN);
    let others: Vec<&str> = involved.iter().filter(|var| **var != stated).map(|var| name(*var)).collect();
    Error::no_solution(format!(
        "the given values contradict each other: {} given, but {} and the rest imply {} ({})",
        display(stated, own),
        others.join(", "),
        display(stated, implied),
        relation.text,
    ))
    .with_hint(format!("leave one of {} out, and flopbill solves it", flags(&involved)))
}

/// Refuses solved values that cannot be.
pub(super) fn plausible(knowns: &Knowns) -> Result<(), Error> {
    let over = |var: Var| knowns.get(var).filter(|value| *value > 1.0 + 1e-9);
    if let Some(mfu) = over(Var::Mfu) {
        let why = if knowns.is_solved(Var::Mfu) { "that work in that time needs" } else { "that is" };
        let message = format!("{why} an MFU of {}: more than the chip's peak", show::percent(mfu));
        let per_trillion = knowns.get(Var::Tokens).is_some_and(|tokens| mfu / (tokens / TRILLION) < 0.7);
        let hint = if per_trillion && knowns.is_solved(Var::Mfu) {
            "are these hours per trillion tokens? Multiply them by the trillions"
        } else {
            "more GPU-hours, a chip with a higher peak, or less work"
        };
        return Err(Error::no_solution(message).with_hint(hint));
    }
    if let Some(goodput) = over(Var::Goodput) {
        let message = format!("goodput is a share of the time held: {} is over 100 %", show::percent(goodput));
        return Err(Error::no_solution(message));
    }
    for (var, _, _) in NAMES {
        if let Some(value) = knowns.get(var).filter(|_| knowns.is_solved(var)) {
            checked(var, value).map_err(|error| {
                let message = format!("the solved {}: {}", name(var), error.message());
                Error::no_solution(message).with_hint("check the size of the values it was solved from")
            })?;
        }
    }
    Ok(())
}

fn checked(var: Var, value: f64) -> Result<(), Error> {
    match var {
        Var::Params => check(Params::new(value)).map(drop),
        Var::Tokens => check(Tokens::new(value)).map(drop),
        Var::Flop => check(Flop::new(value)).map(drop),
        Var::Peak => check(FlopPerSecond::new(value)).map(drop),
        Var::PhaseHours | Var::GpuHours => check(ChipSeconds::new(value)).map(drop),
        Var::Chips => check(Chips::new(value)).map(drop),
        Var::WallClock => check(Seconds::new(value)).map(drop),
        Var::Price => check(Price::new(value)).map(drop),
        Var::Cost if value == 0.0 => Ok(()), // a price of zero is allowed, and warned of
        Var::Cost => check(Usd::new(value)).map(drop),
        Var::Mfu | Var::Goodput | Var::PhaseShare | Var::Left => check(Fraction::new(value)).map(drop),
        Var::Pace => check(Seconds::new(value)).map(drop),
    }
}

/// The largest value that a solved variable can have, in base units.
pub(super) fn most(var: Var) -> f64 {
    match var {
        Var::Params => Params::MAX,
        Var::Tokens => Tokens::MAX,
        Var::Flop => Flop::MAX,
        Var::Peak => FlopPerSecond::MAX,
        Var::PhaseHours | Var::GpuHours => ChipSeconds::MAX,
        Var::Chips => Chips::MAX,
        Var::WallClock => Seconds::MAX,
        Var::Price => Price::MAX,
        Var::Cost => Usd::MAX,
        Var::Mfu | Var::Goodput | Var::PhaseShare | Var::Left => Fraction::MAX,
        Var::Pace => Seconds::MAX,
    }
}

/// What a user calls a variable.
pub fn name(var: Var) -> &'static str {
    NAMES.iter().find(|(other, _, _)| *other == var).map_or("", |(_, name, _)| name)
}

/// The flag that sets a variable.
pub fn flag(var: Var) -> &'static str {
    NAMES.iter().find(|(other, _, _)| *other == var).map_or("", |(_, _, flag)| flag)
}

fn flags(vars: &[Var]) -> String {
    let wanted = NAMES.iter().filter(|(var, _, flag)| vars.contains(var) && !flag.is_empty());
    wanted.map(|(_, _, flag)| *flag).collect::<Vec<_>>().join(", ")
}

/// A value for a message.
pub fn display(var: Var, value: f64) -> String {
    match var {
        Var::PhaseHours | Var::GpuHours => {
            show::counted(show::count(ChipSeconds::new(value).gpu_hours(), 4), "GPU-hour")
        }
        Var::Chips => show::counted(show::number(value, 5), "chip"),
        Var::WallClock => show::duration(Seconds::new(value)),
        Var::Cost => show::usd(Usd::new(value)),
        Var::Price => show::price(Price::new(value)),
        Var::Mfu | Var::Goodput | Var::PhaseShare | Var::Left => show::percent(value),
        Var::Pace => format!("{} chip-seconds a token", show::number(value, 4)),
        Var::Peak => show::prefixed(value, "FLOP/s", 4),
        Var::Flop => format!("{} FLOP", show::number(value, 4)),
        Var::Params | Var::Tokens => show::count(value, 4),
    }
}
