//! What one kind of chip costs to rent or buy, by provider and date.

use crate::units::{Price, Usd};

/// On what terms a chip is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// By the hour, no commitment.
    OnDemand,
    /// Weeks to months ahead, paid in full.
    ReservedShort,
    /// One year.
    Reserved1y,
    /// Three years.
    Reserved3y,
    /// Until somebody pays more.
    Spot,
    /// What an owner spends per hour.
    Ownership,
    /// A rate somebody assumed in print.
    Assumed,
}

/// The terms and how a profile writes them.
pub const TERMS: [(&str, Term); 7] = [
    ("on_demand", Term::OnDemand),
    ("reserved_short", Term::ReservedShort),
    ("reserved_1y", Term::Reserved1y),
    ("reserved_3y", Term::Reserved3y),
    ("spot", Term::Spot),
    ("ownership", Term::Ownership),
    ("assumed", Term::Assumed),
];

impl Term {
    /// How a profile writes it.
    pub fn name(self) -> &'static str {
        TERMS.iter().find(|(_, term)| *term == self).map_or("", |(name, _)| name)
    }
}

/// One dated quote.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// On what terms.
    pub term: Term,
    /// Price of one chip.
    pub price: Price,
    /// Who asks it.
    pub provider: String,
    /// Where.
    pub region: String,
    /// When, `2025-03`.
    pub date: String,
}

/// The prices of one chip.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PriceList {
    /// The accelerator's id.
    pub accelerator: String,
    /// What flopbill uses on each term when nobody says otherwise.
    pub typical: Vec<(Term, Price)>,
    /// What one chip costs to buy, its share of the server counted in.
    pub purchase_per_chip: Option<Usd>,
    /// Every quote.
    pub quotes: Vec<Quote>,
}

impl PriceList {
    /// The usual price on these terms.
    pub fn typical(&self, term: Term) -> Option<Price> {
        self.typical.iter().find(|(other, _)| *other == term).map(|(_, price)| *price)
    }
}
