//! The text of stacks and of `assumptions/software.toml` with fitted values in them.

use std::fmt::Write as _;

use super::software::{GoodputPrior, SoftwareProfile, Spreads, software};
use super::stack::{Residual, stack};
use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::Document;
use crate::units::date::Date;

/// The names of the kinds of model, as profiles have them.
const KINDS: [&str; 2] = ["dense", "moe"];

/// Three digits after the point: what a fit of this kind settles.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl Residual {
    /// As it is written in a profile.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self { value: rounded(self.value), spread: rounded(self.spread), ..self }
    }
}

impl Spreads {
    /// As they are written in a profile.
    #[must_use]
    pub fn rounded(self) -> Self {
        let Self { mean, stack, source, chip, model, row, repeat, drift, drift_spread } = self;
        let [mean, stack, source, chip] = [mean, stack, source, chip].map(rounded);
        let [model, row, repeat] = [model, row, repeat].map(rounded);
        let [drift, drift_spread] = [drift, drift_spread].map(rounded);
        Self { mean, stack, source, chip, model, row, repeat, drift, drift_spread }
    }
}

impl GoodputPrior {
    /// As it is written in a profile.
    #[must_use]
    pub fn rounded(self) -> Self {
        let Self { one_node, per_doubling, doublings, spread } = self;
        let [one_node, per_doubling, spread] = [one_node, per_doubling, spread].map(rounded);
        Self { one_node, per_doubling, doublings, spread }
    }
}

impl Catalog {
    /// The text of a stack with these residuals and the release that they are stated for, all else as it was.
    ///
    /// # Errors
    /// An unknown name, or a profile whose tables cannot be replaced.
    pub fn stack_fitted(
        &self,
        name: &str,
        residual: [Option<Residual>; 2],
        release: Option<Date>,
    ) -> Result<String, Error> {
        let found = self.find(Kind::Stacks, name)?;
        let mut tables = String::new();
        for (kind, residual) in KINDS.iter().zip(residual) {
            if let Some(Residual { value, spread, rows, sources, .. }) = residual.map(Residual::rounded) {
                let _ = write!(
                    tables,
                    "[residual.{kind}]\nvalue = {value}\nspread = {spread}\nrows = {rows}\nsources = {sources}\n\n"
                );
            }
        }
        let text = without_tables(&found.document.text, &["residual.dense", "residual.moe"]);
        let text = with_release(&before_sources(&text, &tables), release);
        let read = stack(&again(&found, &text))?;
        if read.residual == residual.map(|residual| residual.map(Residual::rounded)) {
            return Ok(text);
        }
        Err(Error::bad_file(format!("{}: its residual cannot be replaced", found.document.file)))
    }

    /// The text of `assumptions/software.toml` with these values, all else as it was.
    ///
    /// # Errors
    /// A profile whose tables cannot be replaced.
    pub fn software_with(&self, profile: &SoftwareProfile) -> Result<String, Error> {
        let found = self.find(Kind::Assumptions, "software")?;
        let mut tables = String::new();
        for (kind, spreads) in KINDS.iter().zip(profile.kinds) {
            let Spreads { mean, stack, source, chip, model, row, repeat, drift, drift_spread } = spreads.rounded();
            let _ = write!(
                tables,
                "[{kind}]\nmean = {mean}\nstack = {stack}\nsource = {source}\nchip = {chip}\nmodel = {model}\nrow = {row}\nrepeat = {repeat}\n\
                 drift = {drift}\ndrift_spread = {drift_spread}\n\n"
            );
        }
        let [mean, spread] = profile.layout_gap.map(rounded);
        let _ = write!(tables, "[layout_gap]\nmean = {mean}\nspread = {spread}\n\n");
        for (kind, goodput) in ["named", "unnamed"].iter().zip(profile.goodput) {
            let GoodputPrior { one_node, per_doubling, doublings, spread } = goodput.rounded();
            let _ = write!(
                tables,
                "[goodput.{kind}]\none_node = {one_node}\nper_doubling = {per_doubling}\n\
                 doublings = {doublings}\nspread = {spread}\n\n"
            );
        }
        let names = ["dense", "moe", "layout_gap", "goodput.named", "goodput.unnamed"];
        let text = before_sources(&without_tables(&found.document.text, &names), &tables);
        software(&again(&found, &text)).map(|_| text)
    }
}

/// The same profile with another text.
fn again(found: &Found, text: &str) -> Found {
    Found { document: Document::new(found.document.file.clone(), text), ..found.clone() }
}

/// A text without the tables of these names.
fn without_tables(text: &str, names: &[&str]) -> String {
    let mut kept = String::new();
    let mut dropped = false;
    for line in text.lines() {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            dropped = names.contains(&name);
        }
        if !dropped {
            let _ = writeln!(kept, "{line}");
        }
    }
    kept
}

/// A text with tables before its sources.
fn before_sources(text: &str, tables: &str) -> String {
    match text.find("[sources]") {
        Some(at) => {
            let (before, sources) = text.split_at(at);
            format!("{}\n\n{tables}{sources}", before.trim_end())
        }
        None => format!("{}\n\n{tables}", text.trim_end()),
    }
}

/// A text whose `release` is this month.
fn with_release(text: &str, release: Option<Date>) -> String {
    let mut lines: Vec<String> =
        text.lines().filter(|line| !line.starts_with("release = ")).map(str::to_owned).collect();
    if let (Some(release), Some(at)) = (release, lines.iter().position(|line| line.starts_with("era = "))) {
        let month: String = release.to_string().chars().take("2025-09".len()).collect();
        lines.insert(at + 1, format!("release = \"{month}\""));
    }
    lines.join("\n") + "\n"
}
