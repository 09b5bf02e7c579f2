//! Sweeps: every point is the answer to its own question, files are whole or old, and an interrupted sweep goes on
//! where it stopped.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use flopbill::internals::answer::answer;
use flopbill::internals::ask::reply::result::block;
use flopbill::internals::report::sweep::{Last, STREAMS, Writer};
use flopbill::internals::sweep::columns::FIGURES;
use flopbill::internals::sweep::{Dominated, Outputs, Sweep};
use flopbill::{Catalog, Question};
use tempfile::TempDir;

fn sweep(run: &str, vary: &[&str]) -> Sweep {
    let catalog = Catalog::built_in();
    Sweep::new(Question::about(run, &catalog).unwrap(), vary, catalog).unwrap()
}

fn flags(with: &[(&'static str, &str)], vary: &[&str]) -> Sweep {
    let question = with.iter().fold(Question::default(), |question, (path, text)| question.with(path, *text));
    Sweep::new(question, vary, Catalog::built_in()).unwrap()
}

/// Each point against a question that is asked alone.
fn agrees(sweep: &Sweep, base: &Question) {
    agrees_at(sweep, base, 0..sweep.points());
}

fn agrees_at(sweep: &Sweep, base: &Question, points: std::ops::Range<u64>) {
    let catalog = Catalog::built_in();
    sweep.visit(points, |row| {
        let question = sweep
            .axes()
            .iter()
            .zip(row.cells)
            .fold(base.clone(), |question, (axis, cell)| question.set(axis.path().to_owned(), cell.text.clone()));
        let alone = answer(&question, &catalog).map(|alone| Outputs::of(&block(&alone, None)));
        match (&row.answer, alone) {
            (Ok(swept), Ok(alone)) => {
                for (key, (swept, alone)) in FIGURES.iter().zip(swept.figures.iter().zip(alone.figures)) {
                    let same = (swept.is_nan() && alone.is_nan()) || (swept / alone - 1.0).abs() < 1e-9;
                    assert!(same, "{:?}: {key} {swept}, alone {alone}", row.cells);
                }
                assert_eq!(swept.layout, alone.layout, "{:?}", row.cells);
            }
            (Err(error), Err(alone)) => assert_eq!(error.message(), alone.message()),
            (swept, alone) => panic!("{:?}: {swept:?} against {alone:?}", row.cells),
        }
    });
}

/// Rows of random axes in a random order, each the answer to its own question: none depends on the first value of an axis.
#[test]
fn rows_do_not_depend_on_their_axes() {
    const AXES: [&[&str]; 12] = [
        &["run.chips", "1024", "2048", "4096"],
        &["run.tokens", "10T", "14.8T", "15T"],
        &["run.gpu", "h800", "h200", "h100"],
        &["run.global_batch", "1024seq", "4Mtok", "15360seq"],
        &["run.wall_clock", "40d", "60d", "100d"],
        &["price.rent", "$2/h", "$3/h"],
        &["run.goodput", "90%", "95%"],
        &["layout.pp", "8", "16"],
        &["run.precision", "bf16", "fp8"],
        &["run.sequence_length", "4096", "8192"],
        &["run.cost", "$6M", "$9M"],
        &["run.mfu", "30%", "40%"],
    ];
    let catalog = Catalog::built_in().remembering();
    let v3 = Question::about("deepseek-v3", &catalog).unwrap();
    let llama = Question::default().with("model", "llama-3-70b");
    let mut state = 20_261_130_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut rows, mut answered) = (0, 0);
    while rows < 200 {
        let mut pool: Vec<&[&str]> = AXES.to_vec();
        let axes: Vec<&[&str]> = (0..2 + random(3)).map(|_| pool.swap_remove(random(pool.len()))).collect();
        let varied = |path: &str| axes.iter().any(|axis| axis[0] == path);
        let mut base = if random(2) == 0 { v3.clone() } else { llama.clone() };
        if base.base.model.is_none() {
            for (path, text) in [("run.tokens", "15T"), ("run.gpu", "h100"), ("run.chips", "2048")] {
                if !varied(path) && (path != "run.chips" || !varied("run.wall_clock")) {
                    base = base.with(path, text);
                }
            }
        }
        let vary: Vec<String> = axes.iter().map(|axis| format!("{}={}", axis[0], axis[1..].join(","))).collect();
        let sweep = Sweep::new(base.clone(), &vary, catalog.clone()).unwrap();
        for _ in 0..5 {
            let point = random(sweep.points() as usize) as u64;
            agrees_at(&sweep, &base, point..point + 1);
            sweep.visit(point..point + 1, |row| answered += u32::from(row.answer.is_ok()));
            rows += 1;
        }
    }
    assert!(answered > 100, "{answered}");
}

#[test]
fn every_point_is_the_answer_to_its_own_question() {
    let catalog = Catalog::built_in();
    let v3 = Question::about("deepseek-v3", &catalog).unwrap();
    for vary in [
        &["gpu=h800,h200,b200", "chips=1000,2048", "price=$1/h..$3/h:$1/h"][..],
        &["days=20,60d,90d", "cost=$4M,$6M", "goodput=90%,100%"],
        &["mfu=20%..60%:20%", "tokens=10T,14.8T", "gpu=h800,b200"],
        &["gpu_hours=2M,3M", "chips=512..4096:x2"],
        &["params=100B,671B", "active_params=20B,37B"],
        &["flop=1e24,3e24", "mfu_basis=bf16,fp8"],
        &["mfu=30%..45%,40%"],
    ] {
        let sweep = Sweep::new(v3.clone(), vary, catalog.clone()).unwrap();
        agrees(&sweep, &v3);
    }
    let predicted = Question::default().with("model", "llama-3.1-405b").with("run.gpu", "h100");
    for (with, vary) in [
        (("run.tokens", "15.6T"), &["chips=8192,16384,100", "price=$2/h,$3/h"][..]),
        (("run.chips", "16384"), &["tokens=1T,15.6T", "layout.tp=4,8,7"]),
        (("run.wall_clock", "90d"), &["tokens=1T,15.6T"]),
    ] {
        let question = predicted.clone().with(with.0, with.1);
        let sweep = Sweep::new(question.clone(), vary, catalog.clone()).unwrap();
        agrees(&sweep, &question);
    }
}

/// The recorded way of a solve against a solve, bit for bit, wherever it claims to hold.
#[test]
fn a_recorded_solve_is_the_solve() {
    use flopbill::internals::solve::Var;
    let catalog = Catalog::built_in();
    let (mut held, mut left) = (0, 0);
    for id in catalog.ids(flopbill::internals::catalog::Kind::Runs) {
        let question = Question::about(&id, &catalog).unwrap();
        let Ok(found) = answer(&question, &catalog) else { continue };
        let get = |var, scale: f64| found.solved.knowns.get(var).map(|value| value * scale);
        let vars = [
            (Var::Chips, get(Var::Chips, 1.0)),
            (Var::Price, Some(2.0)),
            (Var::Mfu, get(Var::Mfu, 1.0)),
            (Var::Tokens, get(Var::Tokens, 1.0)),
            (Var::GpuHours, get(Var::GpuHours, 1.0 / 3600.0)),
            (Var::WallClock, get(Var::WallClock, 1.0 / 86_400.0)),
            (Var::Goodput, Some(0.9)),
        ];
        for (a, b) in vars.iter().enumerate().flat_map(|(i, a)| vars.iter().skip(i + 1).map(move |b| (a, b))) {
            let ((var_a, Some(a)), (var_b, Some(b))) = (a, b) else { continue };
            let Some(quick) = found.prepared.quick([(*var_a, *a), (*var_b, *b)]) else { continue };
            for (factor_a, factor_b) in [(1.0, 1.0), (0.5, 1.0), (1.1, 1.7), (3.0, 0.2), (1.001, 1.0), (1e-30, 1e30)] {
                let settings = [(*var_a, a * factor_a), (*var_b, b * factor_b)];
                let solved = found.prepared.solve_at(settings);
                let based = settings.map(|(var, value)| (var, flopbill::internals::answer::prepared::base(var, value)));
                match (quick.values(based.into_iter()), solved) {
                    (Some(quick), Ok(solved)) => {
                        for var in [Var::GpuHours, Var::WallClock, Var::Cost, Var::Chips, Var::Mfu, Var::Flop] {
                            let (quick, solved) = (quick.get(var), solved.get(var).unwrap_or(f64::NAN));
                            let same = quick.to_bits() == solved.to_bits() || (quick.is_nan() && solved.is_nan());
                            assert!(same, "{id}: {settings:?}: {var:?} {quick} {solved}");
                        }
                        held += 1;
                    }
                    (Some(quick), Err(error)) => {
                        panic!("{id}: {settings:?}: {} hours, but {error}", quick.get(Var::GpuHours))
                    }
                    (None, _) => left += 1,
                }
            }
        }
    }
    assert!(held > 1000 && left > 50, "{held} {left}");
}

#[test]
fn points_without_an_answer_say_why_and_the_others_stand() {
    let sweep = flags(&[("run.gpu", "h800"), ("run.flop", "3e24"), ("run.chips", "2048")], &["gpu_hours=0.5M,2.788M"]);
    let mut answers = Vec::new();
    sweep.visit(0..2, |row| answers.push(row.answer.clone()));
    assert!(answers[0].as_ref().unwrap_err().message().contains("MFU"), "{:?}", answers[0]);
    assert!((answers[1].as_ref().unwrap().get("gpu_hours") - 2.788e6).abs() < 1e-3);
}

#[test]
fn any_part_of_a_sweep_is_the_same_part_of_the_whole() {
    let sweep = sweep("deepseek-v3", &["gpu=h800,h200", "chips=1000..1020:1", "mfu=20%..40%:1%"]);
    let writer = Writer::new(&sweep, &STREAMS[0], None);
    let text = |from: u64, to: u64| {
        let (mut text, mut last) = (Vec::new(), Last::default());
        sweep.visit(from..to, |row| writer.row(row, &mut last, &mut text));
        text
    };
    let whole = text(0, sweep.points());
    let parts: Vec<u8> =
        [0, 1, 40, 41, 500, sweep.points()].windows(2).flat_map(|ends| text(ends[0], ends[1])).collect();
    assert_eq!(whole, parts);
    let mut blocks = Vec::new();
    sweep
        .blocks(
            0,
            |points| text(points.start, points.end),
            |_, text| {
                blocks.extend_from_slice(&text);
                Ok::<_, ()>(())
            },
        )
        .unwrap();
    assert_eq!(whole, blocks);
}

#[test]
fn the_front_holds_what_nothing_beats() {
    let sweep = sweep("deepseek-v3", &["chips=1024..8192:x2", "price=$2/h,$3/h", "mfu=35%"]);
    let front = sweep.front(|_| Ok::<_, ()>(())).unwrap();
    // By hand: the hours are the same, so that the most chips at the lower price beat everything.
    assert_eq!(front.len(), 1);
    let (mut text, mut last) = (Vec::new(), Last::default());
    let writer = Writer::new(&sweep, &STREAMS[0], Some((front, Dominated::Dropped)));
    sweep.visit(0..sweep.points(), |row| writer.row(row, &mut last, &mut text));
    assert!(String::from_utf8(text).unwrap().starts_with("8192,2,0.35,"));
}

#[test]
fn a_longer_axis_than_is_tabled_reads_the_same() {
    let sweep = sweep("deepseek-v3", &["mfu=35%", "chips=1..200000:1"]);
    let mut found = Vec::new();
    sweep.visit(99_999..100_000, |row| found.push(row.answer.clone().unwrap()));
    let days = found[0].get("gpu_hours") / 100_000.0 / 24.0;
    assert!((found[0].get("wall_clock_days") / days - 1.0).abs() < 1e-9, "{found:?}");
}

#[test]
fn mistakes_are_refused_before_anything_is_written() {
    let catalog = Catalog::built_in();
    let v3 = Question::about("deepseek-v3", &catalog).unwrap().with("run.chips", "2048");
    for (vary, why) in [
        (&["gpu=h800,h900"][..], "unknown accelerator `h900`"),
        (&["model=deepseek-v44"], "unknown model"),
        (&["mfu=90%..120%:10%"], "more than 100 %"),
        (&["chips=1,2"], "varied, and run.chips sets it"),
        (&["tokens=1..2:1d"], "unit"),
        (&["mfu=30%,40%", "run.mfu=50%"], "varied twice"),
        (&["colour=red"], "unknown field `colour`"),
        (&["tokens=1..1e15:1"], "1.000e15 points"),
    ] {
        let error = Sweep::new(v3.clone(), vary, catalog.clone()).unwrap_err();
        assert!(error.message().contains(why), "{vary:?}: {error}");
    }
}

// The command.

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopbill"));
    command.args(["sweep", "deepseek-v3"]).args(args).current_dir(folder);
    command.stdin(Stdio::null()).env_remove("FLOPBILL_PROFILES").env("NO_COLOR", "1");
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const LONG: [&str; 6] = ["--vary", "chips=1000..1500:1", "--vary", "mfu=10%..60%:0.1%", "--vary", "gpu=h800,h200"];

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Killed at many moments, continued each time: the file of a sweep that nothing interrupted.
#[test]
fn a_killed_sweep_goes_on_and_ends_as_if_nothing_had_happened() {
    let folder = TempDir::new().unwrap();
    let whole = run(folder.path(), &[&LONG[..], &["-o", "whole.csv"]].concat());
    assert!(whole.status.success(), "{}", stderr(&whole));
    fs::write(folder.path().join("parts.csv"), "old").unwrap();
    let mut interrupted = 0;
    for moment in 0..10 {
        let mut child =
            command(folder.path(), &[&LONG[..], &["-o", "parts.csv", "--resume"]].concat()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(40 + 97 * moment));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        if fs::read(folder.path().join("parts.csv")).unwrap() == b"old" {
            interrupted += 1;
        }
    }
    assert!(interrupted >= 2, "the sweep was over before it could be killed: {interrupted}");
    // A line that was being written when the power went.
    if let Ok(mut part) = fs::File::options().append(true).open(folder.path().join("parts.csv.part")) {
        std::io::Write::write_all(&mut part, b"1234,0.3,h8").unwrap();
    }
    let last = run(folder.path(), &[&LONG[..], &["-o", "parts.csv", "--resume"]].concat());
    assert!(last.status.success(), "{}", stderr(&last));
    let (whole, parts) =
        (fs::read(folder.path().join("whole.csv")).unwrap(), fs::read(folder.path().join("parts.csv")).unwrap());
    assert!(whole == parts, "{} and {} bytes", whole.len(), parts.len());
    assert_eq!(names(folder.path()), ["parts.csv", "whole.csv"]);
    let lines = whole.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines, 501 * 501 * 2 + 1);
}

#[test]
fn an_interrupted_sweep_is_neither_mixed_with_another_nor_thrown_away() {
    let folder = TempDir::new().unwrap();
    let part = folder.path().join("a.csv.part");
    let journal = folder.path().join("a.csv.journal");
    let args = [&LONG[..], &["-o", "a.csv"]].concat();
    let started = |text: &str| text.contains("\"points\":") && !text.contains("\"points\":0,");
    for _ in 0..100 {
        let mut child = command(folder.path(), &args).spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            if fs::read_to_string(&journal).is_ok_and(|text| started(&text)) {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        child.wait().unwrap();
        if fs::read_to_string(&journal).is_ok_and(|text| started(&text)) {
            break;
        }
        let _ = fs::remove_file(folder.path().join("a.csv")); // it was done before it could be stopped
    }
    let entry = fs::read_to_string(&journal).unwrap();
    assert!(started(&entry), "{entry}");
    let again = run(folder.path(), &args);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("was interrupted after"), "{}", stderr(&again));
    let other = run(folder.path(), &["--vary", "chips=1..9:1", "-o", "a.csv", "--resume"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(stderr(&other).contains("another question"), "{}", stderr(&other));
    fs::write(folder.path().join("empty.csv.part"), "").unwrap();
    let fresh = run(folder.path(), &["--vary", "chips=1000..1003:1", "-o", "empty.csv", "--resume"]);
    assert!(fresh.status.success(), "a sweep killed before its journal: {}", stderr(&fresh));
    fs::write(&part, "short").unwrap();
    let short = run(folder.path(), &[&args[..], &["--resume"]].concat());
    assert!(stderr(&short).contains("shorter than its journal"), "{}", stderr(&short));
    assert!(!folder.path().join("a.csv").exists());
}

#[test]
fn the_rows_do_not_change_with_threads_or_formats() {
    let folder = TempDir::new().unwrap();
    let small = ["--vary", "chips=1000..1010:1", "--vary", "gpu=h800,h200,mi300x", "--pareto"];
    let with = |threads: &str, format: &str| {
        let args = [&small[..], &["--format", format]].concat();
        let output = command(folder.path(), &args).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let csv = with("1", "csv");
    assert_eq!(csv, with("3", "csv"));
    let jsonl = with("2", "jsonl");
    assert_eq!(csv.lines().count(), 34);
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    let keys = csv.headers().unwrap().clone();
    assert_eq!(keys.iter().skip(2).take(9).collect::<Vec<_>>(), FIGURES);
    assert_eq!(keys.iter().skip(11).collect::<Vec<_>>(), ["layout", "pareto", "error"]);
    for (row, line) in csv.records().zip(jsonl.lines()) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        for (cell, key) in row.unwrap().iter().zip(&keys) {
            match &value[key] {
                serde_json::Value::Null => assert_eq!(cell, ""),
                serde_json::Value::String(text) => assert_eq!(cell, text),
                serde_json::Value::Bool(mark) => assert_eq!(cell, mark.to_string()),
                number => assert_eq!(cell.parse::<f64>().unwrap(), number.as_f64().unwrap()),
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_or_missing_target_is_said_with_a_code_of_its_own() {
    let folder = TempDir::new().unwrap();
    let full = run(folder.path(), &["--vary", "chips=1..9:1", "--format", "csv", "-o", "/dev/full"]);
    assert_eq!(full.status.code(), Some(4), "{}", stderr(&full));
    let missing = run(folder.path(), &["--vary", "chips=1..9:1", "-o", "no/such/folder.csv"]);
    assert_eq!(missing.status.code(), Some(4), "{}", stderr(&missing));
    let unread = run(folder.path(), &["--vary", "chips=1..9:1", "--resume"]);
    assert_eq!(unread.status.code(), Some(2), "{}", stderr(&unread));
    let none =
        run(folder.path(), &["--vary", "mfu=90%,95%", "--gpu-hours", "1M", "--format", "csv", "--tokens", "1000T"]);
    assert!(none.status.success() || none.status.code() == Some(1), "{}", stderr(&none));
}
