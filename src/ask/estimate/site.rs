//! The power of a site as a limit: the chips that it feeds, and what the run takes on those.

use serde::Serialize;

use super::gates::{Gate, On};
use crate::answer::whole_bill::WholeBill;
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::cost::energy::{Power, peak_power};
use crate::error::Error;
use crate::input::question::Question;
use crate::units::{Chips, Seconds, Usd, Watts, show};

/// What a site of so much power feeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SiteReply {
    /// Power of the site at its meter.
    pub power_mw: f64,
    /// Power of a chip at the meter while everything runs at its rating: server, network, storage, cooling.
    pub chip_watts: f64,
    /// The PUE in that; null where the power is of the board alone.
    pub pue: Option<f64>,
    /// Chips that the site feeds, in whole nodes.
    pub chips_fed: f64,
    /// Chips that the run asks for; null where their number is not known.
    pub chips_asked: Option<f64>,
    /// Whether the site feeds them.
    pub kept: bool,
    /// GPU-hours on the chips that it feeds; null where there is no answer on them, or they are no limit.
    pub gpu_hours: Option<f64>,
    /// Days on them.
    pub wall_clock_days: Option<f64>,
    /// Rent of them.
    pub cost_usd: Option<f64>,
    /// Why there is no answer on them.
    pub reason: Option<String>,
    /// What the power of a chip rests on.
    pub rests_on: Vec<String>,
}

impl SiteReply {
    /// Of a site with so much power, at the power of a chip that a bill of the same place counts.
    ///
    /// # Errors
    /// A chip whose power nobody knows.
    pub fn of(
        power: Watts,
        found: &Answer,
        whole: &WholeBill,
        question: &Question,
        catalog: &Catalog,
    ) -> Result<Self, Error> {
        let Some(of_chip) = whole.terms.own.power else {
            let error = Error::no_solution("the power of this chip is not known, so a site's power says nothing of it");
            return Err(error.with_hint("give power.rated, a chip with its part of the server"));
        };
        let [_, meter] = peak_power(&of_chip);
        let node = f64::from(found.scenario.node_chips.max(1));
        // A site of exactly so many nodes feeds them: a part in a million is a rounding error.
        let fed = ((power / meter) * (1.0 + 1e-6) / node).floor() * node;
        let asked = found.estimate.chips.map(Chips::get);
        let kept = asked.is_none_or(|asked| asked <= fed);
        let on_those = if kept { None } else { Some(on(question, fed, catalog)) };
        let (least, reason) = match on_those {
            Some(Ok(least)) => (Some(least), None),
            Some(Err(error)) => (None, Some(error.to_string())),
            None => (None, None),
        };
        let total = least.as_ref().map(|least| least.estimate.total);
        Ok(Self {
            power_mw: power.mw(),
            chip_watts: meter.get(),
            pue: match of_chip {
                Power::Chip { .. } => None,
                Power::Server { pue, .. } | Power::AllIn { pue, .. } => Some(pue),
            },
            chips_fed: fed,
            chips_asked: asked,
            kept,
            gpu_hours: total.map(|total| total.held.gpu_hours()),
            wall_clock_days: total.and_then(|total| total.wall_clock).map(Seconds::days),
            cost_usd: total.and_then(|total| total.cost).map(Usd::get),
            reason,
            rests_on: rests_on(&of_chip, whole),
        })
    }

    /// That the site feeds fewer chips than are asked for, and what the run takes on those.
    pub fn sentence(&self) -> Option<String> {
        let asked = self.chips_asked.filter(|_| !self.kept)?;
        let [fed, asked] = [self.chips_fed, asked].map(|chips| show::chips(Chips::new(chips)));
        let pue = self.pue.map(|pue| format!(", PUE {}", show::number(pue, 4))).unwrap_or_default();
        let (mw, chip) = (show::number(self.power_mw, 4), show::number(self.chip_watts, 4));
        let then = match (self.wall_clock_days, &self.reason) {
            (Some(days), _) => {
                let cost = self.cost_usd.map(|cost| format!(" and {}", show::usd(Usd::new(cost)))).unwrap_or_default();
                format!(": on those the run takes {}{cost}", show::duration(Seconds::from_days(days)))
            }
            (None, Some(why)) => format!(": on those there is no answer: {why}"),
            (None, None) => String::new(),
        };
        Some(format!("the site feeds {fed} of {asked} chips, {mw} MW at {chip} W a chip at the meter{pue}{then}"))
    }

    /// That power binds before the chips that are asked for.
    pub fn binds(&self) -> Option<String> {
        let without = self.chips_asked.filter(|_| !self.kept)? - self.chips_fed;
        let chips = show::counted(show::chips(Chips::new(without)), "chip");
        Some(format!("the site's power binds: {chips} that the run asks for have none (site.power)"))
    }

    /// The limit, judged.
    pub fn gate(&self) -> Gate {
        Gate {
            name: "site_power",
            on: On::Power,
            limit: self.chips_fed,
            value: self.chips_asked,
            kept: self.kept,
            sentence: self.sentence(),
            final_run_usd: None,
            programme_usd: None,
        }
    }
}

/// The same question on so many chips, for as long as it takes.
fn on(question: &Question, chips: f64, catalog: &Catalog) -> Result<Answer, Error> {
    if chips < 1.0 {
        return Err(Error::no_solution("the site feeds no whole node"));
    }
    let asked = question.clone().at_home(&[])?.without(&["deliveries", "run.wall_clock"]);
    answer(&asked.with("run.chips", chips), catalog)
}

/// What the power of a chip is made of, as the bill's assumptions say it.
fn rests_on(power: &Power, whole: &WholeBill) -> Vec<String> {
    let watts = |power: Watts| show::number(power.get(), 4);
    let made = match *power {
        Power::Chip { tdp, .. } => format!("{} W, the board alone", watts(tdp)),
        Power::Server { rated, fabric, pue, .. } => format!(
            "{} W a chip with its part of the server, {} for network and storage, PUE {}",
            watts(rated),
            show::percent(fabric.get()),
            show::number(pue, 4)
        ),
        Power::AllIn { provisioned, .. } => format!("{} W a chip, provisioned at the meter", watts(provisioned)),
    };
    let assumed = whole.assumptions.iter().filter(|text| text.starts_with("PUE ") || text.starts_with("place:"));
    std::iter::once(made).chain(assumed.cloned()).collect()
}
