//! Renting, owning and selling again beside each other.

use super::view::Section;
use crate::answer::owning::Owning;
use crate::answer::whole_bill::{Owned, WholeBill};
use crate::cost::holding::Holding;
use crate::units::show;

/// What an hour costs, and what the chips cost over the run and over their life.
pub fn sections(whole: &WholeBill) -> Vec<Section> {
    let Some(owned) = whole.owned else { return Vec::new() };
    let mut sections = vec![hour(whole, owned)];
    sections.extend(whole.owning.as_ref().map(beside));
    sections
}

fn hour(whole: &WholeBill, Owned { hour, rented, break_even }: Owned) -> Section {
    let mut section = Section::facts("Owning against renting").on("owning");
    let used = show::percent(whole.terms.own.utilisation.get());
    section.fact("an owned GPU-hour", show::price(hour), format!("at {used} of the hours used"));
    if let Some(rent) = rented {
        section.fact("a rented one", show::price(rent), "");
    }
    if let Some(even) = break_even {
        let remark = if even > 1.0 { "owning never pays at this rent" } else { "above it owning is cheaper" };
        section.fact("break-even use", show::percent(even), remark);
    }
    if rented.is_some() {
        let after = whole.owning.and_then(|owning| owning.pays_after);
        let years = after.map_or("never".into(), |after| format!("{} y", show::number(after.years(), 3)));
        section.fact("break-even time", years, format!("the rent saved at {used} of use has paid for the purchase"));
    }
    section
}

fn beside(found: &Owning) -> Section {
    let whose = if found.counted { show::counted(show::chips(found.chips), "chip") } else { "one chip".into() };
    let columns = if found.run.is_some() { ["", "The run, then sold", "Their life"] } else { ["", "", "Their life"] };
    let mut section = Section::new(format!("Rented, owned and sold: {whose}"), &columns).on("owning");
    let [run, life] = found.break_even;
    let mut row = |label: &str, of: &dyn Fn(&Holding, Option<f64>) -> String| {
        let first = found.run.as_ref().map(|held| of(held, run)).unwrap_or_default();
        section.row([label.into(), first, of(&found.life, life)]);
    };
    row("time", &|held, _| show::duration(held.time));
    row("hours owned", &|held, _| show::count(held.owned.gpu_hours(), 4));
    row("hours used", &|held, _| show::count(held.used.gpu_hours(), 4));
    row("purchase", &|held, _| show::usd(held.bought));
    row("resale", &|held, _| show::usd(held.resale));
    row("owned, all in all", &|held, _| show::usd(held.cost));
    row("rent of the hours used", &|held, _| held.rent.map_or("-".into(), show::usd));
    row("owning saves", &|held, _| held.rent.map_or("-".into(), |rent| show::usd(rent - held.cost)));
    row("break-even use", &|_, even| even.map_or("-".into(), show::percent));
    section
}
