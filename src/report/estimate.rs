//! The view of one estimate.

use super::json::cell;
use super::ranges::middle;
use super::view::{Records, Section, View};
use crate::answer::Answer;
use crate::answer::model_terms::ModelCounts;
use crate::answer::published::Published;
use crate::answer::ranges::{CHIPS, COST, DAYS, GPU_HOURS, Spread};
use crate::ask::estimate::{EstimateReply, MadeFrom};
use crate::estimate::{Account, Performance};
use crate::input::file::Origin;
use crate::input::table::FIELDS;
use crate::reply::parts::Arithmetic;
use crate::reply::result::missing;
use crate::solve::Var;
use crate::units::{Chips, Seconds, Usd, show};

/// Shows an estimate.
pub fn view(reply: &EstimateReply) -> View {
    View::in_currency(&reply.head, || view_of(reply))
}

fn view_of(reply: &EstimateReply) -> View {
    let MadeFrom { answer, spread, drivers, bill, .. } = &*reply.made_from;
    let mut view = View { title: title(answer), records: records(reply), ..View::with_reply(reply) };
    view.summary = match &reply.joint {
        Some(joint) => super::joint::summary(joint, &reply.places),
        None => summary(answer, spread.as_ref()),
    };
    reply.joint.iter().for_each(|joint| super::joint::add(&mut view, joint));
    super::joint::places(&mut view, &reply.places);
    if let Some(spread) = spread {
        let range = Some(super::ranges::section(spread, answer)).filter(|range| !range.rows.is_empty());
        let heading = |range: Section| match &answer.spec.deliveries {
            None => range,
            Some(_) => {
                let heading = "Range, if all chips were there from the start".into();
                Section { heading, ..range }.on("deliveries")
            }
        };
        view.sections.extend(range.map(heading));
        view.note("The range", super::ranges::notes(spread, answer));
    }
    if let Some(drivers) = drivers {
        view.sections.extend(super::drivers::section(drivers));
        view.note("The drivers", super::drivers::notes(drivers));
    }
    let spread = spread.as_ref();
    view.sections.extend(bill.as_ref().map(|whole| super::rests::bill(whole, reply)));
    view.sections.push(super::rests::section(reply));
    view.sections.extend([hours(answer, reply.model.as_ref(), spread), time_and_chips(reply), money(answer, spread)]);
    if answer.scenario.phases.len() > 1 {
        view.sections.push(phases(answer, spread));
    }
    view.sections.extend(reported(answer));
    view.sections.extend(reply.published.as_ref().map(published));
    view.sections.extend(super::step::section(answer));
    view.note("Check", checks(reply));
    view.head_notes(&reply.head);
    super::bill::add(&mut view, reply);
    view.sections.extend(reply.failures.as_ref().map(super::beside::failures));
    view.sections.extend(reply.site.as_ref().map(super::beside::site));
    if let Some(found) = &reply.decomposition {
        super::bill::add_decomposition(&mut view, &found.made_from);
    }
    let rules = reply.thresholds.as_ref();
    view.sections.extend(rules.and_then(|rules| super::thresholds::section(rules, bill.is_some())));
    if !reply.resolved.is_empty() {
        view.sections.push(super::resolved::section(&reply.resolved));
    }
    view
}

/// What was given beyond need, and holds.
pub(super) fn checks(reply: &EstimateReply) -> Vec<String> {
    let agree = |relation: &&str| format!("more was given than needed, and it agrees: {relation}");
    let mut lines: Vec<String> = reply.confirmed.iter().map(agree).collect();
    if let (Some(found), Some(said)) = (&reply.made_from.answer.confirmation, &reply.confirmation) {
        let mfu = said.implied_mfu.map(|mfu| format!("; it means an MFU of {}", show::percent(mfu)));
        lines.push(format!(
            "{} was given; {} to {} are predicted (80 %), and {} of the predictions keep it{}",
            found.shown(found.given),
            found.shown(found.p10),
            found.shown(found.p90),
            show::percent(said.probability),
            mfu.unwrap_or_default()
        ));
    }
    lines
}

/// The published run of the same model beside a predicted one.
fn published(found: &Published) -> Section {
    let mut section = Section::facts(format!("Beside the published run `{}`", found.run)).on("hours");
    let hours = format!("{} GPU-hours for these tokens", show::count(found.gpu_hours, 4));
    section.fact("predicted / published", format!("x {}", show::number(found.ratio, 3)), hours);
    for factor in &found.factors {
        section.fact(factor.name, format!("x {}", show::number(factor.ratio, 3)), format!("set by {}", factor.fields));
    }
    section
}

fn title(answer: &Answer) -> String {
    match &answer.chip {
        Some(chip) => format!("{} on {}", answer.scenario.name, chip.chip.name),
        None => answer.scenario.name.clone(),
    }
}

/// The answer in a sentence; what varies by its middle and its 80 % range.
fn summary(answer: &Answer, spread: Option<&Spread>) -> String {
    let total = answer.estimate.total;
    let hours = || show::counted(show::count(total.held.gpu_hours(), 4), "GPU-hour");
    let mut text = middle(spread, GPU_HOURS, " GPU-hours").unwrap_or_else(hours);
    if let (Some(wall), Some(chips)) = (total.wall_clock, answer.estimate.chips) {
        let wall = middle(spread, DAYS, " d").unwrap_or_else(|| show::duration(wall));
        let chips = middle(spread, CHIPS, " chips").unwrap_or_else(|| show::counted(show::chips(chips), "chip"));
        text += &format!(": {wall} on {chips}");
    }
    match total.cost {
        Some(cost) => text += &format!(", {}", middle(spread, COST, "").unwrap_or_else(|| show::usd(cost))),
        None => text += ", not priced",
    }
    let ranged = [GPU_HOURS, DAYS, CHIPS, COST].iter().any(|output| middle(spread, *output, "").is_some());
    text += if ranged { "; p50, and p10 to p90." } else { "." };
    text
}

/// The heading of figures: where something is uncertain, they are those of its median.
fn heading(of: &str, spread: Option<&Spread>) -> String {
    let at = if spread.is_some() { ", where what is uncertain is at its median" } else { "" };
    format!("{of}{at}")
}

fn hours(answer: &Answer, model: Option<&ModelCounts>, spread: Option<&Spread>) -> Section {
    let mut section = Section::facts(heading("Hours", spread)).on("hours");
    let total = answer.estimate.total;
    section.fact("GPU-hours", show::number(total.held.gpu_hours(), 7), origin(answer, Var::GpuHours));
    if let Some(flop) = answer.estimate.flop {
        let given = answer.spec.flop.as_ref().filter(|given| given.value == flop).map(|given| short(&given.origin));
        let how = given.unwrap_or_else(|| "6 x active parameters x tokens".into());
        section.fact("model FLOPs", show::number(flop.get(), 4), how);
    }
    model.iter().for_each(|model| super::model::facts(&mut section, model));
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
        let mut from = origin(answer, Var::Goodput);
        if let Some(found) = answer.on_spot {
            let left = show::percent(found.left.share.get());
            from = [from, format!("the spot market leaves {left} of the time")]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join("; ");
        }
        section.fact("goodput", show::percent(answer.scenario.terms.goodput.get()), from);
    }
    section
}

fn time_and_chips(reply: &EstimateReply) -> Section {
    let answer = &reply.made_from.answer;
    let mut section = Section::facts(heading("Time and chips", reply.made_from.spread.as_ref())).on("time");
    let estimate = &answer.estimate;
    match estimate.total.wall_clock {
        Some(wall) => section.fact("wall-clock", show::duration(wall), origin(answer, Var::WallClock)),
        None => section.fact("wall-clock", "not known", missing(answer, Var::WallClock)),
    }
    match (estimate.chips, estimate.chips_in_whole_nodes) {
        (Some(chips), Some(whole)) => {
            section.fact("chips", show::chips(chips), origin(answer, Var::Chips));
            let nodes = whole.get() / f64::from(answer.scenario.node_chips);
            let of = format!("{} of {}", show::counted(show::number(nodes, 7), "node"), answer.scenario.node_chips);
            section.fact("in whole nodes", show::chips(whole), of);
        }
        _ => section.fact("chips", "not known", missing(answer, Var::Chips)),
    }
    if let Some(idle) = reply.step.as_ref().map(|step| step.chips_idle).filter(|idle| *idle > 0) {
        let idle = show::chips(Chips::new(f64::from(idle)));
        section.fact("held idle", idle, "no layout that uses them is faster");
    }
    if let Some(kept) = &reply.arithmetic {
        let hours = format!("{} h", show::count(kept.gpu_hours, 4));
        section.fact("with the hours kept", hours, arithmetic(kept));
    }
    section
}

/// What the published hours make of other chips, without the step model.
fn arithmetic(kept: &Arithmetic) -> String {
    let chips = kept.chips.map(|chips| format!(" on {}", show::counted(show::chips(Chips::new(chips)), "chip")));
    let days = kept.wall_clock_days.map(|days| show::duration(Seconds::from_days(days)));
    let cost = kept.cost_usd.map(|cost| format!(", {}", show::usd(Usd::new(cost))));
    let parts = [days, chips, cost].map(Option::unwrap_or_default);
    format!("arithmetic: {}", parts.concat())
}

fn money(answer: &Answer, spread: Option<&Spread>) -> Section {
    let mut section = Section::facts(heading("Money", spread)).on("cost");
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

fn phases(answer: &Answer, spread: Option<&Spread>) -> Section {
    let mut section = Section::new(heading("Phases", spread), &["Phase", "GPU-hours", "Days", "Cost", "MFU"]);
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
    let mut section = Section::facts("As its authors reported").on("hours");
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
pub(super) fn short(origin: &Origin) -> String {
    match origin {
        Origin::Flag(flag) => format!("from {flag}"),
        Origin::File(at) => format!("{}:{}", at.file, at.line),
        Origin::Profile(name) => name.split(':').next().unwrap_or(name).to_owned(),
        Origin::Assumed(why) => format!("assumed, {why}"),
        Origin::Solved(how) => how.clone(),
    }
}

pub(super) fn origin(answer: &Answer, var: Var) -> String {
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
        Var::Peak | Var::PhaseShare | Var::Pace | Var::Left => return None,
    })
}

/// A row for each phase and the total; what of the answer is of no phase stands in the total's row.
fn records(reply: &EstimateReply) -> Records {
    let answer = &reply.made_from.answer;
    let own = ["name", "phase", "gpu_hours", "wall_clock_days", "cost_usd", "flop", "mfu", "chips", "usd_per_gpu_hour"];
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
    let of_all: Vec<_> = reply.result.numbers().into_iter().filter(|(key, _)| !own.contains(key)).collect();
    let columns: Vec<String> = own.into_iter().chain(of_all.iter().map(|(key, _)| *key)).map(str::to_owned).collect();
    if let Some(total) = rows.last_mut() {
        total.extend(of_all.iter().map(|(_, value)| cell(*value)));
        total.push(reply.result.layout.clone().unwrap_or_default());
    }
    let columns = [columns, vec!["layout".into()]].concat();
    rows.iter_mut().for_each(|row| row.resize(columns.len(), String::new()));
    Records { columns, rows }
}
