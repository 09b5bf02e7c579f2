//! Views of profiles: lists, one profile with its sources, the outcome of a check.

use super::view::{Records, Section, View};
use crate::ask::profiles::{CheckReply, ListReply, ProfilesReply, ShowReply};
use crate::units::show;

/// Shows what is said of profiles.
pub fn view(reply: &ProfilesReply) -> View {
    match reply {
        ProfilesReply::List(list) => names(list),
        ProfilesReply::Show(one) => profile(one),
        ProfilesReply::Check(files) => checked(files),
    }
}

/// The names of all profiles of these kinds.
fn names(reply: &ListReply) -> View {
    let mut view = View { title: "Profiles".into(), records: Records::default(), ..View::with_reply(reply) };
    view.records.columns = vec!["kind".into(), "id".into()];
    for (kind, ids) in &reply.result.0 {
        let mut section = Section::new(format!("{kind} ({})", ids.len()), &["", "", ""]);
        section.numeric.clear();
        // Down the columns, as people read lists.
        let rows = ids.len().div_ceil(3);
        for row in 0..rows {
            let cell = |column: usize| ids.get(row + column * rows).cloned().unwrap_or_default();
            section.row([cell(0), cell(1), cell(2)]);
        }
        view.sections.push(section);
        view.records.rows.extend(ids.iter().map(|id| vec![kind.clone(), id.clone()]));
    }
    view
}

/// Every value of one profile with its source.
fn profile(reply: &ShowReply) -> View {
    let from = if reply.from_user { "read from" } else { "built in," };
    let mut view = View {
        title: format!("{} ({} {})", reply.head.name, reply.kind, reply.id),
        summary: format!("{from} {}", reply.file),
        ..View::with_reply(reply)
    };
    let columns = ["path", "value", "kind", "as_of", "source", "url", "note"].map(str::to_owned).to_vec();
    let rows = reply.result.0.iter().map(|(path, row)| {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let source = [&row.kind, &row.as_of, &row.source, &row.url, &row.note].map(text);
        [path.clone(), row.value.clone()].into_iter().chain(source).collect()
    });
    view.records = Records { columns, rows: rows.collect() };
    let values: Vec<_> = reply.result.0.iter().map(|(path, row)| (path.clone(), row.value.clone())).collect();
    view.sections = super::listed::sections(&values, &reply.sources);
    view.sections.extend(reply.chip.as_ref().map(super::policy::chip_section));
    let source = |(path, source): &(String, crate::source::Source)| {
        let note = source.note.as_deref().map(|note| format!("; {note}")).unwrap_or_default();
        let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
        format!("{path}: {}{url}{note}", source.title)
    };
    view.note("Sources", reply.sources.0.iter().map(source).collect());
    view
}

/// The outcome of a check without errors.
fn checked(reply: &CheckReply) -> View {
    let title = format!("{} correct", show::number(reply.result.len() as f64, 3));
    let mut view = View { title, records: Records::of(&reply.result), ..View::with_reply(reply) };
    let mut section = Section::new("Checked", &["File", "Kind"]);
    section.numeric.clear();
    for row in &reply.result {
        section.row([row.file.clone(), row.kind.to_owned()]);
    }
    view.sections.push(section);
    view
}
