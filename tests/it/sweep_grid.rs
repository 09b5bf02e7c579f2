//! A sweep as a grid: the cells are the rows, whichever axis runs down, and what no grid can show is refused.

use flopbill::internals::sweep::GridRequest;
use flopbill::{Catalog, Question, SweepRequest};
use serde_json::Value;

use crate::shell::Shell;

const TWO: [&str; 6] = ["sweep", "deepseek-v3", "--vary", "chips=1024,2048,4096", "--vary", "price=$2/h,$3/h"];

fn text(shell: &Shell, args: &[&str]) -> String {
    let output = shell.run(&[&TWO[..], args].concat());
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The published run by hand: 2.788M hours at $2 and $3.
#[test]
fn a_grid_of_costs_by_hand_both_ways() {
    let shell = Shell::new();
    let csv = text(&shell, &["--grid", "chips,price", "--format", "csv"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "run.chips,price.rent=$2/h,price.rent=$3/h");
    assert_eq!(lines[2], "2048,5576000,8364000");
    assert_eq!(lines.len(), 4);
    let turned = text(&shell, &["--grid", "price,chips", "--format", "csv"]);
    let lines: Vec<Vec<&str>> = turned.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["price.rent", "run.chips=1024", "run.chips=2048", "run.chips=4096"]);
    assert_eq!([lines[1][0], lines[1][2], lines[2][0], lines[2][2]], ["$2/h", "5576000", "$3/h", "8364000"]);
    let table = text(&shell, &["--grid", "chips,price"]);
    assert!(table.starts_with("cost_usd by run.chips and price.rent"), "{table}");
    assert!(table.lines().any(|line| line.split_whitespace().eq(["2048", "$5.576M", "$8.364M"])), "{table}");
    let markdown = text(&shell, &["--grid", "chips,price", "--format", "markdown"]);
    assert!(markdown.contains("| 2048 | $5.576M | $8.364M |"), "{markdown}");
    shell.formats(&[&TWO[..], &["--grid", "price,chips"]].concat());
}

/// Every cell is that of its row, with a third axis of one value before, between and after the two.
#[test]
fn cells_are_the_rows() {
    let catalog = Catalog::built_in().remembering();
    let axes = ["chips=1024,2048,4096", "gpu=h800,h200", "price=$2/h"];
    for order in [[0, 1, 2], [0, 2, 1], [2, 0, 1], [1, 0, 2], [1, 2, 0], [2, 1, 0]] {
        let base = Question::about("deepseek-v3", &catalog).unwrap();
        let request = order.iter().fold(SweepRequest::new(base), |request, at| request.vary(axes[*at]));
        let found = request.ask(&catalog).unwrap();
        for show in ["cost_usd", "wall_clock_days", "gpu_hours", "chips", "mfu"] {
            for names in ["chips,gpu", "gpu,chips"] {
                let grid = found.grid(&GridRequest { axes: names.into(), show: Some(show.into()) }).unwrap();
                let mut seen = 0;
                found.sweep.visit(0..found.sweep.points(), |row| {
                    let typed = |path: &str| {
                        let at = found.sweep.axes().iter().position(|axis| axis.path() == path).unwrap();
                        row.cells[at].text.clone()
                    };
                    let line = grid.rows.iter().find(|line| line.value == typed(&grid.x)).unwrap();
                    let at = grid.across.iter().position(|value| *value == typed(&grid.y)).unwrap();
                    let cell = serde_json::to_value(&line.cells[at]).unwrap().as_f64().unwrap();
                    assert_eq!(cell, row.answer.as_ref().unwrap().get(show), "{names} {show}");
                    seen += 1;
                });
                assert_eq!(seen, 6);
            }
        }
    }
}

#[test]
fn a_grid_of_bills_marks_what_breaks_a_limit() {
    let shell = Shell::new();
    let args = ["sweep", "deepseek-v3", "--bill", "own", "--vary", "gpu=h200,h800", "--vary", "region=us,china"];
    let args = [&args[..], &["--grid", "region,gpu", "--max-cost", "$13M"]].concat();
    let json = shell.json(&args);
    let alone = |gpu: &str, region: &str| {
        let args = ["estimate", "deepseek-v3", "--bill", "own", "--gpu", gpu, "--region", region];
        shell.json(&args)["bill"]["programme_usd"].clone()
    };
    let rows = json["result"]["rows"].as_array().unwrap();
    assert_eq!(json["result"]["across"], serde_json::json!(["h200", "h800"]));
    for (row, region) in rows.iter().zip(["us", "china"]) {
        assert_eq!(row["value"], region);
        for (at, gpu) in ["h200", "h800"].into_iter().enumerate() {
            assert_eq!(row["cells"][at], alone(gpu, region));
            assert_eq!(row["kept"][at], Value::Bool(row["cells"][at].as_f64().unwrap() <= 13e6));
        }
    }
    let table = String::from_utf8(shell.run(&args).stdout).unwrap();
    assert!(table.contains("$12.55M ") && table.contains("$15.83M*") && table.contains("a star breaks"), "{table}");
    let drawn = [&args[..], &["--ranges", "--show", "programme_usd_p90"]].concat();
    let p90 = shell.json(&drawn)["result"]["rows"][0]["cells"][0].as_f64().unwrap();
    assert!(p90 > rows[0]["cells"][0].as_f64().unwrap());
}

/// What is shown without `--show` is what is known: no price, no cost.
#[test]
fn days_or_hours_are_shown_where_no_cost_is_known() {
    let catalog = Catalog::built_in();
    let base = Question::default().with("run.params", "8B").with("run.tokens", "1T");
    let shown = |base: Question, axes: [&str; 2], grid: &str| {
        let request = axes.iter().fold(SweepRequest::new(base), |request, axis| request.vary(*axis));
        let request = request.ask(&catalog).unwrap().grid(&GridRequest { axes: grid.into(), show: None });
        request.map(|grid| grid.show)
    };
    let hours = base.clone().with("run.gpu_hours", "1M");
    assert_eq!(shown(hours.clone(), ["chips=100,200", "goodput=80%,90%"], "chips,goodput").unwrap(), "wall_clock_days");
    let error = shown(base, ["mfu=30%,40%", "goodput=80%,90%"], "mfu,goodput").unwrap_err();
    assert!(!error.message().is_empty());
}

#[test]
fn what_no_grid_can_show_is_refused() {
    let shell = Shell::new();
    let refused = |args: &[&str], says: &[&str]| _ = shell.refused(&[&TWO[..], args].concat(), 2, says);
    refused(&["--grid", "chips"], &["names 1 axes, and a grid has two", "run.chips, price.rent"]);
    refused(&["--grid", "chips,price,gpu"], &["`run.gpu` is no axis: nothing varies it", "run.chips, price.rent"]);
    refused(&["--grid", "chips,chips"], &["names one axis twice"]);
    refused(&["--grid", "chips,colour"], &["unknown axis of --grid `colour`", "price.rent"]);
    refused(
        &["--grid", "chips,price", "--vary", "gpu=h800,h200"],
        &["`run.gpu` has 2 values beside them", "one value"],
    );
    refused(&["--grid", "chips,price", "--show", "mfus"], &["unknown output `mfus`", "did you mean `mfu`?"]);
    refused(&["--grid", "chips,price", "--show", "cost_usd_p90"], &["unknown output `cost_usd_p90`"]);
    refused(&["--show", "mfu"], &["--grid"]);
    refused(&["--grid", "chips,price", "--pareto"], &["--pareto is of rows"]);
    refused(&["--grid", "chips,price", "--resume"], &["--resume is of rows"]);
    refused(&["--grid", "chips,price", "--ranges"], &["shows no percentile", "--show cost_usd_p90"]);
    let wide = ["sweep", "deepseek-v3", "--vary", "chips=1001..1200:1", "--vary", "mfu=30%,40%"];
    shell.refused(&[&wide[..], &["--grid", "mfu,chips"]].concat(), 2, &["2 x 200 does not fit", "100 values"]);
    assert!(shell.run(&[&wide[..], &["--grid", "chips,mfu"]].concat()).status.success());
}
