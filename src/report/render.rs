//! Views as text: tables, Markdown, CSV, tab-separated lines.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width, presets};

use super::View;
use super::json::{leaves, text_of};
use super::view::{Notes, Section};
use crate::units::show::printable;

/// Columns of a terminal that everything has to fit.
const WIDTH: u16 = 80;

/// Longest word of a label that is never broken.
const LONGEST_LABEL: usize = 36;

/// A label up to this long is never broken at all.
const SHORT_LABEL: usize = 20;

/// One rule under the column names: rows are told apart by their labels.
const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Tables of at most 80 columns.
pub fn table(view: &View) -> String {
    let mut text = String::new();
    for line in [&view.title, &view.summary] {
        if !line.is_empty() {
            text += &wrapped(line, "");
            text.push('\n');
        }
    }
    for section in &view.sections {
        if !section.heading.is_empty() {
            text += &format!("{}\n", section.heading);
        }
        for line in drawn(section).lines() {
            text += line.trim_end();
            text.push('\n');
        }
        text.push('\n');
    }
    for notes in &view.notes {
        text += &format!("{}\n", notes.heading);
        for line in &notes.lines {
            text += &wrapped(&format!("- {line}"), "  ");
        }
        text.push('\n');
    }
    if !view.more.is_empty() {
        text += &wrapped(&view.more, "  ");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    printable(&text).into_owned()
}

/// Lines of a view as a table, the blank line below a section counted too.
pub fn height(view: &View) -> usize {
    let last = usize::from(view.more.is_empty() && !view.sections.is_empty());
    table(view).lines().count() + last
}

/// Lines of a list of sentences.
pub fn lines_of(notes: &Notes) -> usize {
    1 + notes.lines.iter().map(|line| wrapped(&format!("- {line}"), "  ").lines().count()).sum::<usize>() + 1
}

fn drawn(section: &Section) -> String {
    let mut table = Table::new();
    let facts = section.columns.iter().all(|column| column.is_empty());
    table.load_style(if facts { presets::NOTHING } else { RULED });
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    if !facts {
        table.set_header(section.columns.iter().map(|column| &**column));
    }
    for row in &section.rows {
        table.add_row(row.clone());
    }
    keep_labels(&mut table, section);
    for index in &section.numeric {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Where a table has to be squeezed, its labels break between words only, and short ones not at all: a path that
/// is cut in the middle is no path any more.
fn keep_labels(table: &mut Table, section: &Section) {
    let widths = table.column_max_content_widths();
    let natural: usize = widths.iter().map(|width| usize::from(*width) + 3).sum();
    if natural <= usize::from(WIDTH) {
        return;
    }
    let labels = section.rows.iter().filter_map(|row| row.first());
    let longest = labels.flat_map(|label| label.split(' ')).map(|word| word.chars().count()).max().unwrap_or(0);
    let whole = widths.first().map_or(0, |width| usize::from(*width)).min(SHORT_LABEL);
    let kept = longest.min(LONGEST_LABEL).max(whole);
    if let (Some(column), Ok(width)) = (table.column_mut(0), u16::try_from(kept)) {
        let padding = column.padding_width();
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width + padding)));
    }
}

/// A sentence broken into lines, the later ones indented.
fn wrapped(line: &str, indent: &str) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for word in line.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > usize::from(WIDTH) {
            text.push('\n');
            text += indent;
            column = indent.len();
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += width;
    }
    text.push('\n');
    text
}

/// Markdown, fit for a pull request.
pub fn markdown(view: &View) -> String {
    let mut text = format!("## {}\n\n", view.title);
    if !view.summary.is_empty() {
        text += &format!("{}\n\n", view.summary);
    }
    for section in &view.sections {
        let facts = section.columns.iter().all(|column| column.is_empty());
        let heads: Vec<&str> = if facts {
            vec![&section.heading, "", ""]
        } else {
            section.columns.iter().map(|column| &**column).collect()
        };
        if !facts && !section.heading.is_empty() {
            text += &format!("### {}\n\n", section.heading);
        }
        let dashes = (0..heads.len()).map(|index| if section.numeric.contains(&index) { "---:" } else { "---" });
        text += &format!("| {} |\n|{}|\n", heads.join(" | "), dashes.collect::<Vec<_>>().join("|"));
        for row in &section.rows {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            text += &format!("| {} |\n", cells.join(" | "));
        }
        text.push('\n');
    }
    for notes in &view.notes {
        text += &format!("**{}**\n\n", notes.heading);
        for line in &notes.lines {
            text += &format!("- {line}\n");
        }
        text.push('\n');
    }
    if !view.more.is_empty() {
        text += &format!("_{}_\n", view.more);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    printable(&text).into_owned()
}

/// CSV of the records.
pub fn csv(view: &View) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let rows = std::iter::once(&view.records.columns).chain(&view.records.rows);
    for row in rows {
        // Writing into memory fails only on rows of unequal length, which the tests rule out.
        let _ = writer.write_record(row);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// One `key<TAB>value` a line, for shell scripts.
pub fn plain(view: &View) -> String {
    let mut text = String::new();
    let mut take = |path: &str, value: &serde_json::Value| {
        text += &format!("{path}\t{}\n", text_of(value).replace(['\t', '\n'], " "))
    };
    let result = view.json.get("result").unwrap_or(&view.json);
    if result.as_array().is_none_or(|rows| !rows.is_empty()) {
        leaves("", result, &mut take);
    }
    for beside in ["plan", "run", "bill", "model"] {
        view.json
            .get(beside)
            .filter(|block| block.is_object())
            .into_iter()
            .for_each(|block| leaves(beside, block, &mut take));
    }
    printable(&text).into_owned()
}
