//! What can be done with the deliveries: take each as it comes, wait for all, or order fewer.

use super::Prepared;
use super::supply::Supply;
use crate::error::Error;
use crate::uncertainty::montecarlo::{Estimate, Plan};

/// A way to use the deliveries.
#[derive(Debug, Clone, PartialEq)]
pub struct Option_ {
    /// What is done.
    pub name: String,
    /// How surely the limits are kept.
    pub kept: Estimate,
    /// Days at p50; infinite where it is not done that often.
    pub days: f64,
    /// What the money is held against at p50.
    pub cost: f64,
    /// Whether it is the best: surest, then cheapest.
    pub best: bool,
}

/// The ways to use the deliveries, the one that is answered first; none where there is one delivery.
///
/// # Errors
/// As [`Prepared::joint`].
pub fn options(asked: &Prepared, plan: &Plan) -> Result<Vec<Option_>, Error> {
    let count = asked.supply.len();
    if count < 2 {
        return Ok(Vec::new());
    }
    let mut ways = vec![("each joins as it comes".to_owned(), asked.supply.clone())];
    ways.push(("wait for all of them".to_owned(), asked.supply.waiting()));
    // Ordering fewer is a choice where there is something to order after the first.
    ways.extend((1..count).rev().map(|kept| {
        let name =
            if kept == 1 { "the first delivery alone".to_owned() } else { format!("the first {kept} deliveries") };
        (name, asked.supply.first(kept))
    }));
    let mut found = Vec::new();
    for (name, supply) in ways {
        found.push(one(asked, name, supply, plan)?);
    }
    let by_worth = |a: &&Option_, b: &&Option_| {
        let surer = (a.kept.value - b.kept.value).abs() > 1e-9;
        if surer { b.kept.value.total_cmp(&a.kept.value) } else { a.cost.total_cmp(&b.cost) }
    };
    let best = found.iter().min_by(by_worth).map(|best| best.name.clone());
    found.iter_mut().for_each(|option| option.best = Some(&option.name) == best.as_ref());
    Ok(found)
}

fn one(asked: &Prepared, name: String, supply: Supply, plan: &Plan) -> Result<Option_, Error> {
    let other = Prepared { supply, ..asked.clone() };
    let joint = other.joint()?;
    let draws = joint.draw(&asked.limits, &joint.plan(plan));
    let [days, cost] = super::joint::medians(&draws);
    let kept = joint.kept_of(&draws, &asked.limits);
    Ok(Option_ { name, kept, days, cost, best: false })
}
