//! Names of profiles, everything in one of them, and whether files of one's own are right.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::check;
use super::reply::{Ordered, ReplyHead};
use crate::answer::model_terms::ModelTerms;
use crate::assume::{self, AssumptionValue};
use crate::catalog::accelerator::accelerator;
use crate::catalog::leaves::{Leaf, leaves};
use crate::catalog::model::model;
use crate::catalog::stack::stack;
use crate::catalog::stack_row::StackRow;
use crate::catalog::{Catalog, Found, KINDS, Kind, is_path};
use crate::error::Error;
use crate::hardware::accelerator::Accelerator;
use crate::predict::batch::usual_length;
use crate::read::Sources;

/// The question of `profiles`.
///
/// ```
/// use flopbill::{Catalog, ProfilesReply, ProfilesRequest};
///
/// let request = ProfilesRequest::List(Some("accelerators".into()));
/// let ProfilesReply::List(list) = request.ask(&Catalog::built_in())? else { unreachable!() };
/// assert!(list.result.get("accelerators").unwrap().contains(&"h200-sxm".to_owned()));
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ProfilesRequest {
    /// The names of all, or of one kind.
    List(Option<String>),
    /// Everything in one: its name, kind/name where several kinds have it, or its path.
    Show(String),
    /// Whether files are right, as of the catalog's day or that of the facts that ship, whichever is later.
    Check(Vec<PathBuf>),
}

/// The answer of `profiles`.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ProfilesReply {
    /// The names.
    List(ListReply),
    /// One profile.
    Show(Box<ShowReply>),
    /// What was checked, and is right.
    Check(CheckReply),
}

/// Names of profiles, by kind.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ListReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// The names.
    pub result: Ordered<Vec<String>>,
    /// What is known of each stack, where stacks alone were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stacks: Vec<StackRow>,
    /// Every value of the assumptions, where they alone were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<AssumptionValue>,
}

/// One profile.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ShowReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// Its kind.
    pub kind: &'static str,
    /// Its name among profiles.
    pub id: String,
    /// Its file.
    pub file: String,
    /// A hash of its text.
    pub hash: String,
    /// Every value with its source, in the order of the file.
    pub result: Ordered<ValueRow>,
    /// Whether it is a file of the user's.
    #[serde(skip)]
    pub from_user: bool,
    /// Where its values are from.
    #[serde(skip)]
    pub sources: Sources,
    /// The chip that it describes.
    #[serde(skip)]
    pub chip: Option<Accelerator>,
    /// The stack that it describes.
    #[serde(skip)]
    pub stack: Option<StackRow>,
    /// A model term by term, in sequences of the usual length.
    pub model: Option<ModelTerms>,
}

/// A value with its source.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ValueRow {
    /// As the file has it.
    pub value: String,
    /// How well it is known.
    pub kind: Option<String>,
    /// The day, month or year it speaks of.
    pub as_of: Option<String>,
    /// What the source is called.
    pub source: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
    /// What to know before using it.
    pub note: Option<String>,
}

/// Files that are right.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CheckReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// The files.
    pub result: Vec<CheckRow>,
}

/// A file that is right.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CheckRow {
    /// The file.
    pub file: String,
    /// What it holds.
    pub kind: &'static str,
}

impl ProfilesRequest {
    /// Answers about profiles.
    ///
    /// # Errors
    /// An unknown kind or name; everything that is wrong with a file, each with its place.
    pub fn ask(&self, catalog: &Catalog) -> Result<ProfilesReply, Error> {
        match self {
            ProfilesRequest::List(kind) => Ok(ProfilesReply::List(list(kind.as_deref(), catalog)?)),
            ProfilesRequest::Show(name) => {
                let (kind, found) = named(name, catalog)?;
                Ok(ProfilesReply::Show(Box::new(show(kind, &found, catalog)?)))
            }
            ProfilesRequest::Check(files) => Ok(ProfilesReply::Check(check_files(files, catalog)?)),
        }
    }
}

fn list(kind: Option<&str>, catalog: &Catalog) -> Result<ListReply, Error> {
    let kinds = match kind {
        Some(name) => vec![kind_of(name)?],
        // Classes of models are hundreds, and listed where they are asked for.
        None => KINDS.iter().map(|(_, kind, _)| *kind).filter(|kind| *kind != Kind::Architectures).collect(),
    };
    let stacks = match kinds.as_slice() {
        [Kind::Stacks] => catalog.ids(Kind::Stacks).iter().map(|id| catalog.stack(id).map(StackRow::of)).collect(),
        _ => Ok(Vec::new()),
    };
    let assumptions = match kinds.as_slice() {
        [Kind::Assumptions] => assume::all(catalog)?,
        _ => Vec::new(),
    };
    let names = kinds.into_iter().map(|kind| (kind.folder().to_owned(), catalog.ids(kind)));
    let result = names.filter(|(_, ids)| !ids.is_empty()).collect();
    Ok(ListReply { head: ReplyHead::new("profiles list", "profiles"), result, stacks: stacks?, assumptions })
}

fn kind_of(name: &str) -> Result<Kind, Error> {
    let found = KINDS.iter().find(|(folder, _, singular)| *folder == name || *singular == name);
    found.map(|(_, kind, _)| *kind).ok_or_else(|| {
        let folders: Vec<&str> = KINDS.iter().map(|(folder, _, _)| *folder).collect();
        Error::unknown_of("kind of profile", name, folders)
    })
}

/// The profile of a name.
fn named(name: &str, catalog: &Catalog) -> Result<(Kind, Found), Error> {
    let of_kind = name.split_once('/').filter(|(kind, _)| KINDS.iter().any(|(folder, _, _)| folder == kind));
    if let Some((kind, own)) = of_kind.filter(|_| !Path::new(name).exists()) {
        let kind = kind_of(kind)?;
        // A price list is known by its chip, whose other names lead to it too.
        let chip = || catalog.accelerator(own).ok().map(|chip| chip.chip.id);
        let of_chip = (kind == Kind::Prices && !catalog.has(kind, own)).then(chip).flatten();
        return Ok((kind, catalog.find(kind, of_chip.as_deref().unwrap_or(own))?));
    }
    if is_path(name) {
        let found = catalog.find(Kind::Accelerators, name)?;
        let kind = check::kind_of(Path::new(name), &found.document)?;
        return Ok(match kind {
            Kind::Assumptions => (kind, Found { document: catalog.laid(found.document, &[&found.id]), ..found }),
            _ => (kind, found),
        });
    }
    // A name of several kinds means the first in the order of the kinds: a chip before its prices.
    let kinds = || KINDS.iter().map(|(_, kind, _)| *kind);
    let exact = kinds().find(|kind| catalog.has_exactly(*kind, name));
    let first = exact.or_else(|| kinds().find(|kind| catalog.has(*kind, name)));
    let kind = first.ok_or_else(|| unknown(name, catalog))?;
    Ok((kind, catalog.find(kind, name)?))
}

fn unknown(name: &str, catalog: &Catalog) -> Error {
    let (classes, others): (Vec<Kind>, Vec<Kind>) =
        KINDS.iter().rev().map(|(_, kind, _)| *kind).partition(|kind| *kind == Kind::Architectures);
    let near = others.into_iter().chain(classes).find_map(|kind| catalog.nearest(kind, name));
    let message = format!("no profile is called `{name}`");
    let hint = near.map(|near| format!("did you mean `{near}`?"));
    Error::new(crate::error::Kind::UnknownName, message)
        .with_hint(hint.unwrap_or_else(|| "`flopbill profiles list` names them all".into()))
}

fn show(kind: Kind, found: &Found, catalog: &Catalog) -> Result<ShowReply, Error> {
    check::profile(kind, found, catalog)?;
    let (values, sources) = leaves(&found.document)?;
    let name = values.iter().find(|(path, _)| path == "name").map_or(&found.id, |(_, name)| name);
    let row = |(path, value): &Leaf| {
        let source = sources.of(path);
        let row = ValueRow {
            value: value.clone(),
            kind: source.map(|source| source.kind.to_string()),
            as_of: source.map(|source| source.as_of.clone()),
            source: source.map(|source| source.title.clone()),
            url: source.and_then(|source| source.url.clone()),
            note: source.and_then(|source| source.note.clone()),
        };
        (path.clone(), row)
    };
    let chip = (kind == Kind::Accelerators).then(|| accelerator(found, catalog)).transpose()?;
    let stack = (kind == Kind::Stacks).then(|| stack(found)).transpose()?;
    let model = (kind == Kind::Models).then(|| model(found, catalog)).transpose()?;
    Ok(ShowReply {
        head: ReplyHead::new("profiles show", name.as_str()),
        kind: kind.singular(),
        id: found.id.clone(),
        file: found.document.file.clone(),
        hash: format!("{:016x}", found.document.hash()),
        result: values.iter().filter(|(path, _)| path != "name").map(row).collect(),
        from_user: found.from_user,
        sources,
        chip: chip.map(|chip| chip.chip),
        stack: stack.map(StackRow::of),
        model: model.map(|model| ModelTerms::of(&model, usual_length(&model.shape))),
    })
}

fn check_files(files: &[PathBuf], catalog: &Catalog) -> Result<CheckReply, Error> {
    let mut errors = Vec::new();
    let mut result = Vec::new();
    for (path, checked) in files.iter().zip(check::files(files, catalog)) {
        match checked {
            Ok(kind) => result.push(CheckRow { file: path.display().to_string(), kind: kind.singular() }),
            Err(error) => errors.push(error),
        }
    }
    let head = ReplyHead::new("profiles check", "profiles");
    Error::all(errors).map_or(Ok(CheckReply { head, result }), Err)
}
