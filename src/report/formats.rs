//! The one table of output formats.

use std::path::Path;

use super::{Detail, View, html, json, render};
use crate::error::Error;

/// One output format.
#[derive(Debug)]
pub struct Format {
    /// What `--format` calls it.
    pub name: &'static str,
    /// The file extension that means it.
    pub extension: &'static str,
    /// A view as text, with a newline at its end; none where only the rows of a sweep are written so.
    render: Option<fn(&View) -> String>,
    /// Whether it is for people, who see one screen first.
    brief: bool,
    /// Whether this build can write it.
    built: bool,
}

/// Every output format, the default first.
pub static FORMATS: [Format; 8] = [
    Format { brief: true, ..text("table", "txt", render::table) },
    Format { brief: true, ..text("markdown", "md", render::markdown) },
    text("json", "json", json::text),
    text("jsonl", "jsonl", json::line),
    text("csv", "csv", render::csv),
    text("plain", "tsv", render::plain),
    text("html", "html", html::page),
    Format { name: "parquet", extension: "parquet", render: None, brief: false, built: cfg!(feature = "parquet") },
];

const fn text(name: &'static str, extension: &'static str, render: fn(&View) -> String) -> Format {
    Format { name, extension, render: Some(render), brief: false, built: true }
}

impl Format {
    /// A view as text, in as much detail where it is for people; without a word on that a screen, and everything in a page.
    ///
    /// # Errors
    /// A format that is for the rows of a sweep alone; a topic that the view has not.
    pub fn text(&self, view: View, detail: Option<&Detail>) -> Result<String, Error> {
        let usual = if self.brief { Detail::Brief } else { Detail::All };
        let view = view.in_detail(detail.unwrap_or(&usual))?;
        self.render.map(|render| render(&view)).ok_or_else(|| {
            let error = Error::bad_input(format!("{} is for the rows of a sweep", self.name));
            error.with_hint("json is one answer")
        })
    }

    /// Whether `--detail` changes what it writes.
    pub fn has_detail(&self) -> bool {
        self.brief || self.name == "html"
    }

    /// The formats that write a single answer.
    pub fn of_answers() -> impl Iterator<Item = &'static Self> {
        FORMATS.iter().filter(|format| format.render.is_some())
    }

    fn if_built(&'static self) -> Result<&'static Self, Error> {
        if self.built {
            return Ok(self);
        }
        let error = Error::bad_input(format!("this build writes no {}", self.name));
        Err(error.with_hint(format!("build with `--features {}`, or write -o FILE.csv", self.name)))
    }
}

/// The format of this name.
///
/// # Errors
/// A name that no format has; a format that this build leaves out.
pub fn by_name(name: &str) -> Result<&'static Format, Error> {
    let known = FORMATS.iter().find(|format| format.name == name);
    known.ok_or_else(|| Error::unknown_of("format", name, FORMATS.iter().map(|format| format.name)))?.if_built()
}

/// The format that was named, or else the one that the file's extension means, or else the first.
///
/// # Errors
/// An unknown name; an extension that means no format, where none is named; a name and an extension that mean two.
pub fn choose(name: Option<&str>, file: Option<&Path>) -> Result<&'static Format, Error> {
    let named = name.map(by_name).transpose()?;
    let extension = file.and_then(Path::extension).map(|extension| extension.to_string_lossy().into_owned());
    let means = |extension: &String| FORMATS.iter().find(|format| format.extension.eq_ignore_ascii_case(extension));
    let shown = || file.map(|file| file.display().to_string()).unwrap_or_default();
    match (named, extension.as_ref().map(means)) {
        (Some(named), Some(Some(meant))) if named.name != meant.name => {
            let error = Error::bad_input(format!("--format {} and -o {} contradict each other", named.name, shown()));
            let hint = format!("`.{}` means {}; name it -o FILE.{}", meant.extension, meant.name, named.extension);
            Err(error.with_hint(hint))
        }
        (Some(named), _) => Ok(named),
        (None, Some(Some(meant))) => meant.if_built(),
        (None, Some(None)) => {
            let error = Error::bad_input(format!("-o {}: its extension means no format", shown()));
            let known: Vec<String> = FORMATS.iter().map(|format| format!(".{}", format.extension)).collect();
            Err(error.with_hint(format!("one of {}; or name the format with --format", known.join(" "))))
        }
        (None, None) => by_name(FORMATS[0].name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(name: Option<&str>, file: &str) -> Result<&'static str, String> {
        choose(name, Some(Path::new(file))).map(|format| format.name).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_and_an_extension_say_the_same_or_are_refused() {
        assert_eq!(choose(None, None).unwrap().name, "table");
        assert_eq!(chosen(None, "a.JSON"), Ok("json"));
        assert_eq!(chosen(None, "a.tsv"), Ok("plain"));
        assert_eq!(chosen(None, "no_extension"), Ok("table"));
        assert_eq!(chosen(Some("html"), "a.html"), Ok("html"));
        assert_eq!(chosen(Some("csv"), "rows.dat"), Ok("csv"));
        assert!(chosen(Some("csv"), "a.json").unwrap_err().contains("contradict"));
        assert!(chosen(None, "a.xlsx").unwrap_err().contains("means no format"));
        assert!(chosen(Some("jsn"), "a.json").unwrap_err().contains("unknown format"));
    }

    #[test]
    fn names_and_extensions_are_each_their_own() {
        for (index, one) in FORMATS.iter().enumerate() {
            let others = FORMATS.iter().skip(index + 1);
            assert!(others.clone().all(|other| other.name != one.name && other.extension != one.extension));
        }
        assert_eq!(Format::of_answers().count(), FORMATS.len() - 1);
    }
}
