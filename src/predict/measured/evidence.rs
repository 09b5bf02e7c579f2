//! What measured steps tell, and by how much it moves and narrows an answer.

use crate::predict::software::{Shared, Software};
use crate::units::{Seconds, show};

/// What measured steps tell of the software of a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The software before any step is measured.
    pub before: Software,
    /// The software after them.
    pub after: Software,
    /// Steps that were given.
    pub steps: usize,
    /// The settings that they settle it by.
    pub seen: Vec<Seen>,
    /// Steps that were given and tell nothing: what each is found by, and why.
    pub left_out: Vec<(String, String)>,
    /// What is odd about those that count, in sentences.
    pub doubts: Vec<String>,
}

/// The measured steps of one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What the first of them is found by.
    pub name: String,
    /// How many they are.
    pub steps: usize,
    /// The chip.
    pub chip: String,
    /// The model.
    pub model: String,
    /// The median of their times.
    pub measured: Seconds,
    /// The time that was predicted.
    pub predicted: Seconds,
    /// The median of the software's factor in that.
    pub(super) software: f64,
    /// The standard deviation, in logarithm, of what they do not share with the question.
    pub apart: f64,
    /// What settings like it differ by beyond their software, in logarithm.
    pub(super) row: f64,
    /// It is the setting that is asked about.
    pub same: bool,
    /// What it has apart from the question, in words.
    pub(super) other: &'static str,
    /// Its FLOPs are counted as 6ND.
    pub by_6nd: bool,
    /// It counts; else what it has apart from the question hides all that it tells.
    pub counts: bool,
}

impl Evidence {
    /// The share of the surprise that the steps settle.
    ///
    /// # Formula
    /// `k = 1 - (effect after / effect before)^2`
    /// # Source
    /// The conjugate normal update (Gelman et al., Bayesian Data Analysis, section 2.5).
    pub fn settled(&self) -> f64 {
        if self.before.effect == 0.0 { 0.0 } else { 1.0 - (self.after.effect / self.before.effect).powi(2) }
    }

    /// What the steps took over what was predicted for them, each by its weight.
    ///
    /// # Formula
    /// `f^k` is the factor that is applied, so that `f = factor^(1 / k)`
    /// # Source
    /// As [`Evidence::settled`]; where they settle nothing, their mean in logarithm.
    pub fn factor_seen(&self) -> f64 {
        let settled = self.settled();
        if settled > 0.0 {
            return self.factor().powf(1.0 / settled);
        }
        let sum: f64 = self.seen.iter().map(Seen::surprise).sum();
        (sum / self.seen.len().max(1) as f64).exp()
    }

    /// The factor on every predicted step.
    ///
    /// # Formula
    /// `median after / median before`
    /// # Source
    /// Definition.
    pub fn factor(&self) -> f64 {
        self.after.median / self.before.median
    }

    /// Steps that tell something.
    pub fn used(&self) -> usize {
        self.seen.iter().filter(|seen| seen.counts).map(|seen| seen.steps).sum()
    }

    /// Every step that is not used, with the reason: those that cannot be, and those that have more apart from the
    /// question than they tell of it.
    pub fn unused(&self) -> Vec<(String, String)> {
        let idle = self.seen.iter().filter(|seen| !seen.counts).map(|seen| seen.idle(self.before.effect));
        self.left_out.iter().cloned().chain(idle).collect()
    }

    /// The update by what was seen, and which of it counts.
    pub(super) fn updated(mut self, alike: Software) -> Self {
        let widened = widened(alike, self.before);
        for seen in &mut self.seen {
            seen.counts = widened * seen.apart < self.before.effect;
        }
        self.after = self.before.after_shared(&shared(&self.seen, alike, self.before));
        self
    }
}

impl Seen {
    /// Measured over predicted, in logarithm.
    fn surprise(&self) -> f64 {
        (self.measured / self.predicted).ln()
    }

    /// What it is found by, and why it tells nothing of an effect.
    fn idle(&self, effect: f64) -> (String, String) {
        let like = if self.steps > 1 { format!(" and {} like it", self.steps - 1) } else { String::new() };
        let [apart, effect] = [self.apart, effect].map(|spread| show::percent_to(spread, 2));
        let (other, times) = (self.other, show::number(self.surprise().exp(), 3));
        let why = format!(
            "it is of {other}, which differs by {apart}, and no more than {effect} is open here; it took {times} x the \
             prediction"
        );
        (format!("{}{like}", self.name), why)
    }
}

impl Evidence {
    /// What the steps tell of other settings than the one that is asked about, of its chip and model.
    pub fn of_others(&self, alike: Software) -> Software {
        let others: Vec<Seen> = self.seen.iter().map(|seen| Seen { same: false, ..seen.clone() }).collect();
        alike.after_shared(&shared(&others, alike, alike))
    }

    /// The same of a run's software on other chips, whose factor is carried over from where it ran: what the steps tell of
    /// the transfer.
    #[must_use]
    pub fn of_transfer(&self, carried: f64, spread: f64) -> Self {
        let one = |seen: &Seen| Seen {
            predicted: seen.predicted * (carried / seen.software),
            software: carried,
            ..seen.clone()
        };
        let seen: Vec<Seen> = self.seen.iter().map(one).collect();
        let before = Software { median: 1.0, effect: spread, row: self.before.row };
        Self { before, after: before, seen, ..self.clone() }.updated(before)
    }
}

/// The share by which the effect grows that holds the asked setting's own difference.
fn widened(alike: Software, before: Software) -> f64 {
    if alike.effect > 0.0 { before.effect / alike.effect } else { 1.0 }
}

/// The settings of one chip and model as one observation: what they have apart from the question is the same for all of
/// them, so that their mean holds all that they tell. What two such groups share is not counted.
///
/// Where the asked setting is measured too, its own difference is part of the effect; the others tell of the rest alone.
///
/// # Formula
/// with T the effect that holds the setting's own difference, E the one without, s the noise of another setting:
/// `n = T s / E`, so that `E^2 / (E^2 + s^2) = T^2 / (T^2 + n^2)`
/// # Source
/// The conditional normal distribution.
fn shared(seen: &[Seen], alike: Software, before: Software) -> Vec<Shared> {
    let widened = widened(alike, before);
    let mut groups: Vec<(&Seen, Vec<&Seen>)> = Vec::new();
    for one in seen {
        match groups
            .iter_mut()
            .find(|(first, _)| (&first.chip, &first.model, first.same) == (&one.chip, &one.model, one.same))
        {
            Some((_, group)) => group.push(one),
            None => groups.push((one, vec![one])),
        }
    }
    let observed = |(first, group): (&Seen, Vec<&Seen>)| {
        let count = group.len() as f64;
        let sum: f64 = group.iter().map(|one| one.surprise()).sum();
        let row = if first.same { before.row } else { widened * first.row / count.sqrt() };
        Shared { log_ratio: sum / count, row, apart: widened * first.apart }
    };
    groups.into_iter().map(observed).collect()
}
