//! A stack profile as text, with what measured steps tell of it.

use super::stack::{Kept, Residual, stack};
use super::{Catalog, Found, Kind};
use crate::error::Error;
use crate::read::Document;

/// Keys of the profile that a copy of one's own does not have: what it is found by, and when it is usual.
const LEFT: [&str; 4] = ["name", "aliases", "frameworks", "usual_from"];

/// The tables that hold a residual, of dense models and of mixtures.
pub const RESIDUALS: [&str; 2] = ["dense", "moe"];

impl Catalog {
    /// A copy of a stack under another name, with the residual of dense models (0) or mixtures (1) that is its own now.
    ///
    /// # Errors
    /// An unknown stack; a profile that cannot be copied line by line.
    pub fn stack_with(
        &self,
        stack_name: &str,
        name: &str,
        kind: usize,
        residual: Residual,
        kept: &Kept,
        source: &str,
    ) -> Result<String, Error> {
        let found = self.find(Kind::Stacks, stack_name)?;
        let of = RESIDUALS.get(kind).copied().unwrap_or_default();
        let Residual { value, spread, rows, sources } = residual;
        let mut text = vec![
            format!("name = \"{}\"", name.replace(['"', '\\'], "")),
            "aliases = []".into(),
            "frameworks = []".into(),
        ];
        text.extend(without(&found.document.text, of));
        let source = format!("\"residual.{of}\" = {source}");
        match text.iter().position(|line| line.trim() == "[sources]") {
            Some(place) => text.insert(place + 1, source),
            None => text.extend(["[sources]".into(), source]),
        }
        text.extend([
            String::new(),
            format!("[residual.{of}]"),
            format!("value = {value:?}"),
            format!("spread = {spread:?}"),
        ]);
        text.extend([format!("rows = {rows}"), format!("sources = {sources}")]);
        let Kept { vendor, family, chip, model, setting, value, spread, row } = kept;
        text.extend([String::new(), format!("[residual.{of}.kept]")]);
        let texts = [("vendor", vendor), ("family", family), ("chip", chip), ("model", model), ("setting", setting)];
        text.extend(texts.map(|(key, told)| format!("{key} = \"{}\"", told.replace(['"', '\\'], ""))));
        let numbers = [("value", value), ("spread", spread), ("row", row)];
        text.extend(numbers.map(|(key, told)| format!("{key} = {told:?}")));
        let text = text.join("\n") + "\n";
        let document = Document::new(found.document.file.clone(), text.as_str());
        let read = stack(&Found { document, ..found })?;
        if read.residual.get(kind).copied().flatten() == Some(residual) {
            return Ok(text);
        }
        let error = Error::bad_file(format!("{stack_name}: the residual of this profile cannot be replaced"));
        Err(error.with_hint(format!("write it as a table: [residual.{of}]")))
    }
}

/// The lines of a profile without the keys that are its own, and without the residual of a kind.
fn without(text: &str, of: &str) -> Vec<String> {
    let (mut kept, mut table, mut dropping) = (Vec::new(), String::new(), false);
    let tables = [format!("[residual.{of}]"), format!("[residual.{of}.kept]")];
    for line in text.lines() {
        let plain = line.trim();
        if dropping {
            dropping = !plain.ends_with(']');
            continue;
        }
        if plain.starts_with('[') {
            plain.clone_into(&mut table);
        }
        let key = plain.split('=').next().unwrap_or_default().trim();
        let own = table.is_empty() && LEFT.contains(&key);
        let cited = table == "[sources]" && key == format!("\"residual.{of}\"");
        if own || cited || tables.contains(&table) {
            dropping = own && plain.contains('[') && !plain.contains(']');
            continue;
        }
        kept.push(line.to_owned());
    }
    kept
}
