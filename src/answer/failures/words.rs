//! What failures at a size rest on, in words.

use super::drawn::Model;
use super::{Assumed, Decided, Decides, FailureChoices, Failures};
use crate::catalog::failures::{Era, FailureProfile, FailureRow};
use crate::reliability::checkpoint::WAYS;
use crate::reliability::pool::Basis;
use crate::units::show::{self, exact};

impl Decides {
    /// Which goodput decides the hours, in words.
    pub fn text(&self) -> String {
        let range = self.range.map(|ends| ends.map(show::percent));
        let range = range.map(|[low, high]| format!(" ({low} to {high})")).unwrap_or_default();
        match &self.from {
            Decided::Contained => "decides the hours: they contain their downtime".into(),
            Decided::Prior => format!("decides the hours: the prior fitted to published runs{range}"),
            Decided::Given(origin) => format!("decides the hours: given{range}, {origin}"),
        }
    }
}

impl Failures {
    /// What the rate rests on, in words.
    pub fn rests_on(&self) -> String {
        let rows = self.rate.rows.join(", ");
        match self.rate.basis {
            _ if self.rate.rows.is_empty() => "what is given".into(),
            Basis::Own => rows,
            Basis::Era => format!("no row of this chip in this era, so all of the era, with a wider range: {rows}"),
            Basis::All => format!("no row of this era, so all, with a wider range: {rows}"),
        }
    }

    /// How the job comes back, in words.
    pub fn comes_back(&self) -> &str {
        let assumed = |path: &str| self.assumed.iter().any(|one| one.path == path);
        if assumed("failures.detect") || assumed("failures.restart") { &self.era.about } else { "as given" }
    }

    /// A goodput of the hours that does not meet the range of this model, in words.
    pub fn contradicts(&self) -> Option<String> {
        let own = self.decides.goodput.get();
        if let Some(why) = self.stuck.as_ref().filter(|_| self.decides.from != Decided::Contained) {
            let own = show::percent(own);
            return Some(format!(
                "failures at this size: {why}; the hours above stand on a goodput of {own} all the same"
            ));
        }
        let [low, middle, high] = self.saved?.share;
        let [least, most] = self.decides.range.unwrap_or([own, own]);
        if self.decides.from == Decided::Contained || (least <= high && low <= most) {
            return None;
        }
        let [own, low, middle, high] = [own, low, middle, high].map(show::percent);
        let (from, prior) = (self.decides.text(), self.decides.from == Decided::Prior);
        let advice = if prior { ": give --goodput to decide" } else { "" };
        Some(format!("goodput {own} {from}; failures at this size leave {middle} ({low} to {high}){advice}"))
    }

    /// The values that nobody gave.
    pub(super) fn assume(&self, given: &FailureChoices, model: Option<&Model>) -> Vec<Assumed> {
        let mut found = Vec::new();
        let mut say = |given: bool, path, text: String, origin: String| {
            if !given {
                found.push(Assumed { path, text, origin });
            }
        };
        let rate = show::number(self.rate.per_1000_node_days, 3);
        let rests =
            format!("interrupts in 1000 days of 8 chips, profiles/measurements/failures.csv: {}", self.rests_on());
        say(given.interrupts.is_some() || given.mtbf.is_some(), "failures.interrupts", rate, rests);
        let Some(model) = model else { return found };
        let Era { name, about, .. } = &self.era;
        let era = || format!("profiles/assumptions/failures.toml, era `{name}`: {about}");
        say(given.detect.is_some(), "failures.detect", show::duration(model.detect), era());
        say(given.restart.is_some(), "failures.restart", show::duration(model.restart), era());
        let [node, cap] = [model.shared.per_node, model.shared.cap].map(exact);
        let storage = format!("profiles/assumptions/failures.toml: {node} a node of 8 chips, {cap} at the most");
        let all = show::prefixed(model.storage.get(), "B/s", 3);
        say(given.storage.is_some(), "failures.storage", all, storage);
        let way = WAYS.iter().find(|(_, way)| *way == model.save).map_or("", |(name, _)| name);
        say(given.save.is_some(), "failures.checkpoint", way.into(), era());
        if let Some(saved) = self.saved {
            let why = "least expected time (Daly), no shorter than the storage takes";
            let interval = show::duration(saved.goodput.interval);
            say(given.interval.is_some(), "failures.interval", interval, why.into());
        }
        found
    }

    /// Where the values are from that nobody gave, a line each.
    pub(super) fn cite(&self, given: &FailureChoices, profile: &FailureProfile, rows: &[FailureRow]) -> Vec<String> {
        let used = rows.iter().filter(|row| self.rate.rows.contains(&row.id));
        let row = |row: &FailureRow| {
            let url = if row.url.is_empty() { String::new() } else { format!(", {}", row.url) };
            format!("{}: {} ({}){url}", row.id, row.source, row.kind)
        };
        let keys = [
            (given.interrupts.is_some() || given.mtbf.is_some(), "all_cause"),
            (given.detect.is_some(), "era.detect"),
            (given.restart.is_some(), "era.restart"),
            (given.save.is_some(), "era.save"),
            (given.storage.is_some(), "storage.per_node"),
            (given.storage.is_some(), "storage.cap"),
        ];
        let key = |(given, key): (bool, &str)| {
            let source = profile.sources.of(key).filter(|_| !given)?;
            let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
            Some(format!("failures, {key}: {} ({}, {}){url}", source.title, source.as_of, source.kind))
        };
        used.map(row).chain(keys.into_iter().filter_map(key)).collect()
    }
}
