//! Assumptions of a bill: by flag, by spec, by a file of three lines, and what published comparisons make of them.

use flopbill::internals::answer::whole_bill::{BillQuestion, WholeBill};
use flopbill::internals::ask::estimate::bill;
use flopbill::internals::assume::{ASSUMPTIONS, lay, of_field, values};
use flopbill::internals::cost::View;
use flopbill::internals::input::field::field;
use flopbill::internals::{answer::answer, input::question::Question};
use flopbill::{Catalog, EstimateRequest, Input};

use crate::close::close;

/// A folder of the test's own with an `assumptions/bill.toml`.
fn folder(name: &str, text: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("flopbill-assume-{name}-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("assumptions")).unwrap();
    std::fs::write(folder.join("assumptions/bill.toml"), text).unwrap();
    folder
}

fn with_file(name: &str, text: &str) -> Catalog {
    Catalog::with_folders(vec![folder(name, text)])
}

fn billed(set: &[(&'static str, &str)], view: View, catalog: &Catalog) -> WholeBill {
    let asked = set.iter().fold(Question::about("deepseek-v3", catalog).unwrap(), |question, (path, text)| {
        question.with(path, text.to_string())
    });
    let answer = answer(&asked.with("bill.view", "rent"), catalog).unwrap();
    bill::of(&BillQuestion::of(&answer).unwrap(), view, &answer.spec, catalog).unwrap()
}

fn amounts(whole: &WholeBill) -> Vec<f64> {
    let lines = whole.bill.lines.iter().map(|line| line.charge.amount().map_or(-1.0, |usd| usd.get()));
    lines.chain(whole.owned.map(|owned| owned.hour.usd_per_hour())).collect()
}

#[test]
fn a_file_that_says_nothing_and_one_that_says_the_same_change_nothing() {
    let shipped = Catalog::built_in();
    let same = include_str!("../../profiles/assumptions/bill.toml");
    for (name, text) in [("empty", ""), ("comment", "# nothing\n"), ("same", same)] {
        let laid = with_file(name, text);
        assert_eq!(laid.bill().unwrap().defaults, shipped.bill().unwrap().defaults, "{name}");
        for view in [View::Rent, View::Own, View::Epoch] {
            assert_eq!(amounts(&billed(&[], view, &laid)), amounts(&billed(&[], view, &shipped)), "{name}");
        }
    }
}

#[test]
fn each_assumption_laid_over_itself_changes_nothing() {
    let defaults = Catalog::built_in().bill().unwrap().defaults;
    for one in ASSUMPTIONS {
        let field = field(one.field).unwrap_or_else(|| panic!("{one:?} has no field"));
        let Some(value) = (one.get)(&defaults) else { continue };
        let (low, high) = field.limits();
        assert!((low..=high).contains(&value), "{one:?}: {value}");
        let mut again = defaults.clone();
        (one.put)(&mut again, value);
        if !one.path.starts_with("losses.") && one.path != "failures.spares" {
            assert_eq!(again, defaults, "{one:?}");
        }
        let back = (one.get)(&again).unwrap();
        assert!((back - value).abs() <= 1e-12 * value.abs(), "{one:?}: {back}");
        let mut other = defaults.clone();
        (one.put)(&mut other, value * 0.5 + 0.25 * high.min(1.0));
        assert!(other != defaults, "{one:?} moves nothing");
    }
}

/// Which way the owned run or the rented one goes when a value rises.
const MOVES: [(&str, &str, &str, View, f64); 22] = [
    ("electricity.price", "$0.05/kWh", "$0.15/kWh", View::Own, 1.0),
    ("bill.utilisation", "50%", "90%", View::Own, -1.0),
    ("own.purchase", "$20K", "$40K", View::Own, 1.0),
    ("own.server", "0.1", "0.6", View::Own, 1.0),
    ("own.network", "5%", "25%", View::Own, 1.0),
    ("own.residual", "0%", "30%", View::Own, -1.0),
    ("own.interest", "5%", "13%", View::Own, 1.0),
    ("own.life", "3", "6y", View::Own, -1.0),
    ("own.staff", "$0", "$1000", View::Own, 1.0),
    ("own.maintenance", "0%", "8%", View::Own, 1.0),
    ("own.software_cost", "$0", "$4500", View::Own, 1.0),
    ("hosting.all_in_usd_per_kw_month", "$90/kW/month", "$200/kW-month", View::Own, 1.0),
    ("power.rated", "1kW", "1.5kW", View::Own, 1.0),
    ("rent.discount", "0%", "40%", View::Rent, -1.0),
    ("rent.uplift", "0%", "10%", View::Rent, 1.0),
    ("storage.usd_per_gb_month", "$0.01/GB/month", "$0.03/GB/month", View::Rent, 1.0),
    ("storage.data", "1TB", "1PB", View::Rent, 1.0),
    ("storage.usd_per_gb_egress", "$0", "$0.12/GB", View::Rent, 1.0),
    ("storage.egress", "1TB", "1PB", View::Rent, 1.0),
    ("checkpoint.kept", "1", "20", View::Own, 1.0),
    ("epoch.decline", "0.1", "0.2", View::Epoch, 1.0),
    ("epoch.load_gpu", "50%", "100%", View::Epoch, 1.0),
];

#[test]
fn each_flag_moves_the_bill_its_own_way() {
    let catalog = Catalog::built_in();
    for (path, low, high, view, way) in MOVES {
        let [low, high] = [low, high].map(|text| {
            let whole = billed(&[(path, text)], view, &catalog);
            assert!(whole.warnings.iter().all(|one| !one.contains("changes nothing")), "{path}: {:?}", whole.warnings);
            whole.bill.final_run().get()
        });
        assert!((high - low) * way > 0.0, "{path}: {low} to {high}");
    }
    let metered = [("electricity.price", "$0.08/kWh")];
    let [load, pue] = [("power.load", "90%"), ("bill.pue", "1.6")].map(|one| [metered[0], one]);
    let plain = billed(&metered, View::Own, &catalog).bill.final_run();
    assert!(billed(&load, View::Own, &catalog).bill.final_run() > plain);
    assert!(billed(&pue, View::Own, &catalog).bill.final_run() > plain);
}

#[test]
fn three_lines_change_three_values_and_a_flag_outranks_them() {
    let catalog = with_file("three", "[own]\ninterest = \"7%\"\nlife = \"5y\"\n[power]\nload = \"70%\"\n");
    let profile = catalog.bill().unwrap();
    let shipped = Catalog::built_in().bill().unwrap();
    let mut by_hand = shipped.defaults.clone();
    for (path, value) in [("own.interest", 0.07), ("own.life", 5.0), ("power.load", 0.7)] {
        (of_field(path).unwrap().put)(&mut by_hand, value);
    }
    assert_eq!(profile.defaults, by_hand);
    let laid: Vec<(&str, usize)> = profile.laid.iter().map(|(path, at)| (path.as_str(), at.line)).collect();
    assert_eq!(laid, [("own.interest", 2), ("own.life", 3), ("power.load", 5)]);
    // The rest keeps its source, these have their line.
    assert_eq!(profile.sources.of("own.network"), shipped.sources.of("own.network"));
    assert!(profile.sources.of("own.interest").unwrap().title.ends_with("bill.toml:2"));
    let whole = billed(&[("own.interest", "10%")], View::Own, &catalog);
    close(whole.terms.own.interest.get(), 0.10, 1e-12);
    close(whole.terms.own.life.years(), 5.0, 1e-12);
    let line = whole.bill.lines.iter().find(|line| line.source == "own.interest").unwrap();
    assert_eq!(whole.source(line).unwrap().title, "own.interest");
    assert!(whole.assumptions.iter().any(|one| one.starts_with("own.life: ") && one.ends_with("bill.toml:3")));
    let mut none = shipped.defaults;
    lay(&mut none, &[]);
    let other = values("failures", &with_file("other", "")).unwrap();
    assert!(other.iter().all(|value| value.origin.starts_with("profiles/assumptions/failures.toml:")));
}

#[test]
fn other_tables_of_scalars_are_laid_over_too() {
    let folder = folder("failures", "");
    std::fs::write(folder.join("assumptions/failures.toml"), "[all_cause]\nfactor = 2.5\n").unwrap();
    let catalog = Catalog::with_folders(vec![folder]);
    let (mine, shipped) = (catalog.failures().unwrap(), Catalog::built_in().failures().unwrap());
    assert_eq!((mine.all_cause.factor, mine.all_cause.spread), (2.5, shipped.all_cause.spread));
    assert_eq!((mine.eras, mine.storage), (shipped.eras, shipped.storage));
}

#[cfg(feature = "cli")]
#[test]
fn what_no_file_and_no_flag_can_mean_is_refused_where_it_stands() {
    let shell = crate::shell::Shell::new();
    for (name, text, reason) in [
        ("key", "[own]\nintrest = \"7%\"\n", "unknown key `intrest`"),
        ("table", "[onw]\ninterest = \"7%\"\n", "unknown key `onw`"),
        ("range", "[own]\ninterest = \"700%\"\n", "`own.interest` is from 0 to 1"),
        ("unit", "[own]\nlife = \"5 GB\"\n", "bill.toml:2"),
    ] {
        let folder = folder(&format!("bad-{name}"), text);
        let folder = folder.to_str().unwrap();
        shell.refused(&["estimate", "deepseek-v3", "--bill", "own", "--profiles", folder], 3, &[reason]);
    }
    let hint = "add --bill rent, --bill own";
    shell.refused(&["estimate", "deepseek-v3", "--residual", "0%"], 2, &["part of the whole bill", hint]);
    let both = ["estimate", "deepseek-v3", "--bill", "own", "--mtbf", "6h", "--interrupts", "3"];
    shell.refused(&both, 2, &["both say how often the job stops"]);
    for (flag, value, reason) in [
        ("--pue", "0.9", "`bill.pue` is from 1 to 5"),
        ("--network-share", "95%", "`own.network` is from 0"),
        ("--storage-price", "2 potatoes", "write it like `$0.5/GB/month`"),
        ("--mtbf", "1h..2h", "takes no range"),
    ] {
        shell.refused(&["estimate", "deepseek-v3", "--bill", "own", flag, value], 2, &[reason]);
    }
}

#[test]
fn every_field_of_the_bill_that_is_no_choice_lays_over_an_assumption_or_a_failure() {
    use flopbill::internals::input::field::{FIELDS, Group};
    for field in FIELDS.iter().filter(|field| field.group == Group::Assumptions) {
        let failure = ["failures.mtbf", "checkpoint.save", "checkpoint.step"].contains(&field.path);
        assert!(failure || of_field(field.path).is_some(), "{field:?} lays a value over nothing");
    }
    let listed = values("bill", &Catalog::built_in()).unwrap();
    for one in ASSUMPTIONS {
        let path = one.path;
        let rows: Vec<_> =
            listed.iter().filter(|value| value.path.strip_suffix(".mode").unwrap_or(&value.path) == path).collect();
        let [row] = rows[..] else { panic!("{path} is listed {} times", rows.len()) };
        assert_eq!(row.flag, field(one.field).map(|field| field.typed_flag()), "{path}");
    }
}

#[test]
fn ranges_of_assumptions_spread_the_bill() {
    let run = Input::about("deepseek-v3").set("bill.view", "own");
    let ask = |input: Input| EstimateRequest::new(input).ask(&Catalog::built_in()).unwrap().bill.unwrap();
    let power = ask(run.clone().set("electricity.price", "$0.06/kWh..$0.12/kWh"));
    let found = power.range.unwrap();
    assert!(found.final_run_usd_p10 < found.final_run_usd_p50 && found.final_run_usd_p50 < found.final_run_usd_p90);
    // Electricity is linear in its price: the median of a lognormal is the point between the two ends.
    let middle = ask(run.clone().set("electricity.price", format!("${}/kWh", (0.06f64 * 0.12).sqrt())));
    close(found.final_run_usd_p50, middle.final_run_usd.unwrap(), 1e-3);
    let both = ask(run.set("electricity.price", "$0.06/kWh..$0.12/kWh").set("own.interest", "7%..15%"));
    let wider = both.range.unwrap();
    assert!(wider.final_run_usd_p90 / wider.final_run_usd_p10 > found.final_run_usd_p90 / found.final_run_usd_p10);
    assert!(middle.range.is_none());
}

fn compared(input: Input, catalog: &Catalog) -> flopbill::internals::ask::estimate::bill::BillReply {
    EstimateRequest::new(input.set("bill.view", "own")).ask(catalog).unwrap().bill.unwrap()
}

/// 64 accelerators over four years at 70 % use, as <https://www.legitlads.com/hub/tools/ai/ai-hardware/accelerator-roi-calculator/>
/// prints them: $1.92M and $728,681 of energy and operations, $3,139,584 in the cloud at $2, saved $490,903, even at 59 %,
/// paid back in 3.2 years.
#[test]
fn sixty_four_accelerators_as_a_public_calculator_counts_them() {
    // The chip's own part stands in a file of the user's, the rest in flags.
    let file = "[own]\npurchase = \"$30K\"\nnetwork = \"0%\"\nresidual = \"0%\"\nstaff = 0\n[power]\nrated = \"700 W\"\n\
                fabric = \"0%\"\n[hosting]\nfacility_usd_per_kw_month = 0.0\n";
    let catalog = with_file("sixty-four", file);
    let input = Input::new().set("run.gpu", "h100").set("run.chips", "64").set("run.wall_clock", "1460d");
    let input =
        input.set("price.rent", "$2/h").set("own.interest", "0%").set("own.life", "4y").set("power.load", "70%");
    let input = input.set("electricity.price", "$0.08/kWh").set("bill.pue", "1.3").set("own.maintenance", "8%");
    let found = compared(input.clone().set("bill.utilisation", "70%"), &catalog);
    let owning = found.owning.unwrap();
    close(owning.life.purchase_usd, 1.92e6, 1e-12);
    assert_eq!((owning.life.own_usd - owning.life.purchase_usd).round(), 728_681.0);
    assert_eq!(owning.life.rent_usd.unwrap().round(), 3_139_584.0);
    assert_eq!((owning.life.rent_usd.unwrap() - owning.life.own_usd).round(), 490_903.0);
    close(found.break_even_utilisation.unwrap(), 0.59, 2e-3);
    close(owning.life.break_even_utilisation.unwrap(), found.break_even_utilisation.unwrap(), 1e-12);
    close(owning.break_even_years.unwrap(), 3.2, 6e-3);
    // Hours owned and hours used are two numbers: four calendar years have 1,461 days.
    let found = compared(input.set("bill.utilisation", "70%").set("own.life", "1461d"), &catalog).owning.unwrap();
    close(found.life.owned_gpu_hours, 2_244_096.0, 1e-12);
    close(found.life.used_gpu_hours, 1_570_867.2, 1e-12);
}

/// Eight H100 of $833,806 and $0.87 of electricity an hour beside $98.32 an hour: even after 8,556 hours, $871,912 against
/// $4,306,416 over five years, as they are quoted of Lenovo LP2225, 2025 (<https://lenovopress.lenovo.com/lp2225-on-premise-vs-cloud-generative-ai-total-cost-of-ownership>).
#[test]
fn a_server_of_eight_as_its_vendor_counts_it() {
    let input = Input::new().set("run.gpu", "h100").set("run.chips", "8").set("run.wall_clock", "1825d");
    let input = input.set("price.rent", "$12.29/h").set("own.purchase", "$104225.75").set("own.network", "0%");
    let input = input.set("own.residual", "0%").set("own.interest", "0%").set("own.life", "5y").set("own.staff", "$0");
    let input = input.set("own.maintenance", "0%").set("hosting.facility_usd_per_kw_month", "$0").set("bill.pue", "1");
    // $0.87 for the server: 0.87 kW a chip at $0.125 a kWh.
    let input = input.set("power.rated", "870 W").set("power.load", "100%").set("power.fabric", "0%");
    let input = input.set("electricity.price", "$0.125/kWh").set("bill.utilisation", "100%");
    let found = compared(input, &Catalog::built_in()).owning.unwrap();
    assert_eq!(found.life.own_usd.round(), 871_912.0);
    assert_eq!(found.life.rent_usd.unwrap().round(), 4_306_416.0);
    assert_eq!((found.break_even_years.unwrap() * 8760.0).round(), 8556.0);
}

/// An H100 of $250,000 / 8 all in costs its owner $1.42 an hour (SemiAnalysis, 20 August 2025,
/// <https://semianalysis.com/2025/08/20/h100-vs-gb200-nvl72-training-benchmarks/>): the price is rounded to two digits, which is 2 %.
#[test]
fn an_h100_as_an_analyst_counts_it() {
    let input = Input::new().set("run.gpu", "h100").set("run.chips", "8").set("run.wall_clock", "100d");
    let input = input.set("own.purchase", "$31250").set("own.network", "0%").set("bill.utilisation", "100%");
    let found = compared(input.set("power.rated", "1275 W"), &Catalog::built_in());
    close(found.owned_usd_per_gpu_hour.unwrap(), 1.42, 0.02);
}

/// Saving for 10 s beside an interrupt every 6,000 s and 600 s to come back, with steps of 15 s: about 24 steps.
#[test]
fn daly_counts_in_steps() {
    let input = Input::new().set("run.gpu", "h100").set("run.chips", "1024").set("run.gpu_hours", "1M");
    let input = input.set("failures.mtbf", "6000s").set("failures.restart", "600s").set("checkpoint.save", "10s");
    let found = compared(input.set("checkpoint.step", "15s"), &Catalog::built_in()).failures;
    close(found.mtbf_hours.unwrap(), 6000.0 / 3600.0, 1e-12);
    close(found.checkpoint_pause_s.unwrap(), 10.0, 1e-12);
    close(found.checkpoint_interval_steps.unwrap(), 22.65, 1e-3);
    close(found.checkpoint_interval_first_order_s.unwrap() / 15.0, 24.2, 2e-3);
}

#[test]
fn a_run_is_bought_for_and_sold_after() {
    let whole = billed(&[("own.residual", "10%"), ("own.life", "4y")], View::Own, &Catalog::built_in());
    let owning = whole.owning.unwrap();
    let run = owning.run.unwrap();
    // By hand: 56.72 of 1,460 days in a straight line to 10 %.
    let left = 1.0 - 0.9 * (run.time.days() / 1460.0);
    close(run.resale.get(), run.bought.get() * left, 1e-9);
    close(owning.life.resale.get(), owning.life.bought.get() * 0.1, 1e-9);
    close(owning.break_even[1].unwrap(), whole.owned.unwrap().break_even.unwrap(), 1e-9);
    assert!(run.cost < owning.life.cost);
}

#[cfg(feature = "cli")]
#[test]
fn the_list_of_assumptions_in_every_format() {
    let shell = crate::shell::Shell::new();
    let text = |args: &[&str]| String::from_utf8(shell.run(args).stdout).unwrap();
    let csv = text(&["profiles", "list", "assumptions", "--format", "csv"]);
    assert!(csv.lines().next().unwrap().starts_with("file,path,value,unit,kind,origin"), "{csv}");
    assert!(csv.contains("bill,own.interest,10%,,assumption,profiles/assumptions/bill.toml:"), "{csv}");
    let json = text(&["profiles", "list", "assumptions", "--format", "json"]);
    assert!(json.contains("\"flag\": \"--discount-rate\"") || json.contains("\"flag\": \"--interest\""), "{json}");
    let folder = folder("listed", "[own]\ninterest = \"7%\"\n");
    let own = text(&["profiles", "list", "assumptions", "--profiles", folder.to_str().unwrap(), "--format", "csv"]);
    assert!(own.contains("assumptions/bill.toml:2") && !own.contains("bill,own.interest,10%"), "{own}");
    let table = text(&["profiles", "list", "assumptions"]);
    assert!(table.contains("profiles/assumptions/bill.toml [own]") && table.contains("--life"), "{table}");
    let shown = text(&["estimate", "deepseek-v3", "--bill", "own", "--show-resolved"]);
    for path in ["own.interest", "own.life", "power.load", "electricity.price", "bill.pue", "storage.usd_per_gb_month"]
    {
        assert!(shown.contains(path), "{path}: {shown}");
    }
}
