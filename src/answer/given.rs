//! What a question gives the solver: every value with its rank.

use crate::answer::phases::Baseline;
use crate::answer::prepared::var_of;
use crate::input::field::{FIELDS, Field};
use crate::input::file::{Entry, Origin, Spec};
use crate::predict::setting::active;
use crate::solve::{Knowns, Rank, Solved, Var};
use crate::units::{FlopPerSecond, Quantity};

/// The rank of a value by where it came from.
pub(super) fn rank(origin: &Origin) -> Rank {
    match origin.weight() {
        0 => Rank::Default,
        1 => Rank::File,
        _ => Rank::Flag,
    }
}

fn put<Q: Quantity>(knowns: &mut Knowns, var: Var, entry: Option<&Entry<Q>>) {
    if let Some(entry) = entry {
        knowns.set(var, entry.value.base(), rank(&entry.origin));
    }
}

/// Whether a value was asked for by itself.
pub fn is_flag<T>(entry: Option<&Entry<T>>) -> bool {
    entry.is_some_and(|entry| rank(&entry.origin) == Rank::Flag)
}

/// An entry, where it was asked for by itself.
pub(super) fn asked<T: Clone>(entry: &Option<Entry<T>>) -> Option<Entry<T>> {
    entry.clone().filter(|entry| is_flag(Some(entry)))
}

/// What a value that was set aside gave way to: the flags, variables or setters that its new value rests on.
pub fn outranked_by(spec: &Spec, solved: &Solved, var: Var) -> String {
    let asked = |field: &Field| match (field.origin)(spec) {
        Some(Origin::Flag(name)) => var_of(field.path).map(|of| (of, name.clone())),
        _ => None,
    };
    let asked: Vec<(Var, String)> = FIELDS.iter().filter_map(asked).collect();
    let known = solved.knowns.get(var).is_some();
    let mut names: Vec<&str> = Vec::new();
    for (_, name) in asked.iter().filter(|(of, _)| !known || solved.rests_on(var, *of)) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() { "what was asked".to_owned() } else { names.join(", ") }
}

/// The given values of a question, its work on the chip that is asked about.
///
/// On another chip (`moved`) what the file says of money is not meant; where the hours follow from the MFU
/// (`from_mfu`), they are left out.
pub(super) fn knowns(
    spec: &Spec,
    baseline: &Baseline,
    peak: Option<FlopPerSecond>,
    moved: bool,
    from_mfu: bool,
) -> Knowns {
    let mut knowns = Knowns::default();
    let main = &baseline.parts[baseline.main];
    if let Some(peak) = peak {
        knowns.set(Var::Peak, peak.base(), Rank::Default);
    }
    put(&mut knowns, Var::Params, active(spec));
    // A model that was asked for does not give its parameters away.
    if let Some(counted) = active(spec).filter(|entry| matches!(entry.origin, Origin::Profile(_)))
        && is_flag(spec.model.as_ref())
    {
        knowns.set(Var::Params, counted.value.base(), Rank::Flag);
    }
    let flags_work = is_flag(spec.tokens.as_ref()) || is_flag(spec.flop.as_ref());
    put(&mut knowns, Var::Tokens, if flags_work { spec.tokens.as_ref() } else { main.tokens.as_ref() });
    put(&mut knowns, Var::Flop, if flags_work { spec.flop.as_ref() } else { main.flop.as_ref() });
    match (&spec.mfu, baseline.implied_mfu) {
        (Some(given), _) => put(&mut knowns, Var::Mfu, Some(given)),
        (None, Some(implied)) => knowns.set(Var::Mfu, implied.base(), Rank::File),
        (None, None) => {}
    }
    if !(from_mfu && knowns.get(Var::Mfu).is_some())
        && let Some(hours) = &main.hours
        && !is_flag(spec.gpu_hours.as_ref())
    {
        let only = baseline.parts.len() == 1;
        knowns.set(if only { Var::GpuHours } else { Var::PhaseHours }, hours.value.base(), rank(&hours.origin));
    }
    if is_flag(spec.gpu_hours.as_ref()) {
        put(&mut knowns, Var::GpuHours, spec.gpu_hours.as_ref());
    }
    if let Ok(Some((pace, origin))) = spec.measured_pace() {
        knowns.set(Var::Pace, pace, rank(origin));
    }
    match &spec.goodput {
        Some(given) => put(&mut knowns, Var::Goodput, Some(given)),
        None => knowns.set(Var::Goodput, 1.0, Rank::Default),
    }
    put(&mut knowns, Var::Chips, spec.chips.as_ref());
    put(&mut knowns, Var::WallClock, spec.wall_clock.as_ref());
    if !moved || is_flag(spec.price.as_ref()) {
        put(&mut knowns, Var::Price, spec.price.as_ref());
    }
    if !moved || is_flag(spec.cost.as_ref()) {
        put(&mut knowns, Var::Cost, spec.cost.as_ref());
    }
    knowns
}
