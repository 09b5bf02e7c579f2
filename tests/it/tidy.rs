//! The rules of the house that Clippy does not hold, checked on every source file: direction of use, size, headings,
//! purity, registered cost lines. There is no list of exceptions. Each rule is itself tested on a text that breaks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

mod rules;
mod scan;

use scan::{Function, Source};

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

/// The source files, parsed once.
static ALL: LazyLock<Vec<Source>> = LazyLock::new(|| rust("src"));

/// The source files but the unit tests that stand in files of their own.
fn sources() -> Vec<&'static Source> {
    assert!(ALL.len() > 30, "only {} source files found", ALL.len());
    let tests = |file: &&Source| file.path.ends_with("/tests.rs");
    for file in ALL.iter().filter(tests) {
        let parent = file.path.replace("/tests.rs", "/mod.rs");
        let declared = ALL.iter().any(|file| file.path == parent && !file.modules.contains(&"tests".to_owned()));
        assert!(declared, "{} is not under #[cfg(test)] in {parent}", file.path);
    }
    ALL.iter().filter(|file| !tests(file)).collect()
}

fn file(path: &str) -> &'static Source {
    ALL.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is gone"))
}

#[track_caller]
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn no_room_uses_one_above_it() {
    none(sources().into_iter().flat_map(rules::upward).collect());
}

#[test]
fn every_room_has_its_place_and_the_library_does_not_know_its_command_line() {
    let lib = file("src/lib.rs");
    assert!(lib.modules.len() > 20 && lib.modules.contains(&"input".into()) && lib.modules.contains(&"report".into()));
    let placed = |room: &&String| rules::layer(room).is_some_and(|layer| Some(layer) < rules::layer("cli"));
    let homeless: Vec<&String> = lib.modules.iter().filter(|room| !placed(room)).collect();
    assert!(homeless.is_empty(), "rooms of the library without a place in LAYERS below `cli`: {homeless:?}");
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let others = ["tests", "examples", "benches", "profiles"].into_iter().flat_map(rust).collect::<Vec<_>>();
    none(ALL.iter().chain(&others).flat_map(rules::long_functions).collect());
}

#[test]
fn no_file_and_no_room_is_too_long() {
    none([rules::long_files(ALL.iter()), rules::large_rooms(&ALL)].concat());
}

#[test]
fn every_formula_says_what_it_is_and_where_it_is_from() {
    none(sources().into_iter().flat_map(rules::unsourced_formulas).collect());
}

#[test]
fn formulas_see_no_files_clock_chance_or_output() {
    none(sources().into_iter().flat_map(rules::impure).collect());
}

#[test]
fn only_units_converts() {
    none(sources().into_iter().flat_map(rules::conversions).collect());
}

#[test]
fn every_format_has_its_snapshot() {
    for format in flopbill::internals::report::Format::of_answers() {
        let snapshot = root().join(format!("tests/cmd/format-{}.stdout", format.name));
        let text = fs::read_to_string(&snapshot).unwrap_or_default();
        assert!(!text.is_empty(), "the format {} has no snapshot {}", format.name, relative(&snapshot));
    }
}

#[test]
fn every_cost_line_is_registered() {
    let line = |function: &Function| function.parameters == 1 && function.returns == ["Result", "CostLine", "Error"];
    let files: Vec<&Source> = sources().into_iter().filter(|file| file.room() == Some("cost")).collect();
    let lines = files.iter().flat_map(|file| &file.functions).filter(|function| line(function)).count();
    assert!(lines > 5, "only {lines} cost lines have the signature that this rule looks for");
    none(rules::unregistered(files, line, file("src/cost/mod.rs")));
}

#[test]
fn no_text_names_a_machine() {
    let mut paths: Vec<PathBuf> = ["src", "tests", "profiles", "examples", "benches", "docs"]
        .into_iter()
        .flat_map(|folder| files(folder, &["rs", "toml", "md", "trycmd", "stdout", "stderr", "json", "txt"]))
        .collect();
    paths.extend(
        ["README.md", "DESIGN.md", "CONTRIBUTING.md", "CHANGELOG.md", "Cargo.toml", ".ci/run"]
            .map(|name| root().join(name))
            .into_iter()
            .filter(|p| p.is_file()),
    );
    let texts = paths.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap_or_default()));
    none(texts.flat_map(|(path, text)| rules::private_words(&path, &text)).collect());
}

// The rules themselves.

fn upward(path: &str, text: &str) -> Vec<String> {
    rules::upward(&Source::new(path, text))
}

#[test]
fn an_upward_use_is_found_however_it_is_written() {
    for (path, text) in [
        ("src/model/flops.rs", "use crate::cost::rent;"),
        ("src/model/flops.rs", "use crate::{\n    units::{Flop, show},\n    input::file,\n};"),
        ("src/model/flops.rs", "pub use crate::cost::rent as hidden;"),
        ("src/units/show.rs", "fn f() { crate::report::json::number(1.0); }"),
        ("src/units/show.rs", "fn f(x: &[crate::report::View]) {}"),
        ("src/units/show.rs", "fn f() { let crate::report::View { .. } = x; }"),
        ("src/units/show.rs", "pub(in crate::report) fn f() {}"),
        ("src/units/show.rs", "#[serde(with = \"crate::report::json\")]\nstruct S;"),
        ("src/units/show.rs", "fn f() { write!(out, \"{}\", crate::report::json::number(1.0)); }"),
        ("src/units/show.rs", "m!(a, crate::{units::Flop, report::View});"),
        ("src/units/mod.rs", "macro_rules! m { () => { $crate::report::f() } }"),
        ("src/units/show.rs", "mod inner { use super::super::super::report::View; }"),
        ("src/input/file.rs", "use crate::predict::batch;"),
        ("src/uncertainty/dist/mod.rs", "use crate::input::file;"),
        ("src/estimate.rs", "use super::answer;"),
        ("src/estimate.rs", "use super::*;"),
        ("src/cost/rent.rs", "use super::super::report;"),
        ("src/read/mod.rs", "use crate::Nobody;"),
        ("src/read/mod.rs", "use crate::*;"),
        ("src/utils.rs", ""),
    ] {
        assert_eq!(upward(path, text).len(), 1, "{path}: {text}: {:?}", upward(path, text));
    }
}

#[test]
fn a_downward_use_is_not_found_nor_one_in_a_comment_or_test() {
    let good = "//! [`crate::report`]\nuse crate::error::Error;\nuse crate::units::{self, Flop};\nuse super::params;\n\
                /// See [`crate::cli`].\nfn f<'a>(c: char) -> bool { c == '\"' && \"crate::cli\".len() > 1 }\n\
                mod inner { use super::super::params; use super::f; }\n\
                #[cfg(test)]\nmod tests { use crate::input::file; fn g() { crate::report::h(); } }\n";
    assert_eq!(upward("src/model/flops.rs", good), Vec::<String>::new());
    assert_eq!(upward("src/report/json.rs", "use super::View; use crate::input::file::Spec;"), Vec::<String>::new());
}

#[test]
fn a_long_function_file_or_room_is_found() {
    let function =
        |lines: usize| format!("pub fn f<F: Fn(u8) -> [u8; 2]>(f: F) {{\n{}}}\n", "    let _ = 1;\n".repeat(lines));
    assert_eq!(rules::long_functions(&Source::new("src/a.rs", &function(68))).len(), 0);
    assert_eq!(rules::long_functions(&Source::new("src/a.rs", &function(69))).len(), 1);
    let method = format!("impl A {{ {} }}", function(69));
    assert_eq!(rules::long_functions(&Source::new("src/a.rs", &method)).len(), 1);
    let file = |lines: usize| Source::new("src/ask/a.rs", &"\n".repeat(lines));
    assert_eq!(rules::long_files(&[file(400), file(401)]).len(), 1);
    let rooms = |files: usize| (0..files).map(|_| file(400)).collect::<Vec<_>>();
    assert_eq!([rules::large_rooms(&rooms(15)).len(), rules::large_rooms(&rooms(16)).len()], [0, 1]);
}

#[test]
fn a_formula_without_headings_is_found() {
    let found = |path: &str, text: &str| rules::unsourced_formulas(&Source::new(path, text)).len();
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
    for returns in ["Option<f64>", "Result<Usd, Error>", "(f64, f64)", "StepTime", "[f64; 2]"] {
        assert_eq!(found("src/step/pipeline.rs", &bad.replace("-> f64", &format!("-> {returns}"))), 1, "{returns}");
    }
    assert_eq!(found("src/step/pipeline.rs", &bad.replace("pub const fn", "pub(crate) fn")), 0);
    assert_eq!(found("src/step/pipeline.rs", "impl A { pub fn peak(&self) -> f64 { self.peak } }"), 0);
}

#[test]
fn impurity_is_found_where_formulas_stand() {
    let found = |path: &str, text: &str| rules::impure(&Source::new(path, text)).len();
    for bad in [
        "use std::fs;",
        "use std::{fmt, env};",
        "use toml::Table;",
        "fn f() { let now = std::time::Instant::now(); }",
        "const TEXT: &str = include_str!(\"a\");",
    ] {
        assert_eq!(found("src/cost/rent.rs", bad), 1, "{bad}");
        assert_eq!(found("src/catalog/mod.rs", bad), 0, "{bad}");
    }
    assert_eq!(found("src/cost/rent.rs", "use std::{fmt, ops::Mul}; // std::fs\n"), 0);
}

#[test]
fn a_conversion_factor_is_found_outside_units() {
    let found = |path: &str, text: &str| rules::conversions(&Source::new(path, text)).len();
    for bad in ["3600.0", "3_600", "3.6e3", "86_400", "8760u32", "f!(8.64e4)"] {
        assert_eq!(found("src/cost/rent.rs", &format!("const X: f64 = {bad};")), 1, "{bad}");
        assert_eq!(found("src/units/mod.rs", &format!("const X: f64 = {bad};")), 0, "{bad}");
    }
    assert_eq!(found("src/cost/rent.rs", "fn f() { let x = 36000.0 + h3600; }"), 0);
}

#[test]
fn an_unregistered_entry_is_found() {
    let table = Source::new("src/cost/mod.rs", "static LINES: &[Component] = &[entry(\"rent\", rent::line)];");
    let text = "fn line(context: &Context) -> Result<CostLine, Error> { }";
    let (rent, toll) = (Source::new("src/cost/rent.rs", text), Source::new("src/cost/toll.rs", text));
    let line = |function: &Function| function.parameters == 1 && function.returns == ["Result", "CostLine", "Error"];
    assert_eq!(rules::unregistered([&rent, &toll], line, &table).len(), 1);
}

#[test]
fn a_machine_s_path_is_found() {
    assert_eq!(rules::private_words("a.md", concat!("see /ho", "me/me/notes\nfine\n")).len(), 1);
}
