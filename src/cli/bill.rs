//! `flopbill estimate --bill`: the whole bill below an estimate.

use clap::Args;

use flopbill::Error;
use flopbill::internals::answer::resolve::Answer;
use flopbill::internals::answer::whole_bill::{BillQuestion, Choices, whole_bill};
use flopbill::internals::ask::decompose::{decompose, figures};
use flopbill::internals::catalog::Catalog;
use flopbill::internals::catalog::rule::known_until;
use flopbill::internals::cost::VIEWS;
use flopbill::internals::cost::defaults::{BORDER_KINDS, HOSTING_KINDS, POWER_BASES};
use flopbill::internals::cost::rent_terms::RENT_TERMS;
use flopbill::internals::report::{View, bill, policy, thresholds};
use flopbill::internals::units::Fraction;
use flopbill::internals::units::parse::parse;

/// What the whole bill is made of.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "The whole bill")]
pub struct BillArgs {
    /// Every charge with its source: rent, own or epoch
    #[arg(long, value_name = "VIEW")]
    bill: Option<String>,
    /// Place of the chips, for electricity, carbon and water: china, usa, sweden
    #[arg(long, value_name = "NAME", requires = "bill")]
    region: Option<String>,
    /// A hyperscaler's site rather than a rented hall
    #[arg(long, requires = "bill")]
    hyperscale: bool,
    /// How the chips are rented: on_demand, reserved_1y, reserved_3y (the hours held are charged, the whole commitment
    /// is shown beside them) or spot
    #[arg(long, value_name = "TERM", requires = "bill")]
    term: Option<String>,
    /// What the border takes: none, duty or revenue_share
    #[arg(long, value_name = "KIND", requires = "bill")]
    border: Option<String>,
    /// What hosting is paid for: all_in or facility
    #[arg(long, value_name = "KIND", requires = "bill")]
    hosting: Option<String>,
    /// Basis of the power: chip, server or all_in
    #[arg(long, value_name = "BASIS", requires = "bill")]
    power: Option<String>,
    /// Used hours of an owned chip over all hours: 85%
    #[arg(long, value_name = "SHARE", requires = "bill", allow_hyphen_values = true)]
    utilisation: Option<String>,
    /// All compute of the programme over the final run: 2.2
    #[arg(long, value_name = "FACTOR", requires = "bill", allow_hyphen_values = true)]
    programme: Option<f64>,
    /// People in research and engineering, for a year
    #[arg(long, value_name = "N", requires = "bill", allow_hyphen_values = true)]
    people: Option<f64>,
}

/// Adds the training-compute rules that a run reaches and the next, as they are known.
pub fn add_thresholds(view: &mut View, answer: &Answer, catalog: &Catalog, with_table: bool) -> Result<(), Error> {
    if answer.estimate.flop.is_none() {
        return Ok(());
    }
    let rules = catalog.training_rules()?;
    if let Some(day) = known_until(&rules) {
        thresholds::add(view, answer, &rules, day, with_table);
    }
    Ok(())
}

impl BillArgs {
    /// Whether no bill was asked for.
    pub fn is_none(&self) -> bool {
        self.bill.is_none()
    }

    /// Adds the bill, if one was asked for, and gives its warnings back.
    pub fn add(&self, view: &mut View, answer: &Answer, catalog: &Catalog) -> Result<Vec<String>, Error> {
        let Some(kind) = &self.bill else { return Ok(Vec::new()) };
        let choices = Choices {
            region: self.region.clone(),
            hyperscale: self.hyperscale,
            term: self.term.as_deref().map(|name| choice("--term", name, &RENT_TERMS)).transpose()?,
            border: self.border.as_deref().map(|name| choice("--border", name, &BORDER_KINDS)).transpose()?,
            hosting: self.hosting.as_deref().map(|name| choice("--hosting", name, &HOSTING_KINDS)).transpose()?,
            power: self.power.as_deref().map(|name| choice("--power", name, &POWER_BASES)).transpose()?,
            utilisation: self.utilisation.as_deref().map(parse::<Fraction>).transpose()?,
            programme: self.programme,
            people: self.people,
            duration: None,
        };
        let view_of = choice("--bill", kind, &VIEWS)?;
        let whole = whole_bill(&BillQuestion::of(answer)?, view_of, &choices, catalog)?;
        bill::add(view, &whole);
        let rules = catalog.rules()?;
        if let Some(day) = known_until(&rules) {
            policy::add_distances(view, answer, &rules, day);
        }
        let id = answer.spec.file.as_deref().and_then(stem);
        if let Some(figures) = id.map(|id| figures(id, catalog)).transpose()?.flatten() {
            bill::add_decomposition(view, &decompose(&figures, catalog)?);
        }
        Ok(whole.warnings)
    }
}

/// The id of a built-in run from the name of its file.
fn stem(file: &str) -> Option<&str> {
    std::path::Path::new(file).file_stem()?.to_str()
}

/// One name of a closed list.
fn choice<T: Copy>(flag: &str, name: &str, known: &[(&'static str, T)]) -> Result<T, Error> {
    let found = known.iter().find(|(item, _)| *item == name).map(|(_, item)| *item);
    found.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Error::unknown_of(&format!("value of {flag}"), name, names)
    })
}
