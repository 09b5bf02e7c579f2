//! What is known of one field, and how a field is found by its name.

use std::borrow::Cow;

use crate::catalog::normal;
use crate::error::Error;
use crate::error::nearest;
use crate::input::deliveries::{DELIVERIES, Part};
use crate::input::file::{Origin, Spec};
use crate::input::measured::MEASURED;
use crate::input::quote::QUOTE;
pub use crate::input::table::FIELDS;
use crate::input::typed::AsTyped;
use crate::input::variables::variable;
use crate::units::show::number;

/// What a field belongs to: the heading of its flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What is asked.
    Values,
    /// Settled parts of the layout.
    Layout,
    /// The whole bill.
    Bill,
    /// What the whole bill assumes otherwise.
    Assumptions,
    /// Questions about ranges.
    Ranges,
    /// When chips come.
    Deliveries,
    /// Limits that fail.
    Gates,
    /// Reinforcement learning.
    Rl,
}

impl Group {
    /// The heading above its flags.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Values => "Values (whatever is missing is solved from the others)",
            Self::Layout => "Settled layout (what is left out is searched for)",
            Self::Bill => "The whole bill",
            Self::Assumptions => {
                "Assumptions of the whole bill (`flopbill profiles list assumptions` shows their values)"
            }
            Self::Ranges => "Ranges (a value like 30%..45% spans its 5th to 95th percentile)",
            Self::Deliveries => "Deliveries (days count from the start)",
            Self::Gates => "Gates (exit code 1 when one is broken)",
            Self::Rl => "Reinforcement learning",
        }
    }
}

/// One settable field.
pub struct Field {
    /// Dotted path in a spec file and in JSON: `run.tokens`.
    pub path: &'static str,
    /// Other names it answers to; one with a dot stands in spec files too.
    pub also: &'static [&'static str],
    /// What a number is in that is written under one of the other paths: `tok`.
    pub also_in: &'static str,
    /// The flag without its dashes.
    pub flag: &'static str,
    /// A second flag; empty where there is none.
    pub second_flag: &'static str,
    /// What its flag's help calls a value; empty for a flag without one.
    pub value_name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// A value as a user writes it.
    pub example: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// A narrower range than its dimension has.
    pub within: Option<(f64, f64)>,
    /// Only whole numbers have a meaning.
    pub whole: bool,
    /// `flopbill init` writes it as a value, not as a comment.
    pub first: bool,
    /// Only its whole path and its flag mean it: its last word means another field.
    pub in_full: bool,
    /// Its flag may be given several times: what was typed is joined by `;`.
    pub several: bool,
    /// What is measured, as an error says it.
    pub dimension: &'static str,
    /// Unit of its number in machine formats; empty for names and bare numbers.
    pub unit: &'static str,
    /// The names it takes; none where it takes other values.
    pub choices: fn() -> Vec<&'static str>,
    /// The least and the largest number of its dimension, in the unit.
    pub all: fn() -> (f64, f64),
    /// Reads a point.
    pub set: fn(&mut Spec, &str, Origin) -> Result<(), Error>,
    /// The value as a user would write it, and where it came from.
    pub get: fn(&Spec) -> Option<(String, &Origin)>,
    /// The value as it was typed, where that says more.
    pub typed: fn(&Spec) -> Option<&AsTyped>,
    /// Keeps that beside the value.
    pub keep: fn(&mut Spec, AsTyped),
    /// Where the value came from.
    pub origin: fn(&Spec) -> Option<&Origin>,
    /// Leaves it out.
    pub clear: fn(&mut Spec),
    /// Lays the value of one spec over that of another, as it was typed, and says where it came from.
    pub lay: fn(&Spec, &mut Spec, Origin),
    /// The value as a number in [`unit`](Self::unit).
    pub number: fn(&Spec) -> Option<f64>,
    /// Takes a number in [`unit`](Self::unit), and with it ranges; `None` for names and yes or no.
    pub put: Option<fn(&mut Spec, f64, Origin)>,
    /// Whether two specs have the same value, wherever it came from.
    pub same: fn(&Spec, &Spec) -> bool,
}

impl Field {
    /// The same field with its flag, what that calls a value, and an example.
    pub(super) const fn flag(self, flag: &'static str, value_name: &'static str, example: &'static str) -> Self {
        Self { flag, value_name, example, ..self }
    }

    /// Has a second flag.
    pub(super) const fn or(self, second_flag: &'static str) -> Self {
        Self { second_flag, ..self }
    }

    /// Has other names.
    pub(super) const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// Has a unit that a number under another path is in.
    pub(super) const fn also_in(self, also_in: &'static str) -> Self {
        Self { also_in, ..self }
    }

    /// Its flag may be given several times.
    pub(super) const fn several(self) -> Self {
        Self { several: true, ..self }
    }

    /// Takes numbers from `low` to `high`, in the field's unit.
    pub(super) const fn within(self, low: f64, high: f64) -> Self {
        Self { within: Some((low, high)), ..self }
    }

    /// Takes whole numbers only.
    pub(super) const fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Is meant by its whole path and its flag alone.
    pub(super) const fn in_full(self) -> Self {
        Self { in_full: true, ..self }
    }

    /// Stands in a new spec as a value.
    pub(super) const fn first(self) -> Self {
        Self { first: true, ..self }
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.path)
    }
}

impl Field {
    /// The table it stands in and its key there: `run` and `tokens`.
    pub fn table_and_key(&self) -> (&'static str, &'static str) {
        self.path.rsplit_once('.').unwrap_or(("", self.path))
    }

    /// The environment variable that sets it: `FLOPBILL_RUN_TOKENS`.
    pub fn variable(&self) -> String {
        variable(self.path)
    }

    /// Its paths in a spec, the own one first: each has a variable.
    pub fn paths(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.path).chain(self.also.iter().copied().filter(|path| path.contains('.')))
    }

    /// What it is, with the names it takes or an example.
    pub fn help(&self) -> String {
        let names = (self.choices)();
        match (names.is_empty(), self.example) {
            (false, _) => format!("{}: {}", self.about.trim(), names.join(", ")),
            (true, "" | "true") => self.about.trim().to_owned(),
            (true, example) if example.contains('\'') => format!("{}: \"{example}\"", self.about.trim()),
            (true, example) if example.contains(['$', ' ']) => format!("{}: '{example}'", self.about.trim()),
            (true, example) => format!("{}: {example}", self.about.trim()),
        }
    }

    /// The least and the largest number it takes, in its unit.
    pub fn limits(&self) -> (f64, f64) {
        self.within.unwrap_or_else(|| (self.all)())
    }

    /// Its flag as it is typed.
    pub fn typed_flag(&self) -> String {
        format!("--{}", self.flag)
    }

    /// Its unit, where the value in a spec decides it.
    pub fn unit_in(&self, spec: &Spec) -> &'static str {
        match &spec.global_batch {
            Some(entry) if self.is_of_two_units() => entry.value.unit(),
            _ => self.unit,
        }
    }

    /// Whether a number of it says nothing without its unit.
    pub fn is_of_two_units(&self) -> bool {
        self.dimension == super::batch::Batch::DIMENSION
    }

    /// Whether it is part of the whole bill.
    pub fn is_of_the_bill(&self) -> bool {
        matches!(self.group, Group::Bill | Group::Assumptions)
    }

    /// Whether it decides the step and nothing else.
    pub fn is_of_a_step(&self) -> bool {
        self.group == Group::Layout
            || matches!(
                self.path,
                "stack"
                    | "run.sequence_length"
                    | "run.document_length"
                    | "run.global_batch"
                    | "run.states"
                    | "run.optimizer"
                    | "run.offload"
                    | "run.tuning"
                    | "run.lora_rank"
                    | "run.towers"
                    | "run.patches_per_token"
                    | "run.frames_per_token"
                    | "run.picture_patches"
            )
    }

    /// Every name it answers to.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        // `kind` is a key of several tables.
        let last = |name: &'static str| name.rsplit('.').next().filter(|last| *last != "kind").unwrap_or("");
        let short = move |name| if self.in_full { "" } else { last(name) };
        let own = [self.path, short(self.path), self.flag, self.second_flag].into_iter();
        own.chain(self.also.iter().flat_map(move |name| [*name, short(name)])).filter(|name| !name.is_empty())
    }

    /// A text given under one of the field's names, with the unit that the name implies.
    pub fn complete<'t>(&self, name: &str, text: &'t str) -> Cow<'t, str> {
        let short = |known: &str| known.rsplit('.').next() == Some(name);
        let implied = !self.also_in.is_empty() && self.also.iter().any(|known| *known == name || short(known));
        if !implied {
            return Cow::Borrowed(text);
        }
        let one = |part: &str| match part.trim_end().ends_with(|c: char| c.is_ascii_digit() || "KMBT".contains(c)) {
            true => format!("{}{}", part.trim(), self.also_in),
            false => part.trim().to_owned(),
        };
        Cow::Owned(text.split("..").map(one).collect::<Vec<_>>().join(".."))
    }

    /// Checks a number against the field's own limits.
    ///
    /// # Errors
    /// A number outside, or one with a fraction where only whole ones have a meaning.
    pub fn check(&self, value: f64) -> Result<(), Error> {
        let like = || format!("write it like `{}`", self.example);
        if self.whole && value.fract() != 0.0 {
            return Err(Error::bad_input(format!("`{}` is a whole number", self.path)).with_hint(like()));
        }
        let Some((low, high)) = self.within else { return Ok(()) };
        if (low..=high).contains(&value) {
            return Ok(());
        }
        let [low, high] = [low, high].map(|number| self.written(number));
        Err(Error::bad_input(format!("`{}` is from {low} to {high}", self.path)).with_hint(like()))
    }

    /// The value in the unit that it is counted in, with six digits: dollars of what was typed in yuan.
    pub fn counted(&self, spec: &Spec) -> Option<String> {
        let value = (self.number)(spec)?;
        Some(self.written(format!("{value:.5e}").parse().unwrap_or(value)))
    }

    /// A number in its unit as a user would write it.
    fn written(&self, value: f64) -> String {
        let mut spec = Spec::default();
        if let Some(put) = self.put.filter(|_| !self.unit.is_empty()) {
            put(&mut spec, value, Origin::Assumed(String::new()));
        }
        (self.get)(&spec).map_or_else(|| number(value, 9), |(text, _)| text)
    }
}

/// The field of a name: its path, its last part, its flag, or another name; case, dashes and underscores do not matter.
///
/// # Errors
/// A name that no field has, with the nearest: it is never taken for that.
pub fn find(name: &str) -> Result<&'static Field, Error> {
    let wanted = normal(name);
    let known = || FIELDS.iter().flat_map(|field| field.names().map(move |name| (field, name)));
    let found = field(name).or_else(|| known().find(|(_, name)| normal(name) == wanted).map(|(field, _)| field));
    found.ok_or_else(|| {
        let near = nearest(name, known().map(|(_, name)| name));
        let meant = known().find(|(_, name)| Some(*name) == near).map(|(field, _)| field.path);
        let all = || FIELDS.iter().map(|field| field.path).collect::<Vec<_>>().join(", ");
        let hint = meant.map_or_else(|| format!("fields: {}", all()), |path| format!("did you mean `{path}`?"));
        Error::unknown_name("field", name, []).with_hint(hint)
    })
}

/// That fields change nothing, and why; `None` where there are none.
pub fn idle<'a>(fields: impl Iterator<Item = &'a Field>, why: &str) -> Option<String> {
    let paths: Vec<&str> = fields.map(|field| field.path).collect();
    let change = if paths.len() == 1 { "changes" } else { "change" };
    (!paths.is_empty()).then(|| format!("{} {change} nothing here: {why}", paths.join(", ")))
}

/// The field of this path.
pub fn field(path: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.path == path)
}

/// Checks numbers that came without a spec, each in the unit of its field; those that were left out are fine.
///
/// # Errors
/// As [`Field::check`].
pub fn check_all(values: &[(&str, Option<f64>)]) -> Result<(), Error> {
    let mut given = values.iter().filter_map(|(path, value)| field(path).zip(*value));
    given.try_for_each(|(field, value)| field.check(value))
}

impl Spec {
    /// Sets a field by one of its names.
    ///
    /// # Errors
    /// An unknown name, with the nearest; a value of another dimension, or outside the field's range.
    pub fn set(&mut self, name: &str, value: &str, origin: Origin) -> Result<(), Error> {
        if let Some(part) = Part::of(name) {
            return self.set_part(&part?, value, origin);
        }
        let field = find(name)?;
        self.set_field(field, &field.complete(name, value), origin)
    }

    /// Sets a field to a value, or to the range that the text gives.
    pub(super) fn set_field(&mut self, field: &'static Field, text: &str, origin: Origin) -> Result<(), Error> {
        if text.trim_start().starts_with('{') && ![MEASURED, DELIVERIES, QUOTE].contains(&field.path) {
            return self.set_typed_table(field, text, origin);
        }
        if text.contains("..") && field.put.is_some() {
            return self.set_short_range(field, text, origin);
        }
        if field.path == "run.gpu" && super::text::is_fleet(text) {
            let (chips, gpu) = crate::units::parse::parse_fleet(text)?;
            find("run.chips")?.check(chips.get())?;
            self.chips = Some(super::file::Entry::new(chips, origin.clone()));
            self.ranges.retain(|range| range.path != "run.chips");
            return (field.set)(self, gpu, origin);
        }
        (field.set)(self, text, origin)?;
        if !(field.typed)(self).is_some_and(AsTyped::waits) {
            (field.number)(self).map_or(Ok(()), |value| field.check(value))?;
        }
        self.ranges.retain(|range| range.path != field.path);
        Ok(())
    }
}
