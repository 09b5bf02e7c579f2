//! The rules of the house, each from source text to complaints.

use super::scan::{Function, Source, names_after, words};

/// The modules, lowest first: each may use those before it.
pub const LAYERS: [&str; 27] = [
    "error",
    "source",
    "units",
    "hardware",
    "model",
    "layout",
    "step",
    "reliability",
    "run",
    "cost",
    "policy",
    "uncertainty",
    "scenario",
    "estimate",
    "solve",
    "catalog",
    "input",
    "predict",
    "answer",
    "calibration",
    "fleet",
    "scaling",
    "ask",
    "report",
    "cli",
    "main",
    "internals",
];

/// The modules that hold formulas.
const FORMULAS: [&str; 8] = ["model", "layout", "step", "predict", "reliability", "run", "cost", "policy"];

const LONGEST_FUNCTION: usize = 70;

/// The place of a module in [`LAYERS`].
pub fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|known| *known == module)
}

/// Names that `lib.rs` re-exports at the crate's root, with the module each lives in.
pub fn reexports(lib: &Source) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for at in words(&lib.code, "pub use") {
        let path = lib.code[at + "pub use".len()..].split(';').next().unwrap_or_default().trim();
        let Some((module, names)) = path.split_once("::") else { continue };
        let last = names.rsplit_once("::{").or_else(|| names.rsplit_once("::")).map_or(names, |(_, last)| last);
        let names = last.trim_matches(['{', '}']).split(',').map(str::trim).filter(|name| !name.is_empty());
        found.extend(names.map(|name| (name.to_owned(), module.to_owned())));
    }
    found
}

/// A module that uses one above it, by `crate::x`, by `super::x` at the crate's root, or through a re-export.
pub fn upward(file: &Source, reexports: &[(String, String)]) -> Vec<String> {
    let Some(own) = file.module() else { return Vec::new() };
    let Some(own_layer) = layer(own) else {
        return vec![format!("{}: module `{own}` has no place in LAYERS", file.path)];
    };
    let to_root = "super::".repeat(file.depth());
    let mut used = names_after(&file.live, "crate::");
    used.extend(names_after(&file.live, &to_root).into_iter().filter(|(_, name)| name != "super"));
    let complain = |(at, name): (usize, String)| {
        let module = match reexports.iter().find(|(known, _)| *known == name) {
            Some((_, module)) if layer(&name).is_none() => module,
            _ => &name,
        };
        match layer(module) {
            Some(layer) if layer <= own_layer => None,
            Some(_) => Some(format!("{}: `{own}` uses `{name}`, which stands above it", file.at(at))),
            None => Some(format!("{}: `crate::{name}` is no module and no re-export", file.at(at))),
        }
    };
    used.into_iter().filter_map(complain).collect()
}

/// A function that does not fit a screen.
pub fn long_functions(file: &Source) -> Vec<String> {
    let functions = file.functions(&file.code).into_iter();
    let long = functions.filter(|function| function.lines > LONGEST_FUNCTION);
    long.map(|function| {
        let Function { name, line, lines, .. } = function;
        format!("{}:{line}: `{name}` has {lines} lines, and {LONGEST_FUNCTION} are the most", file.path)
    })
    .collect()
}

/// A public function that computes and does not say by which formula, and from where.
pub fn unsourced_formulas(file: &Source) -> Vec<String> {
    if !file.module().is_some_and(|module| FORMULAS.contains(&module)) {
        return Vec::new();
    }
    let public = file.functions(&file.live).into_iter().filter(|function| function.public && computes(function));
    let silent = public.filter(|function| !["# Formula", "# Source"].iter().all(|part| function.doc.contains(part)));
    silent
        .map(|f| format!("{}:{}: `{}` computes without `# Formula` and `# Source`", file.path, f.line, f.name))
        .collect()
}

/// A function computes when arithmetic stands in it and its result is handed on: not a yes or no, a count, a
/// text, a refusal, something borrowed, or `Self` put together.
fn computes(function: &Function) -> bool {
    let result = function.returns.replace("Option<", "").replace("Result<", "");
    let result = result.split([',', '>']).next().unwrap_or_default().trim();
    if matches!(result, "" | "()" | "bool" | "u32" | "usize" | "String" | "Self" | "Error") || result.starts_with('&') {
        return false;
    }
    // rustfmt sets binary operators between spaces, and the unary ones not.
    const ARITHMETIC: [&str; 18] = [
        " + ",
        " - ",
        " * ",
        " / ",
        " += ",
        " -= ",
        " *= ",
        " /= ",
        ".sum()",
        ".product()",
        ".powi(",
        ".powf(",
        ".sqrt()",
        ".exp()",
        ".ln()",
        ".ceil()",
        ".floor()",
        ".div_ceil(",
    ];
    ARITHMETIC.iter().any(|sign| function.body.contains(sign))
}

/// Files, text formats, the clock, the environment, chance or output where formulas stand.
pub fn impure(file: &Source) -> Vec<String> {
    let draws = file.module() == Some("uncertainty");
    let pure = file.module().and_then(layer).is_some_and(|own| Some(own) <= layer("estimate")) && !draws;
    if !pure {
        return Vec::new();
    }
    const OUTSIDE: [&str; 9] =
        ["toml::", "serde::", "serde_json::", "rand::", "rayon::", "clap::", "csv::", "include_str!", "env!"];
    const OF_STD: [&str; 8] = ["fs", "env", "io", "time", "process", "net", "thread", "os"];
    let outside = OUTSIDE.iter().flat_map(|path| words(&file.live, path).map(move |at| (at, (*path).to_owned())));
    let of_std = names_after(&file.live, "std::").into_iter().filter(|(_, name)| OF_STD.contains(&name.as_str()));
    let complain = |(at, name)| format!("{}: `{name}` in a module that only computes", file.at(at));
    outside.chain(of_std).map(complain).collect()
}

/// Output or exit anywhere but in the command line.
pub fn prints(file: &Source) -> Vec<String> {
    if matches!(file.module(), Some("cli") | None) {
        return Vec::new();
    }
    const PRINTS: [&str; 6] = ["println!", "print!", "eprintln!", "eprint!", "dbg!", "process::exit"];
    let found = PRINTS.iter().flat_map(|word| words(&file.live, word).map(move |at| (at, word)));
    found.map(|(at, word)| format!("{}: `{word}` outside the command line", file.at(at))).collect()
}

/// A panic that a user could meet.
pub fn panics(file: &Source) -> Vec<String> {
    const PANICS: [&str; 8] =
        [".unwrap()", ".expect(", ".unwrap_err()", ".expect_err(", "panic!", "todo!", "unimplemented!", "unreachable!"];
    let found = PANICS.iter().flat_map(|word| words(&file.live, word).map(move |at| (at, word)));
    found.map(|(at, word)| format!("{}: `{word}` outside tests", file.at(at))).collect()
}

/// Seconds of an hour, a day or a year, or joules of a kilowatt-hour, outside `units`.
pub fn conversions(file: &Source) -> Vec<String> {
    if file.module() == Some("units") {
        return Vec::new();
    }
    const FACTORS: [&str; 9] = ["3600", "3_600", "3.6e3", "86400", "86_400", "8.64e4", "8760", "8_760", "3.6e6"];
    let found = FACTORS.iter().flat_map(|factor| words(&file.live, factor).map(move |at| (at, factor)));
    found.map(|(at, factor)| format!("{}: the factor {factor} belongs to `units`", file.at(at))).collect()
}

/// The functions of some files that belong to an open list and do not stand in its table.
pub fn unregistered<'a>(
    files: impl IntoIterator<Item = &'a Source>,
    belongs: impl Fn(&Function) -> bool,
    table: &Source,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let module = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        for function in file.functions(&file.live).into_iter().filter(|function| belongs(function)) {
            let entry = format!("{module}::{}", function.name);
            if words(&table.live, &entry).next().is_none() {
                complaints
                    .push(format!("{}:{}: `{entry}` is not in the table of {}", file.path, function.line, table.path));
            }
        }
    }
    complaints
}

/// Paths of somebody's machine, and words about how a text came to be instead of what it says.
pub fn private_words(path: &str, text: &str) -> Vec<String> {
    // Each in two halves, so that this list does not find itself.
    const PRIVATE: [&str; 9] = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
        concat!("shared/", "data"),
        concat!("shared/", "design"),
        concat!("as an AI", " "),
        concat!("language", " model, I"),
        concat!("Co-Authored", "-By"),
    ];
    let mut complaints = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let found = PRIVATE.iter().filter(|word| line.contains(**word));
        complaints.extend(found.map(|word| format!("{path}:{}: `{word}`", index + 1)));
    }
    complaints
}
