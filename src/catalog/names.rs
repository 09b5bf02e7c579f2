//! Every name that finds a profile, read from the lines above a file's first table.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::{Catalog, KINDS, Kind, embedded, normal, stem, toml_files};

/// A name that finds a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The kind of profile.
    pub kind: Kind,
    /// The name: its id, or an alias.
    pub name: String,
    /// The profile's id.
    pub id: String,
    /// The model of a run, as the run names it.
    pub model: Option<String>,
}

impl Catalog {
    /// Every name of every kind, of what is built in and of the folders.
    pub fn names(&self) -> Vec<Name> {
        let mut names = Vec::new();
        for (folder, kind, _) in KINDS {
            for file in embedded::FILES.iter().filter(|file| file.0 == folder) {
                names.extend(names_of(kind, file.1, file.2));
            }
            for above in &self.folders {
                let files = toml_files(&above.join(folder)).filter_map(|path| Some((stem(&path)?, path)));
                names.extend(files.flat_map(|(id, path)| names_of(kind, &id, &head(&path))));
            }
        }
        names
    }
}

/// The names of one file.
fn names_of(kind: Kind, id: &str, text: &str) -> Vec<Name> {
    let model = (kind == Kind::Runs).then(|| model_of(text).map(str::to_owned)).flatten();
    let name = |name: String| Name { kind, name, id: id.to_owned(), model: model.clone() };
    std::iter::once(normal(id)).chain(aliases_of(text)).map(name).collect()
}

/// The first kilobyte of a file; empty where it cannot be read.
pub(super) fn head(path: &Path) -> String {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(1024).read_to_end(&mut head));
    read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&head).into_owned())
}

/// The value of a key above the first table.
fn above_tables<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let mut lines = text.lines().take_while(|line| !line.starts_with('['));
    lines.find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))
}

/// The aliases that a text lists.
pub(super) fn aliases_of(text: &str) -> Vec<String> {
    let list = above_tables(text, "aliases");
    list.map(|list| list.split('"').skip(1).step_by(2).map(normal).collect()).unwrap_or_default()
}

/// The model that a run names.
pub(super) fn model_of(text: &str) -> Option<&str> {
    above_tables(text, "model").map(|name| name.trim().trim_matches('"'))
}
