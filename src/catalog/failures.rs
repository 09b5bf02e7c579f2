//! Published failures (`profiles/measurements/failures.csv`), and how jobs come back from them
//! (`profiles/assumptions/failures.toml`).

use serde::Deserialize;

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::{Reader, Sources};
use crate::reliability::checkpoint::{WAYS, Way};
use crate::reliability::pool::{self, AllCause, Pools};
use crate::reliability::rate::{BANDS, Band};
use crate::rows::table::{Named, Row, choice, shipped as all};
use crate::units::date::Date;
use crate::units::{BytesPerSecond, Seconds};

/// One published figure of failures or of effective time. A blank cell is not known.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FailureRow {
    /// Identifier, unique in its file.
    pub id: String,
    /// The cluster or run it was counted on: its rows are not independent.
    pub cluster: String,
    /// Chip, as the source names it.
    pub accelerator: String,
    /// The family of the chip, as profiles of chips name it.
    pub family: String,
    /// The era: how jobs came back then.
    pub era: String,
    /// What the rate counts; blank where there is none, or planned stops are in it.
    #[serde(deserialize_with = "choice")]
    pub counts: Option<Band>,
    /// Chips.
    pub gpus: Option<f64>,
    /// Nodes of 8 chips.
    pub nodes8: Option<f64>,
    /// Days it was counted over.
    pub period_days: Option<f64>,
    /// Events in that time.
    pub events: Option<f64>,
    /// What the events are.
    pub event_kind: String,
    /// Events per 1000 days of a node of 8 chips.
    pub per_1000_node_days: Option<f64>,
    /// Hours between the events of the whole job.
    pub job_mtbf_h: Option<f64>,
    /// Share of the time that trained, as the source says it.
    pub effective_time: String,
    /// How it is known: published, quoted by a third party, or an assumption.
    pub kind: String,
    /// Publication.
    pub source: String,
    /// Where it can be read.
    pub url: String,
}

impl Row for FailureRow {
    const NEEDED: &'static [&'static str] = &["id", "cluster", "family", "era", "counts", "per_1000_node_days", "kind"];
    const UNUSED: &'static [&'static str] = &[];
    fn id(&mut self) -> &mut String {
        &mut self.id
    }
}

impl Named for Band {
    const NAMES: &'static [(&'static str, Self)] = &BANDS;
}

impl FailureRow {
    /// The rate, where it counts: one that the source or its quotation states, of a known chip.
    pub fn rate(&self) -> Option<pool::Row<'_>> {
        let stated = self.kind != "assumption" && !self.family.is_empty();
        Some(pool::Row {
            id: &self.id,
            chip: &self.family,
            era: &self.era,
            cluster: &self.cluster,
            band: self.counts.filter(|_| stated)?,
            per_1000_node_days: self.per_1000_node_days?,
        })
    }
}

/// How jobs come back, until a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Era {
    /// Its name.
    pub name: String,
    /// What happens, in a few words.
    pub about: String,
    /// The first day that is no longer of it; the last era has none.
    pub until: Option<Date>,
    /// The era of the rows whose rates hold.
    pub rates: String,
    /// From an interrupt until the job is started again.
    pub detect: Seconds,
    /// Reload and warm-up.
    pub restart: Seconds,
    /// The standard deviation of the logarithm of both.
    pub spread: f64,
    /// What a job waits for when it saves its state.
    pub save: Way,
}

/// Shared storage, and copies to the hosts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharedStorage {
    /// Write bandwidth for a node of 8 chips.
    pub per_node: BytesPerSecond,
    /// What a cluster has at the most.
    pub cap: BytesPerSecond,
    /// The standard deviation of the logarithm of the bandwidth.
    pub spread: f64,
    /// Copy bandwidth of one chip to its host.
    pub copy_per_chip: BytesPerSecond,
    /// Fixed cost of a copy.
    pub copy_overhead: Seconds,
}

/// What is known of failures.
#[derive(Debug, Clone)]
pub struct FailureProfile {
    /// Interrupts of a job over its hardware faults.
    pub all_cause: AllCause,
    /// From the first to the last.
    pub eras: Vec<Era>,
    /// Storage.
    pub storage: SharedStorage,
    /// Where they come from.
    pub sources: Sources,
}

impl FailureProfile {
    /// The era of a day; the last one without a day.
    pub fn era(&self, day: Option<Date>) -> Option<&Era> {
        let on = |era: &&Era| day.is_some_and(|day| era.until.is_none_or(|until| day < until));
        self.eras.iter().find(on).or(self.eras.last())
    }
}

impl Catalog {
    /// How jobs come back: the user's `assumptions/failures.toml`, or the built-in one.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn failures(&self) -> Result<FailureProfile, Error> {
        failures(&self.find(Kind::Assumptions, "failures")?)
    }
}

/// The rows that come with flopbill.
///
/// # Errors
/// None in a build whose tests pass.
pub fn shipped() -> Result<Vec<FailureRow>, Error> {
    let mut rows = Vec::new();
    for (name, text) in crate::rows::shipped_files().filter(|(name, _)| *name == "failures") {
        rows.extend(all::<FailureRow>(name, text)?);
    }
    Ok(rows)
}

/// The rates of rows, pooled.
///
/// # Errors
/// As [`Pools::of`].
pub fn pools(rows: &[FailureRow], all_cause: &AllCause) -> Result<Pools, Error> {
    let rates: Vec<pool::Row<'_>> = rows.iter().filter_map(FailureRow::rate).collect();
    Pools::of(&rates, all_cause)
}

/// Reads the profile.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn failures(found: &Found) -> Result<FailureProfile, Error> {
    found.document.read(|r| {
        let (_, _, sources) = (r.text("name"), r.texts("aliases"), r.sources());
        let all_cause = r.need("all_cause", r.table("all_cause", all_cause));
        let eras = r.tables("era", era);
        let storage = r.need("storage", r.table("storage", storage));
        if eras.last().is_none_or(|last| last.until.is_some()) {
            r.fail("era", Error::bad_input("the last `era` has no `until`: it holds today"));
        }
        if !eras.is_sorted_by(|one, next| one.until.is_some_and(|day| next.until.is_none_or(|later| day < later))) {
            r.fail("era", Error::bad_input("eras stand in the order of their `until`, which only the last is without"));
        }
        r.require_sources(&sources, &[]);
        Some(FailureProfile { all_cause: all_cause?, eras, storage: storage?, sources })
    })
}

fn all_cause(r: &Reader<'_>) -> Option<AllCause> {
    let factor = r.need("factor", r.number("factor"));
    if factor.is_some_and(|factor| !(1.0..=100.0).contains(&factor)) {
        r.fail("factor", Error::bad_input("a job has 1 to 100 times the interrupts that its hardware faults are"));
    }
    let spread = spread(r);
    Some(AllCause { factor: factor?, spread: spread? })
}

/// The standard deviation of a logarithm.
fn spread(r: &Reader<'_>) -> Option<f64> {
    let spread = r.need("spread", r.number("spread"))?;
    if !(0.0..=3.0).contains(&spread) {
        r.fail("spread", Error::bad_input("a spread is from 0 to 3, in logarithm"));
    }
    Some(spread)
}

fn era(r: &Reader<'_>) -> Option<Era> {
    let texts = ["name", "about", "rates"].map(|key| r.need(key, r.text(key)));
    let until = r.day("until");
    let [detect, restart] = ["detect", "restart"].map(|key| r.need(key, r.quantity(key)));
    let (spread, save) = (spread(r), r.need("save", r.choice("save", &WAYS)));
    let [name, about, rates] = texts;
    Some(Era {
        name: name?,
        about: about?,
        until,
        rates: rates?,
        detect: detect?,
        restart: restart?,
        spread: spread?,
        save: save?,
    })
}

fn storage(r: &Reader<'_>) -> Option<SharedStorage> {
    let [per_node, cap, copy] = ["per_node", "cap", "copy_per_chip"].map(|key| {
        let found: Option<BytesPerSecond> = r.need(key, r.quantity(key));
        if found.is_some_and(|rate| rate <= BytesPerSecond::ZERO) {
            r.fail(key, Error::bad_input("a bandwidth is above zero"));
        }
        found
    });
    let (spread, overhead) = (spread(r), r.need("copy_overhead", r.quantity("copy_overhead")));
    Some(SharedStorage {
        per_node: per_node?,
        cap: cap?,
        spread: spread?,
        copy_per_chip: copy?,
        copy_overhead: overhead?,
    })
}
