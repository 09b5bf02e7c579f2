//! The view of one estimate.

use serde_json::{Map, Value, json};

use super::json::{cell, head, maybe, number};
use super::view::{Records, Section, View};
use crate::answer::resolve::Answer;
use crate::estimate::{Account, Performance};
use crate::input::field::FIELDS;
use crate::input::file::Origin;
use crate::solve::{Var, flag, name, would_settle};
use crate::units::{Seconds, Usd, show};

/// Shows an answer.
pub fn view(answer: &Answer) -> View {
    let mut view = View { title: title(answer), summary: summary(answer), ..View::default() };
    view.sections.push(hours(answer));
    view.sections.push(time_and_chips(answer));
    view.sections.push(money(answer));
    if answer.scenario.phases.len() > 1 {
        view.sections.push(phases(answer));
    }
    view.sections.extend(reported(answer));
    view.sections.extend(answer.outcome.as_ref().map(|outcome| super::step::section(&outcome.predicted)));
    let agree =
        answer.confirmed.iter().map(|relation| format!("more was given than needed, and it agrees: {relation}"));
    view.note("Check", agree.collect());
    view.note("Assumptions", answer.assumptions.clone());
    view.note("Sources", sources(answer));
    view.records = records(answer);
    view.json = machine(answer);
    view
}

fn title(answer: &Answer) -> String {
    match &answer.chip {
        Some(chip) => format!("{} on {}", answer.scenario.name, chip.chip.name),
        None => answer.scenario.name.clone(),
    }
}

fn summary(answer: &Answer) -> String {
    let total = answer.estimate.total;
    let mut text = format!("{} GPU-hours", show::count(total.held.gpu_hours(), 4));
    if let (Some(wall), Some(chips)) = (total.wall_clock, answer.estimate.chips) {
        text += &format!(": {} on {} chips", show::duration(wall), show::chips(chips));
    }
    match total.cost {
        Some(cost) => text += &format!(", {}", show::usd(cost)),
        None => text += ", not priced",
    }
    text + "."
}

fn hours(answer: &Answer) -> Section {
    let mut section = Section::facts("Hours");
    let total = answer.estimate.total;
    section.fact("GPU-hours", show::number(total.held.gpu_hours(), 7), origin(answer, Var::GpuHours));
    if let Some(flop) = answer.estimate.flop {
        section.fact("model FLOPs", show::number(flop.get(), 4), "6 x active parameters x tokens");
    }
    for (var, label) in [(Var::Params, "active parameters"), (Var::Tokens, "tokens")] {
        if let Some(value) = answer.solved.knowns.get(var).filter(|_| answer.solved.knowns.is_solved(var)) {
            section.fact(label, show::count(value, 4), origin(answer, var));
        }
    }
    if let (Some(mfu), Some(basis)) = (answer.estimate.mfu, answer.basis) {
        let from = answer.mfu_origin.as_ref().map(short).unwrap_or_default();
        section.fact("MFU", show::percent(mfu.get()), format!("of the dense {basis} peak, by 6ND; {from}"));
    }
    if answer.scenario.terms.goodput.get() < 1.0 {
        section.fact("goodput", show::percent(answer.scenario.terms.goodput.get()), origin(answer, Var::Goodput));
    }
    section
}

fn time_and_chips(answer: &Answer) -> Section {
    let mut section = Section::facts("Time and chips");
    let estimate = &answer.estimate;
    match estimate.total.wall_clock {
        Some(wall) => section.fact("wall-clock", show::duration(wall), origin(answer, Var::WallClock)),
        None => section.fact("wall-clock", "not known", unknown(answer, Var::WallClock)),
    }
    match (estimate.chips, estimate.chips_in_whole_nodes) {
        (Some(chips), Some(whole)) => {
            section.fact("chips", show::chips(chips), origin(answer, Var::Chips));
            let nodes = whole.get() / f64::from(answer.scenario.node_chips);
            let plural = if nodes == 1.0 { "" } else { "s" };
            let of = format!("{} node{plural} of {}", show::number(nodes, 7), answer.scenario.node_chips);
            section.fact("in whole nodes", show::chips(whole), of);
        }
        _ => section.fact("chips", "not known", unknown(answer, Var::Chips)),
    }
    section
}

fn money(answer: &Answer) -> Section {
    let mut section = Section::facts("Money");
    match answer.estimate.total.cost {
        Some(cost) => section.fact("cost", show::usd(cost), "rent of the chips alone"),
        None if answer.chip.is_none() => {
            section.fact("cost", "not priced", "give --price, or --gpu for its typical one")
        }
        None => section.fact("cost", "not priced", "no price is known for this chip: give --price"),
    }
    if let Some(price) = &answer.price {
        section.fact("price", show::price(price.value), short(&price.origin));
    }
    section
}

fn phases(answer: &Answer) -> Section {
    let mut section = Section::new("Phases", &["Phase", "GPU-hours", "Days", "Cost", "MFU"]);
    let unknown = || "-".to_owned();
    for (phase, (performance, account)) in answer.scenario.phases.iter().zip(&answer.estimate.phases) {
        section.row([
            phase.name.clone(),
            show::number(account.held.gpu_hours(), 7),
            account.wall_clock.map_or_else(unknown, |wall| show::number(wall.days(), 4)),
            account.cost.map_or_else(unknown, show::usd),
            performance.mfu.map_or_else(unknown, |mfu| show::percent(mfu.get())),
        ]);
    }
    section
}

/// What the authors reported, beside the answer.
fn reported(answer: &Answer) -> Option<Section> {
    let reported = answer.spec.reported.as_ref()?;
    let mut section = Section::facts("As its authors reported");
    let total = answer.estimate.total;
    if let Some(hours) = reported.gpu_hours {
        let ratio = total.held / hours;
        let text = show::number(hours.gpu_hours(), 7);
        section.fact("GPU-hours", text, format!("this answer is {} x that", show::number(ratio, 3)));
    }
    if let Some(wall) = reported.wall_clock {
        section.fact("wall-clock", show::duration(wall), "");
    }
    if let Some(cost) = reported.cost {
        section.fact("cost", show::usd(cost), "");
    }
    if let Some(mfu) = reported.mfu {
        section.fact("MFU", show::percent(mfu.get()), "in the authors' convention");
    }
    if let Some(rate) = reported.tflops_per_gpu {
        section.fact("rate", show::prefixed(rate.get(), "FLOP/s", 4), "a chip, in the authors' convention");
    }
    if let Some(energy) = reported.energy {
        section.fact("energy", format!("{} MWh", show::number(energy.mwh(), 4)), "");
    }
    if let Some(emissions) = reported.emissions {
        section.fact("emissions", format!("{} tCO2e", show::number(emissions.tonnes(), 4)), "");
    }
    (!section.rows.is_empty()).then_some(section)
}

/// Where a value came from, in a few words.
fn short(origin: &Origin) -> String {
    match origin {
        Origin::Flag(flag) => format!("from {flag}"),
        Origin::File(at) => format!("{}:{}", at.file, at.line),
        Origin::Profile(name) => name.split(':').next().unwrap_or(name).to_owned(),
        Origin::Assumed(why) => format!("assumed, {why}"),
        Origin::Solved(how) => how.clone(),
    }
}

fn origin(answer: &Answer, var: Var) -> String {
    if var == Var::GpuHours && answer.scenario.phases.len() > 1 && answer.solved.rests_on(var, Var::PhaseHours) {
        return "the phases added up".into();
    }
    if answer.solved.knowns.is_solved(var) {
        let from = answer.solved.solved_from(var);
        return format!("from {from}");
    }
    field_of(var)
        .and_then(|path| FIELDS.iter().find(|field| field.path == path))
        .and_then(|field| (field.get)(&answer.spec))
        .map(|(_, origin)| short(origin))
        .unwrap_or_default()
}

fn field_of(var: Var) -> Option<&'static str> {
    Some(match var {
        Var::GpuHours | Var::PhaseHours => "run.gpu_hours",
        Var::Chips => "run.chips",
        Var::WallClock => "run.wall_clock",
        Var::Goodput => "run.goodput",
        Var::Cost => "run.cost",
        Var::Price => "price.rent",
        Var::Tokens => "run.tokens",
        Var::Params => "run.params",
        Var::Flop => "run.flop",
        Var::Mfu => "run.mfu",
        Var::Peak | Var::PhaseShare => return None,
    })
}

/// Why a value is unknown: what would settle it.
fn unknown(answer: &Answer, var: Var) -> String {
    let sets = would_settle(&answer.solved.knowns, var);
    let flags: Vec<&str> = sets.iter().filter(|set| set.len() == 1).flatten().map(|var| flag(*var)).collect();
    if flags.is_empty() { String::new() } else { format!("give {}", flags.join(" or ")) }
}

fn sources(answer: &Answer) -> Vec<String> {
    let line = |(path, source): &(String, crate::source::Source)| {
        let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
        format!("{path}: {} ({}, {}){url}", source.title, source.as_of, source.kind)
    };
    answer.sources.iter().map(line).collect()
}

fn records(answer: &Answer) -> Records {
    let columns =
        ["name", "phase", "gpu_hours", "wall_clock_days", "cost_usd", "flop", "mfu", "chips", "usd_per_gpu_hour"];
    let row = |phase: &str, account: &Account, flop: Option<f64>, mfu: Option<f64>| {
        vec![
            answer.scenario.name.clone(),
            phase.to_owned(),
            cell(Some(account.held.gpu_hours())),
            cell(account.wall_clock.map(Seconds::days)),
            cell(account.cost.map(Usd::get)),
            cell(flop),
            cell(mfu),
            cell(answer.estimate.chips.map(|chips| chips.get())),
            cell(answer.scenario.terms.price.map(|price| price.usd_per_hour())),
        ]
    };
    let each = |performance: &Performance| (performance.flop.map(|q| q.get()), performance.mfu.map(|q| q.get()));
    let mut rows = Vec::new();
    if answer.scenario.phases.len() > 1 {
        for (phase, (performance, account)) in answer.scenario.phases.iter().zip(&answer.estimate.phases) {
            let (flop, mfu) = each(performance);
            rows.push(row(&phase.name, account, flop, mfu));
        }
    }
    let estimate = &answer.estimate;
    let (flop, mfu) = (estimate.flop.map(|q| q.get()), estimate.mfu.map(|q| q.get()));
    rows.push(row("total", &estimate.total, flop, mfu));
    Records { columns: columns.map(str::to_owned).to_vec(), rows }
}

/// Everything, for machines.
fn machine(answer: &Answer) -> Value {
    let estimate = &answer.estimate;
    let mut json = head("estimate");
    let result = json!({
        "flop": maybe(estimate.flop.map(|q| q.get())),
        "active_params": maybe(answer.solved.knowns.get(Var::Params)),
        "tokens": maybe(answer.solved.knowns.get(Var::Tokens)),
        "mfu": maybe(estimate.mfu.map(|q| q.get())),
        "mfu_basis": answer.basis.map(|basis| format!("dense {basis} peak, model FLOPs by 6ND")),
        "mfu_origin": answer.mfu_origin.as_ref().map(ToString::to_string),
        "goodput": number(answer.scenario.terms.goodput.get()),
        "peak_flop_per_second": maybe(answer.chip.as_ref().map(|_| answer.scenario.peak.get())),
        "gpu_hours": number(estimate.total.held.gpu_hours()),
        "chips": maybe(estimate.chips.map(|q| q.get())),
        "chips_rounded": maybe(estimate.chips_in_whole_nodes.map(|q| q.get())),
        "wall_clock_days": maybe(estimate.total.wall_clock.map(Seconds::days)),
        "cost_usd": maybe(estimate.total.cost.map(Usd::get)),
        "usd_per_gpu_hour": maybe(answer.scenario.terms.price.map(|q| q.usd_per_hour())),
    });
    let body = json!({
        "name": answer.scenario.name,
        "inputs": inputs(answer),
        "defaults": super::resolved::machine(answer),
        "result": result,
        "prediction": answer.outcome.as_ref().map(|outcome| super::step::machine(&outcome.predicted)),
        "unknown": unknowns(answer),
        "phases": machine_phases(answer),
        "assumptions": answer.assumptions,
        "warnings": answer.warnings,
        "confirmed": answer.confirmed,
        "profiles": profiles(answer),
        "sources": answer.sources.iter().map(|(path, source)| json!({
            "path": path, "title": source.title, "url": source.url, "as_of": source.as_of,
            "kind": source.kind.to_string(), "note": source.note,
        })).collect::<Vec<_>>(),
    });
    if let (Some(json), Value::Object(body)) = (json.as_object_mut(), body) {
        json.extend(body);
    }
    json
}

fn inputs(answer: &Answer) -> Value {
    let mut inputs = Map::new();
    for field in FIELDS {
        let Some((text, origin)) = (field.get)(&answer.spec) else { continue };
        let value = (field.number)(&answer.spec).map_or_else(|| Value::from(text.clone()), number);
        let unit = if field.unit.is_empty() { Value::Null } else { field.unit.into() };
        inputs.insert(
            field.path.into(),
            json!({ "value": value, "unit": unit, "text": text, "origin": origin.to_string() }),
        );
    }
    Value::Object(inputs)
}

fn unknowns(answer: &Answer) -> Value {
    let estimate = &answer.estimate;
    let vars = [
        ("flop", Var::Flop, estimate.flop.is_none()),
        ("mfu", Var::Mfu, estimate.mfu.is_none()),
        ("chips", Var::Chips, estimate.chips.is_none()),
        ("wall_clock_days", Var::WallClock, estimate.total.wall_clock.is_none()),
        ("cost_usd", Var::Cost, estimate.total.cost.is_none()),
    ];
    let reason = |var| match unknown(answer, var) {
        hint if hint.is_empty() => format!("the {} does not follow from what is given", name(var)),
        hint => hint,
    };
    vars.into_iter()
        .filter(|(_, _, unknown)| *unknown)
        .map(|(key, var, _)| (key.to_owned(), reason(var).into()))
        .collect::<Map<_, Value>>()
        .into()
}

fn machine_phases(answer: &Answer) -> Vec<Value> {
    let phases = answer.scenario.phases.iter().zip(&answer.estimate.phases);
    let one = |(phase, (performance, account)): (&crate::scenario::Phase, &(Performance, Account))| {
        json!({
            "name": phase.name,
            "gpu_hours": number(account.held.gpu_hours()),
            "wall_clock_days": maybe(account.wall_clock.map(Seconds::days)),
            "cost_usd": maybe(account.cost.map(Usd::get)),
            "flop": maybe(performance.flop.map(|q| q.get())),
            "mfu": maybe(performance.mfu.map(|q| q.get())),
        })
    };
    phases.map(one).collect()
}

fn profiles(answer: &Answer) -> Vec<Value> {
    let chip = answer.chip.iter().map(|chip| {
        json!({ "kind": "accelerator", "id": chip.chip.id, "file": chip.file, "hash": format!("{:016x}", chip.hash) })
    });
    chip.collect()
}
