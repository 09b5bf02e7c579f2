//! Views of profiles: lists, one profile with its sources, the outcome of a check.

use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

use super::json::head;
use super::view::{Records, Section, View};
use crate::Error;
use crate::catalog::read::{Document, Sources};
use crate::catalog::{Catalog, Found, Kind};
use crate::units::show;

/// The names of all profiles of these kinds.
pub fn list(kinds: &[Kind], catalog: &Catalog) -> View {
    let mut view = View { title: "Profiles".into(), ..View::default() };
    view.records.columns = vec!["kind".into(), "id".into()];
    let mut map = Map::new();
    for kind in kinds {
        let ids = catalog.ids(*kind);
        if ids.is_empty() {
            continue;
        }
        let mut section = Section::new(format!("{} ({})", kind.folder(), ids.len()), &["", "", ""]);
        section.numeric.clear();
        // Down the columns, as people read lists.
        let rows = ids.len().div_ceil(3);
        for row in 0..rows {
            let cell = |column: usize| ids.get(row + column * rows).cloned().unwrap_or_default();
            section.row([cell(0), cell(1), cell(2)]);
        }
        view.sections.push(section);
        view.records.rows.extend(ids.iter().map(|id| vec![kind.folder().to_owned(), id.clone()]));
        map.insert(kind.folder().into(), ids.into());
    }
    view.json = with_head("profiles list", json!({ "result": map }));
    view
}

/// Every value of one profile with its source.
///
/// # Errors
/// A profile that does not hold what its kind should.
pub fn show(kind: Kind, found: &Found, catalog: &Catalog) -> Result<View, Error> {
    crate::ask::check::profile(kind, found, catalog)?;
    let (values, sources) = leaves(&found.document)?;
    let name = values.iter().find(|(path, _)| path == "name").map_or(&found.id, |(_, name)| name);
    let from = if found.from_user { "read from" } else { "built in," };
    let mut view = View {
        title: format!("{name} ({} {})", kind.singular(), found.id),
        summary: format!("{from} {}", found.document.file),
        ..View::default()
    };
    let mut records = Records {
        columns: ["path", "value", "kind", "as_of", "source", "url", "note"].map(str::to_owned).to_vec(),
        rows: Vec::new(),
    };
    let mut result = Map::new();
    for (path, value) in values.iter().filter(|(path, _)| path != "name") {
        let source = sources.of(path);
        let (kind, as_of) = source.map(|s| (s.kind.to_string(), s.as_of.clone())).unwrap_or_default();
        let text = |field: Option<&String>| field.cloned().unwrap_or_default();
        let (title, url, note) =
            (source.map(|s| &s.title), source.and_then(|s| s.url.as_ref()), source.and_then(|s| s.note.as_ref()));
        records.rows.push(vec![path.clone(), value.clone(), kind, as_of, text(title), text(url), text(note)]);
        result.insert(path.clone(), json!({ "value": value, "kind": source.map(|s| s.kind.to_string()), "as_of": source.map(|s| &s.as_of), "source": title, "url": url, "note": note }));
    }
    view.sections = super::listed::sections(&values, &sources);
    if kind == Kind::Accelerators {
        view.sections
            .push(super::policy::chip_section(&crate::catalog::accelerator::accelerator(found, catalog)?.chip));
    }
    view.note(
        "Sources",
        sources
            .0
            .iter()
            .map(|(path, source)| {
                let note = source.note.as_deref().map(|note| format!("; {note}")).unwrap_or_default();
                let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
                format!("{path}: {}{url}{note}", source.title)
            })
            .collect(),
    );
    view.records = records;
    let hash = format!("{:016x}", found.document.hash());
    view.json = with_head(
        "profiles show",
        json!({ "kind": kind.singular(), "id": found.id, "file": found.document.file, "hash": hash, "result": result }),
    );
    Ok(view)
}

/// The outcome of a check without errors.
pub fn checked(files: &[(String, Kind)]) -> View {
    let mut view = View { title: format!("{} correct", show::number(files.len() as f64, 3)), ..View::default() };
    let mut section = Section::new("Checked", &["File", "Kind"]);
    section.numeric.clear();
    view.records.columns = vec!["file".into(), "kind".into()];
    for (file, kind) in files {
        section.row([file.clone(), kind.singular().to_owned()]);
        view.records.rows.push(vec![file.clone(), kind.singular().to_owned()]);
    }
    view.sections.push(section);
    let rows: Vec<Value> = files.iter().map(|(file, kind)| json!({ "file": file, "kind": kind.singular() })).collect();
    view.json = with_head("profiles check", json!({ "result": rows }));
    view
}

fn with_head(command: &str, body: Value) -> Value {
    let mut json = head(command);
    if let (Some(json), Value::Object(body)) = (json.as_object_mut(), body) {
        json.extend(body);
    }
    json
}

type Leaf = (String, String);

/// Every value of a document but its sources, in the order of the file.
fn leaves(document: &Document) -> Result<(Vec<Leaf>, Sources), Error> {
    let mut sources = Sources::default();
    let _ = document.read(|r| {
        sources = r.sources();
        Some(())
    }); // the other keys are unknown to this reading, which is of no interest
    let table = DeTable::parse(&document.text).map_err(|trouble| Error::bad_file(trouble.message().to_owned()))?;
    let mut found = Vec::new();
    walk("", table.get_ref(), &mut found);
    found.retain(|(_, path, _)| !path.starts_with("sources."));
    found.sort();
    Ok((found.into_iter().map(|(_, path, value)| (path, value)).collect(), sources))
}

/// Collects leaves with their position, so that they can be put in the order of the file.
fn walk(above: &str, table: &DeTable<'_>, found: &mut Vec<(usize, String, String)>) {
    for (key, value) in table {
        let path = if above.is_empty() { key.get_ref().to_string() } else { format!("{above}.{}", key.get_ref()) };
        one(&path, value.span().start, value.get_ref(), found);
    }
}

fn one(path: &str, at: usize, value: &DeValue<'_>, found: &mut Vec<(usize, String, String)>) {
    match value {
        DeValue::Table(table) => walk(path, table, found),
        DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
            for (index, item) in items.iter().enumerate() {
                one(&format!("{path}[{index}]"), item.span().start, item.get_ref(), found);
            }
        }
        DeValue::Array(items) => {
            let texts: Vec<String> = items.iter().map(|item| scalar(item.get_ref())).collect();
            let between = if texts.iter().any(|text| text.contains(", ")) { "; " } else { ", " };
            found.push((at, path.to_owned(), texts.join(between)));
        }
        other => found.push((at, path.to_owned(), scalar(other))),
    }
}

fn scalar(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => String::new(),
    }
}
