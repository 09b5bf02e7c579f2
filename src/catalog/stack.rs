//! `profiles/stacks/`: TOML to [`Stack`], and which stack stands where nobody names one.

use super::{Catalog, Found, Kind, normal};
use crate::error::Error;
use crate::hardware::precision::{STATES, States};
use crate::layout::parallelism::{SCHEDULES, Schedule, ZERO_STAGES, ZeroStage};
use crate::layout::stages::{CUTS, CutBy};
use crate::model::flops::{KERNELS, Kernel, RECOMPUTES, Recompute};
use crate::model::memory::{AUTOGRADS, Autograd};
use crate::read::{Reader, Sources};
use crate::step::stack::{AGAINS, ATTENTION_KERNELS, Again, Stack, TENSOR_OVERLAPS};
use crate::units::date::Date;

/// The stack where nobody says.
pub const DEFAULT: &str = "ordinary";

/// The stack of a step where all that is known is that its attention is not fused.
pub const DEFAULT_UNFUSED: &str = "megatron-2022";

/// Names of frameworks that a sentence uses for a method too, so that they do not name the software in free text.
const COMMON: [&str; 6] = ["Accelerate", "Composer", "DeepSpeed", "FSDP", "Meta", "Transformers"];

/// A software stack with the sources of its switches.
#[derive(Debug, Clone, PartialEq)]
pub struct StackProfile {
    /// The file's stem: `tuned`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The year it is of.
    pub era: String,
    /// The frameworks that are it, as tables of measured steps write them.
    pub frameworks: Vec<String>,
    /// What it does beyond what a layout says.
    pub stack: Stack,
    /// The month of the release that its residual is stated for: `2025-09`.
    pub release: Option<String>,
    /// The month from which a run that names no stack most likely used it.
    pub usual_from: Option<String>,
    /// It stands for software that nobody names.
    pub ordinary: bool,
    /// The schedule it brings.
    pub schedule: Option<Schedule>,
    /// What its replicas share.
    pub zero: Option<ZeroStage>,
    /// How it computes attention.
    pub kernel: Kernel,
    /// What it keeps for the backward pass.
    pub autograd: Autograd,
    /// Where ZeRO splits weights, it gathers the embedding and the head for the whole step.
    pub ends_stay: bool,
    /// How its users cut the layers into stages.
    pub cut: CutBy,
    /// What it keeps for a parameter that is trained in bf16.
    pub states: Option<States>,
    /// What it usually computes again, where a layout does not say.
    pub usual_recompute: Option<Recompute>,
    /// What its steps take beyond the model, of dense models and of mixtures of experts, where it was fitted.
    pub residual: [Option<Residual>; 2],
    /// Where each of them was measured, of a stack of one's own.
    pub kept: [Option<Kept>; 2],
    /// The stack whose later release it is: what that one takes beyond the model is the best guess of what it takes.
    pub follows: Option<String>,
    /// The logarithm of that one's residual.
    pub followed: [Option<f64>; 2],
    /// Where each value came from.
    pub sources: Sources,
    /// The file, or the built-in profile's name.
    pub file: String,
}

/// Time of the steps of a stack over those of the software the factors were fitted to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// The median factor.
    pub value: f64,
    /// The standard deviation of its logarithm: what is left open of the stack's effect.
    pub spread: f64,
    /// Rows that it was fitted to.
    pub rows: u32,
    /// Sources that they are from.
    pub sources: u32,
}

/// Where the residual of a stack of one's own was measured, and what it is there. On other settings it is the
/// [`Residual`], from which nothing is left open but what they differ by.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The vendor of the chip.
    pub vendor: String,
    /// The family of the chip.
    pub family: String,
    /// The chip.
    pub chip: String,
    /// The model.
    pub model: String,
    /// The setting, where it was of one: chips, degrees, batch.
    pub setting: String,
    /// The median factor on that setting.
    pub value: f64,
    /// The standard deviation of its logarithm.
    pub spread: f64,
    /// What steps of the setting differ by, in logarithm.
    pub row: f64,
}

impl Catalog {
    /// The stack of this name.
    ///
    /// # Errors
    /// An unknown name, or a profile that does not hold what it should.
    pub fn stack(&self, name: &str) -> Result<StackProfile, Error> {
        self.remembered(
            name,
            |memo| &memo.stacks,
            || {
                let found = stack(&self.find(Kind::Stacks, name)?)?;
                let Some(follows) = &found.follows else { return Ok(found) };
                let older = stack(&self.find(Kind::Stacks, follows)?)?;
                Ok(StackProfile { followed: older.residual.map(|found| found.map(|one| one.value.ln())), ..found })
            },
        )
    }

    /// The stack that lists this framework, whatever the version: `NeMo 25.05` is `NeMo`. A user's own profile
    /// outranks a built-in one.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn stack_of_framework(&self, framework: &str) -> Result<Option<StackProfile>, Error> {
        let wanted = without_version(framework);
        let lists = |stack: &StackProfile| stack.frameworks.iter().any(|known| without_version(known) == wanted);
        let mut named: Vec<StackProfile> = self.stacks()?.into_iter().filter(lists).collect();
        named.sort_by_key(|stack| stack.file == super::built_in_file(Kind::Stacks, &stack.id));
        Ok(named.into_iter().next())
    }

    /// The software that a row's texts name: its framework as a whole, else the longest name in the first text that has
    /// one. A name that stacks of several eras go by is that of the month's year where one lists it so.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn stack_in_texts(&self, texts: &[&str], month: Option<&str>) -> Result<Option<StackProfile>, Error> {
        let dated = |name: &str| {
            let year = month.and_then(|month| month.get(..4));
            let of_year = year.map_or(Ok(None), |year| self.stack_of_framework(&format!("{name} {year}")))?;
            of_year.map_or_else(|| self.stack_of_framework(name), |stack| Ok(Some(stack)))
        };
        if let Some(framework) = texts.first()
            && let Some(stack) = dated(framework)?
        {
            return Ok(Some(stack));
        }
        let mut names: Vec<String> = self.stacks()?.into_iter().flat_map(|stack| stack.frameworks).collect();
        names.retain(|name| !COMMON.contains(&name.as_str()));
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let named = texts.iter().find_map(|text| names.iter().find(|name| has_words(text, name)));
        named.map_or(Ok(None), |name| dated(name))
    }

    /// The stack where nobody says: the usual one of the day that is asked about, with that day where there is one.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn default_stack(&self) -> Result<(StackProfile, Option<Date>), Error> {
        match self.day {
            Some(day) => Ok((self.usual_stack(&day.to_string())?, self.day)),
            None => Ok((self.stack(DEFAULT)?, None)),
        }
    }

    /// The stack that a run of this month most likely used, where nobody says: `2023-07`.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn usual_stack(&self, month: &str) -> Result<StackProfile, Error> {
        let mut usual = self.stacks()?;
        usual.retain(|stack| stack.usual_from.is_some());
        usual.sort_by(|a, b| a.usual_from.cmp(&b.usual_from));
        let begun = usual.iter().rposition(|stack| stack.usual_from.as_deref().is_some_and(|from| from <= month));
        match usual.into_iter().nth(begun.unwrap_or(0)) {
            Some(stack) if !month.is_empty() => Ok(stack),
            _ => self.stack(DEFAULT),
        }
    }

    fn stacks(&self) -> Result<Vec<StackProfile>, Error> {
        self.ids(Kind::Stacks).iter().map(|id| self.stack(id)).collect()
    }
}

/// Whether a text has this name as whole words: `NeMo` is in `NeMo-Framework-Launcher`, and not in `Nemotron`.
fn has_words(text: &str, name: &str) -> bool {
    let ends = |around: Option<char>| !around.is_some_and(char::is_alphanumeric);
    let at = |(start, found): (usize, &str)| {
        ends(text[..start].chars().next_back()) && ends(text[start + found.len()..].chars().next())
    };
    !name.is_empty() && text.match_indices(name).any(at)
}

/// A framework's name in one form, without its version: parts such as `25.05`, `25.02+` and `release` say no more.
fn without_version(framework: &str) -> String {
    let version = |part: &str| {
        part.contains('.') && part.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+'))
            || part.eq_ignore_ascii_case("release")
    };
    let parts: Vec<&str> = framework.split_whitespace().filter(|part| !version(part)).collect();
    normal(&parts.join(" "))
}

/// Reads one stack.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn stack(found: &Found) -> Result<StackProfile, Error> {
    found.document.read(|r| {
        r.texts("aliases");
        let sources = r.sources();
        let (name, era) = (r.need("name", r.text("name")), r.need("era", r.text("era")));
        let frameworks = r.texts("frameworks");
        let release = r.date("release");
        let usual_from = r.date("usual_from");
        let switches = switches(r);
        let (schedule, zero) = (r.choice("schedule", &SCHEDULES), r.choice("zero", &ZERO_STAGES));
        let kernel = r.choice("kernel", &KERNELS).unwrap_or(Kernel::Fused);
        let usual = if r.flag("eager") == Some(true) { Autograd::Eager } else { Autograd::Fused };
        let autograd = r.choice("autograd", &AUTOGRADS).unwrap_or(usual);
        let ends_stay = r.flag("ends_stay").unwrap_or(autograd.is_plain());
        let cut = r.choice("stages", &CUTS).unwrap_or_default();
        let states = r.choice("states", &STATES);
        let ordinary = r.flag("ordinary").unwrap_or(false);
        let usual_recompute = r.choice("usual_recompute", &RECOMPUTES);
        let follows = r.text("follows");
        let residual =
            r.table("residual", |inner| Some(["dense", "moe"].map(|kind| inner.table(kind, self::residual))));
        let residual = residual.unwrap_or_default();
        r.require_sources(&sources, &["era", "frameworks", "release", "usual_from", "ordinary"]);
        Some(StackProfile {
            id: found.id.clone(),
            name: name?,
            era: era?,
            frameworks,
            stack: switches?,
            release,
            usual_from,
            schedule,
            zero,
            kernel,
            autograd,
            ends_stay,
            cut,
            states,
            ordinary,
            usual_recompute,
            residual: residual.each_ref().map(|found| found.as_ref().map(|(own, _)| *own)),
            kept: residual.map(|found| found.and_then(|(_, kept)| kept)),
            follows,
            followed: [None, None],
            sources,
            file: found.document.file.clone(),
        })
    })
}

fn residual(r: &Reader<'_>) -> Option<(Residual, Option<Kept>)> {
    let value = r.need("value", r.number("value"));
    let spread = r.need("spread", r.number("spread"));
    let (rows, sources) = (r.need("rows", r.integer("rows")), r.need("sources", r.integer("sources")));
    let (value, spread) = (value?, spread?);
    if !(0.01..=100.0).contains(&value) {
        r.fail("value", Error::bad_input("a factor on a step is from 0.01 to 100"));
    }
    if !(0.0..=10.0).contains(&spread) {
        r.fail("spread", Error::bad_input("the spread of a factor is from 0 to 10"));
    }
    let kept = r.table("kept", self::kept);
    Some((Residual { value, spread, rows: rows?, sources: sources? }, kept))
}

fn kept(r: &Reader<'_>) -> Option<Kept> {
    let [vendor, family, chip, model, setting] =
        ["vendor", "family", "chip", "model", "setting"].map(|key| r.need(key, r.text(key)));
    let [value, spread, row] = ["value", "spread", "row"].map(|key| r.need(key, r.number(key)));
    if value.is_some_and(|value| !(0.01..=100.0).contains(&value)) {
        r.fail("value", Error::bad_input("a factor is from 0.01 to 100"));
    }
    for (key, found) in [("spread", spread), ("row", row)] {
        if found.is_some_and(|found| !(0.0..=10.0).contains(&found)) {
            r.fail(key, Error::bad_input("a standard deviation of a logarithm is from 0 to 10"));
        }
    }
    Some(Kept {
        vendor: vendor?,
        family: family?,
        chip: chip?,
        model: model?,
        setting: setting?,
        value: value?,
        spread: spread?,
        row: row?,
    })
}

fn switches(r: &Reader<'_>) -> Option<Stack> {
    let flag = |key: &'static str| r.need(key, r.flag(key));
    let tensor_overlap = r.need("tensor_overlap", r.choice("tensor_overlap", &TENSOR_OVERLAPS));
    let (overlap, fused_accumulation, eager) = (flag("overlap"), flag("fused_accumulation"), flag("eager"));
    let blocking_launches = flag("blocking_launches");
    let attention = r.need("attention", r.choice("attention", &ATTENTION_KERNELS));
    let (deduplicated_dispatch, narrow_dispatch) = (flag("deduplicated_dispatch"), flag("narrow_dispatch"));
    Some(Stack {
        overlap: overlap?,
        tensor_overlap: tensor_overlap?,
        fused_accumulation: fused_accumulation?,
        eager: eager?,
        blocking_launches: blocking_launches?,
        attention: attention?,
        deduplicated_dispatch: deduplicated_dispatch?,
        narrow_dispatch: narrow_dispatch?,
        again: r.choice("recompute", &AGAINS).unwrap_or(Again::Megatron),
        tensor_copies: r.flag("tensor_copies").unwrap_or(false),
        grouped_products: r.flag("grouped_products").unwrap_or(false),
        plain_ring: r.flag("plain_ring").unwrap_or(false),
        paired_exchange: r.flag("paired_exchange").unwrap_or(false),
        narrow_gathers: r.flag("narrow_gathers").unwrap_or(false),
    })
}
