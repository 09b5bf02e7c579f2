//! What a reader should know beside the numbers: assumptions, warnings, sources.

use super::failures::spot::OnSpot;
use super::given::{is_flag, outranked_by};
use super::looked_up::{LookedUp, OnChip};
use super::pacing::Pacing;
use super::prepared::{counts, var_of};
use super::priced::Priced;
use super::settled::{Settled, Step};
use crate::estimate::Estimate;
use crate::input::field::{Field, idle};
use crate::input::file::{Origin, Spec};
use crate::input::table::FIELDS;
use crate::predict::{Prediction, Setting, Unsaid};
use crate::solve::{Rank, Var, display, name};
use crate::source::{Source, SourceKind};
use crate::units::date::Date;
use crate::units::show;

/// Sentences beside an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Remarks {
    pub confirmed: Vec<&'static str>,
    pub assumptions: Vec<String>,
    pub warnings: Vec<String>,
    pub sources: Vec<(String, Source)>,
}

impl Remarks {
    pub fn of(
        looked: &LookedUp<'_>,
        pacing: &Pacing,
        priced: &Priced,
        estimate: &Estimate,
        mfu_origin: Option<&Origin>,
        passed: Option<String>,
    ) -> Self {
        let settled = &priced.settled;
        // An MFU that was implied by the hours agrees with them without saying anything.
        let says = |relation: &&str| looked.spec.mfu.is_some() || !relation.contains("MFU");
        Self {
            confirmed: settled.solved.confirmed().filter(says).collect(),
            assumptions: assumptions(looked, pacing, priced, estimate, mfu_origin),
            warnings: warnings(looked, pacing, priced, estimate, passed),
            sources: sources(looked, priced),
        }
    }
}

fn assumptions(
    looked: &LookedUp<'_>,
    pacing: &Pacing,
    priced: &Priced,
    estimate: &Estimate,
    mfu_origin: Option<&Origin>,
) -> Vec<String> {
    let settled = &priced.settled;
    let mut say = Vec::new();
    if let (Some(mfu), Some(on), Some(origin)) = (estimate.mfu, &looked.on, mfu_origin) {
        let (share, basis) = (show::percent(mfu.get()), on.basis);
        say.push(match origin {
            Origin::Assumed(why) => format!("MFU {share} of the dense {basis} peak is assumed, {why}"),
            Origin::Flag(flag) => format!("MFU {share} of the dense {basis} peak is an input ({flag}), not predicted"),
            Origin::File(at) => {
                format!("MFU {share} of the dense {basis} peak is an input ({}:{}), not predicted", at.file, at.line)
            }
            Origin::Solved(how) | Origin::Profile(how) => format!("MFU {share} of the dense {basis} peak: {how}"),
        });
        say.push("FLOPs are 6 x active parameters x tokens: attention over the sequence is not counted".into());
    }
    if looked.other_model {
        say.push("the run's hours, MFU, layout and later phases are its own model's: they are left out".into());
    }
    match (pacing, settled.step) {
        (Pacing::Predicted(setting), Step::Predicted(prediction)) => {
            say.extend(predicted(setting, &prediction, looked))
        }
        (Pacing::Relaid(transfer), Step::Moved(_)) => {
            say.push("the run is laid out anew: what its hours have over its steps is carried over".into());
            if looked.base.chips.is_none() {
                let chips = show::chips(transfer.own_chips);
                say.push(format!("the run does not say on how many chips it ran: {chips}, a month of its hours"));
            }
            say.extend(transfer.asked.chosen.iter().cloned());
            say.extend(borrowed(&transfer.asked));
            say.extend(looked.on.iter().flat_map(|on| on.profile.assumed()));
            if settled.baseline.parts.len() > 1 {
                say.push("every phase moves as the main one does".into());
            }
        }
        _ if settled.given.rank(Var::Goodput) == Some(Rank::Default) && settled.given.get(Var::Pace).is_some() => {
            say.push("goodput 100 %: a measured step says nothing of downtime: give --goodput".into());
        }
        _ if settled.given.rank(Var::Goodput) == Some(Rank::Default) && estimate.mfu.is_some() => {
            // Without FLOPs nothing stands between busy and held time.
            say.push("goodput 100 %: the GPU-hours or the MFU are taken to contain the downtime".into());
        }
        _ => {}
    }
    say.extend(elsewhere(looked, estimate));
    say.extend(settled.on_spot.iter().flat_map(OnSpot::said));
    if let Some(price) = &priced.price
        && let Origin::Profile(from) = &price.origin
    {
        say.push(format!("price {}: {from}", show::price(price.value)));
        say.extend(priced.rent.iter().flat_map(|rent| rent.said.iter().cloned()));
    }
    say.extend(looked.money.assumptions.iter().cloned());
    let sources = &looked.spec.sources.0;
    for path in ["run", "run.goodput", "price.rent", "phase"] {
        let source = sources.iter().find(|(key, _)| key == path).map(|(_, source)| source);
        let kept = path != "price.rent" || of_file(priced);
        if let Some(source) = source.filter(|source| source.kind == SourceKind::Assumption && kept) {
            let note = source.note.as_deref().map(|note| format!(" ({note})")).unwrap_or_default();
            say.push(format!("{path}: {}{note}", source.title));
        }
    }
    say
}

/// That a step without a model was measured on another number of chips.
fn elsewhere(looked: &LookedUp<'_>, estimate: &Estimate) -> Option<String> {
    let own = looked.spec.measured_chips().filter(|_| looked.spec.is_paced())?;
    let shown = show::counted(show::chips(own), "chip");
    let moved = estimate.chips.is_some_and(|chips| chips != own);
    moved.then(|| format!("the step was measured on {shown}: on others each is taken to be as fast"))
}

/// Whether the price is the one of the run's own file.
fn of_file(priced: &Priced) -> bool {
    priced.price.as_ref().is_some_and(|price| matches!(price.origin, Origin::File(_)))
}

/// What a prediction rests on.
fn predicted(setting: &Setting, step: &Prediction, looked: &LookedUp<'_>) -> Vec<String> {
    let mut say = Vec::new();
    let how = if setting.given.is_empty() { "the fastest legal layout" } else { "the fastest with the given degrees" };
    say.push(format!("layout: {how} that fits"));
    if step.idle() > 0 {
        let (idle, held) = (show::whole(f64::from(step.idle())), show::whole(f64::from(step.chips)));
        let are = if step.idle() == 1 { "is" } else { "are" };
        say.push(format!("{idle} of the {held} chips {are} held idle: no layout that uses them is faster"));
    }
    say.push(software(setting));
    say.extend(unsaid(setting, step.unsaid));
    if looked.spec.goodput.is_none() {
        say.push(format!("goodput {}: a prior, not this run's", show::percent(step.goodput)));
    }
    say.extend(borrowed(setting));
    say.extend(looked.on.iter().flat_map(|on| on.profile.assumed()));
    say.extend(setting.chosen.iter().cloned());
    say
}

/// The software that a step is predicted on: given, fitted, or that which nobody names.
pub(crate) fn software(setting: &Setting) -> String {
    let software = setting.software();
    let (factor, stack) = (show::number(software.median, 3), &setting.stack);
    if setting.factor.is_some() {
        return format!("software: {factor} x the step model, as given (stack.factor)");
    }
    let mixture = setting.model.shape.is_moe();
    let kind = if mixture { "mixtures" } else { "dense models" };
    let release = stack.release.as_ref().filter(|_| stack.residual[usize::from(mixture)].is_some());
    let of = release.map(|release| format!(" of {release}")).unwrap_or_default();
    let basis = match stack.residual[usize::from(mixture)] {
        _ if setting.measured.as_ref().is_some_and(|evidence| evidence.settled() > 0.0) => {
            "as its measured steps have it".to_owned()
        }
        Some(fitted) => {
            let (rows, sources) = (fitted.rows.to_string(), fitted.sources.to_string());
            format!("fitted to {} of {}", show::counted(rows, "step"), show::counted(sources, "source"))
        }
        None if stack.ordinary => format!("nobody names it, so the mean of all stacks for {kind}"),
        None => format!("none of its steps is known, so the mean of all stacks for {kind}"),
    };
    format!("software `{}`{of}: {factor} x the step model; {basis}", stack.id)
}

/// What is taken for the settings that nobody gave.
pub(crate) fn unsaid(setting: &Setting, unsaid: Unsaid) -> Option<String> {
    let factor = show::number(unsaid.factor, 3);
    if unsaid.factor == 1.0 {
        return None;
    }
    Some(if setting.given.is_open() {
        format!("layout: people run ones that take {factor} x the fastest (profiles/assumptions/software.toml)")
    } else {
        format!(
            "recompute, micro-batch or virtual stages are not given: the plausible ones take {factor} x this layout"
        )
    })
}

/// Whose factors time a chip of which nobody published steps.
pub(crate) fn borrowed(setting: &Setting) -> Option<String> {
    let (chip, family) = (&setting.chip, &setting.family);
    let said = || format!("nobody published steps on {chip}: the factors of `{family}` stand in");
    setting.machine.borrowed.then(said)
}

fn warnings(
    looked: &LookedUp<'_>,
    pacing: &Pacing,
    priced: &Priced,
    estimate: &Estimate,
    passed: Option<String>,
) -> Vec<String> {
    let settled: &Settled = &priced.settled;
    let mut say = Vec::new();
    say.extend(settled.solved.set_aside().map(|var| gave_way(looked, settled, var)));
    say.extend(passed);
    say.extend(looked.money.warnings.iter().cloned());
    say.extend(priced.aged.iter().map(|aged| format!("{aged}: give --price")));
    say.extend(looked.day().into_iter().flat_map(|day| later(day, pacing, priced)));
    if let Some(chips) = estimate.chips.filter(|_| !settled.solved.knowns.is_solved(Var::Chips)) {
        let node = looked.on.as_ref().map_or(8, |on| on.profile.chip.node_chips);
        if chips.get() % f64::from(node) != 0.0 {
            let are = if chips.get() == 1.0 { "is" } else { "are" };
            say.push(format!("{} {are} not whole nodes of {node}", show::counted(show::whole(chips.get()), "chip")));
        }
    }
    say.extend(priced.said.clone());
    say.extend(idle_region(looked, priced));
    say.extend(params(&looked.spec));
    say.extend(idle_fields(looked, settled.step));
    say
}

/// A value that what was asked contradicts: which it was, from where, and what it gave way to.
fn gave_way(looked: &LookedUp<'_>, settled: &Settled, var: Var) -> String {
    let mut of_var = FIELDS.iter().filter(|field| var_of(field.path) == Some(var));
    let from = of_var.find_map(|field| (field.origin)(&looked.spec)).map(ToString::to_string);
    let from = match (from, settled.given.rank(var)) {
        (Some(from), _) => from,
        (None, Some(Rank::Default)) => "assumed".into(),
        (None, _) => "of the run".into(),
    };
    let was = settled.given.get(var).map(|value| format!(" {}", display(var, value))).unwrap_or_default();
    let now = settled.get(var).map(|value| format!(", now {}", display(var, value))).unwrap_or_default();
    let by = outranked_by(&looked.spec, &settled.solved, var);
    format!("{}:{was} ({from}) gave way to {by}{now}", name(var))
}

/// A place that was asked for, where neither the price nor a bill is of it.
fn idle_region(looked: &LookedUp<'_>, priced: &Priced) -> Option<String> {
    let asked = is_flag(looked.spec.region.as_ref()) && looked.spec.bill.is_none() && priced.rent.is_none();
    let why = if priced.price.is_some() { "the price is not of a price list" } else { "no price of the chip is known" };
    asked.then(|| format!("region changes nothing: {why}, and no bill is asked for"))
}

/// What is of a later date than the day that is asked about.
fn later(day: Date, pacing: &Pacing, priced: &Priced) -> Vec<String> {
    let after = |text: &str| text.parse::<Date>().is_ok_and(|date| date > day);
    let price = priced.rent.as_ref().filter(|rent| rent.later).map(|rent| &rent.date);
    let price =
        price.map(|date| format!("no price is known as early as {day}: the earliest is of {date}: give --price"));
    let stack = pacing.setting().map(|setting| &setting.stack).filter(|stack| after(&stack.era));
    let stack = stack.map(|stack| format!("the stack `{}` is software of {}, later than {day}", stack.id, stack.era));
    price.into_iter().chain(stack).collect()
}

fn sources(looked: &LookedUp<'_>, priced: &Priced) -> Vec<(String, Source)> {
    let used = |path: &&str| *path != "price.rent" || of_file(priced);
    let own = ["run", "phase", "price.rent"].into_iter().filter(used);
    let of_run = |path: &str| looked.spec.sources.0.iter().find(|(key, _)| key == path).cloned();
    let mut found: Vec<(String, Source)> = own.filter_map(of_run).collect();
    if let Some(on) = &looked.on {
        found.extend(on.profile.peak_source(on.basis).map(|(path, source)| (path, source.clone())));
    }
    found.extend(looked.money.sources.iter().cloned());
    found
}

/// Fields that were asked for where no step is behind the hours, or where no run is moved.
fn idle_fields(looked: &LookedUp<'_>, step: Step) -> impl Iterator<Item = String> {
    let (spec, base) = (&looked.spec, &*looked.base);
    let decides = |field: &Field| {
        field.is_of_a_step() || matches!(field.path, "model" | "run.chips" | "run.precision" | "run.wall_clock")
    };
    let another = || FIELDS.iter().any(|field| decides(field) && !(field.same)(spec, base));
    let moves = looked.from.is_some() || (looked.baseline.has_hours() && another());
    let usual = |on: &OnChip| spec.mfu_basis.is_some() || on.basis == on.profile.chip.training_precision();
    let of_a_step = |field: &&Field| match field.path {
        "stack.factor" => !matches!(step, Step::Predicted(_)),
        "run.precision" => step == Step::Given && looked.on.as_ref().is_some_and(usual),
        _ => step == Step::Given && field.is_of_a_step(),
    };
    let of_a_move = |field: &&Field| match field.path {
        "transfer.ratio" => !matches!(step, Step::Moved(_)),
        "run.keep_mfu" | "run.hold_hours" => !moves,
        _ => false,
    };
    let asked = |field: &&Field| matches!((field.origin)(spec), Some(Origin::Flag(_)));
    let found = [
        idle(FIELDS.iter().filter(of_a_step).filter(asked), "the hours are not predicted from a step"),
        idle(FIELDS.iter().filter(of_a_move).filter(asked), "no run is moved by the step model"),
    ];
    found.into_iter().flatten()
}

/// Which of two counts of parameters the operations follow from, where that is a surprise.
fn params(spec: &Spec) -> Option<String> {
    let (all, active) = (spec.params.as_ref()?, spec.active_params.as_ref()?);
    let (shown, used) = (show::count(active.value.get(), 3), show::count(all.value.get(), 3));
    if counts(spec, "run.params") {
        return Some(format!(
            "{used} of run.params take the place of the {shown} active ones ({}): give --active-params to keep them",
            active.origin
        ));
    }
    spec.is_ranged("run.params")
        .then(|| format!("the range of run.params changes nothing: the operations follow from {shown} active ones"))
}
