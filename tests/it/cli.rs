//! The command as people meet it: what it prints for each documented question and each mistake, its exit codes,
//! its files and pipes. Snapshots stand in `tests/cmd`; `TRYCMD=overwrite` writes them anew.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_flopbill");

/// 2026-11-24, so that no answer depends on the day of the test.
const NOW: &str = "1795478400";

/// A folder to run in that has no `profiles/` of its own.
pub struct Shell(TempDir);

impl Shell {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        for name in ["FLOPBILL_PROFILES", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.env("SOURCE_DATE_EPOCH", NOW).env("FLOPBILL_DETAIL", "all");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The JSON answer of a question that has one.
    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--format", "json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The error of a refusal: nothing on stdout, and on stderr what is wrong and what to do.
#[track_caller]
pub fn refused(output: &Output, code: i32, parts: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(output.stdout.is_empty(), "a refusal prints nothing on stdout");
    assert!(!stderr.contains("panicked"), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "`{part}` is missing:\n{stderr}");
    }
}

#[track_caller]
pub fn close(value: &Value, expected: f64, within: f64) {
    let value = value.as_f64().unwrap_or(f64::NAN);
    assert!((value - expected).abs() <= within, "{value} is not {expected} within {within}");
}

fn cases() -> trycmd::TestCases {
    let cases = trycmd::TestCases::new();
    cases.register_bin("flopbill", Path::new(BINARY).to_owned());
    for (name, value) in [("FLOPBILL_PROFILES", ""), ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "0"), ("COLUMNS", "100")] {
        cases.env(name, value);
    }
    cases.env("SOURCE_DATE_EPOCH", NOW);
    cases.insert_var("[VERSION]", env!("CARGO_PKG_VERSION")).unwrap();
    cases
}

#[test]
fn every_documented_command_prints_what_its_snapshot_says() {
    cases().case("tests/cmd/*.trycmd").case("tests/cmd/*.toml").run();
}

#[test]
fn snapshots_hold_something() {
    let mut commands = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "trycmd") {
            let snapshot = fs::read_to_string(&path).unwrap();
            commands += snapshot.matches("\n$ flopbill").count();
            assert!(!snapshot.contains("panicked"), "{}", path.display());
            let folder = path.with_extension("in");
            assert!(folder.is_dir(), "{} would run in the repository and see its ./profiles", path.display());
            assert!(!folder.join("profiles").exists());
        }
    }
    assert!(commands > 50, "{commands} commands in snapshots");
}

/// The README's blocks as trycmd wants them: a code after a command that fails, a blank line at the end.
fn for_trycmd(readme: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if inside && line.starts_with("error") && lines.last().is_some_and(|last| last.starts_with("$ ")) {
            lines.push("? failed");
        }
        if inside && line == "```" && lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push("");
        }
        inside = line == "```console" || (inside && line != "```");
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

/// The other way round, for what `TRYCMD=overwrite` wrote.
fn for_readers(written: &str) -> String {
    let lines: Vec<&str> = written.lines().filter(|line| !line.starts_with("? ")).collect();
    let last_blank = |index: usize| lines[index].is_empty() && lines.get(index + 1) == Some(&"```");
    let kept = (0..lines.len()).filter(|index| !last_blank(*index)).map(|index| lines[index]);
    kept.collect::<Vec<_>>().join("\n") + "\n"
}

/// The commands of the README, and what it says they print.
#[test]
fn the_readme_s_commands_print_what_it_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    assert!(readme.contains("```console\n$ flopbill"), "the README shows no command with what it prints");
    assert_eq!(for_readers(&for_trycmd(&readme)), readme, "a console block ends in a blank line or holds `? code`");
    // In a folder of its own: the repository's ./profiles would be taken for a user's.
    let shell = Shell::new();
    let examples = shell.path().join("README.in/examples");
    fs::create_dir_all(&examples).unwrap();
    let planner = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/planner.toml");
    fs::copy(planner, examples.join("planner.toml")).unwrap();
    shell.write("README.md", for_trycmd(&readme));
    let copy = shell.path().join("README.md");
    let cases = cases();
    cases.case(&copy);
    cases.run();
    let now = for_readers(&fs::read_to_string(&copy).unwrap());
    if now != readme {
        fs::write(&path, now).unwrap(); // TRYCMD=overwrite
    }
}

/// Splits a command line as a shell does, as far as the help's examples need it.
pub fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.trim().chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words
}

#[test]
fn the_examples_of_the_help_run() {
    let shell = Shell::new();
    let help = text(&shell.run(&["--help"]).stdout);
    let examples: Vec<&str> =
        help.lines().skip_while(|line| *line != "Examples:").skip(1).take_while(|line| !line.is_empty()).collect();
    assert!(examples.len() >= 4, "{help}");
    for example in examples {
        let words = words(example);
        assert_eq!(words[0], "flopbill", "{example}");
        let output = shell.run(&words[1..].iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(0), "{example}: {}", text(&output.stderr));
        assert!(output.stdout.len() > 100, "{example}");
    }
}

#[test]
fn the_help_lists_the_exit_codes_and_verbs() {
    let help = text(&Shell::new().run(&["--help"]).stdout);
    for part in ["Exit codes:", "\n  0  ", "\n  1  ", "\n  2  ", "\n  3  ", "\n  4  ", "estimate", "profiles", "init"] {
        assert!(help.contains(part), "`{part}` is missing from --help");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn deepseek_v3_in_json() {
    let v3 = Shell::new().json(&["estimate", "deepseek-v3"]);
    assert_eq!(v3["schema_version"], 2);
    assert_eq!(v3["tool_version"], env!("CARGO_PKG_VERSION"));
    let result = &v3["result"];
    assert_eq!(result["gpu_hours"], 2_788_000);
    assert_eq!(result["cost_usd"], 5_576_000);
    let run = &v3["run"];
    assert_eq!(run["usd_per_gpu_hour"], 2);
    assert_eq!((&result["chips"], &run["chips_in_whole_nodes"]), (&2048.into(), &2048.into()));
    close(&result["wall_clock_days"], 56.72, 0.005);
    close(&result["mfu"], 0.346, 0.0005);
    close(&run["flop"], 3.2856e24, 1e12);
    assert!(run["mfu_basis"].as_str().unwrap().contains("dense bf16 peak"), "{run}");
    assert!(run["mfu_basis"].as_str().unwrap().contains("6ND"), "{run}");
    assert!(run["mfu_origin"].is_string());
    let phases = v3["phases"].as_array().unwrap();
    let hours: Vec<i64> = phases.iter().map(|phase| phase["gpu_hours"].as_i64().unwrap()).collect();
    assert_eq!(hours, [2_664_000, 119_000, 5_000]);
    for phase in phases {
        assert!(phase["name"].is_string());
        for key in ["wall_clock_days", "cost_usd"] {
            assert!(phase[key].as_f64().unwrap() > 0.0, "{phase}");
        }
    }
    let inputs = v3["inputs"].as_object().unwrap();
    for (path, input) in inputs {
        assert!(!input["value"].is_null() && input["origin"].is_string(), "{path}: {input}");
    }
    assert_eq!(inputs["run.chips"]["value"], 2048);
    for key in ["assumptions", "warnings", "sources"] {
        assert!(v3[key].is_array(), "{key}");
    }
}

#[test]
fn flags_alone_in_json() {
    let shell = Shell::new();
    let plan = shell.json(&["estimate", "--gpu-hours", "2.788M", "--gpu", "h800", "--price", "$2/h", "--days", "60"]);
    close(&plan["result"]["chips"], 1936.1, 0.05);
    assert_eq!(plan["run"]["chips_in_whole_nodes"], 1944);
    assert_eq!(plan["result"]["cost_usd"], 5_576_000);
    let plan = shell.json(&["estimate", "--cost", "$5.576M", "--price", "$2/h", "--gpu", "h800", "--chips", "2048"]);
    assert_eq!(plan["result"]["gpu_hours"], 2_788_000);
    close(&plan["result"]["wall_clock_days"], 56.72, 0.005);
    let flags = ["--params", "37B", "--tokens", "14.8T", "--mfu", "34.6%", "--gpu", "h800", "--chips", "2048"];
    let plan = shell.json(&[&["estimate"], &flags[..]].concat());
    close(&plan["result"]["gpu_hours"], 2.666e6, 500.0);
}

#[test]
fn what_is_not_known_is_null_with_a_reason() {
    let plan = Shell::new().json(&["estimate", "--gpu-hours", "1M"]);
    let unknown = plan["unknown"].as_object().unwrap();
    for key in ["chips", "wall_clock_days", "cost_usd", "mfu", "step_seconds"] {
        assert!(plan["result"][key].is_null(), "{key}");
        assert!(unknown[key].as_str().is_some_and(|reason| !reason.is_empty()), "{key} has no reason");
    }
}

#[test]
fn every_format_agrees_on_the_hours() {
    let shell = Shell::new();
    for format in flopbill::internals::report::Format::of_answers() {
        let output = shell.run(&["estimate", "deepseek-v3", "--format", format.name]);
        let text = text(&output.stdout);
        assert!(text.contains("2788000") || text.contains("2,788,000"), "{}: {text}", format.name);
        assert!(text.ends_with('\n') && !text.contains("NaN"), "{}", format.name);
        assert!(!text.contains('\u{1b}'), "{} is coloured in a pipe", format.name);
    }
    let table = text(&shell.run(&["estimate", "deepseek-v3"]).stdout);
    let long = |line: &&str| line.chars().count() > 80 && !line.contains("http");
    assert_eq!(table.lines().find(long), None, "a line is over 80 columns");
}

#[test]
fn a_file_is_written_whole_in_the_format_its_name_says() {
    let shell = Shell::new();
    for format in flopbill::internals::report::Format::of_answers() {
        let name = format!("answer.{}", format.extension);
        shell.write(&name, "old");
        let output = shell.run(&["estimate", "deepseek-v3", "-o", &name]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
        let printed = shell.run(&["estimate", "deepseek-v3", "--format", format.name]).stdout;
        assert_eq!(text(&fs::read(shell.path().join(&name)).unwrap()), text(&printed), "{name}");
    }
    let left = fs::read_dir(shell.path()).unwrap().count();
    assert_eq!(left, flopbill::internals::report::Format::of_answers().count(), "something is left beside the answers");
    let dash = shell.run(&["estimate", "deepseek-v3", "-o", "-"]);
    assert!(text(&dash.stdout).contains("2.788M GPU-hours"));
}

#[test]
fn a_refused_write_leaves_the_old_file() {
    let shell = Shell::new();
    shell.write("answer.json", "old");
    let conflict = shell.run(&["estimate", "deepseek-v3", "--format", "csv", "-o", "answer.json"]);
    refused(&conflict, 2, &["--format csv and -o answer.json contradict each other", "help"]);
    let unknown = shell.run(&["estimate", "deepseek-v3", "-o", "answer.xlsx"]);
    refused(&unknown, 2, &["-o answer.xlsx: its extension means no format", ".jsonl", "--format"]);
    refused(&shell.run(&["estimate", "deepseek-v3", "--format", "parquet"]), 2, &["parquet"]);
    fs::create_dir(shell.path().join("taken.json")).unwrap();
    refused(&shell.run(&["estimate", "deepseek-v3", "-o", "taken.json"]), 4, &["cannot write taken.json", "help"]);
    refused(&shell.run(&["estimate", "deepseek-v3", "-o", "no/where.json"]), 4, &["cannot write no/where.json"]);
    assert_eq!(fs::read_to_string(shell.path().join("answer.json")).unwrap(), "old");
    let names: Vec<_> = fs::read_dir(shell.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_device_a_device() {
    let shell = Shell::new();
    shell.write("real.json", "old");
    std::os::unix::fs::symlink("real.json", shell.path().join("link.json")).unwrap();
    assert_eq!(shell.run(&["estimate", "deepseek-v3", "-o", "link.json"]).status.code(), Some(0));
    assert!(fs::symlink_metadata(shell.path().join("link.json")).unwrap().is_symlink());
    assert!(fs::read_to_string(shell.path().join("real.json")).unwrap().contains("2788000"));
    // Not /dev/null itself: were it renamed over, every program on the machine would miss it.
    let pipe = shell.path().join("pipe.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    assert_eq!(shell.run(&["estimate", "deepseek-v3", "-o", "pipe.json"]).status.code(), Some(0));
    assert!(!fs::symlink_metadata(&pipe).unwrap().is_file(), "the pipe was replaced by a file");
    assert!(reader.join().unwrap().contains("2788000"));
}

#[test]
fn a_spec_comes_through_a_pipe() {
    let shell = Shell::new();
    let ask = |spec: &[u8]| {
        let mut command = shell.command(&["estimate", "-", "--format", "json"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(spec); // it may stop reading early
        child.wait_with_output().unwrap()
    };
    let good = ask(b"name = \"Piped\"\n[run]\ngpu = \"h800\"\ngpu_hours = \"2.788M\"\nchips = 2048\n");
    let answer: Value = serde_json::from_slice(&good.stdout).unwrap();
    close(&answer["result"]["wall_clock_days"], 56.72, 0.005);
    assert!(answer["inputs"]["run.chips"]["origin"].as_str().unwrap().starts_with("stdin:5"), "{answer}");
    refused(&ask(b"name = \"Bare\"\n[run]\ntokens = 14.8T\n"), 3, &["stdin:3:10", "quote it: \"14.8T\""]);
    refused(&ask(b"name = \"\xff\"\n"), 3, &["stdin", "line 1 is not UTF-8"]);
    refused(&ask(&vec![b'#'; 5 << 20]), 3, &["stdin", "larger than 4 MiB"]);
}

#[test]
fn files_that_cannot_be_specs_are_refused() {
    let shell = Shell::new();
    File::create(shell.path().join("huge.toml")).unwrap().set_len(100 << 20).unwrap();
    shell.write("latin.toml", b"name = \"ok\"\n# caf\xe9\n");
    shell.write("empty.toml", "");
    shell.write("nul.toml", "name = \"a\0b\"\n");
    fs::create_dir(shell.path().join("folder.toml")).unwrap();
    for (name, why) in [
        ("huge.toml", "larger than 4 MiB"),
        ("latin.toml", "line 2 is not UTF-8"),
        ("folder.toml", "it is a folder"),
        ("missing.toml", "cannot read missing.toml"),
        ("nul.toml", "nul.toml:1"),
    ] {
        refused(&shell.run(&["estimate", name]), 3, &[why]);
        refused(&shell.run(&["profiles", "check", name]), 3, &[why]);
    }
    refused(&shell.run(&["estimate", "empty.toml"]), 3, &["name"]);
}

#[test]
fn all_errors_of_all_files_are_shown_in_order() {
    let shell = Shell::new();
    for name in ["a", "b"] {
        let text = format!("name = \"{name}\"\nzoo = 1\nant = 2\n[run]\ngpu = \"h800\"\ngpu_hours = \"14.8X\"\n");
        shell.write(&format!("{name}.toml"), text);
    }
    let output = shell.run(&["profiles", "check", "a.toml", "b.toml"]);
    refused(&output, 3, &[]);
    let stderr = text(&output.stderr);
    let places: Vec<&str> = stderr.lines().filter_map(|line| line.trim().strip_prefix("--> ")).collect();
    assert_eq!(places, ["a.toml:2:1", "a.toml:3:1", "a.toml:6:13", "b.toml:2:1", "b.toml:3:1", "b.toml:6:13"]);
}

#[test]
fn three_hundred_broken_profiles_are_shown_without_a_panic() {
    let shell = Shell::new();
    fs::create_dir(shell.path().join("runs")).unwrap();
    let catalog = flopbill::Catalog::built_in();
    let mut names = Vec::new();
    let mut dice = crate::invariants::Dice(0x1234_5678_9abc_def1);
    for (index, id) in catalog.ids(flopbill::internals::catalog::Kind::Runs).iter().cycle().take(300).enumerate() {
        let found = catalog.find(flopbill::internals::catalog::Kind::Runs, id).unwrap();
        let mut bytes = found.document.text.as_bytes().to_vec();
        for _ in 0..4 {
            let at = dice.below(bytes.len());
            bytes[at] = [b'\n', b'"', b'\t', b'=', b'Z', b'\r', 0xc3, 0xa9][dice.below(8)];
        }
        names.push(format!("runs/{index}.toml"));
        shell.write(&names[index], String::from_utf8_lossy(&bytes).as_bytes());
    }
    let args: Vec<&str> = ["profiles", "check"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let output = shell.run(&args);
    refused(&output, 3, &["error", "runs/"]);
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_gone_is_no_error() {
    let shell = Shell::new();
    for args in [
        &["estimate", "deepseek-v3"][..],
        &["estimate", "deepseek-v3", "--format", "json"],
        &["profiles", "list"],
        &["profiles", "show", "h200"],
        &["completions", "bash"],
        &["init", "-"],
        &["--help"],
        &["--version"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = shell.command(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(output.stderr.is_empty(), "{args:?}: {}", text(&output.stderr));
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = shell.command(&["estimate", "--gpu", "h2000"]).stderr(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "a refusal nobody can read is still a refusal");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_with_a_code_of_its_own() {
    let shell = Shell::new();
    for args in [
        &["estimate", "deepseek-v3"][..],
        &["profiles", "list", "runs"],
        &["completions", "zsh"],
        &["init", "-"],
        &["--help"],
        &["--version"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = shell.command(args).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{args:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = shell.command(&["estimate", "deepseek-v3"]).stdout(full).output().unwrap();
    assert!(text(&output.stderr).contains("cannot write the answer"), "{}", text(&output.stderr));
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let shell = Shell::new();
    let wrong = ["estimate", "--gpu", "h2000"];
    let coloured = |args: &[&str], env: &[(&str, &str)]| {
        let output = shell.command(args).envs(env.iter().copied()).output().unwrap();
        output.stderr.contains(&0x1b)
    };
    assert!(!coloured(&wrong, &[]), "in a pipe");
    assert!(!coloured(&wrong, &[("NO_COLOR", "1")]));
    assert!(coloured(&wrong, &[("CLICOLOR_FORCE", "1")]));
    let with = |choice| [&wrong[..], &["--color", choice]].concat();
    assert!(coloured(&with("always"), &[("NO_COLOR", "1")]));
    assert!(!coloured(&with("never"), &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&with("auto"), &[]));
}

#[test]
fn a_first_spec_is_written_once_and_reads() {
    let shell = Shell::new();
    assert_eq!(shell.run(&["init"]).status.code(), Some(0));
    let answer = shell.json(&["estimate", "./run.toml"]);
    close(&answer["phases"][0]["gpu_hours"], 2.666e6, 500.0);
    shell.write("run.toml", "mine");
    refused(&shell.run(&["init"]), 4, &["run.toml is already there", "--force"]);
    assert_eq!(fs::read_to_string(shell.path().join("run.toml")).unwrap(), "mine");
    assert_eq!(shell.run(&["init", "--force"]).status.code(), Some(0));
    assert_ne!(fs::read_to_string(shell.path().join("run.toml")).unwrap(), "mine");
}

#[test]
fn completions_are_written_for_every_shell() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = shell.run(&["completions", name]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("estimate"), "{name}");
    }
}

#[test]
fn profiles_are_looked_up_in_the_documented_order() {
    let shell = Shell::new();
    let h200 = include_str!("../../profiles/accelerators/h200-sxm.toml");
    for (folder, peak) in [("profiles", "100 TFLOP/s"), ("flag", "200 TFLOP/s"), ("env", "300 TFLOP/s")] {
        fs::create_dir_all(shell.path().join(folder).join("accelerators")).unwrap();
        let text = h200.replacen("989.5 TFLOP/s", peak, 1);
        shell.write(&format!("{folder}/accelerators/h200-sxm.toml"), text);
    }
    let peak = |args: &[&str], env: &str| {
        let args = [&["profiles", "show", "h200", "--format", "json"], args].concat();
        let output = shell.command(&args).env("FLOPBILL_PROFILES", env).output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["result"]["peak.dense.bf16"]["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(peak(&["--profiles", "flag"], "env"), "200 TFLOP/s");
    assert_eq!(peak(&[], "env"), "300 TFLOP/s");
    assert_eq!(peak(&[], ""), "100 TFLOP/s");
    fs::rename(shell.path().join("profiles"), shell.path().join("elsewhere")).unwrap();
    assert_eq!(peak(&[], ""), "989.5 TFLOP/s");
}

#[test]
fn a_warning_goes_to_stderr_and_into_the_json() {
    let output = Shell::new().run(&["estimate", "--gpu-hours", "1M", "--chips", "2047", "--format", "json"]);
    assert!(text(&output.stderr).contains("not whole nodes"));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer["warnings"][0].as_str().unwrap().contains("not whole nodes"));
}

#[test]
fn a_clock_that_is_set_to_nonsense_does_no_harm() {
    let shell = Shell::new();
    for epoch in ["", "nan", "inf", "-1", "1e300", "-1e300", "yesterday"] {
        let mut command = shell.command(&["estimate", "--gpu", "h800", "--gpu-hours", "1M"]);
        let output = command.env("SOURCE_DATE_EPOCH", epoch).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{epoch}: {}", text(&output.stderr));
    }
    let warned = |epoch| {
        let mut command = shell.command(&["estimate", "--gpu", "tpu-v6e", "--gpu-hours", "1M"]);
        text(&command.env("SOURCE_DATE_EPOCH", epoch).output().unwrap().stderr).contains(" months old")
    };
    assert!(warned(NOW) && !warned("1735689600"), "the newest rent of a TPU v6e is of 2025-03");
}
