//! Documents laid over one another, key by key: a user's three lines over the values that ship.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{At, Layer, Reader, Shared, Sources};
use crate::source::{Source, SourceKind};

impl<'d> Reader<'d> {
    /// The same over the same table of other documents.
    pub(super) fn over(self, below: Vec<Layer<'d>>) -> Self {
        Self { below, ..self }
    }

    /// This table and those below it, the uppermost first.
    pub(super) fn layers(&self) -> impl Iterator<Item = Layer<'d>> {
        std::iter::once((self.shared, self.table)).chain(self.below.iter().copied())
    }

    /// The uppermost document that has a key, with its value; this one where none has it.
    pub(super) fn layer_of(&self, key: &str) -> (&'d Shared<'d>, Option<&'d Spanned<DeValue<'d>>>) {
        let found = self.layers().find_map(|(shared, table)| Some((shared, table.get(key)?)));
        found.map_or((self.shared, None), |(shared, value)| (shared, Some(value)))
    }

    /// The tables of a key below the uppermost one.
    pub(super) fn tables_below(&self, key: &str) -> Vec<Layer<'d>> {
        let all = self.layers().filter_map(|(shared, table)| Some((shared, table.get(key)?)));
        all.skip(1).map_while(|(shared, value)| Some((shared, value.get_ref().as_table()?))).collect()
    }

    /// What is laid over the lowest document: the path of each value and where it stands, the uppermost first.
    pub fn laid(&self) -> Vec<(String, At)> {
        let mut found: Vec<(String, At)> = Vec::new();
        let upper = self.below.len();
        for (shared, table) in self.layers().take(upper) {
            let mut own = Vec::new();
            values("", table, &mut own);
            own.sort_by_key(|(_, value)| value.span().start);
            let new = own.into_iter().map(|(path, value)| (path, At::of(shared, value.span())));
            let new: Vec<_> = new.filter(|(path, _)| !found.iter().any(|(known, _)| known == path)).collect();
            found.extend(new);
        }
        found
    }

    /// The sources of all layers: a value that is laid over another has its own, or else its line.
    pub(super) fn laid_sources(&self, mut own: Vec<Sources>) -> Sources {
        let lowest = own.pop().unwrap_or_default();
        if own.is_empty() {
            return lowest;
        }
        let told = |path: String, at: At| {
            let line = format!("{}:{}", at.file, at.line);
            let source = self.layers().zip(&own).find(|((shared, _), _)| shared.document.file == at.file);
            let source = source.and_then(|(_, sources)| sources.of(&path).cloned());
            let here =
                || Source { title: line, url: None, as_of: String::new(), kind: SourceKind::Assumption, note: None };
            (path, source.unwrap_or_else(here))
        };
        let upper = self.laid().into_iter().map(|(path, at)| told(path, at));
        Sources(upper.chain(lowest.0.iter().cloned()).collect())
    }
}

/// Every value of a table but names and sources; a list is one value.
fn values<'d>(above: &str, table: &'d DeTable<'d>, found: &mut Vec<(String, &'d Spanned<DeValue<'d>>)>) {
    for (key, value) in table {
        let key = key.get_ref();
        if above.is_empty() && matches!(key.as_ref(), "name" | "aliases" | "sources") {
            continue;
        }
        let path = if above.is_empty() { key.to_string() } else { format!("{above}.{key}") };
        match value.get_ref() {
            DeValue::Table(inner) => values(&path, inner, found),
            _ => found.push((path, value)),
        }
    }
}
