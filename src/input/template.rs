//! A commented spec to start from, written from the table of fields.

use crate::input::field::Field;
use crate::input::file::tables;
use crate::input::table::FIELDS;

const HEAD: &str = "\
# A flopbill spec: say what you know, and `flopbill estimate ./run.toml` solves the rest.
# Quantities with a unit or suffix are texts in quotes: \"14.8T\", \"60d\", \"$2/h\", \"34.6%\".
name = \"My run\"
";

const RANGES: &str = "\
# mfu = \"30%..45%\"      # a range: its 5th and 95th percentile; every answer is then a range too
# mfu = { dist = \"pert\", low = \"25%\", mode = \"38%\", high = \"52%\" }   # or a named distribution
";

const PARTS: &str = "
# A run in parts: leave tokens and gpu_hours out of [run] and write
# [[phase]]
# name = \"pre-training\"
# gpu_hours = \"2664K\"
# tokens = \"14.8T\"

# Ranges that move together (both fields must be ranges): Spearman's coefficient, from -1 to 1.
# [[correlation]]
# between = [\"run.mfu\", \"price.rent\"]
# spearman = 0.3
";

/// The spec that `flopbill init` writes: every field with its unit and what it is, most of them commented out.
///
/// ```
/// let text = flopbill::internals::input::template::template();
/// assert!(text.contains("\ntokens = \"14.8T\"        # Training tokens"));
/// assert!(text.contains("\n# gpu_hours = \"2.788M\"  # GPU-hours held"));
/// ```
pub fn template() -> String {
    let mut text = HEAD.to_owned();
    for table in std::iter::once("").chain(tables()) {
        let rows: Vec<(&Field, &str)> =
            FIELDS.iter().filter_map(|field| Some((field, key_in(field, table)?))).collect();
        let any = rows.iter().any(|(field, _)| field.first);
        text.push('\n');
        if !table.is_empty() {
            text += &format!("{}[{table}]\n", if any { "" } else { "# " });
        }
        for (field, key) in rows {
            text += &line(field, key);
            if field.path == "run.mfu" {
                text += RANGES;
            }
        }
    }
    text + PARTS
}

/// The key of a field in a table; a field that is named like a table stands in it.
fn key_in(field: &Field, table: &str) -> Option<&'static str> {
    let inside = field.also.iter().find(|path| path.strip_prefix(field.path).is_some_and(|rest| rest.starts_with('.')));
    let (parent, key) = inside.and_then(|path| path.rsplit_once('.')).unwrap_or(field.table_and_key());
    (parent == table).then_some(key)
}

/// One field with its example.
fn line(field: &Field, key: &str) -> String {
    let bare = matches!(field.example, "true" | "false")
        || field.example.starts_with('[')
        || field.example.parse::<f64>().is_ok();
    let value = if bare { field.example.to_owned() } else { format!("\"{}\"", field.example) };
    let comment = if field.first { "" } else { "# " };
    let names = (field.choices)().join(", ");
    let about = field.about.trim();
    let said = field.unit.is_empty() || about.to_lowercase().contains(&field.unit.to_lowercase());
    let more = match (names.is_empty(), said) {
        (false, _) => format!(": {names}"),
        (true, false) => format!(" ({})", field.unit),
        (true, true) => String::new(),
    };
    format!("{:<23} # {about}{more}\n", format!("{comment}{key} = {value}"))
}
