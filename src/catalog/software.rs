//! `profiles/assumptions/software.toml`: what stacks, sources, chips and settings differ by, and what runs lose beyond
//! their steps.

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::{Reader, Sources};
use crate::step::losses::Loss;
use crate::uncertainty::dist::Dist;

/// What the steps of one kind of model differ by, all in natural logarithm of their time over that of the step model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spreads {
    /// The mean of all stacks.
    pub mean: f64,
    /// Between stacks: a standard deviation.
    pub stack: f64,
    /// Between the sources of one stack: teams, clusters and chips.
    pub source: f64,
    /// The part of it that is between chips of different families.
    pub chip: f64,
    /// Between the models and chips of one source.
    pub model: f64,
    /// Between the settings of one model on one chip.
    pub row: f64,
    /// Between the steps of one setting.
    pub repeat: f64,
    /// From one release of a stack to one a year later.
    pub drift: f64,
    /// The standard deviation of the drift.
    pub drift_spread: f64,
}

/// Share of held time that computes, where nobody says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GoodputPrior {
    /// Its median on one node.
    pub one_node: f64,
    /// What each doubling of the nodes takes of it, in logarithm.
    pub per_doubling: f64,
    /// Doublings after which it takes no more.
    pub doublings: f64,
    /// Its standard deviation, in logarithm.
    pub spread: f64,
}

/// What is believed of software and runs before anything of them is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftwareProfile {
    /// Dense models and mixtures of experts.
    pub kinds: [Spreads; 2],
    /// What a family whose factors are another's adds.
    pub borrowed: f64,
    /// What kernels and overlap differ by where nobody names the software: dense models and mixtures.
    pub unnamed: [f64; 2],
    /// What people lose who do not run the fastest layout: the mean, and its standard deviation, in logarithm.
    pub layout_gap: [f64; 2],
    /// Goodput on software that is named, and on software that nobody names.
    pub goodput: [GoodputPrior; 2],
    /// Where they come from.
    pub sources: Sources,
}

impl GoodputPrior {
    /// The median on so many nodes.
    ///
    /// # Formula
    /// `one_node e^(-d min(log2 nodes, D))`
    /// # Source
    /// `profiles/assumptions/software.toml`
    pub fn on(&self, nodes: f64) -> f64 {
        (self.one_node * (-self.loss().log_of(nodes)).exp()).clamp(0.01, 0.99)
    }

    /// What more nodes take of it.
    pub fn loss(&self) -> Loss {
        Loss { per_doubling: self.per_doubling, doublings: self.doublings }
    }

    /// The range about a median: a normal distribution of the logit, so that no draw is over one.
    ///
    /// # Formula
    /// `logit g = logit m + z t`, with t such that one in ten is under `m e^(-1.28 s)`, as of a lognormal distribution
    /// # Source
    /// By construction.
    ///
    /// # Errors
    /// A median that is none.
    pub fn around(&self, median: f64) -> Result<Dist, Error> {
        let logit = |share: f64| (share / (1.0 - share)).ln();
        let middle = logit(median);
        let spread = (middle - logit(median * (-NINETY * self.spread).exp())) / NINETY;
        let normal = Dist::normal(0.0, 1.0)?;
        let at = |i: u32| {
            let z = normal.quantile((f64::from(i) + 0.5) / f64::from(POINTS));
            1.0 / (1.0 + (-(middle + z * spread)).exp())
        };
        Dist::empirical((0..POINTS).map(at).collect())
    }
}

/// Standard normal quantile of 90 %.
const NINETY: f64 = 1.281_551_565_544_6;

/// The most that a doubling of the nodes may take, in logarithm: with the gap to the fastest layout less than it brings.
const MOST_LOST: f64 = 0.3;

/// Points that a range of goodput is kept by; odd, so that its median is one of them.
const POINTS: u32 = 63;

impl Catalog {
    /// What is believed of software: the user's `assumptions/software.toml`, or the built-in one.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn software(&self) -> Result<SoftwareProfile, Error> {
        self.remembered("software", |memo| &memo.software, || software(&self.find(Kind::Assumptions, "software")?))
    }
}

/// Reads the profile.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn software(found: &Found) -> Result<SoftwareProfile, Error> {
    found.document.read(|r| {
        let (_, _, sources) = (r.text("name"), r.texts("aliases"), r.sources());
        let kinds = ["dense", "moe"].map(|kind| r.need(kind, r.table(kind, spreads)));
        let borrowed = r.need("borrowed", r.number("borrowed"));
        let unnamed = r.need("unnamed", r.table("unnamed", |inner| pair(inner, ["dense", "moe"])));
        let gap = r.need("layout_gap", r.table("layout_gap", |inner| pair(inner, ["mean", "spread"])));
        let goodput = r.need(
            "goodput",
            r.table("goodput", |inner| {
                let [named, unnamed] = ["named", "unnamed"].map(|kind| inner.need(kind, inner.table(kind, goodput)));
                Some([named?, unnamed?])
            }),
        );
        if gap.is_some_and(|[mean, spread]| !(0.0..=1.0).contains(&mean) || !(0.0..=3.0).contains(&spread)) {
            r.fail("layout_gap", Error::bad_input("0 <= mean <= 1 and 0 <= spread <= 3 must hold, in logarithm"));
        }
        r.require_sources(&sources, &[]);
        let [dense, moe] = kinds;
        Some(SoftwareProfile {
            kinds: [dense?, moe?],
            borrowed: borrowed?,
            unnamed: unnamed?,
            layout_gap: gap?,
            goodput: goodput?,
            sources,
        })
    })
}

fn pair(r: &Reader<'_>, keys: [&'static str; 2]) -> Option<[f64; 2]> {
    let [first, second] = keys.map(|key| r.need(key, r.number(key)));
    Some([first?, second?])
}

fn spreads(r: &Reader<'_>) -> Option<Spreads> {
    let number = |key: &'static str| r.need(key, r.number(key));
    let (mean, stack, source, chip) = (number("mean"), number("stack"), number("source"), number("chip"));
    let (model, row, repeat) = (number("model"), number("row"), number("repeat"));
    let (drift, drift_spread) = (number("drift"), number("drift_spread"));
    let found = Spreads {
        mean: mean?,
        stack: stack?,
        source: source?,
        chip: chip?,
        model: model?,
        row: row?,
        repeat: repeat?,
        drift: drift?,
        drift_spread: drift_spread?,
    };
    let spreads = [found.stack, found.source, found.chip, found.model, found.row, found.repeat, found.drift_spread];
    if spreads.iter().any(|spread| !(0.0..=3.0).contains(spread)) || found.mean.abs() > 3.0 || found.drift.abs() > 3.0 {
        r.fail("row", Error::bad_input("spreads are from 0 to 3, the mean and the drift from -3 to 3, in logarithm"));
    }
    if found.chip > found.source {
        r.fail("chip", Error::bad_input("`chip` is a part of `source`: it is not larger"));
    }
    Some(found)
}

fn goodput(r: &Reader<'_>) -> Option<GoodputPrior> {
    let number = |key: &'static str| r.need(key, r.number(key));
    let (one_node, per_doubling) = (number("one_node"), number("per_doubling"));
    let (doublings, spread) = (number("doublings"), number("spread"));
    let found =
        GoodputPrior { one_node: one_node?, per_doubling: per_doubling?, doublings: doublings?, spread: spread? };
    let whole = (0.01..=1.0).contains(&found.one_node) && (0.0..=MOST_LOST).contains(&found.per_doubling);
    if !(whole && (0.0..=30.0).contains(&found.doublings) && (0.0..=3.0).contains(&found.spread)) {
        let error = Error::bad_input("0.01 <= one_node <= 1, 0 <= per_doubling <= 0.3 and 0 <= spread <= 3 must hold");
        r.fail("one_node", error);
    }
    Some(found)
}
