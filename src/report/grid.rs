//! The view of a sweep as a grid.

use super::json;
use super::sweep::figure;
use super::view::{Records, Section, View};
use crate::sweep::columns::Entry;
use crate::sweep::{Grid, GridReply};
use crate::units::show::counted;

/// A table of one output: a row for each value of the first axis, a column for each of the second.
pub fn view(reply: &GridReply) -> View {
    View::in_currency(&reply.head, || view_of(reply))
}

fn view_of(reply: &GridReply) -> View {
    let grid = &reply.result;
    let mut view = View::with_reply(reply);
    view.title = format!("{} by {} and {}", grid.show, grid.x, grid.y);
    if grid.without_answer > 0 {
        view.summary = format!("{} without an answer.", counted(grid.without_answer, "point"));
    }
    let judged = grid.rows.iter().any(|row| !row.kept.is_empty());
    view.sections.push(section(grid));
    let marked = judged.then(|| "a star breaks a limit".to_owned());
    view.say("Limits", marked.into_iter().collect());
    view.note_on("assumptions", "Assumptions", reply.head.assumptions.clone());
    view.records = records(grid);
    view
}

fn section(grid: &Grid) -> Section {
    let mut section = Section { heading: format!("{} down, {} across", grid.x, grid.y), ..Section::default() };
    section.columns = std::iter::once(String::new()).chain(grid.across.iter().cloned()).map(Into::into).collect();
    section.numeric = (1..section.columns.len()).collect();
    for row in &grid.rows {
        let star = |at: usize| if row.kept.get(at) == Some(&false) { "*" } else { "" };
        let shown = |(at, entry): (usize, &Entry<'static>)| match entry {
            Entry::Number(number) => format!("{}{}", figure(&grid.show, *number), star(at)),
            _ => "-".to_owned(),
        };
        section.rows.push(std::iter::once(row.value.clone()).chain(row.cells.iter().enumerate().map(shown)).collect());
    }
    section
}

/// The same, unrounded: the first column is the axis that runs down.
fn records(grid: &Grid) -> Records {
    let cell = |entry: &Entry<'static>| match entry {
        Entry::Number(number) => json::cell(Some(*number)),
        _ => String::new(),
    };
    let across = grid.across.iter().map(|value| format!("{}={value}", grid.y));
    Records {
        columns: std::iter::once(grid.x.to_owned()).chain(across).collect(),
        rows: grid
            .rows
            .iter()
            .map(|row| std::iter::once(row.value.clone()).chain(row.cells.iter().map(cell)).collect())
            .collect(),
    }
}
