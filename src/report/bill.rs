//! The whole bill below an estimate: lines with sources, what owning costs, emissions, failures.

use serde_json::{Map, Value, json};

use super::json::{cell, maybe, number};
use super::view::{Section, View};
use crate::answer::whole_bill::{Failures, Owned, WholeBill, unit_price};
use crate::ask::decompose::Decomposition;
use crate::cost::energy::meter_power;
use crate::cost::{Charge, CostLine, Scope};
use crate::hardware::region::GRID_BASES;
use crate::units::{Seconds, Usd, show};

/// Adds a bill to the view of its estimate.
pub fn add(view: &mut View, whole: &WholeBill) {
    view.summary += &summary(whole);
    view.sections.push(lines(whole));
    view.sections.extend(owned(whole));
    view.sections.extend(reservation(whole));
    view.sections.extend(footprint(whole));
    view.sections.extend(whole.failures.as_ref().map(failures));
    view.note("Not in these totals", not_priced(whole));
    view.note("Assumptions of the bill", whole.assumptions.clone());
    view.note("Sources of the bill", sources(whole));
    if let Some(json) = view.json.as_object_mut() {
        if let Some(warnings) = json.get_mut("warnings").and_then(Value::as_array_mut) {
            warnings.extend(whole.warnings.iter().map(|text| Value::from(text.as_str())));
        }
        json.insert("bill".into(), machine(whole));
        json.insert("cost_lines".into(), whole.bill.lines.iter().map(|line| machine_line(whole, line)).collect());
        json.insert("footprint".into(), machine_footprint(whole));
        if let Some(result) = json.get_mut("result").and_then(Value::as_object_mut) {
            result.insert("bill".into(), short(whole));
        }
    }
    records(view, whole);
}

/// The totals and the amount of each line: what a script asks for first.
fn short(whole: &WholeBill) -> Value {
    let priced = chips_not_priced(whole).is_none();
    let amount = |line: &CostLine| (line.label.to_owned(), maybe(line.charge.amount().map(Usd::get)));
    json!({
        "view": whole.bill.view.name(),
        "final_run_usd": maybe(priced.then(|| whole.bill.final_run().get())),
        "programme_usd": maybe(priced.then(|| whole.bill.programme().get())),
        "lines": whole.bill.lines.iter().map(amount).collect::<Map<_, _>>(),
    })
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
    if let Some(why) = chips_not_priced(whole) {
        return format!(" Bill ({}): the chips are not priced: {why}.", whole.bill.view.name());
    }
    let (run, all) = (show::usd(whole.bill.final_run()), show::usd(whole.bill.programme()));
    format!(" Bill ({}): {run} for the run, {all} with the work around it.", whole.bill.view.name())
}

/// Why holding the chips has no price, if it has none.
fn chips_not_priced(whole: &WholeBill) -> Option<&'static str> {
    whole.bill.not_priced().find_map(|line| match line.charge {
        Charge::NotPriced(why) if line.scope == Scope::Chips => Some(why),
        _ => None,
    })
}

/// Adds what a published figure counts and what it leaves out.
pub fn add_decomposition(view: &mut View, found: &Decomposition) {
    let mut section = Section::facts("Why a few million and a billion can both be right");
    let hours = show::count(found.final_hours.gpu_hours(), 4);
    section.fact("final run", show::usd(found.final_run), format!("{hours} GPU-hours at an assumed rent"));
    let [low, middle, high] = found.programme_compute.map(show::usd);
    section.fact("all compute", middle, format!("{low} to {high}: experiments and failed runs"));
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
    let counts = |headline: &crate::ask::decompose::Headline| format!("{}: {}", headline.title, headline.counts);
    view.note("What the figures in print count", found.headlines.iter().map(counts).collect());
    if let Some(json) = view.json.as_object_mut() {
        json.insert(
            "decomposition".into(),
            json!({
                "final_run_usd": number(found.final_run.get()),
                "all_compute_usd": found.programme_compute.map(|amount| number(amount.get())),
                "people_usd": number(found.staff.get()),
                "fleet_chips": number(found.chips.get()),
                "fleet_purchase_usd": number(found.fleet_purchase.get()),
                "fleet_year_usd": number(found.fleet_year.get()),
                "final_run_share_of_fleet_year": number(found.share_of_year.get()),
                "final_run_owned_usd": number(found.final_run_owned.get()),
                "not_priced": found.not_priced,
                "headlines": found.headlines.iter().map(|headline| json!({
                    "title": headline.title, "amount_usd": number(headline.amount.get()), "counts": headline.counts,
                })).collect::<Vec<_>>(),
            }),
        );
    }
}

fn lines(whole: &WholeBill) -> Section {
    let mut section =
        Section::new(format!("Bill ({})", whole.bill.view.name()), &["", "Quantity", "Price", "Amount", "Known"]);
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
    if chips_not_priced(whole).is_some() {
        total("Without the chips", whole.bill.programme());
    } else {
        total("The run", whole.bill.final_run());
        total("With work around it", whole.bill.programme());
    }
    section
}

/// A price of a unit: cents while they matter.
fn dollars(price: f64) -> String {
    if price.abs() >= 0.01 || price == 0.0 {
        show::usd(Usd::new(price))
    } else {
        format!("${}", show::number(price, 2))
    }
}

fn owned(whole: &WholeBill) -> Option<Section> {
    let Owned { hour, rented, break_even } = whole.owned?;
    let mut section = Section::facts("Owning against renting");
    let used = show::percent(whole.terms.own.utilisation.get());
    section.fact("an owned GPU-hour", show::price(hour), format!("at {used} of the hours used"));
    if let Some(rent) = rented {
        section.fact("a rented one", show::price(rent), "");
    }
    if let Some(even) = break_even {
        let remark = if even > 1.0 { "owning never pays at this rent" } else { "above it owning is cheaper" };
        section.fact("break-even use", show::percent(even), remark);
    }
    Some(section)
}

/// What a reservation costs beside what the run uses of it.
fn reservation(whole: &WholeBill) -> Option<Section> {
    let found = whole.commitment?;
    let mut section = Section::facts("The reservation");
    section.fact("term", format!("{} y", show::number(found.term.years(), 3)), "paid to its end, used or not");
    section.fact("total", show::usd(found.total), "of all the chips, over the term or a longer run");
    section.fact(
        "this run",
        show::usd(found.total * found.used.get()),
        format!("{} of it", show::percent(found.used.get())),
    );
    section.fact("for other work", show::usd(found.total * (1.0 - found.used.get())), "not in the bill");
    Some(section)
}

fn footprint(whole: &WholeBill) -> Option<Section> {
    let (print, grid, power) = (whole.footprint?, whole.grid?, whole.terms.own.power?);
    let mut section = Section::facts(format!("Energy, carbon and water ({})", whole.region.name));
    let kw = format!("{} kW a chip at the meter", show::number(meter_power(&power).kw(), 3));
    section.fact("energy", format!("{} MWh", show::number(print.energy.facility.mwh(), 4)), kw);
    let basis = GRID_BASES.iter().find(|(_, basis)| *basis == grid.basis).map_or("", |(name, _)| name);
    let intensity = show::number(grid.intensity.g_per_kwh(), 4);
    let tonnes = |kg: crate::units::KgCo2e| format!("{} t CO2e", show::number(kg.tonnes(), 4));
    section.fact("operational", tonnes(print.operational), format!("{intensity} g/kWh, {basis}, location-based"));
    section.fact("embodied", tonnes(print.embodied), "the run's part of making the hardware");
    section.fact("water", format!("{} m3", show::number(print.water_m3, 4)), "on site and at the power plants");
    Some(section)
}

fn failures(found: &Failures) -> Section {
    let mut section = Section::facts("Failures at this size (a model, not in the hours above)");
    section.fact("a failure every", show::duration(found.stops.mtbf), "");
    let pause = show::duration(found.stops.checkpoint);
    section.fact("checkpoint every", show::duration(found.goodput.interval), format!("each holds the job for {pause}"));
    section.fact("goodput, failures", show::percent(found.goodput.from_failures.get()), "at that interval");
    section.fact("goodput, all losses", show::percent(found.goodput.total.get()), "stragglers, stops, evaluation");
    section.fact("spare chips", show::chips(found.spares), "in whole nodes, for repairs");
    section
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
    found
}

fn machine(whole: &WholeBill) -> Value {
    let priced = chips_not_priced(whole).is_none();
    json!({
        "view": whole.bill.view.name(),
        "final_run_usd": maybe(priced.then(|| whole.bill.final_run().get())),
        "programme_usd": maybe(priced.then(|| whole.bill.programme().get())),
        "priced_lines_usd": number(whole.bill.programme().get()),
        "reason": chips_not_priced(whole),
        "owned_usd_per_gpu_hour": maybe(whole.owned.map(|owned| owned.hour.usd_per_hour())),
        "break_even_utilisation": maybe(whole.owned.and_then(|owned| owned.break_even)),
        "commitment": whole.commitment.map(|found| json!({
            "term_years": number(found.term.years()),
            "total_usd": number(found.total.get()),
            "used_by_this_run": number(found.used.get()),
        })),
        "region": whole.region.id,
        "assumptions": whole.assumptions,
        "failures": whole.failures.as_ref().map(|found| json!({
            "mtbf_hours": number(found.stops.mtbf.hours()),
            "checkpoint_interval_s": number(found.goodput.interval.get()),
            "checkpoint_pause_s": number(found.stops.checkpoint.get()),
            "goodput_failures": number(found.goodput.from_failures.get()),
            "goodput": number(found.goodput.total.get()),
            "spare_chips": number(found.spares.get()),
        })),
    })
}

fn machine_line(whole: &WholeBill, line: &CostLine) -> Value {
    let source = whole.source(line);
    json!({
        "label": line.label,
        "quantity": number(line.quantity),
        "unit": line.unit,
        "price": maybe(unit_price(line)),
        "price_unit": line.price_unit,
        "amount_usd": maybe(line.charge.amount().map(Usd::get)),
        "reason": match line.charge {
            Charge::Contained(why) | Charge::NotPriced(why) => Value::from(why),
            Charge::Priced { .. } => Value::Null,
        },
        "scope": match line.scope { Scope::Chips | Scope::FinalRun => "final_run", Scope::Programme => "programme" },
        "source": source.map(|source| json!({
            "title": source.title, "url": source.url, "as_of": source.as_of, "kind": source.kind.to_string(),
            "note": source.note,
        })),
    })
}

fn machine_footprint(whole: &WholeBill) -> Value {
    let (Some(print), Some(grid)) = (whole.footprint, whole.grid) else { return Value::Null };
    json!({
        "energy_it_mwh": number(print.energy.it.mwh()),
        "energy_facility_mwh": number(print.energy.facility.mwh()),
        "operational_tco2e": number(print.operational.tonnes()),
        "embodied_tco2e": number(print.embodied.tonnes()),
        "water_m3": number(print.water_m3),
        "carbon_intensity_g_per_kwh": number(grid.intensity.g_per_kwh()),
        "accounting": "location-based",
        "region": whole.region.id,
    })
}

/// A duration for a JSON value, in days.
pub fn days(time: Option<Seconds>) -> Value {
    maybe(time.map(Seconds::days))
}
