//! `profiles/accelerators/`: TOML to [`Accelerator`].

use std::sync::Arc;

use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::hardware::accelerator::{Accelerator, Memory, Peaks, Power, ScaleUp};
use crate::hardware::precision::Precision;
use crate::read::{Document, Reader, Sources};
use crate::source::{Source, SourceKind};
use crate::units::BytesPerSecond;

/// A chip with the sources of its values.
#[derive(Debug, Clone)]
pub struct AcceleratorProfile {
    /// The chip.
    pub chip: Accelerator,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// Where each value came from.
    pub sources: Sources,
    /// Values other sources give, with the reason not to use them.
    pub disagreements: Arc<[Disagreement]>,
    /// The file, or the built-in profile's name, with its text.
    pub document: Document,
}

/// A value that another source gives.
#[derive(Debug, Clone)]
pub struct Disagreement {
    /// The dotted path of the value.
    pub field: String,
    /// What the other source says.
    pub value: String,
    /// The other source.
    pub title: String,
    /// Which one is used, and why.
    pub note: String,
}

impl AcceleratorProfile {
    /// The path of its dense peak in a format, and where that came from.
    pub fn peak_source(&self, precision: Precision) -> Option<(String, &Source)> {
        let path = format!("peak.dense.{precision}");
        let source = self.sources.of(&path)?;
        Some((format!("{} {path}", self.chip.id), source))
    }

    /// What the time of a step rests on and nobody checked: guesses, each with its reason, and what is not known.
    pub fn assumed(&self) -> Vec<String> {
        let (links, id) = (&self.chip.scale_up, &self.chip.id);
        let peak = if self.chip.peak.bf16.is_some() { "peak.dense.bf16" } else { "peak.dense.fp16" };
        let timed = [
            (peak, self.chip.has_16_bit()),
            ("memory.capacity", self.chip.memory.capacity.is_some()),
            ("memory.bandwidth", self.chip.memory.bandwidth.is_some()),
            ("link.scale_up.per_chip_one_way", links.per_chip_one_way.is_some() && links.domain != Some(1)),
            ("link.scale_up.domain", links.domain.is_some()),
            ("link.nic.per_chip_one_way", self.chip.nic_one_way.is_some()),
            ("node.chips", true),
        ];
        let guess = |path: &str| self.sources.of(path).filter(|source| source.kind == SourceKind::Assumption);
        let known = timed.iter().filter(|(_, there)| *there);
        let mut lines: Vec<String> =
            known.filter_map(|(path, _)| Some(format!("{id} {path}, assumed: {}", guess(path)?.title))).collect();
        if self.chip.nic_one_way.is_none() {
            lines.push(format!("{id} link.nic is not known: 100 Gb/s a chip is taken beyond its scale-up domain"));
        }
        lines
    }
}

impl Catalog {
    /// The chip of this name, or of the server or rack of this name.
    ///
    /// # Errors
    /// An unknown name, or a profile that does not hold what it should.
    pub fn accelerator(&self, name: &str) -> Result<AcceleratorProfile, Error> {
        self.remembered(name, |memo| &memo.accelerators, || accelerator(&self.chip_file(name)?, self))
    }

    fn chip_file(&self, name: &str) -> Result<Found, Error> {
        let found = self.find(Kind::Accelerators, name);
        let unknown = found.as_ref().is_err_and(|error| error.kind() == crate::error::Kind::UnknownName);
        if unknown && self.has(Kind::Systems, name) {
            return self.find(Kind::Accelerators, &self.system(name)?.system.accelerator);
        }
        found
    }
}

impl Catalog {
    /// The chip that a table of measured steps names, and the power that its name says, in watts: `H100-80GB-SXM` is looked
    /// up whole, then without its last part, and so on; `H100-96GB-500W` says 500.
    ///
    /// # Errors
    /// A name that no profile has, nor its beginning; a profile that does not hold what it should.
    pub fn chip_of_a_table(&self, name: &str) -> Result<(AcceleratorProfile, Option<f64>), Error> {
        let mut short = super::normal(name);
        let mut held = None;
        loop {
            match self.accelerator(&short) {
                Ok(profile) => return Ok((profile, held)),
                Err(error) if error.kind() != crate::error::Kind::UnknownName => return Err(error),
                Err(_) => {
                    let Some(at) = short.rfind('-') else { return Err(self.unknown(Kind::Accelerators, name)) };
                    let part = short.split_off(at);
                    let watts = part.strip_prefix('-').and_then(|part| part.strip_suffix('w')?.parse().ok());
                    held = held.or(watts);
                }
            }
        }
    }
}

/// Reads one chip, whose family must be one that the catalog has factors of.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn accelerator(found: &Found, catalog: &Catalog) -> Result<AcceleratorProfile, Error> {
    found.document.read(|r| {
        let (aliases, sources) = (r.texts("aliases"), r.sources());
        let disagreements = r.tables("disagreements", disagreement).into();
        let chip = chip(r, &found.id, catalog);
        r.require_sources(&sources, &["vendor", "form", "architecture", "factors", "borrowed", "unknown"]); // labels
        Some(AcceleratorProfile { chip: chip?, aliases, sources, disagreements, document: found.document.clone() })
    })
}

fn chip(r: &Reader<'_>, id: &str, catalog: &Catalog) -> Option<Accelerator> {
    let name = r.need("name", r.text("name"));
    let vendor = r.need("vendor", r.text("vendor"));
    let form = r.need("form", r.text("form"));
    let architecture = r.need("architecture", r.text("architecture"));
    let factors = family(r, architecture.as_deref(), catalog);
    let borrowed = r.flag("borrowed").unwrap_or(false);
    let release = r.date("release");
    let blank = &Blank::of(r);
    let peak = match r.any("peak") {
        None if blank.lists(PEAK) => Some(Peaks::default()),
        _ => r.need("peak", r.table("peak", |p| p.need("dense", p.table("dense", |dense| peaks(dense, blank))))),
    };
    let memory = r.need("memory", r.table("memory", |inner| memory(inner, blank)));
    let links = r.need("link", r.table("link", |inner| links(inner, blank)));
    let power = r.table("power", |p| Some(power(p))).unwrap_or_default();
    let die_area = r.table("die", |d| {
        d.text("basis");
        d.text("process");
        Some(d.quantity("area"))
    });
    let node_chips = r.need("node", r.table("node", |n| n.need("chips", n.integer("chips"))));
    let (scale_up, pcie_both_ways, nic_one_way, nic_on_chip) = links?;
    Some(Accelerator {
        id: id.to_owned(),
        name: name?,
        vendor: vendor?,
        form: form?,
        architecture: architecture?,
        factors: factors?,
        borrowed,
        release,
        peak: peak?,
        memory: memory?,
        scale_up,
        pcie_both_ways,
        nic_one_way,
        nic_on_chip,
        power,
        die_area: die_area.flatten(),
        node_chips: node_chips?.max(1),
    })
}

/// The family whose factors time the chip: the one it names, else the one of its architecture's name.
fn family(r: &Reader<'_>, architecture: Option<&str>, catalog: &Catalog) -> Option<String> {
    let family = super::normal(r.text("factors").as_deref().or(architecture)?);
    if catalog.has(Kind::Factors, &family) {
        return Some(family);
    }
    let advice = "name the nearest family: factors = \"hopper\" and, as it is another's, borrowed = true";
    let error = Error::bad_input(format!("no profile of fitted factors is named `{family}`"));
    r.fail("factors", error.with_hint(format!("{advice}; there are {}", catalog.ids(Kind::Factors).join(", "))));
    None
}

/// The 16-bit peak, in bf16 or fp16.
const PEAK: &str = "peak.dense.bf16";

/// What a step needs, and a profile may say that it is not known.
const MAY_BE_BLANK: [&str; 5] =
    [PEAK, "memory.capacity", "memory.bandwidth", "link.scale_up.per_chip_one_way", "link.scale_up.domain"];

/// The values that a profile says are not known.
struct Blank(Vec<String>);

impl Blank {
    fn of(r: &Reader<'_>) -> Self {
        let listed = r.texts("unknown");
        for path in listed.iter().filter(|path| !MAY_BE_BLANK.contains(&path.as_str())) {
            r.fail("unknown", Error::unknown_of("unknown", path, MAY_BE_BLANK));
        }
        Self(listed)
    }

    fn lists(&self, path: &str) -> bool {
        self.0.iter().any(|listed| listed == path)
    }

    /// A value that must stand under a key, or be listed as unknown: not both, and not neither.
    fn or<T>(&self, path: &str, r: &Reader<'_>, key: &str, found: Option<T>) -> Option<Option<T>> {
        match (found, self.lists(path)) {
            (Some(_), true) => {
                r.fail(key, Error::bad_input(format!("`{path}` is given, and `unknown` lists it")));
                None
            }
            (None, true) => Some(None),
            (None, false) => {
                if r.any(key).is_none() {
                    let error = Error::bad_input(format!("`{path}` is missing"));
                    r.fail(key, error.with_hint(format!("where it is not known: unknown = [\"{path}\"]")));
                }
                None
            }
            (found, false) => Some(found),
        }
    }
}

fn peaks(r: &Reader<'_>, blank: &Blank) -> Option<Peaks> {
    let peaks = Peaks {
        fp64: r.quantity("fp64"),
        fp64_tensor: r.quantity("fp64_tensor"),
        fp32: r.quantity("fp32"),
        tf32: r.quantity("tf32"),
        bf16: r.quantity("bf16"),
        fp16: r.quantity("fp16"),
        fp8: r.quantity("fp8"),
        int8: r.quantity("int8"),
        fp4: r.quantity("fp4"),
    };
    let wide = peaks.bf16.or(peaks.fp16).is_some();
    if !wide && (r.any("bf16").is_some() || r.any("fp16").is_some()) {
        return None; // what is wrong with it is said already
    }
    if wide == blank.lists(PEAK) {
        let said = if wide { "`peak.dense.bf16` is given, and `unknown` lists it" } else { NO_PEAK };
        let hint = format!("a peak that is not known is listed as such: unknown = [\"{PEAK}\"]");
        r.fail("bf16", Error::bad_input(said).with_hint(hint));
        return None;
    }
    Some(peaks)
}

const NO_PEAK: &str = "a chip needs a dense bf16 or fp16 peak";

fn memory(r: &Reader<'_>, blank: &Blank) -> Option<Memory> {
    let kind = r.need("kind", r.text("kind"));
    let capacity = blank.or("memory.capacity", r, "capacity", r.quantity("capacity"));
    let bandwidth = blank.or("memory.bandwidth", r, "bandwidth", r.quantity("bandwidth"));
    Some(Memory { kind: kind?, capacity: capacity?, bandwidth: bandwidth? })
}

/// The links: scale-up, PCIe both ways, NIC one way, and whether the NIC sits on the chip.
type Links = (ScaleUp, Option<BytesPerSecond>, Option<BytesPerSecond>, bool);

fn links(r: &Reader<'_>, blank: &Blank) -> Option<Links> {
    let pcie: Option<BytesPerSecond> = r.table("pcie", |p| {
        p.integer("generation");
        p.quantity("both_ways")
    });
    let scale_up = r.need("scale_up", r.table("scale_up", |inner| scale_up(inner, pcie, blank)));
    let nic = r.table("nic", |n| Some((n.quantity("per_chip_one_way"), n.flag("on_chip").unwrap_or(false))));
    let (nic_one_way, on_chip) = nic.unwrap_or_default();
    Some((scale_up?, pcie, nic_one_way, on_chip))
}

/// A chip without a link to its neighbours reaches them over PCIe, at half of what it does both ways.
fn scale_up(r: &Reader<'_>, pcie: Option<BytesPerSecond>, blank: &Blank) -> Option<ScaleUp> {
    let kind = r.need("kind", r.text("kind"));
    let domain = blank.or("link.scale_up.domain", r, "domain", r.integer("domain").map(|domain| domain.max(1)));
    let own = r.quantity("per_chip_one_way");
    let pair_one_way = r.quantity("pair_one_way");
    let domain = domain?;
    let per_chip_one_way = match (own, pcie) {
        (None, Some(pcie)) if domain == Some(1) => Some(pcie / 2.0),
        _ => blank.or("link.scale_up.per_chip_one_way", r, "per_chip_one_way", own)?,
    };
    let axes = r.integer("axes").unwrap_or(1).max(1);
    Some(ScaleUp { kind: kind?, per_chip_one_way, pair_one_way, domain, axes })
}

fn power(r: &Reader<'_>) -> Power {
    Power { tdp: r.quantity("tdp"), node_share: r.quantity("node_share"), all_in: r.quantity("all_in") }
}

pub(super) fn disagreement(r: &Reader<'_>) -> Option<Disagreement> {
    let field = r.need("field", r.text("field"));
    let value = r.need("value", r.text("value"));
    let title = r.text("title").unwrap_or_default();
    let note = r.text("note").unwrap_or_default();
    Some(Disagreement { field: field?, value: value?, title, note })
}
