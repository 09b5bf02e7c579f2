//! The fewest chips with which all that is asked holds.

use super::Search;
use crate::error::Error;
use crate::planner::trial::{Trial, Verdict};
use crate::predict::chips::{fewest_near, fewest_where};
use crate::uncertainty::montecarlo::Plan;
use crate::units::{Chips, Seconds, show};

/// Growth from one number of chips to the next, where more of them may be cheaper.
const GROWTH: f64 = 1.04;

/// The most of them that are tried.
const MORE: i32 = 48;

/// What is missed by more than this on few draws is not tried on all.
const FAR: f64 = 1.05;

/// Parts of the fewest that are soon enough, of which the cheaper are told where nothing holds.
const FEWER: [f64; 8] = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// A plan that holds.
#[derive(Debug, Clone)]
pub struct Found {
    /// The question with the plan in it.
    pub trial: Trial,
    /// Nodes.
    pub nodes: u32,
}

/// The fewest chips, in whole nodes, for which everything that is asked holds.
///
/// More chips are never later, so that those that are soon enough begin at one number: that is looked for first. Money is
/// another matter: more chips may cost more or less. Where the first number that is soon enough is too dear, numbers above it
/// are tried, each 4 % more than the one before, and of the first that holds and the one below it the fewest between.
///
/// # Errors
/// No number of chips that does: which limit binds, and the nearest question that holds.
pub fn fewest(search: &Search<'_>) -> Result<Found, Error> {
    let soon = soonest(search)?;
    let few = search.few();
    let holds = |nodes: u32| {
        let near = search.verdict(nodes, &few).is_ok_and(|verdict| verdict.over() < FAR && verdict.has_room());
        near && search.verdict(nodes, &search.plan).is_ok_and(|verdict| verdict.holds())
    };
    let nodes = if holds(soon) { Some(soon) } else { above(search, soon, &holds) };
    match nodes {
        Some(nodes) => Ok(Found { trial: search.trial(nodes)?, nodes }),
        None => Err(none(search, soon)),
    }
}

/// The fewest nodes that are soon enough.
fn soonest(search: &Search<'_>) -> Result<u32, Error> {
    let plan = search.plan;
    let enough = |chips: Chips, plan: &Plan| Ok(search.verdict(search.nodes(chips), plan)?.is_soon());
    let few = search.few();
    let found = fewest_where(search.node, |chips| enough(chips, &few));
    let found = match (found, few == plan) {
        (Ok(near), false) => fewest_near(search.node, near, |chips| enough(chips, &plan)),
        (Err(_), false) => fewest_where(search.node, |chips| enough(chips, &plan)),
        (found, true) => found,
    };
    found.map(|chips| search.nodes(chips)).map_err(|error| late(search, error))
}

/// The first nodes above `soon` that hold, of steps and of what was tried on the way, and the fewest between them and the last
/// that do not.
fn above(search: &Search<'_>, soon: u32, holds: &impl Fn(u32) -> bool) -> Option<u32> {
    let steps = (1..=MORE).map(|step| (f64::from(soon) * GROWTH.powi(step)).ceil() as u32);
    let tried = search.tried().into_iter().map(|(nodes, _)| nodes);
    let most = (f64::from(soon) * GROWTH.powi(MORE)).ceil() as u32;
    let mut all: Vec<u32> = steps.chain(tried).filter(|nodes| *nodes > soon && *nodes <= most).collect();
    all.sort_unstable();
    all.dedup();
    let mut before = soon;
    for nodes in all {
        if holds(nodes) {
            let (mut low, mut high) = (before, nodes);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if holds(middle) { high = middle } else { low = middle }
            }
            return Some(high);
        }
        before = nodes;
    }
    None
}

/// Why no number of chips is soon enough: how sure the most are.
fn late(search: &Search<'_>, error: Error) -> Error {
    let tried = search.tried();
    let shares = tried.iter().filter_map(|(_, verdict)| Some((verdict.kept.by?, verdict.limits.due?, verdict)));
    let most = shares.max_by(|a, b| a.0.value.total_cmp(&b.0.value));
    let of_gate = || {
        let (_, verdict) = tried.last()?;
        verdict.gates.iter().find(|gate| !gate.kept).and_then(|gate| gate.sentence.clone())
    };
    let message = match most {
        Some((share, due, _)) if share.value == 0.0 => {
            format!("no number of chips finishes within {}", show::duration(due))
        }
        Some((share, due, verdict)) if share.value < verdict.confidence.get() => {
            let [reached, asked] = [share.value, verdict.confidence.get()].map(|share| show::percent_to(share, 6));
            let due: Seconds = due;
            format!(
                "no number of chips finishes within {} in {asked} of the draws: the best reaches {reached}",
                show::duration(due)
            )
        }
        _ => match of_gate() {
            Some(sentence) => format!("no number of chips is soon enough: with the most that were tried {sentence}"),
            None => return error,
        },
    };
    let hint = "ask for less confidence (--confidence), give more time (--by), less work, or faster chips";
    search.refused(Error::no_solution(message), hint, &tried)
}

/// Why no number of chips that is soon enough holds: what binds there, and what holds nearby.
fn none(search: &Search<'_>, soon: u32) -> Error {
    let few = search.few();
    for part in FEWER {
        // Fewer chips are later; some are cheaper.
        let nodes = ((f64::from(soon) * part).round() as u32).max(1);
        search.verdict(nodes, &few).ok();
    }
    let tried = search.tried();
    let least = |a: &&(u32, Verdict), b: &&(u32, Verdict)| a.1.over().total_cmp(&b.1.over());
    let best = tried.iter().filter(|(nodes, _)| *nodes >= soon).min_by(least);
    let chips = |nodes: u32| search.in_words(nodes);
    let why = best.map(|(nodes, verdict)| format!(": with {} {}", chips(*nodes), verdict.broken().join("; ")));
    let message = format!(
        "no number of chips holds, from the fewest that are soon enough ({}) up{}",
        chips(soon),
        why.unwrap_or_default()
    );
    search.refused(Error::no_solution(message), "", &tried)
}
