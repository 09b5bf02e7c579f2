//! What the user wrote: a spec file or a published run, flags laid over it. Nothing is filled in here.

use std::borrow::Cow;
use std::fmt;

use toml::de::DeValue;

use crate::catalog::Found;
use crate::cost::shares::{STAGES, Stage};
use crate::error::Error;
use crate::input::deliveries::{DELIVERIES, Deliveries};
use crate::input::field::{Field, field};
use crate::input::measured::{MEASURED, Measured};
use crate::input::quote::{QUOTE, Quote};
use crate::input::table::FIELDS;
use crate::input::text::choice;
use crate::input::typed::AsTyped;
use crate::read::{At, Reader, Value};
use crate::units::{
    Bytes, CarbonIntensity, ChipSeconds, Flop, FlopPerSecond, Fraction, Joules, KgCo2e, Seconds, Tokens, Usd,
};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag, an environment variable or a setter, by name.
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

impl Origin {
    /// How much a value from here counts: an assumption least, what was asked for itself most.
    pub fn weight(&self) -> u8 {
        match self {
            Self::Assumed(_) => 0,
            Self::File(_) | Self::Profile(_) | Self::Solved(_) => 1,
            Self::Flag(_) => 2,
        }
    }

    /// The same, asked for itself: what a file says in the place of a flag counts as one.
    #[must_use]
    pub fn as_asked(&self) -> Self {
        match self {
            Self::File(at) => Self::Flag(format!("{}:{}", at.file, at.line)),
            other => other.clone(),
        }
    }

    /// The error, pointing at where the value was written, if it points nowhere yet.
    pub fn locate(&self, error: Error) -> Error {
        match self {
            Self::File(at) if error.place().is_none() => at.locate(error),
            Self::Flag(flag) if error.place().is_none() => crate::input::text::prefix(flag, &error),
            _ => error,
        }
    }
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
    /// As it was typed, where that says more.
    pub typed: Option<Box<AsTyped>>,
}

impl<T> Entry<T> {
    /// A value from somewhere.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin, typed: None }
    }

    /// As it was typed, or else as `show` writes it.
    pub fn text(&self, show: impl FnOnce(&T) -> String) -> String {
        self.typed.as_ref().map_or_else(|| show(&self.value), |typed| typed.text.clone())
    }
}

pub use crate::input::table::Spec;

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
    /// The stages of a programme that it is, for [`crate::cost::shares`]; none where it is the run itself.
    pub holds: Vec<Stage>,
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
        spec.date = r.day("date");
        spec.like = like(r);
        fields(r, "", &mut spec);
        for table in tables().filter(|table| *table != "run" || !names_a_run(r)) {
            // `stack = "name"` is a field, `[stack]` a table.
            let value = r.any(table);
            if field(table).is_none() || value.is_some_and(|value| value.raw().is_table()) {
                r.table(table, |inner| {
                    fields(inner, table, &mut spec);
                    Some(())
                });
            }
        }
        spec.correlations = r.tables("correlation", correlation);
        let several = r.any("phase").and_then(|phases| phases.raw().as_array()).is_some_and(|all| all.len() > 1);
        let needs_hours = several && spec.mfu.is_none();
        spec.phases = r.tables("phase", |phases| phase(phases, several, needs_hours));
        spec.reported = r.table("reported", |inner| Some(reported(inner)));
        spec.sources = r.sources();
        check_phases(r, &spec);
        if let (Err(error), true) = (spec.check(), r.any("run").is_some()) {
            r.fail("run", error);
        }
        Some(spec)
    })
}

/// Whether `run` is a name: `run = "deepseek-v3"`.
fn names_a_run(r: &Reader<'_>) -> bool {
    r.any("run").is_some_and(|run| run.as_text().is_some())
}

/// The published run, or the model, that a spec starts from: `like`, or `run` as a name.
fn like(r: &Reader<'_>) -> Option<Entry<String>> {
    let mut keys = ["like", "run"].into_iter().filter(|key| *key == "like" || names_a_run(r));
    let given = |key: &&'static str| r.any(key).is_some();
    let key = keys.find(given)?;
    let at = r.place(key);
    if let Some(second) = keys.find(given) {
        r.fail(second, Error::bad_input("`like` and `run` name the same thing").with_hint("leave one out"));
    }
    Some(Entry::new(r.text(key)?, Origin::File(at)))
}

/// The tables that fields stand in.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    let table = |index: usize| FIELDS.get(index).map_or("", |field| field.table_and_key().0);
    let new =
        move |index: &usize| !table(*index).is_empty() && (0..*index).all(|before| table(before) != table(*index));
    (0..FIELDS.len()).filter(new).map(table)
}

/// Reads the fields of one table through [`FIELDS`].
fn fields(r: &Reader<'_>, table: &str, spec: &mut Spec) {
    for field in FIELDS {
        let mut given = None;
        for path in field.paths() {
            let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
            let Some(value) = (parent == table).then(|| r.value(key)).flatten() else { continue };
            if let Some(first) = given.replace(key) {
                value.fail(Error::bad_input(format!("`{first}` and `{key}` say the same")).with_hint("leave one out"));
            }
            one_field(field, key, &value, spec);
        }
    }
}

/// Reads one value of a field.
fn one_field(field: &'static Field, key: &'static str, value: &Value<'_>, spec: &mut Spec) {
    if field.path == MEASURED && (value.raw().is_array() || value.raw().is_table()) {
        match Measured::of_value(value) {
            Ok(steps) => spec.measured = Some(Entry::new(steps, Origin::File(value.at()))),
            Err(error) => error.each().for_each(|one| value.record(one.clone())),
        }
        return;
    }
    if field.path == DELIVERIES && (value.raw().is_array() || value.raw().is_table()) {
        match Deliveries::of_value(value) {
            Ok(found) => spec.deliveries = Some(Entry::new(found, Origin::File(value.at()))),
            Err(error) => error.each().for_each(|one| value.record(one.clone())),
        }
        return;
    }
    if field.path == QUOTE && value.raw().is_table() {
        match Quote::of_value(value) {
            Ok(found) => spec.quote = Some(Entry::new(found, Origin::File(value.at()))),
            Err(error) => error.each().for_each(|one| value.record(one.clone())),
        }
        return;
    }
    if let Some(inner) = value.table(field.path) {
        if !tables().any(|table| table == field.path) {
            spec.read_range(field, (value, &inner), "", Origin::File(value.at()));
        }
        return;
    }
    let Some(text) = text_of(value) else {
        let error = Error::bad_input(format!("`{key}` takes {}: {}", field.dimension, field.about.trim()));
        return value.fail(error.with_hint(format!("write it like `{}`", field.example)));
    };
    if let Err(error) = spec.set_field(field, &field.complete(key, &text), Origin::File(value.at())) {
        value.fail(error);
    }
}

/// A value as it would be typed for a flag.
pub(in crate::input) fn text_of<'d>(value: &Value<'d>) -> Option<Cow<'d, str>> {
    match value.raw() {
        DeValue::Boolean(yes) => Some(Cow::Owned(yes.to_string())),
        DeValue::Datetime(date) => Some(Cow::Owned(date.to_string())),
        _ => value.as_text().map(Cow::Borrowed),
    }
}

/// One phase. Of several, each needs its hours, unless an MFU makes them follow from its work.
fn phase(r: &Reader<'_>, several: bool, needs_hours: bool) -> Option<PhaseSpec> {
    let name = r.need("name", r.text("name"));
    let mut own = Spec::default();
    for (key, path) in [("gpu_hours", "run.gpu_hours"), ("tokens", "run.tokens"), ("flop", "run.flop")] {
        let Some((value, field)) = r.value(key).zip(field(path)) else { continue };
        one_field(field, key, &value, &mut own);
        if own.ranges.pop().is_some() {
            value.fail(Error::bad_input(format!("`{key}` of a phase is one number")));
        }
    }
    let holds = holds(r);
    let (name, Spec { gpu_hours, tokens, flop, .. }) = (name?, own);
    if several && r.any("gpu_hours").is_none() && (needs_hours || (tokens.is_none() && flop.is_none())) {
        let error = Error::bad_input(format!("phase `{name}` has no `gpu_hours`"));
        r.fail("gpu_hours", error.with_hint("give its gpu_hours, or its tokens and run.mfu"));
    }
    Some(PhaseSpec { name, gpu_hours, tokens, flop, holds })
}

/// The stages that a phase holds: `holds = ["post_training", "rl"]`.
fn holds(r: &Reader<'_>) -> Vec<Stage> {
    let known = |name: String| match choice("stage", &name, &STAGES) {
        Ok((_, stage)) => Some(stage),
        Err(error) => {
            r.fail("holds", error);
            None
        }
    };
    r.texts("holds").into_iter().filter_map(known).collect()
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

impl Spec {
    /// Checks what single fields cannot tell.
    ///
    /// # Errors
    /// More parameters at work than there are.
    pub fn check(&self) -> Result<(), Error> {
        let (Some(active), Some(all)) = (&self.active_params, &self.params) else { return Ok(()) };
        let outranked = matches!(all.origin, Origin::Flag(_)) && !matches!(active.origin, Origin::Flag(_));
        if active.value <= all.value || outranked {
            return Ok(());
        }
        let [active, all] = [active.value, all.value].map(|count| crate::units::show::count(count.get(), 4));
        let message = format!("`run.active_params` is {active}, more than the {all} of `run.params`");
        Err(Error::bad_input(message).with_hint("active parameters are those at work for one token, of all there are"))
    }
}
