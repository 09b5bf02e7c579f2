//! The one public error: what is wrong, where, and what to do about it.

use std::fmt;
use std::sync::Arc;

/// What kind of refusal an [`Error`] is; the command line maps each to one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value, file or flag that cannot be used as it stands.
    BadInput,
    /// A file that cannot be read or written.
    BadFile,
    /// A name that no profile, field or format has.
    UnknownName,
    /// A layout that needs more memory, or more chips, than there are.
    DoesNotFit,
    /// A question whose answer does not exist, or is not settled by what was given.
    NoSolution,
}

/// A place in a text: which file, which bytes, and the text itself so that it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's path, or the name of a built-in profile.
    pub file: String,
    /// The whole text of the file.
    pub text: Arc<str>,
    /// The bytes that the message is about.
    pub span: std::ops::Range<usize>,
}

impl Place {
    /// Line and column, both counted from one.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(self.span.start.min(self.text.len()))];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        (line, column)
    }
}

/// Why flopbill refuses, with the place and a way out where there is one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct Error {
    kind: Kind,
    message: String,
    hint: Option<String>,
    place: Option<Box<Place>>,
    /// Further independent errors of the same input.
    also: Vec<Error>,
}

impl Error {
    /// An error of this kind, saying what is wrong.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, place: None, also: Vec::new() }
    }

    /// A value that cannot be used.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Kind::BadInput, message)
    }

    /// A file that cannot be used.
    pub fn bad_file(message: impl Into<String>) -> Self {
        Self::new(Kind::BadFile, message)
    }

    /// A question without an answer.
    pub fn no_solution(message: impl Into<String>) -> Self {
        Self::new(Kind::NoSolution, message)
    }

    /// Something that needs more than there is.
    pub fn does_not_fit(message: impl Into<String>) -> Self {
        Self::new(Kind::DoesNotFit, message)
    }

    /// A name nobody has, with the nearest of those that exist.
    pub fn unknown_name<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let error = Self::new(Kind::UnknownName, format!("unknown {what} `{name}`"));
        match nearest(name, known) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    /// The same error with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error, pointing at a place.
    #[must_use]
    pub fn at(mut self, file: &str, text: &Arc<str>, span: std::ops::Range<usize>) -> Self {
        self.place = Some(Box::new(Place { file: file.into(), text: Arc::clone(text), span }));
        self
    }

    /// One error out of several independent ones; `None` when the list is empty.
    pub fn all(errors: Vec<Error>) -> Option<Self> {
        let flat = |mut error: Error| {
            let also = std::mem::take(&mut error.also);
            std::iter::once(error).chain(also)
        };
        let mut errors = errors.into_iter().flat_map(flat);
        let mut first = errors.next()?;
        first.also.extend(errors);
        Some(first)
    }

    /// What kind of refusal this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong, in one sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Where it is, if it came from a text.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_deref()
    }

    /// This error and the further ones of the same input, in order.
    pub fn each(&self) -> impl Iterator<Item = &Error> {
        std::iter::once(self).chain(&self.also)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.each().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if let Some(place) = &error.place {
                let (line, column) = place.line_column();
                write!(f, "{}:{line}:{column}: ", place.file)?;
            }
            f.write_str(&error.message)?;
            if let Some(hint) = &error.hint {
                write!(f, "\nhelp: {hint}")?;
            }
        }
        Ok(())
    }
}

/// The name closest to what was typed, if one is close enough to be meant.
///
/// ```
/// use flopbill::error::nearest;
/// assert_eq!(nearest("h2000", ["h20", "h200", "b200"]), Some("h200"));
/// assert_eq!(nearest("quantum", ["h20", "h200"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let limit = (name.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|candidate| (edits(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, candidate)| (*distance, candidate.len().abs_diff(name.len())))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
