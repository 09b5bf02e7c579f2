//! What a rent binds to beside its price by the hour: a term, chips, dates, a minimum, money at the start, leaving early.

use crate::error::Error;
use crate::units::check::{not_negative, positive, share};
use crate::units::{ChipSeconds, Chips, Fraction, Price, Seconds, Usd};

use super::rent::per_held_hour;
use super::{Charge, Context, CostLine, Scope};

/// A contract of rent. The one that [`Default`] makes binds to nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Contract {
    /// Chips that it is for; `None` for those of the run, whatever their number is.
    pub chips: Option<Chips>,
    /// From the start of the run until it holds; below zero where it holds before.
    pub begins: Seconds,
    /// How long it binds; `None` where it does not.
    pub term: Option<Seconds>,
    /// The shortest time that is paid.
    pub minimum: Seconds,
    /// The part of the whole term that is paid at its start.
    pub upfront: Fraction,
    /// Discount on that part.
    pub upfront_discount: Fraction,
    /// The part of what is left of the term that this run pays where it ends first; `None` where other work uses it.
    pub leaving: Option<Fraction>,
    /// Rent of an hour that it does not cover; `None` at its own price.
    pub after: Option<Price>,
    /// What it contains beside the chips.
    pub includes: Includes,
}

/// What a rent contains beside the chips.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Includes {
    /// Storage of checkpoints and data.
    pub storage: bool,
    /// Traffic out.
    pub egress: bool,
    /// Support.
    pub support: bool,
}

/// Chip-time that a contract charges to a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Charged {
    /// Hours of the run that it covers.
    pub covered: ChipSeconds,
    /// Hours of the run that it does not: other chips, or other days.
    pub beyond: ChipSeconds,
    /// Hours up to the minimum, not used.
    pub minimum: ChipSeconds,
    /// Hours for leaving before the end of the term.
    pub left: ChipSeconds,
    /// Hours of these that were paid at the start.
    pub prepaid: ChipSeconds,
    /// Hours of the whole term; none where it does not bind.
    pub whole: ChipSeconds,
}

impl Contract {
    /// Refuses what no contract says.
    ///
    /// # Errors
    /// A term of no length, a negative minimum, shares above one.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(term) = self.term {
            positive("the term of the contract", term)?;
        }
        positive("the chips of the contract", self.chips.unwrap_or(Chips::new(1.0)))?;
        not_negative("the minimum of the rent", self.minimum)?;
        share("the part paid at the start", self.upfront)?;
        share("the discount for paying at the start", self.upfront_discount)?;
        share("what leaving early costs", self.leaving.unwrap_or(Fraction::ZERO)).map(drop)
    }

    /// The price of an hour of the whole term over that of an hour that is paid when it is used.
    ///
    /// # Formula
    /// `1 - u * d`: u the part paid at the start, d its discount
    /// # Source
    /// Definition.
    pub fn prepaid_price(&self) -> f64 {
        if self.term.is_none() { 1.0 } else { 1.0 - self.upfront.get() * self.upfront_discount.get() }
    }

    /// What it charges to a run of these hours on these chips for this time.
    ///
    /// # Formula
    /// `covered = H * min(N / n, 1) * overlap / w`, `minimum = N' * max(0, m - overlap)`,
    /// `left = max(l * R, u * C - covered - minimum)` with `R = C - covered - minimum`, `C = N' * T`: H hours held, n chips
    /// of the run, w its time, N chips of the contract and N' those that it binds to (n without a number), overlap that of
    /// the run and the term, m the minimum, l the part due on leaving, u the part paid at the start, T the term
    /// # Source
    /// What such contracts say: a commitment is paid to its end or bought out, and a prepayment is not given back.
    ///
    /// ```
    /// use flopbill::internals::cost::contract::Contract;
    /// use flopbill::internals::units::{ChipSeconds, Chips, Fraction, Seconds};
    ///
    /// let (chips, days) = (Chips::new(100.0), Seconds::from_days(40.0));
    /// let terms = Contract { term: Some(Seconds::from_days(90.0)), leaving: Some(Fraction::new(0.5)), ..Contract::default() };
    /// let found = terms.charge(chips * days, Some(chips), Some(days))?;
    /// // by hand: 100 chips for 40 days, and half of the 50 days that are left
    /// assert!((found.covered.gpu_hours() - 96_000.0).abs() < 1e-6);
    /// assert!((found.left.gpu_hours() - 60_000.0).abs() < 1e-6);
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Contract::check`].
    pub fn charge(&self, held: ChipSeconds, run: Option<Chips>, wall: Option<Seconds>) -> Result<Charged, Error> {
        self.check()?;
        let all = Charged { covered: held, ..Charged::default() };
        let Some((run, wall)) = run.zip(wall).filter(|(run, wall)| *run > Chips::ZERO && *wall > Seconds::ZERO) else {
            return Ok(all); // nothing is bound to what has no size
        };
        let ends = self.term.map(|term| self.begins + term);
        let overlap = (ends.map_or(wall, |ends| wall.min(ends)) - self.begins.max(Seconds::ZERO)).max(Seconds::ZERO);
        let chips = self.chips.map_or(1.0, |own| (own / run).min(1.0));
        let covered = held * (chips * (overlap / wall));
        let bound = self.chips.unwrap_or(run);
        // Chips of the contract that the run does not hold are paid where it binds to them.
        let minimum = (bound * self.minimum.max(overlap) - bound * overlap).max(ChipSeconds::ZERO);
        let whole = self.term.map_or(ChipSeconds::ZERO, |term| bound * term);
        let rest = (whole - covered - minimum).max(ChipSeconds::ZERO);
        let ahead = whole * self.upfront.get();
        let left = self.leaving.map_or(ChipSeconds::ZERO, |share| {
            (rest * share.get()).max(ahead - covered - minimum).max(ChipSeconds::ZERO).min(rest)
        });
        let prepaid = if self.leaving.is_some() { ahead } else { (covered + minimum) * self.upfront.get() };
        let prepaid = if self.term.is_some() { prepaid.min(covered + minimum + left) } else { ChipSeconds::ZERO };
        Ok(Charged { covered, beyond: (held - covered).max(ChipSeconds::ZERO), minimum, left, prepaid, whole })
    }
}

/// The hours of a bill's run, with what the contract makes of them, and what an hour costs by it.
fn charged(context: &Context) -> Result<(Charged, Option<Price>), Error> {
    let (usage, terms) = (context.usage, &context.terms.rent);
    let found = terms.contract.charge(usage.held, usage.chips, usage.wall)?;
    Ok((found, per_held_hour(terms)?))
}

/// Hours at a price as a line.
fn line(label: &'static str, hours: ChipSeconds, price: Option<Price>, source: &'static str) -> CostLine {
    let charge = match price {
        Some(price) => Charge::of(hours * price, hours.gpu_hours()),
        None => Charge::NotPriced("no rent of this chip is known"),
    };
    let (quantity, unit, price_unit) = (hours.gpu_hours(), "GPU-hours", "USD/GPU-hour");
    CostLine { label, quantity, unit, price_unit, charge, source, scope: Scope::Chips }
}

/// Hours that the contract does not cover.
pub(super) fn beyond_line(context: &Context) -> Result<CostLine, Error> {
    let (found, hour) = charged(context)?;
    let after = context.terms.rent.contract.after;
    Ok(line("Rent outside the contract", found.beyond, after.or(hour), "rent.after"))
}

/// Hours up to the minimum.
pub(super) fn minimum_line(context: &Context) -> Result<CostLine, Error> {
    let (found, hour) = charged(context)?;
    Ok(line("Minimum rent, not used", found.minimum, hour, "rent.price"))
}

/// Hours of the term after the run.
pub(super) fn leaving_line(context: &Context) -> Result<CostLine, Error> {
    let (found, hour) = charged(context)?;
    Ok(line("Leaving the contract early", found.left, hour, "rent.price"))
}

/// What paying at the start takes off.
pub(super) fn prepaid_line(context: &Context) -> Result<CostLine, Error> {
    let (found, hour) = charged(context)?;
    let off = context.terms.rent.contract.upfront_discount.get();
    let hours = if off > 0.0 { found.prepaid } else { ChipSeconds::ZERO };
    let less = hour.map(|hour| Price::new(0.0 - hour.get() * off));
    Ok(line("Discount for paying at the start", hours, less, "rent.price"))
}

impl Charged {
    /// The whole rent of a run under its contract.
    ///
    /// # Formula
    /// `(covered + minimum + left - d * prepaid) * hour + beyond * after`
    /// # Source
    /// The sum of the lines.
    pub fn rent(&self, contract: &Contract, hour: Price) -> Usd {
        let own = self.covered + self.minimum + self.left - self.prepaid * contract.upfront_discount.get();
        own * hour + self.beyond * contract.after.unwrap_or(hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHIPS: Chips = Chips::new(100.0);

    fn rent(terms: Contract, days: f64) -> f64 {
        let wall = Seconds::from_days(days);
        let found = terms.charge(CHIPS * wall, Some(CHIPS), Some(wall)).unwrap();
        found.rent(&terms, Price::from_usd_per_hour(1.0)).get() / 2400.0 // days of 100 chips at $1/h
    }

    fn days(days: f64) -> Seconds {
        Seconds::from_days(days)
    }

    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
    }

    #[test]
    fn a_contract_is_charged_as_what_it_says() {
        let (none, term) = (Contract::default(), Some(days(90.0)));
        let three = Some(Price::from_usd_per_hour(3.0));
        let half = Some(Fraction::new(0.5));
        near(rent(none, 40.0), 40.0);
        near(rent(Contract { minimum: days(60.0), ..none }, 40.0), 60.0);
        near(rent(Contract { term, ..none }, 40.0), 40.0); // other work uses the rest
        near(rent(Contract { term, leaving: Some(Fraction::new(1.0)), ..none }, 40.0), 90.0);
        near(rent(Contract { term, leaving: half, ..none }, 40.0), 65.0);
        near(rent(Contract { term, leaving: half, minimum: days(60.0), ..none }, 40.0), 75.0); // 60 and half of 30
        near(rent(Contract { term, after: three, ..none }, 100.0), 90.0 + 3.0 * 10.0);
        // Ten days before the contract begins, and ten after it ends.
        near(rent(Contract { term, begins: days(10.0), after: three, ..none }, 110.0), 90.0 + 3.0 * 20.0);
        // Half of the chips.
        near(rent(Contract { chips: Some(Chips::new(50.0)), after: three, ..none }, 40.0), 20.0 + 3.0 * 20.0);
        // 80 % of the term is paid at the start and not given back, at 10 % off: 72 days, 7.2 off.
        let ahead = Contract { upfront: Fraction::new(0.8), upfront_discount: Fraction::new(0.1), ..none };
        near(rent(Contract { term, leaving: Some(Fraction::ZERO), ..ahead }, 40.0), 72.0 - 7.2);
        near(rent(Contract { term, ..ahead }, 40.0), 40.0 * (1.0 - 0.08));
    }

    #[test]
    fn a_longer_minimum_is_never_cheaper_and_nothing_paid_ahead_is_nothing() {
        for step in 0..200 {
            let at = |minimum: f64| Contract { minimum: days(minimum), term: Some(days(90.0)), ..Contract::default() };
            let own = f64::from(step);
            assert!(rent(at(own), 40.0) <= rent(at(own + 1.0), 40.0), "{own}");
            let bound = |minimum: f64| Contract { leaving: Some(Fraction::new(0.3)), ..at(minimum) };
            assert!(rent(bound(own), 40.0) <= rent(bound(own + 1.0), 40.0), "{own}");
            let discount = Contract { upfront_discount: Fraction::new(0.2), ..bound(own) };
            near(rent(discount, 40.0), rent(bound(own), 40.0));
        }
    }

    #[test]
    fn what_no_contract_says_is_refused() {
        let none = Contract::default();
        assert!(Contract { term: Some(Seconds::ZERO), ..none }.check().is_err());
        assert!(Contract { minimum: Seconds::new(-1.0), ..none }.check().is_err());
        assert!(Contract { upfront: Fraction::new(1.5), ..none }.check().is_err());
        assert!(Contract { chips: Some(Chips::ZERO), ..none }.check().is_err());
    }
}
