//! A commented spec to start from, written from the table of fields.

mod woven;

use crate::catalog::{Catalog, Kind};
use crate::error::Error;
use crate::input::field::Field;
use crate::input::file::tables;
use crate::input::table::FIELDS;
use crate::model::params::{Embeddings, count};
use crate::units::show;
use woven::{sources, woven};

const HEAD: &str = "\
# A flopbill spec: say what you know, and `flopbill estimate ./run.toml` solves the rest.
# Quantities with a unit or suffix are texts in quotes: \"14.8T\", \"60d\", \"$2/h\", \"34.6%\".
# A line that opens with `#` is not asked; take the mark away to ask it.
name = \"My run\"
# like = \"deepseek-v3\"  # A published run or a model to start from: what stands below is laid over it
";

/// What a planner asks beside the run itself: other values than the fields' examples, that answer as they are.
const PLANNER: [(&str, &str); 7] = [
    ("region", "\"usa\""),
    ("by", "\"90d\""),
    ("budget", "\"$16M\""),
    ("budget_of", "\"final-run\""),
    ("confidence", "\"90%\""),
    ("deliveries", "[{ chips = 2048, on = \"start\" }, { chips = 2048, on = \"20d..40d\", probability = \"80%\" }]"),
    ("bill.view", "\"rent\""),
];

/// What the run of a model is not asked beside it: its shape says it, and its speed is predicted.
const OF_A_MODEL: [&str; 4] = ["run.params", "run.active_params", "run.mfu", "price.rent"];

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
# holds = [\"post_training\", \"rl\"]   # stages of the programme that this phase is; no share counts them again

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
    written(HEAD, None)
}

/// The spec of a run, a model or a fleet that ships: its values written out, each with its source as a comment.
///
/// # Errors
/// A name that nothing has, with the nearest; a profile that does not read.
pub fn like(name: &str, catalog: &Catalog) -> Result<String, Error> {
    if catalog.has(Kind::Runs, name) {
        return Ok(woven(&catalog.find(Kind::Runs, name)?, true) + PARTS);
    }
    if catalog.has(Kind::Fleets, name) {
        return Ok(woven(&catalog.find(Kind::Fleets, name)?, false));
    }
    if catalog.has(Kind::Models, name) {
        return of_model(name, catalog);
    }
    let kinds = [Kind::Runs, Kind::Fleets, Kind::Models];
    let known: Vec<String> = kinds.into_iter().flat_map(|kind| catalog.ids(kind)).collect();
    let error = Error::unknown_name("run, fleet or model", name, known.iter().map(String::as_str));
    let near = error.hint().map(|near| format!("{near} ")).unwrap_or_default();
    Err(error
        .with_hint(format!("{near}`flopbill profiles list runs` shows the runs; fleets and models are listed alike")))
}

/// A planner's spec of a model.
fn of_model(name: &str, catalog: &Catalog) -> Result<String, Error> {
    let found = catalog.find(Kind::Models, name)?;
    let model = catalog.model(name)?;
    let counted = count(&model.shape);
    let [all, active] = [counted.total(), counted.active(Embeddings::Counted)].map(|n| show::count(n.get(), 4));
    let from = sources(&found).0.first().map(|(_, source)| format!("; {}", woven::cited(source))).unwrap_or_default();
    let comment = format!("{all} parameters, {active} at work for a token, counted from its shape{from}");
    let head = HEAD.replace("My run", &model.name);
    Ok(written(&head, Some((&format!("\"{}\"", found.id), &comment))))
}

/// The template with its head, and a model with what is said of it.
fn written(head: &str, model: Option<(&str, &str)>) -> String {
    let mut text = head.to_owned();
    for table in std::iter::once("").chain(tables()) {
        let rows: Vec<(&Field, &str)> =
            FIELDS.iter().filter_map(|field| Some((field, key_in(field, table)?))).collect();
        let value = |field: &Field| asked(field, model.is_some());
        let any = rows.iter().any(|(field, _)| value(field).is_some());
        text.push('\n');
        if !table.is_empty() {
            text += &format!("{}[{table}]\n", if any { "" } else { "# " });
        }
        for (field, key) in rows {
            match model.filter(|_| field.path == "model") {
                Some((name, comment)) => text += &format!("model = {name}  # {comment}\n"),
                None => text += &line(field, key, value(field)),
            }
            if field.path == "run.mfu" {
                text += RANGES;
            }
        }
    }
    text + PARTS
}

/// The value that a new spec has of a field; `None` where it is left as a comment.
fn asked(field: &Field, of_a_model: bool) -> Option<String> {
    let planned = PLANNER.iter().find(|(path, _)| *path == field.path).map(|(_, value)| (*value).to_owned());
    let first = field.first && !(of_a_model && OF_A_MODEL.contains(&field.path));
    planned.or_else(|| first.then(|| example(field)))
}

/// The key of a field in a table; a field that is named like a table stands in it.
fn key_in(field: &Field, table: &str) -> Option<&'static str> {
    let inside = field.also.iter().find(|path| path.strip_prefix(field.path).is_some_and(|rest| rest.starts_with('.')));
    let (parent, key) = inside.and_then(|path| path.rsplit_once('.')).unwrap_or(field.table_and_key());
    (parent == table).then_some(key)
}

/// A field's example as TOML.
fn example(field: &Field) -> String {
    let bare = matches!(field.example, "true" | "false")
        || field.example.starts_with('[')
        || field.example.parse::<f64>().is_ok();
    if bare { field.example.to_owned() } else { format!("\"{}\"", field.example) }
}

/// One field with its value, or as a comment with its example.
fn line(field: &Field, key: &str, value: Option<String>) -> String {
    let comment = if value.is_some() { "" } else { "# " };
    let value = value.unwrap_or_else(|| example(field));
    format!("{:<23} # {}\n", format!("{comment}{key} = {value}"), about(field))
}

/// What a field is, with its names or its unit.
fn about(field: &Field) -> String {
    let names = (field.choices)().join(", ");
    let about = field.about.trim();
    let said = field.unit.is_empty() || about.to_lowercase().contains(&field.unit.to_lowercase());
    let more = match (names.is_empty(), said) {
        (false, _) => format!(": {names}"),
        (true, false) => format!(" ({})", field.unit),
        (true, true) => String::new(),
    };
    format!("{about}{more}")
}
