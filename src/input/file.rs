//! What the user wrote: a spec file or a published run, flags laid over it. Nothing is filled in here.

use std::fmt;

use crate::Error;
use crate::catalog::Found;
use crate::catalog::read::{At, Reader, Sources};
use crate::hardware::precision::Precision;
use crate::input::field::FIELDS;
use crate::input::range::Range;
use crate::units::{
    Bytes, CarbonIntensity, ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Joules, KgCo2e, Params, Price, Seconds,
    Tokens, Usd,
};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by name.
    Flag(String),
    /// A line of a file.
    File(At),
    /// Another profile that the question names.
    Profile(String),
    /// Assumed, with the reason.
    Assumed(String),
    /// Solved from the others, by this relation or method.
    Solved(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => f.write_str(name),
            Self::File(at) => write!(f, "{}:{}", at.file, at.line),
            Self::Profile(name) => f.write_str(name),
            Self::Assumed(why) => write!(f, "assumed: {why}"),
            Self::Solved(how) => write!(f, "solved: {how}"),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Entry<T> {
    /// A value from somewhere.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// A question as asked.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)] // each field is documented where it is declared for users: `field::FIELDS`
pub struct Spec {
    pub name: Option<String>,
    /// The built-in run's id or the file it was read from.
    pub file: Option<String>,
    pub organisation: Option<String>,
    pub model: Option<Entry<String>>,
    pub gpu: Option<Entry<String>>,
    pub chips: Option<Entry<Chips>>,
    pub params: Option<Entry<Params>>,
    pub active_params: Option<Entry<Params>>,
    pub tokens: Option<Entry<Tokens>>,
    pub flop: Option<Entry<Flop>>,
    pub gpu_hours: Option<Entry<ChipSeconds>>,
    pub wall_clock: Option<Entry<Seconds>>,
    pub mfu: Option<Entry<Fraction>>,
    pub goodput: Option<Entry<Fraction>>,
    pub cost: Option<Entry<Usd>>,
    pub precision: Option<Entry<Precision>>,
    pub mfu_basis: Option<Entry<Precision>>,
    pub sequence_length: Option<Entry<Tokens>>,
    pub global_batch_tokens: Option<Entry<Tokens>>,
    pub price: Option<Entry<Price>>,
    pub tp: Option<Entry<u32>>,
    pub pp: Option<Entry<u32>>,
    pub vpp: Option<Entry<u32>>,
    pub dp: Option<Entry<u32>>,
    pub cp: Option<Entry<u32>>,
    pub ep: Option<Entry<u32>>,
    pub micro_batch: Option<Entry<u32>>,
    pub zero: Option<Entry<u32>>,
    pub recompute: Option<Entry<String>>,
    pub schedule: Option<Entry<String>>,
    pub phases: Vec<PhaseSpec>,
    /// Fields whose value is a range; the field itself then holds the median.
    pub ranges: Vec<Range>,
    /// Spearman correlations between ranges: two paths and the coefficient.
    pub correlations: Vec<(String, String, f64)>,
    pub reported: Option<Reported>,
    pub sources: Sources,
}

/// One `[[phase]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseSpec {
    /// Pre-training, context extension, post-training.
    pub name: String,
    /// GPU-hours held.
    pub gpu_hours: Option<Entry<ChipSeconds>>,
    /// Tokens seen.
    pub tokens: Option<Entry<Tokens>>,
    /// Model FLOPs, where tokens do not tell.
    pub flop: Option<Entry<Flop>>,
}

/// What a run's authors reported: never an input, always shown beside the answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reported {
    /// How far the row is to be trusted: A, B.
    pub tier: Option<String>,
    /// GPU-hours.
    pub gpu_hours: Option<ChipSeconds>,
    /// Wall-clock time.
    pub wall_clock: Option<Seconds>,
    /// MFU in the authors' convention.
    pub mfu: Option<Fraction>,
    /// Rate per chip in the authors' convention.
    pub tflops_per_gpu: Option<FlopPerSecond>,
    /// Cost.
    pub cost: Option<Usd>,
    /// Energy.
    pub energy: Option<Joules>,
    /// Emissions.
    pub emissions: Option<KgCo2e>,
    /// Power usage effectiveness.
    pub pue: Option<f64>,
    /// Grid carbon intensity.
    pub carbon: Option<CarbonIntensity>,
    /// Interruptions, in words.
    pub interruptions: Option<String>,
    /// Energy or memory per chip, in words, where the authors say more.
    pub notes: Option<String>,
    /// Checkpoint size.
    pub checkpoint: Option<Bytes>,
}

/// Reads a spec file or a published run.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn spec(found: &Found) -> Result<Spec, Error> {
    found.document.read(|r| {
        let mut spec = Spec { file: Some(found.document.file.clone()), ..Spec::default() };
        r.texts("aliases");
        spec.name = r.need("name", r.text("name"));
        spec.organisation = r.text("organisation");
        r.date("date");
        fields(r, "", &mut spec);
        for table in ["run", "price", "layout"] {
            r.table(table, |inner| {
                fields(inner, table, &mut spec);
                Some(())
            });
        }
        spec.correlations = r.tables("correlation", correlation);
        let several = r.any("phase").and_then(|phases| phases.raw().as_array()).is_some_and(|all| all.len() > 1);
        let needs_hours = several && spec.mfu.is_none();
        spec.phases = r.tables("phase", |phases| phase(phases, several, needs_hours));
        spec.reported = r.table("reported", |inner| Some(reported(inner)));
        spec.sources = r.sources();
        check_phases(r, &spec);
        Some(spec)
    })
}

/// Reads the fields of one table through [`FIELDS`].
fn fields(r: &Reader<'_>, table: &str, spec: &mut Spec) {
    for field in FIELDS {
        let (parent, key) = field.path.rsplit_once('.').unwrap_or(("", field.path));
        if parent != table {
            continue;
        }
        let Some(value) = r.value(key) else { continue };
        if field.put.is_some()
            && let Some(inner) = value.table(field.path)
        {
            spec.read_range(field, &value, &inner);
            continue;
        }
        let Some(text) = value.as_text() else {
            value.fail(Error::bad_input(format!("`{key}` takes a number or a text: {}", field.about)));
            continue;
        };
        if let Err(error) = spec.set_field(field, text, Origin::File(value.at())) {
            value.fail(error);
        }
    }
}

/// One phase. Of several, each needs its hours, unless an MFU makes them follow from its work.
fn phase(r: &Reader<'_>, several: bool, needs_hours: bool) -> Option<PhaseSpec> {
    fn entry<Q: crate::units::parse::Grammar>(r: &Reader<'_>, key: &'static str) -> Option<Entry<Q>> {
        let value = r.value(key)?;
        Some(Entry::new(value.quantity()?, Origin::File(value.at())))
    }
    let name = r.need("name", r.text("name"));
    let (gpu_hours, tokens, flop) = (entry(r, "gpu_hours"), entry(r, "tokens"), entry(r, "flop"));
    let name = name?;
    if several && r.any("gpu_hours").is_none() && (needs_hours || (tokens.is_none() && flop.is_none())) {
        let error = Error::bad_input(format!("phase `{name}` has no `gpu_hours`"));
        r.fail("gpu_hours", error.with_hint("give its gpu_hours, or its tokens and run.mfu"));
    }
    Some(PhaseSpec { name, gpu_hours, tokens, flop })
}

/// One `[[correlation]]`: `between = ["run.mfu", "run.chips"]`, `spearman = -0.3`.
fn correlation(r: &Reader<'_>) -> Option<(String, String, f64)> {
    let between = r.texts("between");
    let spearman = r.need("spearman", r.number("spearman"))?;
    if !(-1.0..=1.0).contains(&spearman) {
        r.fail("spearman", Error::bad_input("a correlation is from -1 to 1"));
    }
    let [a, b] = between.as_slice() else {
        r.fail("between", Error::bad_input("`between` names two fields: [\"run.mfu\", \"run.chips\"]"));
        return None;
    };
    Some((a.clone(), b.clone(), spearman))
}

fn reported(r: &Reader<'_>) -> Reported {
    Reported {
        tier: r.text("tier"),
        gpu_hours: r.quantity("gpu_hours"),
        wall_clock: r.quantity("wall_clock"),
        mfu: r.quantity("mfu"),
        tflops_per_gpu: r.quantity("tflops_per_gpu"),
        cost: r.quantity("cost"),
        energy: r.quantity("energy"),
        emissions: r.quantity("emissions"),
        pue: r.number("pue"),
        carbon: r.quantity("carbon"),
        interruptions: r.text("interruptions"),
        notes: r.text("notes"),
        checkpoint: r.quantity("checkpoint"),
    }
}

fn check_phases(r: &Reader<'_>, spec: &Spec) {
    if spec.phases.is_empty() {
        return;
    }
    let both =
        [("gpu_hours", spec.gpu_hours.is_some()), ("tokens", spec.tokens.is_some()), ("flop", spec.flop.is_some())];
    for (key, _) in both.iter().filter(|(_, given)| *given) {
        let error = Error::bad_input(format!("`run.{key}` and [[phase]] both say how much work there is"));
        r.fail("phase", error.with_hint(format!("write `{key}` in each [[phase]], or leave the phases out")));
    }
}
