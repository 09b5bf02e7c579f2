//! `profiles/assumptions/RUN.toml`: what is published around one run, the programme and the fleet it ran on.

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::{Reader, Sources};
use crate::units::{Chips, Seconds, Usd};

/// What is published around one run.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The published run.
    pub run: String,
    /// People on the programme.
    pub people: f64,
    /// How long they worked on it.
    pub duration: Seconds,
    /// What one cost a year.
    pub usd_per_person_year: Usd,
    /// The fleet: chip, count, and a purchase price where the price lists have none.
    pub fleet: Vec<(String, Chips, Option<Usd>)>,
    /// Figures in circulation.
    pub headlines: Vec<Headline>,
    /// Where each value came from.
    pub sources: Sources,
}

/// A figure in circulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Headline {
    /// What it is called.
    pub title: String,
    /// The amount.
    pub amount: Usd,
    /// What it counts.
    pub counts: String,
}

impl Catalog {
    /// The figures around a run, if a profile has them.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn figures(&self, run: &str) -> Result<Option<Figures>, Error> {
        if !self.has(Kind::Assumptions, run) {
            return Ok(None);
        }
        figures(&self.find(Kind::Assumptions, run)?, self).map(Some)
    }
}

/// Reads the figures around a run.
///
/// # Errors
/// Everything that is wrong with the file, each with its place; a run or chip that no profile has.
pub fn figures(found: &Found, catalog: &Catalog) -> Result<Figures, Error> {
    found.document.read(|r| {
        r.text("name");
        r.texts("aliases");
        r.tables("disagreements", |d| {
            for key in ["field", "value", "title", "note"] {
                d.text(key);
            }
            Some(())
        });
        let sources = r.sources();
        let figures = read(r, &sources, catalog);
        r.require_sources(&sources, &[]);
        figures
    })
}

fn read(r: &Reader<'_>, sources: &Sources, catalog: &Catalog) -> Option<Figures> {
    let run = known(r, "run", Kind::Runs, catalog);
    let programme = r.table("programme", |t| {
        let found = (t.quantity::<Chips>("people"), t.quantity("duration"), t.quantity("usd_per_person_year"));
        Some((found.0?.get(), found.1?, found.2?))
    });
    let fleet = r.tables("fleet", |t| {
        let found = (
            known(t, "chip", Kind::Accelerators, catalog),
            t.need("chips", t.quantity("chips")),
            t.quantity("purchase"),
        );
        Some((found.0?, found.1?, found.2))
    });
    let headlines = r.tables("headline", |t| {
        let found = (t.need("title", t.text("title")), t.need("amount", t.quantity("amount")), t.text("counts"));
        Some(Headline { title: found.0?, amount: found.1?, counts: found.2? })
    });
    let (people, duration, usd_per_person_year) = r.need("programme", programme)?;
    Some(Figures { run: run?, people, duration, usd_per_person_year, fleet, headlines, sources: sources.clone() })
}

/// The name of a profile that exists.
fn known(r: &Reader<'_>, key: &'static str, kind: Kind, catalog: &Catalog) -> Option<String> {
    let name = r.need(key, r.text(key))?;
    if catalog.has(kind, &name) {
        return Some(name);
    }
    r.fail(key, catalog.unknown(kind, &name));
    None
}
