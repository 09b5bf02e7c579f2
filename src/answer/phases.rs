//! The phases of a question: their hours on the chip that is asked about, and what the file implies.

use crate::error::Error;
use crate::input::file::{Entry, Origin, Spec};
use crate::solve::{Knowns, Rank, Var, solve};
use crate::units::{ChipSeconds, Flop, FlopPerSecond, Fraction, Quantity as _, Tokens};

/// A part of the run before solving.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Hours held.
    pub hours: Option<Entry<ChipSeconds>>,
    /// Tokens seen.
    pub tokens: Option<Entry<Tokens>>,
    /// Model FLOPs, where tokens do not tell.
    pub flop: Option<Entry<Flop>>,
}

/// The run as its file describes it, on the file's own chip.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// Its parts.
    pub parts: Vec<Part>,
    /// The part whose tokens and MFU the question is about: the longest that has either.
    pub main: usize,
    /// The MFU that the file's hours, tokens and chip imply.
    pub implied_mfu: Option<Fraction>,
}

/// What ties the phases of a run together: the hours of its main part and of the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Hours of the main part, where they are known.
    pub main: Option<ChipSeconds>,
    /// Hours of the parts other than the main one.
    pub others: ChipSeconds,
}

impl Shares {
    /// The same run with all its hours at a multiple.
    #[must_use]
    pub fn scaled(self, scale: f64) -> Self {
        Self { main: self.main.map(|hours| hours * scale), others: self.others * scale }
    }

    /// Hours of all parts.
    pub fn all(self) -> ChipSeconds {
        self.main.map_or(self.others, |main| main + self.others)
    }

    /// The share of the hours that the main part takes, once its own are known.
    pub fn of_main(self, main: ChipSeconds) -> Fraction {
        Fraction::new(main / (main + self.others))
    }
}

impl Baseline {
    /// Reads the parts and solves the file for its MFU.
    pub fn of(base: &Spec, peak: Option<FlopPerSecond>) -> Result<Self, Error> {
        let mut parts = parts(base);
        if parts.len() > 1 {
            for part in parts.iter_mut().filter(|part| part.hours.is_none()) {
                part.hours = worked_out(base, part, peak)?;
            }
        }
        let main = main_part(&parts);
        let implied_mfu = implied(base, &parts[main], peak)?;
        Ok(Self { parts, main, implied_mfu })
    }

    /// Hours of the main part and of the others.
    pub fn shares(&self) -> Shares {
        let hours = |part: &Part| part.hours.as_ref().map(|entry| entry.value);
        let others = self.parts.iter().enumerate().filter(|(index, _)| *index != self.main);
        Shares { main: self.main_hours(), others: others.filter_map(|(_, part)| hours(part)).sum() }
    }

    fn main_hours(&self) -> Option<ChipSeconds> {
        self.parts.get(self.main)?.hours.as_ref().map(|hours| hours.value)
    }

    /// Chip-time of the main part for one token, where its hours and its tokens are known.
    pub fn main_pace(&self) -> Option<f64> {
        let tokens = self.parts.get(self.main)?.tokens.as_ref()?.value;
        Some(self.main_hours()?.base() / tokens.base())
    }

    /// Whether the file says how many hours the main part took.
    pub fn has_hours(&self) -> bool {
        self.main_hours().is_some()
    }

    /// The same run on chips that are taken away now and then: its hours are longer, its MFU is not another.
    #[must_use]
    pub fn longer(mut self, ratio: f64) -> Self {
        for hours in self.parts.iter_mut().filter_map(|part| part.hours.as_mut()) {
            hours.value = hours.value * ratio;
        }
        self
    }

    /// The same run on another chip: its hours and its MFU change by these ratios.
    pub fn moved(&mut self, hours_ratio: f64, mfu_ratio: f64, chip: &str) {
        for part in &mut self.parts {
            if let Some(hours) = &mut part.hours {
                hours.value = hours.value * hours_ratio;
                hours.origin = Origin::Assumed(format!("the published hours, moved to {chip}"));
            }
        }
        self.implied_mfu = self.implied_mfu.map(|mfu| Fraction::new(mfu.get() * mfu_ratio));
    }
}

/// The phases of a spec; a spec without phases is one.
fn parts(base: &Spec) -> Vec<Part> {
    if base.phases.is_empty() {
        let name = "training".to_owned();
        let (hours, tokens, flop) = (base.gpu_hours.clone(), base.tokens.clone(), base.flop.clone());
        return vec![Part { name, hours, tokens, flop }];
    }
    let part = |phase: &crate::input::file::PhaseSpec| Part {
        name: phase.name.clone(),
        hours: phase.gpu_hours.clone(),
        tokens: phase.tokens.clone(),
        flop: phase.flop.clone(),
    };
    base.phases.iter().map(part).collect()
}

fn main_part(parts: &[Part]) -> usize {
    let size = |part: &Part| part.hours.as_ref().map_or(0.0, |hours| hours.value.get());
    let worked = |part: &&(usize, &Part)| part.1.tokens.is_some() || part.1.flop.is_some();
    let all: Vec<(usize, &Part)> = parts.iter().enumerate().collect();
    let longest = all.iter().filter(worked).max_by(|a, b| size(a.1).total_cmp(&size(b.1)));
    longest.map_or(0, |(index, _)| *index)
}

/// The MFU that a part's hours and work imply, where the file states none.
fn implied(base: &Spec, main: &Part, peak: Option<FlopPerSecond>) -> Result<Option<Fraction>, Error> {
    if peak.is_none() || base.mfu.is_some() {
        return Ok(None);
    }
    Ok(solve(&knowns(base, main, peak))?.knowns.get(Var::Mfu).map(Fraction::new))
}

/// The hours of a part whose work and MFU the file states.
fn worked_out(base: &Spec, part: &Part, peak: Option<FlopPerSecond>) -> Result<Option<Entry<ChipSeconds>>, Error> {
    let solved = solve(&knowns(base, part, peak))?;
    let hours = solved.knowns.get(Var::PhaseHours).map(ChipSeconds::new);
    Ok(hours.map(|hours| Entry::new(hours, Origin::Solved(format!("from {}", solved.solved_from(Var::PhaseHours))))))
}

/// What the file says about one part.
fn knowns(base: &Spec, part: &Part, peak: Option<FlopPerSecond>) -> Knowns {
    let mut knowns = Knowns::default();
    let mut put = |var, value: Option<f64>| {
        if let Some(value) = value {
            knowns.set(var, value, Rank::File);
        }
    };
    let params = base.active_params.as_ref().or(base.params.as_ref());
    put(Var::Params, params.map(|entry| entry.value.base()));
    put(Var::Tokens, part.tokens.as_ref().map(|entry| entry.value.base()));
    put(Var::Flop, part.flop.as_ref().map(|entry| entry.value.base()));
    put(Var::PhaseHours, part.hours.as_ref().map(|entry| entry.value.base()));
    put(Var::Mfu, base.mfu.as_ref().map(|entry| entry.value.base()));
    put(Var::Goodput, Some(base.goodput.as_ref().map_or(1.0, |entry| entry.value.base())));
    put(Var::Peak, peak.map(|peak| peak.base()));
    knowns
}
