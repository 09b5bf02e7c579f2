//! A profile's own text with what each line is, and where it is from, as comments.

use super::{about, key_in, line};
use crate::catalog::Found;
use crate::input::field::Field;
use crate::input::file::tables;
use crate::input::table::FIELDS;
use crate::read::Sources;
use crate::source::Source;

/// The sources of a profile.
pub(super) fn sources(found: &Found) -> Sources {
    let mut sources = Sources::default();
    let _ = found.document.read(|r| {
        sources = r.sources();
        Some(())
    }); // the other keys are unknown to this reading, which is of no interest
    sources
}

/// A source in a comment.
pub(super) fn cited(source: &Source) -> String {
    let as_of = if source.as_of.is_empty() { String::new() } else { format!("{}, ", source.as_of) };
    format!("{} ({as_of}{})", source.title, source.kind).replace('\n', " ")
}

/// The text of a profile, each value with its field and its source as a comment; of a spec also every field that it leaves
/// out, as a comment in its table.
pub(super) fn woven(found: &Found, is_spec: bool) -> String {
    let sources = sources(found);
    let document = &found.document;
    let command = if is_spec { "estimate" } else { "fleet" };
    let mut text = format!(
        "# Started from {}, each value with its source: `flopbill {command} FILE` answers as for `{}`.\n\
         # A line that opens with `#` is not asked; take the mark away to ask it.\n",
        document.file, found.id
    );
    let mut table = String::new();
    let mut said: Vec<&'static str> = Vec::new();
    for written in document.text.lines() {
        if let Some(header) = header(written) {
            if is_spec {
                add(&mut text, &left_out(&table, &said));
            }
            table = header.trim_matches(['[', ']']).to_owned();
        }
        let Some((key, _)) = written.split_once(" = ").filter(|_| !matches!(&*table, "sources" | "disagreements"))
        else {
            text += &format!("{written}\n");
            continue;
        };
        let key = key.trim().trim_matches('"');
        if table.is_empty() && key == "aliases" {
            continue; // those of the profile
        }
        let path = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
        let field = is_spec.then(|| field(&path)).flatten();
        said.extend(field.map(|field| field.path));
        let what = field.map(about);
        let from = sources.of(&path).map(cited);
        let comment: Vec<String> = what.into_iter().chain(from).collect();
        let is_open = written.trim_end().ends_with(['[', '{', ',']);
        match comment.is_empty() || is_open || written.contains(" # ") {
            true => text += &format!("{written}\n"),
            false => text += &format!("{written:<23} # {}\n", comment.join("; ")),
        }
    }
    if is_spec {
        add(&mut text, &left_out(&table, &said));
        let there = |table: &str| {
            document.text.lines().any(|written| header(written).is_some_and(|h| h == format!("[{table}]")))
        };
        for table in tables().filter(|table| !there(table)) {
            text += &format!("\n# [{table}]\n{}", left_out(table, &said));
        }
    }
    text
}

/// Adds lines above the blank line that ends a table.
fn add(text: &mut String, lines: &str) {
    let is_blank = text.ends_with("\n\n");
    text.truncate(text.len() - usize::from(is_blank));
    text.push_str(lines);
    text.push_str(if is_blank { "\n" } else { "" });
}

/// The header of a table, where a line is one.
fn header(written: &str) -> Option<&str> {
    let written = written.trim();
    (written.starts_with('[') && written.ends_with(']')).then_some(written)
}

/// The field of a path in a spec, or of a phase.
fn field(path: &str) -> Option<&'static Field> {
    let path = path.strip_prefix("phase.").map_or_else(|| path.to_owned(), |key| format!("run.{key}"));
    FIELDS.iter().find(|field| field.paths().any(|known| known == path))
}

/// The fields of a table that a spec leaves out, as comments.
fn left_out(table: &str, said: &[&str]) -> String {
    let rows = FIELDS.iter().filter(|field| !said.contains(&field.path));
    rows.filter_map(|field| Some(line(field, key_in(field, table)?, None))).collect()
}
