//! The one public error: what is wrong, where, and what to do about it.

use std::fmt;
use std::sync::Arc;

/// Characters of an unknown name that are shown.
const LONGEST_NAME: usize = 80;

/// What kind of refusal an [`Error`] is; the command line maps each to one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value, file or flag that cannot be used as it stands.
    BadInput,
    /// A file that cannot be read.
    BadFile,
    /// An answer that cannot be written.
    NotWritten,
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
    /// The text was typed for a flag or a variable, which stands in for the file's path.
    pub typed: bool,
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
    /// The field of the input that it is about: `experts.active`.
    field: Option<&'static str>,
    place: Option<Box<Place>>,
    /// Further independent errors of the same input.
    also: Vec<Error>,
}

impl Error {
    /// An error of this kind, saying what is wrong.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, field: None, place: None, also: Vec::new() }
    }

    /// A value that cannot be used.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Kind::BadInput, message)
    }

    /// A file that cannot be used.
    pub fn bad_file(message: impl Into<String>) -> Self {
        Self::new(Kind::BadFile, message)
    }

    /// A file that cannot be written.
    pub fn not_written(message: impl Into<String>) -> Self {
        Self::new(Kind::NotWritten, message)
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
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        let dots = if shown.len() < name.len() { "..." } else { "" };
        let error = Self::new(Kind::UnknownName, format!("unknown {what} `{shown}{dots}`"));
        match nearest(name, known) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    /// A name that a short closed list does not hold: the nearest, and the whole list.
    pub fn unknown_of<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        let error = Self::unknown_name(what, name, known.clone());
        let list = known.into_iter().collect::<Vec<_>>().join(", ");
        let hint = match error.hint() {
            Some(near) => format!("{near} One of: {list}"),
            None => format!("one of: {list}"),
        };
        error.with_hint(hint)
    }

    /// The same error, about a field.
    #[must_use]
    pub fn about(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// The field that it is about, if it is about one.
    pub fn field(&self) -> Option<&'static str> {
        self.field
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
        self.place = Some(Box::new(Place { file: file.into(), text: Arc::clone(text), span, typed: false }));
        self
    }

    /// The same error in other words.
    #[must_use]
    pub fn with_message(&self, message: impl Into<String>) -> Self {
        Self { message: message.into(), also: Vec::new(), ..self.clone() }
    }

    /// The same error, pointing into what was typed for a flag or a variable rather than into a file.
    #[must_use]
    pub fn in_typed(self, flag: &str, text: &str, span: std::ops::Range<usize>) -> Self {
        let mut error = self.at(flag, &Arc::from(text), span);
        error.place.iter_mut().for_each(|place| place.typed = true);
        error
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

/// The name closest to what was typed, if one is close enough to be meant. Of names that are equally close,
/// one that keeps all that was typed, in order, comes first.
///
/// ```
/// use flopbill::internals::error::nearest;
/// assert_eq!(nearest("h2000", ["h20", "h200", "b200"]), Some("h200"));
/// assert_eq!(nearest("h10", ["h20", "h100"]), Some("h100"));
/// assert_eq!(nearest("chnia", ["chile", "china"]), Some("china"));
/// assert_eq!(nearest("quantum", ["h20", "h200"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let limit = (name.len() / 3).clamp(1, 4);
    let close = known.into_iter().filter_map(|candidate| {
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        let longer = letters.len().abs_diff(name.len());
        let distance = if longer > limit { longer } else { edits(&name, &letters) };
        (distance <= limit).then(|| ((distance, !keeps(&letters, &name), longer), candidate))
    });
    close.min_by_key(|(rank, _)| *rank).map(|(_, candidate)| candidate)
}

/// Whether all that was typed stands in a name, in order.
fn keeps(letters: &[char], typed: &[char]) -> bool {
    let mut rest = letters.iter();
    typed.iter().all(|c| rest.any(|letter| letter == c))
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, each counted once.
fn edits(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut above: Vec<usize> = Vec::new(); // the row before the last
    let mut last: Vec<usize> = (0..width).collect();
    for (i, &ca) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(width);
        row.push(i + 1);
        for (j, &cb) in b.iter().enumerate() {
            let mut least = (last[j] + usize::from(ca != cb)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && ca == b[j - 1] && a[i - 1] == cb {
                least = least.min(above[j - 1] + 1);
            }
            row.push(least);
        }
        above = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_neighbours_are_one_edit() {
        let edits = |a: &str, b: &str| {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            edits(&letters(a), &letters(b))
        };
        assert_eq!(edits("scael", "scale"), 1);
        assert_eq!(edits("chnia", "china"), 1);
        assert_eq!(edits("ca", "abc"), 3); // by hand: no letter is touched twice
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
    }

    #[test]
    fn a_closed_list_is_named_in_full_beside_the_nearest() {
        let error = Error::unknown_of("format", "jsn", ["table", "json"]);
        assert_eq!(error.hint(), Some("did you mean `json`? One of: table, json"));
        let error = Error::unknown_of("format", "quantum", ["table", "json"]);
        assert_eq!(error.hint(), Some("one of: table, json"));
    }
}
