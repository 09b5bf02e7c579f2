//! A fleet: when it is done, what it costs, and what knowing would be worth.

use serde_json::{Value, json};

use super::bill::days;
use super::json::{cell, head, maybe, number};
use super::view::{Section, View};
use crate::fleet::Fleet;
use crate::fleet::capacity::Capacity;
use crate::fleet::decision::Decision;
use crate::fleet::load::FleetProfile;
use crate::fleet::outlook::Outlook;
use crate::units::{Fraction, Seconds, Usd, show};

/// Everything there is to show of a fleet.
pub struct Asked<'a> {
    /// The fleet and its sources.
    pub profile: &'a FleetProfile,
    /// Everything ordered.
    pub outlook: &'a Outlook,
    /// The fleet in full.
    pub capacity: &'a Capacity,
    /// The actions, if there are any.
    pub compared: Option<&'a (Vec<Outlook>, Decision)>,
    /// The day of a deadline, with its time after the start.
    pub by: Option<(crate::units::date::Date, Seconds)>,
}

const QUANTILES: [(&str, f64); 3] = [("p10", 0.1), ("p50", 0.5), ("p90", 0.9)];

/// Shows a fleet.
pub fn view(asked: &Asked<'_>) -> View {
    let mut view = View { title: asked.profile.fleet.name.clone(), summary: summary(asked), ..View::default() };
    view.sections.push(finish(asked));
    view.sections.push(super::tranches::section(&asked.profile.fleet));
    view.sections.extend(super::tranches::approvals(&asked.profile.fleet));
    view.sections.push(full(asked));
    view.sections.push(runs(asked));
    if let Some((outlooks, decision)) = asked.compared {
        view.sections.push(actions(&asked.profile.fleet, outlooks, decision));
        view.note("How the actions are compared", compared_how(&asked.profile.fleet));
    }
    let unpriced = &asked.outlook.unpriced;
    let missing = unpriced.iter().map(|name| format!("{name}: no rent is known, so it is in no cost"));
    view.note("Not in the costs", missing.collect());
    let filled_in = asked.profile.filled_in.iter().cloned();
    view.note("Assumptions", asked.profile.fleet.assumptions.iter().cloned().chain(filled_in).collect());
    view.note("Sources", sources(asked));
    records(asked, &mut view);
    view.json = machine(asked);
    view
}

/// A time after the start as a day of the calendar.
fn day(fleet: &Fleet, time: Option<Seconds>) -> String {
    let date = time.and_then(|time| fleet.start.after(time).ok());
    date.map_or_else(|| "never".into(), |date| date.to_string())
}

fn summary(asked: &Asked<'_>) -> String {
    let fleet = &asked.profile.fleet;
    let half = asked.outlook.quantile(Fraction::new(0.5));
    let mut text = match half {
        Some(_) => format!("Everything is trained by {} with even odds", day(fleet, half)),
        None => "With even odds it is never all trained".to_owned(),
    };
    let never = asked.outlook.never().get();
    if never > 0.0 {
        text += &format!("; {} that it is not done within {}", show::percent(never), show::duration(fleet.horizon));
    }
    let (cost, idle) = asked.outlook.expected_cost();
    text + &format!("; expected rent {}, {} of it idle.", about(cost), about(idle))
}

/// Money with three digits: a fleet rests on guesses.
fn about(amount: Usd) -> String {
    let dollars = amount.get();
    if dollars.abs() < 1e3 { show::usd(amount) } else { show::money(amount, 3) }
}

fn finish(asked: &Asked<'_>) -> Section {
    let fleet = &asked.profile.fleet;
    let mut section = Section::facts("When everything is trained");
    section.fact("start", fleet.start.to_string(), "");
    for (name, quantile) in QUANTILES {
        let time = asked.outlook.quantile(Fraction::new(quantile));
        let remark = time.map_or_else(
            || format!("only {} likely at all", show::percent(1.0 - asked.outlook.never().get())),
            |time| format!("day {:.1}", time.days()),
        );
        section.fact(name, day(fleet, time), remark);
    }
    if let Some(mean) = asked.outlook.mean_done() {
        let label = if asked.outlook.never().get() > 0.0 { "mean, if ever" } else { "mean" };
        section.fact(label, day(fleet, Some(mean)), format!("day {:.1}", mean.days()));
    }
    section.fact(
        "never",
        show::percent(asked.outlook.never().get()),
        format!("within {}", show::duration(fleet.horizon)),
    );
    if let Some((date, time)) = asked.by {
        section.fact(&format!("by {date}"), show::percent(asked.outlook.by(time).get()), "");
    }
    let (cost, idle) = asked.outlook.expected_cost();
    section.fact("expected rent", about(cost), "of every chip held, from delivery to the end");
    section.fact("idle part", about(idle), "burn-in, restarts, waiting, quota");
    section
}

fn full(asked: &Asked<'_>) -> Section {
    let all = asked.capacity;
    let mut section = Section::facts("If every tranche arrives");
    section.fact("chips", show::chips(all.chips), "");
    section.fact("GPU-hours", show::count(all.per_day.gpu_hours(), 3), "a day");
    section.fact("sustained", show::prefixed(all.rate.get(), "FLOP/s", 3), "at the MFU and goodput of the file");
    section.fact(
        "all the runs",
        format!("{} times", show::number(all.runs_per_year, 3)),
        "a year, if they were repeated",
    );
    let unknown = || "not known".to_owned();
    let megawatts = |power: crate::units::Watts| format!("{} MW", show::number(power.kw() / 1e3, 3));
    section.fact("power", all.power.map_or_else(unknown, megawatts), "at the meter, provisioned");
    section.fact("purchase", all.purchase.map_or_else(unknown, about), "chips, before the border");
    section.fact("at the border", all.border.map_or_else(unknown, about), "duty or revenue share");
    section
}

fn runs(asked: &Asked<'_>) -> Section {
    let fleet = &asked.profile.fleet;
    let mut section = Section::new("Runs", &["Run", "FLOP", "p50", "p90", "never"]);
    for (index, run) in fleet.runs.iter().enumerate() {
        let (half, most, never) = of_run(asked.outlook, index);
        section.row([
            run.name.clone(),
            show::number(run.work.get(), 3),
            day(fleet, half),
            day(fleet, most),
            show::percent(never),
        ]);
    }
    section
}

/// Median and p90 of one run's finish, and the probability of never.
fn of_run(outlook: &Outlook, run: usize) -> (Option<Seconds>, Option<Seconds>, f64) {
    let finish = |index: usize| outlook.outcomes.get(index)?.finishes.get(run).copied().flatten();
    let mut done: Vec<(Seconds, f64)> = outlook
        .outcomes
        .iter()
        .enumerate()
        .filter_map(|(index, outcome)| Some((finish(index)?, outcome.branch.probability)))
        .collect();
    done.sort_by(|a, b| a.0.get().total_cmp(&b.0.get()));
    let quantile = |wanted: f64| {
        let mut so_far = 0.0;
        done.iter().find_map(|(time, p)| {
            so_far += p;
            (so_far >= wanted - 1e-12).then_some(*time)
        })
    };
    let ever: f64 = done.iter().map(|(_, p)| p).sum();
    let never = if ever > 1.0 - 1e-9 { 0.0 } else { 1.0 - ever }; // what rounding leaves is no probability
    (quantile(0.5), quantile(0.9), never)
}

fn actions(fleet: &Fleet, outlooks: &[Outlook], decision: &Decision) -> Section {
    let columns = ["Action", "p50", "never", "Expected cost", "Mean regret", "Worst regret"];
    let heading = format!("Actions; knowing the outcome first is worth {}", about(Usd::new(decision.value_of_knowing)));
    let mut section = Section::new(heading, &columns);
    for (index, (action, outlook)) in fleet.actions.iter().zip(outlooks).enumerate() {
        let value = |list: &[f64]| list.get(index).map_or_else(String::new, |value| about(Usd::new(*value)));
        let best = if index == decision.best { " *" } else { "" };
        section.row([
            format!("{}{best}", action.name),
            day(fleet, outlook.quantile(Fraction::new(0.5))),
            show::percent(outlook.never().get()),
            value(&decision.expected),
            value(&decision.expected_regret),
            value(&decision.largest_regret),
        ]);
    }
    section
}

/// What the numbers of the actions mean.
fn compared_how(fleet: &Fleet) -> Vec<String> {
    let day = about(fleet.delay_per_day);
    vec![
        format!("cost: rent of what is ordered, and {day} for each day until everything is trained"),
        "regret: what an action costs over the cheapest one, once it is known what happened".into(),
        "*: the least expected cost".into(),
    ]
}

fn sources(asked: &Asked<'_>) -> Vec<String> {
    let line = |(path, source): &(String, crate::source::Source)| {
        let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
        format!("{path}: {} ({}, {}){url}", source.title, source.as_of, source.kind)
    };
    asked.profile.sources.0.iter().map(line).collect()
}

fn records(asked: &Asked<'_>, view: &mut View) {
    view.records.columns =
        ["outcome", "probability", "done_days", "gpu_hours", "idle_gpu_hours", "cost_usd", "idle_cost_usd"]
            .map(str::to_owned)
            .to_vec();
    for (index, outcome) in asked.outlook.outcomes.iter().enumerate() {
        view.records.rows.push(vec![
            index.to_string(),
            cell(Some(outcome.branch.probability)),
            cell(outcome.done.map(Seconds::days)),
            cell(Some(outcome.held.gpu_hours())),
            cell(Some(outcome.idle.gpu_hours())),
            cell(Some(outcome.cost.get())),
            cell(Some(outcome.idle_cost.get())),
        ]);
    }
}

/// What a script asks for first: when, how surely, and for how much.
fn result(asked: &Asked<'_>) -> serde_json::Map<String, Value> {
    let quantile = |p: f64| days(asked.outlook.quantile(Fraction::new(p)));
    let mut found: serde_json::Map<String, Value> =
        QUANTILES.iter().map(|(name, p)| (format!("done_days_{name}"), quantile(*p))).collect();
    let (cost, idle) = asked.outlook.expected_cost();
    found.insert("mean_done_days".into(), days(asked.outlook.mean_done()));
    found.insert("never".into(), number(asked.outlook.never().get()));
    if let Some((date, time)) = asked.by {
        found.insert(format!("by_{date}"), number(asked.outlook.by(time).get()));
    }
    found.insert("expected_cost_usd".into(), number(cost.get()));
    found.insert("expected_idle_cost_usd".into(), number(idle.get()));
    if let Some((_, decision)) = asked.compared {
        let best = asked.profile.fleet.actions.get(decision.best).map(|action| action.name.clone());
        found.insert("best_action".into(), best.into());
    }
    found
}

fn machine(asked: &Asked<'_>) -> Value {
    let (fleet, all) = (&asked.profile.fleet, asked.capacity);
    let (cost, idle) = asked.outlook.expected_cost();
    let action = |(index, action): (usize, &crate::fleet::Action)| {
        let (outlooks, decision) = asked.compared?;
        let at = |list: &[f64]| maybe(list.get(index).copied());
        Some(json!({
            "name": action.name,
            "best": index == decision.best,
            "done_days_p50": days(outlooks.get(index)?.quantile(Fraction::new(0.5))),
            "never": number(outlooks.get(index)?.never().get()),
            "expected_usd": at(&decision.expected),
            "expected_regret_usd": at(&decision.expected_regret),
            "largest_regret_usd": at(&decision.largest_regret),
        }))
    };
    let mut json = head("fleet");
    let body = json!({
        "name": fleet.name,
        "start": fleet.start.to_string(),
        "result": result(asked),
        "mean_done_days": days(asked.outlook.mean_done()),
        "never": number(asked.outlook.never().get()),
        "by": asked.by.map(|(date, time)| json!({ "date": date.to_string(), "probability": number(asked.outlook.by(time).get()) })),
        "expected_cost_usd": number(cost.get()),
        "expected_idle_cost_usd": number(idle.get()),
        "capacity": {
            "chips": number(all.chips.get()),
            "gpu_hours_per_day": number(all.per_day.gpu_hours()),
            "runs_per_year": number(all.runs_per_year),
            "power_mw": maybe(all.power.map(|power| power.kw() / 1e3)),
            "purchase_usd": maybe(all.purchase.map(Usd::get)),
            "border_usd": maybe(all.border.map(Usd::get)),
        },
        "actions": fleet.actions.iter().enumerate().filter_map(action).collect::<Vec<_>>(),
        "value_of_knowing_usd": maybe(asked.compared.map(|(_, decision)| decision.value_of_knowing)),
        "outcomes": asked.outlook.outcomes.len(),
        "assumptions": fleet.assumptions,
        "filled_in": asked.profile.filled_in,
        "not_priced": asked.outlook.unpriced,
    });
    if let (Some(json), Value::Object(body)) = (json.as_object_mut(), body) {
        json.extend(body);
    }
    json
}
