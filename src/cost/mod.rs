//! The bill: what a run costs, line by line.
//!
//! Every charge has one shape, [`CostLine`]. [`COMPONENTS`] is the open list of them: a new charge is one
//! function and one entry there. An unknown price is `NotPriced` with a reason, never zero, and
//! a total is exactly the sum of the priced lines.

use crate::error::Error;
use crate::units::check::{not_negative, positive};
use crate::units::{ChipSeconds, Chips, Seconds, Usd};

pub mod carbon;
pub mod contract;
pub mod currency;
pub mod defaults;
pub mod duty;
pub mod energy;
pub mod epoch;
pub mod holding;
pub mod inputs;
pub mod invest;
pub mod market;
pub mod network;
pub mod own;
pub mod people;
pub mod rent;
pub mod rent_terms;
pub mod shares;
pub mod storage;

/// How the chips are paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// By the hour, to a provider.
    Rent,
    /// Bought, housed and run.
    Own,
    /// Epoch AI's amortisation.
    Epoch,
}

/// The views and how a user writes them.
pub const VIEWS: [(&str, View); 3] = [("rent", View::Rent), ("own", View::Own), ("epoch", View::Epoch)];

impl View {
    /// How a user writes it.
    pub fn name(self) -> &'static str {
        VIEWS.iter().find(|(_, view)| *view == self).map_or("", |(name, _)| name)
    }
}

/// What a limit on money is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The run that produces the model.
    FinalRun,
    /// With the experiments, failed runs and people around it.
    Programme,
}

/// The two, and how a user writes them.
pub const JUDGED: [(&str, Judged); 2] = [("final-run", Judged::FinalRun), ("programme", Judged::Programme)];

/// Whether a line belongs to the run itself or to the work around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Holding the chips for the run that produced the model.
    Chips,
    /// What else that run needed.
    FinalRun,
    /// What was needed besides: experiments, failed runs, people.
    Programme,
}

/// What a line comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Charge {
    /// The price of a unit and the amount, both in US dollars.
    Priced {
        /// Price of one unit; zero if there are no units.
        price: f64,
        /// Price times quantity.
        amount: Usd,
    },
    /// Nothing is charged here, because another line contains it or the terms leave it out: the reason.
    Contained(&'static str),
    /// The amount is unknown: the reason.
    NotPriced(&'static str),
}

impl Charge {
    /// An amount for a quantity, with the price that they imply.
    pub(crate) fn of(amount: Usd, quantity: f64) -> Self {
        let price = if quantity > 0.0 { amount.get() / quantity } else { 0.0 };
        Self::Priced { price, amount }
    }

    /// The amount, if there is one.
    pub fn amount(&self) -> Option<Usd> {
        match *self {
            Self::Priced { amount, .. } => Some(amount),
            Self::Contained(_) | Self::NotPriced(_) => None,
        }
    }
}

/// One charge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostLine {
    /// What it is for.
    pub label: &'static str,
    /// How much of it.
    pub quantity: f64,
    /// The unit of the quantity.
    pub unit: &'static str,
    /// The unit of the price.
    pub price_unit: &'static str,
    /// Price and amount, or why they are missing.
    pub charge: Charge,
    /// The field whose source this price has: a key of the assumptions, or of the chip's price.
    pub source: &'static str,
    /// Whether it belongs to the run itself.
    pub scope: Scope,
}

/// What the run used: the quantities that are priced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Chip-time held for the run, downtime and spares included.
    pub held: ChipSeconds,
    /// Chips held, spares included; `None` where it is not known.
    pub chips: Option<Chips>,
    /// Wall-clock of the run; `None` where it is not known.
    pub wall: Option<Seconds>,
}

/// The terms of every charge, all of them resolved: nothing here means "use the default". `None` in a
/// price or a size means that it is unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Renting.
    pub rent: rent::Rent,
    /// Owning.
    pub own: own::Ownership,
    /// Epoch AI's amortisation.
    pub epoch: epoch::Amortisation,
    /// Checkpoints, data, traffic.
    pub storage: storage::Storage,
    /// The work around the final run.
    pub programme: people::Programme,
}

/// What a charge is computed from.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What the run used.
    pub usage: &'a Usage,
    /// What it costs.
    pub terms: &'a Terms,
    /// What a chip costs its owner in a year, in the owner's view: ten lines read it.
    pub owned: Option<own::Annual>,
    /// The priced lines of the final run together, without what buys no compute; `None` while these are being made, and where holding the
    /// chips is not priced.
    pub final_run: Option<Usd>,
}

/// One entry of the list of charges.
pub struct Component {
    /// The file and function it lives in, for the test that walks this list.
    pub name: &'static str,
    /// The views it belongs to.
    pub views: &'static [View],
    /// Whether it belongs to the run itself.
    pub scope: Scope,
    /// When it stands in a bill.
    pub stands: Stands,
    /// The charge.
    pub line: fn(&Context) -> Result<CostLine, Error>,
}

/// When a charge stands in the bills of its views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// In each.
    Always,
    /// Where there is some of it.
    WhereUsed,
    /// Where there is some of it, which the work around the run does not multiply: it buys no compute.
    Once,
}

const RENT: &[View] = &[View::Rent];
const OWN: &[View] = &[View::Own];
const EPOCH: &[View] = &[View::Epoch];
const PAID: &[View] = &[View::Rent, View::Own];
const EVERY: &[View] = &[View::Rent, View::Own, View::Epoch];

/// An entry, in one line.
const fn entry(
    name: &'static str,
    views: &'static [View],
    scope: Scope,
    line: fn(&Context) -> Result<CostLine, Error>,
) -> Component {
    Component { name, views, scope, stands: Stands::Always, line }
}

/// An entry of a contract of rent.
const fn bound(name: &'static str, stands: Stands, line: fn(&Context) -> Result<CostLine, Error>) -> Component {
    Component { name, views: RENT, scope: Scope::Chips, stands, line }
}

/// Every charge, in the order of the bill.
pub static COMPONENTS: &[Component] = &[
    entry("rent::line", RENT, Scope::Chips, rent::line),
    bound("contract::beyond_line", Stands::WhereUsed, contract::beyond_line),
    bound("contract::minimum_line", Stands::Once, contract::minimum_line),
    bound("contract::leaving_line", Stands::Once, contract::leaving_line),
    bound("contract::prepaid_line", Stands::WhereUsed, contract::prepaid_line),
    entry("own::chip_line", OWN, Scope::Chips, own::chip_line),
    entry("own::server_line", OWN, Scope::Chips, own::server_line),
    entry("own::network_line", OWN, Scope::Chips, own::network_line),
    entry("own::border_line", OWN, Scope::Chips, own::border_line),
    entry("own::residual_line", OWN, Scope::Chips, own::residual_line),
    entry("own::interest_line", OWN, Scope::Chips, own::interest_line),
    entry("own::hosting_line", OWN, Scope::Chips, own::hosting_line),
    entry("own::electricity_line", OWN, Scope::Chips, own::electricity_line),
    entry("own::maintenance_line", OWN, Scope::Chips, own::maintenance_line),
    entry("own::staff_line", OWN, Scope::Chips, own::staff_line),
    entry("own::software_line", OWN, Scope::Chips, own::software_line),
    entry("epoch::server_line", EPOCH, Scope::Chips, epoch::server_line),
    entry("epoch::network_line", EPOCH, Scope::Chips, epoch::network_line),
    entry("epoch::electricity_line", EPOCH, Scope::Chips, epoch::electricity_line),
    entry("storage::checkpoint_line", PAID, Scope::FinalRun, storage::checkpoint_line),
    entry("storage::data_line", PAID, Scope::FinalRun, storage::data_line),
    entry("storage::egress_line", RENT, Scope::FinalRun, storage::egress_line),
    entry("shares::experiments_line", EVERY, Scope::Programme, shares::experiments_line),
    entry("shares::failed_runs_line", EVERY, Scope::Programme, shares::failed_runs_line),
    entry("shares::ablations_line", EVERY, Scope::Programme, shares::ablations_line),
    entry("shares::post_training_line", EVERY, Scope::Programme, shares::post_training_line),
    entry("shares::rl_line", EVERY, Scope::Programme, shares::rl_line),
    entry("people::staff_line", EVERY, Scope::Programme, people::staff_line),
];

/// The lines of one view, and what they sum to.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// How the chips are paid for.
    pub view: View,
    /// Every line, priced or not, in order.
    pub lines: Vec<CostLine>,
}

impl Bill {
    /// The priced lines of the run itself.
    pub fn final_run(&self) -> Usd {
        sum(self.lines.iter().filter(|line| line.scope != Scope::Programme))
    }

    /// The run and the stages around it: all compute, without people.
    pub fn compute(&self) -> Usd {
        sum(self.lines.iter().filter(|line| line.source != "programme.people"))
    }

    /// All priced lines.
    pub fn programme(&self) -> Usd {
        sum(&self.lines)
    }

    /// The lines without a known price, each with its reason; the totals leave them out.
    pub fn not_priced(&self) -> impl Iterator<Item = &CostLine> {
        self.lines.iter().filter(|line| matches!(line.charge, Charge::NotPriced(_)))
    }
}

/// The amounts of the priced lines, added in order.
fn sum<'a>(lines: impl IntoIterator<Item = &'a CostLine>) -> Usd {
    lines.into_iter().filter_map(|line| line.charge.amount()).sum()
}

/// The whole bill of a run.
///
/// # Formula
/// one line per entry of [`COMPONENTS`] that belongs to the view; totals are sums of the priced lines
/// # Source
/// Each line names its own.
pub fn bill(view: View, usage: &Usage, terms: &Terms) -> Result<Bill, Error> {
    let mut lines = Vec::with_capacity(COMPONENTS.len());
    each_line(view, usage, terms, |line| lines.push(line))?;
    Ok(Bill { view, lines })
}

/// The two totals of a bill without its lines: final run and programme, for many scenarios at once.
///
/// # Formula
/// sums of the priced lines, as in [`bill`]
/// # Source
/// See [`bill`].
pub fn totals(view: View, usage: &Usage, terms: &Terms) -> Result<(Usd, Usd), Error> {
    let (mut final_run, mut all) = (Usd::ZERO, Usd::ZERO);
    each_line(view, usage, terms, |line| {
        let amount = line.charge.amount().unwrap_or(Usd::ZERO);
        all += amount;
        if line.scope != Scope::Programme {
            final_run += amount;
        }
    })?;
    Ok((final_run, all))
}

/// Makes the lines of the run, then those that are relative to it.
fn each_line(view: View, usage: &Usage, terms: &Terms, mut push: impl FnMut(CostLine)) -> Result<(), Error> {
    not_negative("the GPU-hours", usage.held)?;
    positive("the number of chips", usage.chips.unwrap_or(Chips::new(1.0)))?;
    not_negative("the wall-clock", usage.wall.unwrap_or(Seconds::ZERO))?;
    let owned = if view == View::Own { own::annual(&terms.own)? } else { None };
    let mut context = Context { usage, terms, owned, final_run: None };
    let (mut compute, mut chips_priced) = (Usd::ZERO, true);
    for scope in [Scope::Chips, Scope::FinalRun, Scope::Programme] {
        for component in COMPONENTS.iter().filter(|entry| entry.scope == scope && entry.views.contains(&view)) {
            let line = (component.line)(&context)?;
            if component.stands != Stands::Always && line.quantity == 0.0 {
                continue;
            }
            if scope != Scope::Programme && component.stands != Stands::Once {
                compute += line.charge.amount().unwrap_or(Usd::ZERO);
            }
            chips_priced &= scope != Scope::Chips || !matches!(line.charge, Charge::NotPriced(_));
            push(line);
        }
        // The rest of the bill is relative to the run, which has no total while its chips have no price.
        context.final_run = Some(compute).filter(|_| chips_priced);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
