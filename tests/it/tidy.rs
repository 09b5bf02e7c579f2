//! The rules of the house, checked on every source file: direction of use, size, headings, purity, registered
//! formats and cost lines. There is no list of exceptions. Each rule is itself tested on a text that breaks it.

use std::fs;
use std::path::{Path, PathBuf};

mod rules;
mod scan;

use scan::Source;

const FILE_LINES: usize = 400;

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder of the repository with one of these extensions, sorted.
fn files(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|known| extensions.iter().any(|wanted| known == *wanted)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn rust(folder: &str) -> Vec<Source> {
    let paths = files(folder, &["rs"]);
    paths.iter().map(|path| Source::new(&relative(path), &fs::read_to_string(path).unwrap())).collect()
}

/// The source files but the unit tests that stand in files of their own.
fn sources() -> Vec<Source> {
    let sources = rust("src");
    assert!(sources.len() > 30, "only {} source files found", sources.len());
    let tests = |file: &Source| file.path.ends_with("/tests.rs");
    for file in sources.iter().filter(|file| tests(file)) {
        let parent = file.path.replace("/tests.rs", "/mod.rs");
        let declared = sources.iter().any(|file| file.path == parent && file.text.contains("#[cfg(test)]\nmod tests;"));
        assert!(declared, "{} is not under #[cfg(test)] in {parent}", file.path);
    }
    sources.into_iter().filter(|file| !tests(file)).collect()
}

fn file<'a>(sources: &'a [Source], path: &str) -> &'a Source {
    sources.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is gone"))
}

#[track_caller]
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn no_module_uses_one_above_it() {
    let sources = sources();
    let reexports = rules::reexports(file(&sources, "src/lib.rs"));
    assert!(reexports.contains(&("Error".into(), "error".into())));
    none(sources.iter().flat_map(|file| rules::upward(file, &reexports)).collect());
}

#[test]
fn the_library_does_not_know_its_command_line() {
    let sources = sources();
    let lib = file(&sources, "src/lib.rs");
    assert_eq!(scan::words(&lib.code, "mod cli").count(), 0);
    let inside = sources.iter().filter(|file| !matches!(file.module(), Some("cli") | None));
    let named = inside.filter(|file| scan::words(&file.live, "flopbill::").next().is_some());
    none(named.map(|file| format!("{}: `flopbill::` inside the library: write `crate::`", file.path)).collect());
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let all = ["src", "tests", "examples", "benches", "profiles"].into_iter().flat_map(rust);
    none(all.flat_map(|file| rules::long_functions(&file)).collect());
}

#[test]
fn no_file_is_too_long() {
    let lines = |file: &Source| file.text.lines().count();
    let long: Vec<String> = rust("src")
        .iter()
        .filter(|file| lines(file) > FILE_LINES)
        .map(|file| format!("{}: {} lines", file.path, lines(file)))
        .collect();
    assert!(long.is_empty(), "no file may be over {FILE_LINES} lines, these are:\n{}", long.join("\n"));
}

#[test]
fn every_formula_says_what_it_is_and_where_it_is_from() {
    none(sources().iter().flat_map(rules::unsourced_formulas).collect());
}

#[test]
fn formulas_see_no_files_clock_chance_or_output() {
    none(sources().iter().flat_map(rules::impure).collect());
}

#[test]
fn only_the_command_line_prints() {
    none(sources().iter().flat_map(rules::prints).collect());
}

#[test]
fn nothing_a_user_types_can_reach_a_panic_on_purpose() {
    none(sources().iter().flat_map(rules::panics).collect());
}

#[test]
fn only_units_converts() {
    none(sources().iter().flat_map(rules::conversions).collect());
}

#[test]
fn every_format_is_registered_and_has_its_snapshot() {
    let sources = sources();
    let renders = |function: &scan::Function| {
        function.public && function.parameters == "view: &View" && function.returns == "String"
    };
    let files = sources.iter().filter(|file| file.module() == Some("report"));
    none(rules::unregistered(files, renders, file(&sources, "src/report/formats.rs")));
    for format in flopbill::internals::report::Format::of_answers() {
        let snapshot = root().join(format!("tests/cmd/format-{}.stdout", format.name));
        let text = fs::read_to_string(&snapshot).unwrap_or_default();
        assert!(!text.is_empty(), "the format {} has no snapshot {}", format.name, relative(&snapshot));
    }
}

#[test]
fn every_cost_line_is_registered() {
    let sources = sources();
    let Some(table) = sources.iter().find(|file| file.path == "src/cost/mod.rs") else { return };
    let line = |function: &scan::Function| {
        function.parameters == "context: &Context" && function.returns == "Result<CostLine, Error>"
    };
    let files: Vec<&Source> = sources.iter().filter(|file| file.module() == Some("cost")).collect();
    let lines = files.iter().flat_map(|file| file.functions(&file.live)).filter(line).count();
    assert!(lines > 0, "no cost line has the signature that this rule looks for");
    none(rules::unregistered(files, line, table));
}

#[test]
fn no_text_names_a_machine() {
    let mut paths: Vec<PathBuf> = ["src", "tests", "profiles", "examples", "benches", "docs"]
        .into_iter()
        .flat_map(|folder| files(folder, &["rs", "toml", "md", "trycmd", "stdout", "stderr", "json", "txt"]))
        .collect();
    paths.extend(
        ["README.md", "Cargo.toml", ".ci/run"].map(|name| root().join(name)).into_iter().filter(|p| p.is_file()),
    );
    let texts = paths.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap_or_default()));
    none(texts.flat_map(|(path, text)| rules::private_words(&path, &text)).collect());
}

// The rules themselves.

fn source(path: &str, text: &str) -> Source {
    Source::new(path, text)
}

fn upward(path: &str, text: &str) -> Vec<String> {
    rules::upward(&source(path, text), &[("Error".into(), "error".into()), ("Answer".into(), "answer".into())])
}

#[test]
fn an_upward_use_is_found_however_it_is_written() {
    assert_eq!(upward("src/model/flops.rs", "use crate::cost::rent;").len(), 1);
    assert_eq!(upward("src/model/flops.rs", "use crate::{\n    units::{Flop, show},\n    input::file,\n};").len(), 1);
    assert_eq!(upward("src/units/show.rs", "fn f() { crate::report::json::number(1.0); }").len(), 1);
    assert_eq!(upward("src/estimate.rs", "use super::answer;").len(), 1);
    assert_eq!(upward("src/cost/rent.rs", "use super::super::report;").len(), 1);
    assert_eq!(upward("src/units/mod.rs", "macro_rules! m { () => { $crate::report::f() } }").len(), 1);
    assert_eq!(upward("src/catalog/read.rs", "use crate::Answer;").len(), 1);
    assert_eq!(upward("src/catalog/read.rs", "use crate::Nobody;").len(), 1);
    assert_eq!(upward("src/estimate.rs", "use super::*;").len(), 1);
    assert_eq!(upward("src/utils.rs", "").len(), 1);
}

#[test]
fn a_downward_use_is_not_found_nor_one_in_a_comment_or_test() {
    let good = "//! [`crate::report`]\nuse crate::Error;\nuse crate::units::{self, Flop};\nuse super::params;\n\
                /// See [`crate::cli`].\nfn f<'a>(c: char) -> bool { c == '\"' && \"crate::spec\".len() > 1 }\n\
                #[cfg(test)]\nmod tests { use crate::input::file; fn g() { crate::report::h(); } }\n";
    assert_eq!(upward("src/model/flops.rs", good), Vec::<String>::new());
    assert_eq!(upward("src/report/json.rs", "use super::View; use crate::input::file::Spec;"), Vec::<String>::new());
}

#[test]
fn a_long_function_is_found() {
    let function =
        |lines: usize| format!("pub fn f<F: Fn(u8) -> [u8; 2]>(f: F) {{\n{}}}\n", "    let _ = 1;\n".repeat(lines));
    assert_eq!(rules::long_functions(&source("src/a.rs", &function(68))).len(), 0);
    assert_eq!(rules::long_functions(&source("src/a.rs", &function(69))).len(), 1);
}

#[test]
fn a_formula_without_headings_is_found() {
    let found = |path: &str, text: &str| rules::unsourced_formulas(&source(path, text)).len();
    let bad = "/// Bubble.\n#[inline]\npub const fn bubble(p: f64, m: f64) -> f64 {\n    (p - 1.0) / m\n}\n";
    let good =
        bad.replace("/// Bubble.", "/// Bubble.\n///\n/// # Formula\n/// `(p - 1) / m`\n/// # Source\n/// A paper.");
    assert_eq!(found("src/step/pipeline.rs", bad), 1);
    assert_eq!(found("src/step/pipeline.rs", &good), 0);
    assert_eq!(found("src/step/pipeline.rs", &good.replace("/// # Source", "///")), 1);
    assert_eq!(found("src/report/view.rs", bad), 0);
    for returns in ["bool", "u32", "&'static str", "Option<&f64>", "String", "Self", "Result<(), Error>"] {
        assert_eq!(found("src/step/pipeline.rs", &bad.replace("-> f64", &format!("-> {returns}"))), 0, "{returns}");
    }
    for returns in ["Option<f64>", "Result<Usd, Error>", "(f64, f64)", "StepTime"] {
        assert_eq!(found("src/step/pipeline.rs", &bad.replace("-> f64", &format!("-> {returns}"))), 1, "{returns}");
    }
    assert_eq!(found("src/step/pipeline.rs", &bad.replace("pub const fn", "pub(crate) fn")), 0);
    assert_eq!(found("src/step/pipeline.rs", "pub fn peak(&self) -> f64 {\n    self.peak\n}\n"), 0);
}

#[test]
fn impurity_is_found_where_formulas_stand() {
    let found = |path: &str, text: &str| rules::impure(&source(path, text)).len();
    for bad in ["use std::fs;", "use std::{fmt, env};", "use toml::Table;", "let now = std::time::Instant::now();"] {
        assert_eq!(found("src/cost/rent.rs", bad), 1, "{bad}");
        assert_eq!(found("src/catalog/mod.rs", bad), 0, "{bad}");
    }
    assert_eq!(found("src/cost/rent.rs", "use std::{fmt, ops::Mul}; // std::fs\n"), 0);
    assert_eq!(rules::prints(&source("src/spec/file.rs", "fn f() { println!(\"x\"); }")).len(), 1);
    assert_eq!(rules::prints(&source("src/cli/mod.rs", "fn f() { println!(\"x\"); }")).len(), 0);
}

#[test]
fn a_panic_is_found_outside_tests_only() {
    let found = |text: &str| rules::panics(&source("src/spec/file.rs", text)).len();
    for bad in ["x.unwrap();", "x.expect(\"why\");", "panic!(\"why\");", "todo!()", "unreachable!()"] {
        assert_eq!(found(&format!("fn f() {{ {bad} }}")), 1, "{bad}");
        assert_eq!(
            found(&format!("#[cfg(test)]\n#[allow(dead_code)]\nmod tests {{ fn f() {{ {bad} }} }}")),
            0,
            "{bad}"
        );
        assert_eq!(found(&format!("/// {bad}\nfn f() {{ x.unwrap_or(1); /* {bad} */ }}")), 0, "{bad}");
        assert_eq!(found(&format!("const HELP: &str = r#\"{bad} \"quoted\" \"#;")), 0, "{bad}");
    }
}

#[test]
fn a_conversion_factor_is_found_outside_units() {
    let text = "const HOUR: f64 = 3600.0;";
    assert_eq!(rules::conversions(&source("src/cost/rent.rs", text)).len(), 1);
    assert_eq!(rules::conversions(&source("src/units/mod.rs", text)).len(), 0);
    assert_eq!(rules::conversions(&source("src/cost/rent.rs", "let x = 36000.0 + h3600;")).len(), 0);
}

#[test]
fn an_unregistered_entry_is_found() {
    let table =
        source("src/cost/mod.rs", "pub static COMPONENTS: &[Component] = &[entry(\"rent::line\", rent::line)];");
    let rent = source("src/cost/rent.rs", "fn line(context: &Context) -> Result<CostLine, Error> { }");
    let toll = source("src/cost/toll.rs", "fn line(context: &Context) -> Result<CostLine, Error> { }");
    let line = |function: &scan::Function| function.returns == "Result<CostLine, Error>";
    assert_eq!(rules::unregistered([&rent, &toll], line, &table).len(), 1);
}

#[test]
fn a_machine_s_path_is_found() {
    assert_eq!(rules::private_words("a.md", concat!("see /ho", "me/me/notes\nfine\n")).len(), 1);
}
