//! Money as people write it: what is read, what is refused, and what is shown is read back.

use proptest::prelude::*;

use flopbill::internals::input::field::{FIELDS, find};
use flopbill::internals::input::file::Spec;
use flopbill::internals::input::question::{Input, Question};
use flopbill::internals::report;
use flopbill::internals::units::money::{Code, Shown, shown_in};
use flopbill::internals::units::parse::{parse, parse_money};
use flopbill::internals::units::{ChipSeconds, Chips, EnergyPrice, Price, Seconds, Tokens, Usd, show};
use flopbill::{Catalog, CompareRequest, ConvertRequest, Error, EstimateRequest, FleetRequest, OptimalRequest};
use flopbill::{Goal, PlanRequest, SweepRequest};

use crate::cli::{Shell, refused, text};

/// Rates that no profile moves.
const RATES: &str = "EUR=1.10, CNY=0.15, JPY=0.006, GBP=1.30, INR=0.01, KRW=0.0007, AUD=0.65, CAD=0.7, HKD=0.13, SGD=0.75, \
                     TWD=0.03, CHF=1.2";

fn asked(price: &str) -> Result<Spec, Error> {
    let input = Input::about("deepseek-v3").rate(RATES).price(price);
    input.question(&Catalog::built_in())?.settled(&Catalog::built_in())
}

/// Dollars an hour of a price.
#[track_caller]
fn hour(price: &str) -> f64 {
    asked(price).unwrap_or_else(|error| panic!("{price}: {error}")).price.unwrap().value.usd_per_hour()
}

#[track_caller]
fn near(one: f64, other: f64, what: &str) {
    assert!((one / other - 1.0).abs() < 1e-12, "{what}: {one} is not {other}");
}

#[test]
fn a_price_is_read_however_it_is_written() {
    // By hand: a month is 730.5 h, a year 8,766 h; the H800's server has 8 chips.
    for (usd, spellings) in [
        (2.0, &["$2/h", "US$2/h", "USD 2/h", "2 USD/h", "2/h USD", "$ 2 / h", "$2 per GPU-hour", "2 dollars/h"][..]),
        (2.0, &["$2/hour", "$2/hr", "$2/GPU-hour", "$2/GPU-h", "$2/GPUh", "$2/gpu/h", "$2/chip/hour", "$2/h/GPU"]),
        (2.0, &["$48/day", "$48/d", "$336/week", "$1461/month", "$1,461/chip/month", "$1461/mo", "$17,532/chip/year"]),
        (2.0, &["$16/node/h", "$16/server/hour", "$11,688/server/month", "$140,256/node/year", "usd 2/h"]),
        (2.1, &["¥14/h", "￥14/h", "CNY 14/h", "14 CNY/h", "CNY14/h", "RMB 14/h", "rmb14/h", "14元/h", "14 yuan/h"]),
        (2.1, &["CN¥14/h", "¥112/node/h", "¥10,227/chip/month", "¥81,816/server/month", "cny 14/h", "14 CNY per hour"]),
        (2.31, &["€2.10/h", "2.10€/h", "EUR 2.10/h", "2.1 EUR/h", "€ 2.10/h", "2.10 euros/h", "€2.1/GPU-hour"]),
        (1.8, &["JPY 300/h", "300円/h", "JP¥300/h", "300 yen/h"]),
        (2.6, &["£2/h", "GBP 2/h"]),
        (1.8, &["₹180/h", "INR 180/h"]),
        (2.1, &["₩3,000/h", "KRW 3000/h"]),
        (1.3, &["A$2/h", "AU$2/h", "AUD 2/h"]),
        (1.4, &["C$2/h", "CA$2/h"]),
        (1.3, &["HK$10/h"]),
        (1.5, &["S$2/h", "SGD 2/h"]),
        (1.8, &["NT$60/h", "TWD 60/h"]),
        (2.4, &["CHF 2/h", "2 CHF/h"]),
    ] {
        for price in spellings {
            near(hour(price), usd, price);
        }
    }
}

#[test]
fn amounts_take_currencies_letters_and_commas() {
    for (usd, spellings) in [
        (534_700.0, &["$534,700", "$534.7K", "534,700 USD", "US$534,700", "$534_700", "$ 534,700.00"][..]),
        (6e6, &["¥40M", "CNY 40M", "40M CNY", "40MCNY", "¥40,000,000", "40M yuan", "RMB 40M", "40 M RMB"]),
        (5.5e6, &["€5M", "5M€", "EUR 5M", "5,000,000 €"]),
    ] {
        for money in spellings {
            let input = Input::new().rate(RATES).budget(*money);
            let spec = input.question(&Catalog::built_in()).unwrap().settled(&Catalog::built_in());
            let spec = spec.unwrap_or_else(|error| panic!("{money}: {error}"));
            near(spec.budget.unwrap().value.get(), usd, money);
        }
    }
    assert_eq!(parse::<Chips>("2,048").unwrap().get(), 2048.0);
    assert_eq!(parse::<ChipSeconds>("2,788,000").unwrap().gpu_hours(), 2.788e6);
    assert_eq!(parse::<Tokens>("1,024").unwrap().get(), 1024.0);
    assert_eq!(parse::<Usd>("$1,234.5").unwrap().get(), 1234.5);
}

#[test]
fn time_is_written_in_weeks_months_and_years() {
    // By hand: a month is 365.25 / 12 days; a year of time stays 365 days, as the profiles have it.
    for (days, spellings) in [
        (76.09375, &["2.5 months", "2.5mo", "2.5 mo"][..]),
        (91.3125, &["3mo", "3 months"]),
        (30.4375, &["1 month", "1mo"]),
        (42.0, &["6 weeks", "6w", "6 wk"]),
        (547.5, &["1.5 years", "1.5y", "1.5 yr"]),
        (90.0, &["90 days", "90d", "90", "2,160 h", "2160 hours"]),
    ] {
        for time in spellings {
            let spec = Question::default().with("run.wall_clock", *time).spec();
            let spec = spec.unwrap_or_else(|error| panic!("{time}: {error}"));
            near(spec.wall_clock.unwrap().value.days(), days, time);
        }
    }
}

#[test]
fn what_is_no_price_is_refused_with_the_reason() {
    let long = "9".repeat(400);
    for (price, says, help) in [
        ("5,34$/h", "does not stand between thousands", "534,700"),
        ("$1,50/h", "does not stand between thousands", "5.34"),
        ("€1,2345/h", "does not stand between thousands", ""),
        ("$,5/h", "does not stand between thousands", ""),
        ("-€2/h", "cannot be negative", ""),
        ("€-2/h", "cannot be negative", ""),
        ("€0/h", "cannot be zero", ""),
        ("€nan/h", "not a finite number", ""),
        ("€inf/h", "not a finite number", ""),
        ("€1e999/h", "finite number", ""),
        (&format!("€{long}/h"), "finite number", ""),
        ("¥1e9/h", "that cannot be", "$100,000"),
        ("¥1e-9/h", "that cannot be", "$0.0001"),
        ("EUT 3/h", "unknown currency `EUT`", "did you mean `EUR`?"),
        ("XQZ 3/h", "unknown currency `XQZ`", "money.rate"),
        ("$2 EUR/h", "names two currencies", ""),
        ("¥14", "is an amount of money", "$2/h"),
        ("¥14/fortnight", "unknown suffix", ""),
        ("¥14/server", "unknown suffix", ""),
        ("€0.1/kWh", "is an electricity price", ""),
        ("14/h", "is not a price", ""),
        ("€", "is not a price", ""),
        ("", "is missing", ""),
        ("¥12/h..€3/h", "one range is in one currency", "$1.80/h..$2.40/h"),
        ("$2/h..$16/node/h", "one range is in one currency, of chips or of servers", ""),
        ("¥16/h..¥12/h", "", ""),
    ] {
        let error = asked(price).expect_err(price);
        assert!(error.message().contains(says), "{price}: {error}");
        assert!(error.hint().unwrap_or_default().contains(help), "{price}: {:?}", error.hint());
    }
    for (rate, says) in [
        ("EUR", "is no rate"),
        ("EUR=0", "is not what"),
        ("EUR=-1", "is not what"),
        ("EUR=nan", "is not what"),
        ("EUR=1e9", "is not what"),
        ("EURO ZONE=1", "names no currency"),
        ("EUR=1, EUR=1.1", "second rate"),
        ("USD=2", "dollar"),
        ("", "is no rate"),
    ] {
        let error = Question::default().with("money.rate", rate).spec().expect_err(rate);
        assert!(error.message().contains(says), "{rate}: {error}");
    }
    for time in ["5,34", "1,5 months", "2 fortnights", "-3mo", "0 months", "1e9 months"] {
        assert!(Question::default().with("run.wall_clock", time).spec().is_err(), "{time}");
    }
}

#[test]
fn the_price_of_a_server_needs_its_chip_and_a_yen_its_code_in_japan() {
    let catalog = Catalog::built_in();
    let of = |input: Input| input.question(&catalog).unwrap().settled(&catalog);
    let error = of(Input::new().gpu_hours("1M").price("$16/node/h")).unwrap_err();
    assert!(error.message().contains("price of a server") && error.hint().unwrap().contains("run.gpu"), "{error}");
    let chip = of(Input::new().gpu_hours("1M").gpu("gb200").price("$16/node/h")).unwrap();
    let node = catalog.accelerator("gb200").unwrap().chip.node_chips;
    near(chip.price.unwrap().value.usd_per_hour(), 16.0 / f64::from(node), "a node of its own size");
    let error = of(Input::about("deepseek-v3").price("¥300/h").region("japan")).unwrap_err();
    assert!(error.message().contains("region is Japan") && error.hint().unwrap().contains("JPY"), "{error}");
    assert!(of(Input::about("deepseek-v3").price("JPY 300/h").region("japan")).is_ok());
}

#[test]
fn the_rate_is_that_of_the_day_or_ones_own() {
    let catalog = Catalog::built_in();
    let usd = |input: Input| {
        let reply = EstimateRequest::new(input.price("CNY 10/h")).ask(&catalog).unwrap();
        (reply.result.cost_usd.unwrap() / 2.788e7, reply.head)
    };
    let about = || Input::about("deepseek-v3");
    // From profiles/assumptions/currencies.toml: 2026-08-22 and 2026-09.
    near(usd(about().as_of("2026-08-30")).0, 0.148381, "the rate before the day");
    near(usd(about().as_of("2026-10-01")).0, 0.14943, "the next one");
    let (rate, head) = usd(about());
    near(rate, 0.14943, "the newest");
    assert!(head.assumptions.iter().any(|said| said.contains("CNY 10/h is $1.4943/h, at $0.14943 per CNY of 2026-09")));
    assert!(head.sources.iter().any(|line| line.path == "money.rate CNY" && line.title.contains("PBoC")));
    let (rate, head) = usd(about().rate("CNY=0.2, EUR=1.1"));
    near(rate, 0.2, "one's own");
    assert!(head.sources.iter().all(|line| !line.path.starts_with("money.rate")));
    assert!(head.warnings.iter().any(|said| said.contains("changes nothing for EUR")), "{:?}", head.warnings);
    let early = usd(about().as_of("2025-01-01")).1;
    assert!(early.warnings.iter().any(|said| said.contains("no rate of CNY is known as early")));
    let late = usd(about().as_of("2027-10-01")).1;
    assert!(late.warnings.iter().any(|said| said.contains("the rate of CNY is of 2026-09, 13 months old")));
}

#[test]
fn yuan_are_said_where_the_sign_is_of_two_currencies() {
    let said = |price: &str| {
        let reply = EstimateRequest::new(Input::about("deepseek-v3").price(price)).ask(&Catalog::built_in()).unwrap();
        reply.head.assumptions.iter().any(|said| said.contains("not the yen's"))
    };
    assert!(said("¥14/h") && said("￥14/h"));
    assert!(!said("CNY 14/h") && !said("元14/h") && !said("¥14 CNY/h"));
}

#[test]
fn files_hold_other_money_with_ranges_gates_and_rates() {
    let shell = Shell::new();
    let spec = "name = \"Yuan\"\n[run]\ngpu = \"h800\"\ngpu_hours = \"2,788,000\"\nchips = 2048\n[price]\nrent = RENT\n\
                [money]\ncurrency = \"CNY\"\nrate = \"CNY=0.15, EUR=1.10\"\n[gate]\nmax_cost = \"€5M\"\n";
    for (rent, cost) in [
        ("\"¥14/h\"", 2.1 * 2.788e6),
        ("\"¥12/h..¥16/h\"", (12.0f64 * 16.0).sqrt() * 0.15 * 2.788e6), // the middle of a lognormal
        ("{ dist = \"uniform\", low = \"¥12/h\", high = \"¥16/h\" }", 14.0 * 0.15 * 2.788e6),
        ("{ dist = \"uniform\", low = \"¥96/node/h\", high = \"¥128/node/h\" }", 14.0 * 0.15 * 2.788e6),
    ] {
        std::fs::write(shell.path().join("yuan.toml"), spec.replace("RENT", rent)).unwrap();
        let output = shell.run(&["estimate", "./yuan.toml", "--format", "json"]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        near(json["result"]["cost_usd"].as_f64().unwrap(), cost, rent);
        assert_eq!(json["currency"]["code"], "CNY");
        assert_eq!(json["currency"]["usd_per_unit"], 0.15);
        assert_eq!(json["gates"][0]["limit"], 5.5e6);
        assert_eq!(output.status.code(), Some(1), "{rent}: €5M are less");
        assert!(text(&output.stderr).contains("over the limit of ¥36,666,667"), "{}", text(&output.stderr));
    }
    for (line, place, says) in [
        ("\"QQQ 14/h\"", "yuan.toml:7:8", "unknown currency `QQQ`"),
        ("\"¥1,4/h\"", "yuan.toml:7:8", "between thousands"),
        ("\"¥1e9/h\"", "yuan.toml:7:8", "that cannot be"),
        ("{ dist = \"uniform\", low = \"¥12/h\", high = \"€16/h\" }", "yuan.toml:7", "one range is in one currency"),
    ] {
        std::fs::write(shell.path().join("yuan.toml"), spec.replace("RENT", line)).unwrap();
        refused(&shell.run(&["estimate", "./yuan.toml"]), 3, &[place, says]);
    }
}

#[test]
fn a_fleet_is_priced_in_other_money() {
    let catalog = Catalog::built_in();
    let cost = |fleet: FleetRequest| fleet.ask(&catalog).unwrap().reply();
    let shell = Shell::new();
    let fleet = "name = \"F\"\nstart = 2026-12-01\n[[tranche]]\nname = \"t\"\nchip = \"h200\"\ndate = 2026-12-01\nchips = 1024\n\
                 mfu = \"40%\"\nprice = \"PRICE\"\n[[run]]\nname = \"r\"\nflop = \"1e23\"\n";
    let written = |price: &str| {
        let path = shell.path().join("f.toml");
        std::fs::write(&path, fleet.replace("PRICE", price)).unwrap();
        let mut request = FleetRequest::new(path.display().to_string());
        request.money.set("money.rate", "CNY=0.2").unwrap();
        cost(request)
    };
    let (dollars, yuan) = (written("$2/h"), written("CNY 10/h"));
    near(yuan.result.expected_cost_usd, dollars.result.expected_cost_usd, "a fleet in yuan");
    near(written("¥80/node/h").result.expected_cost_usd, dollars.result.expected_cost_usd, "a fleet by the node");
    assert!(yuan.head.assumptions.iter().any(|said| said.contains("CNY 10/h is $2/h, at $0.2 per CNY")));
    let mut shown = FleetRequest::new("400k");
    shown.money.set("money.currency", "EUR").unwrap();
    shown.money.set("money.rate", "EUR=1.10").unwrap();
    let shown = shown.ask(&catalog).unwrap();
    let view = report::fleet::view(&shown);
    assert!(view.summary.contains('€') && view.summary.contains("Money is in EUR, at $1.1 per EUR (--rate)."));
}

#[test]
fn every_view_shows_money_in_the_currency_and_machines_keep_dollars() {
    let catalog = Catalog::built_in();
    let about = || Input::about("deepseek-v3").currency("EUR");
    let estimate = EstimateRequest::new(about().bill("own")).ask(&catalog).unwrap();
    let question = || about().question(&catalog).unwrap();
    let compare =
        CompareRequest::new().side(question()).side(question().with("run.gpu", "h200")).ask(&catalog).unwrap();
    let convert = ConvertRequest::new(question(), "h200").ask(&catalog).unwrap();
    let plan = PlanRequest::new(Goal::Tokens, about().budget("€4M")).ask(&catalog).unwrap();
    let sweep = SweepRequest::new(question()).vary("price.rent=¥10/h,¥14/h").ask(&catalog).unwrap();
    let mut optimal = OptimalRequest::new("h100", "€10M", "4,096", "2 months", "40%").unwrap();
    optimal.money.set("money.currency", "EUR").unwrap();
    optimal.money.set("price.rent", "€2/h").unwrap();
    let optimal = optimal.ask(&catalog).unwrap();
    near(optimal.result.gpu_hours, 5e6, "euros for euros");
    for view in [
        report::estimate::view(&estimate),
        report::compare::view(&compare),
        report::convert::view(&convert),
        report::plan::held(&plan),
        report::sweep::view(&sweep, 10),
        report::plan::frontier(&optimal),
    ] {
        assert!(view.summary.ends_with("Money is in EUR, at $1.1172 per EUR of 2026-10-30."), "{}", view.summary);
        assert_eq!(view.json["currency"]["code"], "EUR");
        assert_eq!(view.json["currency"]["date"], "2026-10-30");
        let cells = view.sections.iter().flat_map(|section| section.rows.iter().flatten());
        let dollars = cells
            .filter(|cell| cell.contains('$') && !cell.contains("with revenue over") /* a law's words */)
            .cloned()
            .collect::<Vec<_>>();
        assert!(dollars.is_empty(), "{}: {dollars:?}", view.title);
        assert!(view.records.columns.iter().any(|column| column == "usd_per_unit"));
        assert!(view.records.rows.iter().all(|row| row.len() == view.records.columns.len()));
    }
    assert_eq!(estimate.result.cost_usd.unwrap().round(), 5_576_000.0);
    let plain = EstimateRequest::new("deepseek-v3").ask(&catalog).unwrap();
    let plain = report::estimate::view(&plain);
    assert!(plain.json.get("currency").is_none() && !plain.records.columns.iter().any(|column| column == "currency"));
}

#[test]
fn axes_are_in_other_money_too() {
    let catalog = Catalog::built_in();
    let costs = |axis: &[&str]| {
        let question = Question::about("deepseek-v3", &catalog).unwrap().with("money.rate", "CNY=0.2,EUR=1.1");
        let sweep = flopbill::internals::sweep::Sweep::new(question, axis, catalog.clone()).unwrap();
        let mut costs = Vec::new();
        sweep.visit(0..sweep.points(), |row| {
            costs.push((row.answer.as_ref().unwrap().get("cost_usd") / 2.788e6 * 1e9).round() / 1e9);
        });
        costs
    };
    assert_eq!(costs(&["price.rent=¥10/h,€2/h,$16/node/h"]), [2.0, 2.2, 2.0]);
    assert_eq!(costs(&["price.rent=¥10/h..¥14/h:¥2/h"]), [2.0, 2.4, 2.8]);
    assert_eq!(costs(&["price.rent=CNY 10/h..CNY 14/h:CNY 2/h"]), [2.0, 2.4, 2.8]);
    let long = costs(&["price.rent=¥10/h..¥14/h:¥0.0001/h"]);
    assert_eq!((long.len(), long[1], long[40_000]), (40_001, 2.00002, 2.8));
    // What money is exchanged by is varied too.
    let question = Question::about("deepseek-v3", &catalog).unwrap();
    let axes = ["price.rent=¥10/h", "as_of=2026-08-30,2026-10-01"];
    let sweep = flopbill::internals::sweep::Sweep::new(question, &axes, catalog.clone()).unwrap();
    let mut costs = Vec::new();
    sweep.visit(0..2, |row| costs.push(row.answer.as_ref().unwrap().get("cost_usd") / 2.788e7));
    near(costs[0], 0.148381, "August");
    near(costs[1], 0.14943, "October");
}

#[test]
fn what_is_shown_is_fed_back() {
    let catalog = Catalog::built_in();
    for code in ["EUR", "CNY", "JPY", "GBP", "INR", "KRW", "CHF", "HKD", "TWD", "VND", "AUD"] {
        let about = || Input::about("deepseek-v3").currency(code);
        let first = EstimateRequest::new(about()).ask(&catalog).unwrap();
        let view = report::estimate::view(&first);
        let shown = |label: &str| {
            let rows = view.sections.iter().flat_map(|section| &section.rows);
            rows.filter(|row| row[0] == label).map(|row| row[1].clone()).next().unwrap()
        };
        let (cost, price) = (shown("cost"), shown("price"));
        let again = EstimateRequest::new(about().set("run.cost", cost.as_str()).region("usa")).ask(&catalog).unwrap();
        let same = again.result.cost_usd.unwrap() / first.result.cost_usd.unwrap();
        assert!((same - 1.0).abs() < 1e-6, "{cost}: {same}");
        assert!(report::estimate::view(&again).summary.contains(&cost), "{cost}");
        let again = EstimateRequest::new(about().price(price.as_str())).ask(&catalog).unwrap();
        let view = report::estimate::view(&again);
        assert!(view.sections.iter().flat_map(|section| &section.rows).any(|row| row[0] == "price" && row[1] == price));
    }
    // Exactly, through the numbers for machines.
    for price in ["¥14/h", "€2.10/h", "$1,500/chip/month", "£9,999/server/month"] {
        let first = EstimateRequest::new(Input::about("deepseek-v3").price(price)).ask(&catalog).unwrap();
        let input = first.head.inputs.get("price.rent").unwrap();
        assert_eq!(input.text, price);
        let json = serde_json::to_value(input).unwrap();
        let dollars = format!("${}/h", json["value"]);
        let again = EstimateRequest::new(Input::about("deepseek-v3").price(dollars)).ask(&catalog).unwrap();
        near(again.result.cost_usd.unwrap(), first.result.cost_usd.unwrap(), price);
    }
}

#[test]
fn what_was_typed_is_kept_with_what_it_is_in_dollars() {
    let catalog = Catalog::built_in();
    let input = Input::about("deepseek-v3").price("¥14/h").by("2.5 months");
    let reply = EstimateRequest::new(input).show_resolved(true).ask(&catalog).unwrap();
    let of = |path: &str| reply.resolved.iter().find(|value| value.path == path).unwrap();
    assert_eq!(of("price.rent").text, "¥14/h = $2.09202/h");
    assert_eq!(of("by").text, "2.5 months = 76.0938 d");
    assert!(reply.head.assumptions.iter().any(|said| said.contains("a month is the mean one, 30.44 d")));
    let rent = EstimateRequest::new(Input::about("deepseek-v3").price("$1,500/chip/month")).ask(&catalog).unwrap();
    assert!(rent.head.assumptions.iter().any(|said| said.contains("is $2.05339/h, a month is the mean one, 730.5 h")));
}

#[test]
fn a_measured_rate_stands_for_the_mfu() {
    let catalog = Catalog::built_in();
    let about = || Input::new().gpu("h100").params("70B").tokens("15T").chips(2048);
    let hours = |input: Input| EstimateRequest::new(input).ask(&catalog).map(|reply| reply.result.gpu_hours.unwrap());
    let peak =
        catalog.accelerator("h100").unwrap().chip.peak_of(flopbill::internals::hardware::precision::Precision::Bf16);
    let mfu = 420.0 / peak.unwrap().tflops();
    let given = hours(about().mfu(mfu)).unwrap();
    // By hand: 6 x 70e9 x 15e12 FLOP at 420e12 a second.
    near(given, 6.0 * 70e9 * 15e12 / 420e12 / 3600.0, "by hand");
    for rate in ["420", "420 TFLOP/s", "0.42 PFLOP/s"] {
        near(hours(about().tflops_per_chip(rate)).unwrap(), given, rate);
    }
    near(hours(about().tflops_per_chip(420).mfu(mfu)).unwrap(), given, "both agree");
    let ranged = EstimateRequest::new(about().tflops_per_chip("400..440")).ask(&catalog).unwrap();
    assert!(ranged.result.gpu_hours_p10.unwrap() < given && ranged.result.gpu_hours_p90.unwrap() > given);
    for (input, says) in [
        (about().tflops_per_chip(420).mfu("30%"), "an MFU of 30 % is given"),
        (about().tflops_per_chip(1200), "more than its dense peak"),
        (Input::new().params("70B").tokens("15T").chips(8).tflops_per_chip(420), "without the chip's peak"),
    ] {
        let error = hours(input).unwrap_err();
        assert!(error.message().contains(says), "{error}");
    }
    // A flag outranks the MFU of a file, as `--mfu` does.
    let run = EstimateRequest::new(Input::about("deepseek-v3").tflops_per_chip(300)).ask(&catalog).unwrap();
    near(run.result.mfu.unwrap(), 300.0 / 989.5, "a run's own");
}

#[test]
fn work_in_flop_is_a_budget() {
    let catalog = Catalog::built_in();
    let hours = EstimateRequest::new(Input::new().flop("5.76e23").gpu("h100").mfu("40%").chips(2048)).ask(&catalog);
    near(hours.unwrap().result.gpu_hours.unwrap(), 5.76e23 / (0.4 * 989.5e12) / 3600.0, "by hand");
    let plan = Input::new().flop("5.76e23").gpu("h100").mfu("40%").by("60d");
    let plan = PlanRequest::new(Goal::Chips, plan).ask(&catalog).unwrap();
    assert!(plan.plan.days_at_confidence.unwrap() <= 60.0);
    let error = EstimateRequest::new(Input::new().flop("5.76e23").gpu("h100").chips(8)).ask(&catalog).unwrap_err();
    assert!(error.hint().unwrap().ends_with("or --mfu"), "{error:?}");
}

#[test]
fn dollars_ask_for_no_rates() {
    // A profile of the rates that does not read is an error only where one is needed.
    let shell = Shell::new();
    std::fs::create_dir_all(shell.path().join("mine/assumptions")).unwrap();
    std::fs::write(shell.path().join("mine/assumptions/currencies.toml"), "nonsense").unwrap();
    let run = |price: &str| {
        let of = ["estimate", "--gpu-hours", "1M", "--chips", "8", "--price", price, "--profiles", "mine"];
        shell.run(&of).status.code()
    };
    assert_eq!((run("$1,500/chip/month"), run("¥14/h")), (Some(0), Some(3)));
}

#[test]
fn the_command_line_takes_it_all() {
    let shell = Shell::new();
    for (args, says) in [
        (&["estimate", "deepseek-v3", "--currency", "CNY"][..], "¥37,315,131. Money is in CNY"),
        (&["estimate", "deepseek-v3", "--price", "€2.10/h", "--rate", "EUR=1"], "$5,854,800"),
        (&["estimate", "deepseek-v3", "--set", "price.rent=¥14/h", "--set", "money.rate=CNY=0.2"], "$7,806,400"),
        (&["plan", "tokens", "deepseek-v3", "--budget", "€4M", "--currency", "€"], "tokens cost at most €4,000,000"),
        (&["explain", "deepseek-v3", "--currency", "INR"], "₹"),
        (
            &[
                "rl",
                "llama-3-8b",
                "--gpu",
                "h100",
                "--chips",
                "64",
                "--rl-steps",
                "500",
                "--prompts",
                "128",
                "--samples",
                "8",
                "--response-tokens",
                "2,000",
                "--currency",
                "GBP",
                "--price",
                "£2/h",
            ],
            "£",
        ),
    ] {
        let output = shell.run(args);
        assert!(text(&output.stdout).contains(says), "{args:?}: {} {}", text(&output.stdout), text(&output.stderr));
    }
    for (args, parts) in [
        (&["estimate", "deepseek-v3", "--currency", "EUX"][..], &["--currency", "unknown currency `EUX`", "`EUR`"][..]),
        (&["estimate", "deepseek-v3", "--currency", "bitcoin"], &["--currency", "is no currency"]),
        (&["sweep", "deepseek-v3", "--vary", "chips=1,024,2,048"], &["separates two values", "\"1,024\""]),
        (&["sweep", "deepseek-v3", "--vary", "currency=EUR,CNY"], &["changes no column"]),
    ] {
        refused(&shell.run(args), 2, parts);
    }
}

proptest! {
    #[test]
    fn the_parser_never_panics(text in "\\PC{0,24}", money in "[$€¥£A-Za-z, ./0-9_+-]{0,20}") {
        for text in [&text, &money] {
            let _ = (parse_money::<Price>(text), parse_money::<Usd>(text), parse_money::<EnergyPrice>(text));
            let _ = (parse::<Seconds>(text), parse::<Chips>(text), parse::<Tokens>(text), Code::named(text));
            for field in FIELDS.iter().filter(|field| field.path != "measured") {
                let _ = Question::default().with(field.path, text.as_str()).spec();
            }
        }
    }

    #[test]
    fn shown_money_is_read_back(dollars in 0.01f64..1e12, rate in 1e-5f64..10.0, code in 0usize..6) {
        let code = Code::new(["USD", "EUR", "CNY", "JPY", "CHF", "KRW"][code]).unwrap();
        let rate = if code == Code::USD { 1.0 } else { rate };
        prop_assume!(dollars / rate >= 0.01);
        let shown = shown_in(Shown { code, usd_per_unit: rate }, || show::usd(Usd::new(dollars)));
        let (back, written) = parse_money::<Usd>(&shown).unwrap();
        prop_assert!(written.code == code, "{shown}");
        let unit = if dollars / rate >= 100.0 { 0.5 } else { 0.005 };
        prop_assert!((back.get() - dollars / rate).abs() <= unit * 1.01, "{shown}");
        prop_assert_eq!(show::usd(Usd::new(1.0)), "$1.00");
    }

    #[test]
    fn grouped_numbers_are_read_as_they_are_shown(value in 0u64..1_000_000_000_000) {
        let shown = show::grouped(&value.to_string());
        if value > 0 && value <= 100_000_000 {
            prop_assert_eq!(parse::<Chips>(&shown).unwrap().get(), value as f64);
        }
        // A comma anywhere else is refused.
        let wrong = format!("{value},5");
        prop_assert!(parse::<Tokens>(&wrong).is_err(), "{}", wrong);
    }
}

#[test]
fn the_fields_of_money_have_their_names() {
    for (name, path) in [("currency", "money.currency"), ("rate", "money.rate"), ("tflops", "run.tflops_per_chip")] {
        assert_eq!(find(name).unwrap().path, path);
    }
}
