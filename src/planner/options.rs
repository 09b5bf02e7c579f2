//! What can be done with the deliveries: take each as it comes, wait for all, or order fewer.

use serde::Serialize;

use super::Prepared;
use super::joint::{Short, known};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::deliveries::{DELIVERIES, Deliveries, Delivery};
use crate::input::question::Question;
use crate::uncertainty::montecarlo::Plan;
use crate::units::{Fraction, Seconds};

/// A way to use the deliveries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OptionRow {
    /// What is done.
    pub name: String,
    /// How surely the limits are kept.
    pub probability: Option<f64>,
    /// Days at p50; null where it is not done that often.
    pub days_p50: Option<f64>,
    /// What the money is held against, at p50.
    pub cost_usd_p50: Option<f64>,
    /// Whether it is the best: surest, then cheapest.
    pub best: bool,
}

/// The ways to use the deliveries, the one that is answered first; none where there is one delivery. Fewer deliveries are a
/// question of their own.
///
/// # Errors
/// As [`Prepared::joint`].
pub fn options(
    question: &Question,
    asked: &Prepared,
    own: Short,
    plan: &Plan,
    catalog: &Catalog,
) -> Result<Vec<OptionRow>, Error> {
    let deliveries = asked.answer.spec.deliveries.as_ref().map(|entry| &entry.value);
    let Some(deliveries) = deliveries.filter(|_| asked.supply.len() > 1) else { return Ok(Vec::new()) };
    let waiting = Prepared { supply: asked.supply.waiting(), ..asked.clone() };
    let mut found =
        vec![("each joins as it comes".to_owned(), own), ("wait for all of them".to_owned(), waiting.short(plan)?)];
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
            found.push((name, asked.short(plan)?));
        }
    }
    let by_worth = |a: &&(String, Short), b: &&(String, Short)| {
        let surer = (a.1.kept.value - b.1.kept.value).abs() > 1e-9;
        if surer { b.1.kept.value.total_cmp(&a.1.kept.value) } else { a.1.cost.total_cmp(&b.1.cost) }
    };
    let best = found.iter().min_by(by_worth).map(|(name, _)| name.clone());
    let row = |(name, short): (String, Short)| OptionRow {
        best: Some(&name) == best.as_ref(),
        name,
        probability: known(short.kept.value),
        days_p50: known(short.days),
        cost_usd_p50: known(short.cost),
    };
    Ok(found.into_iter().map(row).collect())
}
