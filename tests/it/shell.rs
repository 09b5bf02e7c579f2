//! Runs the command in a folder of its own, far from the repository's `profiles/`.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use flopbill::internals::report::Format;
use serde_json::Value;
use tempfile::TempDir;

/// A folder to run in.
pub struct Shell(TempDir);

impl Shell {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flopbill"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        command
            .env_remove("FLOPBILL_PROFILES")
            .env("FLOPBILL_DETAIL", "all")
            .env("NO_COLOR", "1")
            .env("SOURCE_DATE_EPOCH", "1795478400");
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The JSON answer, and the exit code beside it.
    pub fn answer(&self, args: &[&str]) -> (Value, i32) {
        let output = self.run(&[args, &["--format", "json"]].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {stderr}"));
        (json, output.status.code().unwrap())
    }

    /// The JSON answer of a question that has one.
    pub fn json(&self, args: &[&str]) -> Value {
        let (json, code) = self.answer(args);
        assert_eq!(code, 0, "{args:?}");
        json
    }

    /// The refusal of a question: its exit code, nothing on stdout, and these words on stderr.
    #[track_caller]
    pub fn refused(&self, args: &[&str], code: i32, words: &[&str]) -> String {
        let output = self.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?} prints an answer beside its refusal");
        for word in words {
            assert!(stderr.contains(word), "{args:?}: `{word}` is missing:\n{stderr}");
        }
        assert!(!stderr.contains("panicked"), "{stderr}");
        stderr
    }

    /// Every format gives something, tables within 80 columns.
    #[track_caller]
    pub fn formats(&self, args: &[&str]) {
        for format in Format::of_answers().map(|format| format.name) {
            let output = self.run(&[args, &["--format", format]].concat());
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(text.lines().count() >= if format == "jsonl" { 1 } else { 2 }, "{args:?} in {format}:\n{text}");
            if format == "jsonl" {
                assert_eq!(text.lines().count(), 1, "{args:?}: one answer is one line");
                assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), self.answer(args).0);
            }
            if format == "table" {
                let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
                assert!(wide.is_empty(), "{args:?}: wider than 80:\n{}", wide.join("\n"));
            }
            if format == "csv" {
                let mut reader = csv::Reader::from_reader(text.as_bytes());
                assert!(reader.records().all(|record| record.is_ok()), "{args:?}: rows of unequal length");
            }
        }
    }
}
