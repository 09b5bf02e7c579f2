//! A text with its name, and places in it.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use super::{MOST_ERRORS, Reader, Shared, syntax};
use crate::error::Error;

/// A text with its name, as errors show it.
#[derive(Debug, Clone)]
pub struct Document {
    /// The path, or the name of a built-in profile.
    pub file: String,
    /// The whole text.
    pub text: Arc<str>,
    /// What has the values that this one leaves out: the shipped profile below a user's.
    pub below: Option<Arc<Document>>,
}

/// Where a value stands, kept with it so that a later error can still point there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The path, or the name of a built-in profile.
    pub file: String,
    /// The line, from one.
    pub line: usize,
    text: Arc<str>,
    span: Range<usize>,
}

impl At {
    /// A place in a text that is no TOML, on a line that the caller has counted: counting it anew for each row of a long
    /// table takes minutes.
    pub fn on_line(file: &str, text: &Arc<str>, line: usize, span: Range<usize>) -> Self {
        Self { file: file.to_owned(), line, text: Arc::clone(text), span }
    }

    pub(super) fn of(shared: &Shared<'_>, span: Range<usize>) -> Self {
        let document = shared.document;
        Self { file: document.file.clone(), line: shared.line(span.start), text: Arc::clone(&document.text), span }
    }

    /// The same error, pointing here.
    pub fn locate(&self, error: Error) -> Error {
        error.at(&self.file, &self.text, self.span.clone())
    }
}

impl Document {
    /// Names a text.
    pub fn new(file: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self { file: file.into(), text: text.into(), below: None }
    }

    /// The same, laid over another document.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self { below: Some(Arc::new(below)), ..self }
    }

    /// This document and those below it, the uppermost first.
    pub fn layers(&self) -> impl Iterator<Item = &Document> {
        std::iter::successors(Some(self), |document| document.below.as_deref())
    }

    /// A 64-bit FNV-1a hash of the text: which version of a profile an answer rests on.
    pub fn hash(&self) -> u64 {
        self.text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }

    /// Reads the document with `build`, which asks a [`Reader`] for what it needs.
    ///
    /// # Errors
    /// TOML that does not parse, or everything that `build` found wrong, each with its place.
    pub fn read<T>(&self, build: impl FnOnce(&Reader<'_>) -> Option<T>) -> Result<T, Error> {
        let mut roots = Vec::with_capacity(1);
        for document in self.layers() {
            roots.push(DeTable::parse(&document.text).map_err(|trouble| document.syntax(&trouble))?);
        }
        let shared: Vec<Shared<'_>> = self.layers().map(Shared::of).collect();
        let built = {
            let mut layers = shared.iter().zip(&roots);
            let Some((top, root)) = layers.next() else { return Err(Error::bad_input("no document")) };
            let below = layers.map(|(shared, root)| (shared, root.get_ref())).collect();
            let reader = Reader::on(top, root.get_ref(), root.span(), String::new()).over(below);
            let built = build(&reader);
            reader.finish();
            built
        };
        let mut errors = Vec::new();
        for shared in shared {
            let mut own = shared.errors.into_inner();
            own.sort_by_key(|error| error.place().map(|place| place.span.start));
            errors.extend(own);
        }
        errors.truncate(MOST_ERRORS);
        match (Error::all(errors), built) {
            (None, Some(built)) => Ok(built),
            (Some(error), _) => Err(error),
            (None, None) => Err(Error::bad_input(format!("{} does not describe what it should", self.file))),
        }
    }

    fn syntax(&self, trouble: &toml::de::Error) -> Error {
        let span = trouble.span().unwrap_or(0..0);
        let error = match syntax::unquoted(&self.text, span.start) {
            Some((value, range)) => {
                return Error::bad_input(format!("`{value}` is not TOML: a value with a suffix or unit is a string"))
                    .with_hint(format!("quote it: \"{value}\""))
                    .at(&self.file, &self.text, range);
            }
            None => Error::bad_input(format!("this is not TOML: {}", trouble.message().replace('\n', ", "))),
        };
        error.at(&self.file, &self.text, span)
    }
}
