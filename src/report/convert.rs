//! The view of a conversion between chips.

use serde_json::{Value, json};

use super::json::{cell, head, maybe, number};
use super::step::{machine, seconds};
use super::view::{Records, Section, View};
use crate::Error;
use crate::answer::resolve::Answer;
use crate::ask::convert::{Conversion, Moved};
use crate::ask::layouts::{Part, parts, words};
use crate::units::{ChipSeconds, Price, Seconds, Usd, show};

/// Shows a conversion; `price` is the rent of the new chip.
///
/// # Errors
/// No layout on the new chip.
pub fn view(answer: &Answer, moved: &Conversion, price: Option<Price>, prefer_best: bool) -> Result<View, Error> {
    let headline = *moved.headline(prefer_best).map_err(Clone::clone)?;
    let (from, to) = (&moved.from.chip.name, &moved.to.chip.name);
    let [low, middle, high] = headline.hours.map(|hours| show::count(hours.gpu_hours(), 3));
    let mut view = View {
        title: format!("{} from {from} to {to}", answer.scenario.name),
        summary: format!(
            "{middle} GPU-hours on {to} ({low} to {high}, 80 %): {} x the hours on {from}.",
            show::number(headline.step.ratio, 3)
        ),
        ..View::default()
    };
    view.sections.push(hours(answer, moved, price));
    view.sections.push(reasons(&headline));
    let residual = show::number(moved.residual, 3);
    let mut notes = vec![
        format!("residual of the run's own stack: {residual} x the hours of its steps alone, carried over to {to}"),
        format!("geometric spread of the ratio: {} (an assumption)", show::number(headline.step.spread, 2)),
        format!("layout there: {}", words(&headline.step.after.layout)),
    ];
    if let Err(error) = &moved.same {
        notes.push(format!("the run's own layout cannot be kept: {}", error.message()));
    }
    if let Err(error) = &moved.best {
        notes.push(format!("no better layout: {}", error.message()));
    }
    view.note("How it was moved", notes);
    let mut assumptions = moved.assumptions.clone();
    assumptions.extend(answer.assumptions.iter().cloned());
    view.note("Assumptions", assumptions);
    view.records = records(answer, moved, price);
    view.json = json(answer, moved, &headline, price);
    Ok(view)
}

fn hours(answer: &Answer, moved: &Conversion, price: Option<Price>) -> Section {
    let mut section = Section::new("Hours", &["", "GPU-hours", "Days", "Chips", "Cost"]);
    let total = answer.estimate.total;
    let unknown = || "-".to_owned();
    section.row([
        format!("as it was, on {}", moved.from.chip.id),
        show::count(total.held.gpu_hours(), 4),
        total.wall_clock.map_or_else(unknown, |wall| show::number(wall.days(), 4)),
        show::chips(moved.chips),
        total.cost.map_or_else(unknown, show::usd),
    ]);
    for (name, layout) in [("same layout", &moved.same), ("best layouts", &moved.best)] {
        let Ok(layout) = layout else { continue };
        for (level, index) in [("p10", 0), ("p50", 1), ("p90", 2)] {
            let hours: ChipSeconds = layout.hours[index];
            section.row([
                format!("{name}, {level}"),
                show::count(hours.gpu_hours(), 4),
                show::number((hours / layout.chips).days(), 4),
                show::chips(layout.chips),
                price.map_or_else(unknown, |price| show::usd(hours * price)),
            ]);
        }
    }
    section
}

/// Which parts of the step shrank, and which did not.
fn reasons(moved: &Moved) -> Section {
    let mut section = Section::new("Why: the parts of one step", &["Part", "before", "after", "ratio"]);
    let shares = moved.step.before.tokens_per_step() / moved.step.after.tokens_per_step();
    let (before, after) = (parts(&moved.step.before.step), parts(&moved.step.after.step));
    let of = |parts: &[Part], key: &str| parts.iter().find(|part| part.key == key).map_or(0.0, |part| part.shown);
    let gone = after.iter().filter(|part| !before.iter().any(|other| other.key == part.key));
    for part in before.iter().chain(gone) {
        let (before, after) = (of(&before, part.key), of(&after, part.key) * shares); // for as many tokens as before
        if before.max(after) < moved.step.before.step.total().get() * 5e-4 {
            continue;
        }
        let ratio = if before > 0.0 { show::number(after / before, 3) } else { "-".into() };
        section.row([part.label.into(), seconds(before), seconds(after), ratio]);
    }
    let (before, after) = (moved.step.before.step.total(), moved.step.after.step.total() * shares);
    section.row(["step".into(), show::duration(before), show::duration(after), show::number(after / before, 3)]);
    section
}

fn records(answer: &Answer, moved: &Conversion, price: Option<Price>) -> Records {
    let columns =
        ["name", "from", "to", "layout", "level", "gpu_hours", "wall_clock_days", "chips", "cost_usd", "ratio"];
    let mut rows = Vec::new();
    for (name, layout) in [("same", &moved.same), ("best", &moved.best)] {
        let Ok(layout) = layout else { continue };
        for (level, hours) in ["p10", "p50", "p90"].into_iter().zip(layout.hours) {
            rows.push(vec![
                answer.scenario.name.clone(),
                moved.from.chip.id.clone(),
                moved.to.chip.id.clone(),
                name.into(),
                level.into(),
                cell(Some(hours.gpu_hours())),
                cell(Some((hours / layout.chips).days())),
                cell(Some(layout.chips.get())),
                cell(price.map(|price| (hours * price).get())),
                cell(Some(layout.step.ratio * (hours / layout.hours[1]))),
            ]);
        }
    }
    Records { columns: columns.map(str::to_owned).to_vec(), rows }
}

fn json(answer: &Answer, moved: &Conversion, headline: &Moved, price: Option<Price>) -> Value {
    let mut json = head("convert");
    let total = answer.estimate.total;
    let mut result = levels(headline, price);
    if let (Some(map), Value::Object(p50)) = (result.as_object_mut(), level(headline, 1, price)) {
        map.extend(p50);
        map.insert("ratio".into(), number(headline.step.ratio));
        map.insert("spread".into(), number(headline.step.spread));
        map.insert("residual".into(), number(moved.residual));
    }
    let layouts = |moved: &Result<Moved, Error>| match moved {
        Ok(moved) => {
            let mut json = levels(moved, price);
            if let Some(map) = json.as_object_mut() {
                map.insert("ratio".into(), number(moved.step.ratio));
                map.insert("before".into(), machine(&moved.step.before));
                map.insert("after".into(), machine(&moved.step.after));
            }
            json
        }
        Err(error) => json!({ "reason": error.message() }),
    };
    let body = json!({
        "name": answer.scenario.name,
        "from": {
            "gpu": moved.from.chip.id, "gpu_hours": number(total.held.gpu_hours()), "chips": number(moved.chips.get()),
            "wall_clock_days": maybe(total.wall_clock.map(Seconds::days)), "cost_usd": maybe(total.cost.map(Usd::get)),
        },
        "to": { "gpu": moved.to.chip.id, "usd_per_gpu_hour": maybe(price.map(Price::usd_per_hour)) },
        "result": result,
        "same_layout": layouts(&moved.same),
        "best_layout": layouts(&moved.best),
        "assumptions": moved.assumptions,
        "warnings": answer.warnings,
    });
    if let (Some(map), Value::Object(body)) = (json.as_object_mut(), body) {
        map.extend(body);
    }
    json
}

fn levels(moved: &Moved, price: Option<Price>) -> Value {
    json!({ "p10": level(moved, 0, price), "p50": level(moved, 1, price), "p90": level(moved, 2, price) })
}

fn level(moved: &Moved, index: usize, price: Option<Price>) -> Value {
    let hours = moved.hours[index];
    json!({
        "gpu_hours": number(hours.gpu_hours()),
        "wall_clock_days": number((hours / moved.chips).days()),
        "chips": number(moved.chips.get()),
        "cost_usd": maybe(price.map(|price| (hours * price).get())),
    })
}
