//! The planning scripts in `examples/`, run as a reader would run them.

use std::fs;
use std::path::Path;
use std::process::Command;

/// `cargo test` has built the examples by the time this runs, so that cargo only starts them.
fn run(example: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked", "--offline", "--example", example])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{example}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_budget_table_has_the_published_run_in_it() {
    let table = run("budget_table");
    let row = |chips: &str| table.lines().find(|line| line.trim_start().starts_with(chips)).unwrap_or_default();
    assert!(row("2048").contains("56.72") && row("2048").contains("$5.576M"), "{table}");
    // Twice the chips: half the time, and a little more, since the run is laid out anew.
    let days = row("4096").split_whitespace().nth(1).and_then(|days| days.parse::<f64>().ok());
    assert!(days.is_some_and(|days| days > 28.36 && days < 31.0), "{table}");
}

#[test]
fn the_deadline_search_puts_the_cheapest_first() {
    let offers = run("deadline");
    let dollars = |line: &str| line.rsplit('$').next().unwrap().trim_end_matches('M').parse::<f64>().unwrap();
    let costs: Vec<f64> = offers.lines().map(dollars).collect();
    assert!(costs.len() >= 4, "{offers}");
    assert!(costs.is_sorted(), "{offers}");
}

#[test]
fn every_example_is_run_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let tests = include_str!("examples.rs");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "toml") {
            continue; // a spec, which the README asks, or quotes, which the snapshots do
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(tests.contains(&format!("run(\"{name}\")")), "examples/{name}.rs is not run by a test");
        count += 1;
    }
    assert!(count >= 2, "two planning scripts at least");
}
