//! Rents and purchase prices: one rule for a chip, a term, a place and a day, in every command.

use std::fs;

use flopbill::internals::catalog::Kind;
use flopbill::internals::catalog::check;
use flopbill::internals::cost::market::{known, month};
use flopbill::internals::hardware::price::{TERMS, Term};
use flopbill::{EstimateReply, EstimateRequest, Input};
use serde_json::Value;

use super::doors::catalog;
use super::shell::Shell;

fn of(input: Input) -> EstimateReply {
    EstimateRequest::new(input).ask(catalog()).unwrap()
}

fn hours(chip: &str) -> Input {
    Input::new().gpu(chip).set("run.gpu_hours", "1000")
}

fn price(reply: &EstimateReply) -> f64 {
    reply.run.usd_per_gpu_hour.unwrap()
}

fn says(texts: &[String], words: &str) -> bool {
    texts.iter().any(|text| text.contains(words))
}

/// By hand from the newest lists, of 2026-10-01: the lower of two, the middle of three, the second of four.
#[test]
fn a_rent_on_demand_is_the_lower_median_of_the_newest_month() {
    let rows = [
        ("h100", 3.49),          // 3.20, 3.49, 3.99
        ("h200", 3.99),          // 3.99, 4.59
        ("b200", 6.69),          // 6.00, 6.69, 6.79, 8.60
        ("b300", 7.40),          // 7.40, 7.89
        ("mi300x", 2.39),        // alone
        ("a100-sxm-80gb", 1.60), // 1.59, 1.60, 2.79
        ("tpu-v5e", 1.20),       // Google Cloud of 2025-03, the cheapest of its regions
    ];
    for (chip, usd) in rows {
        assert_eq!(price(&of(hours(chip))), usd, "{chip}");
    }
}

/// By hand: yuan for eight chips a month, over 8 x 720 hours, at 0.14943 dollars (6.6921 yuan a dollar).
#[test]
fn rents_in_china_are_contracts_in_yuan() {
    let rows = [
        ("h200", 140_000.0, "2026-09-28"),
        ("h100", 87_000.0, "2026-10-08"),
        ("h800", 69_000.0, "2026-09-23"),
        ("h20", 48_000.0, "2026-07-14"),
        ("h20-sxm-141gb", 48_000.0, "2026-07-14"),
        ("910c", 65_000.0, "2026-09-23"),
        ("910b", 14_000.0, "2026-09-24"),
    ];
    for (chip, yuan, date) in rows {
        let found = of(hours(chip).set("region", "china"));
        let usd = yuan / 8.0 / 720.0 * 0.14943;
        assert!((price(&found) / usd - 1.0).abs() < 1e-9, "{chip}: {} for {usd}", price(&found));
        let amount = format!("CNY {},000 for 8 chips a month, at 0.1494 USD per CNY of 2026-09 ({date}", yuan / 1000.0);
        assert!(says(&found.head.assumptions, &amount), "{chip}: {:?}", found.head.assumptions);
        let term = "no recent rents on demand are known in China: one-year contracts, the nearest term, are used";
        assert!(says(&found.head.assumptions, term), "{chip}: {:?}", found.head.assumptions);
    }
    // Chips that are let in China alone have no other rent.
    for chip in ["h800", "h20", "910b", "910c"] {
        assert_eq!(price(&of(hours(chip))), price(&of(hours(chip).set("region", "china"))), "{chip}");
    }
}

#[test]
fn places_differ_and_a_place_without_a_recent_rent_says_so() {
    let at = |place: &str| of(Input::about("deepseek-v3").gpu("h200").set("region", place));
    let (china, usa) = (at("china"), at("usa"));
    let ratio = china.result.cost_usd.unwrap() / usa.result.cost_usd.unwrap();
    assert!((ratio - 140_000.0 / 5760.0 * 0.14943 / 3.99).abs() < 1e-6, "{ratio}");
    let words = "no recent rent in United States is known: rents that name no place are used";
    assert!(says(&usa.head.assumptions, words), "{:?}", usa.head.assumptions);
    assert_eq!(price(&at("china-xinjiang")), price(&china), "a province takes its country's");
    // The run's own price is what it paid, wherever it is asked about; that the place moves nothing is said.
    let own = of(Input::about("deepseek-v3").set("region", "usa"));
    assert_eq!(own.result.cost_usd, Some(5_576_000.0));
    assert!(says(&own.head.warnings, "region changes nothing"), "{:?}", own.head.warnings);
}

#[test]
fn a_year_that_nobody_lets_for_is_the_average_discount() {
    let of_term = |chip: &str, term: &str| of(hours(chip).set("bill", "rent").set("bill.term", term));
    let found = of_term("gh200", "reserved_1y");
    assert!((price(&found) - 2.29 * 0.66).abs() < 1e-9, "by hand: 34 % off Lambda's 2.29, got {}", price(&found));
    let words = "no recent one-year contracts are known: 34 % off the rent on demand, the average";
    assert!(says(&found.head.assumptions, words), "{:?}", found.head.assumptions);
    assert!((found.cost_lines[0].price.unwrap() - price(&found)).abs() < 1e-12, "the bill has the same rent");
}

/// $200,000 were announced for 100,320 hours. MosaicML's rate of then is the one behind its figure.
#[test]
fn a_run_is_priced_at_the_quotes_of_its_time() {
    let (now, then) = (of(Input::about("mpt-7b")), of(Input::about("mpt-7b").as_of("2023-06")));
    let off = |reply: &EstimateReply| (reply.result.cost_usd.unwrap() / 200_000.0).ln().abs();
    assert!(off(&then) < 0.01 && off(&now) > 0.3, "{:?} {:?}", then.result.cost_usd, now.result.cost_usd);
    assert_eq!(price(&then), 2.0);
    assert!(says(&then.head.assumptions, "rates that somebody assumed, the nearest term, are used"), "{:?}", then.head);
}

#[test]
fn no_price_is_later_than_its_day_unless_none_is_known_so_early() {
    for id in catalog().ids(Kind::Prices) {
        for day in ["2023-06-01", "2024-09-15", "2025-03-10", "2026-01-20", "2026-09-01", "2026-11-30"] {
            let then = catalog().as_of(Some(day.parse().unwrap()));
            for (_, term) in TERMS.iter().filter(|(_, term)| *term != Term::Ownership) {
                let Some(rent) = then.rent(&id, *term, None).unwrap() else { continue };
                assert!(rent.later != known(&rent.date, day), "{id} {term:?} on {day}: {rent:?}");
            }
        }
    }
    // Newer days never take older months of the same chip, term and place.
    for id in ["h100-sxm", "h200-sxm", "a100-sxm-80gb", "b200"] {
        let mut before = String::new();
        for day in ["2024-09-15", "2025-03-10", "2026-06-20", "2026-09-01", "2026-11-30", "2027-12-31"] {
            let then = catalog().as_of(Some(day.parse().unwrap()));
            let rent = then.rent(id, Term::OnDemand, None).unwrap().unwrap();
            if !rent.later {
                assert!(*month(&rent.date) >= *before, "{id} on {day}: {} after {before}", rent.date);
                before = month(&rent.date).to_owned();
            }
        }
    }
}

#[test]
fn an_old_price_says_its_age_and_the_newest() {
    let old = of(hours("tpu-v6e"));
    let words = "the rent on demand is of 2025-03-03, 20 months old; the newest known is ";
    assert!(says(&old.head.warnings, words), "to the newest of the facts: {:?}", old.head.warnings);
    let then = of(hours("tpu-v6e").as_of("2025-05-01"));
    assert!(!says(&then.head.warnings, "months old"), "{:?}", then.head.warnings);
    let later = of(hours("h100").as_of("2027-06-01"));
    assert!(says(&later.head.warnings, "is of 2026-10-01, 8 months old"), "{:?}", later.head.warnings);
    assert!(of(hours("h100")).head.warnings.iter().all(|text| !text.contains("old")));
    // A year alone carries no age.
    assert!(!says(&of(hours("tpu-v5p")).head.warnings, "months old"));
    let owned = of(Input::about("deepseek-v3").set("bill", "own"));
    let words = "the purchase price is of 2025-02, 21 months old; the newest rent known is $1.79/h";
    assert!(says(&owned.head.warnings, words), "{:?}", owned.head.warnings);
}

/// By hand: 7,000,000 yuan for eight B300, 1,090,000 for eight H20, 2,122,000 for eight 910B, at 0.14943.
#[test]
fn servers_are_bought_at_the_price_of_the_place() {
    let bought = |chip: &str, place: Option<&str>| catalog().bought(chip, place).unwrap().unwrap();
    for (chip, yuan) in [("b300", 7e6), ("h20-sxm", 1.09e6), ("h20-sxm-141gb", 1.09e6), ("ascend-910b", 2.122e6)] {
        let found = bought(chip, Some("china"));
        assert!((found.price.get() / (yuan / 8.0 * 0.14943) - 1.0).abs() < 1e-9, "{chip}: {found:?}");
        assert!(found.source.title.contains("at 0.1494 USD per CNY of 2026-09"), "{found:?}");
    }
    let stated = catalog().prices("h800-sxm").unwrap().unwrap().list.purchase_per_chip.unwrap();
    assert_eq!(bought("h800-sxm", Some("china")).price, stated, "what the list states, where no server is known");
    let input = Input::about("deepseek-v3").gpu("b300").set("bill", "own").set("region", "china");
    let lines = of(input).cost_lines;
    let source =
        lines.iter().find_map(|line| line.source.clone().filter(|source| source.title.contains("CNY 7,000,000")));
    assert!(source.is_some(), "{lines:?}");
}

/// The same question through every door that takes it.
#[test]
fn every_door_has_the_same_price() {
    let shell = Shell::new();
    let number = |json: &Value, path: &str| json.pointer(path).and_then(Value::as_f64).unwrap();
    for rest in [&["--region", "china"][..], &["--region", "usa"], &["--as-of", "2025-06-01"], &[]] {
        let ask = |args: &[&str]| shell.json(&[args, rest].concat());
        let of_run = |json: Value| number(&json, "/result/cost_usd") / number(&json, "/result/gpu_hours");
        let estimate = ask(&["estimate", "deepseek-v3", "--gpu", "h200"]);
        let usd = number(&estimate, "/run/usd_per_gpu_hour");
        let same =
            |door: &str, found: f64| assert!((found / usd - 1.0).abs() < 1e-9, "{door} {rest:?}: {found}, {usd}");
        same("estimate's cost", of_run(estimate.clone()));
        same("convert", of_run(ask(&["convert", "deepseek-v3", "--to", "h200"])));
        let model = ["--gpu", "h200", "--params", "70B", "--mfu", "40%"];
        same("plan", of_run(ask(&[&["plan", "tokens", "--budget", "$10M"][..], &model].concat())));
        let compare = ask(&["compare", "deepseek-v3", "--gpu", "h800,h200"]);
        same("compare", number(&compare, "/sides/1/cost_usd") / number(&compare, "/sides/1/gpu_hours"));
        let bill = ask(&["estimate", "deepseek-v3", "--gpu", "h200", "--bill", "rent"]);
        same("the bill's rent", number(&bill, "/cost_lines/0/price"));
        let sweep =
            shell.run(&[&["sweep", "deepseek-v3", "--vary", "gpu=h800,h200", "--format", "csv"][..], rest].concat());
        let text = String::from_utf8(sweep.stdout).unwrap();
        let cells: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
        let at = |name: &str| cells[0].iter().position(|column| *column == name).unwrap();
        let cell = |name: &str| cells[2][at(name)].parse::<f64>().unwrap();
        same("sweep", cell("cost_usd") / cell("gpu_hours"));
    }
    // A fleet names its place in its file.
    let body =
        "name = \"mine\"\nregion = \"china\"\nstart = 2026-03-01\n[[run]]\nname = \"all\"\nrun = \"deepseek-v3\"\n";
    shell.write("mine.toml", format!("{body}{}", super::golden_fleet::tranche("h200", 2048)));
    let fleet = shell.json(&["fleet", "mine.toml"]).to_string();
    assert!(fleet.contains("rent of NVIDIA H200 SXM5 141GB: $3.63/h for one year of 2026-09-28"), "{fleet}");
}

#[test]
fn the_format_in_the_readme_is_right_and_its_rule_is_the_codes() {
    let text = fs::read_to_string(super::tidy::root().join("profiles/prices.md")).unwrap();
    let example = text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let shell = Shell::new();
    fs::create_dir_all(shell.path("mine/prices")).unwrap();
    shell.write("mine/prices/h200-sxm.toml", example);
    assert!(shell.run(&["profiles", "check", "mine/prices/h200-sxm.toml"]).status.success());
    let ask = |rest: &[&str]| {
        let args = ["--profiles", "mine", "estimate", "--gpu", "h200", "--gpu-hours", "1000"];
        shell.json(&[&args[..], rest].concat())["run"]["usd_per_gpu_hour"].as_f64().unwrap()
    };
    assert_eq!(ask(&[]), 3.10, "what the file states stands before a quote");
    assert_eq!(ask(&["--region", "canada"]), 3.99);
    assert_eq!(ask(&["--region", "sweden"]), 3.10);
}

#[test]
fn a_price_file_that_is_wrong_is_refused_with_its_place() {
    let shell = Shell::new();
    let quote = |more: &str| {
        let line = "\ndate = \"2026-10\"\nsource = \"s\"\nkind = \"quoted\"\n";
        let date = if more.contains("date") { line.replace("\ndate = \"2026-10\"", "") } else { line.to_owned() };
        format!("name = \"x\"\naccelerator = \"h200-sxm\"\n[[quote]]\n{more}{date}")
    };
    let native = "term = \"spot\"\nper = \"month\"\nchips = 8\n";
    let rows = [
        ("term = \"hourly\"\nprice = \"$3/h\"".to_owned(), "unknown term `hourly`", 4),
        ("term = \"spot\"\nprice = \"-$3/h\"".to_owned(), "a price per GPU-hour cannot be negative", 5),
        ("term = \"spot\"\nprice = \"$3000/h\"".to_owned(), "a rent of a chip of $3,000 is absurd", 5),
        ("term = \"spot\"\nprice = \"$3/h\"\ndate = \"2027-10\"".to_owned(), "quote.date is 2027-10, after", 6),
        ("term = \"spot\"\nprice = \"$3/h\"\ndate = \"2026-13\"".to_owned(), "2026-13", 6),
        ("term = \"spot\"\nprice = \"$3/h\"\ndate = \"2026-02-30\"".to_owned(), "2026-02-30", 6),
        ("term = \"spot\"\nprice = \"$3/h\"\nplace = \"chna\"".to_owned(), "unknown region `chna`", 6),
        (format!("{native}currency = \"CNX\"\namount = 140000"), "unknown currency `CNX`", 7),
        (format!("{native}currency = \"CNY\"\namount = 1"), "is absurd", 8),
        (format!("{native}currency = \"CNY\"\namount = -140000"), "is absurd", 8),
        (format!("{native}amount = 140000"), "`currency` is missing", 3),
        ("term = \"spot\"".to_owned(), "a quote needs `price`, or `amount`, `currency` and `per`", 3),
        (
            "term = \"spot\"\nchips = 0\namount = 8\ncurrency = \"CNY\"\nper = \"hour\"".to_owned(),
            "at least one chip",
            5,
        ),
    ];
    fs::create_dir_all(shell.path("prices")).unwrap();
    for (more, words, line) in rows {
        shell.write("prices/h200-sxm.toml", quote(&more));
        let place = format!("prices/h200-sxm.toml:{line}:");
        shell.refused(&["profiles", "check", "prices/h200-sxm.toml"], 3, &[words, &place]);
    }
}

/// Every row of the gathered quotes is shipped, those that do not count with the reason.
#[test]
fn the_shipped_quotes_are_all_there() {
    let (mut quotes, mut left_out, mut native) = (0, 0, 0);
    for id in catalog().ids(Kind::Prices) {
        let found = catalog().find(Kind::Prices, &id).unwrap();
        check::profile(Kind::Prices, &found, catalog()).unwrap();
        quotes += found.document.text.matches("[[quote]]").count();
        left_out += found.document.text.matches("\nleft_out = ").count();
        native += found.document.text.split("[[purchase]]").next().unwrap().matches("\ncurrency = \"CNY\"").count();
    }
    assert!(quotes >= 530 && left_out < 60 && native >= 25, "{quotes} quotes, {left_out} left out, {native} in yuan");
    let rates = catalog().rates().unwrap();
    let yuan = flopbill::internals::cost::currency::rate("CNY", None, &rates).unwrap();
    assert_eq!((yuan.usd_per_unit, yuan.as_of.as_str()), (0.14943, "2026-09"));
}
