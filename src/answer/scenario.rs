//! The settled question as points: what is estimated.

use super::looked_up::LookedUp;
use super::settled::Settled;
use crate::model::flops::train_work;
use crate::predict::setting::active;
use crate::scenario::{Phase, Scenario, Terms, Work};
use crate::solve::Var;
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Price};

/// The scenario of a settled question.
pub(super) fn scenario(looked: &LookedUp<'_>, settled: &Settled) -> Scenario {
    let (spec, baseline, peak) = (&looked.spec, &settled.baseline, looked.peak());
    let share = |var| settled.get(var).unwrap_or(1.0);
    let goodput = Fraction::new(share(Var::Goodput) * share(Var::Left));
    let total = ChipSeconds::new(settled.get(Var::GpuHours).unwrap_or(0.0));
    let main = settled.get(Var::PhaseHours).map_or(total, ChipSeconds::new);
    let others = baseline.shares().others;
    let scale = if others == ChipSeconds::ZERO { 1.0 } else { (total - main) / others };
    let parameters = active(spec).map(|entry| entry.value);
    let phases = baseline.parts.iter().enumerate().map(|(index, part)| {
        let is_main = index == baseline.main;
        let hours = if is_main { main } else { part.hours.as_ref().map_or(ChipSeconds::ZERO, |h| h.value) * scale };
        let stated = part.flop.as_ref().map(|entry| entry.value);
        let six_nd = || Some(train_work(parameters?, part.tokens.as_ref()?.value));
        let flop = if is_main { settled.get(Var::Flop).map(Flop::new) } else { stated.or_else(six_nd) };
        Phase { name: part.name.clone(), work: work(hours * goodput.get(), flop, peak) }
    });
    Scenario {
        name: name(looked),
        peak: peak.unwrap_or(FlopPerSecond::new(1.0)),
        node_chips: looked.on.as_ref().map_or(8, |on| on.profile.chip.node_chips),
        phases: phases.collect(),
        terms: Terms {
            goodput,
            chips: settled.get(Var::Chips).map(Chips::new),
            price: settled.get(Var::Price).map(Price::new),
        },
    }
}

/// What people call the run: its name, else its model's.
fn name(looked: &LookedUp<'_>) -> String {
    let spec = &looked.spec;
    let model = || spec.model.as_ref().map(|model| model.value.clone());
    spec.name.clone().or_else(model).unwrap_or_else(|| "this run".into())
}

fn work(busy: ChipSeconds, flop: Option<Flop>, peak: Option<FlopPerSecond>) -> Work {
    match flop.zip(peak) {
        Some((flop, peak)) => Work::Flop { flop, mfu: Fraction::new(flop / (busy * peak)) },
        None => Work::Busy(busy),
    }
}
