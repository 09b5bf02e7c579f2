//! Rows of a sweep with a bill, with ranges and under limits: each is what `estimate` answers to its own question.

use flopbill::internals::input::field::Group;
use flopbill::internals::input::table::FIELDS;
use flopbill::internals::sweep::columns::{BESIDE, BILL_RANGED, BILLED, FIGURES, RANGED};
use flopbill::internals::sweep::{Drawn, Outputs, Sweep};
use flopbill::{Catalog, EstimateRequest, Question, SweepRequest};
use serde_json::Value;

use crate::shell::Shell;

fn owned() -> Question {
    let v3 = Question::about("deepseek-v3", &Catalog::built_in()).unwrap();
    v3.with("run.gpu", "h200").with("bill.view", "own").with("region", "usa").with("as_of", "2026-11-01")
}

pub fn rows(sweep: &Sweep) -> Vec<Result<Outputs, String>> {
    let mut found = Vec::new();
    sweep.visit(0..sweep.points(), |row| found.push(row.answer.clone().map_err(|error| error.message().to_owned())));
    found
}

/// What is held against `estimate`: the rent and the days, the bill, and how surely a planner's limits are kept.
const HELD: [&str; 8] = [
    "cost_usd",
    "wall_clock_days",
    "gpu_hours",
    "final_run_usd",
    "programme_usd",
    "by_date_probability",
    "in_budget_probability",
    "both_probability",
];

/// Those that `estimate` answers.
pub fn alone(question: &Question, catalog: &Catalog) -> Result<[f64; HELD.len()], String> {
    let reply = EstimateRequest::new(question.clone()).ask(catalog).map_err(|error| error.message().to_owned())?;
    let bill = reply.bill.as_ref();
    let joint = reply.joint.as_ref();
    let found = [
        reply.result.cost_usd,
        reply.result.wall_clock_days,
        reply.result.gpu_hours,
        bill.and_then(|bill| bill.final_run_usd),
        bill.and_then(|bill| bill.programme_usd),
        joint.and_then(|joint| joint.by_date).map(|share| share.probability),
        joint.and_then(|joint| joint.in_budget).map(|share| share.probability),
        joint.and_then(|joint| joint.both).map(|share| share.probability),
    ];
    Ok(found.map(|number| number.unwrap_or(f64::NAN)))
}

/// A row has what `estimate` answers; where a date or money is asked for alone, that shows it among its ranges.
pub fn same(axis: &str, row: &Outputs, alone: &[f64; HELD.len()]) {
    for (key, alone) in HELD.iter().zip(alone) {
        let found = row.get(key);
        let apart = key.ends_with("probability") && alone.is_nan();
        assert!(
            apart || (found / alone - 1.0).abs() < 1e-12 || found == *alone || (found.is_nan() && alone.is_nan()),
            "{axis}: {key} {found}, alone {alone}"
        );
    }
}

/// Every field of a spec is an axis, but for those of reinforcement learning and of what is shown.
#[test]
fn every_field_is_an_axis_and_its_row_is_the_answer() {
    let catalog = Catalog::built_in().remembering();
    let (mut answered, mut refused) = (0, Vec::new());
    for field in FIELDS {
        let mut base = owned();
        base.overrides.retain(|over| over.path != field.path);
        let axis = format!("{}={}", field.path, field.example);
        let sweep = match Sweep::new(base.clone(), &[axis.as_str()], catalog.clone()) {
            Ok(sweep) => sweep,
            Err(error) => {
                assert!(error.message().contains("changes no column"), "{axis}: {error}");
                refused.push(field.path);
                continue;
            }
        };
        let alone = alone(&base.with(field.path, field.example), &catalog);
        match (&rows(&sweep)[0], alone) {
            (Ok(row), Ok(alone)) => {
                same(&axis, row, &alone);
                answered += 1;
            }
            // Each names the flag that it is from.
            (Err(row), Err(alone)) => {
                let [row, alone] =
                    [row, &alone].map(|text| text.split_once(": ").map_or(text.as_str(), |(_, why)| why));
                assert_eq!(row, alone, "{axis}");
            }
            (row, alone) => panic!("{axis}: {row:?} against {alone:?}"),
        }
    }
    let other = |path: &&str| {
        let field = FIELDS.iter().find(|field| field.path == *path).unwrap();
        field.group != Group::Rl && *path != "money.currency"
    };
    assert!(refused.iter().all(|path| !other(path)), "{refused:?}");
    assert!(answered > 90, "{answered}");
}

/// Rows of several axes of the bill, the place, the layout and the limits, in any order.
#[test]
fn rows_of_mixed_axes_are_answers_too() {
    let catalog = Catalog::built_in().remembering();
    let base = Question::about("deepseek-v3", &catalog).unwrap().with("run.gpu", "h200");
    for vary in [
        &["bill.view=own,rent,epoch", "region=usa,china,sweden", "chips=1024,2048"][..],
        &["bill.term=on_demand,reserved_1y,spot", "bill.view=rent", "run.precision=bf16,fp8"],
        &["as_of=2025-06-01,2026-11-01", "bill.view=own", "electricity.price=$0.05/kWh..$0.15/kWh:$0.05/kWh"],
        &["stack=megatron-core,deepseek", "layout.tp=1,2", "bill.pue=1.1,1.3", "bill.view=own"],
        &["price=$2/h,$3/h", "tokens=10T,20T", "bill.view=rent,own", "bill.people=0,150"],
        &[
            "deliveries=2048@start;2048@20d,'4096@start;1024@10d..40d'",
            "by=50d,60d",
            "budget=$9M,$15M",
            "bill.view=rent",
        ],
        &["deliveries.2.on=5d..45d:20d", "deliveries.1.chips=1024,2048", "budget_of=final-run,programme"],
    ] {
        let planned = vary.iter().any(|axis| axis.starts_with("deliveries.")).then(|| {
            let base = base.clone().with("deliveries", "2048@start; 2048@20d:80%");
            base.with("by", "80d").with("budget", "$20M").with("bill.view", "rent")
        });
        let base = planned.unwrap_or_else(|| base.clone());
        let sweep = Sweep::new(base.clone(), vary, catalog.clone()).unwrap();
        sweep.visit(0..sweep.points(), |row| {
            let laid = sweep.axes().iter().zip(row.cells);
            let question = laid
                .fold(base.clone(), |question, (axis, cell)| question.set(axis.path().to_owned(), cell.text.clone()));
            match (&row.answer, alone(&question, &catalog)) {
                (Ok(row), Ok(alone)) => same(&format!("{vary:?}"), row, &alone),
                (Err(error), Err(alone)) => assert_eq!(error.message(), alone, "{vary:?}"),
                (row, alone) => panic!("{vary:?}: {row:?} against {alone:?}"),
            }
        });
    }
}

/// A dearer kilowatt-hour by hand: the line is energy times price, and all compute is a multiple of the final run.
#[test]
fn a_price_of_electricity_by_hand() {
    let catalog = Catalog::built_in();
    let sweep = Sweep::new(owned(), &["electricity.price=$0.05/kWh,$0.15/kWh"], catalog.clone()).unwrap();
    let costs: Vec<f64> = rows(&sweep).iter().map(|row| row.as_ref().unwrap().get("programme_usd")).collect();
    let alone = EstimateRequest::new(owned().with("electricity.price", "$0.05/kWh")).ask(&catalog).unwrap();
    let bill = alone.bill.unwrap();
    let kwh = bill.lines.get("Electricity").unwrap().unwrap() / 0.05;
    let around = bill.programme_usd.unwrap() / bill.final_run_usd.unwrap();
    assert!(((costs[1] - costs[0]) / (0.10 * kwh * around) - 1.0).abs() < 1e-9, "{costs:?}");
}

/// The percentiles of a row are those of `estimate`, of the run and of the bill, and its limits those that it fails by.
#[test]
fn percentiles_and_limits_are_those_of_estimate() {
    let catalog = Catalog::built_in().remembering();
    let drawn = Drawn { ranges: true, ..Drawn::default() };
    let run = Question::about("deepseek-v3", &catalog).unwrap().with("run.mfu", "30%..40%");
    let limits = |question: Question| {
        question.with("gate.max_cost", "$12M").with("gate.max_days_p90", "60d").with("gate.max_cost_p90", "$13M")
    };
    let mut broken = 0;
    for base in [run.clone(), owned(), owned().with("bill.pue", "1.1..1.4"), run.with("bill.view", "rent")].map(limits)
    {
        let sweep = Sweep::with_draws(base.clone(), &["chips=1024,2048"], catalog.clone(), drawn).unwrap();
        assert!(sweep.has_ranges() && sweep.is_judged());
        for (chips, row) in ["1024", "2048"].into_iter().zip(rows(&sweep)) {
            let row = row.unwrap();
            let alone = EstimateRequest::new(base.clone().with("run.chips", chips)).ask(&catalog).unwrap();
            let names: Vec<&str> = alone.gates.iter().filter(|gate| !gate.kept).map(|gate| gate.name).collect();
            assert_eq!(row.broken.as_deref(), Some(names.join(", ").as_str()));
            broken += names.len();
            let result = serde_json::to_value(&alone.result).unwrap();
            let mut expected = [f64::NAN; BESIDE.len()];
            for at in RANGED {
                expected[at] = result.get(BESIDE[at]).and_then(Value::as_f64).unwrap_or(f64::NAN);
            }
            if let Some(bill) = &alone.bill {
                let range = bill.range.expect("a run that is drawn draws its bill");
                expected[BILLED].copy_from_slice(&[bill.final_run_usd.unwrap(), bill.programme_usd.unwrap()]);
                let levels = [
                    [range.final_run_usd_p10, range.final_run_usd_p50, range.final_run_usd_p90],
                    [range.programme_usd_p10, range.programme_usd_p50, range.programme_usd_p90],
                ];
                expected[BILL_RANGED].copy_from_slice(levels.as_flattened());
                let p90 = alone.gates.iter().find(|gate| gate.name == "max_cost_p90").and_then(|gate| gate.value);
                assert_eq!(p90, Some(range.programme_usd_p90));
                assert!(levels.iter().all(|[low, middle, high]| low < middle && middle < high), "{levels:?}");
                assert_eq!(row.money, bill.programme_usd.unwrap(), "a front is of what money is held against");
            }
            for ((key, found), expected) in BESIDE.iter().zip(row.beside.unwrap().iter()).zip(expected) {
                assert!(
                    (found / expected - 1.0).abs() < 1e-12 || (found.is_nan() && expected.is_nan()),
                    "{key}: {found} {expected}"
                );
            }
        }
    }
    assert!(broken > 3, "{broken}");
}

/// One list of columns with one list of values, whatever writes them.
#[test]
fn every_format_has_the_same_columns_and_values() {
    let shell = Shell::new();
    let args = ["sweep", "deepseek-v3", "--bill", "own", "--region", "us", "--vary", "gpu=h800,h200", "--ranges"];
    let args = [&args[..], &["--max-cost", "$13M", "--max-days", "55", "--pareto"]].concat();
    let text = |format: &str| {
        let output = shell.run(&[&args[..], &["--format", format]].concat());
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let csv = text("csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let keys: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut expected = vec!["run.gpu"];
    expected.extend(FIGURES);
    expected.extend(&BESIDE[RANGED]);
    expected.extend(&BESIDE[BILLED]);
    expected.extend(&BESIDE[BILL_RANGED]);
    expected.extend(["layout", "kept", "broken", "pareto", "error"]);
    assert_eq!(keys, expected);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell =
        |row: usize, key: &str| rows[row].get(keys.iter().position(|known| known == key).unwrap()).unwrap().to_owned();
    // By hand: the published run takes 56.72 days and costs more on H800s; the moved one keeps both limits.
    assert_eq!([cell(0, "kept"), cell(0, "broken")], ["false", "max_cost, max_days"]);
    assert_eq!([cell(1, "kept"), cell(1, "broken")], ["true", ""]);
    assert_eq!(cell(0, "gpu_hours_p10"), "", "published hours are no range");
    assert!(!cell(1, "cost_usd_p90").is_empty());
    let jsonl: Vec<Value> = text("jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let json: Value = serde_json::from_str(&text("json")).unwrap();
    for (at, line) in jsonl.iter().enumerate() {
        assert_eq!(line.as_object().unwrap().keys().collect::<Vec<_>>(), keys.iter().collect::<Vec<_>>());
        assert_eq!(*line, json["result"]["rows"][at]);
        for key in &keys {
            let written = match &line[key] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert!(
                written == cell(at, key) || written.parse::<f64>().unwrap() == cell(at, key).parse::<f64>().unwrap()
            );
        }
    }
    let table = text("table");
    for word in ["p10 to p90", "GPU-hours", "bill, run", "kept", "max_cost"] {
        assert!(table.contains(word), "{word}: {table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

#[test]
fn what_changes_nothing_is_said_and_what_cannot_be_varied_is_refused() {
    let shell = Shell::new();
    let stderr = |args: &[&str]| {
        let output = shell.run(&[&["sweep", "deepseek-v3", "--format", "csv"], args].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    };
    let idle = stderr(&["--vary", "failures.interrupts=3,4", "--bill", "rent", "--vary", "chips=1024,2048"]);
    assert!(idle.contains("--vary failures.interrupts changes no column") && !idle.contains("run.chips"), "{idle}");
    assert!(
        stderr(&["--vary", "region=us,sweden"]).contains("--vary region changes no column"),
        "a price that is given"
    );
    let heard = stderr(&["--vary", "region=us,china", "--gpu", "h200"]);
    assert!(!heard.contains("changes no"), "{heard}");
    assert!(stderr(&["--vary", "chips=1024,2048", "--ranges", "--mfu", "40%"]).contains("no value is a range"));
    assert!(stderr(&["--vary", "chips=1024,2048", "--draws", "100"]).contains("no row is drawn"));
    for (args, says) in [
        (&["--vary", "bill.pue=1.1,1.2"][..], &["`bill.pue` is part of the whole bill", "--bill own"][..]),
        (&["--vary", "electricity.price=$0.1/kWh"], &["part of the whole bill"]),
        (&["--vary", "region=us,atlantis"], &["unknown region `atlantis`"]),
        (&["--vary", "stack=torchtitan,nosuch"], &["unknown", "nosuch"]),
        (&["--vary", "chips=2048", "--pue", "1.2"], &["`bill.pue` is part of the whole bill"]),
        (&["--vary", "deliveries.2.on=5d,10d"], &["is of deliveries, and there are none", "--deliver"]),
        (&["--deliver", "2048@start", "--vary", "deliveries.2.on=5d,10d"], &["there is no delivery 2", "1 to 1"]),
        (&["--deliver", "2048@start", "--vary", "deliveries.0.on=5d,10d"], &["they count from 1"]),
        (&["--deliver", "2048@start", "--vary", "deliveries.1.onn=5d,10d"], &["key of a delivery", "`on`"]),
        (&["--deliver", "2048@start", "--vary", "deliveries.1.on=soon,10d"], &["soon"]),
        (&["--vary", "currency=EUR,CNY"], &["changes no column"]),
        (&["--vary", "bill.view=own,rent", "--bill", "own"], &["varied, and --bill sets it"]),
    ] {
        shell.refused(&[&["sweep", "deepseek-v3"], args].concat(), 2, says);
    }
}

/// A sweep that is continued has the columns that it began with.
#[test]
fn ranges_limits_and_bills_make_another_sweep() {
    let catalog = Catalog::built_in();
    let print = |question: Question, draws| {
        Sweep::with_draws(question, &["chips=1024,2048"], catalog.clone(), draws).unwrap().fingerprint()
    };
    let base = || Question::about("deepseek-v3", &catalog).unwrap().with("run.gpu", "h200");
    let all = [
        print(base(), Drawn::default()),
        print(base(), Drawn { ranges: true, ..Drawn::default() }),
        print(base().with("gate.max_cost", "$10M"), Drawn::default()),
        print(base().with("bill.view", "own"), Drawn::default()),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(one), "{at}");
    }
}

/// Without a bill, limits or ranges a sweep is as fast as before: its points stay open to the relations.
#[test]
fn a_limit_is_judged_at_every_point() {
    let base = Question::about("deepseek-v3", &Catalog::built_in()).unwrap().with("gate.max_cost", "$6M");
    let request = SweepRequest::new(base).vary("price=$1/h..$3/h:$0.25/h").vary("gate.max_days=50,60");
    let found = request.ask(&Catalog::built_in()).unwrap();
    let broken: Vec<String> =
        rows(&found.sweep).into_iter().map(|row| row.unwrap().broken.unwrap().to_string()).collect();
    // By hand: 2.788M hours at $2.00 are $5.576M, at $2.25 $6.273M; 56.72 days.
    let expected = |price: usize, days: usize| match (price > 4, days) {
        (false, 0) => "max_days",
        (false, _) => "",
        (true, 0) => "max_cost, max_days",
        (true, _) => "max_cost",
    };
    let all: Vec<&str> = (0..9).flat_map(|price| [0, 1].map(|days| expected(price, days))).collect();
    assert_eq!(broken, all);
}
