//! What one kind of chip costs to rent or buy, by provider, place and date.

use crate::source::SourceKind;
use crate::units::Usd;

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
    /// Five years.
    Reserved5y,
    /// Until somebody pays more.
    Spot,
    /// What an owner spends per hour.
    Ownership,
    /// A rate somebody assumed in print.
    Assumed,
}

/// The terms and how a profile writes them.
pub const TERMS: [(&str, Term); 8] = [
    ("on_demand", Term::OnDemand),
    ("reserved_short", Term::ReservedShort),
    ("reserved_1y", Term::Reserved1y),
    ("reserved_3y", Term::Reserved3y),
    ("reserved_5y", Term::Reserved5y),
    ("spot", Term::Spot),
    ("ownership", Term::Ownership),
    ("assumed", Term::Assumed),
];

impl Term {
    /// How a profile writes it.
    pub fn name(self) -> &'static str {
        TERMS.iter().find(|(_, term)| *term == self).map_or("", |(name, _)| name)
    }

    /// How a sentence says it: `a rent on demand`, `a rent for one year`.
    pub fn words(self) -> &'static str {
        match self {
            Self::OnDemand => "on demand",
            Self::ReservedShort => "for weeks to months",
            Self::Reserved1y => "for one year",
            Self::Reserved3y => "for three years",
            Self::Reserved5y => "for five years",
            Self::Spot => "on spot",
            Self::Ownership => "to own",
            Self::Assumed => "as somebody assumed it",
        }
    }

    /// What rents of this term are called.
    pub fn rents(self) -> &'static str {
        match self {
            Self::OnDemand => "rents on demand",
            Self::ReservedShort => "blocks of weeks to months",
            Self::Reserved1y => "one-year contracts",
            Self::Reserved3y => "three-year contracts",
            Self::Reserved5y => "five-year contracts",
            Self::Spot => "spot rents",
            Self::Ownership => "costs of owners",
            Self::Assumed => "rates that somebody assumed",
        }
    }

    /// How far a quote of this term is from another that is asked for: 0 for the same, `None` for what is no rent.
    /// Nearest is the nearest commitment, of two the shorter one; then a rate that somebody assumed, then spot.
    pub fn away_from(self, asked: Self) -> Option<u32> {
        const COMMITMENTS: [Term; 5] =
            [Term::OnDemand, Term::ReservedShort, Term::Reserved1y, Term::Reserved3y, Term::Reserved5y];
        let length = |term| COMMITMENTS.iter().position(|known| *known == term);
        match (self, length(self), length(asked)) {
            (Self::Ownership, ..) => None,
            _ if self == asked => Some(0),
            (_, Some(own), Some(asked)) => Some(2 * own.abs_diff(asked) as u32 + u32::from(own > asked)),
            (_, Some(own), None) => Some(2 * own as u32 + 2), // beside spot, the fewer ties the nearer
            (Self::Assumed, ..) => Some(100),
            _ => Some(101),
        }
    }
}

/// An amount of money for one chip, as it was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Amount {
    /// For one chip, and for an hour where it is a rent, in the currency.
    pub per_chip: f64,
    /// ISO 4217 code, `USD`.
    pub currency: String,
    /// The whole amount in words, where it was said otherwise: `CNY 140,000 for 8 chips a month`.
    pub words: Option<String>,
}

/// One dated quote of a rent.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// On what terms.
    pub term: Term,
    /// Rent of one chip for an hour.
    pub amount: Amount,
    /// Who asks it.
    pub provider: String,
    /// Where, in the provider's words.
    pub region: String,
    /// The region profile that this is, where it is one.
    pub place: Option<String>,
    /// When: `2025-03-01`, `2025-03`, or `2025` where no more is known.
    pub date: String,
    /// How well it is known.
    pub kind: SourceKind,
    /// Where it can be read.
    pub url: Option<String>,
    /// The typical rent as the file's author states it, which stands before quotes.
    pub stated: bool,
}

/// One dated price of a whole server, for one of its chips.
#[derive(Debug, Clone, PartialEq)]
pub struct Purchase {
    /// For one chip with its part of the server.
    pub amount: Amount,
    /// The region profile where it was asked, where that is known.
    pub place: Option<String>,
    /// When.
    pub date: String,
    /// Who says it.
    pub source: String,
    /// How well it is known.
    pub kind: SourceKind,
}

/// The prices of one chip.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PriceList {
    /// The accelerator's id.
    pub accelerator: String,
    /// What one chip costs to buy, its share of the server counted in, where no place is asked about.
    pub purchase_per_chip: Option<Usd>,
    /// The quotes that count, and the rents that the file states.
    pub quotes: Vec<Quote>,
    /// Prices of whole servers.
    pub servers: Vec<Purchase>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_term_is_the_nearest_commitment() {
        let mut terms: Vec<Term> = TERMS.iter().map(|(_, term)| *term).collect();
        let mut order = |asked: Term| {
            terms.sort_by_key(|term| term.away_from(asked).unwrap_or(u32::MAX));
            terms.iter().map(|term| term.name()).collect::<Vec<_>>().join(" ")
        };
        // By hand: the ladder of commitments is on demand, short, 1, 3, 5 years.
        let on_demand = "on_demand reserved_short reserved_1y reserved_3y reserved_5y assumed spot ownership";
        assert_eq!(order(Term::OnDemand), on_demand);
        let year = "reserved_1y reserved_short reserved_3y on_demand reserved_5y assumed spot ownership";
        assert_eq!(order(Term::Reserved1y), year);
        assert!(order(Term::Spot).starts_with("spot on_demand reserved_short"));
    }
}
