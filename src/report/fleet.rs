//! A fleet: when it is done, what it costs, and what knowing would be worth.

use super::view::{Records, Section, View};
use crate::ask::fleet::{FleetAnswer, FleetReply};
use crate::fleet::Fleet;
use crate::units::{Fraction, Seconds, Usd, show};

const QUANTILES: [(&str, f64); 3] = [("p10", 0.1), ("p50", 0.5), ("p90", 0.9)];

/// Shows a fleet.
pub fn view(found: &FleetAnswer) -> View {
    let reply = found.reply();
    View::in_currency(&reply.head, || view_of(found, &reply))
}

fn view_of(found: &FleetAnswer, reply: &FleetReply) -> View {
    let fleet = &found.profile.fleet;
    let mut view = View { summary: summary(found), ..View::with_reply(reply) };
    view.sections.push(finish(found));
    view.sections.push(super::tranches::section(fleet));
    view.sections.extend(super::tranches::approvals(fleet));
    view.sections.push(full(found));
    view.sections.push(runs(fleet, reply));
    view.sections.extend(speeds(reply));
    if let Some(value) = reply.value_of_knowing_usd {
        view.sections.push(actions(fleet, reply, value));
        view.note("How the actions are compared", compared_how(fleet));
    }
    let missing = reply.not_priced.iter().map(|name| format!("{name}: no rent is known, so it is in no cost"));
    view.note("Not in the costs", missing.collect());
    view.head_notes(&reply.head);
    view.records = Records::of(&found.outcomes());
    view
}

/// A time after the start as a day of the calendar.
fn day(fleet: &Fleet, time: Option<Seconds>) -> String {
    let date = time.and_then(|time| fleet.start.after(time).ok());
    date.map_or_else(|| "never".into(), |date| date.to_string())
}

fn summary(found: &FleetAnswer) -> String {
    let fleet = &found.profile.fleet;
    let half = found.outlook.quantile(Fraction::new(0.5));
    let mut text = match half {
        Some(_) => format!("Everything is trained by {} with even odds", day(fleet, half)),
        None => "With even odds it is never all trained".to_owned(),
    };
    let never = found.outlook.never().get();
    if never > 0.0 {
        text += &format!("; {} that it is not done within {}", show::percent(never), show::duration(fleet.horizon));
    }
    let (cost, idle) = found.outlook.expected_cost();
    text + &format!("; expected rent {}, {} of it idle.", about(cost), about(idle))
}

/// Money with three digits: a fleet rests on guesses.
fn about(amount: Usd) -> String {
    let dollars = amount.get();
    if dollars.abs() < 1e3 { show::usd(amount) } else { show::money(amount, 3) }
}

fn finish(found: &FleetAnswer) -> Section {
    let fleet = &found.profile.fleet;
    let mut section = Section::facts("When everything is trained");
    section.fact("start", fleet.start.to_string(), "");
    for (name, quantile) in QUANTILES {
        let time = found.outlook.quantile(Fraction::new(quantile));
        let remark = time.map_or_else(
            || format!("only {} likely at all", show::percent(1.0 - found.outlook.never().get())),
            |time| format!("day {:.1}", time.days()),
        );
        section.fact(name, day(fleet, time), remark);
    }
    if let Some(mean) = found.outlook.mean_done() {
        let label = if found.outlook.never().get() > 0.0 { "mean, if ever" } else { "mean" };
        section.fact(label, day(fleet, Some(mean)), format!("day {:.1}", mean.days()));
    }
    section.fact(
        "never",
        show::percent(found.outlook.never().get()),
        format!("within {}", show::duration(fleet.horizon)),
    );
    if let Some((date, time)) = found.by {
        section.fact(&format!("by {date}"), show::percent(found.outlook.by(time).get()), "");
    }
    let (cost, idle) = found.outlook.expected_cost();
    section.fact("expected rent", about(cost), "of every chip held, from delivery to the end");
    section.fact("idle part", about(idle), "burn-in, restarts, waiting, quota");
    section
}

fn full(found: &FleetAnswer) -> Section {
    let all = found.capacity;
    let mut section = Section::facts("If every tranche arrives").on("capacity");
    section.fact("chips", show::chips(all.chips), "");
    section.fact("GPU-hours", show::count(all.per_day.gpu_hours(), 3), "a day");
    section.fact("sustained", show::prefixed(all.rate.get(), "FLOP/s", 3), "over the runs, failures included");
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

fn runs(fleet: &Fleet, reply: &FleetReply) -> Section {
    let mut section = Section::new("Runs", &["Run", "FLOP", "p50", "p90", "never"]).on("runs");
    let at = |days: Option<f64>| day(fleet, days.map(Seconds::from_days));
    for run in &reply.runs {
        let (half, most) = (at(run.wall_clock_days_p50), at(run.wall_clock_days_p90));
        section.row([run.name.clone(), show::number(run.flop, 3), half, most, show::percent(run.never)]);
    }
    section
}

/// How long the runs take alone on each kind of chip.
fn speeds(reply: &FleetReply) -> Option<Section> {
    let mut section = Section::new("Runs alone, as `estimate` answers", &["Run", "Chip", "Chips", "Days"]).on("speed");
    section.numeric = vec![2, 3];
    for speed in &reply.speeds {
        let days = speed.wall_clock_days.map_or_else(|| "does not fit".into(), |days| show::number(days, 4));
        section.row([speed.run.clone(), speed.gpu.clone(), show::whole(f64::from(speed.chips)), days]);
    }
    (!section.rows.is_empty()).then_some(section)
}

fn actions(fleet: &Fleet, reply: &FleetReply, value_of_knowing: f64) -> Section {
    let columns = ["Action", "p50", "never", "Expected cost", "Mean regret", "Worst regret"];
    let heading = format!("Actions; knowing the outcome first is worth {}", about(Usd::new(value_of_knowing)));
    let mut section = Section::new(heading, &columns);
    let value = |amount: Option<f64>| amount.map_or_else(String::new, |amount| about(Usd::new(amount)));
    for action in &reply.actions {
        let best = if action.best { " *" } else { "" };
        section.row([
            format!("{}{best}", action.name),
            day(fleet, action.wall_clock_days_p50.map(Seconds::from_days)),
            show::percent(action.never),
            value(action.expected_cost_usd),
            value(action.expected_regret_usd),
            value(action.largest_regret_usd),
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
