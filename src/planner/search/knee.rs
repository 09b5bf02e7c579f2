//! Chips without a date: from the fewest on which the run fits to where more no longer pay, and the knee between.

use serde::Serialize;

use super::Search;
use crate::error::Error;
use crate::planner::joint::known;
use crate::planner::reply::Levels;
use crate::planner::trial::{Trial, Verdict};
use crate::practice::scale;
use crate::predict::chips::fewest_where;
use crate::scaling::pareto::Front;
use crate::units::{Chips, show};

/// Numbers of chips in a doubling.
const IN_A_DOUBLING: i32 = 4;

/// Doublings that are tried at the most.
const DOUBLINGS: i32 = 16;

/// More chips no longer pay where each of two doublings leaves more than this of the days: at the knee one leaves 71 %.
const LEFT: f64 = 0.8;

/// Numbers between the two beside the best that are tried once more.
const BETWEEN: u32 = 12;

/// What is missed by more than this on few draws is not tried on all.
const FAR: f64 = 1.05;

/// Fewer days than these are the same.
const SAME: f64 = 1e-3;

/// The rule by which the knee is chosen, as every answer says it.
pub const RULE: &str =
    "the least days x cost: up to there 1 % fewer days costs less than 1 % more money, beyond it more";

/// A number of chips with its days and cost, none of which another number beats in both.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct Point {
    /// Chips held, or delivered in all.
    pub chips: f64,
    /// Days from the start to the end.
    pub days: Levels,
    /// What money is held against: the rent, or the bill that is asked for.
    pub cost_usd: Levels,
    /// Dollars for each day that it ends sooner than the row before; null in the first row.
    pub usd_per_day_sooner: Option<f64>,
    /// Percent of money for one percent of days, from the row before; null in the first row.
    pub elasticity: Option<f64>,
    /// Whether it is the knee.
    pub is_knee: bool,
}

/// Where more chips stop paying.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Knee {
    /// How it is chosen.
    pub rule: &'static str,
    /// The fewest chips on which the run fits, whether or not others beat them.
    pub fewest: Point,
    /// The knee.
    pub chips: f64,
    /// What ends the table while more chips would still pay; null where they do not.
    pub ended_by: Option<String>,
    /// The points, the fewest chips first.
    pub points: Vec<Point>,
}

/// The fewest chips, the knee, and the points between and beyond, with the question at the knee tried.
///
/// # Formula
/// the knee is the number of chips with the least `days x cost`, both at p50
/// # Source
/// Eager, Zahorjan and Lazowska 1989, IEEE Transactions on Computers 38(3), 408-423: the knee of the profile of execution time
/// and efficiency is where efficiency over time is largest. Efficiency is the cost on one chip over the cost on n, so that it is
/// where `time x cost` is least. A chord between the ends of the curve would move with the ends, and a rule in dollars a day
/// with the size of the run; this one does neither, and where cost is as chips x days it says: stop where twice the chips no
/// longer save 29 % of the days.
///
/// # Errors
/// A run that fits on no number of chips; a cost that is not known; hours that do not change with the chips; limits that no
/// number keeps.
pub fn knee(search: &Search<'_>) -> Result<(Knee, Trial, u32), Error> {
    let few = search.few();
    let fits = |verdict: &Verdict| verdict.days.p50.is_some();
    let fewest = fewest_where(search.node, |chips| Ok(fits(&search.verdict(search.nodes(chips), &few)?)))?;
    let fewest = search.nodes(fewest);
    let most = scale::most()?;
    // Hours that are given do not rest on the step model.
    let predicted = search.trial(fewest)?.answer.prediction().is_some();
    let most = Some(most).filter(|_| predicted).filter(|most| search.held(fewest).is_ok_and(|held| held <= most.get()));
    let all = tried(search, fewest, most);
    if all.iter().all(|(_, verdict)| verdict.cost.p50.is_none()) {
        return Err(Error::no_solution("the cost is not known").with_hint("give --price, or a --gpu that has one"));
    }
    // What few draws found is told on all.
    let whole = |(nodes, verdict): &(u32, Verdict)| {
        let near = verdict.over() < FAR && verdict.has_room();
        near.then(|| search.verdict(*nodes, &search.plan).ok()).flatten().map(|verdict| (*nodes, verdict))
    };
    let held: Vec<(u32, Verdict)> = all.iter().filter_map(whole).filter(|(_, verdict)| verdict.holds()).collect();
    if held.is_empty() {
        return Err(none(search, &all));
    }
    let best = least_product(&held).ok_or_else(|| Error::no_solution("no number of chips has days and a cost"))?;
    let ended = ended_by(&all, &held, best, most.filter(|most| is_last(search, &all, *most)));
    if ended.as_deref() == Some("") {
        let error = Error::no_solution(
            "the hours do not change with the chips here: more chips always pay, and there is no knee",
        );
        return Err(
            error.with_hint("give --by 60d or --max-chips 4096, or name the --model, so that its scaling is predicted")
        );
    }
    let points = points(search, &held, best)?;
    let least = point(search, fewest, &search.verdict(fewest, &search.plan)?, best)?;
    let knee = Knee { rule: RULE, fewest: least, chips: search.held(best)?, ended_by: ended, points };
    Ok((knee, search.trial(best)?, best))
}

/// Numbers of chips from the fewest up, until more no longer pay, and some more around the best of them.
fn tried(search: &Search<'_>, fewest: u32, most: Option<Chips>) -> Vec<(u32, Verdict)> {
    let few = search.few();
    let mut all: Vec<(u32, Verdict)> = Vec::new();
    for step in 0..=IN_A_DOUBLING * DOUBLINGS {
        let nodes = (f64::from(fewest) * 2f64.powf(f64::from(step) / f64::from(IN_A_DOUBLING))).round() as u32;
        if all.last().is_some_and(|(known, _)| *known >= nodes) {
            continue;
        }
        // Where no step was ever measured no slope is believed.
        if most.zip(search.held(nodes).ok()).is_some_and(|(most, chips)| chips > most.get()) {
            break;
        }
        let Ok(verdict) = search.verdict(nodes, &few) else { break };
        all.push((nodes, verdict));
        // Days with the most that are at most so much of these.
        let days = |part: f64| {
            let most = all.iter().rev().find(|(known, _)| f64::from(*known) <= f64::from(nodes) * part * (1.0 + 1e-9));
            most.and_then(|(_, verdict)| verdict.days.p50)
        };
        if let (Some(now), Some(half), Some(quarter)) = (days(1.0), days(0.5), days(0.25))
            && now > LEFT * half
            && half > LEFT * quarter
        {
            break;
        }
    }
    let held: Vec<(u32, Verdict)> = all.iter().filter(|(_, verdict)| verdict.holds()).cloned().collect();
    if let Some(best) = least_product(&held) {
        let place = all.iter().position(|(nodes, _)| *nodes == best).unwrap_or(0);
        let low = all.get(place.saturating_sub(1)).map_or(best, |(nodes, _)| *nodes);
        let high = all.get(place + 1).map_or(best, |(nodes, _)| *nodes);
        for step in 1..BETWEEN {
            let nodes = low + (high - low) * step / BETWEEN;
            if all.iter().all(|(known, _)| *known != nodes)
                && let Ok(verdict) = search.verdict(nodes, &few)
            {
                all.push((nodes, verdict));
            }
        }
        all.sort_by_key(|(nodes, _)| *nodes);
    }
    all
}

/// Days and cost of the middle; `None` where one is not known.
fn middle(verdict: &Verdict) -> Option<(f64, f64)> {
    verdict.days.p50.zip(verdict.cost.p50)
}

/// The nodes with the least days x cost; of equals the fewest.
fn least_product(held: &[(u32, Verdict)]) -> Option<u32> {
    let product = |(nodes, verdict): &(u32, Verdict)| middle(verdict).map(|(days, cost)| (*nodes, days * cost));
    let least = |a: &(u32, f64), b: &(u32, f64)| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0));
    held.iter().filter_map(product).min_by(least).map(|(nodes, _)| nodes)
}

/// Whether the next number of chips would be more than anybody has measured.
fn is_last(search: &Search<'_>, all: &[(u32, Verdict)], most: Chips) -> bool {
    let last = all.last().and_then(|(nodes, _)| search.held(*nodes).ok());
    last.is_some_and(|last| last * 2f64.powf(1.0 / f64::from(IN_A_DOUBLING)) > most.get())
}

/// Why the best is the last that holds; nothing in it where only the tries end it. `most` is the number of chips beyond which
/// nothing is tried, where that ended them.
fn ended_by(all: &[(u32, Verdict)], held: &[(u32, Verdict)], best: u32, most: Option<Chips>) -> Option<String> {
    if held.iter().any(|(nodes, verdict)| *nodes > best && middle(verdict).is_some()) {
        return None;
    }
    let next = all.iter().find(|(nodes, _)| *nodes > best);
    let beyond = || {
        most.map(|most| format!("no published step or run used more than {} chips", show::chips(most)))
            .unwrap_or_default()
    };
    Some(next.map_or_else(beyond, |(_, verdict)| verdict.broken().join("; ")))
}

/// The points that no other beats in days and cost, the fewest chips first.
fn points(search: &Search<'_>, held: &[(u32, Verdict)], best: u32) -> Result<Vec<Point>, Error> {
    let mut front = Front::new();
    for (at, (_, verdict)) in held.iter().enumerate() {
        if let Some((days, cost)) = middle(verdict) {
            front.offer(cost, days, at);
        }
    }
    let mut kept: Vec<&(u32, Verdict)> = front.points().filter_map(|point| held.get(point.tag)).collect();
    kept.sort_by_key(|(nodes, _)| *nodes);
    let mut points: Vec<Point> = Vec::new();
    let mut before: Option<(f64, f64)> = None;
    for (nodes, verdict) in kept {
        let now = middle(verdict);
        if before.zip(now).is_some_and(|((then, _), (days, _))| days > then * (1.0 - SAME)) {
            continue;
        }
        let steps = before.zip(now).map(|((days_then, cost_then), (days, cost))| {
            ((cost - cost_then) / (days_then - days), (cost / cost_then).ln() / (days_then / days).ln())
        });
        points.push(Point {
            usd_per_day_sooner: steps.and_then(|(dollars, _)| known(dollars)),
            elasticity: steps.and_then(|(_, elasticity)| known(elasticity)),
            ..point(search, *nodes, verdict, best)?
        });
        before = now.or(before);
    }
    Ok(points)
}

/// A row without what stands before it.
fn point(search: &Search<'_>, nodes: u32, verdict: &Verdict, best: u32) -> Result<Point, Error> {
    let (days, cost_usd) = (verdict.days, verdict.cost);
    let (chips, is_knee) = (search.held(nodes)?, nodes == best);
    Ok(Point { chips, days, cost_usd, usd_per_day_sooner: None, elasticity: None, is_knee })
}

/// Why no number of chips keeps the limits.
fn none(search: &Search<'_>, all: &[(u32, Verdict)]) -> Error {
    let least = |a: &&(u32, Verdict), b: &&(u32, Verdict)| a.1.over().total_cmp(&b.1.over());
    let why = all
        .iter()
        .min_by(least)
        .map(|(nodes, verdict)| format!(": with {} {}", search.in_words(*nodes), verdict.broken().join("; ")));
    let error = Error::no_solution(format!("no number of chips keeps the limits{}", why.unwrap_or_default()));
    search.refused(error, "", all)
}
