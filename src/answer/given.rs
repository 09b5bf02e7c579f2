//! What a question gives the solver: every value with its rank.

use crate::answer::phases::Baseline;
use crate::answer::resolve::rank;
use crate::input::file::{Entry, Spec};
use crate::solve::{Knowns, Rank, Var};
use crate::units::{FlopPerSecond, Params, Quantity};

fn put<Q: Quantity>(knowns: &mut Knowns, var: Var, entry: Option<&Entry<Q>>) {
    if let Some(entry) = entry {
        knowns.set(var, entry.value.base(), rank(&entry.origin));
    }
}

pub(super) fn is_flag<T>(entry: Option<&Entry<T>>) -> bool {
    entry.is_some_and(|entry| rank(&entry.origin) == Rank::Flag)
}

/// Active parameters where the model has idle ones, else all.
pub fn active(spec: &Spec) -> Option<&Entry<Params>> {
    match (&spec.active_params, &spec.params) {
        (Some(active), Some(all)) if rank(&all.origin) > rank(&active.origin) => Some(all),
        (Some(active), _) => Some(active),
        (None, all) => all.as_ref(),
    }
}

/// The given values of a question, its work on the chip that is asked about.
pub(super) fn knowns(spec: &Spec, baseline: &Baseline, peak: Option<FlopPerSecond>, moved: bool) -> Knowns {
    let mut knowns = Knowns::default();
    let main = &baseline.parts[baseline.main];
    if let Some(peak) = peak {
        knowns.set(Var::Peak, peak.base(), Rank::Default);
    }
    put(&mut knowns, Var::Params, active(spec));
    let flags_work = is_flag(spec.tokens.as_ref()) || is_flag(spec.flop.as_ref());
    put(&mut knowns, Var::Tokens, if flags_work { spec.tokens.as_ref() } else { main.tokens.as_ref() });
    put(&mut knowns, Var::Flop, if flags_work { spec.flop.as_ref() } else { main.flop.as_ref() });
    match (&spec.mfu, baseline.implied_mfu) {
        (Some(given), _) => put(&mut knowns, Var::Mfu, Some(given)),
        (None, Some(implied)) => knowns.set(Var::Mfu, implied.base(), Rank::File),
        (None, None) => {}
    }
    // On another chip the MFU carries over and the hours follow; where no MFU is known, the hours scale.
    if !(moved && knowns.get(Var::Mfu).is_some())
        && let Some(hours) = &main.hours
        && !is_flag(spec.gpu_hours.as_ref())
    {
        let only = baseline.parts.len() == 1;
        knowns.set(if only { Var::GpuHours } else { Var::PhaseHours }, hours.value.base(), rank(&hours.origin));
    }
    if is_flag(spec.gpu_hours.as_ref()) {
        put(&mut knowns, Var::GpuHours, spec.gpu_hours.as_ref());
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
