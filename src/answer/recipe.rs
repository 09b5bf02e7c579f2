//! What a bill is priced from, so that it can be priced again with other assumptions.

use super::place::Place;
use super::whole_bill::{BillQuestion, Choices};
use crate::assume::of_field;
use crate::cost::contract::Contract;
use crate::cost::defaults::Defaults;
use crate::cost::inputs::Inputs;
use crate::cost::rent::Offer;
use crate::cost::{Terms, Usage, View, own, totals};
use crate::error::Error;
use crate::reliability::checkpoint;
use crate::units::{Bytes, ChipSeconds, Chips, EnergyPrice, Fraction, Params, Price, Seconds, Tokens, Usd};

/// Bytes of a weight in the format that models are handed out in.
const WEIGHT_BYTES: f64 = 2.0;

/// Assumptions that are no money: a range of one has no say in a bill.
const NO_MONEY: [&str; 5] = ["failures.", "losses.", "carbon.", "spot.", "rent.upfront"];

/// What a bill is priced from.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Its view.
    pub view: View,
    /// What the run uses.
    pub usage: Usage,
    /// The assumptions, with everything that is laid over them.
    pub defaults: Defaults,
    /// What price list, place and sheets say.
    known: Inputs,
    params: Option<Params>,
    tokens: Option<Tokens>,
    /// Programme compute over the final run, where it is said.
    programme: Option<f64>,
    /// What kind of rent it is.
    pub offer: Offer,
    /// What it binds to.
    pub(super) contract: Contract,
}

/// What one pricing comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priced {
    /// The run.
    pub run: Usd,
    /// Each stage besides it, in the order of [`crate::cost::shares::STAGES`].
    pub stages: [Usd; 5],
    /// With the work around it.
    pub programme: Usd,
    /// What a used hour costs the owner; not known without a price and a power of the chip.
    pub hour: Option<Price>,
}

/// How many numbers a pricing is.
pub const PRICED: usize = 8;

impl Priced {
    /// Its numbers, for draws: the run, with the work around it, a used hour, and each stage; not a number where unknown.
    pub fn numbers(self) -> [f64; PRICED] {
        let hour = self.hour.map_or(f64::NAN, Price::usd_per_hour);
        let [a, b, c, d, e] = self.stages.map(Usd::get);
        [self.run.get(), self.programme.get(), hour, a, b, c, d, e]
    }
}

impl Recipe {
    /// Of a question.
    pub(super) fn of(
        question: &BillQuestion<'_>,
        view: View,
        choices: &Choices,
        defaults: Defaults,
        (place, purchase): (&Place, Option<Usd>),
    ) -> Self {
        let electricity = place.region().electricity.unwrap_or(EnergyPrice::ZERO); // checked: nothing is metered without one
        let pue = place.pue().unwrap_or(defaults.epoch.pue_other);
        Self {
            view,
            usage: Usage { held: question.held, chips: question.chips, wall: question.wall },
            known: Inputs {
                rent: question.rent.as_ref().map(|(price, _)| *price),
                stages: choices.stages(&question.held_stages),
                people: choices.people,
                duration: choices.duration.unwrap_or(Seconds::from_years(1.0)),
                ..Inputs::about(question.chip, purchase, pue, electricity)
            },
            params: question.params,
            tokens: question.tokens,
            programme: choices.programme,
            offer: Offer::OnDemand,
            contract: Contract::default(),
            defaults,
        }
    }

    /// What price list, place and sheets say, where nobody says otherwise.
    ///
    /// # Errors
    /// A checkpoint without bytes.
    pub(super) fn inputs(&self) -> Result<Inputs, Error> {
        let (told, of) = (&self.defaults.told, &self.defaults);
        let stored = |params| checkpoint::size(params, of.checkpoint.bytes_per_param);
        let data = self.tokens.map(|tokens| Bytes::new(tokens.get() * of.storage.bytes_per_token));
        let weights = self.params.map(|params| Bytes::new(params.get() * WEIGHT_BYTES));
        Ok(Inputs {
            purchase: told.purchase.or(self.known.purchase),
            electricity: told.electricity.unwrap_or(self.known.electricity),
            pue: told.pue.unwrap_or(self.known.pue),
            checkpoint: self.params.map(stored).transpose()?,
            data: told.data.or(data),
            egress: told.egress.or(weights),
            ..self.known
        })
    }

    /// The terms.
    ///
    /// # Errors
    /// A checkpoint without bytes.
    pub(super) fn terms(&self) -> Result<Terms, Error> {
        let mut terms = self.defaults.terms(&self.inputs()?);
        terms.programme.compute = self.programme;
        terms.epoch.pue = self.defaults.told.pue.unwrap_or(terms.epoch.pue);
        terms.rent.offer = self.offer.clone();
        let upfront = self.defaults.told.upfront.unwrap_or(Fraction::ZERO);
        terms.rent.contract = Contract { upfront, ..self.contract };
        Ok(terms)
    }

    /// Takes the rent of a chip.
    pub(super) fn rented(&mut self, offer: Offer, price: Option<Price>) {
        (self.offer, self.known.rent) = (offer, price);
    }

    /// Holds other chips, for another time, at another rent by the hour where it is one.
    pub fn hold(&mut self, held: ChipSeconds, (chips, wall): (Chips, Seconds), price: Option<Price>) {
        self.usage = Usage { held, chips: self.usage.chips.and(Some(chips)), wall: Some(wall) };
        if let (Offer::OnDemand | Offer::Spot, Some(_), Some(price)) = (&self.offer, self.rent(), price) {
            self.rented(self.offer.clone(), Some(price));
        }
    }

    /// The rent of a chip.
    pub(super) fn rent(&self) -> Option<Price> {
        self.known.rent
    }

    /// Whether a range of a field has a say in what a bill comes to.
    pub fn takes(path: &str) -> bool {
        let money = of_field(path).is_some() && !NO_MONEY.iter().any(|table| path.starts_with(table));
        money || matches!(path, "bill.programme" | "bill.people")
    }

    /// Takes another value of a field, in its unit.
    pub fn put(&mut self, path: &str, value: f64) {
        match (path, of_field(path)) {
            ("bill.programme", _) => self.programme = Some(value),
            ("bill.people", _) => self.known.people = Some(value),
            (_, Some(one)) => (one.put)(&mut self.defaults, value),
            (_, None) => {}
        }
    }

    /// What it comes to.
    ///
    /// # Errors
    /// Terms that no bill can be made of.
    pub fn price(&self) -> Result<Priced, Error> {
        let terms = self.terms()?;
        let (run, programme) = totals(self.view, &self.usage, &terms)?;
        let year = own::annual(&terms.own)?;
        let stages = terms.programme.charged().map(|share| run * share);
        Ok(Priced {
            run,
            stages,
            programme,
            hour: year.map(|year| own::per_used_hour(year.total(), terms.own.utilisation)),
        })
    }
}
