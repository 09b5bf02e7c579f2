//! Every value behind an estimate with its origin: what was given, and what was filled in.

use super::view::{Section, Shown};
use crate::reply::resolved::Resolved;

/// The table of all values.
pub fn section(values: &[Resolved]) -> Section {
    let mut section = Section::new("Resolved values", &["Field", "Value", "From", "Flag"]).shown(Shown::Asked);
    section.numeric = vec![1];
    for value in values {
        let flag = value.flag.clone().filter(|flag| *flag != value.origin).unwrap_or_default();
        section.row([value.path.to_string(), value.text.clone(), value.origin.clone(), flag]);
    }
    section
}
