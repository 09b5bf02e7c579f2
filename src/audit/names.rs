//! Names that mean two profiles.
//!
//! An id may stand in several kinds, where it means the same thing: a model and its run, a chip and its prices. An alias
//! means one id, whatever the kind: `profiles show NAME` and a user who types a name see no kinds. A run may be called
//! as the model that it trains, under any of its names. Architectures are apart: their names are what `config.json` calls
//! a class, and nobody types them.

use std::ops::Range;

use super::entries::Entries;
use crate::catalog::{Kind, Name, normal};
use crate::error::Error;

/// Names of this profile that another one has.
pub fn shared(kind: Kind, id: &str, entries: &Entries<'_>, known: &[Name]) -> Vec<Error> {
    if kind == Kind::Architectures {
        return Vec::new();
    }
    let own =
        |span: &Range<usize>, alias: &str| other(kind, id, alias, entries, known).map(|name| (span.clone(), name));
    let aliases = entries.aliases.iter().filter_map(|(alias, span)| own(span, &normal(alias)));
    let stem = normal(id);
    let of_id = other(kind, id, &stem, entries, known).map(|name| (entries.name_span(), name));
    let error = |(span, name): (Range<usize>, &Name)| {
        let what = name.kind.singular();
        let error = Error::bad_input(format!("`{}` is a name of the {what} `{}` too", name.name, name.id));
        let hint = if name.kind == kind {
            format!("take another name, or call the file {}.toml to put it in that one's place", name.id)
        } else {
            "a name means one profile, whatever its kind: take another".to_owned()
        };
        entries.at(&span, error.with_hint(hint))
    };
    let twice = entries.aliases.iter().enumerate().filter_map(|(at, (alias, span))| {
        let before = entries.aliases.iter().take(at).any(|(other, _)| normal(other) == normal(alias));
        let error = Error::bad_input(format!("the alias `{alias}` stands here twice"));
        before.then(|| entries.at(span, error.with_hint("once is enough")))
    });
    let twice: Vec<Error> = twice.collect();
    aliases.chain(of_id).map(error).chain(twice).collect()
}

/// Another profile of this name.
fn other<'n>(kind: Kind, id: &str, name: &str, entries: &Entries<'_>, known: &'n [Name]) -> Option<&'n Name> {
    let trains = |run: Option<&str>, model: &str| run.is_some_and(|run| is_called(run, model, known));
    known.iter().find(|other| {
        let clash = other.name == name && other.id != id && other.kind != Kind::Architectures;
        let of_one_model = match (kind, other.kind) {
            (Kind::Runs, Kind::Models) => trains(entries.top("model"), &other.id),
            (Kind::Models, Kind::Runs) => trains(other.model.as_deref(), id),
            _ => false,
        };
        clash && !of_one_model
    })
}

/// Whether a name is one of a model's.
fn is_called(name: &str, model: &str, known: &[Name]) -> bool {
    let name = normal(name);
    name == model || known.iter().any(|other| other.kind == Kind::Models && other.id == model && other.name == name)
}
