//! One screen first: every documented command answers in 25 lines of 80 columns, and names what else there is.

use std::process::Command;

use tempfile::TempDir;

use crate::cli::words;
use crate::tidy::root;

/// Lines and columns of a screen.
const SCREEN: (usize, usize) = (25, 80);

fn command(args: &[String], folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopbill"));
    command.args(args).current_dir(folder.path()).env_remove("FLOPBILL_PROFILES").env_remove("FLOPBILL_DETAIL");
    command.env("NO_COLOR", "1").env("SOURCE_DATE_EPOCH", "1795478400");
    command
}

/// The commands of the snapshots, each in the folder of its files.
fn documented() -> Vec<(String, Vec<String>)> {
    let folder = root().join("tests/cmd");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "trycmd") {
            continue;
        }
        let files = path.with_extension("in").file_name().unwrap().to_str().unwrap().to_owned();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            if let Some(typed) = line.strip_prefix("$ flopbill ") {
                found.push((files.clone(), words(typed)));
            }
        }
    }
    found
}

fn copied(files: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = root().join("tests/cmd").join(files);
    let mut folders = vec![std::path::PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(from.join(&inner)).into_iter().flatten() {
            let entry = entry.unwrap();
            let to = inner.join(entry.file_name());
            if entry.path().is_dir() {
                std::fs::create_dir_all(folder.path().join(&to)).unwrap();
                folders.push(to);
            } else {
                std::fs::copy(entry.path(), folder.path().join(&to)).unwrap();
            }
        }
    }
    folder
}

/// What a user asks for in so many words is shown whole: other formats, details, lists of values and of tests.
const WHOLE: [&str; 12] = [
    "--format",
    "--detail",
    "--show-resolved",
    "--tests",
    "--help",
    "-h",
    "-o",
    "--output",
    "completions",
    "init",
    "--grid",
    "--drivers",
];

#[test]
fn every_documented_answer_is_one_screen() {
    let (mut screens, mut long) = (0, Vec::new());
    for (files, args) in documented() {
        if args.iter().any(|arg| WHOLE.contains(&arg.split('=').next().unwrap())) {
            continue;
        }
        let folder = copied(&files);
        let output = command(&args, &folder).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let wide = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        if text.lines().count() > SCREEN.0 || wide > SCREEN.1 {
            long.push(format!("{} lines of {wide} columns: {}", text.lines().count(), args.join(" ")));
        }
        screens += usize::from(!text.is_empty());
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
    assert!(screens > 35, "{screens} answers were looked at");
}

#[test]
fn what_is_left_out_is_named_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let output = command(&args, &folder).output().unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (out, err, output.status.code().unwrap())
    };
    let asked = ["estimate", "deepseek-v3", "--gpu", "h200", "--bill", "rent"];
    let (brief, _, _) = run(&asked);
    let more = brief.split("More: --detail ").nth(1).unwrap();
    let topics: Vec<String> = more
        .split("or all")
        .next()
        .unwrap()
        .split(',')
        .map(|topic| topic.trim().to_owned())
        .filter(|topic| !topic.is_empty())
        .collect();
    assert!(topics.len() > 8, "{topics:?}");
    let (all, _, _) = run(&[&asked[..], &["--detail", "all"]].concat());
    assert!(all.lines().count() > 150);
    for topic in &topics {
        let (shown, _, code) = run(&[&asked[..], &["--detail", topic]].concat());
        assert_eq!(code, 0, "{topic}");
        assert!(shown.lines().count() > 4, "{topic}: {shown}");
        // Every line of a topic is one of all.
        assert!(shown.lines().all(|line| all.lines().any(|known| known == line)), "{topic}: {shown}");
    }
    let (out, err, code) = run(&[&asked[..], &["--detail", "stpe"]].concat());
    assert!(code == 2 && out.is_empty() && err.contains("did you mean `step`") && err.contains("failures"), "{err}");
    let (json, err, _) = run(&[&asked[..], &["--detail", "step", "--format", "json"]].concat());
    assert!(err.contains("--detail changes nothing here") && json.contains("cost_lines"), "{err}");
    let (markdown, _, _) = run(&[&asked[..], &["--format", "markdown"]].concat());
    assert!(markdown.lines().count() < 60 && markdown.contains("_More: --detail"), "{markdown}");
    let (page, _, _) = run(&[&asked[..], &["--format", "html"]].concat());
    assert!(page.contains("One step") && page.contains("Sources of the bill"), "a page has everything");
}

/// A file whose name is no text is a file like any other.
#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_written_to() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"answer-\xff.csv");
    let args = ["estimate", "deepseek-v3", "--format", "csv", "-o"].map(str::to_owned);
    let output = command(&args, &folder).arg(name).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(std::fs::read_to_string(folder.path().join(name)).unwrap().contains("gpu_hours"));
}
