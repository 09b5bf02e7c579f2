//! Views of profiles: lists, one profile with its sources, the outcome of a check.

use super::view::{Records, Section, View};
use crate::ask::profiles::{CheckReply, ListReply, ProfilesReply, ShowReply};
use crate::assume::AssumptionValue;
use crate::catalog::stack_row::{StackResidual, StackRow};
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
    if !reply.stacks.is_empty() {
        view.records = Records::of(&reply.stacks);
        view.sections.push(stacks_section(&reply.stacks));
        view.note("How to read it", stacks_notes());
        return view;
    }
    if !reply.assumptions.is_empty() {
        view.records = Records::of(&reply.assumptions);
        view.sections = assumptions(&reply.assumptions);
        view.note("How to read it", assumptions_notes());
        return view;
    }
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

/// Every assumption, by file and table; a value that stands in another file, or in none, says so.
fn assumptions(all: &[AssumptionValue]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for value in all {
        let home = format!("profiles/assumptions/{}.toml", value.file);
        let (table, key) = value.path.rsplit_once('.').unwrap_or(("", &value.path));
        let heading = if table.is_empty() { home.clone() } else { format!("{home} [{table}]") };
        if sections.last().is_none_or(|section| section.heading != heading) {
            let mut section = Section::new(heading, &["Assumption", "Value", "Kind", "Line", "Flag"]);
            section.numeric = vec![1];
            sections.push(section);
        }
        let unit = if key.contains("_per_") { "" } else { value.unit }; // the key says it
        let shown = if unit.is_empty() { value.value.clone() } else { format!("{} {unit}", value.value) };
        let [kind, flag] = [&value.kind, &value.flag].map(|text| text.clone().unwrap_or_default());
        let line = value.origin.strip_prefix(&home).and_then(|line| line.strip_prefix(':')).unwrap_or(&value.origin);
        if let Some(section) = sections.last_mut() {
            section.row([key.to_owned(), shown, kind, line.to_owned(), flag]);
        }
    }
    sections
}

fn assumptions_notes() -> Vec<String> {
    vec![
        "a flag outranks a spec, that a file of your own in DIR/assumptions (--profiles DIR), that the place, and that these"
            .to_owned(),
        "a file of your own needs only the lines that differ; `--set KEY=VALUE` takes every key with a flag".to_owned(),
    ]
}

/// What is known of each stack.
fn stacks_section(stacks: &[StackRow]) -> Section {
    let columns = ["Stack", "Of", "Dense", "Rows", "MoE", "Rows"];
    let mut section = Section::new(format!("stacks ({})", stacks.len()), &columns);
    section.numeric = vec![2, 3, 4, 5];
    for stack in stacks {
        let [(dense, of_dense), (moe, of_moe)] = [&stack.dense, &stack.moe].map(residual_cells);
        let of = stack.release.as_ref().unwrap_or(&stack.era).clone();
        section.row([stack.id.clone(), of, dense, of_dense, moe, of_moe]);
    }
    section
}

fn residual_cells(found: &Option<StackResidual>) -> (String, String) {
    found.map_or_else(Default::default, |one| {
        (format!("{:.2} ± {:.0} %", one.factor, one.spread * 100.0), one.rows.to_string())
    })
}

fn stacks_notes() -> Vec<String> {
    vec![
        "Dense and MoE: the time of a step over what the model says, fitted to measured steps, with what is left open of it"
            .to_owned(),
        "Of: the month of the release that they are stated for, else the year of the software".to_owned(),
        "a stack without rows of its own is taken as one of all stacks; `profiles show NAME` says what a stack overlaps and fuses"
            .to_owned(),
    ]
}

/// What the measured steps of one stack say, for dense models and mixtures.
fn stack_section(stack: &StackRow) -> Section {
    let columns = ["Models", "Time over the model's", "Left open", "Rows", "Sources"];
    let heading = match &stack.release {
        Some(release) => format!("Measured steps, for its release of {release}"),
        None => "Measured steps".to_owned(),
    };
    let mut section = Section::new(heading, &columns);
    for (kind, found) in [("dense", &stack.dense), ("MoE", &stack.moe)] {
        let cells = found.map_or_else(
            || ["not measured".to_owned(), String::new(), "0".to_owned(), "0".to_owned()],
            |one| {
                let factor = show::number(one.factor, 3);
                [factor, show::percent(one.spread), one.rows.to_string(), one.sources.to_string()]
            },
        );
        section.rows.push(std::iter::once(kind.to_owned()).chain(cells).collect());
    }
    section
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
    view.sections.extend(reply.stack.as_ref().map(stack_section));
    if let Some(model) = &reply.model {
        super::model::show(&mut view, model);
    }
    let source = |(path, source): &(String, crate::source::Source)| {
        let note = source.note.as_deref().map(|note| format!("; {note}")).unwrap_or_default();
        let url = source.url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
        format!("{path}: {}{url}{note}", source.title)
    };
    view.note_on("sources", "Sources", reply.sources.0.iter().map(source).collect());
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
