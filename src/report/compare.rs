//! The view of a comparison, and answers read back from JSON.

use serde_json::{Value, json};

use super::json::{cell, head, maybe, number};
use super::view::{Records, Section, View};
use crate::Error;
use crate::ask::compare::{Difference, Side, TARGETS, Target, difference};
use crate::ask::reply::SCHEMA_VERSION;
use crate::units::{ChipSeconds, Chips, FlopPerSecond, Price, Quantity as _, Seconds, Usd, show};

/// What the sides are called in the tables.
const LETTERS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// The most sides that a page holds.
pub const MOST_SIDES: usize = LETTERS.len();

/// Reads an answer of `estimate --format json`.
///
/// # Errors
/// A text that is no such answer, or of another schema.
pub fn saved(file: &str, text: &str) -> Result<Side, Error> {
    let wrong = |why: String| {
        let error = Error::bad_file(format!("{file} is no saved answer: {why}"));
        error.with_hint("save one with `flopbill estimate ... -o FILE.json`")
    };
    let json: Value = serde_json::from_str(text).map_err(|trouble| wrong(trouble.to_string()))?;
    match (json.get("command").and_then(Value::as_str), json.get("schema_version").and_then(Value::as_u64)) {
        // What is read below has the same keys and meanings in both.
        (Some("estimate"), Some(version)) if (1..=u64::from(SCHEMA_VERSION)).contains(&version) => {}
        (Some("estimate"), version) => {
            let version = version.map_or_else(|| "missing".to_owned(), |version| version.to_string());
            return Err(wrong(format!("its schema_version is {version}, and 1 to {SCHEMA_VERSION} are read")));
        }
        (command, _) => return Err(wrong(format!("it answers {}", command.unwrap_or("nothing")))),
    }
    let result = |key: &str| json.pointer(&format!("/result/{key}")).and_then(Value::as_f64);
    let input = |key: &str| json.get("inputs").and_then(|inputs| inputs.get(key)).and_then(|input| input.get("value"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| input(key).and_then(Value::as_f64);
    let params = number("run.active_params").or_else(|| number("run.params"));
    let flop = result("flop");
    let stem = std::path::Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or(file);
    Ok(Side {
        name: text(json.get("name")).map_or_else(|| stem.to_owned(), |name| format!("{name} ({stem})")),
        chip: text(input("run.gpu")),
        hours: result("gpu_hours").map(ChipSeconds::from_gpu_hours),
        wall: result("wall_clock_days").map(Seconds::from_days),
        cost: result("cost_usd").map(Usd::new),
        price: result("usd_per_gpu_hour").map(Price::from_usd_per_hour),
        chips: result("chips"),
        params,
        tokens: flop.zip(params).map(|(flop, params)| flop / (6.0 * params)),
        flop,
        peak: result("peak_flop_per_second").map(FlopPerSecond::new),
        mfu: result("mfu"),
        goodput: result("goodput"),
        mfu_origin: text(json.pointer("/result/mfu_origin")),
    })
}

/// One line of the table: its label, how a side's value is shown, and the value behind it.
type Line = (&'static str, fn(&Side) -> Option<f64>, fn(f64) -> String);

const LINES: [Line; 11] = [
    ("GPU-hours", |side| side.hours.map(ChipSeconds::gpu_hours), |value| show::count(value, 4)),
    ("days", |side| side.wall.map(Seconds::days), |value| show::number(value, 4)),
    ("cost", |side| side.cost.map(Usd::get), |value| show::money(Usd::new(value), 4)),
    ("chips", |side| side.chips, |value| show::chips(Chips::new(value))),
    ("price", |side| side.price.map(|price| price.base()), |value| show::price(Price::new(value))),
    ("tokens", |side| side.tokens, |value| show::count(value, 4)),
    ("active parameters", |side| side.params, |value| show::count(value, 4)),
    ("model FLOPs", |side| side.flop, |value| show::number(value, 4)),
    ("peak of the chip", |side| side.peak.map(|peak| peak.get()), |value| show::prefixed(value, "FLOP/s", 4)),
    ("MFU", |side| side.mfu, show::percent),
    ("goodput", |side| side.goodput, show::percent),
];

/// Shows answers side by side, each against the first.
pub fn view(sides: &[Side]) -> View {
    let differences: Vec<(usize, Difference)> = sides
        .iter()
        .enumerate()
        .skip(1)
        .flat_map(|(index, side)| {
            let found = TARGETS.iter().filter_map(move |(target, _)| difference(sides.first()?, side, *target));
            found.map(move |found| (index, found))
        })
        .collect();
    let mut view = View { title: format!("{} answers side by side", sides.len()), ..View::default() };
    view.summary = verdict(sides, &differences);
    view.sections.push(table(sides));
    for (index, found) in differences.iter().filter(|(_, found)| found.target != Target::Hours) {
        view.sections.extend(why(*index, found));
    }
    let named = |(letter, side): (&&str, &Side)| {
        let on = side.chip.as_ref().map(|chip| format!(" on {chip}")).unwrap_or_default();
        format!("{letter}: {}{on}", side.name)
    };
    view.notes
        .insert(0, super::view::Notes { heading: "Sides", lines: LETTERS.iter().zip(sides).map(named).collect() });
    let origin = |(letter, side): (&&str, &Side)| Some(format!("MFU of {letter}: {}", side.mfu_origin.as_ref()?));
    view.note("Assumptions", LETTERS.iter().zip(sides).filter_map(origin).collect());
    view.records = records(sides);
    view.json = machine(sides, &differences, &view.summary);
    view
}

fn letter(index: usize) -> &'static str {
    LETTERS.get(index).copied().unwrap_or("?")
}

fn table(sides: &[Side]) -> Section {
    let two = sides.len() == 2;
    let mut columns = vec![""];
    columns.extend(LETTERS.iter().take(sides.len()));
    columns.extend(two.then_some("B / A"));
    let mut section = Section::new("Side by side", &columns);
    let mut chip = vec!["chip".to_owned()];
    chip.extend(sides.iter().map(|side| side.chip.clone().unwrap_or_else(|| "-".into())));
    chip.extend(two.then(String::new));
    section.rows.push(chip);
    for (label, value, show) in LINES {
        if sides.iter().all(|side| value(side).is_none()) {
            continue;
        }
        let mut row = vec![label.to_owned()];
        row.extend(sides.iter().map(|side| value(side).map_or_else(|| "-".into(), show)));
        if let [from, to] = sides {
            row.push(value(from).zip(value(to)).map(|(from, to)| show::number(to / from, 4)).unwrap_or_default());
        }
        section.rows.push(row);
    }
    section
}

/// Which factors make the ratio, the largest first.
fn why(index: usize, found: &Difference) -> Option<Section> {
    if found.factors.is_empty() {
        return None;
    }
    let name = name(found.target);
    let heading = format!("Why the {name} of {} is {} x that of A", letter(index), show::number(found.ratio, 4));
    let mut section = Section::new(heading, &["Factor", "A", "other", "x", "log-share"]);
    for factor in &found.factors {
        let show = |value: f64| match LINES.iter().find(|(label, _, _)| *label == factor.name) {
            Some((_, _, show)) if factor.name != "GPU-hours" => show(value),
            _ => show::count(ChipSeconds::new(value).gpu_hours(), 4),
        };
        let (from, to) = factor.values.map(|(from, to)| (show(from), show(to))).unwrap_or_default();
        let share = if factor.share.is_finite() { show::percent(factor.share) } else { "-".into() };
        section.row([factor.name.into(), from, to, show::number(factor.ratio, 4), share]);
    }
    Some(section)
}

fn name(target: Target) -> &'static str {
    TARGETS.iter().find(|(known, _)| *known == target).map_or("", |(_, name)| name)
}

/// One sentence: how far apart they are, and by what most.
fn verdict(sides: &[Side], differences: &[(usize, Difference)]) -> String {
    let least = |value: fn(&Side) -> Option<f64>| {
        let known = sides.iter().enumerate().filter_map(|(index, side)| Some((index, value(side)?)));
        known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| letter(index))
    };
    let say = |(index, found): &(usize, Difference)| {
        let (what, letter) = (name(found.target), letter(*index));
        let ratio = show::number(found.ratio, 3);
        match found.factors.first() {
            None => format!("the {what} of {letter} is that of A"),
            Some(first) => {
                let by = format!("most by the {} (x {})", first.name, show::number(first.ratio, 3));
                format!("the {what} of {letter} is {ratio} x that of A, {by}")
            }
        }
    };
    let told: Vec<String> = differences.iter().filter(|(_, found)| found.target != Target::Hours).map(say).collect();
    let mut text = match (least(|side| side.cost.map(Usd::get)), least(|side| side.wall.map(Seconds::days))) {
        (Some(cheapest), Some(fastest)) if cheapest == fastest && told.is_empty() => "They are the same".to_owned(),
        (Some(cheapest), Some(fastest)) if cheapest == fastest => format!("{cheapest} is the cheapest and the fastest"),
        (Some(cheapest), Some(fastest)) => format!("{cheapest} is the cheapest, {fastest} the fastest"),
        _ => "Not all are priced and timed".to_owned(),
    };
    if !told.is_empty() {
        text += &format!(": {}", told.join("; "));
    }
    text + "."
}

fn records(sides: &[Side]) -> Records {
    let columns = ["side", "name", "gpu"].map(str::to_owned).into_iter();
    let keys = KEYS.iter().map(|(key, _)| (*key).to_owned());
    let rows = sides.iter().enumerate().map(|(index, side)| {
        let mut row = vec![letter(index).to_owned(), side.name.clone(), side.chip.clone().unwrap_or_default()];
        row.extend(KEYS.iter().map(|(_, value)| cell(value(side))));
        row
    });
    Records { columns: columns.chain(keys).collect(), rows: rows.collect() }
}

/// A number of a side and the key that names its unit.
type Key = (&'static str, fn(&Side) -> Option<f64>);

/// What machines get of a side.
const KEYS: [Key; 11] = [
    ("gpu_hours", |side| side.hours.map(ChipSeconds::gpu_hours)),
    ("wall_clock_days", |side| side.wall.map(Seconds::days)),
    ("cost_usd", |side| side.cost.map(Usd::get)),
    ("chips", |side| side.chips),
    ("usd_per_gpu_hour", |side| side.price.map(Price::usd_per_hour)),
    ("tokens", |side| side.tokens),
    ("active_params", |side| side.params),
    ("flop", |side| side.flop),
    ("peak_flop_per_second", |side| side.peak.map(|peak| peak.get())),
    ("mfu", |side| side.mfu),
    ("goodput", |side| side.goodput),
];

fn machine(sides: &[Side], differences: &[(usize, Difference)], verdict: &str) -> Value {
    let mut json = head("compare");
    let side = |(index, side): (usize, &Side)| {
        let mut json = json!({ "side": letter(index), "name": side.name, "gpu": side.chip });
        if let Some(map) = json.as_object_mut() {
            map.extend(KEYS.iter().map(|(key, value)| ((*key).to_owned(), maybe(value(side)))));
        }
        json
    };
    let factor = |factor: &crate::ask::compare::Factor| json!({ "factor": factor.name, "ratio": number(factor.ratio), "log_share": number(factor.share) });
    let difference = |(index, found): &(usize, Difference)| {
        json!({
            "from": "A", "to": letter(*index), "of": name(found.target), "ratio": number(found.ratio),
            "factors": found.factors.iter().map(factor).collect::<Vec<_>>(),
        })
    };
    if let Some(map) = json.as_object_mut() {
        map.insert("sides".into(), sides.iter().enumerate().map(side).collect());
        let differences: Vec<Value> = differences.iter().map(difference).collect();
        map.insert("result".into(), json!({ "verdict": verdict, "differences": differences }));
    }
    json
}
