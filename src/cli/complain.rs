//! Errors and warnings on stderr: what, where, and what to do.

use std::io::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use flopbill::Error;
use flopbill::internals::units::show::printable;

/// Shows each error with its place in the file, a caret and help.
pub fn error(error: &Error) {
    for one in error.each() {
        let mut group = Group::with_title(Level::ERROR.primary_title(one.message()));
        if let Some(place) = one.place() {
            let (start, end) = shown(&place.text, &place.span);
            let line = place.text.get(..start).map_or(1, |before| before.matches('\n').count() + 1);
            let text = place.text.get(start..end).unwrap_or_default();
            let span = place.span.start.clamp(start, end) - start..place.span.end.clamp(start, end) - start;
            let snippet = Snippet::source(text).path(&place.file).line_start(line);
            group = group.element(snippet.annotation(AnnotationKind::Primary.span(span)));
        }
        if let Some(hint) = one.hint() {
            group = group.element(Level::HELP.message(printable(hint)));
        }
        say(&Renderer::styled().render(&[group]));
    }
}

/// The lines around a span: enough to find it, never a whole file.
fn shown(text: &str, span: &std::ops::Range<usize>) -> (usize, usize) {
    let at = text.floor_char_boundary(span.start.min(text.len()));
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    (start, line_end)
}

/// Shows a warning.
pub fn warning(sentence: &str) {
    say(&Renderer::styled().render(&[Group::with_title(Level::WARNING.primary_title(sentence))]));
}

/// Shows a check that failed.
pub fn failed(sentence: &str) {
    say(&Renderer::styled().render(&[Group::with_title(Level::ERROR.primary_title(sentence))]));
}

fn say(text: &str) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(anstream::stderr(), "{text}");
}
