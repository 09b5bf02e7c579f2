//! A view as one HTML page: headings, tables, lists; no script, and nothing that is fetched.

use super::View;
use super::view::Section;
use crate::units::show::printable;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse}th,td{padding:.2rem .8rem;border-bottom:1px solid #8884;text-align:left;\
vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums}";

/// One page, by itself.
pub fn page(view: &View) -> String {
    let title = escaped(&view.title);
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n"
    );
    if !view.summary.is_empty() {
        text += &format!("<p>{}</p>\n", escaped(&view.summary));
    }
    view.sections.iter().for_each(|section| table(section, &mut text));
    for notes in &view.notes {
        text += &format!("<h2>{}</h2>\n<ul>\n", escaped(notes.heading));
        notes.lines.iter().for_each(|line| text += &format!("<li>{}</li>\n", escaped(line)));
        text += "</ul>\n";
    }
    text + "</body>\n</html>\n"
}

fn table(section: &Section, text: &mut String) {
    *text += &format!("<h2>{}</h2>\n<table>\n", escaped(&section.heading));
    if section.columns.iter().any(|column| !column.is_empty()) {
        let heads = section.columns.iter().enumerate();
        let heads = heads.map(|(index, head)| cell(section, index, head, "th scope=\"col\"", "th"));
        *text += &format!("<thead><tr>{}</tr></thead>\n", heads.collect::<String>());
    }
    *text += "<tbody>\n";
    for row in &section.rows {
        let cells = row.iter().enumerate().map(|(index, value)| match index {
            0 => cell(section, index, value, "th scope=\"row\"", "th"),
            _ => cell(section, index, value, "td", "td"),
        });
        *text += &format!("<tr>{}</tr>\n", cells.collect::<String>());
    }
    *text += "</tbody>\n</table>\n";
}

fn cell(section: &Section, index: usize, value: &str, open: &str, close: &str) -> String {
    let class = if section.numeric.contains(&index) { " class=\"n\"" } else { "" };
    format!("<{open}{class}>{}</{close}>", escaped(value))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_names_cannot_become_markup() {
        let mut view = View { title: "<script>alert('&')</script>".into(), ..View::default() };
        let mut section = Section::facts("a \"b\"");
        section.fact("<i>", "1", "\u{1b}[31m");
        view.sections.push(section);
        let text = page(&view);
        assert!(text.contains("<h1>&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;</h1>"), "{text}");
        assert!(text.contains("<h2>a &quot;b&quot;</h2>"), "{text}");
        assert!(text.contains("<tr><th scope=\"row\">&lt;i&gt;</th><td class=\"n\">1</td>"), "{text}");
        assert!(!text.contains("<script") && !text.contains('\u{1b}'), "{text}");
    }
}
