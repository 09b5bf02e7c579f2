//! Profiles by name: what is built in, and what a user's folders add or replace.
//!
//! A name is an explicit path (it holds a `/` or ends in `.toml`), an id, or an alias; folders are asked in
//! order before the built-in profiles. Only the file that is asked for is parsed.

use std::borrow::Cow;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::units::date::Date;
use crate::units::money::Code;

pub mod accelerator;
pub mod architecture;
pub mod batches;
pub mod bill;
pub mod check;
pub mod currency;
pub mod factors;
pub mod factors_text;
pub mod failures;
pub mod figures;
pub mod fleet;
mod fleet_values;
pub mod hf;
pub mod leaves;
pub mod measurement;
mod memo;
pub mod memory_spread;
pub mod model;
mod names;
pub mod price;
pub mod region;
pub mod rollout;
pub mod rule;
pub mod scaling;
pub mod software;
pub mod software_text;
pub mod spelled;
pub mod stack;
pub mod stack_row;
pub mod stack_text;
pub mod system;

use crate::read::Document;
pub use names::Name;
use spelled::Place;

#[allow(missing_docs)]
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Largest file that is read: a profile or spec is a few KB, and a dump is a mistake.
const MOST_BYTES: u64 = 4 << 20;

/// The kinds of profile, which are also the names of their folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Chips.
    Accelerators,
    /// Nodes and racks.
    Systems,
    /// Dated prices of one chip.
    Prices,
    /// Electricity and grid of a place.
    Regions,
    /// Model shapes.
    Models,
    /// Published training runs.
    Runs,
    /// Dated export-control and training-compute rules.
    Rules,
    /// Fleets that arrive in tranches.
    Fleets,
    /// Fitted factors of the step-time model.
    Factors,
    /// Training software, by what it overlaps and fuses.
    Stacks,
    /// Defaults of the bill, each with its source.
    Assumptions,
    /// Classes of models: what each makes of a `config.json`.
    Architectures,
}

/// The kinds, their folder and the singular for messages.
pub const KINDS: [(&str, Kind, &str); 12] = [
    ("accelerators", Kind::Accelerators, "accelerator"),
    ("systems", Kind::Systems, "system"),
    ("prices", Kind::Prices, "price list"),
    ("regions", Kind::Regions, "region"),
    ("models", Kind::Models, "model"),
    ("runs", Kind::Runs, "run"),
    ("rules", Kind::Rules, "rule"),
    ("fleets", Kind::Fleets, "fleet"),
    ("factors", Kind::Factors, "set of factors"),
    ("stacks", Kind::Stacks, "software stack"),
    ("assumptions", Kind::Assumptions, "set of assumptions"),
    ("architectures", Kind::Architectures, "architecture"),
];

impl Kind {
    /// The folder under `profiles/`.
    pub fn folder(self) -> &'static str {
        KINDS.iter().find(|(_, kind, _)| *kind == self).map_or("", |(folder, _, _)| folder)
    }
    /// One of them, as a message says it.
    pub fn singular(self) -> &'static str {
        KINDS.iter().find(|(_, kind, _)| *kind == self).map_or("", |(_, _, singular)| singular)
    }
}

/// A profile's text, and where it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The file's stem: `h800-sxm`.
    pub id: String,
    /// The text and the name errors give it.
    pub document: Document,
    /// Read from a file of the user's, not built in.
    pub from_user: bool,
}

/// Where profiles are looked up.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    folders: Vec<PathBuf>,
    memo: Option<Arc<memo::Memo>>,
    /// The day on which prices and the usual software are looked up; as they are known now without one.
    day: Option<Date>,
    /// Rates of the user's own, which outrank the profile's.
    rates: Vec<(Code, f64)>,
}

impl Catalog {
    /// The built-in profiles alone.
    pub fn built_in() -> Self {
        Self::default()
    }

    /// User folders first, in this order, then the built-in profiles. Each folder holds
    /// `accelerators/`, `models/` and so on; one that does not exist is an error of the caller's to report.
    pub fn with_folders(folders: Vec<PathBuf>) -> Self {
        Self { folders, ..Self::default() }
    }

    /// The same catalog, which reads each chip, price list, model, stack and set of factors once and keeps it: for
    /// questions asked thousands of times. Files that change meanwhile are not read again.
    #[must_use]
    pub fn remembering(self) -> Self {
        Self { memo: Some(self.memo.unwrap_or_default()), ..self }
    }

    /// The same with prices and the usual software of a day, where one is named.
    pub fn as_of(&self, day: Option<Date>) -> Cow<'_, Self> {
        match day {
            None => Cow::Borrowed(self),
            Some(_) => Cow::Owned(Self { day, ..self.clone() }),
        }
    }

    /// The same with rates of the user's own, in US dollars per unit, in the place of the profile's.
    pub fn by_rates(&self, rates: &[(Code, f64)]) -> Cow<'_, Self> {
        match rates {
            [] => Cow::Borrowed(self),
            _ => Cow::Owned(Self { rates: rates.to_vec(), ..self.clone() }),
        }
    }

    /// The day of asking, where one is named.
    pub fn day(&self) -> Option<Date> {
        self.day
    }

    /// The same with one more folder, asked after the others and before the built-in profiles.
    #[must_use]
    pub fn and_folder(mut self, folder: &Path) -> Self {
        self.folders.push(folder.to_owned());
        // What was found without the folder may be another thing in it.
        self.memo = self.memo.map(|_| Arc::default());
        self
    }

    /// Finds a profile by path, id or alias.
    ///
    /// # Errors
    /// An unknown name, with the nearest; a file that cannot be read.
    pub fn find(&self, kind: Kind, name: &str) -> Result<Found, Error> {
        let found = self.find_alone(kind, name)?;
        if kind == Kind::Assumptions && found.from_user {
            return Ok(Found { document: self.laid(found.document, &[name, &found.id]), ..found });
        }
        Ok(found)
    }

    /// A user's assumptions, laid over those of the folders asked later and over those that ship: what it leaves out is
    /// theirs.
    pub(crate) fn laid(&self, document: Document, names: &[&str]) -> Document {
        let below = names.iter().find_map(|name| built_in(Kind::Assumptions, &normal(name)));
        let mut stack: Vec<Document> = below.map(|found| found.document).into_iter().collect();
        if let Some(id) = Path::new(&document.file).file_name() {
            let beside = self.folders.iter().map(|folder| folder.join(Kind::Assumptions.folder()).join(id));
            let own = Path::new(&document.file).to_owned();
            let files = beside.filter(|path| path.is_file()).skip_while(|path| *path != own).skip(1);
            let files: Vec<PathBuf> = files.collect();
            stack.extend(files.iter().rev().filter_map(|path| Some(open(path).ok()?.document)));
        }
        stack.push(document);
        stack.dedup_by(|upper, lower| upper.text == lower.text);
        let laid = stack.into_iter().reduce(|lower, upper| upper.over(lower));
        laid.unwrap_or_else(|| Document::new("", ""))
    }

    fn find_alone(&self, kind: Kind, name: &str) -> Result<Found, Error> {
        if is_path(name) {
            return open(Path::new(name));
        }
        let wanted = normal(name);
        for folder in &self.folders {
            if let Some(path) = in_folder(&folder.join(kind.folder()), &wanted) {
                return open(&path);
            }
        }
        if let Some(found) = built_in(kind, &wanted) {
            return Ok(found);
        }
        match spelled::as_written(kind, name, &self.folders) {
            Some(Place::File(path)) => open(&path),
            Some(Place::BuiltIn(id)) => built_in(kind, id).ok_or_else(|| self.unknown(kind, name)),
            None => Err(self.unknown(kind, name)),
        }
    }

    /// Whether a name is the id or an alias of a profile of this kind, as it stands.
    pub fn has_exactly(&self, kind: Kind, name: &str) -> bool {
        let wanted = normal(name);
        let user = || self.folders.iter().any(|folder| in_folder(&folder.join(kind.folder()), &wanted).is_some());
        built_in_id(kind, &wanted).is_some() || user()
    }

    /// Whether a name is a profile of this kind.
    pub fn has(&self, kind: Kind, name: &str) -> bool {
        self.has_exactly(kind, name) || spelled::as_written(kind, name, &self.folders).is_some()
    }

    /// The ids of a kind, sorted, users' own included.
    pub fn ids(&self, kind: Kind) -> Vec<String> {
        let built_in = embedded::FILES.iter().filter(|file| file.0 == kind.folder()).map(|file| file.1.to_owned());
        let mut ids: Vec<String> = built_in.collect();
        for folder in &self.folders {
            ids.extend(toml_files(&folder.join(kind.folder())).filter_map(|path| stem(&path)));
        }
        ids.sort();
        ids.dedup();
        ids
    }

    /// The ids of the published runs that name a model, sorted.
    pub fn runs_of(&self, model: &str) -> Vec<String> {
        let wanted = normal(model);
        let names = |text: &str| names::model_of(text).is_some_and(|name| normal(name) == wanted);
        let mut ids = self.ids(Kind::Runs);
        ids.retain(|id| self.find(Kind::Runs, id).is_ok_and(|found| names(&found.document.text)));
        ids
    }

    /// An error that names the nearest id or alias of the kind.
    pub fn unknown(&self, kind: Kind, name: &str) -> Error {
        let error = Error::unknown_name(kind.singular(), name, []);
        match self.nearest(kind, name) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint(format!("`flopbill profiles list {}` names them all", kind.folder())),
        }
    }
}

/// The canonical form of a name: lower case, with dashes.
pub fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '_'], "-")
}

/// Whether a name is meant as a path.
pub fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.ends_with(".toml")
}

/// Reads a text file, refusing what cannot be a spec or profile.
///
/// # Errors
/// A folder, a missing or unreadable file, one over 4 MiB, bytes that are not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let shown = path.display();
    let cannot = |why: String| Error::bad_file(format!("cannot read {shown}: {why}"));
    let meta = fs::metadata(path).map_err(|trouble| {
        let error = cannot(trouble.to_string());
        if trouble.kind() == std::io::ErrorKind::NotFound { error.with_hint("check the path") } else { error }
    })?;
    if meta.is_dir() {
        return Err(cannot("it is a folder".into()).with_hint("name a file in it"));
    }
    let file = fs::File::open(path).map_err(|trouble| cannot(trouble.to_string()))?;
    text_from(file, &shown.to_string())
}

/// Reads a text of at most 4 MiB from an open file or from standard input.
///
/// # Errors
/// A failed read, a text over the limit, bytes that are not UTF-8.
pub fn text_from(input: impl std::io::Read, shown: &str) -> Result<String, Error> {
    let cannot = |why: String| Error::bad_file(format!("cannot read {shown}: {why}"));
    let mut bytes = Vec::new();
    input.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|trouble| cannot(trouble.to_string()))?;
    if bytes.len() as u64 > MOST_BYTES {
        let hint = "a spec or profile is a few KB; is this the right file?";
        return Err(cannot("it is larger than 4 MiB".into()).with_hint(hint));
    }
    String::from_utf8(bytes).map_err(|trouble| {
        let valid = trouble.utf8_error().valid_up_to();
        let line = trouble.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
        cannot(format!("line {line} is not UTF-8 text")).with_hint("save the file as UTF-8")
    })
}

fn open(path: &Path) -> Result<Found, Error> {
    let text = read_text(path)?;
    let id = stem(path).unwrap_or_default();
    Ok(Found { id, document: Document::new(path.display().to_string(), text), from_user: true })
}

fn built_in_id(kind: Kind, wanted: &str) -> Option<&'static str> {
    let folder = kind.folder();
    let by_alias = embedded::ALIASES.binary_search_by(|entry| (entry.0, entry.1).cmp(&(folder, wanted)));
    let id = by_alias.ok().and_then(|index| embedded::ALIASES.get(index)).map_or(wanted, |entry| entry.2);
    let index = embedded::FILES.binary_search_by(|file| (file.0, file.1).cmp(&(folder, id))).ok()?;
    embedded::FILES.get(index).map(|file| file.1)
}

fn built_in(kind: Kind, wanted: &str) -> Option<Found> {
    let id = built_in_id(kind, wanted)?;
    let index = embedded::FILES.binary_search_by(|file| (file.0, file.1).cmp(&(kind.folder(), id))).ok()?;
    let text = embedded::FILES.get(index)?.2;
    let file = built_in_file(kind, id);
    Some(Found { id: id.into(), document: Document::new(file, text), from_user: false })
}

/// The name of a built-in profile's file.
fn built_in_file(kind: Kind, id: &str) -> String {
    format!("profiles/{}/{id}.toml", kind.folder())
}

fn stem(path: &Path) -> Option<String> {
    path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned)
}

fn toml_files(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
}

/// The file of a folder with this id, else the one whose header lists the alias.
fn in_folder(folder: &Path, wanted: &str) -> Option<PathBuf> {
    let exact = folder.join(format!("{wanted}.toml"));
    if exact.is_file() {
        return Some(exact);
    }
    let mut files: Vec<PathBuf> = toml_files(folder).collect();
    files.sort(); // the same answer whatever the order of the directory
    files.into_iter().find(|path| header_aliases(path).iter().any(|alias| alias == wanted))
}

/// The aliases of a file, read from its first kilobyte: they stand above the first table.
fn header_aliases(path: &Path) -> Vec<String> {
    names::aliases_of(&names::head(path))
}
