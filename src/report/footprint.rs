//! Energy, power, carbon and water below an estimate.

use super::view::Section;
use crate::answer::place::Place;
use crate::answer::whole_bill::WholeBill;
use crate::cost::energy::meter_power;
use crate::reply::footprint::FootprintReply;
use crate::source::Source;
use crate::units::show;

/// Energy, power, carbon and water; what grows with uncertain hours has their range in brackets.
pub fn section(whole: &WholeBill, found: &FootprintReply) -> Option<Section> {
    let run = whole.footprint?;
    let ranged = if found.percentiles.is_empty() { "" } else { "; in brackets p10 to p90 by the hours" };
    let mut section =
        Section::facts(format!("Energy, carbon and water ({}){ranged}", whole.place.region().name)).on("energy");
    let value = |key: &str, value: f64, unit: &str| {
        let range = found.range(key).map(|[low, _, high]| format!(" ({} to {})", end(low), end(high)));
        format!("{} {unit}{}", show::number(value, 4), range.unwrap_or_default())
    };
    let kw = format!("{} kW a chip at the meter", show::number(meter_power(&run.power).kw(), 3));
    section.fact("energy", value("energy_facility_mwh", found.energy_facility_mwh, "MWh"), kw);
    if let Some(site) = run.site {
        let mw = |watts: crate::units::Watts| format!("{} MW", show::number(watts.kw() / 1e3, 3));
        let of =
            format!("average of {} chips; {} at most, all at its rating", show::chips(site.chips), mw(site.peak_it));
        section.fact("power of IT", mw(site.it), of);
        section.fact("power at the meter", mw(site.meter), format!("average; {} at most", mw(site.peak_meter)));
    }
    let year = run.grid_year.year.map_or_else(|| "of a year not named".into(), |year| format!("of {year}"));
    let intensity = show::number(found.carbon_intensity_g_per_kwh, 4);
    section.fact(
        "operational",
        value("operational_tco2e", found.operational_tco2e, "t CO2e"),
        format!("{intensity} g/kWh {year}, {}, {}", found.carbon_basis, found.accounting),
    );
    if let Some(card) = run.card {
        let tonnes = show::number(card.operational.tonnes(), 4);
        let less = match card.times_less {
            times if times > 1.0 => format!(": {} times less than at the meter", show::number(times, 3)),
            _ => String::new(),
        };
        let against = format!("{tonnes} t CO2e; the boards alone at their limit{less}");
        section.fact("as model cards count", format!("{} MWh", show::number(card.energy.mwh(), 4)), against);
    }
    let [least, most] = [found.embodied_least_tco2e, found.embodied_most_tco2e].map(|tonnes| show::number(tonnes, 3));
    section.fact(
        "embodied",
        value("embodied_tco2e", found.embodied_tco2e, "t CO2e"),
        format!("the run's part of making the hardware; {least} to {most} t by inventory"),
    );
    section.fact("water", value("water_m3", found.water_m3, "m3"), "on site and at the power plants");
    if Place::is_metered(whole.bill.view, &whole.terms) {
        electricity(&mut section, whole);
    }
    Some(section)
}

fn end(value: Option<f64>) -> String {
    value.map_or_else(|| "never".into(), |value| show::number(value, 3))
}

/// The price of electricity, as it is quoted.
fn electricity(section: &mut Section, whole: &WholeBill) {
    let Some(price) = whole.place.region().electricity else { return };
    let native = whole.place.region().native.as_ref().map(|native| {
        format!("{} {} at {} dollars; ", native.amount, native.currency, show::number(native.usd_per_unit, 4))
    });
    let known = |source: &Source| format!("{}, {}", source.as_of, source.kind);
    let source = whole.place.source("electricity.price").map(known).unwrap_or_default();
    let price = show::cents(price.usd_per_kwh(), 4) + "/kWh";
    section.fact("electricity", price, native.unwrap_or_default() + &source);
}
