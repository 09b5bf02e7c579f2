//! Places: the price of their electricity, their grid, and what a bill makes of them. Values are worked by hand from the
//! sources that the profiles name.

use flopbill::Catalog;
use flopbill::internals::answer::answer;
use flopbill::internals::answer::footprint::SitePower;
use flopbill::internals::answer::whole_bill::{BillQuestion, Choices, WholeBill, whole_bill};
use flopbill::internals::catalog::{Found, Kind, region::region};
use flopbill::internals::cost::View;
use flopbill::internals::cost::defaults::PowerBasis;
use flopbill::internals::cost::energy::Power;
use flopbill::internals::hardware::region::{GridBasis, Region};
use flopbill::internals::input::question::Question;
use flopbill::internals::read::Document;
use flopbill::internals::source::SourceKind;
use flopbill::internals::units::*;

use crate::close::close;

fn read(text: &str) -> Result<Region, String> {
    let document = Document::new("here.toml", text.to_owned());
    let found = Found { id: "here".into(), document, from_user: true };
    region(&found).map(|profile| profile.region).map_err(|error| format!("{error} {:?}", error.hint()))
}

fn bill(run: &str, view: View, choices: Choices) -> WholeBill {
    let catalog = Catalog::built_in();
    let answer = answer(&Question::about(run, &catalog).unwrap(), &catalog).unwrap();
    let run = Choices { run: answer.spec.date, ..choices };
    whole_bill(&BillQuestion::of(&answer).unwrap(), view, &run, &catalog).unwrap()
}

fn at(region: &str) -> Choices {
    Choices { region: Some(region.into()), ..Choices::default() }
}

/// One row for each kind of source: price, date, kind, and the amount and rate that a price in another money is made of.
#[test]
fn prices_of_electricity_are_those_of_their_sources() {
    use SourceKind::{Assumption, Published, Quoted};
    let catalog = Catalog::built_in();
    for (id, usd, as_of, kind, native) in [
        ("usa", 0.0862, "2025", Published, None),
        ("usa-texas", 0.0655, "2025", Quoted, None), // the year, not the summer month at 0.0707
        ("usa-california", 0.2162, "2025", Quoted, None),
        ("germany", 0.1460, "2025-12", Published, Some((0.1307, "EUR", 1.1172))), // 0.14602; band IG, not ID at 0.1922
        ("france", 0.0686, "2025-12", Published, Some((0.0614, "EUR", 1.1172))),
        ("eu", 0.1224, "2025-12", Published, Some((0.1096, "EUR", 1.1172))),
        ("sweden", 0.0714, "2025-12", Quoted, Some((0.0639, "EUR", 1.1172))),
        ("norway", 0.0456, "2025-12", Quoted, Some((0.0408, "EUR", 1.1172))),
        ("finland", 0.0588, "2025-06", Quoted, Some((0.0526, "EUR", 1.1172))), // band IE is nearer to 20 MW than ID
        ("spain", 0.1331, "2025-12", Quoted, Some((0.1191, "EUR", 1.1172))),
        ("united-kingdom", 0.2981, "2026-06", Published, Some((0.22249, "GBP", 1.33989))),
        ("china", 0.088, "2024", Quoted, None),
        ("china-guizhou", 0.0943, "2025-06", Quoted, Some((0.63093, "CNY", 0.14943))),
        ("china-inner-mongolia", 0.0732, "2025-06", Quoted, Some((0.49, "CNY", 0.14943))),
        ("china-shanghai", 0.1118, "2025-06", Assumption, Some((0.7484, "CNY", 0.14943))), // what it cites is no tariff
        ("taiwan", 0.1341, "2025-10", Quoted, Some((4.27, "TWD", 0.0313947))),
        ("south-korea", 0.1389, "2026-02", Quoted, Some((185.5, "KRW", 0.000748914))),
        ("singapore", 0.1919, "2024-11", Published, None),
        ("india-tamil-nadu", 0.0887, "2025", Quoted, Some((8.42542, "INR", 0.0105313))),
        ("saudi-arabia", 0.0533, "2025", Quoted, Some((0.2, "SAR", 0.266667))),
        ("canada-quebec", 0.0439, "2025-04", Quoted, Some((0.06137, "CAD", 0.715879))),
        ("south-africa", 0.1168, "2026-04", Quoted, Some((1.95, "ZAR", 0.0599179))), // 0.040 is contradicted by the booklet
    ] {
        let found = catalog.region(id).unwrap();
        close(found.region.electricity.unwrap().usd_per_kwh(), usd, 1e-9);
        let source = found.sources.of("electricity.price").unwrap();
        assert_eq!(
            (source.as_of.as_str(), source.kind, found.taken_from("electricity.price")),
            (as_of, kind, None),
            "{id}"
        );
        let kept = found.region.native.as_ref();
        assert_eq!(kept.map(|kept| (kept.amount, kept.currency.as_str(), kept.usd_per_unit)), native, "{id}");
        if let Some((amount, _, rate)) = native {
            close(amount * rate, usd, 2e-3);
            assert!(source.note.as_ref().unwrap().contains(&format!("{rate}")), "{id}: {:?}", source.note);
        }
    }
}

#[test]
fn every_place_has_a_price_of_its_own_or_says_whose_it_takes() {
    let catalog = Catalog::built_in();
    let (mut own, mut of_parents, mut assumed) = (0, 0, 0);
    for id in catalog.ids(Kind::Regions) {
        let found = catalog.region(&id).unwrap();
        let source = found.sources.of("electricity.price").unwrap();
        match (found.taken_from("electricity.price"), source.kind) {
            (None, _) if id != "world" => own += 1,
            (Some("World"), SourceKind::Assumption) => assumed += 1,
            (Some(from), SourceKind::Published | SourceKind::Quoted) => {
                assert!(["China", "European Union"].contains(&from), "{id} takes {from}'s");
                of_parents += 1;
            }
            (from, kind) => assert!(id == "world" && kind == SourceKind::Assumption, "{id}: {from:?}, {kind}"),
        }
        if let Some(native) = &found.region.native {
            let made = native.amount * native.usd_per_unit;
            close(made, found.region.electricity.unwrap().usd_per_kwh(), 6e-3);
        }
    }
    assert_eq!(catalog.ids(Kind::Regions).len(), 117 + 28, "20 states, 3 and 4 provinces and states, and Dubai");
    assert_eq!((own, of_parents, assumed), (86, 27, 31));
    assert_eq!(catalog.find(Kind::Regions, "us-tx").unwrap().id, "usa-texas");
}

#[test]
fn a_price_that_its_amount_and_rate_do_not_make_is_refused() {
    let sources = "[sources]\n\"*\" = { title = \"t\", as_of = \"2025\", kind = \"published\" }\n";
    let of = |electricity: &str| read(&format!("name = \"Here\"\n[electricity]\n{electricity}\n{sources}"));
    let whole =
        "price = \"$0.146/kWh\"\nnative = 0.1307\ncurrency = \"EUR\"\nusd_per_unit = 1.1172\nrate_date = \"2026-10\"";
    assert_eq!(of(whole).unwrap().native.unwrap().currency, "EUR");
    for (wrong, words) in [
        (whole.replace("0.146", "0.1307"), "0.1307 EUR at 1.1172 dollars are $0.146/kWh"),
        (whole.replace("native = 0.1307\n", ""), "`native` is missing in [electricity]"),
        (whole.replace("rate_date = \"2026-10\"", ""), "`rate_date` is missing in [electricity]"),
        (whole.replace("native = 0.1307", "native = -0.1307"), "`native` cannot be negative"),
        (whole.replace("usd_per_unit = 1.1172", "usd_per_unit = inf"), "`usd_per_unit` takes a finite number"),
        (whole.replace("$0.146", "$-0.146"), "an electricity price cannot be negative"),
    ] {
        let error = of(&wrong).unwrap_err();
        assert!(error.contains(words), "{wrong}: {error}");
    }
    let grid = |more: &str| read(&format!("name = \"Here\"\n[grid]\n{more}\n{sources}"));
    let two = "carbon = \"40 g/kWh\"\nyear = 2024\nother_years = [{ year = 2024, carbon = \"50 g/kWh\" }]";
    assert!(grid(two).unwrap_err().contains("gives a year twice"));
    assert!(grid(&two.replacen("2024", "24", 1)).unwrap_err().contains("from 1990 to 2100"));
    assert!(grid(&two.replacen("year = 2024\n", "", 1)).unwrap_err().contains("beside a `carbon` with its `year`"));
}

#[test]
fn a_grid_is_that_of_the_runs_own_year_and_the_answer_says_where_it_is_not() {
    let grid = |run: &str, choices: Choices| {
        let whole = bill(run, View::Rent, choices);
        let found = whole.footprint.unwrap();
        let said = whole.assumptions.iter().find(|text| text.contains("none is known of")).cloned();
        (found.grid.intensity.g_per_kwh(), found.grid_year.year, said.unwrap_or_default())
    };
    let same = |found: (f64, Option<u32>, String), g: f64, year: u32, said: &str| {
        close(found.0, g, 1e-9);
        assert_eq!(found.1, Some(year));
        assert!(found.2.contains(said) && found.2.is_empty() == said.is_empty(), "{}", found.2);
    };
    same(grid("bloom-176b", at("france")), 78.54, 2022, ""); // the year of its publication
    same(grid("bloom-176b", at("sweden")), 35.89, 2024, "none is known of 2022, the year of the run");
    same(grid("deepseek-v3", at("china")), 557.5, 2024, "");
    same(grid("deepseek-v3", at("china-guizhou")), 568.3, 2023, "none is known of 2024, the year of the run");
    same(grid("bloom-176b", at("china-guizhou")), 498.9, 2022, "");
    let later = Choices { day: Some("2026-03-01".parse().unwrap()), ..at("france") };
    same(grid("bloom-176b", later), 41.44, 2025, "none is known of 2026, the year of the day asked about");
}

#[test]
fn states_and_provinces_have_their_own_grid_where_one_is_known() {
    let catalog = Catalog::built_in();
    let grid = |id: &str| {
        let found = catalog.region(id).unwrap();
        let carbon = (found.region.carbon.unwrap().g_per_kwh() * 100.0).round() / 100.0;
        (carbon, found.region.carbon_basis, found.taken_from("grid.carbon").map(String::from))
    };
    // By hand: 771.179 lb a MWh times 0.45359237 kg; 394.769; 1833.263.
    for (id, g) in [("usa-texas", 349.80), ("usa-california", 179.06), ("usa-wyoming", 831.55), ("canada-quebec", 2.0)]
    {
        assert_eq!(grid(id), (g, Some(GridBasis::Direct), None), "{id}");
    }
    for (id, g, from) in [("canada-alberta", 184.99, "Canada"), ("india-karnataka", 708.96, "India")] {
        assert_eq!(grid(id), (g, Some(GridBasis::LifeCycle), Some(from.into())), "{id}");
        let said = bill("deepseek-v3", View::Own, at(id)).assumptions.join("\n");
        assert!(said.contains(&format!("g/kWh: taken from {from}, none is known for")), "{said}");
    }
}

#[test]
fn what_is_taken_or_assumed_of_a_place_is_said() {
    let said = |id: &str| bill("deepseek-v3", View::Own, at(id)).assumptions;
    let holds = |id: &str, words: &str| {
        let said = said(id);
        assert!(said.iter().any(|text| text.contains(words)), "{id}: no `{words}` in {said:#?}");
    };
    holds("morocco", "electricity $0.087/kWh: no price is known for Morocco; assumed: The level of industry");
    holds("china-gansu", "electricity $0.088/kWh: taken from China, none is known for Gansu, China");
    holds("bulgaria", "electricity $0.1224/kWh: taken from European Union, none is known for Bulgaria");
    holds("china-shanghai", "electricity $0.1118/kWh, assumed: A notice of Shanghai");
    holds("norway", "PUE 1.25, taken from World and assumed: A modern hall");
    holds("norway", "water on site 1.8 L/kWh: taken from World, none is known for Norway");
    holds(
        "usa",
        "power 1.275 kW a chip: its part of the server's rating, at 78 % load; network and storage 7 % on top",
    );
    holds("usa", "embodied 546.5 kg a chip with its part of the server: the mean of BLOOM and OLMo, over 5 y of use");
    assert!(!said("norway").iter().any(|text| text.contains("electricity $")), "its price is its own");
    let boards = Choices { power: Some(PowerBasis::Chip), ..at("norway") };
    let boards = bill("deepseek-v3", View::Own, boards).assumptions.join("\n");
    assert!(boards.contains("the board alone at 100 % of its limit") && !boards.contains("PUE"), "{boards}");
    let world = bill("deepseek-v3", View::Epoch, Choices::default()).assumptions.join("\n");
    assert!(world.contains("electricity $0.087/kWh, assumed: The level of industry"), "{world}");
}

/// The places differ by their price alone: 2.788M hours, 60 dollars a kW and month, the rest of the owned hour the same.
#[test]
fn an_owned_hour_pays_the_electricity_of_its_place() {
    let line = |id: &str| {
        let whole = bill("deepseek-v3", View::Own, at(id));
        let line = whole.bill.lines.iter().find(|line| line.label == "Electricity").unwrap();
        line.charge.amount().unwrap().get()
    };
    // By hand: hours / 85 % use * 1.275 kW * 78 % * 1.07 * PUE * dollars.
    let of = |pue: f64, usd: f64| 2.788e6 / 0.85 * 1.275 * 0.78 * 1.07 * pue * usd;
    close(line("china"), of(1.48, 0.088), 1e-9);
    close(line("usa"), of(1.25, 0.0862), 1e-9);
    close(line("norway"), of(1.25, 0.0456), 1e-9);
}

#[test]
fn embodied_emissions_are_those_of_two_inventories() {
    let found = bill("bloom-176b", View::Rent, at("france")).footprint.unwrap();
    // By hand: 2500 / 8 + 318 = 630.5 and 3700 / 8 = 462.5 kg, their mean 546.5, each over 5 years of 8,760 hours.
    for (tonnes, kg) in found.embodied.into_iter().zip([462.5, 546.5, 630.5]) {
        close(tonnes.tonnes(), 1_082_990.0 / 43_800.0 * kg / 1e3, 1e-12);
    }
    // Its own inventory came to 11.2 t: within a fifth or so, where 200 kg a chip made 4.9 t of it.
    assert!((found.print.embodied.tonnes() / 11.2 - 1.0).abs() < 0.25, "{:?}", found.print.embodied);
    // What its authors report is the boards alone: hours times 400 W exactly.
    close(found.card.unwrap().energy.mwh(), 433.196, 1e-9);
}

#[test]
fn a_model_card_counts_the_boards_alone() {
    let whole = bill("deepseek-v3", View::Rent, at("china"));
    let card = whole.footprint.unwrap().card.unwrap();
    close(card.energy.mwh(), 2788.0 * 0.7, 1e-12);
    close(card.operational.tonnes(), 2788.0 * 0.7 * 0.5575, 1e-9);
    close(card.times_less, 1.275 * 0.78 * 1.07 * 1.48 / 0.7, 1e-9); // 2.25
    // An operator's own site: 1.76 times, as a PUE of 1.16 makes it.
    let site = Choices { laid: vec![crate::whole_bill::laid("bill.pue", 1.16)], ..at("usa") };
    let card = bill("deepseek-v3", View::Rent, site).footprint.unwrap().card.unwrap();
    close(card.times_less, 1.763, 1e-3);
}

/// A public plan: 10,000 H100 of 700 W, 1.3 times that in their servers, PUE 1.3: 9.1 MW, 11.8 MW, 103.6 GWh a year.
#[test]
fn ten_thousand_h100_need_what_a_public_plan_says() {
    let share = Fraction::new;
    let power = Power::Server { rated: Watts::new(910.0), load: share(1.0), fabric: Fraction::ZERO, pue: 1.3 };
    let plan = SitePower::of(Chips::new(1e4), &power);
    close(plan.it.kw() / 1e3, 9.1, 1e-12);
    close(plan.meter.kw() / 1e3, 11.83, 1e-12);
    close((plan.meter * Seconds::from_years(1.0)).mwh() / 1e3, 103.6, 1e-3);
}

#[cfg(feature = "cli")]
mod at_the_door {
    use super::close;
    use crate::shell::Shell;

    #[test]
    fn the_plan_of_ten_thousand_h100_can_be_asked() {
        let shell = Shell::new();
        let asked =
            ["estimate", "--gpu", "h100-sxm", "--chips", "10000", "--days", "365", "--bill", "own", "--pue", "1.3"];
        let found = &shell.json(&asked)["footprint"];
        let mw = |key: &str| found[key].as_f64().unwrap();
        // By hand: the sheet's 10.2 kW of a server over 8 chips, 78 % load, 7 % for the network; all of it at the peak.
        close(mw("it_mw"), 12.75 * 0.78 * 1.07, 1e-9); // 10.6
        close(mw("facility_mw"), 12.75 * 0.78 * 1.07 * 1.3, 1e-9); // 13.8
        close(mw("peak_it_mw"), 12.75 * 1.07, 1e-9);
        close(mw("peak_facility_mw"), 12.75 * 1.07 * 1.3, 1e-9);
        // The plan's 9.1 MW and 11.8 MW lie below the measured load by a sixth.
        assert!((1.1..1.2).contains(&(mw("it_mw") / 9.1)) && (1.1..1.2).contains(&(mw("facility_mw") / 11.83)));
        shell.refused(&[&asked[..8], &["rent", "--pue", "0.9"]].concat(), 2, &["`bill.pue` is from 1 to 5"]);
        shell.refused(&["estimate", "deepseek-v3", "--pue", "1.3"], 2, &["add --bill rent"]);
    }

    #[test]
    fn a_place_of_ones_own_says_what_it_lacks() {
        let shell = Shell::new();
        let source = "[sources]\n\"*\" = { title = \"mine\", as_of = \"2026\", kind = \"measured\" }\n";
        let of = |more: &str| {
            shell.write("hall.toml", format!("name = \"Hall\"\n{more}{source}"));
            shell.json(&["estimate", "deepseek-v3", "--bill", "own", "--region", "./hall.toml"])
        };
        let said = |json: &serde_json::Value, words: &str| {
            let all = json["bill"]["assumptions"].to_string();
            assert!(all.contains(words), "no `{words}` in {all}");
        };
        let bare = of("");
        said(&bare, "no carbon of the grid is known for Hall");
        said(&bare, "no water use is known for Hall");
        said(&bare, "PUE 1.25, assumed as for any site: none is known for Hall");
        assert!(bare["footprint"].is_null() && bare["bill"]["electricity"].is_null(), "its hosting is one price");
        // Without a price nothing can be metered, and it is not priced at zero.
        let metered = ["estimate", "deepseek-v3", "--bill", "own", "--region", "./hall.toml", "--hosting", "facility"];
        shell.refused(&metered, 1, &["no electricity price is known for Hall", "give the region a parent"]);
        let child = of("parent = \"norway\"\n[pue]\ncolocation = 1.1\n");
        said(&child, "electricity $0.0456/kWh: taken from Norway, none is known for Hall");
        said(&child, "grid 30.75 g/kWh: taken from Norway, none is known for Hall");
        assert_eq!(child["bill"]["electricity"]["taken_from"], "Norway");
        assert!(!child["bill"]["assumptions"].to_string().contains("PUE"), "measured");
    }

    #[test]
    fn energy_and_carbon_have_the_range_of_the_hours() {
        let shell = Shell::new();
        let asked = ["estimate", "--model", "llama-3-70b", "--tokens", "1T", "--gpu", "h200", "--chips", "1024"];
        let json = shell.json(&[&asked[..], &["--bill", "own", "--region", "norway"]].concat());
        let (print, hours) = (&json["footprint"], &json["result"]);
        for key in ["energy_it_mwh", "energy_facility_mwh", "operational_tco2e", "embodied_tco2e", "water_m3"] {
            for level in ["p10", "p50", "p90"] {
                let of = |json: &serde_json::Value, key: &str| json[key].as_f64().unwrap();
                let ratio = of(print, &format!("{key}_{level}")) / of(print, key);
                close(ratio, of(hours, &format!("gpu_hours_{level}")) / of(hours, "gpu_hours"), 1e-9);
            }
        }
        let text =
            String::from_utf8(shell.run(&[&asked[..], &["--bill", "own", "--region", "norway"]].concat()).stdout);
        let text = text.unwrap();
        for words in
            ["in brackets p10 to p90 by the hours", "power of IT", "power at the meter", "as model cards count"]
        {
            assert!(text.contains(words), "no `{words}` in\n{text}");
        }
        let electricity = &json["bill"]["electricity"];
        assert_eq!((&electricity["native_per_kwh"], &electricity["currency"]), (&0.0408.into(), &"EUR".into()));
        assert_eq!(electricity["source"]["kind"], "quoted");
        // A published run has hours, not a range of them.
        let v3 = shell.json(&["estimate", "deepseek-v3", "--bill", "own", "--region", "china"]);
        assert!(v3["footprint"].get("energy_it_mwh_p10").is_none());
        assert_eq!(
            (&v3["footprint"]["carbon_year"], &v3["footprint"]["carbon_year_wanted"]),
            (&2024.into(), &2024.into())
        );
    }
}

#[test]
#[cfg(feature = "cli")]
fn a_parent_that_is_none_is_found() {
    let shell = super::shell::Shell::new();
    std::fs::create_dir_all(shell.path("mine/regions")).unwrap();
    for (parent, says) in [("atlantis", "unknown region `atlantis`"), ("asgard", "`parent` is the profile itself")] {
        let text = format!(
            "name = \"Asgard\"\nparent = \"{parent}\"\n[electricity]\nprice = \"$0.05/kWh\"\n[sources]\n\
             \"*\" = {{ title = \"A table\", as_of = \"2026\", kind = \"published\" }}\n"
        );
        shell.write("mine/regions/asgard.toml", text);
        let ran = shell.run(&["--profiles", "mine", "profiles", "check", "mine/regions/asgard.toml"]);
        let said = String::from_utf8_lossy(&ran.stderr).into_owned() + &String::from_utf8_lossy(&ran.stdout);
        assert!(!ran.status.success() && said.contains(says) && said.contains("asgard.toml:2:"), "{parent}: {said}");
    }
}
