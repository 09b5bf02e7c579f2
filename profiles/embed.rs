//! Build script: puts every `profiles/<kind>/*.toml` into the binary, sorted, with an index of aliases, and the
//! measured rows of `profiles/measurements/*.csv`.
//!
//! The standard library alone: an embedding crate would not notice a new file, and a stale binary would
//! answer with yesterday's chips.

#![allow(clippy::print_stdout)] // cargo reads it

use std::fmt::Write as _;
use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new("profiles");
    println!("cargo::rerun-if-changed=profiles");
    let mut files = Vec::new(); // (kind, stem, path)
    let mut aliases = Vec::new(); // (kind, alias, stem)
    let mut tables = Vec::new(); // (stem, path) of measured rows
    for folder in fs::read_dir(root)? {
        let folder = folder?.path();
        let Some(kind) = folder.file_name().and_then(|name| name.to_str()).filter(|_| folder.is_dir()) else {
            continue;
        };
        println!("cargo::rerun-if-changed={}", folder.display());
        for file in fs::read_dir(&folder)? {
            let path = file?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let is = |wanted: &str| path.extension().is_some_and(|extension| extension == wanted);
            if is("csv") && kind == "measurements" {
                println!("cargo::rerun-if-changed={}", path.display());
                tables.push((stem, path));
                continue;
            }
            if !is("toml") {
                continue;
            }
            println!("cargo::rerun-if-changed={}", path.display());
            for alias in aliases_of(&fs::read_to_string(&path)?) {
                aliases.push((kind.to_owned(), alias, stem.clone()));
            }
            files.push((kind.to_owned(), stem, path));
        }
    }
    files.sort();
    aliases.sort();
    for pair in aliases.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].1 != pair[1].1, "two profiles share an alias: {pair:?}");
    }
    let mut code = String::from("pub(super) static FILES: &[(&str, &str, &str)] = &[\n");
    for (kind, stem, path) in files {
        let _ = writeln!(code, "    ({kind:?}, {stem:?}, {}),", included(&path));
    }
    code.push_str("];\npub(super) static ALIASES: &[(&str, &str, &str)] = &[\n");
    for (kind, alias, stem) in aliases {
        let _ = writeln!(code, "    ({kind:?}, {alias:?}, {stem:?}),");
    }
    code.push_str("];\n");
    let mut rows = String::from("pub(super) static MEASUREMENTS: &[(&str, &str)] = &[\n");
    tables.sort();
    for (stem, path) in tables {
        let _ = writeln!(rows, "    ({stem:?}, {}),", included(&path));
    }
    rows.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    fs::write(Path::new(&out).join("embedded.rs"), code)?;
    fs::write(Path::new(&out).join("measurements.rs"), rows)
}

/// The file's text, by a path from where the package lies: checkouts may share one target folder.
fn included(path: &Path) -> String {
    let path = format!("/{}", path.display().to_string().replace('\\', "/"));
    format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))")
}

/// The names in the line `aliases = ["a", "b"]` above the first table.
fn aliases_of(text: &str) -> Vec<String> {
    text.lines()
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix("aliases")?.trim_start().strip_prefix('='))
        .map(|list| list.split('"').skip(1).step_by(2).map(str::to_lowercase).collect())
        .unwrap_or_default()
}
