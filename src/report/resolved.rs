//! Every value behind an estimate with its origin: what was given, and what was filled in.

use super::view::Section;
use crate::ask::estimate::resolved::Resolved;

/// The table of all values.
pub fn section(values: &[Resolved]) -> Section {
    let mut section = Section::new("Resolved values", &["Field", "Value", "From"]);
    section.numeric = vec![1];
    for value in values {
        section.row([value.path.to_owned(), value.text.clone(), value.origin.clone()]);
    }
    section
}
