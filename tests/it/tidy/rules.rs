//! The rules of the house, each from parsed source to complaints.

use super::scan::{Function, Source, Used};

/// The rooms, lowest first: each may use those before it, so that there is no circle.
pub const LAYERS: [&str; 39] = [
    "error",
    "source",
    "units",
    "hardware",
    "model",
    "layout",
    "step",
    "reliability",
    "cost",
    "policy",
    "scenario",
    "estimate",
    "uncertainty",
    "read",
    "rollout",
    "config",
    "rows",
    "catalog",
    "ruling",
    "prices",
    "practice",
    "input",
    "assume",
    "audit",
    "predict",
    "solve",
    "answer",
    "rl",
    "calibration",
    "fleet",
    "scaling",
    "planner",
    "reply",
    "sides",
    "ask",
    "sweep",
    "report",
    "cli",
    "internals",
];

/// The rooms that hold formulas.
const FORMULAS: [&str; 8] = ["model", "layout", "step", "rollout", "predict", "reliability", "cost", "policy"];

/// The last room that sees no files, clock, text format or output.
const LAST_PURE: &str = "estimate";

const LONGEST_FUNCTION: usize = 70;
const LONGEST_FILE: usize = 400;
const LARGEST_ROOM: usize = 6000;

/// The place of a room in [`LAYERS`].
pub fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|known| *known == room)
}

/// A file that uses a room above its own, or a name from the crate's root instead of from its room.
pub fn upward(file: &Source) -> Vec<String> {
    let Some(own) = file.room() else { return Vec::new() };
    let Some(own_layer) = layer(own) else {
        return vec![format!("{}: the room `{own}` has no place in LAYERS", file.path)];
    };
    let complain = |used: &Used| {
        let first = used.segments.first().map_or("", String::as_str);
        let shown = used.segments.join("::");
        match layer(first) {
            Some(layer) if layer <= own_layer => None,
            Some(_) => Some(format!("{}:{}: `{own}` uses `{shown}`, which stands above it", file.path, used.line)),
            None => Some(format!("{}:{}: `crate::{shown}`: import it from its room", file.path, used.line)),
        }
    };
    file.paths.iter().filter(|used| used.inside).filter_map(complain).collect()
}

/// A function that does not fit a screen.
pub fn long_functions(file: &Source) -> Vec<String> {
    let long = file.functions.iter().filter(|function| function.lines > LONGEST_FUNCTION);
    long.map(|function| {
        let Function { name, line, lines, .. } = function;
        format!("{}:{line}: `{name}` has {lines} lines, and {LONGEST_FUNCTION} are the most", file.path)
    })
    .collect()
}

fn lines(file: &Source) -> usize {
    file.text.lines().count()
}

/// A file that is too long to be read at once.
pub fn long_files<'a>(files: impl IntoIterator<Item = &'a Source>) -> Vec<String> {
    let long = files.into_iter().filter(|file| lines(file) > LONGEST_FILE);
    long.map(|file| format!("{}: {} lines, and {LONGEST_FILE} are the most", file.path, lines(file))).collect()
}

/// A room that has grown into two.
pub fn large_rooms(files: &[Source]) -> Vec<String> {
    let of = |room: &&str| files.iter().filter(|file| file.room() == Some(room)).map(lines).sum::<usize>();
    let large = LAYERS.iter().map(|room| (room, of(room))).filter(|(_, lines)| *lines > LARGEST_ROOM);
    large.map(|(room, lines)| format!("{room}: {lines} lines, and {LARGEST_ROOM} are the most")).collect()
}

/// A public function that computes and does not say by which formula, and from where.
pub fn unsourced_formulas(file: &Source) -> Vec<String> {
    if !file.room().is_some_and(|room| FORMULAS.contains(&room)) {
        return Vec::new();
    }
    let public = file.functions.iter().filter(|function| function.public && !function.test && computes(function));
    let silent = public.filter(|function| !["# Formula", "# Source"].iter().all(|part| function.doc.contains(part)));
    silent
        .map(|f| format!("{}:{}: `{}` computes without `# Formula` and `# Source`", file.path, f.line, f.name))
        .collect()
}

/// A function computes when arithmetic stands in it and its result is handed on: not a yes or no, a count, a
/// text, a refusal, something borrowed, or `Self` put together.
fn computes(function: &Function) -> bool {
    let result = function.returns.iter().find(|name| !matches!(name.as_str(), "Option" | "Result"));
    let handed_on = !matches!(
        result.map(String::as_str),
        None | Some("()" | "&" | "bool" | "u32" | "usize" | "String" | "Self" | "Error")
    );
    handed_on && function.arithmetic
}

/// Files, text formats, the clock, the environment, chance or output where formulas stand.
pub fn impure(file: &Source) -> Vec<String> {
    if file.room().and_then(layer).is_none_or(|own| Some(own) > layer(LAST_PURE)) {
        return Vec::new();
    }
    const OUTSIDE: [&str; 7] = ["toml", "serde", "serde_json", "rand", "rayon", "clap", "csv"];
    const OF_STD: [&str; 8] = ["fs", "env", "io", "time", "process", "net", "thread", "os"];
    let impure = |used: &&Used| match used.segments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["std", second, ..] => OF_STD.contains(&second),
        ["include_str" | "env", "!"] => true,
        [first, ..] => OUTSIDE.contains(&first),
        [] => false,
    };
    let found = file.paths.iter().filter(|used| !used.inside).filter(impure);
    found
        .map(|used| format!("{}:{}: `{}` in a room that only computes", file.path, used.line, used.segments.join("::")))
        .collect()
}

/// Seconds of an hour, a day or a year, or joules of a kilowatt-hour, outside `units`.
pub fn conversions(file: &Source) -> Vec<String> {
    const FACTORS: [f64; 4] = [3600.0, 86400.0, 8760.0, 3.6e6];
    let found = file.numbers.iter().filter(|(_, value)| file.room() != Some("units") && FACTORS.contains(value));
    found.map(|(line, factor)| format!("{}:{line}: the factor {factor} belongs to `units`", file.path)).collect()
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
        for function in file.functions.iter().filter(|function| !function.test && belongs(function)) {
            let stands = |used: &Used| used.segments.ends_with(&[module.to_owned(), function.name.clone()]);
            if !table.paths.iter().any(stands) {
                let entry = format!("{module}::{}", function.name);
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
