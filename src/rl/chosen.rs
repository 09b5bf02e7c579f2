//! How the chips are divided: the engines that write, and where writing and learning run at the same time, who does which.

use super::asked::Asked;
use super::cycle::Rollout;
use crate::error::Error;
use crate::predict::Setting;
use crate::rollout::engine::{Engine, Weights};
use crate::units::{Bytes, Chips, Seconds, show};

/// Shares of the nodes that are tried for writing.
const SHARES: u32 = 16;

/// The division.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// How a copy of the model that writes is split.
    pub engine: Engine,
    /// Chips that write.
    pub writing: f64,
    /// Chips that learn.
    pub learning: f64,
}

/// The engine on which the rollout is written soonest.
///
/// # Errors
/// No engine on these chips holds the model and a response.
pub fn engine(rollout: &Rollout<'_>, chips: f64, room: Bytes) -> Result<(Engine, Seconds), Error> {
    let (asked, setting) = (rollout.asked, rollout.setting);
    let heads = setting.model.shape.split_heads();
    let most = asked.engine_chips.unwrap_or(u32::MAX).min(chips as u32);
    let all = Engine::all(most, setting.machine.domain, heads);
    let wanted = |engine: &Engine| asked.engine_chips.is_none_or(|given| given == engine.chips);
    let fitting = all.into_iter().filter(|engine| wanted(engine) && rollout.fits(*engine, chips, room));
    let timed = fitting.map(|engine| (engine, rollout.written(engine, chips, room).time));
    timed.min_by(|a, b| a.1.get().total_cmp(&b.1.get())).ok_or_else(|| none(rollout, chips, room))
}

fn none(rollout: &Rollout<'_>, chips: f64, room: Bytes) -> Error {
    let setting = rollout.setting;
    let weights = Weights::of(&setting.model.shape, setting.precision);
    let all = Bytes::new((weights.shared + weights.experts) * weights.bytes);
    let (given, chips) = (rollout.asked.engine_chips, show::counted(show::whole(chips), "chip"));
    let engine = given.map_or_else(String::new, |given| format!(" in engines of {given}"));
    let message = format!(
        "{} does not fit on {chips}{engine} to write with: {:.0} GB of {} weights, and {:.1} GB of room on a chip",
        setting.model.name,
        all.gb(),
        setting.precision,
        room.gb(),
    );
    let hint = if given.is_some() {
        "leave --engine-chips out: engines are powers of two that hold the weights"
    } else {
        "give more chips, chips with more memory, or a narrower --precision"
    };
    Error::does_not_fit(message).with_hint(hint)
}

/// The division of so many chips.
///
/// # Errors
/// As [`engine`]; no division leaves enough chips to write and to learn.
pub fn divide(asked: &Asked, rollout: &Rollout<'_>, setting: &Setting, room: Bytes) -> Result<Chosen, Error> {
    let chips = asked.spec.chips.as_ref().map_or(0.0, |entry| entry.value.get());
    if !asked.asynchronous {
        let (engine, _) = engine(rollout, chips, room)?;
        return Ok(Chosen { engine, writing: chips, learning: chips });
    }
    let node = f64::from(setting.machine.node.max(1));
    let nodes = (chips / node).floor();
    if nodes < 2.0 {
        let error = Error::no_solution("writing and learning at the same time take a node each, and there is one");
        return Err(error.with_hint("give more chips, or leave --async out"));
    }
    let writing = |share: f64| (share * nodes).round().clamp(1.0, nodes - 1.0) * node;
    let shares: Vec<f64> = match asked.share {
        Some(share) => vec![share],
        None => (1..SHARES).map(|n| f64::from(n) / f64::from(SHARES)).collect(),
    };
    let mut best: Option<(Seconds, Chosen)> = None;
    let mut last = None;
    for share in shares {
        match timed(rollout, setting, room, writing(share), chips) {
            Ok(found) if best.is_none_or(|(time, _)| found.0 < time) => best = Some(found),
            Ok(_) => {}
            Err(error) => last = Some(error),
        }
    }
    let none = || Error::no_solution("no division of the chips leaves enough to write and to learn");
    best.map(|(_, chosen)| chosen).ok_or_else(|| last.unwrap_or_else(none))
}

/// The time of a cycle's longer side where so many chips write.
fn timed(
    rollout: &Rollout<'_>,
    setting: &Setting,
    room: Bytes,
    writing: f64,
    chips: f64,
) -> Result<(Seconds, Chosen), Error> {
    let learning = chips - writing;
    let (engine, _) = engine(rollout, writing, room)?;
    let chosen = Chosen { engine, writing, learning };
    let step = setting.on(Chips::new(learning))?;
    let updates = step.step_time() * (step.unsaid.factor * rollout.asked.per_rollout);
    Ok((rollout.cycle(&chosen, room, updates, &step.fit).total(), chosen))
}
