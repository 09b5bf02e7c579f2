//! A chip's numbers against dated rules, and what they make of it on its way to a destination.

use serde::Serialize;

use super::optimal::goodput_prior;
use super::reply::{Ordered, ReplyHead, SourceLine};
use crate::answer::thresholds::{NO_ADVICE, too_early, too_late};
use crate::catalog::Catalog;
use crate::catalog::rule::{RuleProfile, known_until};
use crate::error::Error;
use crate::hardware::price::Term;
use crate::input::field::check_all;
use crate::policy::outcome::Part;
use crate::policy::rule::{Finding, Status};
use crate::policy::{METRICS, Pace, chip_facts, gpu_hours_to};
use crate::ruling::rows::{BillRow, RuleRow, bill_row, row};
use crate::ruling::to::{self, ExportReply, OtherReply, To};
use crate::ruling::{Asked, in_force, says};
use crate::units::date::Date;
use crate::units::{Flop, Fraction, Price};

/// Metrics of chips: the first of [`METRICS`].
const OF_CHIPS: usize = 5;

/// The question of `policy`.
///
/// ```
/// use flopbill::{Catalog, PolicyRequest};
///
/// let request = PolicyRequest::new("h200").as_of("2026-02-01".parse()?);
/// let reply = request.ask(&Catalog::built_in())?;
/// assert_eq!(reply.result.metrics.get("tpp"), Some(&Some(15_832.0)));
/// let reply = request.to("china").ask(&Catalog::built_in())?;
/// assert_eq!(reply.result.export.map(|export| export.outcome), Some("review"));
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PolicyRequest {
    /// The chip.
    pub chip: String,
    /// The day whose rules count; without it, the day up to which they are known.
    pub as_of: Option<Date>,
    /// Where the chip goes: a country by name.
    pub to: Option<String>,
    /// Where the buyer or its ultimate parent has its headquarters; the destination without it.
    pub headquarters: Option<String>,
    /// Not designed or marketed for datacentres.
    pub not_datacentre: bool,
    /// Share of the dense 16-bit peak, for hours to a threshold.
    pub mfu: Fraction,
    /// Share of the held time that computes; a prior of the chip's family without it.
    pub goodput: Option<Fraction>,
    /// Rent of a chip; its typical one without it.
    pub price: Option<Price>,
}

/// The MFU of hours to a threshold where nobody says. An assumption.
pub const MFU: Fraction = Fraction::new(0.4);

impl PolicyRequest {
    /// A chip against the rules as they are known.
    pub fn new(chip: impl Into<String>) -> Self {
        Self {
            chip: chip.into(),
            as_of: None,
            to: None,
            headquarters: None,
            not_datacentre: false,
            mfu: MFU,
            goodput: None,
            price: None,
        }
    }

    /// The same against the rules of a day.
    #[must_use]
    pub fn as_of(self, day: Date) -> Self {
        Self { as_of: Some(day), ..self }
    }

    /// The same on its way to a country.
    #[must_use]
    pub fn to(self, country: impl Into<String>) -> Self {
        Self { to: Some(country.into()), ..self }
    }

    /// The same for a buyer with headquarters in a country.
    #[must_use]
    pub fn headquarters(self, country: impl Into<String>) -> Self {
        Self { headquarters: Some(country.into()), ..self }
    }
}

/// The answer of `policy`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PolicyReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// The chip's numbers, and what each rule on chips in force says of them.
    pub result: Found,
    /// Every rule, but for bills.
    pub rules: Vec<RuleRow>,
    /// Bills that were introduced by that day. None of them decides anything.
    pub bills: Vec<BillRow>,
    /// What this is not.
    pub note: &'static str,
    /// What the reply was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Asked,
}

/// A chip's numbers, and what is said of them.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Found {
    /// The chip's profile.
    pub chip: String,
    /// The day.
    pub as_of: String,
    /// Where the maker has its headquarters.
    pub made_in: Option<String>,
    /// The destination.
    pub to: Option<String>,
    /// Where the buyer has its headquarters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headquarters: Option<String>,
    /// What becomes of the export.
    pub export: Option<ExportReply>,
    /// What the border costs; empty where nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub border: Option<Vec<OtherReply>>,
    /// The destination's own rules, the strictest first; empty where none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_rules: Option<Vec<OtherReply>>,
    /// The numbers that rules look at.
    pub metrics: Ordered<Option<f64>>,
    /// What each rule on chips in force says.
    pub rules: Ordered<String>,
}

impl PolicyRequest {
    /// Holds a chip against the rules.
    ///
    /// # Errors
    /// A number out of its field's range; an unknown chip or place, a place of several countries, headquarters without a
    /// destination; an MFU or goodput that no hours follow from.
    pub fn ask(&self, catalog: &Catalog) -> Result<PolicyReply, Error> {
        check_all(&[
            ("run.mfu", Some(self.mfu.get())),
            ("run.goodput", self.goodput.map(Fraction::get)),
            ("price.rent", self.price.map(Price::usd_per_hour)),
        ])?;
        let catalog = &*catalog.as_of(self.as_of);
        let mut asked = Asked::about(&self.chip, self.as_of, self.not_datacentre, catalog)?;
        let (chip, rules, day) = (&asked.chip, &asked.rules, asked.day);
        let known = known_until(rules);
        let goodput = match self.goodput {
            Some(goodput) => goodput,
            None => goodput_prior(&chip.chip, catalog)?,
        };
        let peak = chip.chip.peak_of(chip.chip.training_precision());
        let no_hours =
            peak.as_ref().err().map(|error| format!("no hours to a threshold are given: {}", error.message()));
        let pace = peak.ok().map(|peak| Pace { peak, mfu: self.mfu, goodput });
        pace.iter().try_for_each(|pace| gpu_hours_to(Flop::new(1.0), pace).map(drop))?;
        let price = match self.price {
            Some(price) => Some(price),
            None => catalog.rent(&chip.chip.id, Term::OnDemand, None)?.map(|found| found.price),
        };
        let mut head = ReplyHead::new("policy", chip.chip.name.as_str());
        if self.as_of.is_none() {
            head.warnings.push(format!("no --as-of: the rules as they are known on {day}"));
        }
        head.warnings.extend(too_late(known, day).or_else(|| too_early(rules, day)));
        head.warnings.extend(no_hours);
        let sources = rules.iter().filter_map(|found| {
            let source = found.sources.of("test").or_else(|| found.sources.of("*"))?;
            Some(SourceLine::new(found.rule.id.as_str(), source))
        });
        head.sources = sources.collect();
        (asked.pace, asked.price, asked.to) = (pace, price, self.place(catalog)?);
        if asked.to.is_none() {
            asked.examples = to::examples(&asked, catalog)?;
            head.unknown =
                ["to", "export"].map(|key| (key.to_owned(), NO_DESTINATION.to_owned())).into_iter().collect();
        }
        let result = result(&asked);
        let bill = |found: &&RuleProfile| found.rule.status == Status::Bill;
        let rows = asked.rules.iter().filter(|found| !bill(found)).map(|found| row(&asked, found)).collect();
        let bills = asked.rules.iter().filter(bill).filter_map(|found| bill_row(&found.rule, day)).collect();
        Ok(PolicyReply { head, result, rules: rows, bills, note: NO_ADVICE, made_from: asked })
    }

    fn place(&self, catalog: &Catalog) -> Result<Option<To>, Error> {
        match (self.to.as_deref(), self.headquarters.as_deref()) {
            (None, Some(_)) => Err(Error::bad_input("headquarters are of a buyer: the destination is missing")
                .with_hint("--to singapore --headquarters china")),
            (to, headquarters) => to.map(|to| To::read(to, headquarters, catalog)).transpose(),
        }
    }
}

/// Why nothing is said of a destination.
const NO_DESTINATION: &str = "no destination is named: --to china";

fn result(asked: &Asked) -> Found {
    let facts = chip_facts(&asked.chip.chip);
    let metrics = METRICS.iter().take(OF_CHIPS).map(|(name, metric)| ((*name).to_owned(), facts.get(*metric)));
    let said = |(found, findings): (&RuleProfile, Vec<Finding<'_>>)| {
        (found.rule.id.clone(), says(asked, &found.rule, &findings))
    };
    Found {
        chip: asked.chip.chip.id.clone(),
        as_of: asked.day.to_string(),
        made_in: asked.maker.as_ref().map(|place| place.id.clone()),
        to: asked.to.as_ref().map(|to| to.place.id.clone()),
        headquarters: asked.to.as_ref().map(|to| to.headquarters.id.clone()),
        export: asked.to.as_ref().map(|to| to::export_of(asked, to)),
        border: asked.to.as_ref().map(|to| to::others(asked, to, Part::Border)),
        own_rules: asked.to.as_ref().map(|to| to::others(asked, to, Part::Destination)),
        metrics: metrics.collect(),
        rules: in_force(asked).map(said).collect(),
    }
}
