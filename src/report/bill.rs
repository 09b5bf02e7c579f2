//! The whole bill below an estimate: lines with sources, what owning costs, emissions, failures.

use super::json::cell;
use super::view::{Section, View};
use crate::answer::bill_ranges::BillSpread;
use crate::answer::failures::{Failures, Saved};
use crate::answer::whole_bill::{WholeBill, length, unit_price};
use crate::ask::estimate::decompose::Decomposition;
use crate::ask::estimate::programme::{ProgrammeReply, StageRow};
use crate::ask::estimate::{EstimateReply, MadeFrom};
use crate::cost::shares::STAGES;
use crate::cost::{Charge, CostLine};
use crate::reliability::checkpoint::Way;
use crate::units::{Bytes, ChipSeconds, Price, Seconds, Usd, show};

/// Adds a bill to the view of its estimate.
pub fn add(view: &mut View, reply: &EstimateReply) {
    let MadeFrom { bill: Some(whole), bill_spread, .. } = &*reply.made_from else { return };
    let spread = bill_spread.as_ref();
    view.summary += &summary(whole);
    view.sections.push(lines(whole));
    view.sections.extend(reply.bill.as_ref().map(|bill| programme(&bill.programme)));
    view.sections.extend(spread.map(range));
    view.note("Ranges of the bill", spread.map(|spread| spread.ranges.clone()).unwrap_or_default());
    view.sections.extend(super::owning::sections(whole));
    view.sections.extend(reservation(whole));
    view.sections.extend(reply.footprint.as_ref().and_then(|found| super::footprint::section(whole, found)));
    view.sections.push(failures(&whole.failures));
    view.note("Not in these totals", not_priced(whole));
    view.note_on("assumptions", "Assumptions of the bill", whole.assumptions.clone());
    view.note_on("sources", "Sources of the bill", sources(whole));
    records(view, whole);
}

/// Adds a row for each line; the columns of the estimate stay empty in them, but for its name.
fn records(view: &mut View, whole: &WholeBill) {
    const COLUMNS: [&str; 5] = ["line", "quantity", "unit", "price_usd", "amount_usd"];
    let width = view.records.columns.len();
    let run = view.records.rows.last().and_then(|row| row.first()).cloned().unwrap_or_default();
    view.records.columns.extend(COLUMNS.map(str::to_owned));
    view.records.rows.iter_mut().for_each(|row| row.resize(width + COLUMNS.len(), String::new()));
    for line in &whole.bill.lines {
        let mut row = vec![String::new(); width];
        row.iter_mut().take(1).for_each(|first| first.clone_from(&run));
        row.extend([line.label.into(), cell(Some(line.quantity)), line.unit.into()]);
        row.extend([cell(unit_price(line)), cell(line.charge.amount().map(Usd::get))]);
        view.records.rows.push(row);
    }
}

/// The totals in one sentence, or why the chips are not priced.
fn summary(whole: &WholeBill) -> String {
    if let Some(why) = whole.chips_not_priced() {
        return format!(" Bill ({}): the chips are not priced: {why}.", whole.bill.view.name());
    }
    let (run, all) = (show::usd(whole.bill.final_run()), show::usd(whole.bill.programme()));
    format!(" Bill ({}): {run} for the run, {all} with the work around it.", whole.bill.view.name())
}

/// Adds what a published figure counts and what it leaves out.
pub fn add_decomposition(view: &mut View, found: &Decomposition) {
    let mut section = Section::facts("Why a few million and a billion can both be right").on("in-print");
    let hours = show::count(found.final_hours.gpu_hours(), 4);
    section.fact("final run", show::usd(found.final_run), format!("{hours} GPU-hours at an assumed rent"));
    let [low, middle, high] = found.programme_compute.map(show::usd);
    section.fact("all compute", middle, format!("{low} to {high}: the programme around it"));
    section.fact("people", show::usd(found.staff), "assumed");
    let chips = show::chips(found.chips);
    section.fact(
        "the fleet, bought",
        show::usd(found.fleet_purchase),
        format!("{chips} chips with servers and network"),
    );
    section.fact("the fleet, a year", show::usd(found.fleet_year), "capital, hosting, staff, repair");
    let share = show::percent(found.share_of_year.get());
    section.fact("the run's part of it", show::usd(found.final_run_owned), format!("{share} of the fleet's year"));
    for headline in &found.headlines {
        section.fact(&format!("in print: {}", headline.title), show::usd(headline.amount), "");
    }
    view.sections.push(section);
    let counts = |headline: &crate::catalog::figures::Headline| format!("{}: {}", headline.title, headline.counts);
    view.note("What the figures in print count", found.headlines.iter().map(counts).collect());
}

fn lines(whole: &WholeBill) -> Section {
    let mut section =
        Section::new(format!("Bill ({})", whole.bill.view.name()), &["", "Quantity", "Price", "Amount", "Known"])
            .on("cost");
    for line in &whole.bill.lines {
        let (price, amount) = match line.charge {
            Charge::Priced { price, amount } => (dollars(price), show::usd(amount)),
            Charge::Contained(_) => ("-".into(), "-".into()),
            Charge::NotPriced(_) => ("-".into(), "not priced".into()),
        };
        let known = whole.source(line).map(|source| source.kind.to_string()).unwrap_or_default();
        let quantity = match line.charge {
            Charge::Contained(_) => "-".into(),
            Charge::NotPriced(_) if line.quantity == 0.0 => "-".into(),
            _ => format!("{} {}", show::count(line.quantity, 4), line.unit.replace("hours", "h")),
        };
        section.row([line.label.into(), quantity, price, amount, known]);
    }
    let mut total = |label: &str, amount: Usd| {
        section.row([label.into(), String::new(), String::new(), show::usd(amount), String::new()]);
    };
    if whole.chips_not_priced().is_some() {
        total("Without the chips", whole.bill.programme());
    } else {
        total("The run", whole.bill.final_run());
        total("With work around it", whole.bill.programme());
    }
    section
}

/// The final run, and each stage beside it with what is published of its share.
fn programme(found: &ProgrammeReply) -> Section {
    let title = "The programme: the final run is one part of it";
    let mut section = Section::new(title, &["", "Of the run", "Amount", "Published", "Share is"]).on("programme");
    let money = |amount: Option<f64>| amount.map_or_else(|| "not priced".into(), |usd| show::usd(Usd::new(usd)));
    let share = |value: f64| show::percent(value);
    let none = String::new;
    section.row(["final run".into(), share(1.0), money(found.final_run_usd), none(), none()]);
    for row in &found.stages {
        let StageRow { share: beside, held_share: held, .. } = *row;
        let (of, amount) = match held.filter(|_| beside == 0.0) {
            Some(held) if held > 0.0 => (format!("{} in it", share(held)), "in the run".into()),
            Some(_) => ("in it".into(), "in the run".into()),
            None => (share(beside), money(row.amount_usd)),
        };
        let published = format!("{} to {}", share(row.published_low), share(row.published_high));
        section.row([row.label.to_lowercase(), of, amount, published, row.kind.clone().unwrap_or_default()]);
    }
    let [low, _, high] = found.published_times.map(share);
    section.row([
        "all compute".into(),
        share(found.times_final_run),
        money(found.all_compute_usd),
        format!("{low} to {high}"),
        none(),
    ]);
    section
}

/// What the totals vary by.
fn range(found: &BillSpread) -> Section {
    let mut section = Section::new("Range of the bill", &["", "p10", "p50", "p90"]).on("cost");
    let stages = STAGES.iter().zip(&found.stages).map(|((_, stage), summary)| (stage.label(), summary));
    let all = [("The run", &found.run)].into_iter().chain(stages).chain([("With work around it", &found.programme)]);
    for (label, summary) in all {
        let [low, middle, high] = [0.1, 0.5, 0.9].map(|level| show::usd(Usd::new(summary.quantile(level).value)));
        section.row([label.into(), low, middle, high]);
    }
    let hour = [0.1, 0.5, 0.9].map(|level| found.hour.quantile(level).value);
    if hour.iter().all(|price| price.is_finite()) {
        let [low, middle, high] = hour.map(|price| show::price(Price::from_usd_per_hour(price)));
        section.row(["An owned GPU-hour".into(), low, middle, high]);
    }
    section
}

/// A price of a unit: cents while they matter.
fn dollars(price: f64) -> String {
    if price.abs() >= 0.01 || price == 0.0 { show::usd(Usd::new(price)) } else { show::cents(price, 2) }
}

/// What a reservation costs beside what the run uses of it.
fn reservation(whole: &WholeBill) -> Option<Section> {
    let (found, contract) = (whole.commitment?, &whole.terms.rent.contract);
    let mut section = Section::facts("The reservation").on("cost");
    let paid = match contract.leaving {
        Some(share) if share.get() < 1.0 => {
            format!("{} of what is left is due on leaving early", show::percent(share.get()))
        }
        _ => "paid to its end, used or not".to_owned(),
    };
    section.fact("term", length(found.term), paid);
    section.fact("total", show::usd(found.total), "of all its chips, over the term");
    let used = found.total * found.used.get();
    section.fact("this run", show::usd(used), format!("{} of it", show::percent(found.used.get())));
    let own = found.charged;
    let rest = [
        ("minimum not used", own.minimum, "GPU-hours, paid"),
        ("left early", own.left, "GPU-hours, paid"),
        ("outside it", own.beyond, "GPU-hours of the run, at another rent"),
    ];
    for (label, hours, what) in rest.into_iter().filter(|(_, hours, _)| *hours > ChipSeconds::ZERO) {
        section.fact(label, show::count(hours.gpu_hours(), 4), what);
    }
    if contract.leaving.is_none() {
        section.fact("for other work", show::usd((found.total - used).max(Usd::ZERO)), "not in the bill");
    }
    if let (Some(paid), Some(share)) = (whole.paid_at_the_start(), whole.upfront) {
        let off = contract.upfront_discount.get();
        let off = if off > 0.0 { format!(", {} off", show::percent(off)) } else { String::new() };
        section.fact("paid at the start", show::usd(paid), format!("{} of it{off}", show::percent(share.get())));
    }
    Some(section)
}

fn failures(found: &Failures) -> Section {
    let mut section = Section::facts("Failures at this size (a model beside the hours above)").on("failures");
    let between = |[low, _, high]: [String; 3]| match low == high {
        true => "as given".to_owned(),
        false => format!("{low} to {high} (80 %)"),
    };
    if let (Some(hours), Some(a_day)) = (found.between, found.a_day()) {
        section.fact("interrupts", format!("{} a day", show::number(a_day, 3)), "while the job runs");
        let shown = hours.map(show::duration);
        section.fact("one every", shown[1].clone(), between(shown));
    }
    let per = format!("{} in 1000 days of 8 chips", show::number(found.rate.per_1000_node_days, 3));
    section.fact("rate", per, format!("rests on {}", found.rests_on()));
    if let Some(saved) = found.saved {
        let sized = saved.size > Bytes::ZERO;
        let size = if sized { show::prefixed(saved.size.get(), "B", 3) } else { "as given".into() };
        let speed = show::prefixed(saved.storage.get(), "B/s", 3);
        let waits = match saved.save {
            _ if !sized => String::new(),
            Way::Storage => format!("to storage of {speed}"),
            Way::Host => format!("to host memory; storage of {speed} follows"),
        };
        let pause = show::duration(saved.stops.checkpoint);
        section.fact("a checkpoint takes", pause, format!("{size} {waits}"));
        section.fact("checkpoint every", show::duration(saved.goodput.interval), steps(found, saved));
        let [wait, restart] = [saved.stops.detect, saved.stops.restart].map(show::duration);
        section.fact("back at work after", format!("{wait} + {restart}"), found.comes_back());
        let up = show::percent(saved.goodput.from_failures.get());
        section.fact("goodput, failures", up, "at that interval");
        let mut share = |label: &str, share: [f64; 3], counts: &str| {
            let shown = share.map(show::percent);
            section.fact(label, shown[1].clone(), format!("{}; {counts}", between(shown.clone())));
        };
        share("effective share", saved.effective, "as reports count it: failures, planned stops, work rolled back");
        share("goodput, all losses", saved.share, "stragglers and evaluation too");
    }
    for lacking in &found.lacks {
        section.fact("not known", "-", lacking.clone());
    }
    let decides = &found.decides;
    section.fact("goodput of the hours", show::percent(decides.goodput.get()), decides.text());
    if let Some(spares) = found.spares {
        section.fact("spare chips", show::chips(spares), "in whole nodes, for repairs");
    }
    section
}

/// An interval in steps, beside that of Daly's first order where the two are told apart.
fn steps(found: &Failures, saved: Saved) -> String {
    let Some(step) = found.step else { return String::new() };
    let (best, first) = (saved.goodput.interval, saved.first_order);
    let count = |time: Seconds| show::number(time / step, 3);
    let own = format!("{} steps", count(best));
    if (first / best - 1.0).abs() < 0.02 {
        return own;
    }
    format!("{own}; by Daly's first order, with the recovery, {}: {} steps", show::duration(first), count(first))
}

fn not_priced(whole: &WholeBill) -> Vec<String> {
    let sentence = |line: &CostLine| match line.charge {
        Charge::NotPriced(why) => Some(format!("{}, not priced: {why}", line.label)),
        Charge::Contained(why) => Some(format!("{}: {why}", line.label)),
        Charge::Priced { .. } => None,
    };
    whole.bill.lines.iter().filter_map(sentence).collect()
}

fn sources(whole: &WholeBill) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in &whole.bill.lines {
        let Some(source) = whole.source(line) else { continue };
        let as_of = if source.as_of.is_empty() { String::new() } else { format!("{}, ", source.as_of) };
        let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
        found.push(format!("{}: {} ({as_of}{}){url}", line.label, source.title, source.kind));
    }
    found.extend(whole.failures.sources.iter().cloned());
    found
}
