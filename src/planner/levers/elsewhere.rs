//! Other chips, other places, another rent by a later date.

use super::{ChangeRow, Drawn, Search, Wanted, down};
use crate::catalog::Kind;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::planner::supply::hourly;
use crate::ruling::export;
use crate::units::{Price, Seconds, show};

/// The most chips and places that are tried.
const KINDS: usize = 6;

impl Search<'_> {
    /// A later date at a lower rent, where neither alone is enough: what is missing of the confidence is shared by the two.
    pub(super) fn date_and_price(&mut self, draws: &Drawn<'_>) {
        let (asked, limits) = (self.asked, &self.asked.limits);
        let (Some(due), Some(budget), None) = (limits.due, limits.budget, &asked.whole) else { return };
        if asked.supply.has_own_prices() {
            return;
        }
        let Some((days, hours)) = self.later(draws, due, Wanted::Hours) else { return };
        let Some(by) = self.by(days) else { return };
        let (now, price) = (hourly(&asked.answer), down(budget.get() / hours));
        let lower = price > 0.0 && price < now * (1.0 - 1e-9);
        let later = show::duration(Seconds::from_days(days - due.days()));
        let to = format!("{later} later, at {} for certain", show::price(Price::from_usd_per_hour(price)));
        let size = (days / due.days()).ln() + (now / price).ln();
        let laid = [("by", by), ("price.rent", format!("${price}/h"))];
        let change = if lower { self.change("date and price", &laid, to, size) } else { None };
        self.found.changes.extend(change);
    }

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
        // What the rules deny to the place is not proposed.
        let day = answer.spec.as_of.as_ref().map(|day| day.value);
        let exported = |id: &str| Some(export(id, region?, day, self.catalog).ok()?.outcome);
        let denied: Vec<String> =
            others.iter().map(|(_, id)| id.clone()).filter(|id| exported(id) == Some("denied")).collect();
        others.retain(|(_, id)| !denied.contains(id));
        others.truncate(KINDS);
        let laid = |id: &str| {
            let found = exported(id);
            let export = found.zip(region).map(|(found, place)| format!("; export to {place}: {found}"));
            let to = format!("as many {id}{}", export.unwrap_or_else(|| ", where they may be had".into()));
            let change = self.change("chip", &[("run.gpu", id.to_owned())], to, f64::INFINITY)?;
            Some(ChangeRow { export: found, ..change })
        };
        let found = others.iter().filter_map(|(_, id)| laid(id)).min_by(cheaper);
        let tried = others.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>().join(", ");
        let denied = if denied.is_empty() { String::new() } else { format!("; denied there: {}", denied.join(", ")) };
        self.tell("chip", found, || format!("none of {tried} in the same number{denied}"));
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
