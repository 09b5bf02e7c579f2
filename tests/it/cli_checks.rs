//! What the command refuses: profiles that are wrong or name what nobody has, near names, files made to hurt.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::cli::{Shell, refused, text};

/// The exit code and the messages of a check of one file.
#[track_caller]
fn checked(shell: &Shell, path: &str, toml: &str) -> Output {
    let file = shell.path().join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, toml).unwrap();
    shell.run(&["profiles", "check", path])
}

#[test]
fn every_kind_of_profile_is_checked_by_its_own_reader() {
    let shell = Shell::new();
    for (path, toml, part) in [
        ("fleets/a.toml", "name = 'A'\nnonsense = 1\n", "nonsense"),
        ("assumptions/scaling.toml", "name = 'A'\n[laws]\n", "did you mean `law`?"),
        ("assumptions/deepseek-v3.toml", "name = 'A'\nrun = 'deepseek-v33'\n", "deepseek-v3"),
        ("factors/hopper.toml", "name = 'A'\n[factor]\n", "`factors` is missing"),
    ] {
        refused(&checked(&shell, path, toml), 3, &[part, path]);
    }
}

#[test]
fn a_profile_names_only_what_exists() {
    let shell = Shell::new();
    let system = "name = 'A'\naccelerator = 'h20o'\nchips = 8\nkind = 'node'\n[sources]\n\
                  '*' = { title = 'x', as_of = '2026', kind = 'assumption' }\n";
    refused(&checked(&shell, "systems/a.toml", system), 3, &["h20o", "did you mean", "systems/a.toml:2:15"]);
    let price = "name = 'A'\naccelerator = 'mine'\n";
    refused(&checked(&shell, "prices/mine.toml", price), 3, &["unknown accelerator `mine`"]);
    let run = "name = 'A'\nmodel = 'deepsek-v3'\n[run]\ngpu = 'h8000'\n";
    let output = checked(&shell, "runs/a.toml", run);
    refused(&output, 3, &["runs/a.toml:2:9", "did you mean `deepseek-v3`?", "runs/a.toml:4:7"]);
    // A chip of one's own stands in the folder beside.
    let chip =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/profiles.in/accelerators/bragi.toml"));
    assert_eq!(checked(&shell, "accelerators/mine.toml", &chip.unwrap()).status.code(), Some(0));
    assert_eq!(shell.run(&["profiles", "check", "prices/mine.toml"]).status.code(), Some(0));
}

#[test]
fn a_phase_without_hours_is_pointed_at_and_a_broken_source_is_one_error() {
    let shell = Shell::new();
    let phases = "name = 'A'\n[[phase]]\nname = 'a'\ngpu_hours = '1K'\n[[phase]]\nname = 'b'\n";
    refused(&checked(&shell, "runs/a.toml", phases), 3, &["phase `b` has no `gpu_hours`", "runs/a.toml:5:"]);
    let system = "name = 'A'\naccelerator = 'h200'\nchips = 8\nkind = 'node'\npower_max = '10 kW'\n\
                  [sources]\n'*' = { title = 'x', as_of = '2026', kind = 'guess' }\n";
    let output = checked(&shell, "systems/a.toml", system);
    refused(&output, 3, &["guess"]);
    assert!(!text(&output.stderr).contains("has no source"), "{}", text(&output.stderr));
}

#[test]
fn closed_lists_are_named_beside_the_nearest() {
    let shell = Shell::new();
    let near = |args: &[&str], parts: &[&str]| {
        let output = shell.run(args);
        refused(&output, 2, parts);
    };
    near(&["estimate", "deepseek-v3", "--format", "jsno"], &["did you mean `json`?", "table, markdown, json"]);
    near(&["estimate", "deepseek-v3", "--bill", "onw"], &["did you mean `own`?", "rent, own, epoch"]);
    near(&["estimate", "deepseek-v3", "--mfu-basis", "fp9"], &["did you mean", "bf16"]);
    near(&["profiles", "list", "modles"], &["did you mean `models`?", "accelerators, systems"]);
    near(&["estimate", "deepseek-v3", "--bill", "own", "--region", "chnia"], &["did you mean `china`?"]);
    near(&["estimate", "deepseek-v3", "--gpu", "h10"], &["did you mean `h100`?"]);
    near(&["estimate", "deepseek-v3", "--mfu-basis", "fp4"], &["bf16", "fp8", "--mfu-basis bf16"]);
}

#[test]
fn a_goodput_is_assumed_only_where_there_are_flops() {
    let shell = Shell::new();
    let assumed = |args: &[&str]| shell.json(args)["assumptions"].to_string().contains("goodput");
    assert!(!assumed(&["estimate", "--gpu-hours", "2.788M", "--gpu", "h800", "--chips", "2048"]));
    assert!(assumed(&["estimate", "deepseek-v3"]));
}

#[test]
fn names_from_files_cannot_steer_a_terminal() {
    let shell = Shell::new();
    shell.write("a.toml", "name = \"A\\u001b[31m\\u202eB\"\n[run]\ngpu_hours = \"1K\"\n");
    for format in ["table", "markdown", "plain"] {
        let shown = text(&shell.run(&["estimate", "./a.toml", "--format", format]).stdout);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{format}");
    }
}

#[test]
fn a_file_of_many_keys_or_phases_is_read_in_time() {
    let shell = Shell::new();
    let keys: String = (0..100_000).map(|i| format!("tokns{i} = {i}\n")).collect();
    shell.write("keys.toml", format!("name = 'A'\n[run]\n{keys}"));
    let phase = |i: usize| format!("[[phase]]\nname = 'p{i}'\ngpu_hours = '1K'\n");
    shell.write("phases.toml", format!("name = 'A'\n{}", (0..20_000).map(phase).collect::<String>()));
    let start = std::time::Instant::now();
    refused(&shell.run(&["estimate", "./keys.toml"]), 3, &["unknown key `tokns0`", "keys.toml:3:1"]);
    assert_eq!(shell.run(&["estimate", "./phases.toml"]).status.code(), Some(0));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed()); // it took minutes
}
