//! One screen of an answer: what fits 25 lines of 80 columns, and one line that says how to see the rest.

use super::render::{height, lines_of};
use super::view::{Notes, Section, Shown, View};
use crate::error::Error;

/// Lines of a screen.
pub const SCREEN: usize = 25;

/// A table that is cut keeps this many of its rows, or is left out.
const FEWEST: usize = 2;

/// How much of an answer people see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Detail {
    /// One screen.
    #[default]
    Brief,
    /// These topics, below the answer.
    Topics(Vec<String>),
    /// Everything.
    All,
}

impl Detail {
    /// Reads `all`, `brief`, or topics with commas.
    pub fn parse(text: &str) -> Self {
        let topics: Vec<String> = text.split(',').map(|topic| topic.trim().to_lowercase()).collect();
        match topics.as_slice() {
            all if all.iter().any(|topic| topic == "all") => Self::All,
            [one] if one.is_empty() || one == "brief" => Self::Brief,
            _ => Self::Topics(topics),
        }
    }
}

impl View {
    /// The topics beside the answer, in the order in which they stand.
    pub fn topics(&self) -> Vec<&'static str> {
        let all = self.sections.iter().map(|section| section.shown).chain(self.notes.iter().map(|notes| notes.shown));
        let mut found = Vec::new();
        for shown in all {
            match shown {
                Shown::Topic(topic) if !found.contains(&topic) => found.push(topic),
                _ => {}
            }
        }
        found
    }

    /// As much of it as is asked for.
    ///
    /// # Errors
    /// A topic that it has not.
    pub fn in_detail(self, detail: &Detail) -> Result<Self, Error> {
        let topics = self.topics();
        match detail {
            Detail::All => Ok(self.without(|shown| shown == Shown::Brief)),
            Detail::Topics(wanted) => {
                let unknown = wanted.iter().find(|topic| !topics.contains(&topic.as_str()));
                if let Some(unknown) = unknown {
                    let known = topics.iter().copied().chain(["all"]);
                    return Err(Error::unknown_of("topic of --detail", unknown, known));
                }
                // The screen of the answer is left out: it was seen.
                let hidden = |shown: Shown| match shown {
                    Shown::Topic(topic) => !wanted.iter().any(|wanted| wanted == topic),
                    Shown::Brief | Shown::Answer => true,
                    Shown::Asked => false,
                };
                Ok(self.without(hidden))
            }
            Detail::Brief => Ok(self.brief(&topics)),
        }
    }

    fn without(mut self, hidden: impl Fn(Shown) -> bool) -> Self {
        self.sections.retain(|section| !hidden(section.shown));
        self.notes.retain(|notes| !hidden(notes.shown));
        self
    }

    /// One screen.
    fn brief(self, topics: &[&'static str]) -> Self {
        let mut view = self.without(|shown| matches!(shown, Shown::Topic(_)));
        let (sections, notes) = (std::mem::take(&mut view.sections), std::mem::take(&mut view.notes));
        let whole = |section: &Section| section.shown == Shown::Asked;
        view.more = more(topics, 100); // the longest
        let fixed = height(&view) + sections.iter().filter(|section| whole(section)).map(tall).sum::<usize>();
        let said: usize = notes.iter().map(lines_of).sum();
        let mut left = SCREEN.saturating_sub(fixed + said);
        let mut cut = 0;
        for section in sections {
            let needs = tall(&section);
            if whole(&section) {
                view.sections.push(section);
            } else if needs <= left {
                left -= needs;
                view.sections.push(section);
            } else {
                let (rows, shorter) = (section.rows.len(), shortened(section, left));
                cut += rows - shorter.as_ref().map_or(0, |shorter| shorter.rows.len());
                left = left.saturating_sub(shorter.as_ref().map_or(0, tall));
                view.sections.extend(shorter);
            }
        }
        view.notes = notes.into_iter().map(|notes| Notes { lines: first(notes.lines, &mut cut), ..notes }).collect();
        view.more = more(topics, cut);
        view
    }
}

/// The first sentences of a list; `cut` counts the others.
fn first(mut lines: Vec<String>, cut: &mut usize) -> Vec<String> {
    const MOST: usize = 3;
    *cut += lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    lines
}

/// Lines of a table with its heading and the blank line below.
fn tall(section: &Section) -> usize {
    height(&View { sections: vec![section.clone()], ..View::default() })
}

/// A table with as many of its first rows as fit; `None` where these are too few.
fn shortened(mut section: Section, left: usize) -> Option<Section> {
    // A row takes a line at least.
    let mut keep = section.rows.len().min(left + 1);
    while keep > FEWEST {
        keep -= 1;
        section.rows.truncate(keep);
        if tall(&section) <= left {
            return Some(section);
        }
    }
    None
}

/// What else there is.
fn more(topics: &[&'static str], cut: usize) -> String {
    let rows = match cut {
        0 => String::new(),
        1 => "1 more row".to_owned(),
        cut => format!("{cut} more rows"),
    };
    match (topics.is_empty(), cut) {
        (true, 0) => String::new(),
        (true, _) => format!("{rows}: --detail all"),
        (false, 0) => format!("More: --detail {}, or all", topics.join(", ")),
        (false, _) => format!("More: --detail {}, or all ({rows})", topics.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        let mut view = View { title: "A run".into(), summary: "It takes long.".into(), ..View::default() };
        let mut rows = Section::new("Rows", &["", "n"]);
        (0..40).for_each(|row| rows.row([format!("row {row}"), row.to_string()]));
        view.sections = vec![Section::facts("Short").shown(Shown::Brief), rows.clone(), rows.on("steps")];
        view.sections[0].fact("one", "1", "");
        view.note("Notes", vec!["a note".into()]);
        view
    }

    #[test]
    fn a_screen_is_full_and_says_what_else_there_is() {
        let brief = view().in_detail(&Detail::Brief).unwrap();
        assert_eq!(brief.sections.len(), 2);
        assert!(height(&brief) <= SCREEN && height(&brief) >= SCREEN - 1, "{}", height(&brief));
        let left_out = 40 - brief.sections[1].rows.len();
        assert_eq!(brief.more, format!("More: --detail steps, notes, or all ({left_out} more rows)"));
    }

    #[test]
    fn a_topic_is_shown_alone_and_all_without_what_stands_in() {
        let steps = view().in_detail(&Detail::parse("steps")).unwrap();
        assert!(steps.sections.len() == 1 && steps.sections[0].rows.len() == 40 && steps.notes.is_empty());
        let all = view().in_detail(&Detail::parse("steps, all")).unwrap();
        assert!(all.sections.len() == 2 && all.notes.len() == 1 && all.more.is_empty());
        let error = view().in_detail(&Detail::parse("step")).unwrap_err();
        assert!(error.to_string().contains("steps"), "{error}");
    }
}
