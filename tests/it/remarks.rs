//! What is said beside an answer: fields that change nothing, days that nothing is known of.

use flopbill::{EstimateRequest, Input};

use super::doors::catalog;
use super::shell::Shell;

fn warnings(input: Input) -> Vec<String> {
    EstimateRequest::new(input).ask(catalog()).unwrap().head.warnings
}

fn stderr(shell: &Shell, args: &[&str]) -> String {
    let output = shell.run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_field_that_moves_nothing_is_said() {
    let v3 = || Input::about("deepseek-v3");
    let idle = |input: Input, says: &str| {
        let found = warnings(input);
        assert!(found.iter().any(|text| text.starts_with(says)), "{says}: {found:?}");
    };
    idle(v3().set("transfer.ratio", "1.1"), "transfer.ratio changes nothing here");
    idle(v3().set("run.keep_mfu", true), "run.keep_mfu changes nothing here");
    let both = v3().set("run.hold_hours", true).set("transfer.ratio", "1.1");
    idle(both, "transfer.ratio, run.hold_hours change nothing here: no run is moved");
    let given = Input::new().params("8B").tokens("1T").gpu("h100").chips(64).mfu("40%");
    idle(given.clone().set("run.precision", "fp8"), "run.precision changes nothing here");
    let heard = [
        v3().gpu("h200").set("transfer.ratio", "1.1"),
        v3().gpu("h200").set("run.keep_mfu", true),
        v3().chips(4096).set("run.hold_hours", true),
        v3().set("run.wall_clock", "30d").set("run.hold_hours", true),
        Input::new().model("llama-3-8b").tokens("1T").gpu("h100").chips(64).set("run.precision", "fp8"),
        given.set("run.precision", "tf32"),
    ];
    for input in heard {
        let found = warnings(input);
        assert!(found.iter().all(|text| !text.contains("nothing here")), "{found:?}");
    }
}

#[test]
fn what_a_question_does_not_look_at_is_said() {
    let shell = Shell::new();
    let of_run = ["deepseek-v3"];
    let asked: [(&str, &[&str]); 3] = [
        ("explain", &of_run),
        ("convert", &["deepseek-v3", "--to", "h200"]),
        ("layout", &["llama-3-8b", "--gpu", "h100", "--chips", "64"]),
    ];
    for (verb, args) in asked {
        let set = ["--set", "by=60d", "--set", "budget=$5M", "--set", "confidence=90%", "--set", "region=sweden"];
        let said = stderr(&shell, &[&[verb], args, &set].concat());
        let place = if verb == "layout" { "region, " } else { "" };
        let says = format!("{place}by, budget, confidence change nothing here: `{verb}`");
        assert!(said.contains(&says), "{verb}: {said}");
        let one = stderr(&shell, &[&[verb], args, &["--set", "max_cost=$6M"]].concat());
        assert!(one.contains("gate.max_cost changes nothing here"), "{one}");
    }
    // A comparison and a sweep judge every side and row, in columns of their own; what changes nothing is said beside them.
    for args in [
        &["compare", "deepseek-v3", "--gpu", "h800,h200"][..],
        &["sweep", "deepseek-v3", "--vary", "chips=2048,4096"],
        &["sweep", "deepseek-v3", "--vary", "chips=2048", "--format", "csv"],
    ] {
        let limited = ["--set", "by=60d", "--set", "budget=$5M", "--set", "max_cost=$60M", "--set", "confidence=90%"];
        let said = stderr(&shell, &[args, &limited].concat());
        assert!(!said.contains("nothing here"), "{said}");
        let idle = stderr(&shell, &[args, &["--set", "together=true"]].concat());
        assert!(idle.contains("together changes nothing here: there are no deliveries"), "{idle}");
    }
}

#[test]
fn a_day_means_the_same_at_every_door() {
    let shell = Shell::new();
    let layout = |day: &[&str]| {
        let json = shell.json(&[&["layout", "llama-3-8b", "--gpu", "h100", "--chips", "64"], day].concat());
        json["result"]["step_seconds"].as_f64().unwrap()
    };
    assert_eq!(layout(&["--as-of", "2023-03-01"]), layout(&["--set", "as_of=2023-03-01"]));
    assert!(layout(&["--as-of", "2023-03-01"]) > layout(&[]));
    for args in [&["policy", "h200"][..], &["fleet", "v3-again"]] {
        let with = |name: &str, value: &str| shell.command(args).env(name, value).output().unwrap();
        let flag = shell.run(&[args, &["--as-of", "2026-11-20"]].concat());
        let variable = with("FLOPBILL_AS_OF", "2026-11-20");
        assert_eq!((variable.status.code(), &variable.stdout), (Some(0), &flag.stdout), "{args:?}");
        for (name, value, says) in [("FLOPBILL_AS_FO", "1", "FLOPBILL_AS_OF"), ("FLOPBILL_AS_OF", "soon", "soon")] {
            let wrong = with(name, value);
            let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
            assert!(wrong.status.code() == Some(2) && said.contains(says), "{args:?}: {said}");
        }
    }
    let late = warnings(Input::about("deepseek-v3").as_of("2030-01-01"));
    assert!(late.iter().any(|text| text.contains("the rules are known up to")), "{late:?}");
    assert!(warnings(Input::about("deepseek-v3")).iter().all(|text| !text.contains("the rules are known")));
}

/// A field that is the cause of a refusal is named by it, and a share that is over is shown as it is.
#[test]
fn a_refusal_names_its_cause() {
    let shell = Shell::new();
    let model = ["estimate", "--model", "llama-3-8b", "--tokens", "1T", "--gpu", "h100", "--chips", "8", "--keep-mfu"];
    shell.refused(&model, 1, &["leave run.keep_mfu out"]);
    let held = ["deepseek-v3", "--gpu", "h20", "--hold-hours"];
    shell.refused(&[&["estimate"], &held[..]].concat(), 1, &["needs an MFU of 231 %"]);
    let ratio = ["estimate", "deepseek-v3", "--gpu", "h20", "--transfer-ratio", "0.1"];
    shell.refused(&ratio, 1, &["needs an MFU of 578 %"]);
    let all = shell.json(&["estimate", "deepseek-v3", "--mfu", "100%"]);
    assert!((all["result"]["mfu"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    shell.refused(&["layout", "llama-3.1-405b", "--gpu", "h100", "--chips", "1"], 1, &["no layout on 1 chip fits"]);
    let one = shell.json(&["sweep", "deepseek-v3", "--vary", "chips=2048"]);
    assert_eq!(one["name"], "A sweep of 1 point");
}

/// A range that no digit shows is none.
#[test]
fn a_range_is_shown_where_it_is_one() {
    let shell = Shell::new();
    let text = |args: &[&str]| String::from_utf8(shell.run(args).stdout).unwrap();
    let narrow = text(&["estimate", "llama-3.1-405b", "--chips", "16380"]);
    assert!(narrow.contains("GPU-hours: 81.9 d on 16,380 chips") && !narrow.contains("p10"), "{narrow}");
    let wide = text(&["estimate", "llama-3.1-405b", "--chips", "8192"]);
    assert!(wide.contains(" to ") && wide.contains("p10"), "{wide}");
}
