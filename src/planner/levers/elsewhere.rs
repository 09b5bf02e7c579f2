//! Other chips and other places.

use super::{ChangeRow, Search};
use crate::catalog::Kind;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::planner::supply::hourly;

/// The most chips and places that are tried.
const KINDS: usize = 6;

impl Search<'_> {
    /// Another chip, in the same numbers: of those that are enough the cheapest.
    pub(super) fn chip(&mut self) -> Result<(), Error> {
        let answer = &self.asked.answer;
        let deliveries = answer.spec.deliveries.as_ref();
        let named = deliveries.is_some_and(|all| all.value.each.iter().any(|one| one.gpu.is_some()));
        let (Some(own), false) = (&answer.chip, named) else { return Ok(()) };
        let region = answer.spec.region.as_ref().map(|entry| entry.value.as_str());
        let mut others = Vec::new();
        for id in self.catalog.ids(Kind::Accelerators) {
            if id == own.chip.id || self.catalog.rent(&id, Term::OnDemand, region)?.is_none() {
                continue;
            }
            let chip = self.catalog.accelerator(&id)?.chip;
            let peak = chip.peak_of(chip.training_precision()).map_or(0.0, |peak| peak.get());
            others.push((peak, id));
        }
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        others.truncate(KINDS);
        let laid = |id: &str| {
            self.change(
                "chip",
                &[("run.gpu", id.to_owned())],
                format!("as many {id}, where they may be had"),
                f64::INFINITY,
            )
        };
        let found = others.iter().filter_map(|(_, id)| laid(id)).min_by(cheaper);
        let tried = others.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>().join(", ");
        self.tell("chip", found, || format!("none of {tried} in the same number"));
        Ok(())
    }

    /// Another place, where the rent is another: of those that are enough the cheapest.
    pub(super) fn region(&mut self) -> Result<(), Error> {
        let answer = &self.asked.answer;
        let (Some(own), Some(_)) = (&answer.chip, self.asked.limits.budget) else { return Ok(()) };
        let is_told =
            answer.price.as_ref().is_some_and(|price| price.origin.weight() > 0 && answer.spec.price.is_some());
        if is_told && self.asked.whole.is_none() {
            return Ok(()); // the rent that is told is that of any place
        }
        let now = hourly(answer);
        let mut prices: Vec<(f64, String)> = Vec::new();
        for id in self.catalog.ids(Kind::Regions) {
            let Some(rent) = self.catalog.rent(&own.chip.id, Term::OnDemand, Some(&id))? else { continue };
            let price = rent.price.usd_per_hour();
            let known = prices.iter().any(|(known, _)| (known / price - 1.0).abs() < 1e-9);
            if price < now * (1.0 - 1e-9) && !known {
                prices.push((price, id));
            }
        }
        prices.sort_by(|a, b| a.0.total_cmp(&b.0));
        prices.truncate(KINDS);
        let laid = |id: &str| self.change("region", &[("region", id.to_owned())], format!("in {id}"), f64::INFINITY);
        let found = prices.iter().filter_map(|(_, id)| laid(id)).min_by(cheaper);
        let surely = self.surely();
        self.tell("region", found, || format!("no place whose rent is lower reaches {surely}"));
        Ok(())
    }
}

/// Which of two changes costs less; one whose cost is not known costs most.
fn cheaper(a: &ChangeRow, b: &ChangeRow) -> std::cmp::Ordering {
    let cost = |change: &ChangeRow| change.cost_usd_p50.unwrap_or(f64::INFINITY);
    cost(a).total_cmp(&cost(b))
}
