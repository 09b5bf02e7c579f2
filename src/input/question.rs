//! A question: a run or spec, and the values laid over it.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use crate::catalog::{Catalog, Kind};
use crate::error::Error;
use crate::input::deliveries::{DELIVERIES, Part};
use crate::input::field::{FIELDS, find};
use crate::input::file::{Origin, Spec, spec};
use crate::input::measured::{MEASURED, RATE, STEP_TIME};
use crate::input::quote::QUOTE;
use crate::input::range::Range;
use crate::input::text::prefix;
use crate::read::Sources;
use crate::source::Source;
use crate::units::date::Date;
use crate::units::parse::Grammar;
use crate::units::show::exact;

/// One value laid over a spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// A name of the field.
    pub path: Cow<'static, str>,
    /// The value as typed.
    pub text: String,
    /// The flag, variable or setter it was typed for.
    pub flag: String,
}

impl Override {
    /// A value of a flag, a variable or a setter.
    pub fn new(path: impl Into<Cow<'static, str>>, text: impl Into<String>, flag: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), flag: flag.into() }
    }

    /// Reads one `--set key=value`.
    ///
    /// # Errors
    /// No `=`.
    pub fn assignment(assignment: &str) -> Result<Self, Error> {
        let Some((path, value)) = assignment.split_once('=') else {
            let error = Error::bad_input(format!("--set: `{assignment}` assigns nothing"));
            return Err(error.with_hint("write it like `--set run.tokens=14.8T`"));
        };
        let path = path.trim().to_owned();
        Ok(Self::new(path.clone(), value.trim(), format!("--set {path}")))
    }
}

/// What is asked: a spec or run, and what is laid over it.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The spec or published run; empty for a question of flags alone.
    pub base: Spec,
    /// Values laid over it, in order: the last outranks.
    pub overrides: Vec<Override>,
    /// The day of asking, where `as_of` names none.
    pub today: Option<Date>,
}

impl Question {
    /// A question about a published run, or about a spec file by its path.
    ///
    /// # Errors
    /// An unknown name, a file that cannot be read or is wrong.
    pub fn about(name: &str, catalog: &Catalog) -> Result<Self, Error> {
        Input::about(name).question(catalog)
    }

    /// The same question with a value laid over the spec, as a flag would: `("run.chips", "4096")`.
    #[must_use]
    pub fn with(self, path: &'static str, text: impl Into<Typed>) -> Self {
        self.set(path, text)
    }

    /// Lays a value over it, by a path such as `deliveries.2.on` too.
    #[must_use]
    pub fn set(mut self, path: impl Into<Cow<'static, str>>, text: impl Into<Typed>) -> Self {
        let path = path.into();
        self.overrides.push(Override::new(path.clone(), text.into().0, path));
        self
    }

    /// The same question, about to be asked elsewhere: its measured steps stay where they were measured. What they do not say
    /// is what the question says now, but for fields that are still `open`.
    ///
    /// # Errors
    /// As [`Question::spec`].
    pub fn at_home(mut self, open: &[&str]) -> Result<Self, Error> {
        let tells =
            |over: &Override| find(&over.path).is_ok_and(|field| [MEASURED, RATE, STEP_TIME].contains(&field.path));
        if self.base.home.is_some() || !(self.base.is_measured() || self.overrides.iter().any(tells)) {
            return Ok(self);
        }
        let mut asked = self.spec()?;
        self.overrides.retain(|over| !tells(over));
        (self.base.measured, self.base.tokens_per_second) = (asked.measured.take(), asked.tokens_per_second.take());
        self.base.step_time = asked.step_time.take();
        self.base.home = asked.home.take();
        if self.base.home.is_some() {
            return Ok(self);
        }
        let mut home = asked;
        for path in open {
            match *path {
                "run.gpu" => home.gpu = None,
                "run.chips" => home.chips = None,
                "model" => home.model = None,
                _ => {}
            }
        }
        self.base.home = Some(Arc::new(home));
        Ok(self)
    }

    /// The same question with some fields left out, wherever they were given.
    #[must_use]
    pub fn without(mut self, paths: &[&str]) -> Self {
        let field = |path: &str| find(path).map_or("", |field| field.path);
        let left_out = |path: &str| paths.contains(&Part::of(path).map_or_else(|| field(path), |_| DELIVERIES));
        self.overrides.retain(|over| !left_out(&over.path));
        let clear = |spec: &mut Spec| {
            FIELDS.iter().filter(|field| paths.contains(&field.path)).for_each(|field| (field.clear)(spec));
            spec.ranges.retain(|range| !paths.contains(&range.path));
        };
        clear(&mut self.base);
        self.base.laid.iter_mut().for_each(|own| clear(Arc::make_mut(own)));
        self
    }

    /// The spec with the overrides in it.
    ///
    /// # Errors
    /// Every value that does not read, each with its flag; values that contradict each other.
    pub fn spec(&self) -> Result<Spec, Error> {
        let mut spec = match &self.base.laid {
            None => self.base.clone(),
            Some(own) => own.over(self.base.clone()),
        };
        let mut errors = Vec::new();
        // What is laid over a question outranks its quote, whichever was typed first.
        let names_quote = |over: &&Override| find(&over.path).is_ok_and(|field| field.path == QUOTE);
        let quotes = self.overrides.iter().filter(names_quote);
        let others = self.overrides.iter().filter(|over| !names_quote(over));
        errors.extend(spec.lay_quote(quotes).err());
        for over in others {
            if let Err(error) = spec.set(&over.path, &over.text, Origin::Flag(over.flag.clone())) {
                let flag = over.flag.split(' ').next().unwrap_or_default();
                errors.push(if error.place().is_some() { error } else { prefix(flag, &error) });
            }
        }
        spec.hold_quoted();
        errors.extend(spec.check().err().filter(|_| errors.is_empty()));
        let held = spec.hold_deliveries();
        errors.extend(held.err().filter(|_| errors.is_empty()));
        if spec.home.is_none() && self.base.is_measured() && !self.overrides.is_empty() {
            spec.home = spec.measured_in(&self.base);
        }
        Error::all(errors).map_or(Ok(spec), Err)
    }
}

/// The spec that a name stands for: a spec file by its path, a published run, else a model, by its name or as a
/// `config.json`.
///
/// # Errors
/// An unknown name; a file that cannot be read.
pub fn base_of(name: &str, catalog: &Catalog) -> Result<Spec, Error> {
    based(name, catalog, 0)
}

/// How deep specs may start from each other.
const DEPTH: usize = 4;

/// A spec of a file with the run or spec that it starts from below it.
///
/// # Errors
/// An unknown name, specs that start from each other.
pub fn on_its_base(spec: Spec, catalog: &Catalog) -> Result<Spec, Error> {
    below(spec, catalog, 0)
}

fn below(mut own: Spec, catalog: &Catalog, depth: usize) -> Result<Spec, Error> {
    let Some(like) = own.like.take() else { return Ok(own) };
    if depth >= DEPTH {
        let error =
            Error::bad_input(format!("`{}` starts from a spec that starts from another, and so on", like.value));
        return Err(like.origin.locate(error.with_hint("a spec starts from a published run, a model or a plain spec")));
    }
    let folder =
        own.file.as_ref().and_then(|file| Path::new(file).parent()).filter(|_| crate::catalog::is_path(&like.value));
    let name = folder.map_or_else(|| like.value.clone(), |folder| folder.join(&like.value).display().to_string());
    let mut found = based(&name, catalog, depth + 1).map_err(|error| like.origin.locate(error))?;
    // Where steps were measured is found as if the run itself named them.
    for field in FIELDS.iter().filter(|field| [MEASURED, RATE, STEP_TIME].contains(&field.path)) {
        if let Some(origin) = (field.origin)(&own).cloned() {
            (field.lay)(&own, &mut found, origin);
        }
    }
    found.phases = if own.phases.is_empty() { found.phases } else { std::mem::take(&mut own.phases) };
    found.correlations.append(&mut own.correlations);
    let lay = |sources: Sources, (path, source): &(String, Source)| sources.with(path.clone(), source.clone());
    found.sources = own.sources.0.iter().fold(found.sources, lay);
    (found.name, found.file) = (own.name.clone(), own.file.clone());
    found.laid = Some(Arc::new(match found.laid {
        None => own,
        Some(below) => own.over((*below).clone()),
    }));
    Ok(found)
}

impl Spec {
    /// The values of this spec laid over those of another: they are asked for, and outrank what a run says.
    fn over(&self, mut below: Spec) -> Spec {
        for field in FIELDS.iter().filter(|field| ![MEASURED, RATE, STEP_TIME].contains(&field.path)) {
            if let Some(origin) = (field.origin)(self) {
                (field.lay)(self, &mut below, origin.as_asked());
                below.ranges.retain(|range| range.path != field.path);
            }
        }
        for range in &self.ranges {
            below.ranges.push(Range { origin: range.origin.as_asked(), ..range.clone() });
        }
        below.ranges.sort_by_key(|range| FIELDS.iter().position(|field| field.path == range.path));
        below
    }
}

fn based(name: &str, catalog: &Catalog, depth: usize) -> Result<Spec, Error> {
    let path = Path::new(name);
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let of_model = is_json || (crate::catalog::is_path(name) && path.join("config.json").is_file());
    let found = if of_model { None } else { Some(catalog.find(Kind::Runs, name)) };
    match found {
        Some(Ok(found)) => below(spec(&found)?, catalog, depth),
        Some(Err(error)) if !catalog.has(Kind::Models, name) => Err(error),
        _ => {
            let mut spec = Spec::default();
            spec.set("model", name, Origin::Flag("the name".into()))?;
            Ok(spec)
        }
    }
}

/// A question of the library: a run by its name, and values in any form that a flag takes.
///
/// ```
/// use flopbill::Catalog;
/// use flopbill::internals::input::question::Input;
///
/// let input = Input::about("deepseek-v3").chips(4096).mfu("30%..45%").set("price.rent", "$2/h");
/// let spec = input.question(&Catalog::built_in())?.spec()?;
/// assert_eq!(spec.chips.unwrap().value.get(), 4096.0);
/// assert_eq!(spec.ranges.len(), 1);
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// A published run, or the path of a spec file; without one, the values alone.
    pub run: Option<String>,
    /// The values, in order.
    pub overrides: Vec<Override>,
}

impl Input {
    /// Values alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// A published run, or a spec file by its path.
    pub fn about(run: impl Into<String>) -> Self {
        Self { run: Some(run.into()), ..Self::default() }
    }

    /// Lays a value over it, by one of the field's names.
    #[must_use]
    pub fn set(mut self, path: impl Into<Cow<'static, str>>, value: impl Into<Typed>) -> Self {
        let path = path.into();
        self.overrides.push(Override::new(path.clone(), value.into().0, path));
        self
    }

    /// The question with its run looked up.
    ///
    /// # Errors
    /// An unknown name, a file that cannot be read or is wrong.
    pub fn question(self, catalog: &Catalog) -> Result<Question, Error> {
        let base = self.run.map(|run| base_of(&run, catalog)).transpose()?.unwrap_or_default();
        Ok(Question { base, overrides: self.overrides, today: None })
    }
}

/// A value as a user would type it, made from a text, a number or a quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Typed(pub String);

macro_rules! typed {
    ($($type:ty),*) => {
        $(impl From<$type> for Typed {
            fn from(value: $type) -> Self {
                Self(value.to_string())
            }
        })*
    };
}

typed!(&str, &String, i32, u32, u64, usize, f64, bool, Date);

impl From<String> for Typed {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl<Q: Grammar> From<Q> for Typed {
    fn from(quantity: Q) -> Self {
        Self(exact(quantity))
    }
}
