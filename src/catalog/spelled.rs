//! Names as people write them: with the maker's words, with other separators, or with none.

use std::path::{Path, PathBuf};

use super::{Catalog, Kind, embedded, normal, stem, toml_files};

/// The kinds that are named by people. Others are looked up by ids of profiles, where a near name would be another's.
const NAMED: [Kind; 4] = [Kind::Accelerators, Kind::Systems, Kind::Models, Kind::Regions];

/// Where a profile of a name stands.
pub(super) enum Place {
    /// A file of the user's.
    File(PathBuf),
    /// Built in, by its id.
    BuiltIn(&'static str),
}

/// Letters, digits and dots in lower case, whatever stands between them: `H-100`, `h100` and `H 100` are one.
///
/// ```
/// use flopbill::internals::catalog::spelled::letters;
/// assert_eq!(letters("H-100"), "h100");
/// assert_eq!(letters("Llama 3.1 (8B)"), "llama3.18b");
/// ```
pub fn letters(name: &str) -> String {
    words(name).concat()
}

fn words(name: &str) -> Vec<String> {
    let between = |c: char| !c.is_alphanumeric() && c != '.';
    name.split(between).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// How many of the typed words are left over where the rest is one of a profile's names; all of them must be in its full
/// name: `NVIDIA H200` leaves one over for `h200` of "NVIDIA H200 SXM5 141GB", and `AMD H200` is none of its names.
fn left_over(typed: &[String], full: &str, known: &[&str]) -> Option<usize> {
    let (full, known) = (words(full), known.iter().map(|name| letters(name)).collect::<Vec<_>>());
    let starts = |from: usize| (from + 1..=typed.len()).map(move |to| (from, to));
    let mut parts: Vec<(usize, usize)> = (0..typed.len()).flat_map(starts).collect();
    parts.sort_by_key(|(from, to)| typed.len() - (to - from));
    let found = parts.into_iter().find(|(from, to)| {
        let rest = typed.iter().take(*from).chain(typed.iter().skip(*to));
        let named = typed.get(*from..*to).map(<[String]>::concat).is_some_and(|name| known.contains(&name));
        named && rest.into_iter().all(|word| full.contains(word))
    })?;
    Some(typed.len() - (found.1 - found.0))
}

/// The same of the names of one file, which stand above its first table: its id, its full name, its aliases.
fn rank(typed: &[String], id: &str, text: &str) -> Option<usize> {
    let line = |key: &str| {
        let mut above = text.lines().take_while(|line| !line.starts_with('['));
        let list = above.find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='));
        list.unwrap_or_default().split('"').skip(1).step_by(2)
    };
    let known: Vec<&str> = std::iter::once(id).chain(line("aliases")).collect();
    left_over(typed, line("name").next().unwrap_or_default(), &known)
}

/// The profile that a name means when it is neither an id nor an alias as it stands; none where two are meant as well.
pub(super) fn as_written(kind: Kind, name: &str, folders: &[PathBuf]) -> Option<Place> {
    let typed = words(name);
    if !NAMED.contains(&kind) || typed.is_empty() || typed.len() > MOST_WORDS {
        return None;
    }
    let mut found: Vec<(usize, String, Place)> = Vec::new();
    for folder in folders {
        for path in sorted(&folder.join(kind.folder())) {
            let (Some(id), Ok(text)) = (stem(&path), super::read_text(&path)) else { continue };
            found.extend(rank(&typed, &id, &text).map(|rank| (rank, id, Place::File(path))));
        }
    }
    for (_, id, text) in embedded::FILES.iter().filter(|file| file.0 == kind.folder()) {
        found.extend(rank(&typed, id, text).map(|rank| (rank, (*id).to_owned(), Place::BuiltIn(id))));
    }
    let least = found.iter().map(|(rank, _, _)| *rank).min()?;
    found.retain(|(rank, _, _)| *rank == least);
    let first = found.first().map(|(_, id, _)| id.clone())?;
    let one = found.iter().all(|(_, id, _)| *id == first);
    found.into_iter().next().filter(|_| one).map(|(_, _, place)| place)
}

/// A name of more words is a sentence.
const MOST_WORDS: usize = 12;

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = toml_files(folder).collect();
    files.sort(); // the same answer whatever the order of the directory
    files
}

impl Catalog {
    /// The id or alias of the kind that is nearest to a name, if one is near: by its letters, else one that stands whole
    /// among the words, as `h200` in `AMD H200`.
    pub fn nearest(&self, kind: Kind, name: &str) -> Option<String> {
        let ids = self.ids(kind);
        let aliases = embedded::ALIASES.iter().filter(|alias| alias.0 == kind.folder()).map(|alias| alias.1);
        let known: Vec<&str> = ids.iter().map(String::as_str).chain(aliases).collect();
        let near = crate::error::nearest(&normal(name), known.iter().copied());
        near.or_else(|| within(&words(name), &known)).map(str::to_owned)
    }
}

/// The longest of the names that stands whole among the typed words; of several as long, the first.
fn within<'a>(typed: &[String], known: &[&'a str]) -> Option<&'a str> {
    if typed.len() > MOST_WORDS {
        return None;
    }
    let parts = (0..typed.len()).flat_map(|from| (from + 1..=typed.len()).map(move |to| (from, to)));
    let parts: Vec<String> = parts.filter_map(|(from, to)| Some(typed.get(from..to)?.concat())).collect();
    let stands = known.iter().rev().map(|name| (letters(name), *name)).filter(|(name, _)| parts.contains(name));
    stands.max_by_key(|(letters, _)| letters.len()).map(|(_, name)| name)
}
