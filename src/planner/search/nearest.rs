//! What holds nearby, where nothing holds: one limit moved until it does, asked again before it is told.

use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::field::find;
use crate::input::question::{Question, Typed};
use crate::planner::gates::Gate;
use crate::planner::levers::{typed, up};
use crate::planner::trial::{Trial, Verdict};
use crate::uncertainty::montecarlo::Plan;
use crate::units::{Chips, Usd, show};

/// How often a limit is moved on, where it does not hold on all draws.
const AGAIN: usize = 6;

/// By how much.
const STEP: f64 = 1.01;

/// A question that was tried and does not hold.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The question.
    pub question: Question,
    /// What of the plan is typed for it: the field and its value.
    pub typed: Vec<(&'static str, String)>,
    /// What came of it.
    pub verdict: Verdict,
}

/// A limit that could be moved, and what it would be moved to.
struct Moved<'a> {
    candidate: &'a Candidate,
    path: &'static str,
    value: f64,
}

/// The refusal, with what holds nearby.
pub fn refused(error: Error, hint: &str, tried: &[Candidate], plan: &Plan, catalog: &Catalog) -> Error {
    let mut near: Vec<String> = Vec::new();
    for moved in moves(tried) {
        near.extend(moved.settled(plan, catalog));
    }
    let near = (!near.is_empty()).then(|| format!("the nearest that holds: {}", near.join("; or ")));
    let hint: Vec<String> = near.into_iter().chain((!hint.is_empty()).then(|| hint.to_owned())).collect();
    if hint.is_empty() {
        error.with_hint("give more money, more time, or less work")
    } else {
        error.with_hint(hint.join("; "))
    }
}

/// For each limit the smallest move with which all others are kept.
fn moves(tried: &[Candidate]) -> Vec<Moved<'_>> {
    let gates_kept = |verdict: &Verdict| verdict.gates.iter().all(|gate| gate.kept);
    let mut all = Vec::new();
    let dated = tried.iter().filter(|one| one.verdict.limits.due.is_some() && gates_kept(&one.verdict));
    all.extend(least("by", dated.filter_map(|one| Some((one.verdict.least_days?, one)))));
    let paid = tried.iter().filter(|one| one.verdict.limits.budget.is_some() && gates_kept(&one.verdict));
    all.extend(least("budget", paid.filter_map(|one| Some((one.verdict.least_cost?, one)))));
    // The same limits stand in every question that was tried.
    let names = tried.first().into_iter().flat_map(|one| one.verdict.gates.iter().map(|gate| gate.name));
    for (name, path) in names.filter_map(|name| Some((name, find(name).ok()?.path))) {
        let alone = |one: &&Candidate| {
            one.verdict.sure_enough() && one.verdict.gates.iter().all(|gate| gate.kept || gate.name == name)
        };
        let value = |one: &'_ Candidate| {
            let gate: &Gate = one.verdict.gates.iter().find(|gate| gate.name == name)?;
            gate.value
        };
        all.extend(least(path, tried.iter().filter(alone).filter_map(|one| Some((value(one)?, one)))));
    }
    all
}

fn least<'a>(path: &'static str, values: impl Iterator<Item = (f64, &'a Candidate)>) -> Option<Moved<'a>> {
    let least = values.filter(|(value, _)| value.is_finite()).min_by(|a, b| a.0.total_cmp(&b.0));
    least.map(|(value, candidate)| Moved { candidate, path, value })
}

impl Moved<'_> {
    /// What to type, once it holds on all draws.
    fn settled(&self, plan: &Plan, catalog: &Catalog) -> Option<String> {
        let mut value = self.value;
        for _ in 0..AGAIN {
            let text = self.text(value);
            let question = self.candidate.question.clone().with(self.path, Typed(text.clone()));
            if Trial::of(&question, plan, catalog).is_ok_and(|trial| trial.verdict.holds()) {
                let with: Vec<String> = self.candidate.typed.iter().map(|(path, text)| typed(path, text)).collect();
                let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(" ")) };
                return Some(format!("{}{with}", typed(self.path, &text)));
            }
            value *= STEP;
        }
        None
    }

    fn text(&self, value: f64) -> String {
        match self.path {
            "budget" | "gate.max_cost" | "gate.max_cost_p90" => show::exact(Usd::new(up(value))),
            "gate.max_chips" | "gate.max_chips_p90" => show::exact(Chips::new(value.ceil())),
            _ => {
                let days = if value >= 2.0 { (value - 1e-9).ceil() } else { up(value) };
                format!("{days}d")
            }
        }
    }
}
