//! Where the values of one profile came from.

use std::sync::Arc;

use crate::source::Source;

/// The sources of one profile, by path; a copy shares them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources(pub Arc<[(String, Source)]>);

impl Sources {
    /// The same with another source of a path.
    #[must_use]
    pub fn with(&self, path: String, source: Source) -> Self {
        let others = self.0.iter().filter(|(key, _)| *key != path).cloned();
        Self(others.chain([(path.clone(), source)]).collect())
    }

    /// The source of a value: its own, that of the nearest table above it, or `*`.
    pub fn of(&self, path: &str) -> Option<&Source> {
        let mut path = path;
        loop {
            if let Some((_, source)) = self.0.iter().find(|(key, _)| key == path) {
                return Some(source);
            }
            match path.rsplit_once('.') {
                Some((above, _)) => path = above,
                None => return self.0.iter().find(|(key, _)| key == "*").map(|(_, source)| source),
            }
        }
    }
}

/// Whether an entry of `[sources]` speaks of a value: it names the value, a table above it, or everything.
pub(super) fn covers(key: &str, path: &str) -> bool {
    key == "*" || path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
