//! The values of a profile as tables: single values with their sources, lists of tables one table each.

use super::view::Section;
use crate::read::Sources;

/// A path and its value, in the order of the file.
pub type Leaf = (String, String);

/// A list of tables that is shown as one: its key, the keys that make columns, and the columns' names. What else
/// an entry holds is in the machine formats.
type Listed = (&'static str, &'static [(&'static str, &'static str)]);

const LISTED: [Listed; 4] = [
    (
        "quote",
        &[
            ("term", "Term"),
            ("price", "Price"),
            ("amount", "Amount"),
            ("currency", "Currency"),
            ("provider", "Provider"),
            ("region", "Region"),
            ("date", "Date"),
        ],
    ),
    (
        "purchase",
        &[
            ("what", "What"),
            ("price", "Price"),
            ("low", "Low"),
            ("high", "High"),
            ("amount", "Amount"),
            ("currency", "Currency"),
            ("date", "Date"),
        ],
    ),
    ("disagreements", &[("field", "Field"), ("value", "Value"), ("title", "Says"), ("note", "Note")]),
    ("phase", &[("name", "Phase"), ("gpu_hours", "GPU-hours"), ("tokens", "Tokens"), ("flop", "FLOP")]),
];

/// What a list of tables is called above its table.
const HEADINGS: [(&str, &str); 4] = [
    ("quote", "Quotes (their sources are in --format csv and json)"),
    ("purchase", "Purchase prices (their sources are in --format csv and json)"),
    ("disagreements", "Where sources disagree (the values above are used)"),
    ("phase", "Phases"),
];

/// A value longer than this is a sentence, and stands by itself.
const LONGEST_VALUE: usize = 44;

/// The tables of a profile.
pub fn sections(values: &[Leaf], sources: &Sources) -> Vec<Section> {
    let mut single = Section::new("Values", &["Value", "", "Kind", "As of"]);
    single.numeric = vec![1];
    let mut prose = Section::facts("In words");
    prose.numeric.clear();
    let mut lists: Vec<&str> = Vec::new();
    for (path, value) in values.iter().filter(|(path, _)| path != "name") {
        match path.split_once('[') {
            Some((list, _)) if lists.contains(&list) => {}
            Some((list, _)) => lists.push(list),
            None if value.chars().count() > LONGEST_VALUE => prose.fact(path, value, ""),
            None => {
                let source = sources.of(path);
                let (kind, as_of) = source.map(|s| (s.kind.to_string(), s.as_of.clone())).unwrap_or_default();
                single.row([path.clone(), value.clone(), kind, as_of]);
            }
        }
    }
    let mut sections = vec![single];
    if !prose.rows.is_empty() {
        sections.push(prose);
    }
    for list in lists {
        match LISTED.iter().find(|(name, _)| *name == list) {
            Some((_, columns)) => sections.push(together(list, columns, values)),
            None => sections.extend(one_by_one(list, values)),
        }
    }
    sections
}

/// Index and key of a value in a list: `quote[3].term` is 3 and `term`.
fn place<'a>(list: &str, path: &'a str) -> Option<(&'a str, &'a str)> {
    path.strip_prefix(list)?.strip_prefix('[')?.split_once("].")
}

/// A list as one table; a column that no entry fills is left out.
fn together(list: &str, columns: &[(&'static str, &'static str)], values: &[Leaf]) -> Section {
    let entries = entries(list, values);
    let filled: Vec<_> =
        columns.iter().filter(|(key, _)| entries.iter().any(|entry| of(entry, key).is_some())).collect();
    let heading = HEADINGS.iter().find(|(name, _)| *name == list).map_or(list, |(_, heading)| heading);
    let mut section = Section::new(heading, &filled.iter().map(|(_, name)| *name).collect::<Vec<_>>());
    section.numeric =
        filled.iter().enumerate().filter(|(_, (key, _))| is_number(key)).map(|(index, _)| index).collect();
    for entry in &entries {
        section.rows.push(filled.iter().map(|(key, _)| of(entry, key).unwrap_or_default().to_owned()).collect());
    }
    section
}

fn is_number(key: &str) -> bool {
    matches!(key, "price" | "amount" | "low" | "high" | "value" | "gpu_hours" | "tokens" | "flop")
}

/// A list whose entries are too different for one table: one each, under its name.
fn one_by_one(list: &str, values: &[Leaf]) -> Vec<Section> {
    let table = |(index, entry): (usize, &Vec<(&str, &str)>)| {
        let name = ["name", "title", "outcome", "id"].iter().find_map(|key| of(entry, key));
        let mut section = Section::facts(match name {
            Some(name) => format!("{list} {}: {name}", index + 1),
            None => format!("{list} {}", index + 1),
        });
        section.numeric.clear();
        for (key, value) in entry.iter().filter(|(_, value)| Some(*value) != name) {
            section.fact(key, *value, "");
        }
        section
    };
    entries(list, values).iter().enumerate().map(table).collect()
}

/// The entries of a list, each with its keys and values.
fn entries<'a>(list: &str, values: &'a [Leaf]) -> Vec<Vec<(&'a str, &'a str)>> {
    let mut found: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for (path, value) in values {
        let Some((index, key)) = place(list, path) else { continue };
        match found.last_mut().filter(|(last, _)| *last == index) {
            Some((_, entry)) => entry.push((key, value)),
            None => found.push((index, vec![(key, value)])),
        }
    }
    found.into_iter().map(|(_, entry)| entry).collect()
}

fn of<'a>(entry: &[(&str, &'a str)], key: &str) -> Option<&'a str> {
    entry.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}
