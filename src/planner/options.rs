//! What can be done with the deliveries: take each as it comes, wait for all, or order fewer.

use super::Prepared;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::deliveries::{DELIVERIES, Deliveries, Delivery};
use crate::input::question::Question;
use crate::uncertainty::montecarlo::{Estimate, Plan};
use crate::units::{Fraction, Seconds};

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

/// The ways to use the deliveries, the one that is answered first; none where there is one delivery. Fewer deliveries are a
/// question of their own.
///
/// # Errors
/// As [`Prepared::joint`].
pub fn options(question: &Question, asked: &Prepared, plan: &Plan, catalog: &Catalog) -> Result<Vec<Option_>, Error> {
    let deliveries = asked.answer.spec.deliveries.as_ref().map(|entry| &entry.value);
    let Some(deliveries) = deliveries.filter(|_| asked.supply.len() > 1) else { return Ok(Vec::new()) };
    let mut found = vec![
        one(asked, "each joins as it comes".to_owned(), plan)?,
        one(&Prepared { supply: asked.supply.waiting(), ..asked.clone() }, "wait for all of them".to_owned(), plan)?,
    ];
    let start = asked.supply.start.map(|(day, _)| day);
    let day = |one: &Delivery| one.on.map(|when| when.after(start).map_or(0.0, Seconds::days)).iter().sum::<f64>();
    let mut order: Vec<&Delivery> = deliveries.each.iter().filter(|one| one.probability > Fraction::ZERO).collect();
    order.sort_by(|a, b| day(a).total_cmp(&day(b)));
    for kept in (1..order.len()).rev() {
        let name =
            if kept == 1 { "the first delivery alone".to_owned() } else { format!("the first {kept} deliveries") };
        let fewer = Deliveries::of(order.iter().take(kept).map(|one| (*one).clone()).collect())?;
        let fewer = question.clone().with(DELIVERIES, fewer.to_string());
        // So few that the run does not fit on them are no way.
        if let Ok(asked) = Prepared::of(&fewer, catalog) {
            found.push(one(&asked, name, plan)?);
        }
    }
    let by_worth = |a: &&Option_, b: &&Option_| {
        let surer = (a.kept.value - b.kept.value).abs() > 1e-9;
        if surer { b.kept.value.total_cmp(&a.kept.value) } else { a.cost.total_cmp(&b.cost) }
    };
    let best = found.iter().min_by(by_worth).map(|best| best.name.clone());
    found.iter_mut().for_each(|option| option.best = Some(&option.name) == best.as_ref());
    Ok(found)
}

fn one(asked: &Prepared, name: String, plan: &Plan) -> Result<Option_, Error> {
    let joint = asked.joint()?;
    let draws = joint.draw(&asked.limits, &joint.plan(plan));
    let [days, cost] = super::joint::medians(&draws);
    let kept = joint.kept_of(&draws, &asked.limits);
    Ok(Option_ { name, kept, days, cost, best: false })
}
