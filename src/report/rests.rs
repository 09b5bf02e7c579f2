//! What an estimate rests on, in a few lines: price, speed, layout, what is uncertain, and what stands beside it.

use super::estimate::{checks, origin, short};
use super::step::chance;
use super::thresholds::named;
use super::view::{Section, Shown};
use crate::answer::whole_bill::WholeBill;
use crate::ask::estimate::{EstimateReply, MadeFrom};
use crate::cost::CostLine;
use crate::solve::Var;
use crate::units::{Chips, Seconds, Usd, show};

/// Lines of a bill that are named.
const LINES: usize = 3;
/// Ranges that are named.
const RANGES: usize = 2;

/// The lines.
pub fn section(reply: &EstimateReply) -> Section {
    let MadeFrom { answer, spread, .. } = &*reply.made_from;
    let mut section = Section::facts("It rests on").shown(Shown::Brief);
    let (chips, estimate) = (answer.estimate.chips, &answer.estimate);
    if chips.is_none() || estimate.total.wall_clock.is_none() {
        let lacks = if chips.is_none() { Var::Chips } else { Var::WallClock };
        let what = if chips.is_none() { "chips" } else { "wall-clock" };
        section.fact(what, "not known", crate::reply::result::missing(answer, lacks));
    }
    if let Some(joint) = reply.joint.as_ref().filter(|joint| joint.burn_in_days > 0.0) {
        let days = show::duration(Seconds::from_days(joint.burn_in_days));
        section.fact("burn-in", days, "of each delivery before it trains (--burn-in; assumed where not given)");
    }
    match &answer.price {
        Some(price) => section.fact("price", show::price(price.value), short(&price.origin)),
        None => section.fact("price", "not known", "give --price"),
    }
    if let (Some(mfu), Some(basis)) = (estimate.mfu, answer.basis) {
        let from = answer.mfu_origin.as_ref().map(short).unwrap_or_default();
        section.fact("MFU", show::percent(mfu.get()), format!("of the {basis} peak; {from}"));
    }
    if answer.scenario.terms.goodput.get() < 1.0 {
        section.fact("goodput", show::percent(answer.scenario.terms.goodput.get()), origin(answer, Var::Goodput));
    }
    if let (Some(step), Some(layout)) = (&reply.step, &reply.result.layout) {
        section.fact("step", show::duration(Seconds::new(step.step_seconds)), layout.clone());
        let fits = format!("of {}", show::prefixed(step.memory_capacity_bytes, "B", 3));
        let fits = format!("{fits}; fits with {}", chance(step.memory_fit_probability));
        section.fact("memory", show::prefixed(step.memory_bytes, "B", 3), fits);
        if step.chips_idle > 0 {
            let idle = show::chips(Chips::new(f64::from(step.chips_idle)));
            section.fact("held idle", idle, "no layout that uses them is faster");
        }
    }
    if let Some(kept) = &reply.arithmetic {
        let days = kept.wall_clock_days.map(|days| show::duration(Seconds::from_days(days))).unwrap_or_default();
        let cost = kept.cost_usd.map(|cost| format!(", {}", show::usd(Usd::new(cost)))).unwrap_or_default();
        section.fact("by arithmetic", days, format!("with the published hours kept{cost}"));
    }
    if let Some(found) = &reply.published {
        let ratio = format!("x {}", show::number(found.ratio, 3));
        section.fact("against print", ratio, format!("the published run `{}`", found.run));
    }
    if let Some(spread) = spread {
        super::ranges::limits(spread).into_iter().for_each(|said| section.fact("limit", "", said));
        let uncertain = super::ranges::uncertain(answer);
        let more = uncertain.len().saturating_sub(RANGES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = uncertain.iter().take(RANGES).cloned().collect::<Vec<_>>().join(", ");
        section.fact("uncertain", uncertain.len().to_string(), named + &more);
    }
    checks(reply).into_iter().for_each(|check| section.fact("check", "", check));
    if let Some(line) = reply.thresholds.as_ref().and_then(|rules| rules.reached.last().or(rules.next.as_ref())) {
        section.fact("next rule", show::percent(line.reached), format!("of {}", named(line)));
    }
    section
}

/// The largest lines of a bill, and what it varies by.
pub fn bill(whole: &WholeBill, reply: &EstimateReply) -> Section {
    let mut section = Section::facts(format!("Bill ({})", whole.bill.view.name())).shown(Shown::Brief);
    let amount = |line: &&CostLine| line.charge.amount().map_or(0.0, Usd::get);
    let mut lines: Vec<&CostLine> = whole.bill.lines.iter().filter(|line| amount(line) > 0.0).collect();
    lines.sort_by(|a, b| amount(b).total_cmp(&amount(a)));
    for line in lines.iter().take(LINES) {
        let kind = whole.source(line).map(|source| source.kind.to_string()).unwrap_or_default();
        section.fact(line.label, show::usd(Usd::new(amount(line))), kind);
    }
    if let Some(found) = &whole.commitment {
        let years = show::number(found.term.years(), 3);
        section.fact("reservation", show::usd(found.total), format!("of all the chips, over {years} y"));
    }
    let range = reply.bill.as_ref().and_then(|bill| bill.range);
    let total = whole.total().map_or_else(|| "not priced".to_owned(), show_usd);
    let between = range.map(|range| {
        let [low, high] = [range.programme_usd_p10, range.programme_usd_p90].map(show_usd);
        format!("{low} to {high} (p10 to p90)")
    });
    section.fact("with work around it", total, between.unwrap_or_default());
    section
}

fn show_usd(dollars: f64) -> String {
    show::usd(Usd::new(dollars))
}
